"""One number for all runs: a constant model FLOP utilisation (MFU), fixed or fitted without the row's own family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jevons.estimate.validation import scores

CUSTOMARY = 0.35  # the share of peak that projections commonly assume
GRID = np.linspace(0.02, 0.9, 441)


def best_constant(observed: Any, at_peak: Any) -> float:
    """The MFU m of least mean absolute percentage error of at_peak / m."""
    errors = [scores.mape(observed, at_peak / m) for m in GRID]
    return float(GRID[int(np.argmin(errors))])


def fitted_without(observed: Any, at_peak: Any, families: Sequence[str]) -> np.ndarray:
    """For each row ``at_peak`` / the best constant of all rows of other families; arrays of one length."""
    observed, at_peak, names = np.asarray(observed), np.asarray(at_peak), np.asarray(families, dtype=str)
    out = np.empty(len(names))
    for name in np.unique(names):
        others, mine = names != name, names == name
        out[mine] = at_peak[mine] / best_constant(observed[others], at_peak[others])
    return out


def median_without(values: Any, families: Sequence[str], groups: Sequence[str] | None = None) -> np.ndarray:
    """For each row the median of ``values`` over rows of other families in the same group (all, where none is left)."""
    values, names = np.asarray(values, dtype=float), np.asarray(families, dtype=str)
    kinds = np.asarray(groups if groups is not None else [""] * len(names), dtype=str)
    out = np.empty(len(names))
    for i, (name, kind) in enumerate(zip(names, kinds)):
        near = (names != name) & (kinds == kind)
        out[i] = np.median(values[near] if near.any() else values[names != name])
    return out
