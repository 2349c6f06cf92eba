"""The tracker samples, accounts to windows, shares with others, and never disturbs the work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from steady import Clock, Steady

import jevons
from jevons.core.errors import BadInput
from jevons.measure import start, track
from jevons.measure.journal import read
from jevons.measure.live import portion
from jevons.measure.sensor import MISSING, Meter, Reading
from jevons.measure.sensors.replay import Replay

J = 1_000_000
METER = Meter("gpu-0", "accelerator", "chip", "counter", "replay")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))


def played(*joules, **options):
    """A run over a recorded meter whose readings are taken only when asked (period of a day)."""
    record = [[Reading("gpu-0", int(j * J), time.monotonic_ns())] for j in joules]
    return start(sensors=[Replay([METER], record)], period_s=86400, **options)


def test_what_the_meter_moved_is_what_the_run_used():
    run = played(100, 160).stop()
    assert run.energy_kwh * 3.6e6 == pytest.approx(60)


def test_energy_goes_to_the_innermost_window():
    run = played(0, 10, 30, 60, 100)
    with run.window("epoch"), run.window("step"):
        pass
    run.stop()
    joules = {k: float(v[0]) * 3.6e6 for k, v in run.activity.by("stage").items()}
    assert joules == pytest.approx({"": 10, "epoch": 20 + 40, "epoch/step": 30})


def test_windows_must_close_in_order():
    run = played(0)
    run.begin("a")
    run.begin("b")
    with pytest.raises(BadInput, match="close the innermost first; open: a/b"):
        run.end("a")
    run.stop()


def test_a_missing_reading_is_counted_and_stops_nothing():
    record = [[Reading("gpu-0", 0, 0)], [Reading("gpu-0", 0, 1, MISSING)], [Reading("gpu-0", 9 * J, 2)]]
    run = start(sensors=[Replay([METER], record)], period_s=86400)
    run.flush()
    run.stop()
    assert run.statuses == {"gpu-0": {"missing": 1}}
    assert run.energy_kwh * 3.6e6 == pytest.approx(9)


class Faulty(Steady):
    """A sensor of somebody else's that keeps no promise after its second reading."""

    def __init__(self, fault):
        super().__init__(watts=100.0)
        self.fault, self.count = fault, 0

    def read(self):
        self.count += 1
        if self.count in (1, 2):
            return super().read()
        return self.fault()


def raising(error):
    def fault(*args):
        raise error

    return fault


@pytest.mark.parametrize(
    "fault",
    [raising(OSError("gone")), raising(SystemExit(7)), raising(MemoryError()), lambda: None, list, lambda: [Reading("steady", -5, 1)],
     lambda: [Reading("steady", float("nan"), 1)], lambda: [Reading("steady", 10**40, 1)], lambda: [Reading("other", 10**9, 1)]],
)  # fmt: skip
def test_a_sensor_that_fails_while_running_never_reaches_the_user(fault):
    faulty, other = Faulty(fault), Steady(watts=50.0, device="other meter")
    run = start(sensors=[faulty, other], period_s=86400)
    time.sleep(0.01)
    run.sample()
    with run.window("w"):
        time.sleep(0.05)
    run.flush()
    run.stop()
    joules = {device: float(amount[0]) * 3.6e6 for device, amount in run.activity.by("device").items()}
    assert run.statuses["steady"]["missing"] > 0
    assert joules["other meter"] == pytest.approx(other.joules, rel=1e-5)
    assert joules["steady"] == pytest.approx(faulty.joules, rel=1e-4)  # up to its second reading


def test_a_sensor_that_never_answered_has_no_energy():
    run = start(sensors=[Faulty(raising(OSError("gone")))], period_s=86400)
    run.sensors[0].count = 10
    run.flush()
    assert run.stop().energy_kwh * 3.6e6 < 1


def test_without_a_thread_the_ends_and_windows_are_still_read(monkeypatch, caplog):
    monkeypatch.setattr("threading.Thread.start", raising(RuntimeError("can't start new thread")))
    meter = Steady(watts=100.0)
    run = start(sensors=[meter], period_s=0.05)
    time.sleep(0.05)
    assert run.stop().energy_kwh * 3.6e6 == pytest.approx(meter.joules, rel=1e-5)
    assert meter.joules >= 5
    assert "readings are taken at windows, flushes and the end alone" in caplog.text


def test_a_clock_that_jumps_changes_neither_energy_nor_its_hour(monkeypatch):
    meter, now = Steady(watts=100.0), time.time()
    run = start(sensors=[meter], period_s=0.05, flush_s=0.1)
    monkeypatch.setattr("jevons.measure.tracker.time.time", lambda: now - 3 * 86400)
    time.sleep(0.3)
    run.stop()
    monkeypatch.undo()
    assert run.energy_kwh * 3.6e6 == pytest.approx(meter.joules, rel=1e-5)
    assert now <= run.activity.start_s[0] <= run.activity.end_s[0] <= time.time() + 1


def test_a_run_is_priced_like_any_activity():
    with track(sensors=[Steady(watts=100.0)], period_s=0.05) as run:
        time.sleep(0.4)
    footprint = jevons.footprint(run.activity, jevons.site("France", pue=1.0, intensity="100 g/kWh"))
    assert footprint.best("energy") == pytest.approx(run.energy_kwh)
    assert footprint.measured_share() == 1.0


def test_a_decorator_tracks_each_call(tmp_path):
    @track(sensors=[Steady(watts=10.0)], period_s=0.05)
    def work(n):
        return n + 1

    assert (work(1), work(2)) == (2, 3)
    assert len(list((tmp_path / "journal").glob("*.jsonl"))) == 2


@pytest.mark.parametrize("options", [{"period_s": 0}, {"period_s": -1}, {"flush_s": "often"}, {"period_s": float("nan")}])
def test_bad_periods_are_refused_at_construction(options):
    with pytest.raises(BadInput, match="give seconds from 0.01 to 86400"):
        start(sensors=[], **options)


def test_labels_must_be_words():
    with pytest.raises(BadInput, match=r"labels.owner: 3 will not do; give text"):
        start(sensors=[], labels={"owner": 3})


@pytest.mark.parametrize("name", ["flow", "component", "run", "method", "site"])
def test_a_label_never_takes_the_place_of_a_column(name):
    with pytest.raises(BadInput, match=f"labels.{name}: .* choose another name"):
        start(sensors=[], labels={name: "water"})


def test_words_of_any_script_come_back_as_they_went(tmp_path):
    words = {"owner": "Zoë 🌍 \u202e", "job": "a\nb\"'\\"}
    run = start(sensors=[Steady(watts=100.0)], period_s=0.05, labels=words)
    with run.window("épôque ✓"):
        time.sleep(0.12)
    run.stop()
    book = read(run.journal.path)
    assert book.header["labels"] == words
    assert "épôque ✓" in book.activity.by("stage")


@pytest.mark.parametrize("trackers", [1, 2, 8])
def test_several_trackers_add_up_to_the_machine_and_never_more(trackers):
    first = time.monotonic()
    runs = [start(sensors=[Steady(watts=100.0)], period_s=0.05) for _ in range(trackers)]
    all_there = time.monotonic()
    time.sleep(1.0)
    least = time.monotonic() - all_there
    whole = sum(run.stop().energy_kwh * 3.6e6 for run in runs)
    most = time.monotonic() - first
    assert 100 * least * 0.99 <= whole <= 100 * most * 1.01


def test_parts_of_an_interval_sum_to_the_whole():
    for energy in (0, 1, 7, 100):
        assert sum(portion(energy, 3, place) for place in range(3)) == energy


def test_a_forked_child_neither_hangs_nor_counts(tmp_path):
    run = start(sensors=[Steady(watts=100.0)], period_s=0.05)
    for _ in range(10):
        child = os.fork()
        if child == 0:
            run.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    time.sleep(0.2)
    assert run.stop().energy_kwh > 0
    assert len(list((tmp_path / "journal").glob("*.jsonl"))) == 1


def test_a_disk_that_refuses_is_told_once_and_energy_is_kept(caplog):
    run = start(sensors=[Steady(watts=100.0)], period_s=0.05, flush_s=86400)
    os.close(run.journal.handle)
    run.journal.handle = os.open("/dev/full", os.O_WRONLY)
    time.sleep(0.02)
    run.flush()
    run.flush()
    assert run.energy_kwh > 0
    assert sum("cannot be written" in r.message for r in caplog.records) == 1
    run.stop()


def test_importing_and_tracking_load_no_numpy():
    code = ("import sys; from jevons.measure import start; from steady import Steady; "
            "run = start(sensors=[Steady(watts=1.0)], period_s=0.05); run.stop(); "
            "print([m for m in ('numpy', 'pandas', 'torch', 'psutil', 'pynvml', 'rich') if m in sys.modules])")  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "[]"


class Ticking(Steady):
    """A steady meter whose counter moves each tenth of a second, like an NVIDIA card's."""

    def __init__(self, watts, now_ns=time.monotonic_ns):
        super().__init__(watts)
        self._meter, self._now_ns = replace(self._meter, refresh_s=0.1), now_ns
        self._began_ns = now_ns()

    def read(self):
        now = self._now_ns()
        return [Reading(self._meter.device, int((now // 10**8 * 10**8 - self._began_ns) * self.watts / 1000), now)]


@pytest.mark.parametrize("phase", [0.0, 0.03, 0.06, 0.099])
def test_a_slow_counters_ticks_are_cut_at_the_ends_of_the_run_and_of_its_windows(monkeypatch, phase):
    """A tick is 10 J, and it is looked for every 5 ms; without the look the window would be off by up to 10 J."""
    clock = Clock(1_700_000_000.0 + phase)
    monkeypatch.setattr("jevons.measure.tracker.time", clock)
    monkeypatch.setattr("threading.Thread.start", raising(RuntimeError("can't start new thread")))  # its looks are ours to make
    run = start(sensors=[Ticking(100.0, clock.monotonic_ns)], period_s=86400)
    run._await_ticks()
    began = run._began_ns / 1e9
    clock.sleep(1.33)
    entered = clock.now_s
    with run.window("w"):
        run._await_ticks()
        clock.sleep(1.05)
        left = clock.now_s
    run._await_ticks()
    clock.sleep(1.3)
    ended = clock.now_s
    run.stop()
    joules = {stage: float(amount[0]) * 3.6e6 for stage, amount in run.activity.by("stage").items()}
    assert joules["w"] == pytest.approx(100 * (left - entered), abs=1.0)
    assert sum(joules.values()) == pytest.approx(100 * (ended - began), abs=1.0)


def test_short_windows_are_not_watched_for_their_ticks(monkeypatch):
    looks = []
    monkeypatch.setattr(Ticking, "read", lambda self, read=Ticking.read: (looks.append(1), read(self))[1])
    run = start(sensors=[Ticking(watts=100.0)], period_s=86400)
    for _ in range(20):
        with run.window("step"):
            time.sleep(0.02)
    run.stop()
    assert len(looks) < 150  # two a window, and the run's own ends
