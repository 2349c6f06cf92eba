"""Mean power of an accelerator at work and of its share of the host.

    P = load · P_tdp + host share · P_tdp        load: mean share of the TDP that runs draw

A published mean of the whole system per accelerator (Patterson et al. 2021, table 1: processor, memory, network,
fans and host) replaces both terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jevons.core.source import Assumption
from jevons.core.uncertain import Uncertain
from jevons.world.defaults import default
from jevons.world.hardware import Device, Server

MEASURED_SYSTEM_SPREAD = 0.10
"""Half-width (90 %) of a measured system mean: Patterson et al. 2021 state ±2 to ±11 %."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Power of one device in watts, by component, with where it came from."""

    accelerator_w: Any
    host_w: Any
    whole: bool
    tier: str
    assumptions: tuple[Assumption, ...] = ()


def of(device: Device, host: Server | None = None, power_w: Any = None) -> Draw:
    """Mean draw of ``device`` in training and of its share of ``host``; a stated ``power_w`` is the system's."""
    if power_w is not None:
        return Draw(power_w, 0.0, True, "calibrated")
    if device.mean_measured_system_w is not None:
        mean = device.mean_measured_system_w
        value = Uncertain(mean * (1 - MEASURED_SYSTEM_SPREAD), mean, mean * (1 + MEASURED_SYSTEM_SPREAD),
                          f"system power of {device.id}", "measured system power")  # fmt: skip
        note = Assumption(f"system power of {device.id}", f"{mean:g} W", "measured mean, host included", device.source)
        return Draw(value, 0.0, True, "family", (note,))
    tdp, load = device.power_limit_w(), default("accelerator-load")
    accelerator = Uncertain(load.low * tdp, load.value * tdp, load.high * tdp, f"load of {device.id}", "load")
    share, note = _host(device, host)
    return Draw(accelerator, share, False, "physics", (load.assumed("no measured power of this run"), note))


def _host(device: Device, host: Server | None) -> tuple[Uncertain, Assumption]:
    tdp, usual = device.power_limit_w(), default("host-share")
    busy = host.host_share(device) if host is not None else None
    if host is None or busy is None:
        value = Uncertain(usual.low * tdp, usual.value * tdp, usual.high * tdp, "host share", "host share")
        return value, usual.assumed("no host named or measured")
    best = min(max(busy, usual.low), usual.high)
    value = Uncertain(usual.low * tdp, best * tdp, usual.high * tdp, f"host of {device.id}", "host share")
    return value, Assumption("host power per device", f"{best * tdp:.0f} W", f"as {host.name}", host.source)
