"""The Carbon Intensity API of Great Britain (National Energy System Operator): half hours, no key.

It counts the CO2 of generation alone (direct). ``history`` gives what was estimated from metered generation ("actual");
half hours without it stay open. ``forecast`` gives what was forecast.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Source
from jevons.world.grid_clients.fetch import Fetch, Request
from jevons.world.grid_clients.signal import Kind, Point, Signal, amount, iso, stamp

NAME = "Carbon Intensity API"
ZONES = ("GB", "GBR", "UK")
LONGEST_S = 14 * units.SECONDS_PER_DAY
SOURCE = Source("carbon-intensity-gb", "Carbon Intensity API", "National Energy System Operator",
                locator="https://api.carbonintensity.org.uk", licence="CC BY 4.0", terms="open")  # fmt: skip


@dataclass
class UnitedKingdom:
    """A client for the whole of Great Britain."""

    base: str = "https://api.carbonintensity.org.uk"
    fetch: Fetch = field(default_factory=Fetch, repr=False)
    clock: Callable[[], float] = time.time

    @property
    def kind(self) -> Kind:
        """Average and direct."""
        return ("location", "average", "direct")

    def latest(self, zone: str = "GB") -> Signal:
        """This half hour."""
        return self._signal(zone, "/intensity", "actual")

    def history(self, zone: str, start_s: float, end_s: float) -> Signal:
        """The half hours of a span, fourteen days a request."""
        found = Signal(zone, self.kind, (), SOURCE)
        while start_s < end_s:
            until = min(start_s + LONGEST_S, end_s)
            found += self._signal(zone, f"/intensity/{iso(start_s)}/{iso(until)}", "actual")
            start_s = until
        return found

    def forecast(self, zone: str = "GB") -> Signal:
        """The next 48 hours."""
        return self._signal(zone, f"/intensity/{iso(self.clock())}/fw48h", "forecast")

    def _signal(self, zone: str, path: str, which: str) -> Signal:
        if zone.upper() not in ZONES:
            raise BadInput("zone", zone, "this provider knows GB alone")
        found: Any = self.fetch.json(Request(self.base + path, {}, {"accept": "application/json"}))
        try:
            points = [Point(stamp(row["from"], NAME), stamp(row["to"], NAME), amount(row["intensity"][which], NAME),
                            which == "forecast") for row in found["data"]]  # fmt: skip
        except (KeyError, TypeError) as trouble:
            raise TableError(NAME, None, str(trouble), "missing", "the reply has another shape than documented") from None
        return Signal.of(zone, self.kind, points, SOURCE)
