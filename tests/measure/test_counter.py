"""Counters that wrap, reset and fail; power that is integrated; a counter watched by its power."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.units import NS_PER_S
from jevons.measure.counter import Counter, Integrator, Sleep, Watched
from jevons.measure.sensor import AMBIGUOUS, GAP, MISSING, OK, RESET


def seconds(t):
    return int(t * NS_PER_S)


@given(st.integers(1, 10**12), st.lists(st.integers(0, 10**11), min_size=1, max_size=30))
def test_steps_below_the_range_add_up_exactly_whatever_the_range(start, steps):
    range_uj = 10**11 + 7
    counter, raw = Counter(range_uj), start % range_uj or 1
    counter.update(raw, 0)
    told = 0
    for i, step in enumerate(steps, 1):
        raw = (raw + step) % range_uj
        told += counter.update(raw, i) == MISSING
    if not told:
        assert counter.total_uj == sum(steps)
    assert 0 <= counter.total_uj <= sum(steps)


@given(st.lists(st.one_of(st.none(), st.integers(-5, 10**9)), max_size=40), st.sampled_from([0, 10**6, 2**32]))
def test_no_sequence_of_readings_makes_energy_fall(readings, range_uj):
    counter, last = Counter(range_uj, 500.0), 0
    for i, raw in enumerate(readings):
        counter.update(raw, seconds(i))
        assert counter.total_uj >= last
        last = counter.total_uj


@pytest.mark.parametrize("bad", [None, -1, 0])
def test_what_could_not_be_read_is_missing_and_changes_nothing(bad):
    counter = Counter(1000)
    counter.update(10, 0)
    assert counter.update(bad, 1) == MISSING
    counter.update(25, 2)
    assert counter.total_uj == 15


def test_a_counter_that_never_wraps_and_falls_was_reset():
    counter = Counter()
    counter.update(100, 0)
    counter.update(150, 1)
    assert counter.update(20, 2) == RESET
    counter.update(30, 3)
    assert counter.total_uj == 60


def test_an_interval_long_enough_for_two_wraps_is_ambiguous():
    counter = Counter(1_000_000, max_w=10.0)
    counter.update(5, 0)
    assert counter.update(10, seconds(0.09)) == OK
    assert counter.update(20, seconds(0.3)) == AMBIGUOUS


def test_forgetting_begins_anew():
    counter = Counter(1000)
    counter.update(900, 0)
    counter.forget()
    counter.update(10, 1)
    counter.update(30, 2)
    assert counter.total_uj == 20


@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(0.001, 50)), min_size=2, max_size=30))
def test_power_is_integrated_to_the_microjoule_by_trapezoids(samples):
    integrator, t_ns, exact, before = Integrator(), 0, 0.0, None
    for watts, span_s in samples:
        if before is not None:
            exact += (before + watts) / 2 * (seconds(span_s) / NS_PER_S) * 1e6
        t_ns += seconds(span_s) if before is not None else 0
        integrator.update(watts, t_ns)
        before = watts
    assert integrator.total_uj == pytest.approx(exact, rel=1e-12, abs=2)


@pytest.mark.parametrize("bad", [None, -1.0, float("nan"), float("inf"), 2e6])
def test_power_that_cannot_be_is_missing(bad):
    integrator = Integrator()
    integrator.update(10.0, 0)
    assert integrator.update(bad, seconds(1)) == MISSING
    integrator.update(10.0, seconds(2))
    assert integrator.total_uj == 20_000_000


def test_a_long_pause_between_powers_is_a_gap_without_energy():
    integrator = Integrator(longest_s=60)
    integrator.update(10.0, 0)
    assert integrator.update(10.0, seconds(61)) == GAP
    assert integrator.total_uj == 0


def watched(counts_w, draws_w, span_s, period_s=1.0, tick_s=0.0):
    accumulator, statuses, t = Watched(), [], 0.0
    while t <= span_s:
        shown = int(t / tick_s) * tick_s if tick_s else t
        statuses.append(accumulator.update((1000 + int(counts_w * shown * 1e6), draws_w), seconds(t)))
        t += period_s
    return accumulator, statuses


def test_a_counter_that_agrees_with_its_power_is_taken_whole():
    accumulator, statuses = watched(100, 101, 60)
    assert accumulator.total_uj == 60 * 100 * 1_000_000
    assert set(statuses) == {OK}


def test_a_counter_that_ticks_slower_than_it_is_read_is_still_the_counter():
    accumulator, _ = watched(100, 100, 10, period_s=0.02, tick_s=0.1)
    assert not accumulator.frozen
    assert accumulator.total_uj == pytest.approx(1e9, rel=0.02)


def test_a_counter_that_disagrees_is_flagged_only_once_both_have_run_long():
    _, statuses = watched(60, 100, 60)
    assert statuses[10] == OK
    assert statuses[-1] == AMBIGUOUS


def test_a_frozen_counter_gives_way_to_its_power_and_nothing_is_counted_twice():
    accumulator, _ = watched(0, 100, 60)
    assert accumulator.frozen
    assert accumulator.total_uj == pytest.approx(6e9, rel=1e-6)
    assert accumulator.gap is None


def test_a_machine_that_did_not_sleep_says_so(monkeypatch):
    from jevons.measure import counter

    slept = Sleep()
    assert not slept()
    monkeypatch.setattr(counter, "asleep_ns", lambda: 10 * NS_PER_S + slept._asleep_ns)
    assert slept()
