"""The figures every form prints: a footprint's totals and shares in the words and units a person would say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import best, interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = {
    "energy": "Energy", "climate": "Climate", "water": "Water",
    "water_on_site": "Water, on site", "water_off_site": "Water, power generation",
    "water_embodied": "Water, manufacture", "water_scarcity": "Water, weighted by scarcity",
    "primary_energy": "Primary energy", "abiotic_depletion": "Minerals and metals", "cost": "Cost",
}  # fmt: skip
WATERS = ("water_on_site", "water_off_site", "water_embodied")
METHODS = {"counter": "measured", "integrated": "measured", "modelled": "modelled", "declared": "declared"}
SPOKEN = {"m3": "m³", "ML": "million L", "GL": "billion L", "kUSD": "thousand USD", "MUSD": "million USD",
          "kgSb": "kg Sb-eq"}  # fmt: skip
EMBODIED = "device_hours"  # the flow whose impact is that of making the hardware


@dataclass(frozen=True, slots=True)
class Figure:
    """Best estimate and 5–95 % interval in the indicator's domain unit, and how to say them."""

    name: str
    unit: str
    best: float
    low: float
    high: float

    @property
    def label(self) -> str:
        """The indicator's name for a reader."""
        return LABELS.get(self.name, self.name)

    @property
    def shown_unit(self) -> str:
        """The multiple of the unit in which the best estimate reads well, e.g. ``t CO₂e``."""
        unit = units.scale_of(self.best, self.unit)[0]
        return SPOKEN.get(unit, unit) + (" CO₂e" if self.name == "climate" else "")

    @property
    def value(self) -> str:
        """The best estimate in ``shown_unit``."""
        return self.say(self.best)

    @property
    def bounds(self) -> str:
        """The interval in ``shown_unit``, e.g. ``395–703``; empty where nothing was drawn."""
        if self.low == self.high:
            return ""
        dash = " to " if self.low < 0 else "–"
        return f"{self.say(self.low)}{dash}{self.say(self.high)}"

    def tick(self, value: float) -> str:
        """A round amount in ``shown_unit`` without idle zeros, for an axis."""
        return f"{value / units.scale_of(self.best, self.unit)[1]:.6g}"

    def __str__(self) -> str:
        return f"{self.value} {self.shown_unit}" + (f" [{self.bounds}]" if self.bounds else "")

    def say(self, value: float) -> str:
        """Any amount of this indicator in ``shown_unit``, so that parts stand in the unit of their whole."""
        return units.significant(value / units.scale_of(self.best, self.unit)[1]).replace("-", "−")


def single(footprint: Footprint) -> Footprint:
    """``footprint`` itself; BadInput where it holds more than one scenario, which no report can print as one."""
    for indicator in footprint.indicators:
        if (shape := footprint.total(indicator).shape[:-1]) and max(shape) > 1:
            raise BadInput("scenarios", shape, "report one scenario at a time: assess it on its own")
    if not footprint.indicators:
        raise BadInput("footprint", "no priced rows", "assess an activity that has rows")
    return footprint


def figure(footprint: Footprint, name: str = "climate") -> Figure:
    """The total of an indicator, or of ``water``: what is consumed on site, off site and in manufacture together."""
    if name != "water":
        return figure_of(name, INDICATORS[name][0], footprint.total(name))
    parts = [footprint.total(w) for w in WATERS if w in footprint.indicators]
    if not parts:
        raise BadInput("indicator", "water", f"this footprint holds {', '.join(footprint.indicators)}")
    return figure_of("water", "L", sum(parts[1:], parts[0]))


def figure_of(name: str, unit: str, amounts: NDArray[Any]) -> Figure:
    """A figure from an array (1 + draws,)."""
    low, high = interval(amounts)
    return Figure(name, unit, float(best(amounts).sum()), float(low.sum()), float(high.sum()))


def figures(footprint: Footprint) -> list[Figure]:
    """Every indicator priced, in the study's order."""
    return [figure(footprint, name) for name in footprint.indicators]


def headlines(footprint: Footprint) -> list[Figure]:
    """Energy, climate, water and cost, as far as they were priced."""
    held = set(footprint.indicators) | ({"water"} if set(WATERS) & set(footprint.indicators) else set())
    return [figure(footprint, name) for name in ("energy", "climate", "water", "cost") if name in held]


def cells(footprint: Footprint, indicator: str, *columns: str) -> dict[tuple[str, ...], float]:
    """Best estimates by the words of several columns together, greatest first."""
    import numpy as np

    text = footprint.inventory.text
    joint = np.empty(len(footprint.inventory), dtype=object)
    joint[:] = list(zip(*(footprint.inventory.column(c) for c in columns), strict=True))
    tagged = replace(footprint, inventory=replace(footprint.inventory, text={**text, "_cell": joint}))
    return {key: float(best(amounts).sum()) for key, amounts in tagged.by("_cell", indicator).items()}  # type: ignore[misc]


def methods(footprint: Footprint) -> dict[str, float]:
    """Share of the electricity (best estimate) that is measured, modelled, declared."""
    shares: dict[str, float] = {}
    for method, amount in footprint.inventory.by("method").items():
        shares[METHODS[method]] = shares.get(METHODS[method], 0.0) + float(best(amount).sum())
    whole = sum(shares.values())
    return {word: share / whole for word, share in shares.items()} if whole else {}


def said_methods(footprint: Footprint) -> str:
    """``62 % measured, 38 % modelled``: how much of the energy was read from a meter."""
    shares = {"measured": 0.0, "modelled": 0.0, **methods(footprint)}
    if not methods(footprint):
        return "no electricity in this footprint"
    return ", ".join(f"{percent(share)} {word}" for word, share in shares.items() if share or word == "measured")


def embodied_share(footprint: Footprint, indicator: str = "climate") -> float:
    """Share of an indicator (best estimate) owed to making the hardware."""
    by_flow = {flow: value for (flow,), value in cells(footprint, indicator, "flow").items()}
    whole = sum(by_flow.values())
    return sum(v for flow, v in by_flow.items() if flow.split("/")[0] == EMBODIED) / whole if whole else 0.0


def device_hours(footprint: Footprint) -> float:
    """Hours of the devices (best estimate); the servers that hold them are not counted again."""
    hours = footprint.inventory.by("flow", EMBODIED)
    return sum(float(best(a).sum()) for flow, a in hours.items() if not flow.startswith(f"{EMBODIED}/server:"))


def places(footprint: Footprint) -> list[str]:
    """The sites of the rows, each once."""
    return [p for p in dict.fromkeys(footprint.inventory.column("site")) if p]


def drivers(footprint: Footprint, indicator: str = "climate", least: float = 0.01) -> dict[str, float]:
    """Inputs that own at least ``least`` of the variance, greatest first."""
    return {name: share for name, share in footprint.drivers(indicator).items() if share >= least}


def left_out(footprint: Footprint) -> dict[str, dict[str, float]]:
    """cut-off → indicator → what the totals do not hold (best estimates), for every cut-off of which rows have a price."""
    told: dict[str, dict[str, float]] = {}
    for indicator in footprint.study.indicators:
        for cutoff, amounts in footprint.left_out(indicator).items():
            told.setdefault(cutoff, {})[indicator] = float(best(amounts).sum())
    return told


def said_left_out(footprint: Footprint) -> str:
    """The study's cut-offs, those that have a price with the climate (else all) they would add: ``host (1.20 kg climate)``."""
    said = {}
    for cutoff, told in left_out(footprint).items():
        shown = {"climate": told["climate"]} if "climate" in told else told
        said[cutoff] = f"{cutoff} ({', '.join(f'{units.show(v, INDICATORS[i][0])} {i}' for i, v in shown.items())})"
    return ", ".join(said.get(cutoff, cutoff) for cutoff in footprint.study.cutoffs) or "nothing"


def study_words(footprint: Footprint) -> dict[str, str]:
    """The question answered, in words for a reader."""
    study = footprint.study
    scope = {"lifecycle": "life-cycle", "direct": "direct"}[study.scope]
    return {
        "Functional unit": study.functional_unit,
        "Perspective": study.perspective,
        "Grid factors": f"{study.accounting}-based, {study.grid}, {scope}",
        "Allocation": study.allocation,
        "Impact method": study.impact_method,
        "Reference year": str(study.reference_year or "not fixed"),
        "Left out": said_left_out(footprint),
    }


def study_record(study: Study) -> dict[str, Any]:
    """The study's fields, ready for JSON."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(study).items()}


def percent(share: float) -> str:
    """``38 %``; ``< 1 %`` for a trace, and never a round 0 or 100 that is not one."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def named(word: str) -> str:
    """A stage or component for a reader; rows that name none are said to."""
    return word or "not named"


def shares(parts: Mapping[Any, float]) -> dict[Any, float]:
    """The parts over their sum; empty where the sum is zero."""
    whole = sum(parts.values())
    return {key: value / whole for key, value in parts.items()} if whole else {}
