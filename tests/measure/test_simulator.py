"""The simulator's truth, and the sensors' arithmetic against it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from jevons.measure import correct
from jevons.measure.sensor import GAP, MISSING, RESET, Meter
from jevons.measure.sensors import simulator
from jevons.measure.sensors.simulator import Clock, Device, SquareWave
from jevons.measure.ticks import Ticks

RUNS = 200


def run(read_by, device, seconds, period_s):
    """Energy that a sensor reports over a window, over the truth, and the statuses it gave."""
    sensor, clock = read_by(device), device.clock
    begin_s, before = clock.true_s, read_whole(sensor)
    statuses = []
    for _ in range(round(seconds / period_s)):
        clock.wait(period_s)
        statuses.append(sensor.read()[0].status)
    spent_uj = read_whole(sensor) - before
    return spent_uj / 1e6 / device.wave.energy_j(begin_s, clock.true_s), statuses


def read_whole(sensor):
    """Microjoules of the first reading that is not missing."""
    while (reading := sensor.read()[0]).status == MISSING:
        pass
    return reading.energy_uj


def random_device(chance, **how):
    wave = SquareWave(60, 300, chance.uniform(0.05, 3), 0.5, chance.random())
    clock = Clock()
    clock.wait(chance.uniform(1, 2))
    return Device(wave, clock, seed=chance.randrange(10**6), **how)


def test_the_square_waves_energy_is_its_power_summed():
    wave = SquareWave(50, 250, 0.7, 0.3, 0.2)
    steps = 70_000
    summed = sum(wave.power_w((i + 0.5) * 3.5 / steps) for i in range(steps)) * 3.5 / steps
    assert wave.energy_j(0, 3.5) == pytest.approx(summed, rel=1e-4)


def tracked(device, seconds, polls_s=0.005):
    """A window's energy over the truth, as the tracker takes it: a look a second, and often after each edge."""
    sensor, clock, ticks, found = simulator.counter(device), device.clock, Ticks(simulator.counter(device).meters), {}
    last = read_whole(sensor)

    def look(window):
        nonlocal last
        reading = sensor.read()[0]
        if reading.energy_uj > last:
            for where, part in ticks.divided("simulated", reading.energy_uj - last, reading.t_ns, window):
                found[where] = found.get(where, 0) + part
            last = reading.energy_uj

    def wait(seconds, window):
        until, watched = clock.true_s + seconds, clock.true_s + 1.5 * device.refresh_s
        while ticks.awaited and clock.true_s < min(watched, until):
            clock.wait(polls_s)
            look(window)
        ticks.give_up()
        while clock.true_s < until - 1e-9:
            clock.wait(min(1.0, until - clock.true_s))
            look(window)

    wait(0.73, "outer")
    look("outer")
    ticks.edge(clock(), "outer")
    begin_s = clock.true_s
    wait(seconds, "inner")
    end_s = clock.true_s
    ticks.edge(clock(), "inner")
    wait(0.4, "outer")
    return found["inner"] / 1e6 / device.wave.energy_j(begin_s, end_s)


def test_windows_of_five_seconds_of_a_counter_refreshed_each_tenth_second_are_within_two_percent():
    chance = random.Random(3)
    errors = [abs(tracked(random_device(chance, refresh_s=0.1), chance.uniform(5, 6)) - 1) for _ in range(5 * RUNS)]
    assert max(errors) <= 0.02
    assert sum(errors) / len(errors) <= 0.003


def test_between_readings_alone_a_slow_counter_gains_or_loses_its_ticks():
    """Why edges are cut: a tick of 0.1 s is up to 2.7 % of 5 s of this wave."""
    chance = random.Random(3)
    five = [abs(run(simulator.counter, random_device(chance, refresh_s=0.1), 5, 1.0)[0] - 1) for _ in range(RUNS)]
    assert 0.02 < max(five) < 0.03


def test_a_tick_is_divided_whole_and_in_order_of_its_edges():
    ticks = Ticks([Meter("g", "accelerator", "chip", "counter", "x", refresh_s=0.1)])
    ticks.edge(25_000_000, "a")
    ticks.edge(75_000_000, "b")
    assert ticks.divided("g", 1000, 100_000_000, "c") == [("a", 250), ("b", 500), ("c", 250)]
    assert ticks.divided("g", 1000, 200_000_000, "c") == [("c", 1000)]


def test_a_counter_that_refreshes_each_millisecond_is_within_two_percent_over_five_seconds():
    chance = random.Random(4)
    assert max(abs(run(simulator.counter, random_device(chance), 5, 1.0)[0] - 1) for _ in range(RUNS)) <= 0.02


def test_a_counter_that_wraps_and_fails_at_random_is_as_good():
    chance = random.Random(5)
    for _ in range(RUNS):
        device = random_device(chance, range_uj=2**32, missing=0.2, start_uj=chance.randrange(2**32))
        assert run(simulator.counter, device, 60, 0.5)[0] == pytest.approx(1, abs=2e-3)


def test_power_read_ten_times_a_second_is_within_five_percent_over_five_seconds():
    chance = random.Random(6)
    errors = [run(simulator.power, random_device(chance, refresh_s=0.1), 5, 0.1)[0] - 1 for _ in range(RUNS)]
    assert max(abs(e) for e in errors) <= 0.05


def test_the_part_time_sensor_is_inside_its_stated_band_in_nineteen_runs_of_twenty():
    chance, held = random.Random(7), 0
    for _ in range(2 * RUNS):
        device = random_device(chance)
        sensor = simulator.part_time(device)
        read_over_true, _ = run(lambda _device, sensor=sensor: sensor, device, chance.uniform(5, 20), 0.1)
        held += sensor.meters[0].low <= 1 / read_over_true <= sensor.meters[0].high
    assert held >= 0.95 * 2 * RUNS


def test_the_corrected_interval_of_a_part_time_trace_holds_the_truth_in_nineteen_runs_of_twenty():
    chance, held = random.Random(8), []
    for _ in range(40):
        device = random_device(chance)
        clock, polls = device.clock, []
        start_s, span_s = clock.true_s + 2.2, chance.uniform(5, 7)
        while clock.true_s < start_s + span_s + 2.5:
            polls.append((clock.true_s, device.part_time_w()))
            clock.wait(0.01)
        trace = correct.Trace(*map(np.array, zip(*polls, strict=True)))
        found = correct.energy(trace, correct.Field("look", 0.1, 0.025), start_s, start_s + span_s, calibrated=True)
        held.append(found.low_j <= device.wave.energy_j(start_s, start_s + span_s) <= found.high_j)
    assert sum(held) >= 0.95 * len(held)


def test_a_reset_is_told_and_what_was_counted_stays():
    device = Device(SquareWave(100, 100), Clock(), resets_s=(5.5,))
    ratio, statuses = run(simulator.counter, device, 10, 1.0)
    assert statuses.count(RESET) == 1
    assert ratio == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("read_by", [simulator.counter, simulator.power])
def test_a_machine_that_slept_an_hour_reports_a_gap_and_no_energy_for_it(read_by):
    device = Device(SquareWave(100, 100), Clock())
    device.clock.wait(1)
    sensor = read_by(device)
    sensor.read()
    device.clock.wait(1)
    before = sensor.read()[0].energy_uj
    device.clock.sleep(3600)
    after = sensor.read()[0]
    device.clock.wait(1)
    assert (after.energy_uj, after.status) == (before, GAP)
    assert sensor.read()[0].energy_uj - before == pytest.approx(100e6, rel=0.01)
