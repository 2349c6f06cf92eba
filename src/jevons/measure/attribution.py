"""Whose energy it was: a machine's meters seen through one process tree or control group.

    active  = E − P_idle · t                where the idle power is known (a calibrated or modelled host), else
            = E · busy                      busy: the machine's busy processor time over all of it, in the same interval
    idle    = E − active
    ours    = active · min(own processor time / busy processor time, 1)  and, kept apart,  idle · allotted share

Memory goes by what is allotted (the group's limit, else what is resident) over what the machine has; an accelerator
by the processes on it. What is not ours is the rest: parts and rest make the machine, in whole microjoules.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from jevons.core.errors import BadInput
from jevons.measure.cgroup import Cgroup, container
from jevons.measure.device_processes import OnDevice
from jevons.measure.live import IDLE
from jevons.measure.process_tree import TICKS_PER_S, ProcessTree
from jevons.measure.sensor import MISSING, OK, Meter, Reading, Sensor, heard

NJ_PER_UJ = 1000
SCOPES = ("machine", "process", "cgroup")
WHOLE_NOTE = "the processes on it cannot be told: the whole device"


class Consumer(Protocol):
    """Somebody who uses processor time and memory."""

    cpu_s: float
    resident_bytes: int

    @property
    def pids(self) -> set[int]:
        """Its processes."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        ...

    def update(self) -> None:
        """Take what was used since the last call."""
        ...


@dataclass(frozen=True)
class Party:
    """A consumer, what it is called among trackers, whom it stands inside, and what it was allotted."""

    scope: str
    claim: str
    within: tuple[str, ...]
    consumer: Consumer
    cores_share: float  # allotted, of the machine's
    memory_bytes: int | None  # allotted; None: no limit, so what is resident counts


def divided(energy_uj: int, busy: float, own: float, allotted: float) -> tuple[int, int]:
    """(active, idle) microjoules of one party, each rounded down, so that parts never exceed the whole.

    ``busy``: share of the device's time in use; ``own``: the party's part of that use; ``allotted``: its part of idle
    time. All from 0 to 1 (clipped).
    """
    active = int(energy_uj * _unit(busy))
    return int(active * _unit(own)), int((energy_uj - active) * _unit(allotted))


def _unit(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def party(scope: str, pid: int | None = None, cgroup: str | None = None, root: Path = Path("/")) -> Party:
    """Who is tracked: the tree below ``pid`` (default this process), or its control group, or that of a path or id.

    Errors: BadInput for an unknown scope, a process or group that cannot be read, or a platform without /proc.
    """
    if scope not in SCOPES[1:]:
        raise BadInput("scope", scope, f"use one of {', '.join(SCOPES)}")
    if not (root / "proc/stat").exists():
        raise BadInput("scope", scope, "this platform has no /proc/stat to share by; use scope='machine'")
    tree = ProcessTree(pid or 0, root) if scope == "process" else None
    group = _group(pid, cgroup, root, needed=tree is None)
    cores = float(os.cpu_count() or 1) if root == Path("/") else float(max(_count_cpus(root), 1))
    limit = group.cores() if group is not None else None
    if tree is not None and root == Path("/"):
        with suppress(OSError, AttributeError):
            limit = min(limit or cores, float(len(os.sched_getaffinity(tree.pid))))
    outside = _within(group, own=tree is None) + ([_process(key) for key in tree.ancestors()] if tree else [])
    consumer: Any = tree or group
    claim = _process(tree.key) if tree else f"cgroup:{group.name}" if group else ""
    memory = group.memory_bytes() if group is not None else None
    return Party(scope, claim, ("machine", *outside), consumer, min((limit or cores) / cores, 1.0), memory)


def _group(pid: int | None, cgroup: str | None, root: Path, needed: bool) -> Cgroup | None:
    if cgroup:
        return Cgroup(path=cgroup, root=root) if cgroup.startswith("/") else container(cgroup, root)
    try:
        return Cgroup(pid=pid or 0, root=root)
    except BadInput:
        if needed:
            raise
        return None


def _within(group: Cgroup | None, own: bool) -> list[str]:
    """Claims of the groups around: a process stands inside its own group, a group only inside those above."""
    if group is None:
        return []
    path = Path("/") / group.name.lstrip("/")
    return [f"cgroup:{p}" for p in ([] if own else [path]) + list(path.parents) if p != path or not own]


def _process(key: tuple[int, int]) -> str:
    return f"process:{key[0]}:{key[1]}"


def _count_cpus(root: Path) -> int:
    return sum(line.startswith("cpu") for line in (root / "proc/stat").read_text().splitlines()) - 1


@dataclass
class Machine:
    """Busy and whole processor time of the machine since the last call, in seconds, from the first line of /proc/stat.

    Waiting for a disk is idle; time stolen by a hypervisor is nobody's here; a guest's time is in its host's.
    """

    root: Path = Path("/")
    before: tuple[int, int] = field(default=(0, 0), init=False)

    def __post_init__(self) -> None:
        self.before = self._ticks() or (0, 0)
        self.memory_bytes = self._memory()

    def step(self) -> tuple[float, float]:
        """(busy, whole) seconds since the last call that saw time pass; (0, 0) where none did."""
        now = self._ticks()
        if now is None or now[1] <= self.before[1]:
            return 0.0, 0.0
        busy, whole = now[0] - self.before[0], now[1] - self.before[1]
        self.before = now
        return max(busy, 0) / TICKS_PER_S, whole / TICKS_PER_S

    def _ticks(self) -> tuple[int, int] | None:
        try:
            with (self.root / "proc/stat").open("rb") as handle:
                user, nice, system, idle, wait, irq, soft = (int(x) for x in handle.readline().split()[1:8])
        except (OSError, ValueError):
            return None
        busy = user + nice + system + irq + soft
        return busy, busy + idle + wait

    def _memory(self) -> int:
        with suppress(OSError, ValueError):
            for line in (self.root / "proc/meminfo").read_text().splitlines():
                if line.startswith("MemTotal:"):
                    return int(line.split()[1]) * 1024
        return 0


class Attributed:
    """Sensors as one party sees them: itself a sensor, whose meters are the party's active and idle parts.

    ``read`` takes the machine's meters each time and gathers; ``settle`` shares out what was gathered, by one look at
    the party and the machine. ``allotted(kind, share)`` may cut what is allotted where other trackers claim it too.
    """

    def __init__(self, sensors: Sequence[Sensor], who: Party, machine: Machine | None = None,
                 on_device: Callable[[str], Mapping[int, float] | None] | None = None):  # fmt: skip
        self.sensors, self.who, self.machine = list(sensors), who, machine or Machine()
        self.on_device = on_device or OnDevice()
        self.allotted: Callable[[str, float], float] = lambda kind, share: share
        self._inner = [meter for sensor in self.sensors for meter in sensor.meters]
        self._meters = [outer for meter in self._inner for outer in self._parts(meter)]
        self._last: dict[str, int] = {}
        self._gathered = dict.fromkeys((meter.device for meter in self._inner), 0)
        self._ours = {meter.device: 0 for meter in self._meters}
        self._status: dict[str, str] = {}
        self._cpu_s, self._settled_ns = who.consumer.cpu_s, time.monotonic_ns()

    @property
    def meters(self) -> Sequence[Meter]:
        """An active and an idle part of each device; memory has one."""
        return self._meters

    def read(self) -> Sequence[Reading]:
        """What the party has used up to the last ``settle``."""
        for sensor in self.sensors:
            for reading in heard(sensor):
                if reading.status == MISSING:
                    self._status[reading.device] = MISSING
                    continue
                before = self._last.get(reading.device, reading.energy_uj)
                self._gathered[reading.device] += max(reading.energy_uj - before, 0)
                self._last[reading.device], self._status[reading.device] = reading.energy_uj, reading.status
        now = time.monotonic_ns()
        return [Reading(m.device, self._ours[m.device], now, self._status.get(m.device, OK)) for m in self._meters]

    def settle(self) -> None:
        """Read, then share out what was gathered since the last time."""
        self.read()
        busy_s, whole_s = self.machine.step()
        if whole_s <= 0:
            return  # no tick passed: it stays gathered until one has
        self.who.consumer.update()
        own_s, self._cpu_s = self.who.consumer.cpu_s - self._cpu_s, self.who.consumer.cpu_s
        use = busy_s / whole_s, own_s / busy_s if busy_s > 0 else 0.0
        now_ns, before_ns = time.monotonic_ns(), self._settled_ns
        self._settled_ns = now_ns
        for meter in self._inner:
            energy, self._gathered[meter.device] = self._gathered[meter.device], 0
            for device, part in self._shared(meter, energy, use, now_ns - before_ns).items():
                self._ours[device] += part

    def close(self) -> None:
        """Give back what the sensors hold."""
        for sensor in self.sensors:
            sensor.close()

    def _shared(self, meter: Meter, energy_uj: int, use: tuple[float, float], span_ns: int) -> dict[str, int]:
        if meter.component == "memory":
            return {meter.device: divided(energy_uj, 0.0, 0.0, self._memory_share())[1]}
        busy, own = use
        if meter.idle_w and energy_uj:
            busy = 1 - meter.idle_w * span_ns / NJ_PER_UJ / energy_uj
        share = self.allotted("cores", self.who.cores_share)
        if meter.component == "accelerator":
            busy, own = self._on_accelerator(meter.device)
            share = self.allotted(meter.device, 1.0)
        active, idle = divided(energy_uj, busy, own, share)
        return {meter.device: active, meter.device + IDLE: idle}

    def _memory_share(self) -> float:
        limit, whole = self.who.memory_bytes, self.machine.memory_bytes
        held = self.who.consumer.resident_bytes if limit is None else limit
        return self.allotted("memory", _unit(held / whole)) if whole else 0.0

    @property
    def allotments(self) -> dict[str, float]:
        """Shares of the machine's cores and memory, for other trackers to see."""
        return {"cores": self.who.cores_share, "memory": self._memory_share()}

    def _on_accelerator(self, device: str) -> tuple[float, float]:
        """(busy, own part of it); the whole device where the processes on it cannot be told."""
        weights = self.on_device(device)
        if weights is None:
            return 1.0, self.allotted(device, 1.0)
        used, pids = sum(weights.values()), self.who.consumer.pids
        return _unit(used), sum(w for pid, w in weights.items() if pid in pids) / used if used else 0.0

    def _parts(self, meter: Meter) -> list[Meter]:
        meter = replace(meter, refresh_s=0.0)  # what is settled has no ticks
        if meter.component == "memory":
            return [meter]
        told = meter.component != "accelerator" or self.on_device(meter.device) is not None
        active = meter if told else replace(meter, note=f"{meter.note}; {WHOLE_NOTE}".strip("; "))
        return [active, replace(meter, device=meter.device + IDLE, component=meter.component + IDLE)]
