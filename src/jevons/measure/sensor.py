"""What a sensor is: something that answers, at any time, the energy each of its devices has used since it began.

A sensor returns cumulative integers (microjoules), never power: whoever samples late loses resolution, not energy.
It raises nothing while running; what it could not read it says in ``status``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

OK, MISSING, RESET, AMBIGUOUS, GAP = "ok", "missing", "reset", "ambiguous", "gap"
MOST_UJ = 1 << 70
"""More than any device uses in a life: what lies above it is no figure."""
STATUSES = (OK, MISSING, RESET, AMBIGUOUS, GAP)


@dataclass(frozen=True, slots=True)
class Meter:
    """One metered device: what it is, inside which boundary, and how its energy is known."""

    device: str  # unique on the host: "package-0", "GPU-8f3c..."
    component: str  # processor | memory | accelerator | storage | network | system
    boundary: str  # chip | server | facility
    method: str  # counter | integrated | modelled
    sensor: str
    tier: str = ""
    note: str = ""
    low: float = 1.0  # 5 % and 95 % bounds of the true energy over the one read
    high: float = 1.0
    refresh_s: float = 0.0  # between two ticks of its counter, where that is long beside a window
    idle_w: float = 0.0  # what it draws with nothing to do, where that is known


@dataclass(frozen=True, slots=True)
class Reading:
    """Energy of one device since its sensor began, at a moment of the monotonic clock.

    ``energy_uj`` never decreases.
    """

    device: str
    energy_uj: int
    t_ns: int
    status: str = OK


@runtime_checkable
class Sensor(Protocol):
    """Anything that meters. Its constructor may raise; ``read`` and ``close`` never do."""

    @property
    def meters(self) -> Sequence[Meter]:
        """The devices it meters, fixed at construction."""
        ...

    def read(self) -> Sequence[Reading]:
        """One reading for each of its meters, in their order."""
        ...

    def close(self) -> None:
        """Give back what it holds; reading on is not allowed."""
        ...


@dataclass
class Found:
    """What one room offers: sensors, or the reason there are none and the command that mends it."""

    room: str
    sensors: list[Sensor] = field(default_factory=list)
    why_not: str = ""
    mend: str = ""


def heard(sensor: Sensor) -> Sequence[Reading]:
    """What a sensor says; where it breaks its promises (it raises, its readings are not its meters', a figure is none)
    every meter of it is missing, and nothing is raised but KeyboardInterrupt."""
    try:
        readings = list(sensor.read())
        named = [reading.device for reading in readings] == [meter.device for meter in sensor.meters]
        if named and all(0 <= reading.energy_uj < MOST_UJ for reading in readings):
            return readings
    except KeyboardInterrupt:
        raise
    except BaseException:  # SystemExit too: no sensor ends the user's process
        pass
    return [Reading(meter.device, 0, time.monotonic_ns(), MISSING) for meter in sensor.meters]
