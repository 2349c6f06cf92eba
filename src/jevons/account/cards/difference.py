"""Two states of a card: what changed in what it says of its emissions, and what was mended or broken on the way."""

from __future__ import annotations

from dataclasses import dataclass

from jevons.account.cards.checklist import checklist
from jevons.account.cards.classes import reporting_class
from jevons.account.cards.lint import Remark, lint, number_of
from jevons.account.cards.parse import FIELDS, Card


@dataclass(frozen=True)
class Difference:
    """Fields that changed (before, after), the emissions' ratio, reporting classes, findings gone and new, items told."""

    fields: dict[str, tuple[str, str]]
    ratio: float | None
    classes: tuple[str, str]
    gone: tuple[Remark, ...]
    new: tuple[Remark, ...]
    told: tuple[str, ...]
    no_longer_told: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing here changed."""
        return not (self.fields or self.gone or self.new or self.told or self.no_longer_told)


def difference(before: Card, after: Card) -> Difference:
    """What changed between two cards, or two states of one."""
    first, second = number_of(before), number_of(after)
    pairs = {name: (before.block.get(name, ""), after.block.get(name, "")) for name in FIELDS}
    changed = {name: (str(a), str(b)) for name, (a, b) in pairs.items() if a != b and str(a) != str(b)}  # not a number equals no other
    was, now = ({(r.rule, r.message): r for r in lint(card)} for card in (before, after))
    said, says = ({item.what for item in checklist(card) if item.present} for card in (before, after))
    return Difference(
        changed, float(second / first) if first and second is not None else None, (class_of(before), class_of(after)),
        tuple(r for k, r in was.items() if k not in now), tuple(r for k, r in now.items() if k not in was),
        tuple(sorted(says - said)), tuple(sorted(said - says)),
    )  # fmt: skip


def class_of(card: Card) -> str:
    """The reporting class of a card: emissions, hardware and tags of its front matter."""
    tags = card.front.get("tags") or []
    words = [str(tag) for tag in (tags if isinstance(tags, list) else [tags])]
    return reporting_class(card.block.get("emissions") is not None, bool(card.block.get("hardware_used")), words)
