"""Cells of measured rows, and energy written in another unit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.errors import TableError
from jevons.estimate.validation import readings
from jevons.estimate.validation.readings import JOULES_AS, UNIT_OFF, other_unit


def test_an_empty_cell_is_no_number_and_an_observation_that_is_not_known():
    for row in ({"x": " "}, {}, {"x": None}):
        assert readings.number(row, "x", "f.csv", 2) is None
        assert math.isnan(readings.observed(row, "x", "f.csv", 2))


@pytest.mark.parametrize("read", [readings.needed, readings.positive])
def test_a_cell_that_is_needed_may_not_be_empty(read):
    with pytest.raises(TableError, match=r"f\.csv, row 7, column x"):
        read({"x": ""}, "x", "f.csv", 7)


@pytest.mark.parametrize("text", ["many", "nan", "inf", "-inf", "-1"])
@pytest.mark.parametrize("read", [readings.number, readings.observed, readings.needed, readings.positive])
def test_a_cell_that_holds_no_sensible_number_is_refused_by_row_and_column(read, text):
    with pytest.raises(TableError, match=r"f\.csv, row 7, column x.*give a finite number"):
        read({"x": text}, "x", "f.csv", 7)


def test_zero_is_a_number_and_no_positive_one():
    assert readings.needed({"x": " 0 "}, "x", "f.csv", 2) == 0
    with pytest.raises(TableError, match="above 0"):
        readings.positive({"x": "0"}, "x", "f.csv", 2)


def test_a_number_below_the_least_is_refused_with_the_least():
    with pytest.raises(TableError, match="at least 1"):
        readings.number({"pue": "0.9"}, "pue", "f.csv", 2, least=1.0)


@given(st.sampled_from(sorted(JOULES_AS)), st.floats(-0.5, 0.5))
def test_energy_near_another_unit_is_taken_for_that_unit(unit, off):
    assert other_unit(JOULES_AS[unit] * math.exp(off)) == unit


@given(st.floats(-math.log(UNIT_OFF), math.log(UNIT_OFF)))
def test_energy_near_the_expected_is_in_joules(off):
    assert other_unit(math.exp(off)) == ""


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan])
def test_what_is_no_energy_is_in_no_unit(ratio):
    assert other_unit(ratio) == ""
