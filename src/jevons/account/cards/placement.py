"""Keys of ``co2_eq_emissions`` in the wrong place: outside its map by a bad indent, or a dict in the body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jevons.account.cards.parse import BLOCK, FIELDS, Card

TELLING = ("emissions", "training_type", "geographical_location", "hardware_used")  # "source" alone may mean anything
IN_BODY = re.compile(r"^[ \t>`*\"']*co2_eq_emissions[\"'`*]*[ \t]*[:=][ \t]*(.*)$", re.MULTILINE)
PAIR = re.compile(r"[\"'`]?(\w+)[\"'`]?\s*[:=]\s*(\"[^\"\n]*\"|'[^'\n]*'|[^,}\n]+)")
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Slip:
    """A misplaced key or block: the rule, its line, what to say, and edits as (start, end, text)."""

    rule: str
    line: int
    message: str
    mend: str
    edits: tuple[tuple[int, int, str], ...] = ()


def slips(card: Card) -> Iterator[Slip]:
    """Every misplaced key of a card."""
    yield from _outside(card)
    yield from _in_body(card)


def _outside(card: Card) -> Iterator[Slip]:
    """Keys of the block at the top level; indented where they follow it directly."""
    strays = [name for name in FIELDS if name in card.spots]
    if not any(name in TELLING for name in strays):
        return
    block = card.spots.get(BLOCK)
    follows = _following(card, strays) if block is not None and (card.is_map or card.front[BLOCK] is None) else ()
    for name in strays:
        line = card.spots[name].line
        edits = ((_line_start(card, line),) * 2 + (_depth(card),),) if name in follows and name not in card.block else ()
        yield Slip("outside", line, f"{name} stands outside {BLOCK}, where the Hub does not read it",
                   f"indent it below {BLOCK}:", edits)  # fmt: skip


def _following(card: Card, strays: list[str]) -> set[str]:
    """The stray keys on the lines right below the block, each with its value on its own line."""
    lines = card.text.splitlines(keepends=True)
    inside = [card.spots[f"{BLOCK}.{name}"].line for name in card.block if f"{BLOCK}.{name}" in card.spots]
    at, found = max([card.spots[BLOCK].line, *inside]) + 1, set()
    by_line = {card.spots[name].line: name for name in strays}
    while at in by_line and card.text[: card.spots[by_line[at]].end].count("\n") + 1 == at and at <= len(lines):
        found.add(by_line[at])
        at += 1
    return found


def _depth(card: Card) -> str:
    """The indent of the keys already in the block, two spaces where there are none."""
    columns = [spot.column for name, spot in card.spots.items() if name.startswith(f"{BLOCK}.")]
    return " " * columns[0] if columns else INDENT


def _line_start(card: Card, line: int) -> int:
    place = 0
    for _ in range(line - 1):
        place = card.text.index("\n", place) + 1
    return place


def _in_body(card: Card) -> Iterator[Slip]:
    """A dict or YAML of the block in the Markdown: written into the front matter where that has none, the body kept."""
    found = IN_BODY.search(card.body)
    if found is None:
        return
    line = card.line_of(card.body_start + found.start())
    if BLOCK in card.front:
        yield Slip("body", line, f"{BLOCK} stands in the body too, where the Hub does not read it", "keep the front matter's alone")
        return
    values = body_values(card.body[found.start() :])
    edits = ((card.front_end, card.front_end, as_yaml(values, card.newline)),) if values and card.has_front else ()
    yield Slip("body", line, f"{BLOCK} stands in the body, where the Hub does not read it", "move it between the --- lines", edits)


def body_values(text: str) -> dict[str, str]:
    """The fields in a dict or an indented block that begins the text, as written."""
    head, _, rest = text.partition("\n")
    said = re.split("[:=]", head, maxsplit=1)[-1]
    if "{" in said:
        inner = (said + "\n" + rest).partition("{")[2].partition("}")[0]
        pairs = PAIR.findall(inner)
    elif said.strip(" \r`*"):
        pairs = [("emissions", said.strip(" \r`*"))]
    else:
        below = re.match(r"(?:[ \t>]+[\"']?\w+[\"']?\s*:.*(?:\n|\Z))+", rest)
        pairs = PAIR.findall(below[0]) if below else []
    return {name: value.strip(" \t\r`\"'") for name, value in pairs if name in FIELDS}


def as_yaml(values: dict[str, str], newline: str) -> str:
    """The block as YAML lines; numbers stay numbers, words are quoted where YAML would read them as something else."""
    import yaml

    def scalar(value: str) -> str:
        if re.fullmatch(r"[-+]?\d+(?:\.\d+)?", value):
            return value
        return yaml.safe_dump(value, width=10_000, allow_unicode=True).removesuffix("...\n").strip()

    lines = [f"{BLOCK}:", *(f"{INDENT}{name}: {scalar(value)}" for name, value in values.items())]
    return newline.join(lines) + newline
