"""Energy against latency of a deployment, batch by batch: what a larger batch saves, and what it makes users wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, DoesNotFit
from jevons.core.uncertain import best, interval
from jevons.estimate.serving import latency, serving

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True)
class Point:
    """One batch: J of all accelerators an output token with its 5 and 95 %, seconds, output tokens a second of all replicas."""

    batch: float
    energy_per_output_token_j: float
    low_j: float
    high_j: float
    per_token_s: float
    first_token_s: float
    tokens_per_s: float


def frontier(model: Any = None, on: str = "", n: Any = None, *, batches: Sequence[float] = BATCHES, draws: int = 1000, seed: int = 0,
             **asked: Any) -> list[Point]:  # fmt: skip
    """The points of a deployment at ``batches`` in flight a replica, those that fit its memory; ``asked``: as `latency` takes it.

    Errors: those of `serving`; DoesNotFit where not one batch fits.
    """
    if not batches:
        raise BadInput("batches", batches, "give batches, e.g. 1,8,64")
    if "batch" in asked or "request_rate" in asked:
        raise BadInput("batch", asked.get("batch", asked.get("request_rate")), "the frontier goes over batches: leave it out")
    points, refused = [], None
    for batch in sorted(set(batches)):
        try:
            points.append(_point(model, on, n, batch, draws, seed, asked))
        except DoesNotFit as trouble:
            refused = trouble
    if not points and refused is not None:
        raise refused
    return points


def _point(model: Any, on: str, n: Any, batch: float, draws: int, seed: int, asked: dict[str, Any]) -> Point:
    found = serving(model, on, n, batch=batch, draws=draws, seed=seed, **asked)
    joules = found.where(component="accelerator").total() * units.JOULES_PER_KWH / found.served["output token"]
    low, high = interval(joules)
    speed = latency(model, on, n, batch=batch, **asked)
    return Point(batch, *(float(np.squeeze(x)) for x in (best(joules), low, high, speed.per_token_s, speed.first_token_s, speed.tokens_per_s)))
