"""From raw readings to energy: counters that wrap or reset, and power that must be integrated. Pure, integers only.

    wrap    ΔE = (new − old) mod range, one wrap at most; certain only while elapsed · P_max ≤ range
    power   E = Σ (p₁ + p₂)/2 · Δt                                              trapezoid
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from jevons.core.units import NS_PER_S, UJ_PER_J
from jevons.measure.sensor import AMBIGUOUS, GAP, MISSING, OK, RESET


@dataclass(slots=True)
class Counter:
    """Accumulates a raw counter in microjoules.

    ``range_uj``: where the counter wraps (0: it never does, so a decrease is a restart of its driver). ``max_w``:
    the most the device can draw, which bounds how long an interval may be before a second wrap could hide in it.
    """

    range_uj: int = 0
    max_w: float = 0.0
    total_uj: int = 0
    raw_uj: int | None = None
    t_ns: int = 0

    def update(self, raw_uj: int | None, t_ns: int) -> str:
        """Take a raw reading (None: it could not be read) and say how the interval stands."""
        if raw_uj is None or raw_uj < 0 or (raw_uj == 0 and self.raw_uj not in (None, 0)):
            return MISSING
        if self.raw_uj is None:
            self.raw_uj, self.t_ns = raw_uj, t_ns
            return OK
        step, status = self._step(raw_uj, t_ns)
        self.total_uj += step
        self.raw_uj, self.t_ns = raw_uj, t_ns
        return status

    def forget(self) -> None:
        """Begin anew at the next reading: what lies between is not known (the machine slept, the counter was reset)."""
        self.raw_uj = None

    def _step(self, raw_uj: int, t_ns: int) -> tuple[int, str]:
        assert self.raw_uj is not None
        step = raw_uj - self.raw_uj
        if not self.range_uj:
            return (step, OK) if step >= 0 else (0, RESET)
        limit_uj = self.max_w * (t_ns - self.t_ns) / NS_PER_S * UJ_PER_J
        step %= self.range_uj
        return step, AMBIGUOUS if limit_uj > self.range_uj else OK


@dataclass(slots=True)
class Integrator:
    """Accumulates power in watts over the monotonic clock. A pause longer than ``longest_s`` is a gap, not energy."""

    longest_s: float = 60.0
    total_uj: int = 0
    power_w: float | None = None
    t_ns: int = 0
    part_uj: float = 0.0

    def update(self, power_w: float | None, t_ns: int) -> str:
        """Take a power reading (None: it could not be read) and say how the interval stands."""
        if power_w is None or not 0 <= power_w < 1e6:
            return MISSING
        status = OK
        if self.power_w is not None:
            span_s = (t_ns - self.t_ns) / NS_PER_S
            if span_s > self.longest_s:
                status = GAP
            else:
                self._add((self.power_w + power_w) / 2 * span_s * UJ_PER_J)
        self.power_w, self.t_ns = power_w, t_ns
        return status

    def forget(self) -> None:
        """Begin anew at the next reading: the power in between is not known."""
        self.power_w = None

    def _add(self, energy_uj: float) -> None:
        whole = int(energy_uj + self.part_uj)
        self.part_uj += energy_uj - whole
        self.total_uj += whole


@dataclass(slots=True)
class Watched:
    """A counter with the same device's power beside it: which tells a frozen counter, and one that disagrees.

    While the counter stands still though power is drawn, the integral waits; after ``patience_s`` it is believed
    instead, from then on. ``gap`` is counter over integral − 1 once both have run for ``long_s``, else None.
    """

    patience_s: float = 5.0
    long_s: float = 30.0
    most_gap: float = 0.10
    counter: Counter = field(default_factory=Counter)
    power: Integrator = field(default_factory=Integrator)
    total_uj: int = 0
    frozen: bool = False
    waiting_uj: int = 0
    since_ns: int = 0
    began_ns: int = 0

    @property
    def gap(self) -> float | None:
        """How far the counter lies from the integral of power, as a share of the integral."""
        ran_s = (self.power.t_ns - self.began_ns) / NS_PER_S
        if not self.began_ns or ran_s < self.long_s or not self.power.total_uj or self.frozen:
            return None
        return self.counter.total_uj / self.power.total_uj - 1

    def update(self, raw: tuple[int | None, float | None] | None, t_ns: int) -> str:
        """Take (counter in microjoules, power in watts); either may be None."""
        raw_uj, power_w = raw or (None, None)
        counted, integrated = self.counter.total_uj, self.power.total_uj
        status, beside = self.counter.update(raw_uj, t_ns), self.power.update(power_w, t_ns)
        self.began_ns = self.began_ns or t_ns
        step_uj, other_uj = self.counter.total_uj - counted, self.power.total_uj - integrated
        if self.frozen:
            self.total_uj += other_uj
            return beside
        if step_uj or not other_uj:
            self.total_uj, self.waiting_uj, self.since_ns = self.total_uj + step_uj, 0, t_ns
        else:
            self._wait(other_uj, t_ns)
        gap = self.gap
        return AMBIGUOUS if status == OK and gap is not None and abs(gap) > self.most_gap else status

    def forget(self) -> None:
        """Begin anew at the next reading."""
        self.counter.forget()
        self.power.forget()

    def _wait(self, energy_uj: int, t_ns: int) -> None:
        self.waiting_uj += energy_uj
        if (t_ns - self.since_ns) / NS_PER_S > self.patience_s:
            self.frozen, self.total_uj = True, self.total_uj + self.waiting_uj


class Sleep:
    """Tells whether the machine slept since the last call: time that CLOCK_BOOTTIME counts and CLOCK_MONOTONIC not."""

    def __init__(self) -> None:
        self._asleep_ns = asleep_ns()

    def __call__(self) -> bool:
        """True where more than a tenth of a second was slept."""
        now = asleep_ns()
        slept, self._asleep_ns = now - self._asleep_ns, now
        return slept > NS_PER_S // 10


def asleep_ns() -> int:
    """Nanoseconds this machine has slept since it was started; 0 where the platform does not say."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime_ns(boot) - time.monotonic_ns() if boot is not None else 0
