"""What a request costs at a site, at once: footprints of the terms of a request, priced beforehand.

    impact of a request = Σ_term amount of the term × impact of one unit of the term

A footprint is linear in its activity (see the laws of `jevons.core`), so this equals pricing each request on its own.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.uncertain import interval
from jevons.estimate.api.rates import TERMS
from jevons.estimate.request import rated, terms, tokens_of
from jevons.estimate.server.shape import Array
from jevons.world.site import Site


@dataclass(frozen=True)
class Tariff:
    """Impacts by term and indicator, arrays over draws (element 0 the best estimate); ``tier`` of the estimate."""

    prices: Mapping[str, Mapping[str, Array]]
    tier: str

    def price(self, input_tokens: Any, output_tokens: Any, cached_tokens: Any = 0, reasoning_tokens: Any = 0,
              seen_tokens: Any = 0) -> dict[str, Array]:  # fmt: skip
        """Impact of one request by indicator, (*scenarios, 1 + draws). Errors: BadInput naming the field."""
        amounts: dict[str, Array] = {}
        tokens = tokens_of(input_tokens, output_tokens, cached_tokens, reasoning_tokens)
        for parts in terms(*tokens, np.minimum(seen_tokens, tokens[0] + tokens[1])).values():
            for name, amount in parts.items():
                amounts[name] = amounts.get(name, 0.0) + amount
        return {indicator: functools.reduce(np.add, (amount[..., None] * by_term[name] for name, amount in amounts.items()))
                for indicator, by_term in self.prices.items()}  # fmt: skip

    def best(self, input_tokens: float, output_tokens: float, cached_tokens: float = 0.0, reasoning_tokens: float = 0.0,
             seen_tokens: float = 0.0) -> dict[str, float]:  # fmt: skip
        """The best estimates of one request in plain numbers, for whoever prices thousands a second."""
        kinds: Any = terms(input_tokens - cached_tokens, cached_tokens, reasoning_tokens, output_tokens - reasoning_tokens,
                           min(seen_tokens, input_tokens))
        amounts = [(name, amount) for parts in kinds.values() for name, amount in parts.items()]
        return {i: sum(amount * by_term[name] for name, amount in amounts) for i, by_term in self._plain.items()}

    @functools.cached_property
    def _plain(self) -> dict[str, dict[str, float]]:
        return {i: {name: float(price[0]) for name, price in by_term.items()} for i, by_term in self.prices.items()}


def tariff(provider: str, model: str, at: Site, *, deployment: Mapping[str, Any] | None = None, draws: int = 200,
           seed: int = 0) -> Tariff:  # fmt: skip
    """The tariff of a model at a provider, whose servers stand at ``at``. Errors as `jevons.estimate.request`."""
    units = {name: rated({"prefill": {name: np.ones(())}}, provider, model, deployment, draws, seed) for name in TERMS}
    priced = {name: assess(unit, at, draws=draws) for name, unit in units.items()}
    indicators = priced["token"].indicators
    prices = {i: {name: fp.total(i) for name, fp in priced.items()} for i in indicators}
    return Tariff(prices, _tier(units["token"]))


def bounds(impact: Array) -> tuple[float, float]:
    """The 10 % and 90 % quantiles of the draws of one impact."""
    low, high = interval(impact, 0.1, 0.9)
    return float(low), float(high)


def _tier(activity: Activity) -> str:
    return str(activity.text["tier"][0])
