"""Processor and memory energy by RAPL under /sys/class/powercap (Linux).

Packages hold their cores; DRAM is separate though its zone is a child; psys holds the package and is never added to it.
The same counter may stand under several roots (intel-rapl, intel-rapl-mmio): a mirror is counted once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jevons.measure.counter import Counter
from jevons.measure.discover import Found
from jevons.measure.sensor import Meter, Reading

ZONES = "sys/class/powercap"
MOST_W = 1000.0
"""More than any package draws: bounds how long an interval may be before a second wrap could hide in it."""
COMPONENTS = {"package": "processor", "dram": "memory"}
MEND = ("sudo sh -c 'chmod a+r /sys/class/powercap/intel-rapl*/energy_uj "
        "/sys/class/powercap/intel-rapl*/*/energy_uj' (until the next boot; a udev rule keeps it)")  # fmt: skip


@dataclass(slots=True)
class Zone:
    """One counter: its file, its meter and its accumulator."""

    file: Path
    meter: Meter
    counter: Counter

    def read(self) -> Reading:
        """A reading now; a file that cannot be read is missing, not zero."""
        t_ns = time.monotonic_ns()
        status = self.counter.update(_number(self.file), t_ns)
        return Reading(self.meter.device, self.counter.total_uj, t_ns, status)


class Rapl:
    """RAPL zones, each counted once."""

    def __init__(self, zones: Sequence[Zone]):
        self._zones = list(zones)

    @property
    def meters(self) -> Sequence[Meter]:
        """Packages and DRAM, or psys where nothing else can be read."""
        return [zone.meter for zone in self._zones]

    def read(self) -> Sequence[Reading]:
        """One reading a zone."""
        return [zone.read() for zone in self._zones]

    def close(self) -> None:
        """Nothing is held open."""


def discover(root: Path = Path("/")) -> Found:
    """The zones under ``root`` that can be read, mirrors and inner domains left out."""
    folder = root / ZONES
    files = sorted(folder.glob("**/energy_uj")) if folder.is_dir() else []
    flat = {f for f in files if len(f.relative_to(folder).parts) <= 3} | set(_nested(folder))
    if not flat:
        return Found("rapl", [], f"no zones under /{ZONES}: a virtual machine, or not Intel or AMD")
    readable = [f for f in sorted(flat) if _number(f) is not None]
    if not readable:
        return Found("rapl", [], "the energy counters may be read by root alone", MEND)
    zones = _unmirrored([z for f in readable if (z := _zone(f)) is not None])
    return Found("rapl", [Rapl(_disjoint(zones))] if zones else [], "" if zones else "no package, DRAM or psys zone")


def _nested(folder: Path) -> list[Path]:
    """Zones below links that glob does not follow."""
    return [p / "energy_uj" for p in folder.iterdir() if (p / "energy_uj").exists()] if folder.is_dir() else []


def _zone(file: Path) -> Zone | None:
    name = _text(file.with_name("name"))
    kind = next((k for k in (*COMPONENTS, "psys") if name.startswith(k)), "")
    if not kind:
        return None
    parent = _text(file.parent.parent / "name")
    device = f"{parent}-{name}" if parent.startswith("package") and kind == "dram" else name
    component = COMPONENTS.get(kind, "system")
    boundary = "server" if kind == "psys" else "chip"
    meter = Meter(device, component, boundary, "counter", "rapl", note=file.parent.name)
    range_uj = _number(file.with_name("max_energy_range_uj")) or 0
    return Zone(file, meter, Counter(range_uj, MOST_W))


def _unmirrored(zones: list[Zone]) -> list[Zone]:
    """One zone for each (name, counter value): a mirror shows the same number under another root."""
    kept: dict[tuple[str, int], Zone] = {}
    for zone in sorted(zones, key=lambda z: ("mmio" in str(z.file), str(z.file))):
        value = _number(zone.file) or 0
        twin = next((k for k in kept if k[0] == zone.meter.device and (abs(k[1] - value) <= _slack(zone) or "mmio" in str(zone.file))), None)
        if twin is None:
            kept[zone.meter.device, value] = zone
    return list(kept.values())


def _slack(zone: Zone) -> int:
    """How far two reads of one counter may lie apart: a package at full power for a tenth of a second."""
    return int(MOST_W * 1e5)


def _disjoint(zones: list[Zone]) -> list[Zone]:
    """Packages and DRAM; psys only where there is no package, for it holds them."""
    parts = [z for z in zones if z.meter.component != "system"]
    return parts or zones


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


