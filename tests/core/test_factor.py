"""A factor is impact per unit of a flow, with its spread kept beside it."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_sample import PLACE

from jevons.core.factor import Factor, Factors, Place
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain


@pytest.mark.parametrize(
    ("value", "shape"),
    [(0.4, (1, 1)), ([0.4, 0.5], (2, 1)), (np.ones((1, 3)), (1, 3, 1)), (np.ones((5, 2, 3)), (5, 2, 3, 1))],
)  # fmt: skip
def test_a_rate_has_rows_first_and_draws_last(value, shape):
    assert Factor("electricity", "climate", value).rate.shape == shape


def test_a_spread_multiplies_the_value_and_leaves_the_best_estimate():
    factor = Factor("electricity", "climate", [0.4, 0.5], spread=Uncertain(0.8, 1.0, 1.3, "grid"))
    drawn = factor.rate * factor.multiplier(Draws(100))
    assert drawn.shape == (2, 101)
    assert drawn[:, 0].tolist() == [0.4, 0.5]


def test_a_spread_without_a_key_is_keyed_by_what_it_prices():
    draws, spread = Draws(100), Uncertain(0.8, 1.0, 1.3)
    here, there = (Factor("electricity", "climate", 1.0, place=p, spread=spread).multiplier(draws) for p in "AB")
    assert (here != there).any()
    assert set(draws.drivers) == {"electricity climate A", "electricity climate B"}


def test_the_unit_is_that_of_the_indicator():
    assert Factor("electricity", "water_off_site", 1.8).unit == "L"


def test_the_constant_place_is_a_place_and_supplies_factors():
    assert isinstance(PLACE, Place)
    assert isinstance(PLACE.factors(Study()), Factors)


def test_a_kind_of_flow_is_priced_as_its_family():
    assert PLACE.of("device_hours/h100", None)["climate"].value == 0.02
    assert PLACE.of("travel", None) == {}
