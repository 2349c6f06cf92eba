"""Choices are not draws: the same activity under each other choice, side by side, widest first.

Lifetime, use of the hardware, scope and accounting of the grid, and the reach of water are decided, not sampled.
A tornado shows how far each decision alone moves one indicator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.study import Study
from jevons.world import manufacture
from jevons.world.defaults import default
from jevons.world.site import Site


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision taken otherwise: what it is, the option, the indicator's best estimate, and how far it moved."""

    what: str
    option: str
    value: float
    difference: float
    share: float


def tornado(activity: Activity, at: Site, study: Study | None = None, indicator: str = "climate") -> list[Choice]:
    """``indicator`` under each other choice, widest first; a choice whose factors are not held is left out.

    Errors: BadInput for an activity of several scenarios.
    """
    study = study or Study()
    base = _value(activity, at, study, indicator)
    if base is None:
        raise BadInput("indicator", indicator, "this activity has no factor for it at this site")
    rows = []
    for what, option, site, asked in _alternatives(at, study):
        value = _value(activity, site, asked, indicator)
        if value is not None:
            rows.append(Choice(what, option, value, value - base, (value - base) / base if base else 0.0))
    return sorted(rows, key=lambda row: -abs(row.difference))


def _value(activity: Activity, at: Site, study: Study, indicator: str) -> float | None:
    try:
        found = assess(activity, at, study, draws=0)
        value: Any = found.best(indicator)
    except MissingFactor:
        return None
    if not isinstance(value, float):
        raise BadInput("activity", "several scenarios", "show the choices of one scenario at a time")
    return value


def _alternatives(at: Site, study: Study) -> Iterator[tuple[str, str, Site, Study]]:
    for name, change in _SPANS.items():
        usual = default(name)
        for bound in (usual.low, usual.high):
            unit = "" if usual.unit == "1" else f" {usual.unit}s"
            yield usual.what, f"{bound:g}{unit}", at.with_(life=change(at.life, bound)), study
    if at.intensity is None:
        other = "direct" if study.scope == "lifecycle" else "lifecycle"
        yield "scope of the grid", other, at, study.with_(scope=other)
    if at.market_intensity is not None:
        other = "market" if study.accounting == "location" else "location"
        yield "accounting", f"{other}-based", at, study.with_(accounting=other)
    if at.pue != 1.0:
        yield "facility overhead", "left out (PUE 1)", at.with_(pue=1.0), study


_SPANS: dict[str, Callable[[manufacture.Life, float], manufacture.Life]] = {
    "hardware-life": lambda life, years: replace(life, years=years),
    "hardware-utilisation": lambda life, share: replace(life, utilisation=share),
}
