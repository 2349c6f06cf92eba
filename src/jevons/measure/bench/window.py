"""What a level of load cost, over the steady state alone: pure arithmetic on recorded moments and counters.

    window   closed: from the C-th first token to the (R − C)-th end (ML.ENERGY: all C places are busy in between)
             poisson: from the first arrival plus the longest stay to the last arrival
    E        counters at its two edges, linear between samples
    share    of each moment's energy: equal among requests in flight, S(t) = ∫ dE / n;
             a request costs S(end) − S(asked), its prompt S(first token) − S(asked), its answer the rest

The share is an allocation rule, exact where one request is in flight. Energy per output token in the manner of
ML.ENERGY, all energy over the output tokens of the window, needs no rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core import units
from jevons.measure.bench.client import Exchange
from jevons.measure.sensor import OK, Meter, Reading

Array = NDArray[np.float64]
FEW_SAMPLES = 5  # readings within a window below which its energy is not believed


@dataclass(frozen=True, slots=True)
class Cost:
    """Energy of one request in joules, by the rule of equal shares."""

    prompt_j: float
    answer_j: float

    @property
    def whole_j(self) -> float:
        """Prompt and answer."""
        return self.prompt_j + self.answer_j


@dataclass
class Series:
    """Cumulative energy of each meter, sampled while a level ran."""

    meters: Sequence[Meter]
    samples: list[Sequence[Reading]] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)

    def add(self, readings: Sequence[Reading]) -> None:
        """Keep a sample: one reading a meter, in their order."""
        self.samples.append(readings)
        self.troubles.update(f"{r.device}: {r.status}" for r in readings if r.status != OK)

    def moments(self) -> Array:
        """When the meters were read, ns: (samples, meters)."""
        return np.array([[reading.t_ns for reading in sample] for sample in self.samples], float)

    def at(self, t_ns: Any, meter: int) -> Array:
        """Joules of a meter since sampling began, at any moments between the samples."""
        curve = np.array([sample[meter].energy_uj for sample in self.samples], float)
        joules = np.interp(np.asarray(t_ns, float), self.moments()[:, meter], curve - curve[0]) / units.UJ_PER_J
        return np.asarray(joules, float)

    def whole(self, t_ns: Any) -> Array:
        """Joules of all meters together."""
        return np.asarray(np.sum([self.at(t_ns, i) for i in range(len(self.meters))], axis=0), float)

    def covers(self, window: tuple[int, int]) -> bool:
        """Whether every meter was read before, after and often enough within the window."""
        if not self.samples:
            return False
        read = self.moments()
        within = ((read >= window[0]) & (read <= window[1])).sum(axis=0)
        return bool((read[0] <= window[0]).all() and (read[-1] >= window[1]).all() and (within >= FEW_SAMPLES).all())


@dataclass
class Level:
    """What one level of load showed. Energies are None where nothing was metered or no steady state was reached."""

    concurrency: int
    sent: int
    failed: Mapping[str, int]
    window_s: float = 0.0
    finished: int = 0
    in_flight: float = 0.0
    input_tokens: float | None = None
    output_tokens: float = 0.0
    energy_j: Mapping[str, float] = field(default_factory=dict)
    energy_per_request_j: float | None = None
    energy_per_output_token_j: float | None = None
    prompt_energy_per_input_token_j: float | None = None
    answer_energy_per_output_token_j: float | None = None
    unshared_j: float | None = None
    power_w: float | None = None
    tokens_per_s: float | None = None
    requests_per_s: float | None = None
    ttft_s: Mapping[str, float] = field(default_factory=dict)
    s_per_token: Mapping[str, float] = field(default_factory=dict)
    between_tokens_s: Mapping[str, float] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    accelerator_j: float | None = None
    on_frontier: bool = False
    notes: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list, repr=False)
    costs: list[Cost | None] = field(default_factory=list, repr=False)
    window_ns: tuple[int, int] = (0, 0)
    clock_s: float = 0.0  # what to add to monotonic seconds for UTC seconds

    @property
    def began_s(self) -> float:
        """When the window opened, UTC seconds."""
        return self.utc_s(self.window_ns[0])

    @property
    def ended_s(self) -> float:
        """When the window closed, UTC seconds."""
        return self.utc_s(self.window_ns[1])

    def utc_s(self, t_ns: int) -> float:
        """A moment of the monotonic clock as UTC seconds."""
        return t_ns / units.NS_PER_S + self.clock_s


def steady(exchanges: Sequence[Exchange], concurrency: int, arrivals: str) -> tuple[int, int] | None:
    """The steady state in monotonic nanoseconds, or None where there was none."""
    answered = [e for e in exchanges if e.ok]
    firsts, ends = sorted(e.pieces_ns[0] for e in answered), sorted(e.ended_ns for e in exchanges)
    if arrivals == "poisson":
        stay_ns = max((e.ended_ns - e.asked_ns for e in exchanges), default=0)
        asked = sorted(e.asked_ns for e in exchanges)
        window = (asked[0] + stay_ns, asked[-1]) if asked else (0, 0)
    else:
        if len(firsts) < concurrency or len(ends) <= concurrency:
            return None
        window = (firsts[concurrency - 1], ends[len(ends) - concurrency - 1])
    return window if window[1] > window[0] else None


def measured(exchanges: Sequence[Exchange], concurrency: int, arrivals: str, series: Series) -> Level:
    """The level that these exchanges and samples make up."""
    failed = Counter(e.trouble for e in exchanges if not e.ok)
    level = Level(concurrency, len(exchanges), dict(failed.most_common()), exchanges=list(exchanges),
                  costs=[None] * len(exchanges))  # fmt: skip
    window = steady(exchanges, concurrency, arrivals)
    _lengths(level, [e for e in exchanges if e.ok])
    if window is None:
        level.notes.append(_no_steady(arrivals, level))
        return level
    _speeds(level, window)
    if series.meters:
        _energies(level, window, series)
    return level


def _no_steady(arrivals: str, level: Level) -> str:
    if level.sent <= sum(level.failed.values()):
        return "no request succeeded"
    if arrivals == "poisson":
        return "no steady state: requests stayed longer than they kept arriving; lower the rate or send more requests"
    return "no steady state: too few requests succeeded; send more requests"


def _lengths(level: Level, answered: Sequence[Exchange]) -> None:
    if not answered:
        return
    tokens = np.array([e.tokens for e in answered], float)
    level.lengths = {"output_mean": float(tokens.mean()), "output_p50": float(np.median(tokens)),
                     "output_second_moment": float((tokens**2).mean())}  # fmt: skip
    if all(e.input_tokens is not None for e in answered):
        level.lengths = {**level.lengths, "input_mean": float(np.mean([e.input_tokens or 0 for e in answered]))}
    uncounted = sum(e.output_tokens is None for e in answered)
    if uncounted:
        level.notes.append(f"{uncounted} answers came without usage: a piece of their stream is counted as a token")


def _speeds(level: Level, window: tuple[int, int]) -> None:
    """Time, tokens and latency of the window; latencies of the requests that ended in it."""
    start, end = window
    level.window_ns, level.window_s = window, (end - start) / units.NS_PER_S
    answered = [e for e in level.exchanges if e.ok]
    within = [e for e in answered if start <= e.ended_ns <= end]
    level.finished = len(within)
    level.output_tokens = float(sum(_share_in(e, window) * e.tokens for e in answered))
    level.in_flight = sum(max(min(e.ended_ns, end) - max(e.asked_ns, start), 0) for e in level.exchanges) / (end - start)
    level.tokens_per_s, level.requests_per_s = (n / level.window_s for n in (level.output_tokens, level.finished))
    if level.lengths.get("input_mean") is not None:
        level.input_tokens = float(sum(e.input_tokens or 0 for e in answered if start <= e.pieces_ns[0] <= end))
    level.ttft_s = _spread([e.ttft_s for e in within])
    level.s_per_token = _spread([e.s_per_token for e in within if e.s_per_token is not None])
    level.between_tokens_s = _spread(np.concatenate([np.diff(e.pieces_ns) / units.NS_PER_S for e in within]) if within else [])


def _share_in(exchange: Exchange, window: tuple[int, int]) -> float:
    """Share of a request's pieces that came within the window."""
    return sum(window[0] <= t <= window[1] for t in exchange.pieces_ns) / len(exchange.pieces_ns)


def _spread(values: Any) -> dict[str, float]:
    found = np.asarray(values, float)
    if not found.size:
        return {}
    marks = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
    return {name: float(np.quantile(found, mark)) for name, mark in marks.items()}


def _energies(level: Level, window: tuple[int, int], series: Series) -> None:
    """Energy of the window, by component and by token. Nothing where the samples do not reach over it."""
    if not series.covers(window):
        level.notes.append(f"the window of {level.window_s:.2g} s is too short for the sensors; send more requests")
        return
    edges = np.array(window, float)
    for i, meter in enumerate(series.meters):
        spent_j = float(np.diff(series.at(edges, i))[0])
        level.energy_j = {**level.energy_j, meter.component: level.energy_j.get(meter.component, 0.0) + spent_j}
    silent = [component for component, joules in level.energy_j.items() if not joules]
    if silent:
        level.notes.append(f"no energy was seen of {', '.join(silent)} in the window: left out, not taken for zero")
        level.energy_j = {component: joules for component, joules in level.energy_j.items() if joules}
    if not level.energy_j:
        return
    level.accelerator_j = level.energy_j.get("accelerator")
    spent_j = sum(level.energy_j.values())
    level.power_w = spent_j / level.window_s
    if level.output_tokens:
        level.energy_per_output_token_j = spent_j / level.output_tokens
        level.energy_per_request_j = level.energy_per_output_token_j * level.lengths["output_mean"]
    _shares(level, window, series)


def _shares(level: Level, window: tuple[int, int], series: Series) -> None:
    """Each moment's energy shared equally among the requests in flight."""
    moments, shared, level.unshared_j = share_curve(level.exchanges, window, series)
    answered = [e for e in level.exchanges if e.ok]
    marks = np.array([(e.asked_ns, e.pieces_ns[0], e.ended_ns) for e in answered], float)
    paid = np.interp(marks, moments, shared)
    prompt_j, answer_j = (float(part) for part in np.diff(paid, axis=1).sum(axis=0))
    if level.input_tokens:
        level.prompt_energy_per_input_token_j = prompt_j / level.input_tokens
    if level.output_tokens:
        level.answer_energy_per_output_token_j = answer_j / level.output_tokens
    wholly = {id(e): Cost(row[1] - row[0], row[2] - row[1]) for e, row in zip(answered, paid.tolist())
              if window[0] <= e.asked_ns and e.ended_ns <= window[1]}  # fmt: skip
    level.costs = [wholly.get(id(e)) for e in level.exchanges]


def share_curve(exchanges: Sequence[Exchange], window: tuple[int, int], series: Series) -> tuple[Array, Array, float]:
    """(moments, S at them in joules a request, joules of the moments when no request was in flight)."""
    asked, ended = (np.sort(np.array([getattr(e, name) for e in exchanges], float)) for name in ("asked_ns", "ended_ns"))
    inside = np.concatenate([asked, ended, series.moments().ravel()])
    moments = np.unique(np.clip(inside, *window))
    steps = np.diff(series.whole(moments))
    flying = np.searchsorted(asked, moments[:-1], "right") - np.searchsorted(ended, moments[:-1], "right")
    each = np.where(flying > 0, steps / np.maximum(flying, 1), 0.0)
    return moments, np.concatenate([[0.0], np.cumsum(each)]), float(steps[flying <= 0].sum())


def mark_frontier(levels: Sequence[Level]) -> None:
    """Mark the levels that no other beats in both energy and time per token."""
    points = [(x.energy_per_output_token_j, x.s_per_token.get("median"), x) for x in levels]
    known = [(e, t, x) for e, t, x in points if e is not None and t is not None]
    for energy, time, level in known:
        level.on_frontier = not any(e <= energy and t <= time and (e, t) != (energy, time) for e, t, _ in known)
