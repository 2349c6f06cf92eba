"""A make-believe meter that draws the same power for ever."""

from __future__ import annotations

import time

from jevons.measure.sensor import Meter, Reading


class Steady:
    """``watts`` since it was made, read as a counter."""

    def __init__(self, watts: float, device: str = "steady"):
        self.watts, self._began_ns = watts, time.monotonic_ns()
        self._meter = Meter(device, "processor", "chip", "counter", "steady")

    @property
    def meters(self):
        return [self._meter]

    def read(self):
        now = time.monotonic_ns()
        return [Reading(self._meter.device, int((now - self._began_ns) * self.watts / 1000), now)]

    def close(self):
        pass
