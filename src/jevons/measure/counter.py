"""From raw readings to energy: counters that wrap or reset, and power that must be integrated. Pure, integers only.

    wrap    ΔE = (new − old) mod range, one wrap at most; certain only while elapsed · P_max ≤ range
    power   E = Σ (p₁ + p₂)/2 · Δt                                              trapezoid
"""

from __future__ import annotations

from dataclasses import dataclass

from jevons.measure.sensor import AMBIGUOUS, GAP, MISSING, OK, RESET

UJ_PER_J = 1_000_000
NS_PER_S = 1_000_000_000


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

    def _add(self, energy_uj: float) -> None:
        whole = int(energy_uj + self.part_uj)
        self.part_uj += energy_uj - whole
        self.total_uj += whole
