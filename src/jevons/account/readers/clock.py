"""Stamps as a local clock wrote them, and the two hours a year at which it jumps: the one rule of all readers.

An hour that does not exist (spring) is refused. Of an hour that the clock shows twice (autumn) a stamp is the first
showing, unless it must lie after a moment that the first does not reach and the second does; both are told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jevons.core.errors import BadInput
from jevons.core.source import Assumption

LAST_S = 7_258_118_400.0
"""The year 2200 in UTC seconds."""


class NoSuchHour(ValueError):
    """A stamp of an hour that the zone's clock leaves out in spring."""

    def __init__(self, zone: str):
        super().__init__(f"daylight saving leaves this hour out: it does not exist in {zone}; name the zone whose clock wrote it, "
                         "e.g. zone='Etc/GMT-1' where it keeps winter time")  # fmt: skip


@dataclass
class Clock:
    """The clock of a zone that wrote a file's stamps. ``last_s``: the moment read last.

    ``first`` and ``second``: how many stamps of an hour shown twice were taken for which of its showings.
    Errors: BadInput for a zone that does not exist.
    """

    zone: str = "UTC"
    first: int = 0
    second: int = 0
    last_s: float = -inf
    place: ZoneInfo = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.place = place(self.zone)

    def moment(self, text: str, not_before: float = -inf) -> float:
        """UTC seconds of an ISO or slashed stamp; ValueError where it is none or lies outside 1970 to 2200, NoSuchHour."""
        return self.of(datetime.fromisoformat(text.strip().replace("/", "-")), not_before)

    def of(self, stamp: datetime, not_before: float = -inf) -> float:
        """UTC seconds of a stamp; one without a zone is of this clock. Errors: as ``moment``."""
        self.last_s = in_calendar(stamp.timestamp() if stamp.tzinfo is not None else self._local(stamp, not_before))
        return self.last_s

    def _local(self, stamp: datetime, not_before: float) -> float:
        here = stamp.replace(tzinfo=self.place, fold=0)
        first, second = here.timestamp(), here.replace(fold=1).timestamp()
        if second < first:  # PEP 495: so it is in a gap alone
            raise NoSuchHour(self.zone)
        if second == first:
            return first
        is_second = first < not_before <= second
        self.first, self.second = self.first + (not is_second), self.second + is_second
        return second if is_second else first

    def notes(self, tool: str) -> tuple[Assumption, ...]:
        """What is assumed where a tool writes stamps without their zone."""
        return Assumption("time zone of the stamps", self.zone, f"{tool} writes none; name it by zone=", "stated"), *self.doubled()

    def doubled(self) -> tuple[Assumption, ...]:
        """What was taken of stamps of an hour shown twice, if there were any."""
        if not self.first + self.second:
            return ()
        why = f"{self.zone} shows it twice; what stands before a stamp tells which, and where that does not, it is the first"
        return (Assumption("stamps of an hour that autumn repeats", f"{self.first} as the first, {self.second} as the second", why, "stated"),)


def in_calendar(t_s: float) -> float:
    """The UTC seconds themselves; ValueError outside 1970 to 2200, where nothing was recorded."""
    if not 0 <= t_s < LAST_S:
        raise ValueError(f"{t_s:g} s")
    return t_s


def place(zone: str) -> ZoneInfo:
    """The time zone of that name; BadInput where there is none."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput("zone", zone, "name a time zone, e.g. UTC or Europe/Paris") from None
