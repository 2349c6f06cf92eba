"""NVIDIA Jetson: the board's INA3221 rails, by hwmon or the older iio driver.

VDD_IN (or POM_5V_IN) is the whole module and holds the other rails; where there is none the rails are added up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from jevons.measure.counter import Integrator
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors import hwmon
from jevons.measure.sensors.channel import Channel, Channels, number, text, unique

SIGNS = ("etc/nv_tegra_release", "proc/device-tree/compatible")
IIO = "sys/bus/i2c/drivers/ina3221x"
WHOLE = re.compile(r"(?:^|_)V?IN$|VDD_IN|POM_5V_IN", re.IGNORECASE)


def present(root: Path = Path("/")) -> bool:
    """True on a Tegra board."""
    return (root / SIGNS[0]).exists() or "tegra" in text(root / SIGNS[1])


def discover(root: Path = Path("/")) -> Found:
    """The module's input rail, else every rail."""
    if not present(root):
        return Found("jetson", [], "not a Tegra board")
    rails = [r for _, found in hwmon.chips(root, only=("ina3221",)) for r in found] or _iio(root)
    if not rails:
        return Found("jetson", [], "no INA3221 rail can be read", "sudo chmod a+r /sys/class/hwmon/hwmon*/*_input")
    whole = [rail for rail in rails if WHOLE.search(rail.label)]
    chosen = whole[:1] or rails
    names = unique([rail.label for rail in chosen])
    return Found("jetson", [Channels([_channel(r, n, bool(whole)) for r, n in zip(chosen, names, strict=True)])])


def _channel(rail: hwmon.Rail, device: str, whole: bool) -> Channel:
    component = "system" if whole or rail.component in (hwmon.UNKNOWN, "core") else rail.component
    meter = Meter(device, component, "server" if whole else "chip", "integrated", "jetson", note="whole module" if whole else "")
    return Channel(meter, rail.ask, Integrator())


def _iio(root: Path) -> list[hwmon.Rail]:
    found = []
    for file in sorted((root / IIO).glob("*/iio:device*/in_power*_input")):
        n = re.sub(r"\D", "", file.name)
        label = text(file.with_name(f"rail_name_{n}")) or f"rail{n}"
        if "NC" not in label.split("_"):
            found.append(hwmon.Rail("ina3221x", label, _milliwatts(file), False))
    return found


def _milliwatts(file: Path) -> Callable[[], float | None]:
    return lambda: None if (read := number(file)) is None else read / 1e3
