"""Energy from samples of power: the trapezoid, by the hour, with pauses left out and told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jevons.core import units
from jevons.core.errors import TableError

YEAR_S = units.HOURS_PER_YEAR * units.SECONDS_PER_HOUR
MOST_YEARS = 30
FLOAT_SLACK = 1e-9
LONGEST_S = 60.0
"""Between two samples further apart than this the power is not known, so nothing is added."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What one clock hour (UTC) held: from and to which second, and the energy in between."""

    start_s: float
    end_s: float
    energy_kwh: float


def by_hour(t_s: NDArray[np.float64], power_w: NDArray[np.float64], longest_s: float = LONGEST_S) -> tuple[list[Hour], float]:
    """E = Σ (p₁ + p₂)/2 · Δt of each hour, and the seconds of all pauses over ``longest_s``.

    ``t_s`` (n,) UTC seconds in rising order, ``power_w`` (n,). An interval belongs to the hour of its beginning.
    """
    step_s = np.diff(t_s)
    known = step_s <= longest_s
    energy_kwh = np.where(known, (power_w[:-1] + power_w[1:]) / 2 * step_s, 0.0) / units.JOULES_PER_KWH
    hour = np.floor_divide(t_s[:-1], units.SECONDS_PER_HOUR).astype(np.int64)
    hours = []
    for number in np.unique(hour[known]):
        at = np.flatnonzero((hour == number) & known)
        hours.append(Hour(float(t_s[at[0]]), float(t_s[at[-1] + 1]), float(energy_kwh[at].sum())))
    return hours, float(step_s[~known].sum())


def require_span(file: str, name: str, t_s: NDArray[np.float64]) -> None:
    """TableError for stamps outside 1970 to 2200, or of more years than anybody kept: one of them is wrong."""
    from jevons.account.readers.clock import LAST_S

    if len(t_s) and not (t_s[0] >= 0 and t_s[-1] < LAST_S and t_s[-1] - t_s[0] <= MOST_YEARS * YEAR_S):
        raise TableError(file, None, name, f"stamps from {t_s[0]:.15g} to {t_s[-1]:.15g}", "give UTC seconds; one of them is wrong")


def counted(t_s: NDArray[np.float64], reading: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """What a counter ran up to each stamp since the first, and how often it began anew.

    A reading below the last one is a counter that started from zero again: what it shows since then is added, what ran
    up unseen before is not known. ``t_s`` (n,) rising, ``reading`` (n,) at least 0, in any unit.
    """
    step = np.diff(reading)
    anew = step < -FLOAT_SLACK * np.abs(reading[:-1])
    step = np.where(anew, reading[1:], np.maximum(step, 0.0))
    return np.concatenate(([0.0], np.cumsum(step))), int(anew.sum())


def hours_of(t_s: NDArray[np.float64], so_far: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """(start_s, end_s, what was added) of each clock hour (UTC) between the first and the last stamp.

    ``so_far`` (n,): a running total; between two stamps it is taken to grow evenly, so hours sum to the whole exactly.
    """
    first, last = float(t_s[0]), float(t_s[-1])
    inner = np.arange(np.floor(first / units.SECONDS_PER_HOUR) + 1, np.ceil(last / units.SECONDS_PER_HOUR))
    edges = np.concatenate(([first], inner * units.SECONDS_PER_HOUR, [last]))
    added = np.diff(np.interp(edges, t_s, so_far))
    return [(float(a), float(b), float(x)) for a, b, x in zip(edges[:-1], edges[1:], added, strict=True)]


def integrated(t_s: NDArray[np.float64], power_w: NDArray[np.float64], longest_s: float) -> tuple[NDArray[np.float64], float]:
    """Joules up to each stamp by the trapezoid, and the seconds of all pauses over ``longest_s``, which add nothing."""
    step_s = np.diff(t_s)
    known = step_s <= longest_s
    joules = np.where(known, (power_w[:-1] + power_w[1:]) / 2 * step_s, 0.0)
    return np.concatenate(([0.0], np.cumsum(joules))), float(step_s[~known].sum())
