"""Factor: impact per unit of a flow, with its source and spread; and the protocols of those who supply factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from jevons.core.source import UNSOURCED, Assumption, Source
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import Draws, Uncertain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jevons.core.activity import Activity

CERTAIN = Uncertain(1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False, slots=True)
class Factor:
    """``value`` units of ``indicator`` per unit of ``flow``.

    ``value``: a float, or an array (rows | 1, *scenarios) aligned with the rows it prices. ``spread``: a
    multiplier about 1. ``kind``: accounting, grid and scope of a grid factor, empty for others. ``method``: the impact
    method it was made by (see ``study.IMPACT_METHODS``), empty where whoever states it answers for that. ``tried``:
    the chain of places the resolver went through. ``quality``: five digits, reliability to technology, 1 best.
    """

    flow: str
    indicator: str
    value: Any
    source: Source = UNSOURCED
    year: int | None = None
    place: str = ""
    kind: tuple[str, ...] = ()
    spread: Uncertain = CERTAIN
    quality: str = ""
    tried: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = field(default=())
    method: str = ""

    @property
    def unit(self) -> str:
        """The indicator's unit (its amount per unit of the flow)."""
        return INDICATORS[self.indicator][0]

    @property
    def rate(self) -> NDArray[np.float64]:
        """The value with every axis in its place: (rows | 1, *scenarios, 1)."""
        import numpy as np

        return np.atleast_2d(np.asarray(self.value, dtype=float)[..., None])

    def multiplier(self, draws: Draws) -> NDArray[np.float64]:
        """The spread drawn, (1 + draws | 1,); a spread without a key is keyed by what it prices."""
        return draws.of(self.spread, f"{self.flow} {self.indicator} {self.place}".strip())


When = tuple[Any, Any]  # (start_s, end_s), arrays of equal length, NaN where not dated


@runtime_checkable
class Factors(Protocol):
    """What one unit of a flow costs, at the times given."""

    def of(self, flow: str, when: When) -> Mapping[str, Factor]:
        """indicator → Factor; a flow that is not priced gives an empty mapping."""
        ...


@runtime_checkable
class Place(Protocol):
    """Where things run: what must be supplied beyond the demand, and what each unit of it costs."""

    @property
    def name(self) -> str:
        """What its rows are called in a footprint."""
        ...

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        """The demand's rows, every one, and the rows that lie outside their boundary."""
        ...

    def factors(self, study: Study) -> Factors:
        """The factors admitted by the study's accounting."""
        ...


@dataclass(frozen=True)
class ConstantPlace:
    """A stand-in: no overhead, and the same factors at all times, e.g. ``{"electricity": {"climate": 0.4}}``."""

    rates: Mapping[str, Mapping[str, float]]
    name: str = "constant"

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        """The demand itself."""
        return demand

    def factors(self, study: Study) -> Factors:
        """These rates under any study."""
        return self

    def of(self, flow: str, when: When) -> Mapping[str, Factor]:
        """The rates of the flow, or of its family."""
        rates = self.rates.get(flow, self.rates.get(flow.split("/")[0], {}))
        return {name: Factor(flow, name, value, place=self.name) for name, value in rates.items()}
