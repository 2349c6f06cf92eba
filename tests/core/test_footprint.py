"""A footprint prints what it can explain, and compares only with answers to the same question."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kernel_sample import CLIMATE, PLACE, UNSURE, HourlyPlace, drawn, one, plain, row

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.footprint import paired_interval
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import Draws, Uncertain


def serving(tokens: float = 2e6, energy_kwh: float = 100.0) -> Activity:
    return Activity.of([row(energy_kwh)], served={"token": tokens})


@given(plain)
def test_an_explanation_recomputes_the_total(a):
    footprint = assess(a, UNSURE, draws=20)
    for indicator in footprint.indicators:
        explanation = footprint.explain(indicator)
        assert explanation.recomputed == pytest.approx(footprint.best(indicator), rel=1e-9, abs=1e-9)
        assert explanation.total == footprint.best(indicator)


def test_an_explanation_of_hourly_factors_recomputes_the_total():
    footprint = assess(Activity.of([row(1.0), row(2.0), row(4.0, stage="x")]), HourlyPlace({}, series=[1.0, 5.0, 9.0]), CLIMATE)
    explanation = footprint.explain()
    assert [(line.amount, line.impact) for line in explanation.lines] == [(3.0, 11.0), (4.0, 36.0)]
    assert explanation.recomputed == pytest.approx(47.0)


def test_an_explanation_prints_amount_times_factor_with_its_source():
    words = str(assess(one(250.0, stage="train", component="gpu", method="counter"), PLACE, CLIMATE).explain())
    assert words.splitlines()[0] == "climate: 100 kg"
    assert "train / gpu: 250.000 kWh × 0.4 kg/kWh = 100.0 kg  [stated; counter]" in words


def test_scenarios_are_not_summed_into_one_explanation():
    with pytest.raises(BadInput, match="explain one scenario at a time"):
        assess(one() * np.ones((2, 1)), PLACE, CLIMATE).explain()


@given(st.floats(1e-6, 1e12))
def test_the_printed_number_is_the_best_estimate(amount):
    footprint = assess(one(amount), PLACE, CLIMATE)
    assert units.read(footprint.say(), "kg") == pytest.approx(footprint.best(), rel=0.0051)


def test_with_draws_the_interval_is_printed_in_the_same_unit():
    energy_kwh = Draws(1000).of(Uncertain(800.0, 1000.0, 1300.0, "energy"))
    assert assess(one(energy_kwh), PLACE, CLIMATE).say() == "400 kg [320–520]"


def test_scenarios_print_their_range():
    assert assess(one() * np.array([[1.0], [5.0]]), PLACE, CLIMATE).say() == "2 scenarios, 0.4 to 2 kg"


def test_a_footprint_prints_one_line_an_indicator():
    printed = str(assess(one(), PLACE)).splitlines()
    assert [line.split()[0] for line in printed] == ["energy", "climate", "water_off_site", "water_scarcity", "cost"]


@given(st.floats(1.0, 1e15), st.floats(0.0, 1e9))
def test_a_functional_unit_times_its_count_is_the_total(tokens, energy_kwh):
    footprint = assess(serving(tokens, energy_kwh), PLACE, CLIMATE)
    assert footprint.per("1k tokens").best() * tokens / 1000 == pytest.approx(footprint.best())


@pytest.mark.parametrize(
    ("unit", "count"), [("1k tokens", 1e3), ("1M tokens", 1e6), ("token", 1), ("1000 tokens", 1e3), ("1,000 token", 1e3),
                        ("1 k tokens", 1e3), ("1000tokens", 1e3)],
)  # fmt: skip
def test_a_functional_unit_is_read_as_people_write_it(unit, count):
    footprint = assess(serving(tokens=2e6), PLACE, CLIMATE)
    assert footprint.per(unit).best() == pytest.approx(footprint.best() * count / 2e6)
    assert footprint.per(unit).inventory.served["token"][0] == pytest.approx(count)


def test_a_unit_beginning_with_a_capital_is_not_taken_for_a_count():
    a = Activity.of([row(8.0)], served={"Tile": 4.0})
    assert assess(a, PLACE, CLIMATE).per("Tile").best() == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("unit", "message"),
    [("1k images", "unit: '1k images' will not do; this activity served token"),
     ("", "say a count and a unit, e.g. '1k tokens'"), ("12", "say a count and a unit"), ("0 tokens", "count at least one")],
)  # fmt: skip
def test_a_unit_that_was_not_served_is_refused(unit, message):
    with pytest.raises(BadInput, match=message):
        assess(serving(), PLACE, CLIMATE).per(unit)


def test_nothing_served_divides_nothing():
    with pytest.raises(BadInput, match=r"count at least one: this activity served 0.0 token"):
        assess(serving(tokens=0.0), PLACE, CLIMATE).per("1k tokens")
    with pytest.raises(BadInput, match="served no counted unit"):
        assess(one(), PLACE, CLIMATE).per("1k tokens")


def test_scenarios_of_what_was_served_divide_their_own_amounts():
    a = Activity.of([row(8.0)], served={"token": np.array([[1e3], [4e3]])})
    assert assess(a, PLACE, CLIMATE).per("1k tokens").best().tolist() == pytest.approx([3.2, 0.8])


@pytest.mark.parametrize(("field", "value"), [("accounting", "market"), ("reference_year", 2020), ("functional_unit", "day")])
def test_footprints_of_different_studies_refuse_to_be_subtracted_or_added(field, value):
    first, second = assess(one(), PLACE), assess(one(), PLACE, Study(**{field: value}))
    for attempt in (lambda: first - second, lambda: first + second):
        with pytest.raises(StudyMismatch, match=f"{field}: "):
            attempt()


def test_a_footprint_per_unit_is_not_compared_with_a_whole():
    footprint = assess(serving(), PLACE, CLIMATE)
    with pytest.raises(StudyMismatch, match="functional_unit: 'the run' against '1k tokens'"):
        footprint - footprint.per("1k tokens")


def test_a_paired_difference_is_taken_draw_by_draw():
    more, less = assess(drawn(110.0), UNSURE, CLIMATE), assess(drawn(100.0), UNSURE, CLIMATE)
    value, low, high = paired_interval(more - less, "climate")
    assert value == pytest.approx(4.0)
    assert 0 < low < 4.0 < high < more.interval()[1] - less.interval()[0]


def test_a_footprint_less_itself_is_zero_in_every_draw():
    footprint = assess(drawn(), UNSURE)
    assert all(not d.any() for d in (footprint - footprint).values())


@given(plain, plain)
def test_a_difference_is_the_negative_of_its_mirror(a, b):
    first, second = assess(a, UNSURE, draws=20), assess(b, UNSURE, draws=20)
    assume(first.indicators == second.indicators)
    assert all(np.allclose((first - second)[i], -(second - first)[i]) for i in first.indicators)


def test_the_measured_share_counts_counters_and_integrated_power():
    a = Activity.of([row(1.0, method="counter"), row(2.0, method="integrated"), row(7.0), row(9.0, flow="device_hours")])
    assert assess(a, PLACE).measured_share() == pytest.approx(0.3)
    assert assess(one(0.0), PLACE).measured_share() == 0.0


def test_an_indicator_that_was_not_priced_is_refused_with_those_that_were():
    with pytest.raises(BadInput, match="indicator: 'cost' will not do; this footprint holds climate"):
        assess(one(), PLACE, CLIMATE).total("cost")


def test_a_numpy_number_from_the_left_scales_a_footprint():
    assert (np.float64(2.0) * assess(one(), PLACE, CLIMATE)).best() == 0.8


def test_every_indicator_printed_has_a_ladder_or_its_own_unit():
    assert all(units.show(2.0, unit).endswith(unit) for unit, _ in INDICATORS.values())


def test_sources_are_listed_once():
    assert [s.id for s in assess(drawn() + one(), PLACE).sources] == ["definition", "stated"]


def test_a_footprint_survives_pickling():
    footprint = assess(drawn(), UNSURE)
    again = pickle.loads(pickle.dumps(footprint))
    assert str(again) == str(footprint)
