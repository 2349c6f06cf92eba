"""The tokens of a request as a deployment sees them: numbers, arrays of scenarios, or a distribution.

Of a distribution the law needs three means over its points (i, o tokens in and out, c of i cached, w weight):

    decode      Σ w o s(i + o/2) / Σ w o            tokens read from the cache to make one, s stops at a window
    prompts     Σ w (i−c) s(c + (i−c)/2) / Σ w (i−c)   tokens a new one of the prompt looks back on
    lengths     Σ w i, Σ w o

Each goes into the law as the one context that reads as much, so that a single point gives what its numbers give.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.estimate.server.distribution import COLUMNS, FORMS, Distribution, read_requests, read_tokens
from jevons.estimate.server.shape import Served, context_of, context_seen

RARE = 0.01  # share of requests beyond a model's limit that are cut to it rather than refused
UNSEEN = 1e-4  # and below which nobody need be told


@dataclass(frozen=True)
class Requests:
    """Kinds of requests with their share: arrays of one length. ``output`` counts reasoning, ``input`` what is cached."""

    input: Any
    output: Any
    cached: Any
    reasoning: Any
    weight: Any

    def mean(self, name: str) -> float:
        """The mean of one of the four."""
        return float(getattr(self, name) @ self.weight)

    @property
    def context(self) -> float:
        """Mean tokens in the cache of a sequence in flight: long answers are in flight for longer."""
        return float((self.weight * self.output) @ (self.input + self.output / 2.0)) / self.mean("output")

    @property
    def cached_share(self) -> float:
        """Share of the cache read that was cached before the request."""
        return float((self.weight * self.output) @ self.cached) / self.mean("output") / self.context

    def decode_context(self, model: Served) -> float:
        """The context at which one step of the law reads as much cache as the mean of all."""
        made = self.weight * self.output
        return float(context_of(model, made @ context_seen(model, self.input + self.output / 2.0) / made.sum()))

    def prompt_context(self, model: Served) -> float:
        """The context at which a token of a prompt looks back on as much as the mean of all."""
        new = self.weight * (self.input - self.cached)
        if not new.sum():
            return self.mean("cached")
        seen = context_seen(model, (self.cached + self.input) / 2.0)
        return float(context_of(model, new @ seen / new.sum()))

    def said(self) -> tuple[Assumption, ...]:
        """What a reader must know of them."""
        kinds = [(f"{n}_tokens", Distribution(getattr(self, n), self.weight).said()) for n in ("input", "output")]
        words = "; ".join(f"{name}: {said}" for name, said in kinds)
        return (Assumption("lengths of requests", words, "as given", "stated"),)


@dataclass(frozen=True)
class Lengths:
    """Tokens of a request; inputs include those cached, outputs those of reasoning. Numbers or arrays of scenarios;
    with ``requests`` the means of a distribution."""

    input: Any
    output: Any
    cached: Any
    reasoning: Any
    output_spread: Any  # E[len²] / E[len]², 1 where all outputs are as long
    requests: Requests | None = None

    @classmethod
    def of(cls, requests: Requests) -> Lengths:
        """The means of a distribution, which is kept. Errors: BadInput, Contradiction."""
        answered = requests.output >= 1
        if not answered.all():
            made = float(requests.output[~answered][0])
            raise BadInput("output_tokens", made, "a served request makes at least 1 token; leave others out")
        _checked(cls(requests.input, requests.output, requests.cached, requests.reasoning, 1.0))
        taken, made, cached, reasoning = (requests.mean(name) for name in ("input", "output", "cached", "reasoning"))
        return cls(taken, made, cached, reasoning, 1.0, requests)

    @property
    def context(self) -> Any:
        """Mean tokens in the cache of a sequence in flight (renewal theory: half of E[len²]/E[len] made)."""
        return self.input + self.output * self.output_spread / 2.0 if self.requests is None else self.requests.context

    @property
    def cached_share(self) -> Any:
        """Share of the cache read that was cached before the request."""
        return self.cached / self.context if self.requests is None else self.requests.cached_share

    @property
    def longest(self) -> float:
        """Tokens of the longest request."""
        of = self if self.requests is None else self.requests
        return float(np.max(np.asarray(of.input) + of.output))

    def as_read(self, model: Served) -> tuple[Any, Any, Any]:
        """Context of decoding, new tokens of a prompt and the context before them, as the law of a step takes them."""
        new = self.input - self.cached
        if self.requests is None:
            return self.context, new, self.cached
        return self.requests.decode_context(model), new, self.requests.prompt_context(model) - new / 2.0

    def within(self, limit: float) -> tuple[Lengths, list[Assumption]]:
        """The same with rare requests cut to the limit of a model (0: none), and that it was done. Errors: BadInput."""
        if not limit or self.longest <= limit:
            return self, []
        r = self.requests
        beyond = 1.0 if r is None else float(r.weight[r.input + r.output > limit].sum())
        if r is None or beyond > RARE or np.any(r.cached > limit - 1.0):
            share = "" if r is None else f" ({beyond:.1%} of the requests are longer)"
            raise BadInput("input_tokens + output_tokens", self.longest, f"the model was made for at most {limit:.0f} tokens{share}")
        taken = np.minimum(r.input, limit - 1.0)
        made = np.minimum(r.output, limit - taken)
        cut = Lengths.of(replace(r, input=taken, output=made, reasoning=np.minimum(r.reasoning, made)))
        return cut, [] if beyond < UNSEEN else [Assumption("longest requests", f"cut to {limit:.0f} tokens", f"{beyond:.2%} of them would be longer than the "
                                "model was made for", "jevons-rule")]  # fmt: skip


def lengths_of(input_tokens: Any, output_tokens: Any, cached_tokens: Any = 0, reasoning_tokens: Any = 0,
               output_spread: Any = 1.0, lengths: Any = None, added: Any = 0.0) -> Lengths:  # fmt: skip
    """The tokens of a request, checked; ``added``: further tokens of each prompt. Errors: BadInput, Contradiction."""
    spread = units.read(output_spread, "", "output_spread", minimum=1.0)
    found = requests_of(input_tokens, output_tokens, cached_tokens, reasoning_tokens, lengths)
    if found is not None:
        if np.any(np.asarray(spread) != 1.0):
            raise Contradiction("output_spread", output_spread, "the distribution of lengths says it already: leave it out")
        return Lengths.of(replace(found, input=found.input + np.asarray(added)))
    given = dict(zip(COLUMNS, (input_tokens, output_tokens, cached_tokens, reasoning_tokens), strict=True))
    for name in COLUMNS[:2]:
        if given[name] is None:
            raise BadInput(name, None, f"say how many tokens a request has, e.g. {name}=500")
    taken, made, cached, reasoning = (read_count(value, name) for name, value in given.items())
    return _checked(Lengths(taken + np.asarray(added) if np.any(added) else taken, made, cached, reasoning, spread))


def requests_of(input_tokens: Any, output_tokens: Any, cached_tokens: Any = 0, reasoning_tokens: Any = 0,
                lengths: Any = None) -> Requests | None:  # fmt: skip
    """Kinds of requests, where their lengths are given as a distribution; None where they are numbers.

    ``lengths``: requests as `read_requests` takes them. Errors: BadInput naming the field; Contradiction.
    """
    given = dict(zip(COLUMNS, (read_tokens(input_tokens, "input_tokens"), read_tokens(output_tokens, "output_tokens"),
                               cached_tokens, reasoning_tokens), strict=True))  # fmt: skip
    if lengths is not None:
        return _sampled(lengths, given)
    return _crossed(given) if any(isinstance(value, Distribution) for value in given.values()) else None


def read_count(value: Any, name: str, minimum: float = 0.0) -> Any:
    """Tokens as a number or an array. Errors: BadInput, which tells the forms of a distribution too."""
    try:
        return units.read(value, "", name, minimum=minimum)
    except BadInput:
        if name in COLUMNS[:2] and isinstance(value, str):
            raise BadInput(name, value, FORMS) from None
        raise


def _sampled(lengths: Any, given: dict[str, Any]) -> Requests:
    """Requests of a file or sample; single numbers given beside them hold for all."""
    for name in COLUMNS[:2]:
        if given[name] is not None:
            raise Contradiction(name, given[name], "lengths say it of each request: leave it out")
    columns = read_requests(lengths)
    count = len(columns["input_tokens"])
    taken, made, cached, reasoning = (
        np.broadcast_to(columns.get(n, np.asarray(units.read(given[n] or 0, "", n), float)), (count,)) for n in COLUMNS)
    return Requests(taken, made, cached, reasoning, np.full(count, 1.0 / count))


def _crossed(given: dict[str, Any]) -> Requests:
    """Prompts and answers of independent lengths: every pair of their points."""
    for name, value in given.items():
        if value is None:
            raise BadInput(name, None, f"say how many tokens a request has, e.g. {name}=500")
        if not isinstance(value, Distribution) and np.ndim(units.read(value, "", name)):
            raise BadInput(name, value, "beside a distribution give one number, not scenarios")
    taken, made = (_points(given[name], name) for name in COLUMNS[:2])
    taken, made = (Distribution(np.maximum(d.points, least), d.weights) for d, least in ((taken, 0.0), (made, 1.0)))
    cached, reasoning = (float(units.read(given[n], "", n)) for n in COLUMNS[2:])
    grid = [np.repeat(taken.points, len(made.points)), np.tile(made.points, len(taken.points))]
    weight = np.outer(taken.weights, made.weights).ravel()
    return Requests(grid[0], grid[1], np.minimum(cached, grid[0]), np.minimum(reasoning, grid[1]), weight)


def _points(value: Any, name: str) -> Distribution:
    if isinstance(value, Distribution):
        return value
    return Distribution(np.array([float(units.read(value, "", name))]), np.ones(1))


def _checked(found: Lengths) -> Lengths:
    if np.any(np.asarray(found.output) < 1):
        raise BadInput("output_tokens", found.output, "a served request makes at least 1 token")
    if np.any(np.asarray(found.cached) > found.input):
        raise Contradiction("cached_tokens", found.cached, "cached tokens are part of input_tokens: at most those")
    if np.any(np.asarray(found.reasoning) > found.output):
        raise Contradiction("reasoning_tokens", found.reasoning, "they are part of output_tokens: at most those")
    return found
