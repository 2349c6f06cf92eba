"""A served model driven, metered in its steady state, exported and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jevons.core.words import words

__all__ = ["Bench", "Plan", "serve"]

if TYPE_CHECKING:
    from jevons.measure.bench.bench import Bench, Plan, serve

__getattr__ = words(__name__, dict.fromkeys(__all__, "bench"))
