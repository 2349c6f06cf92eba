"""Water formulas: published numbers, physics, and input that must be refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.errors import BadInput
from jevons.world import water

with (Path(__file__).parents[1] / "golden/water.csv").open(newline="", encoding="utf-8") as _file:
    GOLDEN = list(csv.DictReader(_file))


def computed(call: str) -> float:
    name, *given_ = call.split(":")
    numbers = [float(n) for n in given_]
    if name in ("on_site", "off_site"):
        return float(water.operational_l(*numbers)[name == "off_site"])
    return float(getattr(water, name)(*numbers))


@pytest.mark.parametrize("row", GOLDEN, ids=[row["id"] for row in GOLDEN])
def test_a_published_number_comes_out(row: dict[str, str]) -> None:
    assert computed(row["function"]) == pytest.approx(float(row["value"]), rel=float(row["tolerance"]))


def test_on_site_water_is_not_multiplied_by_the_overhead_of_the_facility() -> None:
    assert water.operational_l(100.0, 0.5, 1.0, 2.0)[0] == water.operational_l(100.0, 0.5, 2.0, 2.0)[0]


def test_the_formulas_take_arrays() -> None:
    warm = np.array([40.0, 60.0, 80.0])
    for formula in (water.wue_less_thirsty, water.wue_fixed_approach, water.wue_fixed_cold_water):
        assert formula(warm).tolist() == pytest.approx([float(formula(w)) for w in warm])


def test_saturated_air_has_the_wet_bulb_of_its_own_temperature() -> None:
    assert float(water.wet_bulb_c(25.0, 1.0)) == pytest.approx(25.0, abs=1e-6)


@given(st.floats(-10, 45), st.floats(0.2, 0.99))
def test_the_wet_bulb_never_exceeds_the_dry_bulb(dry: float, humidity: float) -> None:
    assert float(water.wet_bulb_c(dry, humidity)) <= dry + 1e-9


@given(st.floats(5, 45), st.floats(0.2, 0.99))
def test_the_closed_fit_agrees_with_the_psychrometer_within_its_stated_error(dry: float, humidity: float) -> None:
    difference = float(water.wet_bulb_stull_c(dry, humidity) - water.wet_bulb_c(dry, humidity))
    assert -1.1 < difference < 1.1


def test_thin_air_cools_further() -> None:
    assert water.wet_bulb_c(25.0, 0.3, 850.0) < water.wet_bulb_c(25.0, 0.3)


def test_a_humidity_in_percent_is_refused_with_the_mend() -> None:
    with pytest.raises(BadInput, match=r"60 % is 0\.6"):
        water.wet_bulb_c(20.0, 60.0)


def test_one_cycle_of_concentration_is_refused() -> None:
    with pytest.raises(BadInput, match="above 1"):
        water.wue_less_thirsty(60.0, cycles=1.0)


def test_a_fuel_without_water_is_an_error_not_zero() -> None:
    with pytest.raises(KeyError, match="peat"):
        water.ewif({"coal": 0.5, "peat": 0.5}, {"coal": 2.0})
