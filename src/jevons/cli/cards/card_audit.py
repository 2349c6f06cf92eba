"""``jevons card audit`` and ``card diff``: lint and the auditor's arithmetic joined, and two cards compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import exits, show
from jevons.core.errors import BadInput, JevonsError

if TYPE_CHECKING:
    from jevons.account.cards.parse import Card

COLOUR = {"contradiction": "red", "implausible": "yellow", "missing": "cyan", "note": "dim"}


def audited(path: Path) -> dict[str, Any]:
    """All that is to be said of a card, as plain values: findings of lint and of the auditor, by line."""
    from jevons.account.cards import lint, parse
    from jevons.account.cards.checklist import checklist
    from jevons.account.cards.difference import class_of

    card = parse.read(path)
    weighed = arithmetic(card)
    found = [*(lint.as_plain(r) for r in lint.lint(card)), *weighed.pop("findings")]
    return {
        "card": card.name, "class": class_of(card), "findings": sorted(found, key=lambda f: f["line"]),
        "checklist": [{**asdict(item), "present": item.present} for item in checklist(card)], **weighed,
    }  # fmt: skip


def arithmetic(card: Card) -> dict[str, Any]:
    """The auditor's findings on what the card states, and what follows from it; a note where it cannot be weighed."""
    from jevons.cli.cards.card_text import records
    from jevons.estimate.audit import audit_table, implied

    try:
        rows = records(card.text, card.name if card.name.endswith(".md") else f"{card.name}.md")
        return {"findings": [as_finding(card, found) for found in audit_table(rows)],
                "implied": {str(row.get("name") or at): [asdict(x) for x in implied(row)] for at, row in enumerate(rows, start=1)}}  # fmt: skip
    except JevonsError as trouble:
        return {"findings": [], "implied": {}, "not_weighed": str(trouble)}


def as_finding(card: Card, found: Any) -> dict[str, Any]:
    """A finding of the auditor in the form of lint's: its line is that of the row it names, else of the metadata, else 1."""
    from jevons.account.cards.parse import BLOCK

    place = card.text.find(found.record, card.body_start)
    spot = card.spots.get(BLOCK)
    line = card.line_of(place) if place >= 0 else spot.line if spot else 1
    return {"rule": found.rule, "severity": found.severity, "line": line, "message": f"{found.record}: {found.message}",
            "mend": found.arithmetic, "mends_itself": False}  # fmt: skip


def is_faulty(told: Mapping[str, Any], strict: bool) -> bool:
    """Whether a card is at fault: something wrong, or under ``strict`` something missing."""
    grave = ("contradiction", "implausible", *(("missing",) if strict else ()))
    return any(found["severity"] in grave for found in told["findings"])


def mend(paths: Sequence[Path]) -> None:
    """Write every sure mend in place; nothing else of a file changes."""
    from jevons.account.cards import lint, parse

    for path in paths:
        card = parse.read(path)
        text = lint.mended(card)
        if text == card.text:
            show.say(f"{path}: nothing to mend")
            continue
        keep(path, text)


def keep(path: Path, text: str) -> None:
    """A card written back whole or not at all, with its own permissions."""
    from jevons.core import files

    try:
        files.put(path, text)
    except OSError as trouble:
        raise BadInput("card", str(path), f"name a file that can be written ({trouble.strerror})") from None
    show.say(f"{path}: written")


def put(path: Path, made: str) -> None:
    """The block and the section of a card just made, put into one that exists."""
    from jevons.account.cards import compose, parse

    card, new = parse.read(path), parse.parse(made)
    text = compose.with_block(card, compose.block_of(new)) if new.block else card.text
    keep(path, compose.with_section(parse.parse(text, card.name), new.body.lstrip()))


def tell(told: Mapping[str, Any]) -> None:
    """A line a finding, the checklist in two lines, and what the numbers imply."""
    from rich.text import Text

    screen = show.console()
    screen.print(Text.assemble((told["card"], "bold"), f": {told['class']}"))
    for r in told["findings"]:
        sure = " (--write mends it)" if r["mends_itself"] else ""
        screen.print(Text.assemble((f"{r['severity']:<14}", COLOUR[r["severity"]]), f"{told['card']}:{r['line']}: {r['message']}",
                                   (f"; {r['mend']}{sure}", "dim")))  # fmt: skip
    if "not_weighed" in told:
        screen.print(f"not weighed: {told['not_weighed']}", style="dim", markup=False)
    for word, present in (("tells", True), ("does not tell", False)):
        items = [item["what"] for item in told["checklist"] if item["present"] is present]
        screen.print(Text(f"{word:<14}" + (", ".join(items) or "nothing")))
    for name, lines in told["implied"].items():
        for x in lines:
            screen.print(Text(f"{'implies':<14}{name}: {x['name']} {x['value']:.4g} {x['unit']}".rstrip()))


def compared(before: Path, after: Path) -> dict[str, Any]:
    """What changed between two cards, as plain values."""
    from jevons.account.cards import lint, parse
    from jevons.account.cards.difference import difference

    found = difference(parse.read(before), parse.read(after))
    return {
        "same": found.same, "emissions_ratio": found.ratio, "class": list(found.classes),
        "fields": {name: {"before": a, "after": b} for name, (a, b) in found.fields.items()},
        "gone": [lint.as_plain(r) for r in found.gone], "new": [lint.as_plain(r) for r in found.new],
        "told": list(found.told), "no_longer_told": list(found.no_longer_told),
    }  # fmt: skip


def tell_difference(told: Mapping[str, Any]) -> None:
    """Fields before and after, then findings gone and new."""
    screen = show.console()
    if told["same"]:
        screen.print("nothing changed in what the cards say of their emissions")
        return
    cells = [(name, change["before"] or "–", change["after"] or "–") for name, change in told["fields"].items()]
    if told["emissions_ratio"] not in (None, 1.0):
        cells.append(("emissions, ratio", "1", f"{told['emissions_ratio']:,.6g}"))
    if told["class"][0] != told["class"][1]:
        cells.append(("reporting class", *told["class"]))
    screen.print(show.rows(("field", "before", "after"), cells))
    for word, remarks in (("gone", told["gone"]), ("new", told["new"])):
        for r in remarks:
            screen.print(f"{word:<6}{r['severity']}: {r['message']}", markup=False)
    for word, items in (("now told", told["told"]), ("no longer told", told["no_longer_told"])):
        if items:
            screen.print(f"{word}: {', '.join(items)}", markup=False)


def exit_code(faulty: bool) -> int:
    """1 where something is wrong."""
    return exits.FINDING if faulty else exits.OK
