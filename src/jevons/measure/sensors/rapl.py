"""Processor and memory energy by RAPL (Linux): the powercap zones, else the perf events (`rapl_perf`).

Packages hold their cores; DRAM is separate though its zone is a child; psys holds the package and is never added to
it. One counter may stand under several zones (intel-rapl and intel-rapl-mmio, dies): equal value and equal steps are
one counter, and it is counted once. Zone numbers mean nothing; ``name`` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jevons.measure import calibrate_host
from jevons.measure.counter import Counter
from jevons.measure.sensor import OK, Found, Meter, Reading
from jevons.measure.sensors.channel import Channel, Channels, number, text, unique
from jevons.measure.sensors.surroundings import is_container, is_guest

ZONES = "sys/class/powercap"
MOST_W = 1000.0
"""More than any package draws: bounds how long an interval may be before a second wrap could hide in it."""
COMPONENTS = {"package": "processor", "dram": "memory", "psys": "system"}
READABLE = r"""z /sys/devices/virtual/powercap/*/*/energy_uj 0440 root energy\nz /sys/devices/virtual/powercap/*/*/*/energy_uj 0440 root energy\n"""
MEND = ("sudo sh -c 'groupadd -f energy; usermod -aG energy \"$SUDO_USER\"; "
        f"printf \"{READABLE}\" >/etc/tmpfiles.d/jevons.conf; "
        "systemd-tmpfiles --create /etc/tmpfiles.d/jevons.conf' (then log in anew; it stays after a boot)")  # fmt: skip
"""A group rather than everybody: who reads these counters finely may learn what others compute (CVE-2020-8694)."""
MEND_CONTAINER = "docker run --security-opt systempaths=unconfined ... (Docker masks powercap; the host's files must be readable)"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as it stands in the tree: its folder, its number in parts (``intel-rapl:0:1``: intel-rapl, 0, 1), its name."""

    folder: Path
    number: tuple[str, ...]
    name: str

    @property
    def kind(self) -> str:
        """package, dram or psys; "" for what lies inside a package."""
        return next((kind for kind in COMPONENTS if self.name.startswith(kind)), "")

    @property
    def energy_uj(self) -> int | None:
        """The counter now; None where it cannot be read."""
        return number(self.folder / "energy_uj")


class Rapl(Channels):
    """RAPL zones. Of a pair that began with one value, the second is withheld until its steps prove it another."""

    def __init__(self, channels: Sequence[Channel], twins: Sequence[tuple[int, int]] = ()):
        super().__init__(channels)
        self._twins = {second: first for first, second in twins}

    def read(self) -> Sequence[Reading]:
        """One reading a zone; a mirror's energy stays at zero."""
        readings = list(super().read())
        for second, first in list(self._twins.items()):
            if readings[first].status == readings[second].status == OK and self._differ(first, second):
                del self._twins[second]
            else:
                held = readings[second]
                readings[second] = Reading(held.device, 0, held.t_ns, held.status)
        return readings

    def _differ(self, first: int, second: int) -> bool:
        """True once the second's counter lies outside two reads of the first's, one before and one after it."""
        one, other = self.channels[first].into, self.channels[second].into
        assert isinstance(one, Counter)
        assert isinstance(other, Counter)
        before, its = one.raw_uj or 0, other.raw_uj or 0
        self.channels[first].read(self.clock())
        after = one.raw_uj or 0
        return before <= after and not before <= its <= after


def discover(root: Path = Path("/")) -> Found:
    """The zones under ``root`` (or in ``root`` itself, where it is a powercap folder) that can be read."""
    from jevons.measure.sensors import rapl_perf

    every = zones(root)
    if not every:
        return _unseen(root)
    metered = [zone for zone in every if zone.kind]
    readable = [zone for zone in metered if zone.energy_uj is not None]
    if readable:
        return Found("rapl", [_sensor(_disjoint(_one_root(readable)), every)])
    if not metered:
        return Found("rapl", [], "no package, DRAM or psys zone among them")
    perf = rapl_perf.discover(root)
    return perf if perf.sensors else Found("rapl", [], f"root alone may read the energy counters; {perf.why_not}", MEND)


def _unseen(root: Path) -> Found:
    """Why there are no zones."""
    if is_guest(root):
        return Found("rapl", [], "a virtual machine: its hypervisor hides the counters (only on the host can they be read)")
    if is_container(root):
        return Found("rapl", [], f"a container that sees no /{ZONES}", MEND_CONTAINER)
    return Found("rapl", [], f"no zones under /{ZONES}: not Intel or AMD, or an old kernel", "sudo modprobe intel_rapl_msr")


def zones(root: Path) -> list[Zone]:
    """Every zone, once however many links lead to it."""
    folder = root / ZONES
    found: dict[Path, Zone] = {}
    for inner in _inside(folder if folder.is_dir() else root, 3):
        if (inner / "energy_uj").exists():
            parts = tuple(re.split("[:T]", inner.name))
            found.setdefault(inner.resolve(), Zone(inner, parts, text(inner / "name")))
    return sorted(found.values(), key=lambda z: ("mmio" in z.number[0], z.number))


def _inside(folder: Path, depth: int) -> list[Path]:
    """RAPL folders at most ``depth`` below; other links (device, subsystem) lead in circles."""
    try:
        here = [p for p in sorted(folder.iterdir()) if "rapl" in p.name and p.is_dir()] if depth else []
    except OSError:
        return []
    return here + [below for inner in here for below in _inside(inner, depth - 1)]


def _one_root(readable: Sequence[Zone]) -> list[Zone]:
    """Zones without those that another root (MSR before MMIO) already has under the same name and parent."""
    first: dict[tuple[str, ...], str] = {}
    kept = []
    for zone in readable:
        key = (zone.name, *(zone.number[1:-1] if zone.kind == "dram" else ()))
        if first.setdefault(key, zone.number[0]) == zone.number[0]:
            kept.append(zone)
    return kept


def _disjoint(readable: Sequence[Zone]) -> list[Zone]:
    """Packages and DRAM; psys only where there is no package, for it holds them."""
    parts = [zone for zone in readable if zone.kind != "psys"]
    return parts or list(readable)[:1]


def _sensor(chosen: Sequence[Zone], every: Sequence[Zone]) -> Rapl:
    names = unique([_device(zone, every) for zone in chosen])
    curve, packages = calibrate_host.stored(), sum(zone.kind == "package" for zone in chosen)
    idle_w = curve.points[0][1] / packages if curve is not None and curve.boundary == "chip" and packages else 0.0
    channels = [_channel(zone, name, idle_w) for zone, name in zip(chosen, names, strict=True)]
    return Rapl(channels, _twins(chosen))


def _twins(chosen: Sequence[Zone]) -> list[tuple[int, int]]:
    """Pairs of one kind whose counters stand at one value: the second lies between two reads of the first."""
    pairs = []
    for j, second in enumerate(chosen):
        for i, first in enumerate(chosen[:j]):
            if first.kind != second.kind:
                continue
            values = first.energy_uj, second.energy_uj, first.energy_uj
            if None not in values and values[0] <= values[1] <= values[2]:  # type: ignore[operator]
                pairs.append((i, j))
                break
    return pairs


def _device(zone: Zone, every: Sequence[Zone]) -> str:
    """package-0; a DRAM zone is named after the package that it is a child of."""
    parent = next((z.name for z in every if z.number == zone.number[:-1]), "")
    return f"{parent}-{zone.name}" if zone.kind == "dram" and parent else zone.name


def _channel(zone: Zone, device: str, idle_w: float) -> Channel:
    boundary = "server" if zone.kind == "psys" else "chip"
    meter = Meter(device, COMPONENTS[zone.kind], boundary, "counter", "rapl", note=zone.folder.name,
                  idle_w=idle_w if zone.kind == "package" else 0.0)  # fmt: skip
    range_uj = number(zone.folder / "max_energy_range_uj") or 0
    return Channel(meter, lambda: zone.energy_uj, Counter(range_uj, MOST_W))
