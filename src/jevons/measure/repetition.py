"""Short work, measured well: repeated until it is long beside the sensor, at random phases, each time from rest.

    E₁ = E_trial / n_trial        Ē ± t₀.₉₅,ₖ₋₁ · s / √k        n: repetitions in a trial;  k trials

A sensor that looks a part of the time, or ticks each 0.1 s, is right on average only where trials begin at phases of their
own (arXiv 2312.02741); and a device that is still warm draws more, so each trial waits until power has fallen back.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jevons.core.errors import BadInput
from jevons.core.units import JOULES_PER_KWH, UJ_PER_J
from jevons.measure.begin import start
from jevons.measure.projection import student
from jevons.measure.tracker import Run

PHASE_S = 0.1
LOOK_S = 1.0
NEAR = 1.05
"""Power this close to that at rest is rest."""


@dataclass(frozen=True)
class Trials:
    """What one repetition took, trial by trial. ``warm``: trials that began before power had fallen back to rest."""

    energy_j: tuple[float, ...]
    time_s: tuple[float, ...]
    repetitions: tuple[int, ...]
    rest_w: float
    warm: int

    @property
    def mean_j(self) -> float:
        """Energy of a repetition, rest included, mean over trials."""
        return sum(self.energy_j) / len(self.energy_j)

    @property
    def interval_j(self) -> tuple[float, float]:
        """90 % interval of that mean by Student's t over trials."""
        n, mean = len(self.energy_j), self.mean_j
        deviation = math.sqrt(sum((e - mean) ** 2 for e in self.energy_j) / (n - 1))
        half = student(n - 1) * deviation / math.sqrt(n)
        return max(mean - half, 0.0), mean + half


def repeat(work: Callable[[], Any], *, trials: int = 5, least_s: float = 5.0, cool_s: float = 60.0, rest_s: float = 3.0,
           seed: int | None = None, **options: Any) -> Trials:  # fmt: skip
    """Energy of one call of ``work``. ``least_s``: how long a trial goes on at least; ``cool_s``: the longest wait for
    rest before a trial; ``rest_s``: how long rest is measured first. Options as ``jevons.measure.start``.

    Errors: BadInput for fewer than 4 trials or times that are not positive. What ``work`` raises ends it.
    """
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 4:
        raise BadInput("trials", trials, "give at least 4, so that their spread can be told")
    for name, value in (("least_s", least_s), ("rest_s", rest_s)):
        if not 0 < value < math.inf:
            raise BadInput(name, value, "give seconds above 0")
    chance, counts, spans, warm = random.Random(seed), list[int](), list[float](), 0
    with start(**{"period_s": 0.1, "flush_s": 3600.0, **options}) as run:
        rest_w = power_w(run, rest_s)
        for i in range(trials):
            warm += not cooled(run, rest_w, cool_s) if i else 0
            time.sleep(chance.uniform(0.0, PHASE_S))
            with run.window(_name(i)):
                count, span_s = _until(work, least_s)
            counts.append(count)
            spans.append(span_s / count)
    joules = [sum(e for (_, _, window), e in run.cells.spent.items() if window == _name(i)) / UJ_PER_J / n for i, n in enumerate(counts)]
    return Trials(tuple(joules), tuple(spans), tuple(counts), rest_w, warm)


def cooled(run: Run, rest_w: float, most_s: float) -> bool:
    """Wait until power is back at rest, ``most_s`` at the longest; whether it came back."""
    until = time.monotonic() + most_s
    while time.monotonic() < until:
        if power_w(run, min(LOOK_S, most_s)) <= rest_w * NEAR:
            return True
    return False


def power_w(run: Run, span_s: float) -> float:
    """Mean power of the run's devices over the coming seconds."""
    run.sample()
    before, began = run.energy_kwh, time.monotonic()
    time.sleep(span_s)
    run.sample()
    return (run.energy_kwh - before) * JOULES_PER_KWH / (time.monotonic() - began)


def _name(i: int) -> str:
    return f"trial {i + 1}"


def _until(work: Callable[[], Any], least_s: float) -> tuple[int, float]:
    """(calls, seconds)."""
    began, count = time.monotonic(), 0
    while not count or time.monotonic() - began < least_s:
        work()
        count += 1
    return count, time.monotonic() - began
