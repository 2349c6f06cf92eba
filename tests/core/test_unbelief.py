"""What an unbelieving metrologist tries on the kernel: numbers that cannot be, in every place that takes one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_sample import CLIMATE, PLACE, RATES, UNSURE, activities, drawn, one, row

from jevons.core import units
from jevons.core.activity import Activity, joined
from jevons.core.assess import assess
from jevons.core.errors import BadInput
from jevons.core.factor import ConstantPlace
from jevons.core.uncertain import Draws, Uncertain, interval, variance_shares

IMPOSSIBLE = [
    ("amount: True", lambda: one(True)), ("amount: array", lambda: one(np.array([]))), ("amount: .3 kWh", lambda: one("3 kWh")),
    ("amount: inf", lambda: one(math.inf)), ("amount: -1", lambda: one(-1.0)), ("amount: nan", lambda: one(math.nan)),
    ("served: token: -5.0", lambda: Activity.of([row()], served={"token": -5.0})),
    ("served: token: nan", lambda: Activity.of([row()], served={"token": math.nan})),
    ("served: token: 'five'", lambda: Activity.of([row()], served={"token": "five"})),
    ("start_s: -inf", lambda: one(start_s=-math.inf, end_s=0.0)), ("are these milliseconds", lambda: one(start_s=1.7e15, end_s=1.7e15)),
    ("factor: -1", lambda: one() * -1), ("factor: '2'", lambda: one() * "2"), ("factor: None", lambda: one() * None),
    ("factor: True", lambda: one() * True), ("factor: 'x'", lambda: assess(one(), PLACE) * "x"),
    ("activity text: 3", lambda: one().label(run=3)), ("flow: 'elektricity'", lambda: one().total("elektricity")),
    ("borders_s", lambda: one(start_s=0.0, end_s=9.0).resample([math.nan, 5.0])),
    ("borders_s", lambda: one(start_s=0.0, end_s=9.0).resample(["noon"])), ("parts", lambda: joined([])),
    ("study: 'x'", lambda: assess(one(), PLACE, "x")), ("at: None", lambda: assess(one(), None)),
    ("activity: ", lambda: assess(assess(one(), PLACE), PLACE)), ("interval", lambda: assess(one(), UNSURE).interval(low=-1, high=2)),
    ("interval", lambda: assess(one(), UNSURE).interval(low=0.9, high=0.1)),
    ("climate: 'a total beyond", lambda: assess(one(1e308), ConstantPlace({"electricity": {"climate": 1e10}}), CLIMATE).best()),
    ("climate: 'a total beyond", lambda: assess(one(1e308) + one(1e308), ConstantPlace({"electricity": {"climate": 1.0}}), CLIMATE).say()),
    ("low ≤ best ≤ high", lambda: Uncertain("a", 1, 2)), ("low ≤ best ≤ high", lambda: Uncertain(math.nan, 1, 2)),
    ("best ≥ 0 and gsd ≥ 1", lambda: Uncertain.lognormal(1.0, math.nan)), ("best ≥ 0 and gsd ≥ 1", lambda: Uncertain.lognormal(-1.0, 2.0)),
    ("best estimate above 0", lambda: Uncertain(0.0, 0.0, 1.0).relative()),
    ("give a finite number", lambda: units.read(10**5000, "kWh")),
]  # fmt: skip


@pytest.mark.parametrize(("said", "attempt"), IMPOSSIBLE, ids=[f"{i}-{said[:18]}" for i, (said, _) in enumerate(IMPOSSIBLE)])
def test_what_cannot_be_is_refused_by_name(said, attempt):
    with pytest.raises(BadInput, match=said):
        attempt()


def test_draws_may_fall_below_zero_and_best_estimates_may_not():
    assert one(np.array([1.0, -1.0, 2.0])).amount.shape == (1, 3)
    with pytest.raises(BadInput, match="amount: -1"):
        one(np.array([-1.0, 1.0, 2.0]))


@given(*[st.just(0.0) | st.floats(1e-3, 1e6)] * 3, st.integers(0, 99))
def test_what_may_be_nothing_is_never_less(a, b, c, seed):
    low, best, high = sorted((a, b, c))
    assert Draws(200, seed).of(Uncertain(low, best, high, "x")).min() >= 0


@given(st.floats(1e-6, 1e6), st.floats(1.0, 5.0))
def test_a_relative_spread_times_the_best_estimate_is_the_value(best, gsd):
    value = Uncertain.lognormal(best, gsd, "x", "g")
    apart = best * Draws(100).of(value.relative())
    assert np.allclose(*np.broadcast_arrays(apart, Draws(100).of(value)), rtol=1e-9)


@pytest.mark.parametrize("sure", [Uncertain(3.0, 3.0, 3.0, "x"), Uncertain.lognormal(3.0, 1.0, "x"), Uncertain(0.0, 0.0, 0.0)])
def test_what_is_certain_has_no_draws(sure):
    assert Draws(50).of(sure).shape == (1,)
    assert sure.relative().best == 1.0


@given(st.integers(1, 60), st.integers(3, 300), st.integers(0, 50))
def test_shares_of_variance_are_never_more_than_all_of_it(inputs, n, seed):
    draws = Draws(n, seed)
    values = sum(draws.of(Uncertain.lognormal(1.0, 1.2 + i / 40, f"x{i}", f"g{i % 7}")) for i in range(inputs))
    shares = variance_shares(values, draws.drivers)
    assert not shares or sum(shares.values()) <= 1 + 1e-9
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


@given(activities(), st.floats(0, 1e3))
def test_multiplying_by_nothing_leaves_nothing(a, k):
    footprint, nothing = assess(a * k, UNSURE, draws=40), assess(a, UNSURE, draws=40) * 0
    assert all(not nothing.total(i).any() for i in nothing.indicators)
    assert footprint.indicators == nothing.indicators


@given(st.floats(1e-300, 1e290))
def test_tiny_and_huge_amounts_keep_their_proportion(amount):
    footprint = assess(one(amount), PLACE, CLIMATE)
    assert footprint.best() == pytest.approx(amount * RATES["electricity"]["climate"], rel=1e-12)
    assert footprint.explain().recomputed == pytest.approx(footprint.best(), rel=1e-12)


def test_a_year_ends_where_the_calendar_says_in_leap_years_too():
    feb_29, new_year = 1_709_164_800.0, 1_735_689_600.0  # 2024-02-29 and 2025-01-01, UTC
    days = [row(1.0, start_s=t, end_s=t + 86_400.0) for t in (feb_29, new_year - 86_400.0, new_year)]
    blocks = assess(Activity.of(days), PLACE, CLIMATE).priced
    assert [len(p.rows) for p in blocks] == [2, 1]


def test_one_draw_is_an_interval_of_one():
    assert interval(drawn(n=1).amount[0]) == pytest.approx((drawn(n=1).amount[0][1],) * 2)
