"""The one multiplication: linear, additive, complete, and never zero for want of a factor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_sample import (
    CLIMATE,
    PLACE,
    POWER,
    RATES,
    UNSURE,
    HourlyPlace,
    UncertainPlace,
    activities,
    drawn,
    one,
    row,
)

from counted_calls import calls
from jevons.core.activity import Activity
from jevons.core.assess import BEARS, assess
from jevons.core.errors import BadInput, MissingFactor, StudyMismatch
from jevons.core.factor import ConstantPlace, Factor
from jevons.core.source import Assumption
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import Draws, Uncertain

COLUMNS = st.sampled_from(["component", "stage", "flow", "method", "site", "boundary"])
STEPS_PER_YEAR = 8760


def same(first, second) -> bool:
    return np.allclose(*np.broadcast_arrays(first, second), rtol=1e-9, atol=1e-9)


def totals_agree(first, second) -> bool:
    return first.indicators == second.indicators and all(same(first.total(i), second.total(i)) for i in first.indicators)


@given(activities(), activities())
def test_assessing_a_sum_is_summing_the_assessments(a, b):
    separate = assess(a, UNSURE, draws=40) + assess(b, UNSURE, draws=40)
    assert totals_agree(assess(a + b, UNSURE, draws=40), separate)


@given(activities(), st.floats(1e-3, 1e3))
def test_assessing_a_multiple_is_the_multiple_of_the_assessment(a, k):
    assert totals_agree(assess(k * a, UNSURE, draws=40), k * assess(a, UNSURE, draws=40))


@given(activities(), COLUMNS)
def test_every_grouping_adds_up_to_the_total_for_best_estimate_and_every_draw(a, column):
    footprint = assess(a, UNSURE, draws=40)
    for indicator in footprint.indicators:
        assert same(sum(footprint.by(column, indicator).values()), footprint.total(indicator))


@given(activities())
def test_the_rows_of_the_blocks_add_up_to_the_total(a):
    footprint = assess(a, UNSURE, draws=40)
    blocks = [footprint.amounts(p).sum(axis=0) for p in footprint.priced if p.indicator == "climate"]
    assert not blocks or same(sum(blocks), footprint.total("climate"))


@given(activities(), st.lists(st.floats(0, 1.1e9), max_size=5))
def test_cutting_time_changes_no_footprint(a, borders):
    assert totals_agree(assess(a.resample(borders), UNSURE, draws=40), assess(a, UNSURE, draws=40))


def test_the_interval_of_a_year_does_not_shrink_when_it_is_split_into_hours():
    year = one(8760.0, start_s=0.0, end_s=3600.0 * STEPS_PER_YEAR)
    hours = year.resample(3600.0 * np.arange(STEPS_PER_YEAR))
    assert len(hours) == STEPS_PER_YEAR
    whole, split = assess(year, UNSURE, CLIMATE), assess(hours, UNSURE, CLIMATE)
    assert split.interval() == pytest.approx(whole.interval(), rel=1e-9)


def test_the_interval_of_many_rows_of_one_error_group_hardly_shrinks():
    draws = Draws(1000)
    parts = [draws.of(replace(POWER, key=f"board {i}")) for i in range(100)]
    low, high = np.quantile(sum(parts)[1:], [0.05, 0.95])
    alone_low, alone_high = np.quantile(100 * parts[0][1:], [0.05, 0.95])
    assert (high - low) / (alone_high - alone_low) == pytest.approx(0.8**0.5, abs=0.06)


def test_the_best_estimate_does_not_depend_on_the_draws():
    assert {assess(drawn(n=n), UNSURE, CLIMATE).best() for n in (10, 100)} == {assess(one(100.0), UNSURE, CLIMATE, 0).best()}


def test_energy_needs_no_factor_and_is_never_cut():
    assert assess(one(3.0), PLACE).best("energy") == 3.0


BORNE = [(f, i) for f, bears in BEARS.items() for i in bears]
BORNE.remove(("electricity", "energy"))  # a kWh of electricity is a kWh of energy, whoever supplies it


@pytest.mark.parametrize(("flow", "indicator"), BORNE)
def test_a_missing_factor_raises_and_is_never_zero(flow, indicator):
    present = {i: 1.0 for i in INDICATORS if i != indicator}
    study = Study(indicators=(indicator,), cutoffs=())
    with pytest.raises(MissingFactor, match=f"no {indicator} factor for {flow} at bare; add a row"):
        assess(one(flow=flow), ConstantPlace({flow: present}, name="bare"), study)


@pytest.mark.parametrize("cutoff", ["climate", "device_hours/climate", "device_hours/h100/climate"])
def test_a_missing_factor_that_the_study_cuts_off_is_left_out_and_not_zero(cutoff):
    study = CLIMATE.with_(cutoffs=(cutoff,))
    footprint = assess(one(flow="device_hours/h100"), ConstantPlace({}), study)
    assert footprint.indicators == ()
    with pytest.raises(BadInput, match="this footprint holds nothing"):
        footprint.total("climate")


def test_a_factor_that_is_not_a_number_is_a_missing_factor():
    place = ConstantPlace({"electricity": {"climate": float("nan")}}, name="gap")
    with pytest.raises(MissingFactor, match="no climate factor for electricity at gap for some of the rows"):
        assess(one(), place, CLIMATE)


def test_a_site_that_was_not_given_is_refused_with_those_that_were():
    with pytest.raises(BadInput, match="site: 'oslo' will not do; give a place for it; places given: here"):
        assess(one(site="oslo"), {"here": PLACE}, CLIMATE)


def test_each_row_is_priced_at_its_own_site():
    a = Activity.of([row(1.0, site="a"), row(1.0, site="b"), row(1.0, site="a")], served={"token": 9.0})
    dear, cheap = (ConstantPlace({"electricity": {"climate": r}}, name=n) for r, n in ((1.0, "a"), (0.1, "b")))
    footprint = assess(a, {"a": dear, "b": cheap}, CLIMATE)
    assert {s: float(v[0]) for s, v in footprint.by("site").items()} == {"a": 2.0, "b": pytest.approx(0.1)}
    assert footprint.inventory.served["token"].tolist() == [9.0]


def test_a_row_without_a_site_takes_the_name_of_the_place():
    assert assess(one(), PLACE, CLIMATE).by("site").keys() == {"here"}


def test_an_empty_activity_is_assessed_and_holds_nothing():
    empty = assess(Activity.of([]), PLACE)
    assert (len(empty.inventory), empty.indicators, str(empty)) == (0, (), "")
    assert totals_agree(assess(one(2.0), PLACE) + empty, assess(one(2.0), PLACE))


def test_an_amount_of_zero_costs_zero_and_explains_itself():
    explanation = assess(one(0.0), PLACE, CLIMATE).explain()
    assert (explanation.total, explanation.recomputed, explanation.lines[0].rate) == (0.0, 0.0, 0.4)


@dataclass(frozen=True)
class MarketPlace(ConstantPlace):
    def of(self, flow, when):
        kind = ("market", "average", "lifecycle")
        return {n: replace(f, kind=kind) for n, f in super().of(flow, when).items()}


def test_a_grid_factor_of_another_accounting_never_mixes_in():
    with pytest.raises(StudyMismatch, match="climate factor for electricity is market/average/lifecycle, the study asks for location"):
        assess(one(), MarketPlace(RATES, name="m"), CLIMATE)
    assert assess(one(), MarketPlace(RATES, name="m"), CLIMATE.with_(accounting="market")).best() == 0.4


def test_hourly_factors_meet_their_rows():
    a = Activity.of([row(1.0), row(2.0), row(3.0)])
    assert assess(a, HourlyPlace({}, series=np.array([1.0, 10.0, 100.0])), CLIMATE).best() == 321.0


def test_scenarios_of_a_factor_are_not_mistaken_for_rows_or_draws():
    a = Activity.of([row(drawn().amount[0]), row(drawn().amount[0])])
    footprint = assess(a, HourlyPlace({}, series=np.array([[1.0, 2.0]])), CLIMATE)
    assert footprint.total().shape == (2, 401)
    assert footprint.best().tolist() == [200.0, 400.0]


def test_scenarios_of_the_activity_meet_hourly_factors():
    a = Activity.of([row(1.0), row(2.0)]) * np.array([[1.0], [10.0], [100.0]])
    footprint = assess(a, HourlyPlace({}, series=np.array([1.0, 3.0])), CLIMATE, draws=50)
    assert footprint.total().shape == (3, 51)
    assert footprint.best().tolist() == [7.0, 70.0, 700.0]


@pytest.mark.parametrize("series", [np.ones(3), np.ones((3, 2))])
def test_a_factor_of_another_length_than_its_rows_is_refused(series):
    with pytest.raises(BadInput, match=r"climate factor for electricity: .* one for each of the 2 rows it prices"):
        assess(Activity.of([row(), row()]), HourlyPlace({}, series=series), CLIMATE)


def test_scenarios_of_different_lengths_are_refused():
    a = one() * np.ones((2, 1))
    with pytest.raises(BadInput, match=r"shapes \(\*scenarios, 1 \+ draws\)"):
        assess(a, HourlyPlace({}, series=np.ones((1, 3))), CLIMATE)


def test_assumptions_of_the_factors_used_stand_in_the_footprint():
    @dataclass(frozen=True)
    class Guessing(ConstantPlace):
        def of(self, flow, when):
            return {"climate": Factor(flow, "climate", 0.5, assumptions=(Assumption("zone", "world", "none given"),))}

    assert [a.what for a in assess(one(), Guessing({}), CLIMATE).assumptions] == ["zone"]


def test_the_uncertain_inputs_of_activity_and_factor_are_both_ranked():
    draws = Draws(400)
    a = Activity.of([row(draws.of(Uncertain.lognormal(9.0, 1.05, "power")))], drivers=draws.drivers)
    wide = UncertainPlace(RATES, name="here", spread=Uncertain.lognormal(1.0, 1.6, "grid"))
    ranked = assess(a, wide, CLIMATE).drivers()
    assert list(ranked)[:2] == ["grid", "power"]
    assert ranked["grid"] > 0.9


def test_the_kind_of_an_electricity_flow_is_energy_too():
    assert assess(one(2.0, flow="electricity/overhead"), PLACE).best("energy") == 2.0


def big(n: int) -> Activity:
    """n rows with text columns, hourly, without draws."""
    text = {name: np.full(n, word, dtype=object) for name, word in
            {"site": "", "boundary": "server", "method": "counter", "tier": "", "share": "whole"}.items()}  # fmt: skip
    for name, vocabulary in {"component": ["gpu", "cpu", "fan"], "stage": ["a", "b"], "flow": ["electricity"]}.items():
        text[name] = np.array(vocabulary, dtype=object)[np.arange(n) % len(vocabulary)]
    return Activity(3600.0 * np.arange(n), 3600.0 * (1 + np.arange(n)), text, np.ones((n, 1)))


def test_a_hundred_thousand_rows_are_priced_grouped_and_given_an_interval_by_a_few_calls_a_row():
    a, footprint = big(100_000), None

    def priced():
        nonlocal footprint
        footprint = assess(a, UNSURE, CLIMATE)
        return footprint.by("component"), footprint.interval()

    assert calls(priced) < 3 * len(a)
    groups, (low, high) = priced()
    assert sum(float(v[0]) for v in groups.values()) == pytest.approx(40_000.0)
    assert low < 40_000.0 < high


def test_a_year_of_hourly_factors_with_a_thousand_draws_stays_small():
    footprint = assess(big(8760), HourlyPlace({}, series=np.linspace(0.1, 0.7, 8760)), CLIMATE, draws=1000)
    assert footprint.total().shape == (1001,)
    assert max(p.rate.nbytes + p.spread.nbytes for p in footprint.priced) < 1e5


@dataclass(frozen=True)
class TwentyYears(ConstantPlace):
    def of(self, flow, when):
        return {n: replace(f, method="GWP20 AR6" if n == "climate" else "") for n, f in super().of(flow, when).items()}


def test_a_factor_of_another_impact_method_is_refused_and_never_relabelled():
    place = TwentyYears(RATES, name="t")
    with pytest.raises(StudyMismatch, match="t: the climate factor for electricity is of GWP20 AR6, the study asks for GWP100 AR6; name"):
        assess(one(), place, CLIMATE)
    assert assess(one(), place, CLIMATE.with_(impact_method="GWP20 AR6")).best() == 0.4
    assert assess(one(), PLACE, CLIMATE.with_(impact_method="GWP20 AR6")).best() == 0.4  # whoever states it answers for it
