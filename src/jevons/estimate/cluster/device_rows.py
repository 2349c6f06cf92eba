"""Device-hours become Activity: electricity of accelerators and hosts, and the hardware's time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws
from jevons.estimate.cluster.power import Draw
from jevons.world.hardware import Device, Server


def device_rows(stages: Mapping[str, Any], device: Device, host: Server | None, power: Draw, draws: Draws, *,
                tier: str, labels: Mapping[str, str], served: Mapping[str, Any] | None = None,
                start_s: float = float("nan"), end_s: float = float("nan"),
                assumptions: tuple[Assumption, ...] = (), sources: tuple[str, ...] = ()) -> Activity:  # fmt: skip
    """The rows of some stages of device time.

    ``stages``: stage → device-hours, arrays ending in the axis of draws. A ``power`` that is whole (measured at
    the system) gives one electricity row a stage, otherwise accelerator and host have their own.
    """
    rows: list[dict[str, Any]] = []
    accelerator, beside = draws.of(power.accelerator_w), draws.of(power.host_w)
    for stage, hours in stages.items():
        row = {"stage": stage, "tier": tier, "start_s": start_s, "end_s": end_s, "device": device.id, **labels}
        name = "accelerator and host" if power.whole else "accelerator"
        rows.append({**row, "component": name, "boundary": "server" if power.whole else "chip",
                     "amount": hours * accelerator / units.W_PER_KW, "lifecycle": "operation"})  # fmt: skip
        if not power.whole:
            rows.append({**row, "component": "host", "amount": hours * beside / units.W_PER_KW, "lifecycle": "operation"})
        made = {**row, "lifecycle": "manufacture", "amount": hours}
        rows.append({**made, "component": "accelerator manufacture", "flow": f"device_hours/{device.id}"})
        around = host.id if host is not None else "unknown"
        rows.append({**made, "component": "host manufacture", "flow": f"device_hours/server:{around}"})
    return Activity.of(
        rows, served=dict(served or {}), assumptions=(*assumptions, *power.assumptions),
        sources=tuple(s for s in (device.source, *sources) if s), drivers=dict(draws.drivers), seed=draws.seed,
    )  # fmt: skip
