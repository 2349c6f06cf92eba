"""A make-believe meter that draws the same power for ever."""

from __future__ import annotations

import time

from jevons.measure.sensor import Meter, Reading


class Steady:
    """``watts`` since it was made, read as a counter."""

    def __init__(self, watts: float, device: str = "steady"):
        self.watts, self._began_ns = watts, time.monotonic_ns()
        self.first_ns = self.last_ns = 0
        self._meter = Meter(device, "processor", "chip", "counter", "steady")

    @property
    def meters(self):
        return [self._meter]

    def read(self):
        now = self.last_ns = time.monotonic_ns()
        self.first_ns = self.first_ns or now
        return [Reading(self._meter.device, int((now - self._began_ns) * self.watts / 1000), now)]

    @property
    def joules(self) -> float:
        """What it showed between its first and its last reading, however busy the machine was."""
        return self.watts * (self.last_ns - self.first_ns) / 1e9

    def close(self):
        pass


class Clock:
    """Time that moves only when somebody sleeps: stands in for the module ``time``."""

    def __init__(self, now_s: float = 1_700_000_000.0):
        self.now_s = now_s

    def sleep(self, seconds):
        self.now_s += seconds

    def monotonic(self):
        return self.now_s

    def monotonic_ns(self):
        return round(self.now_s * 1e9)

    time, time_ns = monotonic, monotonic_ns


def until(found, seconds: float = 60.0):
    """What ``found()`` gives, once it gives anything; however long that takes on a busy machine."""
    end = time.monotonic() + seconds
    while not (got := found()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return got
