"""A signal: intensity of a zone's electricity step by step, of one kind, with the steps nobody knows left open."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from jevons.core.errors import BadInput, TableError
from jevons.core.source import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = tuple[str, str, str]  # accounting, grid, scope: as Study.kind
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Point:
    """Intensity over [start_s, end_s) in UTC seconds; ``g_per_kwh`` is None where the provider gave none."""

    start_s: float
    end_s: float
    g_per_kwh: float | None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """Points of one zone in order of time, from one provider, of one kind (average or marginal, life cycle or direct)."""

    zone: str
    kind: Kind
    points: tuple[Point, ...]
    source: Source

    @classmethod
    def of(cls, zone: str, kind: Kind, points: Iterable[Point], source: Source) -> Signal:
        """Points in any order; of two that begin together the later one stands."""
        by_start = {point.start_s: point for point in points}
        return cls(zone, kind, tuple(by_start[s] for s in sorted(by_start)), source)

    def __add__(self, other: Signal) -> Signal:
        if (self.zone, self.kind) != (other.zone, other.kind):
            mine, theirs = (f"{s.zone} {'/'.join(s.kind)}" for s in (self, other))
            raise BadInput("signal", theirs, f"add one of {mine}")
        return Signal.of(self.zone, self.kind, (*self.points, *other.points), self.source)

    @property
    def last(self) -> Point | None:
        """The last point that has a value."""
        return next((p for p in reversed(self.points) if p.g_per_kwh is not None), None)

    def held(self, longest_s: float) -> Signal:
        """With the last known value standing so much longer: the newest hours are published late."""
        last = self.last
        if last is None:
            return self
        more = replace(last, start_s=last.end_s, end_s=last.end_s + longest_s, estimated=True)
        return replace(self, points=(*(p for p in self.points if p.start_s <= last.start_s), more))

    def mean(self, start_s: Any, end_s: Any) -> NDArray[np.float64]:
        """Time-weighted mean in g/kWh over each interval, (rows,); NaN where any part of it is not known."""
        import numpy as np

        start, end = np.atleast_1d(np.asarray(start_s, float)), np.atleast_1d(np.asarray(end_s, float))
        known = [p for p in self.points if p.g_per_kwh is not None]
        if not known:
            return np.full(len(start), np.nan)
        moment, last = end <= start, known[-1].end_s
        start = np.where(moment & (start == last), start - 1e-3, start)  # the end of the last step still belongs to it
        end = np.where(moment, start + 1e-3, end)  # the value at a moment is that of its step
        begins = np.array([p.start_s for p in known])
        ends = np.minimum([p.end_s for p in known], np.append(begins[1:], np.inf))
        edges = np.ravel(np.column_stack((begins, ends)))
        lengths = ends - begins
        covered = np.ravel(np.column_stack((np.cumsum(lengths) - lengths, np.cumsum(lengths))))
        weighted = np.cumsum(lengths * [p.g_per_kwh for p in known])
        summed = np.ravel(np.column_stack((np.append(0.0, weighted[:-1]), weighted)))
        met, whole = (np.interp(end, edges, y) - np.interp(start, edges, y) for y in (covered, summed))
        full = met >= (end - start) * (1 - 1e-6) - 1e-6
        return np.where(full & (met > 0), whole / np.where(met > 0, met, 1.0), np.nan)

    def estimated(self, start_s: float, end_s: float) -> bool:
        """Whether any step that meets the interval is an estimate of its provider, or a value held over."""
        return any(p.estimated for p in self.points if p.start_s < end_s and p.end_s > start_s)


@runtime_checkable
class GridClient(Protocol):
    """Somebody who publishes intensities. Errors: GridUnavailable where it does not answer, or not in time."""

    @property
    def kind(self) -> Kind:
        """What its values are; they never mix with another kind in one sum."""
        ...

    def latest(self, zone: str) -> Signal:
        """The newest step."""
        ...

    def history(self, zone: str, start_s: float, end_s: float) -> Signal:
        """Every step that meets the span."""
        ...

    def forecast(self, zone: str) -> Signal:
        """What is expected from now on, as issued now."""
        ...


def stamp(text: Any, where: str) -> float:
    """UTC seconds of an ISO time as providers write it ("2026-10-18T02:00Z", fractions, offsets)."""
    try:
        moment = datetime.fromisoformat(str(text).strip().replace("Z", "+00:00"))
    except ValueError:
        mend = "it is no ISO time: the reply has another shape than documented"
        raise TableError(where, None, "time", text, mend) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def iso(seconds: float, form: str = "%Y-%m-%dT%H:%MZ") -> str:
    """A time as providers read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


def amount(value: Any, where: str) -> float | None:
    """An intensity from a reply: None stays None; anything but a finite number raises TableError."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or not abs(number) < 1e5:
        raise TableError(where, None, "intensity", value, "it is no number of g/kWh: leave it empty where it is unknown")
    return number


def steps(starts: list[float], usual_s: float = HOUR_S) -> list[float]:
    """Where each step ends: at the next one's start, but no later than the usual step after its own."""
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    step = min(gaps, default=usual_s)
    return [start + min(step, usual_s) for start in starts]
