"""Draws are keyed by the datum and its error group, never by the place where it is used."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.errors import BadInput
from jevons.core.uncertain import (
    SHARED,
    Draws,
    Uncertain,
    _normal,
    best,
    bounds_90,
    interval,
    variance_shares,
)

bounds = st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=3).map(sorted)
keys = st.text(min_size=1, max_size=8)


@given(bounds, st.integers(0, 99))
def test_element_zero_is_the_best_estimate(three, seed):
    assert Draws(50, seed).of(Uncertain(*three, key="x"))[0] == three[1]


@given(st.lists(keys, min_size=2, max_size=5, unique=True), st.randoms())
def test_the_same_key_gives_the_same_draws_in_any_order(names, shuffler):
    first, second = Draws(40), Draws(40)
    one_way = {n: first.score(n, "group") for n in names}
    shuffled = shuffler.sample(names, len(names))
    other_way = {n: second.score(n, "group") for n in shuffled}
    assert all((one_way[n] == other_way[n]).all() for n in names)


def test_another_seed_gives_other_draws():
    assert (Draws(40, seed=1).score("x") != Draws(40, seed=2).score("x")).any()


def test_two_data_of_one_group_share_four_fifths_of_their_variance():
    draws = Draws(20_000)
    correlation = np.corrcoef(draws.score("a", "method"), draws.score("b", "method"))[0, 1]
    assert correlation == pytest.approx(SHARED, abs=0.02)


def test_two_data_of_no_common_group_are_independent():
    draws = Draws(20_000)
    assert np.corrcoef(draws.score("a"), draws.score("b"))[0, 1] == pytest.approx(0.0, abs=0.03)


def test_two_unnamed_values_of_different_bounds_do_not_move_together():
    draws = Draws(5000)
    first, second = draws.of(Uncertain(1, 2, 3)), draws.of(Uncertain(1, 2, 4))
    assert abs(np.corrcoef(first[1:], second[1:])[0, 1]) < 0.1


@given(bounds)
def test_five_to_ninety_five_percent_of_the_draws_is_low_to_high(three):
    low, high = interval(Draws(4000).of(Uncertain(*three, key="x")))
    assert low == pytest.approx(three[0], rel=0.02)
    assert high == pytest.approx(three[2], rel=0.02)


@given(st.floats(1e-3, 1e6), st.floats(1.01, 3.0))
def test_a_lognormal_has_its_geometric_standard_deviation(centre, gsd):
    values = Draws(4000).of(Uncertain.lognormal(centre, gsd, "x"))
    assert np.exp(np.log(values[1:]).std()) == pytest.approx(gsd, rel=0.01)
    assert np.median(values[1:]) == pytest.approx(centre, rel=0.01)


def test_a_value_whose_low_is_not_positive_is_two_piece_normal():
    low, high = interval(Draws(4000).of(Uncertain(-10.0, 0.0, 30.0, "x")))
    assert (low, high) == (pytest.approx(-10.0, abs=0.1), pytest.approx(30.0, abs=0.1))


def test_equal_bounds_are_certain_and_no_draws_give_the_best_alone():
    assert Draws(100).of(Uncertain(2, 2, 2)).tolist() == [2.0]
    assert Draws(0).of(Uncertain(1, 2, 3)).tolist() == [2.0]


def test_a_plain_array_gains_an_axis_of_one():
    assert Draws(100).of(np.ones((2, 3))).shape == (2, 3, 1)


@pytest.mark.parametrize("three", [(2, 1, 3), (1, 4, 3), (1, float("nan"), 3), (float("-inf"), 1, 2), (0, 1, float("inf"))])
def test_bounds_out_of_order_or_not_finite_are_refused(three):
    with pytest.raises(BadInput, match=r"power: .* will not do; give finite numbers with low ≤ best ≤ high"):
        Uncertain(*three, key="power")


@pytest.mark.parametrize(("centre", "gsd"), [(1.0, 0.9), (-1.0, 1.2)])
def test_a_spread_under_one_or_a_negative_best_is_refused(centre, gsd):
    with pytest.raises(BadInput, match="give best ≥ 0 and gsd ≥ 1"):
        Uncertain.lognormal(centre, gsd)


def test_a_negative_number_of_draws_is_refused():
    with pytest.raises(BadInput, match="draws: -1 will not do; give a count of at least 0"):
        Draws(-1)


def test_the_input_that_dominates_comes_first():
    draws = Draws(1000)
    result = draws.of(Uncertain.lognormal(3.0, 1.5, "efficiency")) * draws.of(Uncertain.lognormal(2.0, 1.05, "price"))
    shares = variance_shares(result, draws.drivers)
    assert next(iter(shares)) == "efficiency"
    assert shares["efficiency"] == pytest.approx(np.log(1.5) ** 2 / (np.log(1.5) ** 2 + np.log(1.05) ** 2), abs=0.05)


def test_shares_of_scenarios_are_their_mean():
    draws = Draws(1000)
    result = draws.of(Uncertain.lognormal(3.0, 1.5, "efficiency"))
    both = variance_shares(np.stack([result, 7 * result]), draws.drivers)
    assert both == pytest.approx(variance_shares(result, draws.drivers))


@pytest.mark.parametrize("values", [np.ones(50), np.ones(1), np.linspace(-1, 1, 50)])
def test_a_result_that_does_not_vary_or_changes_sign_has_no_shares(values):
    assert variance_shares(values, {"x": np.ones(49)}) == {}


def test_the_interval_of_a_certain_value_is_the_value():
    assert interval(np.array([3.0])) == (3.0, 3.0)
    assert best(np.array([[3.0, 9.0], [4.0, 9.0]])).tolist() == [3.0, 4.0]


def test_cached_scores_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        Draws(10).score("x")[0] = 1.0


def test_threads_draw_what_one_thread_draws():
    names = [f"thread {i % 25}" for i in range(400)]
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda n: Draws(50).score(n, "group"), names))
    _normal.cache_clear()
    assert all((d == Draws(50).score(n, "group")).all() for n, d in zip(names, drawn))


def test_an_uncertain_value_and_its_draws_survive_pickling():
    draws = Draws(10)
    draws.score("x")
    value, again = pickle.loads(pickle.dumps((Uncertain(1, 2, 3, "x", "g"), draws)))
    assert value == Uncertain(1, 2, 3, "x", "g")
    assert (again.score("x") == draws.score("x")).all()


def test_the_bounds_of_90_percent_are_the_quantiles_of_the_normal_whose_80_percent_was_given():
    log = 0.3 * np.random.default_rng(0).standard_normal(400_000)
    low, high = bounds_90(*np.exp(np.quantile(log, [0.1, 0.9])))
    assert np.log([low, high]) == pytest.approx(np.quantile(log, [0.05, 0.95]), rel=0.01)
