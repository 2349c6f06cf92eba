"""Rows of consumption and their algebra: they add, scale, group and are cut without losing anything."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_sample import activities, drawn, one, plain, row

from counted_calls import calls
from jevons.core.activity import DEFAULTS, FLOW_UNITS, Activity, flow_unit, places_of
from jevons.core.errors import BadInput
from jevons.core.source import Assumption

EMPTY = Activity.of([])
FLOWS = ("electricity", "device_hours", "water")


def same(first: np.ndarray, second: np.ndarray) -> bool:
    return np.allclose(*np.broadcast_arrays(first, second), rtol=1e-12, atol=1e-9)


@given(activities(), activities(), activities())
def test_addition_is_associative_in_totals(a, b, c):
    assert all(same(((a + b) + c).total(f), (a + (b + c)).total(f)) for f in FLOWS)


@given(activities(), activities())
def test_the_total_of_a_sum_is_the_sum_of_the_totals(a, b):
    assert all(same((a + b).total(f), a.total(f) + b.total(f)) for f in FLOWS)


@given(activities(), st.floats(0, 1e3))
def test_scaling_scales_every_total_from_either_side(a, k):
    assert same((a * k).total(), k * a.total())
    assert same((k * a).total(), (a * k).total())


@given(activities(), st.sampled_from(["component", "stage", "method", "site", "boundary"]))
def test_every_grouping_adds_up_to_the_total(a, column):
    assert all(same(sum(a.by(column, f).values(), np.zeros(1)), a.total(f)) for f in FLOWS)


@given(activities(), st.lists(st.floats(0, 1.1e9), max_size=8))
def test_cutting_intervals_conserves_amounts(a, borders):
    assert all(same(a.resample(borders).total(f), a.total(f)) for f in FLOWS)


@given(plain, st.lists(st.floats(0, 1.1e9), min_size=1, max_size=8))
def test_no_piece_straddles_a_border_and_no_second_is_lost(a, borders):
    pieces = a.resample(borders)
    assert not any(((pieces.start_s < b) & (pieces.end_s > b)).any() for b in borders)
    assert (pieces.end_s - pieces.start_s).sum() == pytest.approx((a.end_s - a.start_s).sum())


def test_a_row_is_shared_out_by_time():
    pieces = one(12.0, start_s=0.0, end_s=3600.0).resample([900.0])
    assert pieces.amount[:, 0].tolist() == [3.0, 9.0]
    assert pieces.rows()[1]["start_s"] == 900.0


@pytest.mark.parametrize("times", [{}, {"start_s": 5.0}, {"end_s": 5.0}, {"start_s": 5.0, "end_s": 5.0}])
def test_a_row_without_an_interval_stays_whole(times):
    assert len(one(1.0, **times).resample([0.0, 4.0, 5.0, 6.0])) == 1


def test_nothing_is_cut_where_there_are_no_borders_or_no_rows():
    assert len(one(1.0, start_s=0.0, end_s=9.0).resample([])) == 1
    assert len(EMPTY.resample([1.0, 2.0])) == 0


def test_an_array_of_scenarios_multiplies_every_row_and_is_not_mistaken_for_rows():
    pair = Activity.of([row(1.0), row(10.0)]) * np.array([[1.0], [3.0]])
    assert pair.amount.shape == (2, 2, 1)
    assert pair.total()[:, 0].tolist() == [11.0, 33.0]


def test_a_numpy_factor_from_the_left_gives_an_activity():
    assert isinstance(np.float64(2.0) * one(3.0), Activity)
    assert (np.array([[1.0], [2.0]]) * one(3.0)).total()[:, 0].tolist() == [3.0, 6.0]


def test_scenarios_and_draws_add_to_rows_without_them():
    both = one(2.0) + drawn() * np.array([[1.0], [2.0]])
    assert both.amount.shape == (2, 2, 401)
    assert both.total()[:, 0].tolist() == [102.0, 202.0]


def test_what_was_served_is_scaled_and_added():
    first = Activity.of([row()], served={"token": 10.0, "image": 1.0})
    second = Activity.of([row()], served={"token": 5.0, "request": 2.0})
    both = first * 2 + second
    assert {k: float(v[0]) for k, v in both.served.items()} == {"token": 25.0, "image": 2.0, "request": 2.0}


def test_what_was_assumed_and_whence_it_came_is_carried_once():
    pue = Assumption("PUE", "1.4", "none given")
    a = Activity.of([row()], assumptions=(pue,), sources=("s1",))
    both = a + a.assume(pue, Assumption("zone", "FR", "none given"))
    assert (len(both.assumptions), both.sources) == (2, ("s1",))


def test_a_label_one_side_lacks_is_empty_there():
    assert (one(run="a") + one()).column("run").tolist() == ["a", ""]


def test_adding_the_empty_activity_changes_nothing():
    a = drawn() * np.ones((3, 1))
    assert same((a + EMPTY).total(), a.total())
    assert same((EMPTY + a).total(), a.total())


def test_an_empty_activity_has_no_rows_a_total_of_zero_and_no_groups():
    assert (len(EMPTY), EMPTY.total().tolist(), EMPTY.by("stage"), EMPTY.rows()) == (0, [0.0], {}, [])


def test_rows_are_chosen_by_words_and_by_a_test():
    a = Activity.of([row(1.0, stage="train"), row(2.0, stage="eval")])
    assert a.where(stage="eval").total()[0] == 2.0
    assert a.where(lambda r: r["amount"] < 2).total()[0] == 1.0


def test_a_flow_holds_its_kinds_but_not_its_namesakes():
    a = Activity.of([row(1.0, flow="water"), row(2.0, flow="water/on_site"), row(4.0, flow="electricity")])
    assert a.total("water")[0] == 3.0
    assert a.total("water/on_site")[0] == 2.0
    assert a.total("electricity/on_site")[0] == 0.0
    with pytest.raises(BadInput, match="flow: .wat. will not do; use one of electricity"):
        a.total("wat")


def test_a_column_nobody_has_is_refused_with_those_there_are():
    for ask in (lambda a: a.where(stgae="x"), lambda a: a.by("stgae"), lambda a: a.column("stgae")):
        with pytest.raises(BadInput, match="column: 'stgae' will not do; this activity has site, component, stage"):
            ask(one())


def test_groups_come_greatest_first():
    a = Activity.of([row(1.0, stage="small"), row(5.0, stage="large"), row(2.0, stage="small")])
    assert list(a.by("stage")) == ["large", "small"]


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_places_of_words_are_where_the_words_stand(words):
    places = places_of(words)
    assert list(places) == list(dict.fromkeys(words))
    assert all([words[i] for i in rows] == [w] * words.count(w) for w, rows in places.items())


@pytest.mark.parametrize(
    ("column", "word", "message"),
    [("flow", "steam", f"flow: 'steam' will not do; use one of {', '.join(FLOW_UNITS)}"),
     ("boundary", "rack", "activity boundary: 'rack' will not do; use one of chip, server, facility"),
     ("method", "felt", "activity method: 'felt' will not do; use one of counter, integrated, modelled, declared"),
     ("tier", "best", "activity tier: 'best' will not do; use one of calibrated, family, physics, guess")],
)  # fmt: skip
def test_a_word_outside_the_vocabulary_is_refused_in_rows_and_in_labels(column, word, message):
    for attempt in (lambda: one(**{column: word}), lambda: one().label(**{column: word})):
        with pytest.raises(BadInput) as trouble:
            attempt()
        assert str(trouble.value) == message


@pytest.mark.parametrize(
    ("amount", "message"),
    [(math.nan, "activity row 1, amount: nan will not do; give finite amounts of at least 0"),
     (math.inf, "activity row 1, amount: inf will not do"), (-2.0, "activity row 1, amount: -2.0 will not do"),
     ([1.0, math.nan], "activity row 1, amount: nan will not do"),
     ("2 apples", "activity row 1, amount: '2 apples' will not do; give a number in the flow's unit"),
     (object(), "give a number in the flow's unit, or an array ending in the axis of draws")],
)  # fmt: skip
def test_an_amount_that_is_no_amount_is_refused_and_the_row_named(amount, message):
    with pytest.raises(BadInput) as trouble:
        Activity.of([row(1.0), row(amount)])
    assert message in str(trouble.value)


def test_a_row_without_an_amount_is_refused():
    with pytest.raises(BadInput, match="activity row 0, amount"):
        Activity.of([{"stage": "train"}])


def test_an_interval_that_runs_backwards_is_refused():
    with pytest.raises(BadInput, match=r"activity row 0, end_s: 1.0 will not do; it lies before start_s 2"):
        one(start_s=2.0, end_s=1.0)


def test_a_time_in_words_is_refused():
    with pytest.raises(BadInput, match="give UTC seconds since 1970"):
        one(start_s="yesterday")


def test_a_factor_that_is_not_finite_is_refused():
    with pytest.raises(BadInput, match="factor: nan will not do; multiply an activity by finite numbers"):
        one() * math.nan


def test_different_numbers_of_draws_do_not_add():
    with pytest.raises(BadInput, match=r"shapes .*\(101,\), \(201,\).* the same number of draws"):
        drawn(n=100) + drawn(n=200)


def test_draws_of_different_seeds_do_not_add():
    first, second = (Activity.of(drawn().rows(), seed=s) * np.ones(401) for s in (1, 2))
    with pytest.raises(BadInput, match=r"seed: \[1, 2\] will not do; draw all parts under one seed"):
        first + second


def test_every_flow_has_a_unit_and_a_kind_has_that_of_its_family():
    assert flow_unit("water/on_site") == "L"
    assert set(DEFAULTS) == {"site", "component", "stage", "boundary", "flow", "method", "tier", "share"}


def test_an_activity_survives_pickling():
    a = drawn(stage="train", start_s=0.0, end_s=1.0).assume(Assumption("PUE", "1.4", "none given"))
    again = pickle.loads(pickle.dumps(a))
    assert same(again.total(), a.total())
    assert (again.rows(), again.assumptions) == (a.rows(), a.assumptions)


def test_ten_thousand_intervals_are_cut_by_the_hour_by_the_calls_of_ten():
    def cut(n):
        a = Activity.of([row(1.0, start_s=1800.0 * i, end_s=1800.0 * i + 3600) for i in range(n)])
        assert a.resample(np.arange(0, 1800.0 * n, 3600.0)).total()[0] == pytest.approx(n)
        return calls(lambda: a.resample(np.arange(0, 1800.0 * n, 3600.0)))

    assert cut(10) == cut(10_000)
