"""A million scenarios in a process of their own, so that the peak of memory is theirs: prints one line of JSON.

    python benchmarks/bars/sweep_run.py SCENARIOS RUNS ROWS
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.rivals import llmcarbon

from jevons import estimate

MODEL, DEVICE, SITE = "llama-2-7b", "a100", "us-central1"
TOTALS = {"energy_kwh", "climate_operation_kg", "climate_manufacture_kg", "water_l", "cost_usd"}


def scenarios(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Tokens, devices and intensity (kg/kWh) drawn over what is met in practice."""
    draw = np.random.default_rng(seed)
    return {"tokens": np.exp(draw.uniform(np.log(1e10), np.log(2e13), n)), "n": np.floor(np.exp(draw.uniform(np.log(8), np.log(2e4), n))),
            "intensity": draw.uniform(0.02, 0.9, n)}  # fmt: skip


def ours(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One call over all scenarios."""
    return estimate.sweep(MODEL, on=DEVICE, at=SITE, **arrays)


def theirs(arrays: dict[str, np.ndarray], rows: int) -> list[Any]:
    """LLMCarbon's arithmetic on the first rows, one after another: its efficiency and power are handed to it."""
    columns = (arrays[name][:rows].tolist() for name in ("tokens", "n", "intensity"))
    given = [(6.74, tokens / 1e9, 312.0, 0.45, n, 400.0, 1.1, kg) for tokens, n, kg in zip(*columns)]
    parts = llmcarbon.llmcarbon.validation_parts()
    start = time.process_time()
    llmcarbon.row_by_row(given, parts)
    return [time.process_time() - start]


def measure(count: int, runs: int, rows: int) -> dict[str, Any]:
    """CPU seconds of both, in turn; peak memory of the process before the rival's rows are built."""
    arrays = scenarios(count)
    ours(scenarios(10))  # tables read, lookups cached
    seconds, peak, rival = [], 0.0, []
    for _ in range(runs):
        start = time.process_time()
        totals = ours(arrays)
        seconds.append(time.process_time() - start)
        peak = max(peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 2**30) if not rival else peak
        rival += theirs(arrays, rows)
    assert set(totals) >= TOTALS
    assert all(len(v) == count and np.all(v > 0) for v in totals.values())
    return {"scenarios": count, "rows": rows, "seconds": seconds, "rival_seconds": rival, "peak_gib": peak}


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:4]))))
