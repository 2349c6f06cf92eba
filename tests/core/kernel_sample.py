"""Small activities and places that the tests of the kernel share, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from jevons.core.activity import Activity
from jevons.core.factor import ConstantPlace, Factor
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain

RATES = {
    "electricity": {"climate": 0.4, "water_off_site": 1.8, "water_scarcity": 2.5, "cost": 0.09},
    "device_hours": {"climate": 0.02},
    "water": {"water_on_site": 1.0, "water_scarcity": 1.4},
}
PLACE = ConstantPlace(RATES, name="here")
CLIMATE = Study(indicators=("climate",))
POWER = Uncertain(80.0, 100.0, 130.0, key="power", group="board")


@dataclass(frozen=True)
class UncertainPlace(ConstantPlace):
    """The same factors, each with a spread of 20 % down and 30 % up that all share one error group."""

    spread: Uncertain = field(default=Uncertain(0.8, 1.0, 1.3, group="grid method"))

    def of(self, flow: str, when: Any) -> Mapping[str, Factor]:
        found = super().of(flow, when)
        return {n: Factor(flow, n, f.value, place=self.name, spread=self.spread) for n, f in found.items()}


@dataclass(frozen=True)
class HourlyPlace(ConstantPlace):
    """One climate factor for each row, taken in order from ``series`` (rows, *scenarios)."""

    series: Any = None

    def of(self, flow: str, when: Any) -> Mapping[str, Factor]:
        return {"climate": Factor(flow, "climate", self.series, place=self.name, spread=Uncertain(0.5, 1.0, 1.5, "grid"))}


UNSURE = UncertainPlace(RATES, name="here")


def row(amount: Any = 1.0, **text: Any) -> dict[str, Any]:
    return {"amount": amount, **text}


def one(amount: Any = 1.0, **text: Any) -> Activity:
    return Activity.of([row(amount, **text)])


def drawn(best: float = 100.0, n: int = 400, **text: Any) -> Activity:
    """One row whose amount carries draws."""
    return one(Draws(n).of(POWER) * best / 100.0, **text)


amounts = st.floats(0, 1e6, allow_nan=False)
words = st.sampled_from(["", "gpu", "cpu", "fan"])
flows = st.sampled_from(["electricity", "device_hours", "device_hours/h100", "water", "water/on_site"])
rows = st.fixed_dictionaries({
    "amount": amounts, "component": words, "stage": words, "flow": flows,
    "start_s": st.integers(0, 10**9).map(float), "method": st.sampled_from(["counter", "modelled"]),
}).map(lambda r: {**r, "end_s": r["start_s"] + 3600.0 * (1 + r["start_s"] % 50)})  # fmt: skip
plain = st.lists(rows, min_size=1, max_size=6).map(Activity.of)
shapes = st.sampled_from([(1,), (41,), (3, 1), (3, 41), (2, 3, 41)])


@st.composite
def activities(draw: Any) -> Activity:
    """A plain activity, or one with axes of scenarios and draws."""
    activity, shape = draw(plain), draw(shapes)
    return activity * np.random.default_rng(draw(st.integers(0, 99))).uniform(0.5, 2.0, shape)
