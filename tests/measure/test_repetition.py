"""Short work is repeated, at random phases and from rest, until its energy can be told."""

from __future__ import annotations

import pytest
from steady import Clock, Steady

from jevons.core.errors import BadInput
from jevons.measure import repeat
from jevons.measure.repetition import Trials
from jevons.measure.sensor import Meter, Reading


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))


@pytest.fixture
def clock(monkeypatch):
    """Time that moves only when somebody sleeps, for all who measure; no thread samples beside."""

    def none(thread):
        raise RuntimeError("can't start new thread")

    made = Clock()
    monkeypatch.setattr("jevons.measure.tracker.time", made)
    monkeypatch.setattr("jevons.measure.repetition.time", made)
    monkeypatch.setattr("threading.Thread.start", none)
    return made


class Switched:
    """A meter of 10 W at rest and 110 W while it is on, and for ``tail_s`` after."""

    meters = [Meter("switched", "accelerator", "chip", "counter", "t")]

    def __init__(self, clock, tail_s=0.0):
        self.clock, self.tail_s = clock, tail_s
        self.warm_until, self.energy_j, self.last = 0.0, 0.0, clock.now_s

    def read(self):
        now = self.clock.now_s
        warm_s = min(max(self.warm_until - self.last, 0.0), now - self.last)
        self.energy_j += 110 * warm_s + 10 * (now - self.last - warm_s)
        self.last = now
        return [Reading("switched", int(self.energy_j * 1e6), self.clock.monotonic_ns())]

    def close(self):
        pass

    def work(self):
        self.read()
        self.warm_until = self.clock.now_s + 0.05 + self.tail_s
        self.clock.sleep(0.05)
        self.read()


def test_the_energy_of_a_repetition_is_the_trials_over_their_count(clock):
    meter = Switched(clock)
    found = repeat(meter.work, trials=4, least_s=0.3, rest_s=0.3, seed=1, sensors=[meter])
    assert found.rest_w == pytest.approx(10, rel=1e-3)
    assert all(n >= 5 for n in found.repetitions)
    for joules, seconds in zip(found.energy_j, found.time_s, strict=True):
        assert joules == pytest.approx(110 * seconds, rel=1e-3)
    low, high = found.interval_j
    assert low <= found.mean_j <= high


def test_a_trial_waits_until_power_is_back_at_rest_and_those_that_could_not_are_counted(clock):
    for tail_s, cool_s, warm in ((1.2, 20.0, 0), (0.0, 0.2, 0), (30.0, 0.2, 3)):
        meter = Switched(clock, tail_s)
        assert repeat(meter.work, trials=4, least_s=0.05, rest_s=0.3, cool_s=cool_s, sensors=[meter]).warm == warm


def test_work_longer_than_a_trial_is_done_once(clock):
    meter = Switched(clock)
    found = repeat(lambda: clock.sleep(0.1), trials=4, least_s=0.01, rest_s=0.1, sensors=[meter])
    assert found.repetitions == (1, 1, 1, 1)
    assert found.mean_j == pytest.approx(1, rel=1e-3)


def test_the_interval_is_students():
    found = Trials((1.0, 2.0, 3.0, 4.0), (1.0,) * 4, (1,) * 4, 0.0, 0)
    assert found.interval_j == pytest.approx((2.5 - 2.353 * 1.291 / 2, 2.5 + 2.353 * 1.291 / 2), rel=0.02)


@pytest.mark.parametrize("options", [{"trials": 3}, {"trials": True}, {"least_s": 0}, {"least_s": float("nan")}, {"rest_s": -1}])
def test_what_tells_nothing_is_refused(options):
    with pytest.raises(BadInput):
        repeat(lambda: None, sensors=[], **options)


def test_an_error_of_the_work_is_the_works(tmp_path):
    with pytest.raises(ZeroDivisionError):
        repeat(lambda: 1 / 0, trials=4, least_s=0.1, rest_s=0.1, sensors=[Steady(watts=1.0)])
