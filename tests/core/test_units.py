"""Text becomes floats at the border and floats become text; nothing unreadable ever becomes a number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core import units
from jevons.core.activity import FLOW_UNITS
from jevons.core.errors import BadInput
from jevons.core.study import INDICATORS
from jevons.core.units import UNITS, convert, read, scale_of, show, significant

SAME_DIMENSION = [(a, b) for a in UNITS for b in UNITS if a and b and UNITS[a][0] == UNITS[b][0]]

READ = [
    ("300 W", "W", 300.0), ("0.7 kW", "W", 700.0), ("300W", "W", 300.0), ("429 g/kWh", "kg/kWh", 0.429),
    ("429 gCO2e/kWh", "kg/kWh", 0.429), ("429 g CO2e / kWh", "kg/kWh", 0.429), ("1000 lb/MWh", "kg/kWh", 0.45359237),
    ("2T", "", 2e12), ("300B", "", 3e11), ("1.5 M tokens", "tokens", 1.5e6), ("300B tokens", "", 3e11),
    ("1,000", "", 1000.0), ("1,234,567.5", "", 1234567.5), ("1_000", "", 1000.0), ("3e11", "", 3e11),
    ("3 days", "s", 259200.0), ("3 days", "h", 72.0), ("1 GiB", "GB", 1.073741824), ("50%", "", 0.5),
    (".5 h", "s", 1800.0), ("1 TB-month", "GB-month", 1000.0), ("1 m3", "L", 1000.0), (3, "W", 3.0), (0, "W", 0.0),
]  # fmt: skip

REFUSED = [
    ("2 apples", "tokens", "tokens: '2 apples' will not do; no unit of that name; e.g. '300 tokens'"),
    ("2 apples", "", "'2 apples' will not do; no unit of that name; e.g. '300B' or 3e11"),
    ("300 kg", "W", "'300 kg' will not do; it measures mass, not power (W)"),
    ("429 g/kWh", "kg", "it measures mass/energy, not mass (kg)"),
    ("many", "W", "give a number with a unit, e.g. '300 W'"),
    ("", "W", "give a number with a unit"),
    ("1,5 kg", "kg", "write a decimal point, and commas only between thousands"),
    ("12,34", "", "write a decimal point"),
    ("3 CO2e", "", "no unit of that name"),
    ("-5 W", "W", "'-5 W' will not do; give a value of at least 0"),
    ("1e999 W", "W", "give a finite number"),
    ("nan", "W", "give a number with a unit"),
    (float("nan"), "W", "nan will not do; give a finite number"),
    (float("inf"), "W", "inf will not do; give a finite number"),
    (-1, "W", "-1 will not do; give a value of at least 0"),
    (None, "W", "None will not do; give a number or text with a unit, e.g. '300 W'"),
    (True, "W", "True will not do; give a number or text"),
    (np.True_, "W", "give numbers, not yes or no"),
    (np.float32("nan"), "W", "give a finite number"),
    ([1.0, float("nan"), float("inf")], "W", "an array with 2 entries not finite"),
    ([1.0, -2.0], "W", "-2.0 will not do; give values of at least 0"),
    ([1.0, None], "W", "an array with 1 entries not finite"),
    (["1", "2 apples"], "W", "give a number, text with a unit, or an array of numbers"),
    (object(), "W", "give a number, text with a unit, or an array of numbers"),
]


@pytest.mark.parametrize(("text", "unit", "value"), READ)
def test_a_quantity_is_read_in_the_unit_asked_for(text, unit, value):
    assert read(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("value", "unit", "words"), REFUSED, ids=lambda v: str(v)[:20])
def test_what_is_no_quantity_is_refused_in_words(value, unit, words):
    with pytest.raises(BadInput) as trouble:
        read(value, unit, "tokens")
    assert words in str(trouble.value)
    assert trouble.value.field == "tokens"


def test_a_minimum_holds_for_text_numbers_and_arrays():
    for value in ("0.9", 0.9, [1.2, 0.9]):
        with pytest.raises(BadInput, match=r"pue: .*0\.9.* will not do; .* of at least 1"):
            read(value, "", "pue", minimum=1.0)


def test_no_minimum_admits_negative_numbers():
    assert read("-5", "", minimum=None) == -5.0


def test_arrays_pass_as_arrays_and_numpy_numbers_as_floats():
    assert read([1, 2], "W").tolist() == [1.0, 2.0]
    assert type(read(np.int64(3), "W")) is float


def test_lb_per_mwh_is_divided_out():
    assert convert(1000.0, "lb/MWh", "kg/kWh") == pytest.approx(0.45359237)


def test_units_of_different_dimensions_do_not_convert():
    with pytest.raises(BadInput, match=r"unit: 'kg' will not do; it measures mass, not power \(W\)"):
        convert(1.0, "kg", "W")


def test_milli_and_mega_are_kept_apart():
    assert convert(1.0, "MW", "mW") == pytest.approx(1e9)
    assert convert(1.0, "ML", "mL") == pytest.approx(1e9)


@given(st.sampled_from(SAME_DIMENSION), st.floats(1e-12, 1e12))
def test_a_conversion_there_and_back_changes_nothing(pair, value):
    there, back = pair
    assert convert(convert(value, there, back), back, there) == pytest.approx(value, rel=1e-12)


@given(st.sampled_from(sorted(units._LADDERS)), st.floats(1e-15, 1e20))
def test_what_is_shown_can_be_read_again(unit, value):
    assert read(show(value, unit, 6), unit) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("unit", sorted({u for u, _ in INDICATORS.values()} | set(FLOW_UNITS.values())))
def test_every_unit_of_an_indicator_or_a_flow_can_be_read_at_the_border(unit):
    assert read(f"2 {unit}", unit) == 2.0


@given(st.floats(1e-300, 1e300), st.integers(1, 8))
def test_significant_digits_are_kept(value, digits):
    assert float(significant(value, digits).replace(",", "")) == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (9.996, "10.0"), (999.6, "1,000"), (1234567, "1,230,000"), (-0.001234, "-0.00123"),
     (1e300, "1.00e+300"), (1e-300, "1.00e-300"), (5e-324, "4.94e-324"), (math.nan, "nan"), (math.inf, "inf")],
)  # fmt: skip
def test_numbers_are_printed_with_three_digits(value, words):
    assert significant(value) == words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(1_287_000, "kWh", "1.29 GWh"), (999.6, "kg", "1.00 t"), (0.0, "kg", "0 kg"), (1e-3, "kg", "1.00 g"),
     (-2000.0, "kg", "-2.00 t"), (90.0, "s", "1.50 min"), (3e15, "kWh", "3,000,000 TWh"), (2.0, "kgSb", "2.00 kgSb")],
)  # fmt: skip
def test_a_value_is_shown_in_the_multiple_a_person_would_say(value, unit, words):
    assert show(value, unit) == words


@given(st.floats(1e-3, 1e12), st.sampled_from(["kWh", "kg", "L", "USD"]))
def test_the_multiple_chosen_leaves_at_least_one_unit(value, unit):
    _, size = scale_of(value, unit)
    assert value / size >= 0.9995 or size == units._LADDERS[unit][0][1]


def test_temperatures_convert_both_ways():
    assert units.fahrenheit(100.0) == 212.0
    assert units.celsius(units.fahrenheit(np.array([-40.0, 25.0]))).tolist() == pytest.approx([-40.0, 25.0])
