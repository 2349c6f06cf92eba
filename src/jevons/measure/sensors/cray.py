"""Cray pm_counters: energy of the node, its processors, memory and accelerators, ten times a second.

Each file under /sys/cray/pm_counters holds a value, its unit and a stamp: ``34814 J 1734094386462336 us``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from jevons.core.units import UJ_PER_J
from jevons.measure.counter import Counter
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors.channel import Channel, Channels, number

COUNTERS = "sys/cray/pm_counters"
PARTS = {"cpu": "processor", "memory": "memory", "accel": "accelerator"}


def discover(root: Path = Path("/")) -> Found:
    """The parts where processor and memory are metered, else the node; never the node and its parts."""
    folder = root / COUNTERS
    if not folder.is_dir():
        return Found("cray", [], f"no /{COUNTERS}: not a Cray node")
    named = {f.name.removesuffix("_energy"): f for f in sorted(folder.glob("*_energy")) if number(f) is not None}
    parts = {name: f for name, f in named.items() if _component(name)}
    if {"processor", "memory"} <= {_component(name) for name in parts}:
        return Found("cray", [Channels([_channel(name, f, _component(name), "chip") for name, f in parts.items()])])
    if number(folder / "energy") is None:
        return Found("cray", [], "its counters cannot be read", f"sudo chmod a+r /{COUNTERS}/*")
    return Found("cray", [Channels([_channel("node", folder / "energy", "system", "server")])])


def _component(name: str) -> str:
    """cpu, cpu0, memory, accel3: the component, "" for anything else."""
    return PARTS.get(re.sub(r"\d+$", "", name), "")


def _channel(name: str, file: Path, component: str, boundary: str) -> Channel:
    meter = Meter(f"cray-{name}", component, boundary, "counter", "cray pm_counters")
    return Channel(meter, _joules(file), Counter())


def _joules(file: Path) -> Callable[[], int | None]:
    return lambda: None if (read := number(file)) is None else read * UJ_PER_J
