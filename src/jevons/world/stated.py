"""A place of which some factors are stated by the user: they stand, everything else is the place's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jevons.core.activity import Activity, flow_unit
from jevons.core.errors import BadInput
from jevons.core.factor import Factor, Factors, Place, When
from jevons.core.source import UNSOURCED
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import Draws, Uncertain


@dataclass(frozen=True, eq=False)
class StatedPlace:
    """``base`` with ``rates`` in front: flow (``electricity``, ``device_hours/<name>``) → indicator → Factor."""

    base: Place
    rates: Mapping[str, Mapping[str, Factor]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The base's."""
        return self.base.name

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        """As the base supplies it."""
        return self.base.supply(demand, draws)

    def factors(self, study: Study) -> Factors:
        """The base's factors, the stated ones before them; these are of whatever kind the study asks for."""
        return StatedFactors(self.base.factors(study), self.rates)


@dataclass(frozen=True, eq=False)
class StatedFactors:
    """Factors with some of them replaced, by flow, or by the family of flows."""

    base: Factors
    rates: Mapping[str, Mapping[str, Factor]]

    def of(self, flow: str, when: When) -> Mapping[str, Factor]:
        """indicator → Factor; a kind of flow that is stated whole asks nothing of the base."""
        if flow in self.rates and "/" in flow:
            return self.rates[flow]
        return {**self.base.of(flow, when), **self.rates.get(flow.split("/")[0], {})}


def stated(flow: str, indicator: str, value: Any, what: str = "", place: str = "") -> Factor:
    """The factor a user states: a number per unit of the flow, scenarios of it, or Uncertain (known as ``what``).

    Errors: BadInput for no such flow or indicator, or for a spread about 0.
    """
    import numpy as np

    flow_unit(flow)
    if indicator not in INDICATORS:
        raise BadInput("indicator", indicator, f"choose among {', '.join(INDICATORS)}")
    if isinstance(value, Uncertain):
        return Factor(flow, indicator, value.best, UNSOURCED, place=place, spread=value.relative(what or flow))
    shaped = float(value) if np.ndim(value) == 0 else np.asarray(value, float)[None]  # a row, then scenarios
    return Factor(flow, indicator, shaped, UNSOURCED, place=place)
