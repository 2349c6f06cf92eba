"""Bars of the tracker: what it costs to import, start, keep and stop, and that joules add up whoever else tracks.

CPU seconds are user and system of the process and of every child it waited for; memory is the peak of the process itself.
All files are byte-compiled, and ours and theirs take turns, so that a busy machine is busy for all.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from benchmarks.bars import clock
from benchmarks.bars.bar import Bar, Limit, Rival
from benchmarks.rivals import trackers

import jevons

SECTION = "Tracker: cost"
SUMS = "Tracker: joules add up"
RUN = Path(__file__).with_name("measure_run.py")
IMPORT = "from jevons.measure import track"
LIFECYCLE = "from jevons.measure import start\nstart().stop()"
PEAK = """
import sys as _sys
try:
    _peak = float(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
except (OSError, IndexError):
    import resource as _resource
    _peak = _resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss / 1024
print("\\n", _peak, file=_sys.stderr)
"""
SCOPES = ("machine", "process", "cgroup", "live")


class Cost(NamedTuple):
    """CPU seconds of a process with its children, and its peak of memory."""

    cpu_s: float
    peak_mib: float
    told: str


def of_process(python: str | Path, code: str) -> Cost:
    """The cost of a script. Errors: RuntimeError with its last words where it fails.

    The peak is asked of the process itself: that of wait4 begins with what was copied from us before exec.
    """
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as errors:
        environment = {**os.environ, "JEVONS_HOME": home, "CUDA_VISIBLE_DEVICES": ""}
        process = subprocess.Popen([str(python), "-c", code + PEAK], stdout=subprocess.DEVNULL, stderr=errors, env=environment, cwd=home)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        told = errors.read().decode(errors="replace").strip()
    if process.returncode:
        raise RuntimeError(f"exit {process.returncode}: {told[-200:]}")
    said, _, peak = told.rpartition("\n")
    return Cost(used.ru_utime + used.ru_stime, float(peak), said.strip())


def in_turn(scripts: Mapping[str, tuple[str | Path, str]], runs: int) -> tuple[dict[str, list[Cost]], dict[str, str]]:
    """Costs of each script, (runs), taking turns; and what those said that failed the first, unmeasured time."""
    failed: dict[str, str] = {}
    taken: dict[str, list[Cost]] = {name: [] for name in scripts}
    for turn in range(runs + 1):
        for name, (python, code) in scripts.items():
            if name in failed:
                continue
            try:
                cost = of_process(python, code)
            except RuntimeError as trouble:
                failed[name] = str(trouble)
                continue
            if turn:
                taken[name].append(cost)
    return taken, failed


def over(costs: Sequence[Cost], bare: Sequence[Cost], what: str) -> np.ndarray:
    """Costs over the bare interpreter's, run by run."""
    return np.array([getattr(a, what) - getattr(b, what) for a, b in zip(costs, bare)])


def begin_and_end(python: Path | None, versions: Mapping[str, str], runs: int = 10) -> list[Bar]:
    """Import, and the whole of import, construct, start and stop, over bare Python."""
    compileall.compile_dir(str(Path(jevons.__file__).parent), quiet=1)
    scripts: dict[str, tuple[str | Path, str]] = {"bare": (sys.executable, "pass"), "import": (sys.executable, IMPORT),
                                                  "lifecycle": (sys.executable, LIFECYCLE)}  # fmt: skip
    if python is not None:
        scripts["their bare"] = (python, "pass")
        scripts |= {f"import {name}": (python, trackers.IMPORT[name]) for name in versions}
        scripts |= {f"lifecycle {name}": (python, trackers.lifecycle(name)) for name in versions}
    taken, failed = in_turn(scripts, runs)
    asked = (("import of the tracker, CPU over bare Python", "import", "cpu_s", "s", 0.08),
             ("import of the tracker, peak memory over bare Python", "import", "peak_mib", "MiB", 14.0),
             ("import, construct, start, stop, CPU over bare Python", "lifecycle", "cpu_s", "s", 0.30),
             ("import, construct, start, stop, peak memory over bare Python", "lifecycle", "peak_mib", "MiB", 20.0))  # fmt: skip
    return [_bar(row, taken, failed, versions) for row in asked]


def _bar(row: tuple[str, str, str, str, float], taken: Mapping[str, list[Cost]], failed: Mapping[str, str],
         versions: Mapping[str, str]) -> Bar:  # fmt: skip
    title, script, what, unit, most = row
    ours = over(taken[script], taken["bare"], what)
    rivals = []
    for name, version in versions.items():
        key = f"{script} {name}"
        if key in failed:
            rivals.append(Rival(f"{name} {version}", None, note=failed[key]))
            continue
        theirs = over(taken[key], taken["their bare"], what)
        ratio = theirs / ours
        rivals.append(Rival(f"{name} {version}", clock.median(theirs), ratio=clock.median(ratio), interval_90=clock.interval(ratio)))
    return Bar(SECTION, title, len(ours), clock.median(ours), unit, clock.interval(ours), Limit(high=most), None, tuple(rivals))


def asked(*words: object) -> dict[str, Any]:
    """What ``measure_run.py`` answers."""
    command = [sys.executable, str(RUN), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    return dict(json.loads(done.stdout))


def again(runs: int = 30) -> Bar:
    """A second start and stop in a process."""
    wall = np.array(asked("second", runs)["wall"])
    return Bar(SECTION, "a further start and stop in a process, wall", runs, clock.median(wall), "s", clock.interval(wall), Limit(high=0.02))


def own(python: Path | None, versions: Mapping[str, str], runs: int = 10, seconds: float = 11.0) -> list[Bar]:
    """The tracker's CPU while the process sleeps, a flush included: each scope at 1 s, the default at 10 Hz, and priced live.

    Those without a bar are run a third as often.
    """
    kinds = [(scope, 1.0) for scope in SCOPES] + [("machine", 0.1)]
    shares: dict[tuple[str, float], list[float]] = {kind: [] for kind in kinds}
    theirs: dict[str, list[float]] = {name: [] for name in versions}
    failed: dict[str, str] = {}
    limits = {("machine", 1.0): Limit(high=0.001), ("machine", 0.1): Limit(high=0.01)}
    for turn in range(runs):
        for kind in kinds if turn % 3 == 1 else limits:
            shares[kind].append(asked("own", *kind, seconds)["share"])
        for name in theirs.keys() - failed.keys() if python is not None else ():
            try:
                theirs[name].append(float(of_process(str(python), trackers.own(name, seconds)).told.split()[-1]))
            except (RuntimeError, ValueError, IndexError) as trouble:
                failed[name] = str(trouble)
    rivals = tuple(_beside(f"{name} {version}", np.array(theirs[name]), np.array(shares["machine", 1.0]), failed.get(name, ""))
                   for name, version in versions.items())  # fmt: skip
    return [Bar(SECTION, f"own CPU of a core, {scope}, every {period:g} s", len(found), clock.median(np.array(found)), "%",
                clock.interval(np.array(found)), limits.get((scope, period)), None, rivals if (scope, period) == ("machine", 1.0) else ())
            for (scope, period), found in shares.items()]  # fmt: skip


def _beside(name: str, theirs: np.ndarray, ours: np.ndarray, failed: str) -> Rival:
    if failed or len(theirs) != len(ours):
        return Rival(name, None, note=failed)
    ratio = theirs / ours
    return Rival(name, clock.median(theirs), ratio=clock.median(ratio), interval_90=clock.interval(ratio))


def sums(runs: int = 10, seconds: float = 5.0) -> list[Bar]:
    """Ranks, trackers and forks beside each other on one steady meter."""
    of_ranks = np.array([asked("ranks", 4, seconds)["ratio"] for _ in range(runs)])
    of_trackers = np.array([asked("trackers", 8, seconds)["ratio"] for _ in range(runs)])
    forked = asked("forks", 100)
    one = Limit(0.99, 1.01)
    return [
        Bar(SUMS, "4 ranks on a node, told over used", runs, clock.median(of_ranks), "", clock.interval(of_ranks), one),
        Bar(SUMS, "8 trackers in a process, told over used", runs, clock.median(of_trackers), "", clock.interval(of_trackers), one),
        Bar(SUMS, "forks beside a running tracker that hung, of 100", 100, forked["hung"], "of", must=Limit(high=0),
            note=f"journals written: {forked['journals']}, told over used: {forked['ratio']:.3f}"),
    ]  # fmt: skip


def kills(runs: int = 20, flush_s: float = 1.0) -> list[Bar]:
    """SIGKILL at random moments."""
    found = asked("kills", runs, flush_s)
    lost = np.array(found["lost_s"])
    return [
        Bar(SUMS, f"SIGKILL at random moments, a flush every {flush_s:g} s: most that was lost", runs, float(lost.max()), "s",
            must=Limit(high=flush_s + 1.0), note=f"median {np.median(lost):.2f} s", proof=True),
        Bar(SUMS, f"journals that can be read after it, of {runs}", runs, found["whole"], "of", must=Limit(low=runs), proof=True),
    ]  # fmt: skip


def year(step_s: float = 60.0) -> list[Bar]:
    """A year on a clock that is moved by hand: what stays in memory, and the report at its end."""
    found = asked("year", step_s)
    note = f"a sample every {step_s:g} s; journal {found['journal_mib']:.0f} MiB, {found['rows']:,} rows"
    return [
        Bar(SECTION, "a year of simulated time: memory grown", 1, found["grown_mib"], "MiB", must=Limit(high=30), note=note, proof=True),
        Bar(SECTION, "a year of simulated time: report, CPU", 1, found["report_cpu_s"], "s", must=Limit(high=5), proof=True),
    ]


def bars(rivals: bool) -> list[Bar]:
    """Every row of the table."""
    if not rivals:
        return [*begin_and_end(None, {}), again(), *own(None, {}), *year(), *sums(), *kills()]
    with trackers.installed() as (python, versions):
        return [*begin_and_end(python, versions), again(), *own(python, versions), *year(), *sums(), *kills()]
