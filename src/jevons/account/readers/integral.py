"""Energy from samples of power: the trapezoid, by the hour, with pauses left out and told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jevons.core import units

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
