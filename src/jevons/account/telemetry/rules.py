"""What counts as energy: the kind of sample, its unit, and the policy for gaps, doubles, wraps and nonsense."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from jevons.core import units
from jevons.core.errors import BadInput

US_PER_S = 1_000_000
HOUR_US = int(units.SECONDS_PER_HOUR) * US_PER_S
DAY_US = 24 * HOUR_US
EARLIEST_US = 946_684_800 * US_PER_S  # 2000-01-01: an earlier stamp is a clock that was never set
CLOCK_AHEAD_S = 300.0
KINDS = {"power": "W", "counter": "J"}
IMPUTED = ("none", "device mean")

# What becomes of the step from one sample of a device to the next.
JOINED, FIRST, BACKWARD, DOUBLE, CONFLICT, GAP, RESET, WRAP, ABSURD = range(9)
STEPS = {
    "doubles": DOUBLE, "conflicts": CONFLICT, "gaps": GAP, "resets": RESET, "wraps": WRAP, "absurd": ABSURD,
}  # fmt: skip
"""Step of the quality table → its code: the same moment with the same or another value, too long a pause, a counter
that fell, one that wrapped, a counter that rose faster than ``max_w``."""
COVERING = {"power": (JOINED,), "counter": (JOINED, WRAP)}
"""Steps that take time; the others shrink to the stamp of their sample."""
HOLDING = {"power": (JOINED,), "counter": (JOINED, WRAP, DOUBLE, CONFLICT)}
"""Steps that hold energy: a counter read twice in a microsecond keeps its rise."""


@dataclass(frozen=True)
class Rules:
    """The policy, stated. ``unit``: of the samples; power (W, kW ...) or a cumulative counter of energy (J, mJ, kWh).

    ``max_gap_s``: a longer pause between two samples (at most an hour) is missing, not integrated. ``max_w``: what
    no device can draw: a higher power is no sample, a counter that rises faster is no energy. ``wrap``: where a
    counter begins again, in its unit (None: a fall is a reset, and that step is missing). ``impute``: ``none``, or
    ``device mean``: missing seconds at the device's own mean power, as rows of their own. ``latest_s``: UTC seconds
    after which a stamp lies in the future (default: five minutes from now). ``most_bad``: share of samples or steps
    that may be unusable before the whole is refused.
    """

    unit: str = "W"
    max_gap_s: float = 300.0
    max_w: float = 1e5
    wrap: float | None = None
    impute: str = "none"
    latest_s: float = field(default_factory=lambda: time.time() + CLOCK_AHEAD_S)
    most_bad: float = 0.01

    def __post_init__(self) -> None:
        dimension = units.UNITS.get(self.unit, ("",))[0]
        if dimension not in ("power", "energy"):
            raise BadInput("unit", self.unit, "say W, kW, MW or mW for power; J, mJ, kJ, Wh or kWh for a counter of energy")
        if not 0 < self.max_gap_s <= units.SECONDS_PER_HOUR:
            raise BadInput("max_gap_s", self.max_gap_s, "give more than 0 and at most 3600 s: no straight line holds for longer")
        if not 0 < self.max_w < float("inf"):
            raise BadInput("max_w", self.max_w, "give the most that a device can draw, in watts")
        if self.wrap is not None and not (self.kind == "counter" and 0 < self.wrap < float("inf")):
            raise BadInput("wrap", self.wrap, "give where a counter of energy begins again, in its unit")
        if self.impute not in IMPUTED:
            raise BadInput("impute", self.impute, f"choose one of {', '.join(IMPUTED)}")
        if not 0 <= self.most_bad <= 1:
            raise BadInput("most_bad", self.most_bad, "give a share from 0 to 1")

    @property
    def kind(self) -> str:
        """power or counter."""
        return "power" if units.UNITS[self.unit][0] == "power" else "counter"

    @property
    def method(self) -> str:
        """How the energy is known, in the words of Activity."""
        return "integrated" if self.kind == "power" else "counter"

    @property
    def reach_us(self) -> int:
        """The longest step that holds energy, µs."""
        return int(self.max_gap_s * US_PER_S)

    @property
    def latest_us(self) -> int:
        """The last stamp that is not in the future, µs."""
        return int(self.latest_s * US_PER_S)

    @property
    def most(self) -> float:
        """The greatest usable value, in the unit of the samples."""
        return self.max_w / units.convert(1.0, self.unit, "W") if self.kind == "power" else 1e300

    @property
    def per_us(self) -> float:
        """The most a counter may rise in a microsecond, in its unit."""
        return self.max_w / units.convert(1.0, self.unit, "J") / US_PER_S

    @property
    def to_kwh(self) -> float:
        """kWh in one unit × µs of power, or in one unit of a counter."""
        if self.kind == "power":
            return units.convert(1.0, self.unit, "kW") / HOUR_US
        return units.convert(1.0, self.unit, "kWh")

    def describe(self) -> str:
        """The policy in a sentence, for the assumptions of a result."""
        gaps = f"steps over {self.max_gap_s:g} s are missing"
        filled = "left out" if self.impute == "none" else "filled with the mean power of the device, as rows of their own"
        return f"{'trapezoid' if self.kind == 'power' else 'counter'} in {self.unit}; {gaps} and {filled}; more than {self.max_w:g} W is no sample"
