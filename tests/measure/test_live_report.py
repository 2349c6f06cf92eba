"""While it runs: cost so far, what is still to come with its interval, and a budget that speaks up once."""

from __future__ import annotations

import random
import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steady import Steady, until

import jevons
from jevons.core.errors import BadInput
from jevons.measure import start
from jevons.measure.live_report import Budget
from jevons.measure.projection import Rest, Tick, blocks, remaining, student

SITE = {"site": jevons.site("France", pue=1.0, intensity="100 g/kWh")}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))


@pytest.fixture
def running():
    runs = []

    def begin(watts=100.0, **live):
        runs.append(start(sensors=[Steady(watts=watts)], period_s=0.05, flush_s=0.1, live={**SITE, **live}))
        return runs[-1]

    yield begin
    for run in runs:
        run.stop()


def energy(tick):
    return tick.energy_kwh


# -- what is still to come -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("freedom", "published"), [(3, 2.3534), (5, 2.0150), (10, 1.8125), (30, 1.6973)])
def test_students_quantile_is_that_of_the_tables(freedom, published):
    assert student(freedom) == pytest.approx(published, rel=0.01)


def test_steady_work_has_a_certain_rest():
    ticks = [Tick(i, i * 10.0, i * 0.5) for i in range(30)]
    assert remaining(ticks, 1000.0, energy) == Rest(*[pytest.approx(0.05 * (1000 - 290))] * 3)


def test_a_slow_warm_up_is_left_out_once_there_are_enough_blocks():
    ticks = [Tick(0, 0, 0), *(Tick(i, i, 100.0 + i) for i in range(1, 25))]
    assert remaining(ticks, 124.0, energy).best == pytest.approx(100.0, rel=1e-6)


def test_without_a_total_or_with_too_little_seen_there_is_no_forecast():
    ticks = [Tick(i, i, i) for i in range(4)]
    assert remaining(ticks, None, energy) is None
    assert remaining(ticks, 100.0, energy) is None
    assert remaining([], 100.0, energy) is None


def test_work_that_is_done_has_no_rest():
    assert remaining([Tick(i, i, i) for i in range(9)], 8.0, energy) == Rest(0.0, 0.0, 0.0)


def test_nine_in_ten_intervals_hold_what_then_comes():
    held, trials, chance = 0, 400, random.Random(7)
    for _ in range(trials):
        cost = [max(chance.gauss(1.0, 0.3), 0.0) for _ in range(600)]
        used = [0.0]
        for c in cost:
            used.append(used[-1] + c)
        ticks = [Tick(i, i, used[i]) for i in range(0, 61)]
        rest = remaining(ticks, 600.0, energy)
        held += rest.low <= used[-1] - used[60] <= rest.high
    assert held / trials >= 0.85


@given(st.lists(st.tuples(st.floats(0.01, 9), st.floats(0, 9)), min_size=2, max_size=40))
def test_blocks_of_equal_work_keep_the_sum(moves):
    ticks, done, used = [Tick(0, 0, 0)], 0.0, 0.0
    for work, cost in moves:
        done, used = done + work, used + cost
        ticks.append(Tick(0, done, used))
    rates, size = blocks(ticks, energy)
    assert sum(rates) * size == pytest.approx(used, abs=1e-6)


# -- a run ---------------------------------------------------------------------------------------------------------


def test_a_run_is_priced_as_it_goes(running):
    run = running()
    time.sleep(0.15)
    run.sample()
    now = run.report.footprint
    assert now.best("climate") == pytest.approx(now.best("energy") * 0.1)
    assert now.best("energy") * 3.6e6 > 10


def test_the_total_is_foretold_with_an_interval_within_seconds(running):
    run = running(total=100.0)
    run.report._gap_s, run.report._next_s = 0.02, 0.0
    for done in range(1, 31):
        time.sleep(0.02)
        run.report.step(done)
    ahead, eta = run.report.projected, run.report.eta_s
    assert ahead.best("energy") > run.report.ticks[-1].energy_kwh
    low, high = ahead.interval("climate")
    assert low <= ahead.best("climate") <= high
    assert low < high
    assert eta.low <= eta.best <= eta.high
    assert " left [" in str(run.report)


def test_without_progress_there_is_cost_but_no_forecast(running):
    run = running()
    assert (run.report.projected, run.report.eta_s) == (None, None)
    assert "left" not in str(run.report)


def test_ticks_stay_few_however_many_steps(running):
    run = running(total=1e6)
    run.report._gap_s = run.report._next_s = 0.0
    for done in range(2000):
        run.report.step(done)
    assert len(run.report.ticks) <= 241
    assert run.report.ticks[0].done == 0


# -- a budget ------------------------------------------------------------------------------------------------------


def test_a_budget_that_is_spent_calls_back_once(running):
    told = []
    run = running(watts=1e5, budget=Budget("0.001 kWh", "energy", told.append))
    until(lambda: told)
    run.report.check()
    run.stop()
    assert [excess.kind for excess in told] == ["spent"]
    assert told[0].amount > told[0].limit == 0.001
    assert "its budget is 0.001 kWh" in str(told[0])


def test_a_pace_that_will_pass_the_budget_is_told_before(running):
    told = []
    run = running(watts=1e5, total=1e6, budget=Budget("5 kg", on_excess=told.append))
    run.report._gap_s = run.report._next_s = 0.0
    for done in range(40):
        time.sleep(0.01)
        run.report.step(done)
    run.report.check()
    assert told[0].kind == "projected"


def test_a_budget_may_warn_in_the_log(running, caplog):
    run = running(watts=1e6, budget=Budget("1 g"))
    assert until(lambda: any("the run has used" in record.message for record in caplog.records))
    run.stop()


def test_a_budget_may_stop_the_run_where_asked(running):
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running(watts=1e6, budget=Budget("1 g", on_excess="stop"))
        with pytest.raises(KeyboardInterrupt):
            time.sleep(60)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_callback_that_fails_never_stops_the_measuring(running):
    run = running(watts=1e5, budget=Budget("0.0001 kWh", "energy", lambda excess: 1 / 0))
    until(lambda: run.report.told)
    before = run.energy_kwh
    assert until(lambda: run.energy_kwh > before)


@pytest.mark.parametrize("bad", [{"limit": "5 lb of air"}, {"limit": "1 kg", "indicator": "noise"},
                                 {"limit": "1 kg", "on_excess": "shout"}, {"limit": -1}])  # fmt: skip
def test_a_budget_nobody_could_keep_is_refused(bad):
    with pytest.raises(BadInput):
        Budget(**bad)


def test_a_report_that_cannot_be_made_leaves_no_run_behind(tmp_path):
    with pytest.raises(BadInput, match="give the work in all"):
        start(sensors=[Steady(watts=1.0)], live={**SITE, "total": -3})
    assert not list((tmp_path / "live").rglob("*.live"))


def test_a_provider_that_counts_something_else_is_refused_when_the_run_begins(running):
    from jevons.core.errors import StudyMismatch
    from jevons.core.source import UNSOURCED
    from jevons.core.study import Study
    from jevons.world.grid_clients import Signal, SignalPlace

    direct = SignalPlace(jevons.site("GBR"), lambda: Signal("GB", ("location", "average", "direct"), (), UNSOURCED))
    with pytest.raises(StudyMismatch, match="the signal of GB is location/average/direct"):
        running(site=direct)
    assert running(site=direct, study=Study(scope="direct")).report.study.scope == "direct"
