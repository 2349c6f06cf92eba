"""How good a prediction is: errors of the point, and of the interval.

Every score is a fraction (0.24, not 24 percent). Arrays are one-dimensional, one element per row, and strictly
positive where a ratio is taken. Rows of one family (a model series, a cluster, a benchmark set) are wrong
together, so each interval of a score resamples whole families, never single rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jevons.core.errors import BadInput

Array = NDArray[np.float64]


def _pair(observed: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    obs, pred = np.asarray(observed, dtype=float), np.asarray(predicted, dtype=float)
    if obs.ndim != 1 or obs.shape != pred.shape or obs.size == 0:
        raise BadInput("predicted", pred.shape, f"give two equally long, non-empty columns; observed has {obs.shape}")
    bad = ~(np.isfinite(obs) & np.isfinite(pred) & (obs > 0) & (pred > 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise BadInput(f"row {row}", (obs[row], pred[row]), "score positive numbers; leave other rows out first")
    return obs, pred


def ape(observed: ArrayLike, predicted: ArrayLike) -> Array:
    """Absolute percentage error of each row: APE = |predicted - observed| / observed (a fraction, >= 0)."""
    obs, pred = _pair(observed, predicted)
    return np.abs(pred - obs) / obs


def mape(observed: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute percentage error, the mean of `ape`."""
    return float(ape(observed, predicted).mean())


def median_ape(observed: ArrayLike, predicted: ArrayLike) -> float:
    """Median absolute percentage error, the median of `ape`."""
    return float(np.median(ape(observed, predicted)))


def bias(observed: ArrayLike, predicted: ArrayLike) -> float:
    """Geometric-mean bias: exp(mean(ln(predicted / observed))) - 1; below zero = too optimistic on the whole."""
    obs, pred = _pair(observed, predicted)
    return float(np.expm1(np.log(pred / obs).mean()))


def within_factor(observed: ArrayLike, predicted: ArrayLike, factor: float = 2.0) -> float:
    """Share of rows with observed / factor <= predicted <= observed * factor."""
    obs, pred = _pair(observed, predicted)
    return float((np.abs(np.log(pred / obs)) <= np.log(factor) + 1e-12).mean())


def coverage(observed: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of rows whose observation lies in the closed interval [low, high]."""
    obs, lo = _pair(observed, low)
    _, hi = _pair(observed, high)
    return float(((lo <= obs) & (obs <= hi)).mean())


def width(low: ArrayLike, high: ArrayLike) -> float:
    """Median ratio high / low: 3.2 means that the upper end is 3.2 times the lower."""
    lo, hi = _pair(low, high)
    return float(np.median(hi / lo))


def interval_score(observed: ArrayLike, low: ArrayLike, high: ArrayLike, level: float = 0.80) -> float:
    """Mean interval score on the natural-log scale; smaller is better.

    S = (u - l) + (2/a) (l - y) [y < l] + (2/a) (y - u) [y > u],  a = 1 - level,
    y, l, u = ln observed, ln low, ln high. A miss is thus charged 2/a times its distance.
    Reference: Gneiting and Raftery 2007, J. Am. Stat. Assoc. 102, eq. 43.
    """
    obs, lo = _pair(observed, low)
    _, hi = _pair(observed, high)
    y, lower, upper = np.log(obs), np.log(lo), np.log(hi)
    miss = np.maximum(lower - y, 0.0) + np.maximum(y - upper, 0.0)
    return float(((upper - lower) + 2.0 / (1.0 - level) * miss).mean())


def clustered_bootstrap(
    errors: ArrayLike,
    families: Sequence[str],
    seed: int = 0,
    n: int = 2000,
    level: float = 0.90,
    statistic: Callable[[Array], float] | None = None,
) -> list[float]:
    """Interval [low, high] of a statistic of `errors` (default: the mean) by resampling whole families.

    Reference: Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8 (clusters drawn with
    replacement, all their rows kept). Percentile interval. With one family no interval exists: [nan, nan].
    """
    values = np.asarray(errors, dtype=float)
    if values.ndim != 1 or values.size != len(families) or values.size == 0:
        raise BadInput("families", len(families), f"give one family name for each of the {values.size} errors")
    names, index = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    if names.size < 2:
        return [float("nan"), float("nan")]
    drawn = np.random.default_rng(seed).integers(names.size, size=(n, names.size))
    if statistic is None:
        total, count = np.bincount(index, weights=values), np.bincount(index)
        stats = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    else:
        members = [values[index == k] for k in range(names.size)]
        stats = np.array([statistic(np.concatenate([members[k] for k in draw])) for draw in drawn])
    tail = (1.0 - level) / 2.0
    return [float(q) for q in np.quantile(stats, [tail, 1.0 - tail])]


def paired_difference(
    ours: ArrayLike, theirs: ArrayLike, families: Sequence[str], seed: int = 0, n: int = 2000
) -> dict[str, Any]:
    """Mean of (ours - theirs) over rows, with its 90 % family-clustered interval; below zero = ours is better.

    `ours` and `theirs` are errors (for example `ape`) of the same rows in the same order.
    `wins` is true only where the whole interval lies below zero.
    """
    difference = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    low, high = clustered_bootstrap(difference, families, seed, n)
    return {"n": int(difference.size), "difference": float(difference.mean()), "interval_90": [low, high], "wins": high < 0}


@dataclass(frozen=True)
class Score:
    """Scores of one target over n rows of some families; fractions, not percent. See the functions above."""

    n: int
    families: int
    mape: float
    mape_90: list[float]
    median_ape: float
    bias: float
    within_2x: float
    coverage_80: float
    width_80: float
    interval_score: float
    fit: str

    def to_dict(self) -> dict[str, Any]:
        """The same as a plain dict, in the order in which it is printed; an interval that does not exist is None."""
        values = asdict(self)
        values["mape_90"] = [None if np.isnan(end) else end for end in self.mape_90]
        return values


def score(
    observed: ArrayLike, best: ArrayLike, low: ArrayLike, high: ArrayLike, families: Sequence[str], fit: str, seed: int = 0
) -> Score:
    """All scores of predictions `best` with their 10-90 % interval [low, high].

    `families` has one name per row; `fit` says how the coefficients met the rows: "leave-one-out", "unseen" or
    "in-sample". Errors: BadInput where the columns differ in length or a value is not a positive number.
    """
    errors = ape(observed, best)
    return Score(
        n=errors.size,
        families=len(set(families)),
        mape=float(errors.mean()),
        mape_90=clustered_bootstrap(errors, families, seed),
        median_ape=float(np.median(errors)),
        bias=bias(observed, best),
        within_2x=within_factor(observed, best),
        coverage_80=coverage(observed, low, high),
        width_80=width(low, high),
        interval_score=interval_score(observed, low, high),
        fit=fit,
    )
