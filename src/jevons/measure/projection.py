"""What is still to come of a run, from what was seen of it.

    rest = R · ( ē ± t₀.₉₅,ₙ₋₁ · s · √(1/n + 1/m) )

The work done is cut into n blocks of equal size; ē and s are mean and deviation of the energy of a unit of work over
them, R the work left, m the blocks it would make. This is Student's prediction interval of the mean of m further values,
and supposes that the rest resembles what was seen. The first block, the warm-up, is left out once there are enough.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BLOCKS, FEWEST_BLOCKS = 12, 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment of the run: seconds since its start, work done, energy so far."""

    t_s: float
    done: float
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Rest:
    """What is still to come of a quantity: best, and the bounds of its 90 % prediction interval."""

    best: float
    low: float
    high: float


def remaining(ticks: Sequence[Tick], total: float | None, of: Callable[[Tick], float]) -> Rest | None:
    """What is still to come of a quantity (energy, time), by the module's equation; None with fewer than 4 blocks seen."""
    if total is None or not ticks:
        return None
    left, rates, size = total - ticks[-1].done, *blocks(ticks, of)
    if left <= 0:
        return Rest(0.0, 0.0, 0.0)
    if len(rates) < FEWEST_BLOCKS:
        return None
    rates = rates[1:] if len(rates) > FEWEST_BLOCKS else rates
    n, mean = len(rates), sum(rates) / len(rates)
    deviation = math.sqrt(sum((rate - mean) ** 2 for rate in rates) / (n - 1))
    half = student(n - 1) * deviation * math.sqrt(1 / n + size / left)
    return Rest(left * mean, left * max(mean - half, 0.0), left * (mean + half))


def blocks(ticks: Sequence[Tick], of: Callable[[Tick], float], most: int = BLOCKS) -> tuple[list[float], float]:
    """(amount of a unit of work in each block of equal work, size of a block); blocks are not finer than the ticks."""
    moved = [tick for i, tick in enumerate(ticks) if not i or tick.done > ticks[i - 1].done]
    n = min(most, len(moved) - 1)
    if n < 1:
        return [], 0.0
    size = (moved[-1].done - moved[0].done) / n
    edges = [_at(moved, moved[0].done + i * size, of) for i in range(n + 1)]
    return [(b - a) / size for a, b in itertools.pairwise(edges)], size


def _at(ticks: Sequence[Tick], done: float, of: Callable[[Tick], float]) -> float:
    """The quantity when so much was done, by straight lines between ticks."""
    for before, after in itertools.pairwise(ticks):
        if done <= after.done:
            part = (done - before.done) / (after.done - before.done)
            return of(before) + part * (of(after) - of(before))
    return of(ticks[-1])


def student(freedom: int, z: float = 1.6448536269514722) -> float:
    """95 % quantile of Student's t: z + (z³ + z)/4ν + (5z⁵ + 16z³ + 3z)/96ν² + (3z⁷ + 19z⁵ + 17z³ − 15z)/384ν³.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5; good to 1 % from 3 degrees of freedom.
    """
    v = float(freedom)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3
