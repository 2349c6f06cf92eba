"""A life cycle beside what was published of it, and beside how others' life cycles divide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jevons.account.life.lifecycle import LifeCycle
from jevons.core import units
from jevons.core.errors import BadInput
from jevons.world import catalog

WATER = ("water_on_site", "water_off_site", "water_embodied")
OF_UNIT = {"kg": ("climate",), "kWh": ("energy",), "L": WATER}
GROUPS = {  # a part of a published split -> the phases it holds
    "data": ("data", "storage"), "experimentation": ("experimentation",), "training": ("final training", "fine-tuning"),
    "inference": ("inference", "network"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """One published figure and ours, in the same unit; ``deviation`` is a share of the published."""

    what: str
    unit: str
    ours: float
    published: float

    @property
    def deviation(self) -> float:
        """ours / published − 1; 0 where both are 0."""
        if not self.published:
            return float("inf") if self.ours else 0.0
        return self.ours / self.published - 1


def beside(cycle: LifeCycle) -> list[Beside]:
    """The published figures of a life cycle and ours. A key names phases or parts, joined by +, or "total".

    Errors: BadInput for a name that is no part, a figure that is no mass, energy or volume.
    """
    return [_one(cycle, what, said) for what, said in cycle.published.items()]


def _one(cycle: LifeCycle, what: str, said: str) -> Beside:
    for unit, indicators in OF_UNIT.items() if re.search("[a-df-zA-DF-Z]", said) else ():  # a bare number is in no unit
        try:
            value = float(units.read(said, unit, f"published: {what}"))
        except BadInput:
            continue
        return Beside(what, unit, _sum(cycle, what, indicators), value)
    raise BadInput(f"published: {what}", said, "give a figure with its unit, e.g. 24.69 t, 433 MWh or 2,769 m3")


def _sum(cycle: LifeCycle, what: str, indicators: tuple[str, ...]) -> float:
    footprint = cycle.footprint if what == "total" else cycle.only(name.strip() for name in what.split("+"))
    return sum(footprint.best(i) for i in indicators if i in footprint.indicators)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a published split, its share there, and ours; ``would_be_kg``: what a phase not counted would be by it.

    A screening value: it stands beside a total, never in one.
    """

    split: str
    what: str
    part: str
    published: float
    ours: float | None
    would_be_kg: float | None
    source: str


def splits(cycle: LifeCycle) -> list[Share]:
    """How published life cycles divide, beside ours (shares of climate, of the parts both hold)."""
    rows = list(catalog.table("lifecycle_splits"))
    found: list[Share] = []
    for name in dict.fromkeys(row["split"] for row in rows):
        found += _split(cycle, [row for row in rows if row["split"] == name])
    return found


def _split(cycle: LifeCycle, rows: list[catalog.Row]) -> list[Share]:
    held = {row["part"]: _held(cycle, row["part"]) for row in rows}
    whole = sum(kg for kg in held.values() if kg is not None)
    covered = sum(float(row["share"]) for row in rows if held[row["part"]] is not None)
    if not whole:
        return []
    return [
        Share(row["split"], row["what"], row["part"], float(row["share"]), None if kg is None else kg / whole,
              whole / covered * float(row["share"]) if kg is None else None, row["source"])
        for row in rows for kg in [held[row["part"]]]
    ]  # fmt: skip


def _held(cycle: LifeCycle, part: str) -> float | None:
    """kg of a part of a split; None where no phase of it is counted."""
    if part in ("operation", "manufacture"):
        made = cycle.manufacture()
        kg = made if part == "manufacture" else cycle.footprint.best() - made
        return kg or None
    phases = {p.phase for p in cycle.parts} & set(GROUPS[part])
    return cycle.only(phases).best() if phases else None
