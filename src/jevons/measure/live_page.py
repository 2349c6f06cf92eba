"""A run as it goes, for a browser: one page of the package, and the figures it asks for each second.

Energy and power are as of the last sample. Carbon, water and cost are there where the run is priced as it goes
(``live=True``), with their intervals; they are priced anew every few seconds and only while somebody looks.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.measure.exporter import Exporter, scope

if TYPE_CHECKING:
    from jevons.core.footprint import Footprint
    from jevons.measure.live_report import LiveReport
    from jevons.measure.projection import Rest

PRICED_EVERY_S = 5.0
INDICATORS = ("energy", "climate", "water_on_site", "water_off_site", "cost")
MOST_POINTS = 600
FILE = Path(__file__).parent / "deploy" / "live.html"


@functools.cache
def page() -> bytes:
    """The page, which loads nothing from elsewhere."""
    return FILE.read_bytes()


@dataclass
class LivePage:
    """What the page of a run shows."""

    exporter: Exporter
    points: list[tuple[float, float]] = field(default_factory=list, init=False)  # seconds since the start, watts
    _power: dict[str, float] = field(default_factory=dict, init=False)
    _priced: tuple[float, dict[str, Any]] = field(default=(float("-inf"), {}), init=False)

    def state(self) -> dict[str, Any]:
        """Everything now; what is not known is absent."""
        run, joules, power = self.exporter.run, self.exporter.by_device(), self._power_w()
        rows = [{"device": m.device, "component": m.component, "method": m.method, "tier": m.tier, "note": m.note,
                 "power_w": power.get(m.device), "energy_j": joules[m.device]} for m in run.meters]  # fmt: skip
        return {
            "run": run.id, "labels": run.labels, "scope": scope(run), "started_s": run.started_s, "now_s": run.ended_s,
            "over": run.over, "power_w": sum(power.values()) if power else None, "energy_j": sum(joules.values()),
            "devices": rows, "points": self.points, **self._costs(),
        }  # fmt: skip

    def _power_w(self) -> dict[str, float]:
        """Mean watts by device since the last asking that saw a sample; the first is the mean of the run so far."""
        if power := self.exporter.power_w("page "):
            at_s, watts = self.exporter.run.ended_s - self.exporter.run.started_s, sum(power.values())
            self._power, self.points = power, [*(self.points or [(0.0, watts)]), (at_s, watts)]
            if len(self.points) > MOST_POINTS:
                del self.points[1:-1:2]
        return self._power

    def _costs(self) -> dict[str, Any]:
        """The priced part, at most every few seconds."""
        report = self.exporter.run.report
        if report is None or not self.exporter.run.energy_kwh:
            return {}
        then, told = self._priced
        if time.monotonic() - then >= PRICED_EVERY_S:
            told = _told(report)
            self._priced = time.monotonic(), told
        return told


def _told(report: LiveReport) -> dict[str, Any]:
    now, ahead = report.footprint, report.projected
    told: dict[str, Any] = {"place": report.site.name, "basis": report.study.accounting, "cost": _amounts(now),
                            "measured_share": now.measured_share()}  # fmt: skip
    if now.best("energy") and "climate" in now.indicators:
        told["intensity_g_per_kwh"] = float(now.best("climate") * units.G_PER_KG / now.best("energy"))
    if ahead is not None:
        told |= {"in_all": _amounts(ahead), "eta_s": _rest(report.eta_s)}
    if report.budget is not None:
        budget = report.budget
        told["budget"] = {"limit": budget.limit, "indicator": budget.indicator, "unit": budget.unit}
    return told


def _amounts(footprint: Footprint) -> Mapping[str, list[float]]:
    """indicator → [best, low, high], in the indicator's own unit."""
    return {name: [float(footprint.best(name)), *map(float, footprint.interval(name))]
            for name in INDICATORS if name in footprint.indicators}  # fmt: skip


def _rest(rest: Rest | None) -> list[float] | None:
    return None if rest is None else [rest.best, rest.low, rest.high]
