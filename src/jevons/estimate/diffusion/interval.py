"""The cost of a batch with the coefficients of its GPU's generation, and how far off it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.estimate.diffusion.cost import Coefficients, Cost, Rates, cost
from jevons.estimate.diffusion.unet import unet_work
from jevons.estimate.diffusion.work import Array, latent_tokens, work
from jevons.world.diffusion import DiffusionModel

FLOOR = 0.1
"""What is uncertain even of a step that is all matrix products, in units of the guessed share."""


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
               ) -> tuple[Cost, bool]:  # fmt: skip
    """Cost of one batch, and whether the coefficients of another generation stand in."""
    c, stands_in = coefficients(generation, fitted)
    if model.unet_channels:
        done = unet_work(model, s.batch, s.height, s.width, s.passes)
    else:
        done = work(model, s.batch, s.height, s.width, s.frames, s.passes, s.ulysses, s.ring)
    return cost(done, s.steps, s.ulysses, s.ring, rates, c, model.decode_everywhere), stands_in


def never_measured(model: DiffusionModel, s: Setting, stands_in: bool, spread: Mapping[str, Any]) -> Array:
    """Log half-width (80 %) added for what no fitted run had: its hardware, its attention or
    convolutions, its number of tokens; for a shape that is only supposed."""
    tokens = latent_tokens(model, s.height, s.width, s.frames)
    low, high = spread["tokens"]
    outside = np.maximum(np.log(tokens / high), np.log(low / tokens)) > 0
    strange = spread["unmeasured"] * (outside | model.linear_attention)
    if model.unet_channels:
        strange = spread["unet"]
    if model.supposed:
        strange = np.hypot(strange, spread["supposed"])
    return np.asarray(np.hypot(strange, spread["stand_in"] if stands_in else 0.0))


def interval(guessed: Any, residuals: Mapping[str, float], further: Any = 0.0) -> tuple[Array, Array]:
    """10 % and 90 % over the best: exp(∓√((q·(FLOOR + guessed))² + further²)).

    ``guessed``: see `Cost`; ``q``: 80 % of |ln observed/predicted| over FLOOR + guessed, of runs whose family was left
    out of the fit; ``further``: see `never_measured`.
    """
    width = np.hypot(residuals["log_80"] * (FLOOR + np.asarray(guessed)), further)
    return np.exp(-width), np.exp(width)
