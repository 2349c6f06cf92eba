"""Bars of fleet telemetry: beside DuckDB's own SQL and polars on the same files, in turn; the answers are held equal.

Each measurement is a process of its own on two threads; the figure is theirs over ours in CPU seconds, so a busy machine is
busy for all. ``large`` adds 1e9 samples and the close of 864 M (``make bench-large``).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.bars import clock, fleet_data
from benchmarks.bars.bar import Bar, Limit, Rival

SECTION = "Fleet telemetry"
RUN = Path(__file__).with_name("fleet_run.py")
DEVICES, SECONDS, STEP_S, FILES, JOBS = 1_000, 500_000, 10, 50, 100_000  # 50 M samples
CLOSED = 200  # devices of the small close, a day at 1 Hz
LARGE_DEVICES, LARGE_SECONDS, LARGE_FILES = 10_000, 100_000, 100  # 1e9 samples
MOST_MIB, LARGE_MIB = 512, 1024


def measured(what: str, folder: Path) -> dict[str, Any]:
    """One run in its own process. Errors: RuntimeError with its last words where it fails."""
    done = subprocess.run([sys.executable, str(RUN), what, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{what}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def in_turn(folder: Path, names: Sequence[str], runs: int) -> dict[str, list[dict[str, Any]]]:
    """Runs of each, one after another, over and over."""
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            told[name].append(measured(name, folder))
    return told


def cpu(runs: Sequence[dict[str, Any]]) -> np.ndarray:
    """CPU seconds of each run."""
    return np.array([run["cpu_s"] for run in runs])


def rate(runs: Sequence[dict[str, Any]], samples: int) -> str:
    """Samples a CPU second, the peak of memory, and the least wall time."""
    peak, wall = max(run["peak_mib"] for run in runs), min(run["wall_s"] for run in runs)
    return f"{samples / float(np.median(cpu(runs))) / 1e6:.1f} M samples a CPU second, peak {peak:.0f} MiB, {wall:.1f} s of wall at best"


def require_equal(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> None:
    """The answers of two engines agree to 1e-9."""
    ours, theirs = one[0]["found"][0], other[0]["found"][0]
    if abs(ours / theirs - 1) > 1e-9:
        raise RuntimeError(f"the answers differ: {ours!r} and {theirs!r} kWh")


def beside(name: str, ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], rival: str, samples: int,
           must: Limit, stretch: Limit, others: Sequence[Rival] = ()) -> Bar:  # fmt: skip
    """A row: their CPU seconds over ours on the same files, run by run."""
    require_equal(ours, theirs)
    told = against(rival, theirs, ours, samples)
    return Bar(SECTION, name, len(ours), told.ratio, "×", told.interval_90, must, stretch, (told, *others), f"ours: {rate(ours, samples)}")


def against(rival: str, theirs: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]], samples: int) -> Rival:
    """Their CPU seconds over ours, run by run."""
    ratios = cpu(theirs) / cpu(ours)
    return Rival(rival, None, ratio=clock.median(ratios), interval_90=clock.interval(ratios), note=rate(theirs, samples))


def summed(folder: Path, runs: int, samples: int) -> list[Bar]:
    """The two sums of 50 M samples, and the memory of the second."""
    told = in_turn(folder, ("ours", "duckdb", "rectangle", "ours-jobs", "polars", "rows"), runs)
    rough = against("DuckDB, power × step without window or cuts: another answer", told["rectangle"], told["ours"], samples)
    rows = against("polars, row before without a window: another answer", told["rows"], told["ours-jobs"], samples)
    named = f"{samples / 1e6:g} M samples"
    first = beside(f"{named}, join + group: DuckDB's own SQL / ours", told["ours"], told["duckdb"], "DuckDB, lag by device, join, group",
                   samples, Limit(low=0.5), Limit(low=0.8), (rough,))  # fmt: skip
    second = beside(f"{named} to {JOBS:,} jobs: polars / ours", told["ours-jobs"], told["polars"], "polars streaming, shift, join_asof, group",
                    samples, Limit(low=1.3), Limit(low=2.0), (rows,))  # fmt: skip
    peaks = np.array([run["peak_mib"] for run in told["ours-jobs"]])
    memory = Bar(SECTION, f"{named} to jobs: peak of memory", len(peaks), float(peaks.max()), "MiB", None, Limit(high=MOST_MIB))
    return [first, second, memory]


def closes(folder: Path, samples: int) -> list[Bar]:
    """A day closed, then a late file: CPU seconds of both, and what was read."""
    run = measured("close", folder)
    told = run["found"]
    bars = []
    for step, words in (("first", "closed"), ("late", "re-opened by a late file"), ("again", "closed again, nothing new")):
        one = told[step]
        note = f"{one['found']['rows_read']:,} rows read, version {one['found']['version']}, {one['wall_s']:.1f} s of wall; peak {run['peak_mib']:.0f} MiB"
        bars.append(Bar(SECTION, f"day of {samples / 1e6:.4g} M samples {words}", 1, one["cpu_s"], "CPU s", None, None, None, (), note))
    return bars


def large(folder: Path) -> list[Bar]:
    """1e9 samples to jobs on two threads, then the close of a day of 10,000 devices at 1 Hz."""
    samples = fleet_data.samples(folder, LARGE_DEVICES, LARGE_SECONDS, 1, LARGE_FILES)
    fleet_data.tables(folder, LARGE_DEVICES, LARGE_SECONDS, JOBS)
    run = measured("ours-jobs", folder)
    name = f"{samples / 1e9:g}e9 samples to {JOBS:,} jobs, two threads"
    time = Bar(SECTION, f"{name}: wall", 1, run["wall_s"], "s", None, None, Limit(high=300), (), rate([run], samples))
    memory = Bar(SECTION, f"{name}: peak of memory", 1, run["peak_mib"], "MiB", None, Limit(high=LARGE_MIB))
    return [time, memory, *closes(folder, LARGE_DEVICES * fleet_data.DAY_S)]


def bars(runs: int = 10, folder: Path | None = None, big: bool = False) -> list[Bar]:
    """Every row; made-up files in ``folder`` (kept) or a temporary one."""
    with tempfile.TemporaryDirectory() as made:
        home = folder or Path(made)
        samples = fleet_data.samples(home / "fifty", DEVICES, SECONDS, STEP_S, FILES, aligned=True)
        fleet_data.tables(home / "fifty", DEVICES, SECONDS, JOBS, STEP_S)
        fleet_data.samples(home / "day", CLOSED, fleet_data.DAY_S, 1, 20)
        fleet_data.tables(home / "day", CLOSED, fleet_data.DAY_S, CLOSED * 5)
        found = [*summed(home / "fifty", runs, samples), *closes(home / "day", CLOSED * fleet_data.DAY_S)]
        return [*found, *(large(home / "large") if big else [])]
