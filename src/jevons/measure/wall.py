"""From the chips to the wall: what a server draws beside what its own counters see.

    P_wall = offset + slope · (P_processors + P_memory + P_accelerators)

The offset is fans, boards, disks and whatever is not metered; the slope is the supplies, the regulators and fans that
follow the load. Adding an idle gap alone (slope 1) is 2 to 9 % low. A server's own pair is fitted from a few runs with
a meter beside it; few runs that lie close together say little of the slope, so it is drawn towards 1.2 ± 0.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jevons.core.errors import BadInput, UnknownName
from jevons.measure.coefficients import coefficient_pack

SLOPE, SLOPE_SD = 1.2, 0.1
"""Supplies of 80 to 94 % (80 PLUS) give 1.06 to 1.25; server over components is published at 1.1 to 1.4."""
LOAD_SD_W = 15.0
"""How far a load lies from a server's line: fans, temperature, what drives the chips' own losses (DGX-1, see the pack)."""


@dataclass(frozen=True)
class Wall:
    """A server's line: watts at the wall that no chip shows, watts at the wall per watt of the chips, and its spread."""

    offset_w: float
    slope: float
    error: float = 0.05

    def power_w(self, chips_w: float) -> float:
        """Power at the wall, W, from the sum of the chips' power, W."""
        return self.offset_w + self.slope * chips_w

    def energy_j(self, chips_j: float, seconds: float) -> float:
        """Energy at the wall, J, from the chips' energy over that time."""
        return self.offset_w * seconds + self.slope * chips_j

    def interval_j(self, chips_j: float, seconds: float) -> tuple[float, float]:
        """Bounds of the energy at the wall, J: the worst of the runs left out of the fit, either way."""
        energy = self.energy_j(chips_j, seconds)
        return energy * (1 - self.error), energy * (1 + self.error)


def fit(chips_w: Sequence[float], wall_w: Sequence[float], loads: Sequence[str] = ()) -> Wall:
    """A server's line by least squares over mean powers of runs, the slope drawn towards SLOPE.

    ``loads``: what each run ran; runs of one load are one point, for what lifts one of them lifts them all.
    Errors: BadInput for lists of other lengths, fewer than two runs, power that is not positive, or a wall below its chips.
    """
    names = list(loads) or [str(i) for i in range(len(chips_w))]
    if len({len(chips_w), len(wall_w), len(names)}) > 1 or len(chips_w) < 2:
        raise BadInput("chips_w, wall_w", (len(chips_w), len(wall_w)), "give the mean power of at least two runs, both ways")
    if not all(0 < chips < wall < 1e6 for chips, wall in zip(chips_w, wall_w, strict=True)):
        raise BadInput("wall_w", list(wall_w)[:3], "give watts above 0, the wall's above the chips'")
    x, y = _means(chips_w, names), _means(wall_w, names)
    middle, level = sum(x) / len(x), sum(y) / len(y)
    prior = (LOAD_SD_W / SLOPE_SD) ** 2
    joint = sum((a - middle) * (b - level) for a, b in zip(x, y, strict=True))
    slope = (joint + prior * SLOPE) / (sum((a - middle) ** 2 for a in x) + prior)
    offset = level - slope * middle
    error = max(abs((offset + slope * a) / b - 1) for a, b in zip(chips_w, wall_w, strict=True))
    return Wall(float(offset), float(slope), max(float(error), 0.01))


def _means(values: Sequence[float], names: Sequence[str]) -> list[float]:
    """The mean of each name's values."""
    by_name: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        by_name.setdefault(name, []).append(value)
    return [sum(own) / len(own) for own in by_name.values()]


def server(name: str) -> Wall:
    """The line of a server in the coefficient pack; UnknownName with those there are."""
    servers = coefficient_pack("wall")["servers"]
    if name not in servers:
        raise UnknownName("wall model", name, list(servers), "fit your own: jevons.measure.wall.fit")
    row = servers[name]
    return Wall(row["offset_w"], row["slope"], row["left_out"]["worst_run"])
