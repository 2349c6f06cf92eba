"""How many sequences are in flight at a rate of requests: a birth-death queue with state-dependent service.

Requests arrive as a Poisson stream of rate λ. With k in flight a server with continuous batching works on all of them,
so it finishes μ_k = k / T_k a second, T_k the time a request takes among k; beyond the cap K requests wait.

    p_k = p_0 Π_{j ≤ k} λ / μ_j          p_(K+m) = p_K ρ^m,  ρ = λ / μ_K < 1

Kleinrock 1975, Queueing Systems, volume 1, chapter 3. The law holds for any distribution of lengths, since sharing one
server equally is insensitive to it (Kelly 1979, Reversibility and Stochastic Networks, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jevons.core.errors import BadInput
from jevons.estimate.server.shape import Array


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Shares of time: ``idle``, and ``busy`` with 1..K in flight (waiting included in the last); mean wait in s."""

    idle: float
    busy: Array
    wait_s: float

    @property
    def mean_batch(self) -> float:
        """Mean number in flight while the server works."""
        return float((self.busy * np.arange(1, self.busy.size + 1)).sum() / self.busy.sum())


def occupancy(rate: float, finishing: Array) -> Occupancy:
    """Shares of time at ``rate`` requests a second, where ``finishing``[k-1] are finished a second with k in flight.

    Errors: BadInput where the cap cannot keep up.
    """
    if not rate < finishing[-1]:
        raise BadInput("request_rate", rate, f"at most {finishing[-1]:.4g} a second a replica keep up; add devices, or "
                       "allow a larger batch or a slower token")  # fmt: skip
    logs = np.concatenate([[0.0], np.cumsum(np.log(rate) - np.log(finishing))])
    share = np.exp(logs - logs.max())
    load = rate / finishing[-1]
    tail = share[-1] * load / (1.0 - load)
    total = share.sum() + tail
    busy = share[1:] / total
    waiting = busy[-1] * load / (1.0 - load) ** 2
    busy[-1] += tail / total
    return Occupancy(float(share[0] / total), busy, float(waiting / rate))


def largest_within(per_token_s: Array, limit_s: float) -> int:
    """The greatest batch whose time a token stays within a limit. Errors: BadInput where even one sequence is slower."""
    within = np.flatnonzero(per_token_s <= limit_s)
    if not within.size:
        raise BadInput("slo_s_per_token", limit_s, f"one sequence alone takes {per_token_s[0]:.4g} s a token; use more "
                       "or faster devices")  # fmt: skip
    return int(within[-1] + 1)
