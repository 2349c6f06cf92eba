"""Short work is repeated, at random phases and from rest, until its energy can be told."""

from __future__ import annotations

import time

import pytest
from steady import Steady

from jevons.core.errors import BadInput
from jevons.measure import repeat
from jevons.measure.repetition import Trials
from jevons.measure.sensor import Meter, Reading


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))


class Switched:
    """A meter of 10 W at rest and 110 W while it is on, and for ``tail_s`` after."""

    meters = [Meter("switched", "accelerator", "chip", "counter", "t")]

    def __init__(self, tail_s=0.0):
        self.tail_s, self.on, self.warm_until, self.energy_j, self.last = tail_s, False, 0.0, 0.0, time.monotonic()

    def read(self):
        now = time.monotonic()
        self.energy_j += (110 if self.on or now < self.warm_until else 10) * (now - self.last)
        self.last = now
        return [Reading("switched", int(self.energy_j * 1e6), time.monotonic_ns())]

    def close(self):
        pass

    def work(self):
        self.read()
        self.on = True
        time.sleep(0.05)
        self.read()
        self.on, self.warm_until = False, time.monotonic() + self.tail_s


def test_the_energy_of_a_repetition_is_the_trials_over_their_count():
    meter = Switched()
    found = repeat(meter.work, trials=4, least_s=0.3, rest_s=0.3, seed=1, sensors=[meter])
    assert found.rest_w == pytest.approx(10, rel=0.1)
    assert all(n >= 5 for n in found.repetitions)
    for joules, seconds in zip(found.energy_j, found.time_s, strict=True):
        assert joules == pytest.approx(110 * seconds, rel=0.1)
    low, high = found.interval_j
    assert low <= found.mean_j <= high


def test_a_trial_waits_until_power_is_back_at_rest_and_those_that_could_not_are_counted():
    meter = Switched(tail_s=1.2)
    cold = repeat(meter.work, trials=4, least_s=0.05, rest_s=0.3, cool_s=20.0, sensors=[meter])
    assert cold.warm == 0
    warm = repeat(meter.work, trials=4, least_s=0.05, rest_s=0.3, cool_s=0.2, sensors=[Switched()], period_s=0.05)
    assert warm.warm == 0
    hot = Switched(tail_s=30.0)
    assert repeat(hot.work, trials=4, least_s=0.05, rest_s=0.3, cool_s=0.2, sensors=[hot]).warm == 3


def test_work_longer_than_a_trial_is_done_once():
    calls = []
    found = repeat(lambda: calls.append(time.sleep(0.1)), trials=4, least_s=0.01, rest_s=0.1, sensors=[Steady(watts=100.0)])
    assert found.repetitions == (1, 1, 1, 1)
    assert found.mean_j == pytest.approx(10, rel=0.3)


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
