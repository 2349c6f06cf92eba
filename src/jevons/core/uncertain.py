"""Uncertainty as an array axis: a parameter is swapped for draws, and from then on it is broadcasting.

The last axis of every array that carries uncertainty is the axis of draws. Its element 0 is the best
estimate, elements 1..n are the draws, so that one pass computes both and breakdowns of the best estimate
add up. An array without draws has length 1 there.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z80 = 1.2815515655446004  # half-width of the central 80 % of a standard normal
Z90 = 1.6448536269514722  # half-width of the central 90 % of a standard normal
SHARED = 0.8  # share of a datum's variance common to its error group; the rest is the row's own


def bounds_90(low: Any, high: Any) -> tuple[Any, Any]:
    """The 5 % and 95 % bounds of a log-normal factor from its 10 % and 90 % ones."""
    return low ** (Z90 / Z80), high ** (Z90 / Z80)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A value known as (5 %, best, 95 %); ``key`` names the datum, ``group`` what is wrong together with it.

    Two-piece lognormal where ``low`` is positive, two-piece normal otherwise, which stops at 0 where ``low`` is 0.
    Equal bounds mean certainty.
    """

    low: float
    best: float
    high: float
    key: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        bounds = (self.low, self.best, self.high)
        try:
            sound = -math.inf < self.low <= self.best <= self.high < math.inf
        except (TypeError, ValueError):
            sound = False
        if not sound:
            raise BadInput(self.key or "uncertain value", bounds, "give finite numbers with low ≤ best ≤ high")

    @classmethod
    def lognormal(cls, best: float, gsd: float, key: str = "", group: str = "") -> Uncertain:
        """The value with geometric standard deviation ``gsd`` (≥ 1) about ``best`` (> 0)."""
        if not (gsd >= 1 and best >= 0):
            raise BadInput(key or "uncertain value", (best, gsd), "give best ≥ 0 and gsd ≥ 1")
        spread = gsd**Z90
        return cls(best / spread, best, best * spread, key, group)

    def relative(self, key: str = "") -> Uncertain:
        """The multiplier about 1 that makes this value of its best estimate. Errors: BadInput for a best estimate of 0."""
        if self.low == self.high:
            return Uncertain(1.0, 1.0, 1.0, self.key or key, self.group)
        if not self.best > 0:
            raise BadInput(self.key or key, (self.low, self.best, self.high), "give a best estimate above 0: a spread multiplies it")
        return Uncertain(self.low / self.best, 1.0, self.high / self.best, self.key or key, self.group)

    def at(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """The value at standard normal scores ``z`` (any shape): median ``best``, 5–95 % = ``low``–``high``."""
        import numpy as np

        if self.low > 0:
            up, down = math.log(self.high / self.best) / Z90, math.log(self.best / self.low) / Z90
            return np.asarray(self.best * np.exp(np.where(z > 0, up * z, down * z)))
        up, down = (self.high - self.best) / Z90, (self.best - self.low) / Z90
        value = self.best + np.where(z > 0, up * z, down * z)
        return np.maximum(value, 0.0) if self.low == 0 else np.asarray(value)  # what may be nothing is not less


@dataclass
class Draws:
    """Draws by datum: the same key and seed give the same draws wherever they are used.

    ``n`` draws (0: best estimates alone). ``drivers`` collects the scores of every uncertain datum met,
    for the ranking of inputs.
    """

    n: int = 1000
    seed: int = 0
    drivers: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.n, self.seed = units.whole(self.n, "draws"), units.whole(self.seed, "seed")
        if self.n < 0:
            raise BadInput("draws", self.n, "give a count of at least 0 (0: best estimates alone)")

    def of(self, value: Uncertain | float | Any, key: str = "", group: str = "") -> NDArray[np.float64]:
        """``value`` as an array whose last axis is best + draws; a plain number or array gets a last axis of 1.

        A value that nobody named is keyed by its bounds, so that two different ones do not move together.
        """
        import numpy as np

        if not isinstance(value, Uncertain):
            return np.asarray(value, dtype=float)[..., None]
        if self.n == 0 or value.low == value.high:
            return np.array([value.best], dtype=float)
        name = value.key or key or f"{value.low:g} to {value.high:g}"
        return np.concatenate(([value.best], value.at(self.score(name, value.group or group))))

    def multiplier(self, low: Any, high: Any, key: str, group: str = "") -> NDArray[np.float64]:
        """A factor about 1 whose 5 % and 95 % bounds ``low`` and ``high`` may be arrays over scenarios."""
        import numpy as np

        down, up = -np.log(np.asarray(low, float))[..., None], np.log(np.asarray(high, float))[..., None]
        if self.n == 0:
            return np.ones(1)
        z = np.concatenate(([0.0], self.score(key, group)))
        return np.exp(np.where(z > 0, up, down) * z / Z90)  # type: ignore[no-any-return]

    def score(self, key: str, group: str = "") -> NDArray[np.float64]:
        """Standard normal scores (n,) of the datum ``key``, sharing most of its variance with its ``group``."""
        shared = bool(group) and group != key
        if key:
            self.drivers[group or key] = _normal(group or key, self.n, self.seed)
        if not shared:
            return _normal(group or key, self.n, self.seed)
        self.drivers[key] = _normal(key, self.n, self.seed)
        return _mixed(key, group, self.n, self.seed)


@functools.lru_cache(maxsize=4096)
def _mixed(key: str, group: str, n: int, seed: int) -> NDArray[np.float64]:
    """The group's scores with the datum's own part mixed in, brought back to the strata by rank, so that a stated
    5–95 % interval is met exactly."""
    import numpy as np

    mixture = SHARED**0.5 * _normal(group, n, seed) + (1 - SHARED) ** 0.5 * _normal(key, n, seed)
    scores = np.empty(n)
    scores[np.argsort(mixture)] = _strata(n)
    scores.setflags(write=False)
    return scores


@functools.lru_cache(maxsize=4096)
def _normal(name: str, n: int, seed: int) -> NDArray[np.float64]:
    """n standard normal scores in an order drawn from the name: Latin hypercube strata (McKay et al. 1979)."""
    import numpy as np

    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    order = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big"))).permutation(n)
    scores = _strata(n)[order]
    scores.setflags(write=False)
    return scores


@functools.lru_cache(maxsize=8)
def _strata(n: int) -> NDArray[np.float64]:
    from statistics import NormalDist

    import numpy as np

    quantile = NormalDist().inv_cdf
    return np.array([quantile((i + 0.5) / n) for i in range(n)])


def best(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The best estimates: element 0 of the axis of draws."""
    return values[..., 0]


def interval(values: NDArray[np.float64], low: float = 0.05, high: float = 0.95) -> tuple[Any, Any]:
    """The ``low`` and ``high`` quantiles of the draws (the best estimate itself where there are none).

    Linear between order statistics (Hyndman and Fan 1996, type 7), without np.quantile, which loads numpy.ma.
    """
    import numpy as np

    if not 0 <= low <= high <= 1:
        raise BadInput("interval", (low, high), "give shares with 0 ≤ low ≤ high ≤ 1")
    if values.shape[-1] == 1:
        return values[..., 0], values[..., 0]
    last = values.shape[-1] - 2  # place of the greatest draw
    places = [(math.floor(share * last), math.ceil(share * last), share * last % 1) for share in (low, high)]
    ordered = np.partition(values[..., 1:], sorted({place for pair in places for place in pair[:2]}), axis=-1)
    return tuple(ordered[..., a] + part * (ordered[..., b] - ordered[..., a]) for a, b, part in places)


def variance_shares(values: NDArray[np.float64], drivers: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """First-order share of the variance of log ``values`` (*scenarios, 1 + n) owed to each driver, greatest first.

    Squared correlation of the log of the result with the driver's scores (Saltelli et al. 2008, section 1.2),
    its mean over the scenarios; where draws that belong to different inputs correlate by chance, so that they claim
    more than all of it together, each is less by that ratio. Empty where nothing varies or the result is not positive.
    """
    import numpy as np

    draws = values[..., 1:]
    n = draws.shape[-1]
    if n < 3 or not (draws > 0).all() or (np.ptp(draws, axis=-1) <= 1e-12 * draws.mean(axis=-1)).any():
        return {}
    log = np.log(draws)
    log = (log - log.mean(axis=-1, keepdims=True)) / log.std(axis=-1, keepdims=True)
    shares = {name: float(((log @ scores / n) ** 2).mean()) for name, scores in drivers.items() if scores.size == n}
    claimed = max(1.0, sum(shares.values()))
    return {name: share / claimed for name, share in sorted(shares.items(), key=lambda item: -item[1])}
