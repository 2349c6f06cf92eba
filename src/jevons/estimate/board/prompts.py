"""The prompts of a board: numbers, arrays of scenarios, or lengths that spread.

    cost in the mean = Σ_r s_r Σ_(i in r) w_i E(n_i, o_i)      w share of a kind of prompt, s_r the interval's draws in
                                                              the regime r that its answer falls into
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.estimate.board.interval import BORDERS, regime
from jevons.estimate.server.lengths import Lengths, Requests, read_count, requests_of
from jevons.world.architecture import Architecture


@dataclass(frozen=True)
class Prompts:
    """Tokens of prompts and answers: of each scenario or, with ``spread``, of each kind of prompt."""

    input: Any
    output: Any
    spread: Requests | None = None
    notes: tuple[Assumption, ...] = ()

    @property
    def later(self) -> Any:
        """Tokens after the first by which the interval is chosen: of each scenario, or one for each regime."""
        return np.maximum(self.output - 1, 0.0) if self.spread is None else np.array([0.0, *BORDERS])

    def drawn(self, each: Any, spread: Any) -> Any:
        """Draws of what a prompt costs: ``each`` by scenario or kind, ``spread`` the draws for `later`."""
        if self.spread is None:
            return each[..., None] * spread
        of = regime(np.maximum(self.output - 1, 0.0))
        gathered = np.bincount(of, self.spread.weight * each, minlength=len(BORDERS) + 1)
        return (gathered[:, None] * spread).sum(0)

    def mean(self, tokens: Any) -> Any:
        """Tokens of one prompt: each scenario's, or the mean."""
        return tokens if self.spread is None else np.asarray(tokens @ self.spread.weight)


def prompts_of(input_tokens: Any, output_tokens: Any, lengths: Any, arch: Architecture) -> Prompts:
    """The prompts meant, those longer than the model's context refused, or cut where they are rare in a distribution.

    Errors: BadInput, Contradiction, TableError naming field or cell.
    """
    found = requests_of(input_tokens, output_tokens, lengths=lengths)
    if found is None:
        given = ((input_tokens, "input_tokens", 1.0), (output_tokens, "output_tokens", 0.0))
        taken, made = (np.asarray(read_count(*one), float) for one in given)
        _within(arch, float(np.max(taken + made)))
        return Prompts(taken, made)
    if not found.input.all():
        raise BadInput("input_tokens", 0, "a prompt has at least 1 token; leave others out")
    kept, cut = Lengths.of(found).within(arch.context)
    assert kept.requests is not None  # of a distribution
    return Prompts(kept.requests.input, kept.requests.output, kept.requests, (*kept.requests.said(), *cut, *_cached(found)))


def _within(arch: Architecture, longest: float) -> None:
    if arch.context and longest > arch.context:
        raise BadInput("input_tokens + output_tokens", longest, f"{arch.id} was trained for {arch.context} tokens")


def _cached(found: Requests) -> tuple[Assumption, ...]:
    if not found.cached.any():
        return ()
    return (Assumption("cached tokens", "read anew", "a board at batch 1 is not taken to keep a prompt's cache", "jevons-rule"),)
