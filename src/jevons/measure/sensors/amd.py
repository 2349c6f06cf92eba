"""AMD GPUs: amdsmi's energy accumulator times its resolution, else the power the amdgpu driver shows by hwmon.

The accumulator has been seen to stand still within a process (rocm_smi_lib 180): power is read beside it, and
integrated from then on. Without its resolution (15.259 µJ on MI200) the accumulator means nothing (amdsmi 38).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jevons.measure.counter import Integrator, Watched
from jevons.measure.sensor import Found, Meter, Sensor
from jevons.measure.sensors import hwmon
from jevons.measure.sensors.channel import Channel, Channels

SIGNS = ("sys/module/amdgpu", "dev/kfd")
POWER = ("current_socket_power", "socket_power", "average_socket_power")
ENERGY = ("energy_accumulator", "power")


def discover(root: Path = Path("/")) -> Found:
    """Every AMD GPU that can be read."""
    shown = hwmon.chips(root, only=("amdgpu",))
    if "amdsmi" not in sys.modules and not shown and not any((root / sign).exists() for sign in SIGNS):
        return Found("amd", [], "no amdgpu driver")
    if "amdsmi" in sys.modules or root == Path("/"):
        by_library = _by_amdsmi()
        if by_library.sensors:
            return by_library
    sensors: list[Sensor] = [hwmon.sensor(rails) for _, rails in shown]
    return Found("amd", sensors, "" if sensors else "amdgpu shows no power; amdsmi reads the counter", "pip install amdsmi")


def _by_amdsmi() -> Found:
    try:
        import amdsmi  # type: ignore[import-not-found]
    except (ImportError, OSError, KeyError) as trouble:
        return Found("amd", [], f"amdsmi: {trouble}", "pip install amdsmi")
    try:
        amdsmi.amdsmi_init()
        channels = [_channel(amdsmi, handle, i) for i, handle in enumerate(amdsmi.amdsmi_get_processor_handles())]
    except Exception as trouble:
        return Found("amd", [], f"amdsmi: {trouble}", "sudo usermod -aG render,video $USER")
    return Found("amd", [Channels(channels, amdsmi.amdsmi_shut_down)] if channels else [])


def _channel(smi: Any, handle: Any, index: int) -> Channel:
    try:
        uuid = str(smi.amdsmi_get_gpu_device_uuid(handle))
    except Exception:
        uuid = f"amd-gpu-{index}"
    energy, power = energy_of(smi, handle), power_of(smi, handle)
    if _answer(energy) is None:
        return Channel(Meter(uuid, "accelerator", "chip", "integrated", "amdsmi"), power, Integrator())
    meter = Meter(uuid, "accelerator", "chip", "counter", "amdsmi")
    return Channel(meter, lambda: (_answer(energy), _answer(power)), Watched())


def energy_of(smi: Any, handle: Any) -> Callable[[], int | None]:
    """A reader of microjoules: accumulator × resolution; None without both."""

    def ask() -> int | None:
        read = smi.amdsmi_get_energy_count(handle)
        ticks, resolution = next((read[k] for k in ENERGY if k in read), None), read.get("counter_resolution")
        return int(ticks * resolution) if _is_number(ticks) and _is_number(resolution) else None

    return ask


def power_of(smi: Any, handle: Any) -> Callable[[], float | None]:
    """A reader of watts: the first of the socket's powers that is a number."""

    def ask() -> float | None:
        read = smi.amdsmi_get_power_info(handle)
        return next((float(read[k]) for k in POWER if _is_number(read.get(k))), None)

    return ask


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
