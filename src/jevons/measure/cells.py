"""Energy by hour, device and window, in integers; and the Activity it becomes when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jevons.core.units import JOULES_PER_KWH, SECONDS_PER_HOUR, UJ_PER_J
from jevons.measure.sensor import Meter

if TYPE_CHECKING:
    from jevons.core.activity import Activity

HOUR_S = int(SECONDS_PER_HOUR)
DRAWS = 1000
UJ_PER_KWH = int(JOULES_PER_KWH) * UJ_PER_J
Cell = tuple[int, str, str]  # hour (UTC seconds of its start), device, window


@dataclass
class Cells:
    """Accumulated microjoules; bounded by hours × devices × windows, however long the run."""

    spent: dict[Cell, int] = field(default_factory=dict)
    fresh: dict[Cell, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, stamp_s: float, device: str, window: str, energy_uj: int) -> None:
        """Account energy to the hour of its stamp."""
        cell = (int(stamp_s) // HOUR_S * HOUR_S, device, window)
        self.spent[cell] = self.spent.get(cell, 0) + energy_uj
        self.fresh[cell] = self.fresh.get(cell, 0) + energy_uj
        self.sums[device] = self.sums.get(device, 0) + energy_uj

    def withdraw(self, device: str, energy_uj: int) -> int:
        """Take back energy of a device from what no record holds yet, in proportion; returns what was not found there."""
        held = {cell: energy for cell, energy in self.fresh.items() if cell[1] == device and energy}
        whole = sum(held.values())
        taken = left = min(energy_uj, whole)
        for cell, energy in held.items():
            cut = min(-(-taken * energy // whole), left)
            left -= cut
            self.fresh[cell] -= cut
            self.spent[cell] -= cut
        if taken:
            self.sums[device] -= taken
        return energy_uj - taken

    def take_fresh(self) -> list[list[Any]]:
        """What was added since the last call, as rows for the journal."""
        rows = [[*cell, energy] for cell, energy in self.fresh.items() if energy]
        self.fresh = {}
        return rows

    def give_back(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows that the journal did not take stand with what is still to be written."""
        for hour, device, window, energy in rows:
            cell = (hour, device, window)
            self.fresh[cell] = self.fresh.get(cell, 0) + energy

    def totals(self) -> dict[str, int]:
        """Microjoules by device."""
        return dict(self.sums)


def to_activity(spent: Mapping[Cell, int] | Iterable[tuple[Cell, int]], meters: Sequence[Meter], start_s: float,
                end_s: float, labels: Mapping[str, str]) -> Activity:  # fmt: skip
    """Cells as an Activity: one row an hour, device and window, clipped to the run's own start and end."""
    from jevons.core.activity import Activity
    from jevons.core.uncertain import Draws

    by_device = {meter.device: meter for meter in meters}
    draws = Draws(DRAWS)
    errors = {m.device: draws.multiplier(m.low, m.high, f"meter {m.device}", f"meter {m.sensor}")
              if m.low < m.high else 1.0 for m in meters}  # fmt: skip
    items = spent.items() if isinstance(spent, Mapping) else spent
    rows = []
    for (hour, device, window), energy in sorted(items):
        meter = by_device[device]
        begin, end = max(hour, start_s), min(hour + HOUR_S, end_s)
        rows.append({
            "start_s": begin, "end_s": max(end, begin), "amount": energy / UJ_PER_KWH * errors[device], "device": device,
            "component": meter.component, "boundary": meter.boundary, "method": meter.method, "tier": meter.tier,
            "stage": window, "sensor": meter.sensor, "lifecycle": "operation", **labels,
        })  # fmt: skip
    return Activity.of(rows, served={"run": 1.0}, drivers=dict(draws.drivers))
