"""A file of one's own in place of a provider: a column of times, one of intensities, an empty cell where it is not known."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jevons.core import units
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Source
from jevons.core.study import Study
from jevons.world import catalog
from jevons.world.grid_clients.signal import Kind, Point, Signal, amount, stamp, steps
from jevons.world.hourly import TIME_COLUMNS, VALUE_COLUMNS


@dataclass
class CsvFile:
    """A client that reads ``path`` when asked. ``kind``: accounting, grid and scope of its values, as in a Study."""

    path: str | Path
    kind: Kind = ("location", "average", "lifecycle")
    unit: str = "g/kWh"
    clock: Callable[[], float] = field(default=time.time, repr=False)

    def __post_init__(self) -> None:
        Study(accounting=self.kind[0], grid=self.kind[1], scope=self.kind[2])  # refuses words it does not know
        if not Path(self.path).is_file():
            raise BadInput("path", str(self.path), "name an existing CSV file")

    def latest(self, zone: str = "") -> Signal:
        """The step that now lies in, or the last before it."""
        past = [p for p in self._all(zone).points if p.start_s <= self.clock()]
        return Signal(zone, self.kind, tuple(past[-1:]), self._source())

    def history(self, zone: str, start_s: float, end_s: float) -> Signal:
        """The steps that meet a span."""
        found = [p for p in self._all(zone).points if p.end_s > start_s and p.start_s < end_s]
        return Signal(zone, self.kind, tuple(found), self._source())

    def forecast(self, zone: str = "") -> Signal:
        """The steps from now on, where the file has them."""
        return Signal(zone, self.kind, tuple(p for p in self._all(zone).points if p.end_s > self.clock()), self._source())

    def _all(self, zone: str) -> Signal:
        file = Path(self.path)
        rows = list(catalog.read_csv(file))
        if not rows:
            raise TableError(file.name, None, None, "no rows", "give at least one")
        when, value = (_column(file, rows[0], names) for names in (TIME_COLUMNS, VALUE_COLUMNS))
        scale = units.convert(1.0, self.unit, "g/kWh")
        given = sorted((stamp(row[when], file.name), amount(row[value].strip(), file.name)) for row in rows if row[when])
        starts = [start for start, _ in given]
        points = [Point(start, end, None if v is None else v * scale)
                  for end, (start, v) in zip(steps(starts, units.SECONDS_PER_DAY), given, strict=True)]  # fmt: skip
        return Signal.of(zone, self.kind, points, self._source())

    def _source(self) -> Source:
        return Source(Path(self.path).name, f"intensities of {Path(self.path).name}", terms="fact")


def _column(file: Path, row: catalog.Row, names: tuple[str, ...]) -> str:
    for column in row:
        if column.strip().lower() in names:
            return column
    raise TableError(file.name, 1, None, ", ".join(row), f"name a column one of {', '.join(names)}")
