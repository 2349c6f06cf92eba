"""Apple Silicon by ``powermetrics``, which root alone may run: processor, memory, graphics and neural engine.

Each sample states the time it covers and the mean power over it, so their product is the energy; nothing is lost
between two readings of ours.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.measure.sensor import MISSING, OK, Found, Meter
from jevons.measure.sensors.channel import Channel, Channels

if TYPE_CHECKING:
    import subprocess

COMMAND = ("powermetrics", "--samplers", "cpu_power,gpu_power", "-i", "1000")
SAMPLE = re.compile(r"Sampled system activity .*\((\d+(?:\.\d+)?)ms elapsed\)")
POWER = re.compile(r"^(CPU|GPU|ANE|DRAM) Power:\s+(\d+(?:\.\d+)?)\s*mW")
COMPONENTS = {"CPU": "processor", "GPU": "accelerator", "ANE": "accelerator", "DRAM": "memory"}
MEND = "sudo jevons run -- CMD"


class Told:
    """Energy that the device's own samples state; an accumulator that is told it rather than computes it."""

    def __init__(self) -> None:
        self.total_uj = 0

    def update(self, raw: int | None, t_ns: int) -> str:
        """Take the microjoules so far; None says that the samples have stopped."""
        if raw is None:
            return MISSING
        self.total_uj = max(raw, self.total_uj)
        return OK

    def forget(self) -> None:
        """Nothing: what is stated needs no reading before it."""


class PowerMetrics:
    """A running powermetrics, its samples summed as they come."""

    def __init__(self, lines: Iterable[str], process: subprocess.Popen[str] | None = None):
        self.spent_uj = dict.fromkeys(COMPONENTS, 0)
        self.running, self._process = True, process
        self._thread = threading.Thread(target=self._follow, args=(lines,), name="jevons-powermetrics", daemon=True)
        self._thread.start()

    def energy_uj(self, part: str) -> int | None:
        """Microjoules of a part so far; None once powermetrics has ended."""
        return self.spent_uj[part] if self.running else None

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()

    def _follow(self, lines: Iterable[str]) -> None:
        for elapsed_ms, power_mw in samples(lines):
            for part, milliwatts in power_mw.items():
                self.spent_uj[part] += round(milliwatts * elapsed_ms)
        self.running = self._process is None


def samples(lines: Iterable[str]) -> Iterator[tuple[float, dict[str, float]]]:
    """(milliseconds covered, milliwatts by part) of each sample in powermetrics' text.

    GPU Power is stated twice in a sample (once with the processors, once with the GPU): the last one stands.
    """
    elapsed_ms, power_mw = 0.0, dict[str, float]()
    for line in lines:
        if begun := SAMPLE.search(line):
            if power_mw:
                yield elapsed_ms, power_mw
            elapsed_ms, power_mw = float(begun[1]), {}
        elif stated := POWER.match(line):
            power_mw[stated[1]] = float(stated[2])
    if power_mw:
        yield elapsed_ms, power_mw


def discover(root: Path = Path("/")) -> Found:
    """powermetrics, where this process may run it."""
    if sys.platform != "darwin" or root != Path("/"):
        return Found("apple", [], "not macOS")
    import shutil
    import subprocess

    if shutil.which(COMMAND[0]) is None or os.geteuid() != 0:
        return Found("apple", [], "powermetrics may be run by root alone", MEND)
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True)
    return Found("apple", [sensor(PowerMetrics(process.stdout or (), process))])


def sensor(source: PowerMetrics) -> Channels:
    """A sensor over a running powermetrics."""
    channels = [Channel(Meter(f"apple-{part.lower()}", component, "chip", "integrated", "apple", note="powermetrics"),
                        lambda part=part: source.energy_uj(part), Told()) for part, component in COMPONENTS.items()]  # type: ignore[misc]  # fmt: skip
    return Channels(channels, source.close)
