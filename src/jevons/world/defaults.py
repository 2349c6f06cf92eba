"""Values used where none is given: rows of defaults.csv, each an assumption that stands in the result."""

from __future__ import annotations

from dataclasses import dataclass

from jevons.core.errors import UnknownName
from jevons.core.source import Assumption
from jevons.core.uncertain import Uncertain
from jevons.world import catalog


@dataclass(frozen=True, slots=True)
class Default:
    """A default value with its bounds; ``assumed(why)`` is the note it leaves in a result."""

    id: str
    what: str
    value: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def uncertain(self) -> Uncertain:
        """The value with its bounds as 5 % and 95 %."""
        return Uncertain(self.low, self.value, self.high, key=self.id)

    def assumed(self, why: str = "not given") -> Assumption:
        """The note this default leaves in a result."""
        unit = "" if self.unit in ("1", "gsd") else f" {self.unit}"
        return Assumption(self.what, f"{self.value:g}{unit}", why, self.source)


def default(id: str) -> Default:
    """The default of that id; UnknownName if there is none."""
    rows = catalog.table("defaults").index
    if id not in rows:
        raise UnknownName("default", id, sorted(rows)[:3])
    row = rows[id]
    value = catalog.number(row, "value") or 0.0
    low, high = catalog.number(row, "low", value), catalog.number(row, "high", value)
    return Default(id, row["what"], value, low or value, high or value, row["unit"], row["source"])
