"""How sure an edge estimate is: 10-90 % factors by what kind of run it is, from residuals of runs left out.

Short answers are dominated by the prefill, which a lagging sensor reads badly; long ones are read well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BORDERS = (0.5, 8.0, 32.0, 128.0)
REGIMES = ("prefill", "up to 8 tokens", "up to 32 tokens", "up to 128 tokens", "longer")


def regime(later: ArrayLike) -> NDArray[np.int64]:
    """The number of each run's regime by its tokens after the first."""
    return np.asarray(np.digitize(np.asarray(later, float), BORDERS))


def factors(later: ArrayLike, residuals: Mapping[str, Any]) -> tuple[Array, Array]:
    """10 % and 90 % factors about the estimate, one a run, from ``residuals``: regime → (q10, q90) of ln(true / estimate)."""
    table = np.array([residuals[name] for name in REGIMES], dtype=float)
    low, high = np.exp(table[regime(later)]).T
    return low, high


def quantiles(log_residual: ArrayLike, later: ArrayLike, fewest: int = 30) -> dict[str, tuple[float, float]]:
    """Regime → (q10, q90) of ln(true / estimate); a regime of fewer than ``fewest`` rows takes the next longer one's,
    at the end those of all rows."""
    residual, kind = np.asarray(log_residual, float), regime(later)
    found, stand_in = {}, residual
    for number, name in reversed(list(enumerate(REGIMES))):
        here = residual[kind == number]
        stand_in = here if here.size >= fewest else stand_in
        low, high = np.quantile(stand_in, [0.1, 0.9])
        found[name] = (round(float(low), 4), round(float(high), 4))
    return {name: found[name] for name in REGIMES}
