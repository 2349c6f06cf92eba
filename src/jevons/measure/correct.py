"""What NVIDIA's power fields leave out, put back: averaging windows, late readings, cards that look part of the time.

A field shows at each refresh a mean of the power behind it:

    slot     of the time since the last refresh           y_k = (1/T) ∫[t_k − T, t_k] p dt
    mean     of the last second                           y_k = (1/W) ∫[t_k − W, t_k] p dt
    filter   fading with a time constant                  y_k = ∫ p(t_k − s) exp(−s/τ)/τ ds
    look     of a short look, the rest is never seen      y_k = (1/L) ∫[t_k − L, t_k] p dt,  L < T

Which of them a trace shows is read from its own response to a load. Power is then restored by least squares with
small steps between neighbours, free to jump where the caller's marks say that load began or ended; energy of any
window is its sum. The card's gain error stays: two known points (idle and a plateau, from an outside meter) remove it.
Parts of a refresh that a card never looks at cannot be restored, only stated as an interval.

Fields, refresh and window of cards: arXiv 2312.02741 and its results; world/data/power_sensors.csv.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.core.errors import BadInput
from jevons.measure.sensors.nvml import seen_share_of

__all__ = ["Energy", "Field", "Repeated", "Restored", "Trace", "choose", "energy", "field_of", "refresh_s", "repeated",
           "restore", "rise_s", "seen_share_of", "two_points"]  # fmt: skip
Array = np.ndarray[Any, np.dtype[np.float64]]
MEAN_S = 1.0
"""Length of the driver's running mean (NVML documentation of nvmlDeviceGetPowerUsage)."""
SLOW_RISE_S, FADING_RISE_S = 0.6, 0.35
"""10 to 90 % rise above which a field is the running mean (0.87 to 0.94 s on 13 cards), and above which it fades
(0.34 to 0.49 s on TITAN X and K80); slot fields rise within 0.31 s, boost clocks included (2080 Ti, TITAN RTX)."""
FAST_REFRESH_S = 0.05
"""Cards that refresh faster than this show slots within three refreshes, or fade (K40m: 0.12 s at a refresh of 15 ms)."""
RISE_PER_TAU = 2.2
"""10 to 90 % rise of a first-order filter over its time constant: ln 9."""
GAIN_95 = (0.94, 1.125)
"""2.5 and 97.5 % of true over read for a card not seen: 14 metered cards, steady error −2.4 ± 3.8 % (Student's t)."""
CALIBRATED_95 = (0.98, 1.02)
"""The same after gain and offset were fitted on the card: what two points leave along the tail of a load."""
CONTEXT_S = 2.0
"""How far around a window an unseen moment's power is sought: longer than the beat of most periodic loads."""


@dataclass(frozen=True)
class Trace:
    """Polled power of one field: times in s on the monotonic clock, rising, and W."""

    t_s: Array
    power_w: Array

    @property
    def poll_s(self) -> float:
        """Median time between polls."""
        return float(np.median(np.diff(self.t_s)))

    def refreshes(self) -> tuple[Array, Array]:
        """(moment, value) of each change of the shown value; a poll sees it half a poll late on average."""
        at = np.flatnonzero(np.diff(self.power_w)) + 1
        return self.t_s[at] - self.poll_s / 2, self.power_w[at]


@dataclass(frozen=True)
class Field:
    """How a field shows power: ``kind`` (slot, mean, filter, look), refresh T, and window T, W, τ or L in s."""

    kind: str
    refresh_s: float
    window_s: float

    @property
    def settle_s(self) -> float:
        """How long after a step the field shows it whole: the least load that it can tell, and half of what it should."""
        return {"slot": 2.0, "look": 2.0, "mean": 1.0, "filter": 3.0}[self.kind] * (
            self.refresh_s if self.kind == "look" else self.window_s)  # fmt: skip


@dataclass(frozen=True)
class Energy:
    """Energy of a window: best estimate with 95 % bounds in J; ``short`` where the load is too short for the field."""

    best_j: float
    low_j: float
    high_j: float
    short: bool = False


# ---- reading the field from the trace


def refresh_s(trace: Trace) -> float:
    """Time between two refreshes of the shown value, s: the median over a trace in which it changes."""
    moments, _ = trace.refreshes()
    if len(moments) < 3:
        raise BadInput("trace", f"{len(moments)} changes", "give a trace in which power changes")
    return float(np.median(np.diff(moments)))


def rise_s(trace: Trace, start_s: float, end_s: float) -> float:
    """10 to 90 % rise of the shown power after a load began, s; the plateau is the median of its second half."""
    t, y = trace.t_s, trace.power_w
    before = (t < start_s) & (t > start_s - 1.5)
    if not before.any() or not ((t > (start_s + end_s) / 2) & (t < end_s)).any():
        raise BadInput("trace", (start_s, end_s), "give a trace that begins before the load and covers it")
    low, high = np.median(y[before]), np.median(y[(t > (start_s + end_s) / 2) & (t < end_s)])
    share = (y - low) / (high - low) if high != low else np.ones_like(y)
    reached = [t[(t > start_s) & (share >= level)] for level in (0.1, 0.9)]
    return float(reached[1][0] - reached[0][0]) if all(map(len, reached)) else float("inf")


def field_of(trace: Trace, start_s: float, end_s: float, seen_share: float = 1.0) -> Field:
    """The field that a trace shows, by its response to the load between the two moments.

    ``seen_share``: the part of the time that the card looks (`seen_share_of` its name), 1 where it looks always.
    """
    period, rise = refresh_s(trace), rise_s(trace, start_s, end_s)
    if rise >= SLOW_RISE_S:
        return Field("mean", period, MEAN_S)
    if rise > (FADING_RISE_S if period > FAST_REFRESH_S else 3 * period):
        return Field("filter", period, rise / RISE_PER_TAU)
    return Field("look", period, period * seen_share) if seen_share < 1 else Field("slot", period, period)


def choose(traces: Mapping[str, Trace], start_s: float, end_s: float, seen_share: float = 1.0) -> tuple[str, Field]:
    """The name and kind of the field that follows the load fastest; a field that shows nothing is not asked."""
    telling = {name: trace for name, trace in traces.items()
               if np.isfinite(trace.power_w).all() and np.ptp(trace.power_w) > 0}  # fmt: skip
    if not telling:
        raise BadInput("traces", list(traces), "give at least one field whose power changes and is there throughout")
    fields = {name: field_of(trace, start_s, end_s, seen_share) for name, trace in telling.items()}
    name = min(fields, key=lambda n: fields[n].settle_s)
    return name, fields[name]


# ---- restoring power


@dataclass(frozen=True)
class Restored:
    """Power restored between ``edges_s`` (n + 1 moments), W (n values)."""

    edges_s: Array
    power_w: Array

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Energy between two moments, J; BadInput where the trace does not reach them."""
        if not self.edges_s[0] <= start_s <= end_s <= self.edges_s[-1]:
            raise BadInput("window", (start_s, end_s), f"stay within {self.edges_s[0]:.2f} to {self.edges_s[-1]:.2f} s")
        total = np.concatenate([[0.0], np.cumsum(self.power_w * np.diff(self.edges_s))])
        return float(np.interp(end_s, self.edges_s, total) - np.interp(start_s, self.edges_s, total))

    def between(self, start_s: float, end_s: float) -> Array:
        """The values that lie between two moments at least in part."""
        inside = (self.edges_s[1:] > start_s) & (self.edges_s[:-1] < end_s)
        return self.power_w[inside]


def restore(trace: Trace, field: Field, marks_s: Sequence[float] = (), smooth: float | None = None) -> Restored:
    """Power behind a trace: min |A p − y|² + λ² Σ (p_i+1 − p_i)², the sum leaving out steps at the marks.

    ``marks_s``: moments when load began or ended, as the caller knows them; those closer together than the field can
    tell are not used. ``smooth``: λ; by default 0.1, and 0.3 for the running mean, whose inverse rings.
    """
    moments, shown = _regular(trace, field)
    used = _far_apart([m for m in marks_s if moments[0] < m < moments[-1]], field.settle_s)
    grid = np.arange(moments[0] - field.refresh_s, moments[-1] + field.refresh_s / 2, field.refresh_s)
    edges = np.unique(np.concatenate([grid, used]))
    edges = edges[np.concatenate([[True], np.diff(edges) > 1e-6])]
    weights = _weights(field, moments, edges)
    seen = weights.sum(axis=1) > 0.999
    steps = np.diff(np.eye(len(edges) - 1), axis=0)[~np.isin(edges[1:-1], used)]
    factor = smooth if smooth is not None else (0.3 if field.kind == "mean" else 0.1)
    matrix = np.concatenate([weights[seen], factor * steps])
    right = np.concatenate([shown[seen], np.zeros(len(steps))])
    return Restored(edges, np.linalg.lstsq(matrix, right, rcond=None)[0])


def _regular(trace: Trace, field: Field) -> tuple[Array, Array]:
    """Refreshes with those put back that showed the same value as the one before."""
    moments, shown = trace.refreshes()
    kept: list[tuple[float, float]] = [(float(trace.t_s[0]), float(trace.power_w[0]))]
    for moment, value in zip(moments, shown, strict=True):
        missing = round((moment - kept[-1][0]) / field.refresh_s) - 1
        start, same = kept[-1]
        pace = (moment - start) / (missing + 1) if missing > 0 else 0.0
        kept += [(start + pace * (i + 1), same) for i in range(missing)]
        kept.append((float(moment), float(value)))
    return np.array([m for m, _ in kept]), np.array([v for _, v in kept])


def _far_apart(marks: Sequence[float], least_s: float) -> Array:
    ordered = np.sort(np.asarray(marks, dtype=float))
    if len(ordered) < 2:
        return ordered
    gaps = np.diff(ordered)
    alone = np.array([np.inf])
    nearest = np.minimum(np.concatenate([alone, gaps]), np.concatenate([gaps, alone]))
    return np.asarray(ordered[nearest > least_s])


def _weights(field: Field, moments: Array, edges: Array) -> Array:
    """A: the part that each piece between two edges has in each shown value; rows add up to 1 where all is covered."""
    if field.kind == "filter":
        behind = np.maximum(moments[:, None] - edges[None, :], 0.0)
        gone = np.exp(-behind / field.window_s)
        weights = np.diff(gone, axis=1)
        weights[:, 0] += gone[:, 0]
        return np.asarray(weights)
    inside = np.clip(edges[None, :], (moments - field.window_s)[:, None], moments[:, None])
    return np.asarray(np.diff(inside, axis=1) / field.window_s)


# ---- energy


def energy(trace: Trace, field: Field, start_s: float, end_s: float, marks_s: Sequence[float] = (),
           gain: float = 1.0, offset_w: float = 0.0, calibrated: bool = False) -> Energy:  # fmt: skip
    """Energy of a window with its 95 % interval; ``marks_s``: moments when load began or ended.

    ``gain`` and ``offset_w`` (`two_points`) are applied to what the field shows; ``calibrated`` says that they were
    measured on this card, else the spread of metered cards widens the interval.
    """
    restored = restore(trace, field, marks_s)
    span_s = end_s - start_s
    best = gain * restored.energy_j(start_s, end_s) + offset_w * span_s
    hidden = _hidden(marks_s, field)
    low, high = _unseen(restored, field, start_s, end_s, () if hidden else marks_s)
    edge_j = _edges_j(restored, field, start_s, end_s, hidden)
    bounds = [gain * low + offset_w * span_s - gain * edge_j, gain * high + offset_w * span_s + gain * edge_j]
    spread = CALIBRATED_95 if calibrated else GAIN_95
    low_j, high_j = max(bounds[0], 0.0) * spread[0], bounds[1] * spread[1]
    return Energy(best, min(low_j, best), max(high_j, best), _short(marks_s, start_s, end_s, field))


def _unseen(restored: Restored, field: Field, start_s: float, end_s: float, marks_s: Sequence[float]) -> tuple[float, float]:
    """Bounds of the field's own energy, J: what a part-time card did not see may all lie at either end of what it saw
    around the window, up to the next marks."""
    own = restored.energy_j(start_s, end_s)
    if field.kind != "look":
        return own, own
    unseen = 1 - field.window_s / field.refresh_s
    first_s = max([m for m in marks_s if m <= start_s], default=start_s - CONTEXT_S)
    last_s = min([m for m in marks_s if m >= end_s], default=end_s + CONTEXT_S)
    around = restored.between(max(first_s, start_s - CONTEXT_S), min(last_s, end_s + CONTEXT_S))
    span_s = end_s - start_s
    return own + unseen * (around.min() * span_s - own), own + unseen * (around.max() * span_s - own)


def _edges_j(restored: Restored, field: Field, start_s: float, end_s: float, hidden: bool) -> float:
    """How much energy may lie on the wrong side of the window's two edges, J: half a refresh (a quarter of the running
    mean) times the change of power around each; times the change over the whole trace where loads hide in a refresh."""
    reach_s = {"mean": field.window_s / 4, "filter": field.window_s}.get(field.kind, field.refresh_s / 2)
    around_s = max(field.settle_s, 2 * field.refresh_s)
    changes = [np.ptp(restored.between(edge - around_s, edge + around_s)) for edge in (start_s, end_s)]
    if hidden:
        changes = [np.ptp(restored.power_w)] * 2
    return float(np.hypot(changes[0], changes[1]) * reach_s)


def _hidden(marks_s: Sequence[float], field: Field) -> bool:
    """True where marks say that load comes and goes faster than the field can tell."""
    return len(marks_s) > len(_far_apart(marks_s, field.settle_s))


def _short(marks_s: Sequence[float], start_s: float, end_s: float, field: Field) -> bool:
    """True where the window, or a load inside it, is shorter than twice what the field averages over."""
    inside = [start_s, *(m for m in sorted(marks_s) if start_s < m < end_s), end_s]
    return bool(np.diff(inside).min() < 2 * max(field.window_s, field.refresh_s))


def two_points(shown_w: tuple[float, float], true_w: tuple[float, float]) -> tuple[float, float]:
    """(gain, offset in W) that bring what a field shows at idle and on a plateau to what a meter shows: true = gain · shown + offset."""
    if not shown_w[0] < shown_w[1] or not true_w[0] < true_w[1]:
        raise BadInput("shown_w, true_w", (shown_w, true_w), "give idle first and a plateau above it")
    gain = (true_w[1] - true_w[0]) / (shown_w[1] - shown_w[0])
    return gain, true_w[0] - gain * shown_w[0]


# ---- repeated loads


@dataclass(frozen=True)
class Repeated:
    """A load repeated at known times: power at rest and more under load, W, and how well they explain what is shown."""

    loads_s: tuple[tuple[float, float], ...]
    rest_w: float
    load_w: float
    r2: float

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Energy of any window among the loads, J."""
        busy = _time_in(self.loads_s)(np.array([start_s, end_s]))
        return float(self.rest_w * (end_s - start_s) + self.load_w * (busy[1] - busy[0]))


def repeated(trace: Trace, field: Field, loads_s: Sequence[tuple[float, float]],
             gain: float = 1.0, offset_w: float = 0.0) -> Repeated | None:  # fmt: skip
    """What a load repeated at known (start, end) draws, however seldom the card looks.

    Each shown value is a mix of power with load and without, y = p₀ + (p₁ − p₀) f, f being the part of its look that
    lies in a load, p₁ > p₀; where in the refresh the look lies is found too. None where that explains less than four fifths of
    what is shown: then the loads come faster than the field shows, and `energy` is as good.
    """
    within, (moments, shown) = _time_in(loads_s), _regular(trace, field)
    best: tuple[float, Array] | None = None
    for late_s in np.arange(0.0, field.refresh_s, field.window_s / 5):
        until = moments - late_s
        kept = (until - field.window_s > loads_s[0][0]) & (until < loads_s[-1][1])
        share = ((within(until) - within(until - field.window_s)) / field.window_s)[kept]
        fitted = _line(share, shown[kept])
        if fitted is not None and fitted[1][1] > 0 and (best is None or fitted[0] > best[0]):
            best = fitted
    if best is None or best[0] < 0.8:
        return None
    rest_w, load_w = map(float, best[1])
    return Repeated(tuple(loads_s), gain * rest_w + offset_w, gain * load_w, best[0])


def _time_in(loads_s: Sequence[tuple[float, float]]) -> Any:
    """A function of moments: how long the loads had lasted by then."""
    edges = np.array([edge for load in loads_s for edge in load], dtype=float)
    if len(edges) < 4 or (np.diff(edges) < 0).any():
        raise BadInput("loads_s", list(loads_s)[:3], "give (start, end) of at least two loads, one after another")
    lasted = np.concatenate([[0.0], np.cumsum(np.diff(edges) * (np.arange(len(edges) - 1) % 2 == 0))])
    return lambda moments: np.interp(moments, edges, lasted)


def _line(share: Array, shown: Array) -> tuple[float, Array] | None:
    """(R², (p₀, p₁ − p₀)) by least squares; None for too few values or a share that never changes."""
    if len(share) < 8 or np.ptp(share) < 0.2 or np.ptp(shown) == 0:
        return None
    matrix = np.stack([np.ones_like(share), share], axis=1)
    found = np.linalg.lstsq(matrix, shown, rcond=None)[0]
    left = ((shown - matrix @ found) ** 2).sum() / ((shown - shown.mean()) ** 2).sum()
    return float(1 - left), np.asarray(found, dtype=np.float64)


