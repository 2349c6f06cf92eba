"""One measurement of the tracker in a process of its own: ``python measure_run.py WHAT [...]`` prints JSON.

    second N                  CPU and wall seconds of N further start and stop
    own SCOPE PERIOD SECONDS  the tracker's CPU as a share of the wall, and the peak of memory; SCOPE may be live
    ranks N SECONDS           N processes that track one steady meter: what they report over what it used
    trackers N SECONDS        the same with N trackers in one process
    forks N                   forks while a tracker runs: children that hung, journals that were written
    kills N FLUSH             N processes killed at random moments: seconds lost of each, and journals that are whole
    year STEP                 a year of simulated time: memory grown, journal, CPU of the report
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

WATTS = 100.0
RANK = """
import sys; sys.path.insert(0, {here!r})
from measure_run import Steady, start, time
run = start(sensors=[Steady()], period_s={period}); time.sleep({seconds}); run.stop()
print(run.energy_kwh * 3.6e6)
"""


def start(**options: Any) -> Any:
    """The tracker's, imported when asked."""
    from jevons.measure import start as begin

    return begin(**options)


class Steady:
    """A meter of ``WATTS`` by a clock that all processes share."""

    def __init__(self, clock: Any = time) -> None:
        from jevons.measure.sensor import Meter

        self.clock, self.meters = clock, [Meter("steady", "processor", "chip", "counter", "steady")]

    def read(self) -> Sequence[Any]:
        """Energy since the machine was started."""
        from jevons.measure.sensor import Reading

        now = self.clock.monotonic_ns()
        return [Reading("steady", int(now * WATTS / 1000), now)]

    def close(self) -> None:
        """Nothing is held."""


def second(n: str) -> dict[str, Any]:
    """CPU and wall seconds of further runs in a process that has had one."""
    start().stop()
    cpu, wall = [], []
    for _ in range(int(n)):
        c, w = time.process_time(), time.perf_counter()
        start().stop()
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    return {"cpu": cpu, "wall": wall}


def own(scope: str, period: str, seconds: str) -> dict[str, Any]:
    """CPU share of the tracker while the process sleeps, everything it starts included."""
    run = start(period_s=float(period), **(_priced() if scope == "live" else {"scope": scope}))
    time.sleep(1.0)
    before, began = _cpu_s(), time.monotonic()
    time.sleep(float(seconds))
    share = (_cpu_s() - before) / (time.monotonic() - began)
    run.stop()
    return {"share": share, "peak_mib": _peak_mib()}


def _priced() -> dict[str, Any]:
    """Options by which the run is priced at every flush."""
    from jevons.measure.live_report import Budget

    return {"live": {"budget": Budget("1e9 kg")}}


def ranks(n: str, seconds: str) -> dict[str, Any]:
    """Processes at once: energy told over WATTS × the time that at least one was there."""
    code = RANK.format(here=str(Path(__file__).parent), period=0.1, seconds=seconds)
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(int(n))]
    joules = sum(float(process.communicate()[0]) for process in running)
    return {"ratio": _ratio(), "joules": joules}


def trackers(n: str, seconds: str) -> dict[str, Any]:
    """Trackers of one process, started and stopped one after another."""
    runs = [start(sensors=[Steady()], period_s=0.1) for _ in range(int(n))]
    time.sleep(float(seconds))
    joules = sum(run.stop().energy_kwh * 3.6e6 for run in runs)
    return {"ratio": _ratio(), "joules": joules}


def _ratio() -> float:
    """What all journals tell over what the meter used while any of them ran."""
    from jevons.measure.journal import written

    books = list(written())
    spans = sorted((float(b.header["t"]), float(b.last["t"])) for b in books)
    union, reach = 0.0, 0.0
    for begin, end in spans:
        union += max(end - max(begin, reach), 0.0)
        reach = max(reach, end)
    return sum(sum(b.cells.values()) for b in books) / 1e6 / (WATTS * union)


def forks(n: str) -> dict[str, Any]:
    """Forks beside a running tracker; each child stops the parent's run and leaves."""
    run = start(sensors=[Steady()], period_s=0.01, flush_s=0.05)
    hung = 0
    for _ in range(int(n)):
        child = os.fork()
        if child == 0:
            run.stop()
            os._exit(0)
        until = time.monotonic() + 20
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                hung += 1
                os.kill(child, 9)
                os.waitpid(child, 0)
                break
            time.sleep(0.001)
    run.stop()
    return {"hung": hung, "journals": len(list(run.journal.path.parent.glob("*.jsonl"))), "ratio": _ratio()}


KILLED = """
import sys; sys.path.insert(0, {here!r})
from measure_run import Steady, start, time
run = start(sensors=[Steady()], period_s=0.1, flush_s={flush}); print("up", flush=True); time.sleep(60)
"""


def kills(n: str, flush: str) -> dict[str, Any]:
    """SIGKILL after 0.2 to 3.2 flushes; what the journal holds of the energy since the process said it was up."""
    from jevons.measure.journal import recover

    chance, lost_s, whole = random.Random(0), [], 0
    for _ in range(int(n)):
        os.environ["JEVONS_HOME"] = home = tempfile.mkdtemp()
        code = KILLED.format(here=str(Path(__file__).parent), flush=float(flush))
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # type: ignore[union-attr]
        began = time.monotonic()
        time.sleep(chance.uniform(0.2, 3.2) * float(flush))
        process.kill()
        lived = time.monotonic() - began
        process.wait()
        found = recover(Path(home) / "journal")
        whole += len(found) == 1
        lost_s.append(lived - sum(row["energy_kwh"] for row in found) * 3.6e6 / WATTS)
        shutil.rmtree(home)
    return {"lost_s": lost_s, "whole": whole}


def year(step: str) -> dict[str, Any]:
    """A year of samples every ``step`` seconds and a flush every ten, on a clock that only we move; no sync to disk."""
    from jevons.measure import tracker
    from jevons.measure.journal import read

    clock = SimpleNamespace(now=1_700_000_000.0)
    clock.time = lambda: clock.now
    clock.monotonic = lambda: clock.now
    clock.monotonic_ns = clock.time_ns = lambda: int(clock.now * 1e9)
    tracker.time, os.fsync = clock, lambda handle: None  # type: ignore[assignment]
    run = start(sensors=[Steady(clock)], period_s=86400)
    begin, cpu = _peak_mib(), time.process_time()
    for i in range(1, int(365 * 86400 / float(step)) + 1):
        clock.now += float(step)
        run._sample()
        if i * float(step) % 10 == 0:
            run._write("flush")
    grown, sampled = _peak_mib() - begin, time.process_time() - cpu
    run.stop()
    cpu = time.process_time()
    activity = read(run.journal.path).activity
    reported = time.process_time() - cpu
    return {"grown_mib": grown, "report_cpu_s": reported, "sample_cpu_s": sampled, "rows": len(activity),
            "kwh": float(activity.total()[0]), "journal_mib": run.journal.path.stat().st_size / 2**20}  # fmt: skip


def _cpu_s() -> float:
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _peak_mib() -> float:
    """Peak of memory since exec; ru_maxrss would begin with what was copied from the parent."""
    try:
        return float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run what the command line asks, with a home of its own."""
    what, *given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as home:
        os.environ["JEVONS_HOME"] = home
        call = {f.__name__: f for f in (second, own, ranks, trackers, forks, kills, year)}[what]
        print(json.dumps(call(*given)))


if __name__ == "__main__":
    main()
