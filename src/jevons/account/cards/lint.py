"""What is wrong with a card, line by line, and how to mend it.

    lint(card)      -> [Remark(rule="kilograms", line=4, message="83.5 g, where the text says 83.5 kg", ...)]
    mended(card)    -> the text with every sure mend made, all other bytes as they were

The Hub reads ``co2_eq_emissions`` in GRAMS (docs, hub/model-cards-co2); trackers report kilograms. So the unit is
weighed against the card's own words, its energy, and its hardware and hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from jevons.account.cards import placement
from jevons.account.cards.parse import BLOCK, FIELDS, Card, parse
from jevons.account.cards.plausible import Evidence, evidence
from jevons.core import units

KINDS = ("pre-training", "fine-tuning")
SPELLED = {"pretraining": "pre-training", "pre training": "pre-training", "pre-train": "pre-training", "fine tuning": "fine-tuning",
           "finetuning": "fine-tuning", "fine-tune": "fine-tuning", "finetune": "fine-tuning"}  # fmt: skip
MEANS = {
    "emissions": "how much, in grams", "source": "how it was found: CodeCarbon, jevons, a calculator, a paper",
    "training_type": "pre-training or fine-tuning", "geographical_location": "where, as finely as known",
    "hardware_used": "which accelerators, and how many",
}  # fmt: skip
UNIT_COMMENT = re.compile(r"[ \t]+#[^\r\n]*?\b(?:kgs?|kilograms?|kgCO2\w*|t|tons?|tonnes?)\b[^\r\n]*", re.IGNORECASE)
ODDLY_FEW_G = 100  # grams from a tracker that reports kilograms: worth a second look, no more
SEVERITIES = ("contradiction", "implausible", "missing", "note")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters ``start`` to ``end`` of the card replaced by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding: the rule, how grave, the line, what is wrong, the mend, and the edits that make it."""

    rule: str
    severity: str
    line: int
    message: str
    mend: str
    edits: tuple[Edit, ...] = ()

    @property
    def accuses(self) -> bool:
        """Whether something is wrong, and not merely absent."""
        return self.severity in ("contradiction", "implausible")


def lint(card: Card) -> list[Remark]:
    """Everything to be said of a card, by line; the gravest first within a line."""
    found = [remark for rule in RULES for remark in rule(card)]
    return sorted(found, key=lambda r: (r.line, SEVERITIES.index(r.severity)))


def mended(card: Card) -> str:
    """The card's text with every edit made; what no rule edits stays byte for byte. Mends are made until none is left."""
    for _ in range(len(RULES)):
        edits = sorted((e for r in lint(card) for e in r.edits), key=lambda e: e.start, reverse=True)
        if not edits:
            break
        text, last = card.text, len(card.text) + 1
        for edit in edits:
            if edit.end < last:  # two edits of one spot: the second waits for the next round
                text, last = text[: edit.start] + edit.text + text[edit.end :], edit.start
        card = parse(text, card.name)
    return card.text


def number_of(card: Card) -> Decimal | None:
    """The emissions as a number of exactly the digits written; None where there is none."""
    value = card.block.get("emissions")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    spot = card.spot("emissions")
    written = card.text[spot.start : spot.end] if spot else str(value)
    try:
        number = Decimal(written.replace("_", ""))
    except InvalidOperation:
        number = Decimal(str(value))
    return number if number.is_finite() else None


def _front(card: Card) -> Iterator[Remark]:
    if not card.has_front:
        yield Remark("front-matter", "missing", 1, "no front matter, so the Hub reads nothing of this card",
                     "write --- , keys and --- at its head; jevons card write does")  # fmt: skip
    elif BLOCK not in card.front:
        yield Remark("absent", "missing", 1, f"no {BLOCK}", "add it to the front matter: jevons card write --into FILE")


def _repeated(card: Card) -> Iterator[Remark]:
    for name, line in card.repeated:
        first = card.spots[name].line
        yield Remark("repeated", "contradiction", line, f"{name} stands on line {first} too; readers differ in which counts", "keep one")


def _value(card: Card) -> Iterator[Remark]:
    """Emissions that are no number of grams: text with a unit is converted, where the unit is plain."""
    value, spot = card.block.get("emissions"), card.spot("emissions")
    line = spot.line if spot else 0
    if isinstance(value, str) and spot:
        grams = _grams(value)
        fix = (Edit(spot.start, spot.end, grams),) if grams else ()
        yield Remark("emissions-text", "contradiction", line, f"emissions are the text {value!r}, the Hub reads a number of grams",
                     f"write {grams}" if grams else "write a number, in grams", fix)  # fmt: skip
    elif isinstance(value, bool) or (value is not None and not isinstance(value, (int, float, str))):
        yield Remark("emissions-text", "contradiction", line, f"emissions are {type(value).__name__}, no number", "write a number, in grams")
    elif isinstance(value, float) and number_of(card) is None:
        yield Remark("emissions-text", "contradiction", line, f"emissions are {value}", "write a finite number of grams")
    elif isinstance(value, (int, float)) and value < 0:
        yield Remark("negative", "contradiction", line, f"emissions of {value} g", "report what was emitted; credits are never netted")
    elif value == 0 and value is not None:
        yield Remark("zero", "implausible", line, "emissions of 0 g: no computation emits nothing", "write what it emitted, or leave it out")


def _grams(text: str) -> str:
    """A mass in text as grams; empty where it is none, or states no unit (``1.2e3`` has a letter, and none either)."""
    if not any(c.isalpha() for c in text) or _is_bare(text):
        return ""
    try:
        kg = float(units.read(text.replace("CO2eq", "").replace("CO2e", "").replace("CO2", "").strip(), "kg", "emissions"))
    except ValueError:
        return ""
    return plain(Decimal(repr(kg)) * 1000)


def _is_bare(text: str) -> bool:
    """Whether text is a number alone."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unit(card: Card) -> Iterator[Remark]:
    """Kilograms (or tonnes) written where grams are read."""
    number, spot = number_of(card), card.spot("emissions")
    if number is None or number <= 0 or spot is None:
        return
    found = evidence(card, float(number))
    if found is not None and found.factor > 1:
        right = plain(number * found.factor)
        yield Remark("unit", "contradiction", spot.line, f"{plain(number)} is read as grams, but {found.said}",
                     f"write {right} (grams)", (Edit(spot.start, spot.end, right),))  # fmt: skip
    elif found is not None:
        yield _doubt(found, spot.line, plain(number))
    elif "code" in str(card.block.get("source", "")).lower() and number < ODDLY_FEW_G:
        yield Remark("unit-note", "note", spot.line, f"{plain(number)} g; CodeCarbon reports kilograms", "make sure that this is grams")


def _comment(card: Card) -> Iterator[Remark]:
    """A comment behind the number that names another unit than grams: for a person to mend, comments are never edited."""
    spot = card.spot("emissions")
    if spot and (found := UNIT_COMMENT.match(card.text, spot.end)):
        yield Remark("unit-comment", "note", spot.line, f"the comment {found[0].strip()!r} names another unit; the Hub reads grams",
                     "correct the comment")  # fmt: skip


def _doubt(found: Evidence, line: int, number: str) -> Remark:
    return Remark("amount", found.severity, line, f"{number} g, but {found.said}", "correct the one or the other")


def plain(number: Decimal) -> str:
    """A number without exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _kind(card: Card) -> Iterator[Remark]:
    value, spot = card.block.get("training_type"), card.spot("training_type")
    if value is None or spot is None or value in KINDS:
        return
    meant = SPELLED.get(str(value).strip().lower().replace("_", " "))
    fix = (Edit(spot.start, spot.end, meant),) if meant else ()
    yield Remark("training-type", "note", spot.line, f"training_type is {value!r}", f"write {meant or ' or '.join(KINDS)}", fix)


def _fields(card: Card) -> Iterator[Remark]:
    """Fields of the block that are absent, or that the Hub does not know."""
    if BLOCK not in card.front or card.front[BLOCK] is None:
        return
    line = card.spots[BLOCK].line
    for name in FIELDS:
        if card.block.get(name) in (None, "") and not (name == "emissions" and not card.is_map):
            yield Remark("field", "missing", line, f"{BLOCK} has no {name}", f"add {name}: {MEANS[name]}")
    for name in card.block:
        if name not in FIELDS:
            spot = card.spot(name)
            yield Remark("unknown-field", "note", spot.line if spot else line, f"{name} is no field of {BLOCK}",
                         f"the Hub reads {', '.join(FIELDS)}")  # fmt: skip


def _misplaced(card: Card) -> Iterator[Remark]:
    """Keys of the block that stand outside it: beside it by a bad indent, or in the body."""
    for slip in placement.slips(card):
        edits = tuple(Edit(start, end, text) for start, end, text in slip.edits)
        yield Remark(slip.rule, "contradiction", slip.line, slip.message, slip.mend, edits)


RULES: tuple[Callable[[Card], Iterator[Remark]], ...] = (_front, _repeated, _misplaced, _value, _unit, _comment, _kind, _fields)


def as_plain(remark: Remark) -> dict[str, object]:
    """A remark as plain values; its edits are said to be sure or not there."""
    return {"rule": remark.rule, "severity": remark.severity, "line": remark.line, "message": remark.message,
            "mend": remark.mend, "mends_itself": bool(replace(remark).edits)}  # fmt: skip
