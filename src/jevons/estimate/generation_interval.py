"""The cost of a batch with the coefficients of its GPU's generation, and how far off it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.estimate.generation_cost import Coefficients, Cost, Rates, cost, uncounted_share
from jevons.estimate.generation_work import Array, work
from jevons.world.diffusion import DiffusionModel


@dataclass(frozen=True)
class Setting:
    """How outputs are made: ``batch`` at once, size, steps, evaluations a step, GPUs = ulysses × ring. Arrays welcome."""

    batch: Any
    height: Any
    width: Any
    frames: Any
    steps: Any
    passes: Any
    ulysses: Any = 1
    ring: Any = 1


def coefficients(generation: str, fitted: Mapping[str, Any], stand_in: str = "hopper") -> tuple[Coefficients, bool]:
    """The coefficients of a generation of hardware, and whether another's stand in."""
    known = fitted["coefficients"]
    return Coefficients.of(known.get(generation, known[stand_in])), generation not in known


def batch_cost(model: DiffusionModel, s: Setting, rates: Rates, generation: str, fitted: Mapping[str, Any]
               ) -> tuple[Cost, Array, bool]:  # fmt: skip
    """Cost of one batch, the share of its energy that is known least well, and whether coefficients stand in."""
    c, stands_in = coefficients(generation, fitted)
    done = work(model, s.batch, s.height, s.width, s.frames, s.passes, s.ulysses, s.ring)
    found = cost(done, s.steps, s.ulysses, s.ring, rates, c, model.decode_everywhere)
    return found, uncounted_share(found, done, s.steps, rates, c), stands_in


def interval(share: Any, residuals: Mapping[str, float], spread: Mapping[str, float], stands_in: bool = False
             ) -> tuple[Array, Array]:  # fmt: skip
    """10 % and 90 % over the best: exp(q · σ), σ² = 1 + (k·share)², of left-out families' standard residuals.

    ``k`` says how much less is known of what is not a matrix product; coefficients that stand in widen further.
    """
    sigma = np.sqrt(1 + (spread["uncounted"] * np.asarray(share)) ** 2)
    further = spread["stand_in"] if stands_in else 0.0
    low = np.hypot(residuals["log_p10"] * sigma, further)
    high = np.hypot(residuals["log_p90"] * sigma, further)
    return np.exp(-low), np.exp(high)
