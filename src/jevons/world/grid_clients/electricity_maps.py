"""Electricity Maps, API version 3: consumption-based mean intensity of a zone, life cycle or direct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jevons.core.errors import BadInput, TableError
from jevons.core.source import Source
from jevons.world.grid_clients.fetch import Fetch, Request
from jevons.world.grid_clients.signal import Kind, Point, Signal, amount, iso, stamp, steps

NAME = "Electricity Maps"
SOURCE = Source("electricity-maps-api", "Electricity Maps API v3", "Electricity Maps",
                locator="https://api.electricitymap.org/v3/", licence="as agreed with the key's owner", terms="fact")  # fmt: skip


@dataclass
class ElectricityMaps:
    """A client with the key of an account. ``emission``: lifecycle or direct. ``estimates``: take estimated hours too."""

    key: str = field(repr=False)
    emission: str = "lifecycle"
    estimates: bool = True
    base: str = "https://api.electricitymap.org/v3"
    fetch: Fetch = field(default_factory=Fetch, repr=False)

    def __post_init__(self) -> None:
        if self.emission not in ("lifecycle", "direct"):
            raise BadInput("emission", self.emission, "use lifecycle or direct")

    @property
    def kind(self) -> Kind:
        """Average, of the scope asked for."""
        return ("location", "average", self.emission)

    def latest(self, zone: str) -> Signal:
        """The newest hour."""
        return self._signal(zone, [self._ask("latest", zone)])

    def history(self, zone: str, start_s: float, end_s: float) -> Signal:
        """The hours of a span (the account must have access to the past)."""
        found = self._ask("past-range", zone, start=iso(start_s), end=iso(end_s))
        return self._signal(zone, _list(found, "data"))

    def recent(self, zone: str) -> Signal:
        """The last 24 hours."""
        return self._signal(zone, _list(self._ask("history", zone), "history"))

    def forecast(self, zone: str) -> Signal:
        """The hours to come."""
        return self._signal(zone, _list(self._ask("forecast", zone), "forecast"), estimated=True)

    def _ask(self, what: str, zone: str, **more: str) -> Any:
        params = {"zone": zone, "emissionFactorType": self.emission, **more}
        if not self.estimates:
            params["disableEstimations"] = "true"
        return self.fetch.json(Request(f"{self.base}/carbon-intensity/{what}", params, {"auth-token": self.key}))

    def _signal(self, zone: str, items: Sequence[Any], estimated: bool = False) -> Signal:
        if not all(isinstance(item, dict) for item in items):
            raise TableError(NAME, None, None, "items that are no objects", "the reply has another shape than documented")
        for said in {item.get("emissionFactorType", self.emission) for item in items} - {self.emission}:
            raise TableError(NAME, None, "emissionFactorType", said, f"{self.emission} was asked for; the two never mix")
        ordered = sorted(items, key=lambda item: stamp(item.get("datetime"), NAME))
        starts = [stamp(item.get("datetime"), NAME) for item in ordered]
        points = [Point(start, end, amount(item.get("carbonIntensity"), NAME), estimated or _estimated(item))
                  for start, end, item in zip(starts, steps(starts), ordered, strict=True)]  # fmt: skip
        return Signal.of(zone, self.kind, points, SOURCE)


def _estimated(item: dict[str, Any]) -> bool:
    """Older replies spell the method ``estimatedMethod``."""
    return bool(item.get("isEstimated") or item.get("estimationMethod") or item.get("estimatedMethod"))


def _list(found: Any, name: str) -> Sequence[Any]:
    items = found.get(name) if isinstance(found, dict) else None
    if not isinstance(items, list):
        raise TableError(NAME, None, name, type(items).__name__, "the reply has another shape than documented")
    return items
