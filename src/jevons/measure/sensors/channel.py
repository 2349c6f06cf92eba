"""What most sensors are made of: channels, each a question, its accumulator and its meter.

A question that fails is a missing reading, whatever it raised: no sensor's fault reaches the user.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jevons.core.units import NS_PER_S
from jevons.measure.counter import Sleep
from jevons.measure.sensor import GAP, Meter, Reading


class Accumulator(Protocol):
    """Counter, Integrator or Watched: takes raw readings, keeps microjoules."""

    total_uj: int

    def update(self, raw: Any, t_ns: int, /) -> str:
        """Take a raw reading (None: it could not be read) and say how the interval stands."""
        ...

    def forget(self) -> None:
        """Begin anew at the next reading."""
        ...


@dataclass(slots=True)
class Channel:
    """One metered device: ``ask`` answers what ``into`` accumulates (microjoules, watts or both), None if it cannot."""

    meter: Meter
    ask: Callable[[], Any]
    into: Accumulator

    def read(self, t_ns: int) -> Reading:
        """A reading at ``t_ns``; a question that raises is a missing reading."""
        try:
            raw = self.ask()
        except Exception:
            raw = None
        status = self.into.update(raw, t_ns)
        return Reading(self.meter.device, self.into.total_uj, t_ns, status)


@dataclass
class Channels:
    """A sensor of channels. ``clock`` is the monotonic clock in nanoseconds; ``slept`` tells of a suspended machine."""

    channels: Sequence[Channel]
    on_close: Callable[[], object] | None = None
    clock: Callable[[], int] = time.monotonic_ns
    slept: Callable[[], bool] = field(default_factory=Sleep)

    @property
    def meters(self) -> Sequence[Meter]:
        """What the channels meter."""
        return [channel.meter for channel in self.channels]

    def read(self) -> Sequence[Reading]:
        """One reading a channel; after a sleep each begins anew and says so."""
        if not self.slept():
            return [channel.read(self.clock()) for channel in self.channels]
        readings = []
        for channel in self.channels:
            channel.into.forget()
            read = channel.read(self.clock())
            readings.append(Reading(read.device, read.energy_uj, read.t_ns, GAP))
        return readings

    def close(self) -> None:
        """Give back what is held, once."""
        held, self.on_close = self.on_close, None
        with suppress(Exception):
            if held is not None:
                held()


class Polled:
    """The latest answer of a slow question (a BMC, a plug), asked in a thread so that reading never waits for it."""

    def __init__(self, ask: Callable[[], Any], period_s: float = 5.0):
        self._ask, self._period_s, self._stop = ask, period_s, threading.Event()
        self._answer: tuple[Any, int] = (ask(), time.monotonic_ns())
        self._thread = threading.Thread(target=self._loop, name="jevons-poll", daemon=True)
        self._thread.start()

    def __call__(self) -> Any:
        """The latest answer; None where it is older than three periods."""
        answer, t_ns = self._answer
        return answer if time.monotonic_ns() - t_ns < 3 * self._period_s * NS_PER_S else None

    def close(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _loop(self) -> None:
        while not self._stop.wait(self._period_s):
            with suppress(Exception):
                self._answer = (self._ask(), time.monotonic_ns())


def text(file: Path) -> str:
    """What a small file says, without the blanks around it; "" where it cannot be read."""
    try:
        return file.read_text(errors="replace").strip("\0 \n\t")
    except OSError:
        return ""


def number(file: Path) -> int | None:
    """The integer a small file begins with; None where it cannot be read or holds none."""
    try:
        return int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def unique(names: Sequence[str]) -> list[str]:
    """The names with a number added to those that came before: package, package-2."""
    counts: dict[str, int] = {}
    told = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        told.append(name if counts[name] == 1 else f"{name}-{counts[name]}")
    return told
