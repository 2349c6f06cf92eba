"""CPU seconds: of a call in this process, of a command in its own; medians with intervals."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def of_call(call: Callable[[], Any], runs: int, loops: int = 1) -> np.ndarray:
    """CPU seconds of one call, (runs,): each run repeats it ``loops`` times and takes the mean."""
    out = np.empty(runs)
    for i in range(runs):
        start = time.process_time()
        for _ in range(loops):
            call()
        out[i] = (time.process_time() - start) / loops
    return out


def of_command(command: Sequence[str]) -> float:
    """CPU seconds, user and system, of a command and its children. Errors: CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turn(commands: dict[str, Sequence[str]], runs: int) -> dict[str, np.ndarray]:
    """CPU seconds of each command, (runs,); they take turns, so that a busy machine is busy for all."""
    for command in commands.values():
        of_command(command)  # once unmeasured: files in the cache, bytecode written
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(of_command(command))
    return {name: np.array(seconds) for name, seconds in taken.items()}


def median(values: np.ndarray) -> float:
    """The median."""
    return float(np.median(values))


def interval(values: np.ndarray, n: int = 2000, seed: int = 0) -> tuple[float, float]:
    """90 % bootstrap interval of the median over runs."""
    drawn = np.random.default_rng(seed).integers(len(values), size=(n, len(values)))
    low, high = np.quantile(np.median(values[drawn], axis=1), [0.05, 0.95])
    return float(low), float(high)
