"""Fits the phase law to measured runs of one board, from thousands of rows or from a dozen.

Maximum a posteriori in the logarithms: Huber's loss of ln(observed / predicted), and a normal prior by which the
parts of one group cost the same for the reference model, each group's scale being nearly free:

    minimise  Σ w·H(ln y − ln f(e^θ)) / σ²  +  (θ − μ)' (τ²I + s²B)⁻¹ (θ − μ) / 2        B = 1 within a group

Where the rows hold one model only, nothing but this prior divides launching from work. Levenberg-Marquardt with a
numerical Jacobian, first for the plain sum (p = 1, where no gradient vanishes), then for the smooth maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jevons.estimate.board.law import (
    PACES,
    PARTS,
    SHARPNESS,
    Array,
    Shape,
    decode,
    decode_features,
    pace,
    prefill,
    prefill_features,
)

GROUPS = np.array([0, 0, 1, 1, 2, 3, 3, 4, 4, 4])
"""Which parts cost the same for the reference model, for want of better knowledge."""
PRIOR_COST = np.array([1.0, 1.0, 1.0, 1.0, 0.3, 0.2, 0.2, 0.02, 0.02, 0.02])
"""Centre of the prior in joules (or seconds): only ratios within a group weigh."""
USUAL_SAVING = 0.05
"""Of short prompts, where nothing is measured: -ln of their pace."""
WITHIN, BETWEEN, PACE, UNIT = 0.7, 2.0, 1.0, 0.2
"""Log standard deviations: of a part within its group, of a group's scale, of short prompts' pace, of a token unit."""
KNOWN = len(PARTS) + len(PACES)

NOISE, HUBER = 0.05, 0.02
STEP = 1e-4


@dataclass(frozen=True)
class Runs:
    """Runs of one board, one element each. ``unit``: 0 where tokens are counted as in the first prompt set, else
    the number of its set; ``later``: tokens after the first (0 for a prefill); ``bits_ratio``: weight bits over
    the board's usual ones; ``weight``: of the row in the fit."""

    shape: Shape
    tokens: Array
    later: Array
    unit: NDArray[np.int64]
    observed: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, where: NDArray[np.bool_] | NDArray[np.int64]) -> Runs:
        """The runs at ``where``."""
        s = self.shape
        parts = (np.asarray(v)[where] for v in (s.layers, s.params_b, s.weights_b, s.query, s.key_value))
        shape = Shape(*parts)  # type: ignore[arg-type]
        return Runs(shape, self.tokens[where], self.later[where], self.unit[where], self.observed[where],
                    self.weight[where])  # fmt: skip

    def prompts(self) -> Runs:
        """The same runs ended at their first token."""
        return replace(self, later=np.zeros(len(self)))

    def of(self, observed: Array) -> Runs:
        """The same runs with another quantity observed."""
        return replace(self, observed=observed)


def log_cost(theta: Array, runs: Runs, sharpness: float = SHARPNESS) -> Array:
    """ln of the cost of each run; ``theta``: logs of the coefficients, of -ln of the paces, and of each further set's token unit."""
    units = np.concatenate(([1.0], np.exp(theta[KNOWN:])))
    tokens, c, paces = runs.tokens * units[runs.unit], np.exp(theta[: len(PARTS)]), _paces(theta)
    ahead = prefill(prefill_features(runs.shape, tokens), c, pace(tokens, paces), sharpness)
    return np.asarray(np.log(ahead + decode(decode_features(runs.shape, tokens, runs.later), c)))


def _paces(theta: Array) -> Array:
    """e^(-e^θ): short prompts never take more a token than long ones."""
    return np.asarray(np.exp(-np.exp(theta[len(PARTS) : KNOWN])), float)


def coefficients(theta: Array) -> Array:
    """The coefficients and paces of theta, as they enter the law."""
    return np.concatenate((np.exp(theta[: len(PARTS)]), _paces(theta)))


def theta_of(costs: Array, paces: Array, units: Sequence[float]) -> Array:
    """The theta of given coefficients, paces and token units; a cost of zero becomes one too small to tell."""
    saved = np.maximum(-np.log(np.minimum(paces, 1.0)), 1e-12)
    return np.asarray(np.log(np.concatenate((np.maximum(costs, 1e-12), saved, np.asarray(units, float)))), float)


def fit(runs: Runs, sets: int = 1) -> Array:
    """theta of the runs, whose prompts come from ``sets`` sets of possibly different token units."""
    further = sets - 1
    mean = np.concatenate((np.log(PRIOR_COST), np.full(len(PACES), np.log(USUAL_SAVING)), np.zeros(further)))
    precision = np.asarray(np.linalg.inv(_covariance(further)), float)
    start = _descend(lambda t: log_cost(t, runs, 1.0), runs, mean, mean, precision)
    return _descend(lambda t: log_cost(t, runs), runs, start, mean, precision)


def _covariance(further: int) -> Array:
    spread = np.concatenate((np.full(len(PARTS), WITHIN), np.full(len(PACES), PACE), np.full(further, UNIT)))
    covariance = np.diag(spread**2)
    covariance[: len(PARTS), : len(PARTS)] += BETWEEN**2 * (GROUPS[:, None] == GROUPS[None])
    return covariance


def _descend(predict: Callable[[Array], Array], runs: Runs, start: Array, mean: Array, precision: Array,
             rounds: int = 40) -> Array:  # fmt: skip
    target, weight = np.log(runs.observed), runs.weight / NOISE**2
    theta, damping = start.copy(), 1e-3
    loss = _loss(target - predict(theta), weight, theta - mean, precision)
    for _ in range(rounds):
        at = predict(theta)
        residual = target - at
        pull = weight * np.minimum(1.0, HUBER / np.maximum(np.abs(residual), 1e-12))
        slopes = np.stack([(predict(theta + STEP * e) - at) / STEP for e in np.eye(len(theta))], axis=1)
        curvature = slopes.T @ (slopes * pull[:, None]) + precision
        downhill = slopes.T @ (pull * residual) - precision @ (theta - mean)
        moved, better, damping = _step(predict, target, weight, theta, mean, precision, curvature, downhill, loss, damping)
        if loss - better < 1e-6 * max(loss, 1.0):
            return moved
        theta, loss = moved, better
    return theta


def _step(predict: Callable[[Array], Array], target: Array, weight: Array, theta: Array, mean: Array, precision: Array,
          curvature: Array, downhill: Array, loss: float, damping: float) -> tuple[Array, float, float]:  # fmt: skip
    """The longest damped step that does not lead uphill."""
    while damping < 1e8:
        move = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), downhill).clip(-2, 2)
        better = _loss(target - predict(theta + move), weight, theta + move - mean, precision)
        if better <= loss:
            return theta + move, better, max(damping / 4, 1e-7)
        damping *= 4
    return theta, loss, damping


def _loss(residual: Array, weight: Array, away: Array, precision: Array) -> float:
    size = np.abs(residual)
    huber = np.where(size < HUBER, residual**2 / 2, HUBER * (size - HUBER / 2))
    return float((weight * huber).sum() + away @ precision @ away / 2)
