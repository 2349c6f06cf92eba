"""A machine that does not exist, whose true energy is known: the arithmetic of every sensor above is proved on it.

The device draws ``low_w`` and ``high_w`` in turn. It can be read as a counter (that refreshes, wraps, resets, fails),
as power, or as the part-time power sensor of some cards, which looks 25 ms in every 100 ms. It can be suspended.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jevons.core.units import NS_PER_S
from jevons.measure.counter import Counter, Integrator
from jevons.measure.sensor import Meter
from jevons.measure.sensors.channel import Accumulator, Channel, Channels

PART_TIME_BAND = (0.95, 1.05)
"""True over read of the part-time sensor in 95 % of runs of 5 s and longer, over waves of 0.05 to 3 s."""


@dataclass(frozen=True)
class SquareWave:
    """Power that is ``high_w`` for ``duty`` of each period and ``low_w`` for the rest; ``phase`` in periods."""

    low_w: float = 60.0
    high_w: float = 300.0
    period_s: float = 1.0
    duty: float = 0.5
    phase: float = 0.0

    def power_w(self, t_s: float) -> float:
        """Power at a moment."""
        return self.high_w if (t_s / self.period_s + self.phase) % 1.0 < self.duty else self.low_w

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Exact energy between two moments."""
        return self._until(end_s) - self._until(start_s)

    def _until(self, t_s: float) -> float:
        cycles = t_s / self.period_s + self.phase
        whole = math.floor(cycles)
        busy = (whole * self.duty + min(cycles - whole, self.duty)) * self.period_s
        return self.low_w * t_s + (self.high_w - self.low_w) * busy


@dataclass
class Clock:
    """A clock that is moved by hand. ``sleep`` suspends the machine: time passes, the monotonic clock stands."""

    awake_ns: int = 0
    asleep_ns: int = 0
    _told_ns: int = 0

    def __call__(self) -> int:
        """The monotonic clock."""
        return self.awake_ns

    @property
    def true_s(self) -> float:
        """Seconds that have passed, sleep included."""
        return (self.awake_ns + self.asleep_ns) / NS_PER_S

    def wait(self, span_s: float) -> None:
        """Let time pass."""
        self.awake_ns += round(span_s * NS_PER_S)

    def sleep(self, span_s: float) -> None:
        """Suspend the machine."""
        self.asleep_ns += round(span_s * NS_PER_S)

    def slept(self) -> bool:
        """True where the machine slept since the last call."""
        slept, self._told_ns = self.asleep_ns > self._told_ns, self.asleep_ns
        return slept


@dataclass
class Device:
    """The simulated device: true power by ``wave``, and what its registers show at the clock's time."""

    wave: SquareWave
    clock: Clock
    refresh_s: float = 0.001
    range_uj: int = 0
    missing: float = 0.0
    resets_s: Sequence[float] = ()
    start_uj: int = 0
    seed: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def counter_uj(self) -> int | None:
        """The energy register: refreshed each ``refresh_s``, counting from its last reset, wrapped at its range."""
        if self.chance.random() < self.missing:
            return None
        now = math.floor(self.clock.true_s / self.refresh_s + 1e-9) * self.refresh_s
        begun = max((t for t in self.resets_s if t <= now), default=0.0)
        raw = round(self.wave.energy_j(begun, now) * 1e6) + (self.start_uj if begun == 0 else 0)
        return raw % self.range_uj if self.range_uj else raw

    def power_w(self) -> float | None:
        """Power over the last refresh; None where the reading fails."""
        if self.chance.random() < self.missing:
            return None
        now = math.floor(self.clock.true_s / self.refresh_s + 1e-9) * self.refresh_s
        return self.wave.energy_j(now - self.refresh_s, now) / self.refresh_s

    def part_time_w(self, looks_s: float = 0.025, every_s: float = 0.1) -> float:
        """Mean power over the first ``looks_s`` of the last whole ``every_s``: what a part-time sensor shows."""
        begun = (math.floor(self.clock.true_s / every_s + 1e-9) - 1) * every_s
        return self.wave.energy_j(begun, begun + looks_s) / looks_s


def counter(device: Device, max_w: float = 1000.0) -> Channels:
    """The device by its energy register."""
    return _sensor(device, device.counter_uj, Counter(device.range_uj, max_w), "counter")


def power(device: Device) -> Channels:
    """The device by its power, integrated."""
    return _sensor(device, device.power_w, Integrator(), "integrated")


def part_time(device: Device) -> Channels:
    """The device by the sensor that looks a quarter of the time, integrated."""
    return _sensor(device, device.part_time_w, Integrator(), "integrated", PART_TIME_BAND)


def _sensor(device: Device, ask: Callable[[], float | None], into: Accumulator, method: str,
            band: tuple[float, float] = (1.0, 1.0)) -> Channels:  # fmt: skip
    refresh_s = device.refresh_s if method == "counter" else 0.0
    meter = Meter("simulated", "accelerator", "chip", method, "simulator", "", "", *band, refresh_s)
    return Channels([Channel(meter, ask, into)], clock=device.clock, slept=device.clock.slept)
