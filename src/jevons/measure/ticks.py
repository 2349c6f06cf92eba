"""A window's edge between two ticks of a counter that is refreshed seldom (an NVIDIA card's: every 100 ms).

    before the edge  =  ΔE · (t_edge − (t_tick − T)) / T        ΔE: step of the first tick after the edge;  T: refresh

What a tick adds was used over the T before it, so it is divided at the edges that fell in it; without this a window
of 5 s gains or loses up to two ticks. Power is taken as even within a tick, and the tick as halfway between the look
that saw it and the one before.
"""

from __future__ import annotations

from collections.abc import Iterable

from jevons.core.units import NS_PER_S
from jevons.measure.sensor import Meter

LEAST_S = 0.02
"""Counters refreshed faster need none of this."""


class Ticks:
    """The edges since the last tick of each slow counter: (when, the window that ended; None: nobody's)."""

    def __init__(self, meters: Iterable[Meter]):
        self.refresh_ns = {m.device: round(m.refresh_s * NS_PER_S) for m in meters if m.refresh_s >= LEAST_S}
        self.edges: dict[str, list[tuple[int, str | None]]] = {device: [] for device in self.refresh_ns}

        self._stood: dict[str, int] = {}

    @property
    def longest_s(self) -> float:
        """The slowest refresh; 0 where every counter is fast."""
        return max(self.refresh_ns.values(), default=0) / NS_PER_S

    @property
    def awaited(self) -> bool:
        """Whether an edge waits for its tick."""
        return any(self.edges.values())

    def edge(self, t_ns: int, window: str | None) -> None:
        """``window`` ended at a moment of the monotonic clock."""
        for edges in self.edges.values():
            edges.append((t_ns, window))

    def stood(self, device: str, t_ns: int) -> None:
        """The counter had not moved at ``t_ns``."""
        if device in self.edges:
            self._stood[device] = t_ns

    def divided(self, device: str, energy_uj: int, t_ns: int, window: str | None) -> list[tuple[str | None, int]]:
        """A step read at ``t_ns`` by the windows it belongs to, summing to it; ``window``: the one open now."""
        edges = self.edges.get(device)
        if not edges:
            return [(window, energy_uj)]
        refresh, parts, done = self.refresh_ns[device], list[tuple[str | None, int]](), 0
        ticked_ns = (max(self._stood.get(device, 0), t_ns - refresh) + t_ns) / 2 if device in self._stood else t_ns
        for at_ns, ended in edges:
            share = min(max(1 - (ticked_ns - at_ns) / refresh, 0.0), 1.0)
            upto = max(int(energy_uj * share), done)
            parts.append((ended, upto - done))
            done = upto
        edges.clear()
        return [*parts, (window, energy_uj - done)]

    def give_up(self) -> None:
        """No tick came: the counter stands, and nothing is to be divided."""
        for edges in self.edges.values():
            edges.clear()
