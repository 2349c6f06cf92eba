"""WattTime, API version 3: marginal operating emissions of a region, in lb CO2 per MWh, made g/kWh here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jevons.core.errors import TableError
from jevons.core.source import Source
from jevons.world.grid_clients.fetch import Fetch, GridUnavailable, Request
from jevons.world.grid_clients.signal import HOUR_S, Kind, Point, Signal, amount, iso, stamp

NAME = "WattTime"
G_PER_KWH = {"lbs_co2_per_mwh": 0.45359237}  # the international pound, by definition
TOKEN_S = 25 * 60.0  # a token lives about 30 minutes
LATEST_S = 2 * HOUR_S
SOURCE = Source("watttime-api", "WattTime API v3, co2_moer", "WattTime", locator="https://api.watttime.org",
                licence="as agreed with the account", terms="fact")  # fmt: skip


@dataclass
class WattTime:
    """A client with a user and password; zones are WattTime's regions (``region`` finds one)."""

    user: str
    password: str = field(repr=False)
    signal_type: str = "co2_moer"
    base: str = "https://api.watttime.org"
    fetch: Fetch = field(default_factory=Fetch, repr=False)
    clock: Callable[[], float] = time.time
    _token: tuple[float, str] = field(default=(0.0, ""), init=False, repr=False)

    @property
    def kind(self) -> Kind:
        """Marginal and direct: never added to an average."""
        return ("location", "marginal", "direct")

    def region(self, latitude: float, longitude: float) -> str:
        """The region a place lies in."""
        found = self._ask("region-from-loc", latitude=str(latitude), longitude=str(longitude))
        return str(found["region"])

    def latest(self, zone: str) -> Signal:
        """The newest five minutes."""
        now = self.clock()
        found = self.history(zone, now - LATEST_S, now)
        return Signal(zone, self.kind, found.points[-1:], SOURCE)

    def history(self, zone: str, start_s: float, end_s: float) -> Signal:
        """Every five minutes of a span."""
        return self._signal(zone, self._ask("historical", region=zone, start=iso(start_s), end=iso(end_s)))

    def forecast(self, zone: str) -> Signal:
        """The hours to come."""
        return self._signal(zone, self._ask("forecast", region=zone), estimated=True)

    def _ask(self, what: str, **params: str) -> Any:
        """A request with a token; where that has expired, once more with a new one."""
        for again in (False, True):
            request = Request(f"{self.base}/v3/{what}", {**params, "signal_type": self.signal_type},
                              {"authorization": f"Bearer {self._bearer(again)}"})  # fmt: skip
            try:
                return self.fetch.json(request)
            except GridUnavailable as refused:
                if refused.status != 401 or again:
                    raise
        raise AssertionError("unreachable")

    def _bearer(self, fresh: bool) -> str:
        if fresh or self.clock() - self._token[0] > TOKEN_S:
            found = self.fetch.json(Request(f"{self.base}/login", {}, {}, (self.user, self.password)), fresh=True)
            if not isinstance(found, dict) or not found.get("token"):
                raise TableError(NAME, None, "token", type(found).__name__, "the login has another shape than documented")
            self._token = self.clock(), str(found["token"])
        return self._token[1]

    def _signal(self, zone: str, found: Any, estimated: bool = False) -> Signal:
        try:
            meta, data = found["meta"], found["data"]
            step_s, unit = float(meta["data_point_period_seconds"]), meta["units"]
            pairs = [(stamp(row["point_time"], NAME), amount(row["value"], NAME)) for row in data]
        except (KeyError, TypeError) as trouble:
            raise TableError(NAME, None, str(trouble), "missing", "the reply has another shape than documented") from None
        if unit not in G_PER_KWH:
            raise TableError(NAME, None, "units", unit, f"only {', '.join(G_PER_KWH)} is known")
        points = [Point(t, t + step_s, None if v is None else v * G_PER_KWH[unit], estimated) for t, v in pairs]
        return Signal.of(zone, self.kind, points, SOURCE)
