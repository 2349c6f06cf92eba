"""RAPL by perf events (Linux): 64-bit counters that never wrap, where perf may be used and powercap not be read.

``/sys/bus/event_source/devices/power`` says which events there are, their scale to joules and one processor a package.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

from jevons.core.units import UJ_PER_J
from jevons.measure.counter import Counter
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors.channel import Channel, Channels, number, text

EVENTS = "sys/bus/event_source/devices/power"
COMPONENTS = {"energy-pkg": ("package", "processor"), "energy-ram": ("dram", "memory")}
MEND = "sudo sysctl kernel.perf_event_paranoid=0 (until the next boot), or give the interpreter cap_perfmon"
SYSCALL = {"x86_64": 298, "aarch64": 241}
ATTR_BYTES = 112
Open = Callable[[int, int, int], Callable[[], int]]


def discover(root: Path = Path("/"), opened: Open | None = None) -> Found:
    """Packages and DRAM by perf; ``opened(type, config, cpu)`` answers a counter's reader (for tests)."""
    folder = root / EVENTS
    kind = number(folder / "type")
    if kind is None:
        return Found("rapl", [], "perf offers no power events")
    if opened is None and root != Path("/"):
        return Found("rapl", [], "perf events are the running kernel's alone")
    try:
        return Found("rapl", [Channels(_channels(folder, kind, opened or open_event))])
    except OSError as trouble:
        return Found("rapl", [], f"perf events refused ({trouble.strerror})", MEND)


def _channels(folder: Path, kind: int, opened: Open) -> list[Channel]:
    found = []
    for event, (name, component) in COMPONENTS.items():
        config = text(folder / "events" / event).rpartition("=")[2]
        scale = text(folder / "events" / f"{event}.scale")
        for package, cpu in enumerate(_processors(text(folder / "cpumask")) if config and scale else []):
            device = f"package-{package}" if component == "processor" else f"package-{package}-{name}"
            meter = Meter(device, component, "chip", "counter", "rapl", note="perf")
            ask = _in_microjoules(opened(kind, int(config, 0), cpu), float(scale))
            found.append(Channel(meter, ask, Counter()))
    return found


def _in_microjoules(read: Callable[[], int], scale_j: float) -> Callable[[], int]:
    return lambda: int(read() * scale_j * UJ_PER_J)


def _processors(mask: str) -> list[int]:
    """"0,18" or "0-1": one processor a package."""
    spans = [part.split("-") for part in mask.split(",") if part]
    return [cpu for span in spans for cpu in range(int(span[0]), int(span[-1]) + 1)]


def open_event(kind: int, config: int, cpu: int) -> Callable[[], int]:
    """A perf event counting on ``cpu``; OSError where the kernel refuses."""
    number_ = SYSCALL.get(os.uname().machine)
    if number_ is None:
        raise OSError(38, f"no perf events known on {os.uname().machine}")
    attr = struct.pack("IIQ", kind, ATTR_BYTES, config).ljust(ATTR_BYTES, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.syscall(number_, ctypes.c_char_p(attr), -1, cpu, -1, 0)
    if handle < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return lambda: struct.unpack("q", os.read(handle, 8))[0]
