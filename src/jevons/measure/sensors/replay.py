"""A recorded measurement played back: everything above the sensor runs on any laptop."""

from __future__ import annotations

from collections.abc import Sequence

from jevons.measure.sensor import Meter, Reading


class Replay:
    """Plays one list of readings after another; the last is repeated when the record is spent."""

    def __init__(self, meters: Sequence[Meter], record: Sequence[Sequence[Reading]]):
        self._meters, self._record, self._at = list(meters), [list(r) for r in record], 0

    @property
    def meters(self) -> Sequence[Meter]:
        """The devices of the record."""
        return self._meters

    def read(self) -> Sequence[Reading]:
        """The next readings of the record."""
        readings = self._record[min(self._at, len(self._record) - 1)]
        self._at += 1
        return readings

    def close(self) -> None:
        """Nothing is held open."""
