"""A cost paid many times over becomes Activity: each stage at its own power, and the idle time beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, Uncertain
from jevons.estimate.diffusion.cost import Cost
from jevons.world import devices
from jevons.world.defaults import default
from jevons.world.hardware import Device


def cost_rows(cost: Cost, batches: Any, together: Any, multiple: Any, machine: Device, utilisation: Any,
              sampler: Draws, *, tier: str, labels: Mapping[str, str], served: Mapping[str, Any], n: Any,
              assumptions: tuple[Assumption, ...], sources: tuple[str, ...]) -> Activity:  # fmt: skip
    """The rows of ``batches`` times a cost of ``together`` GPUs, spread over ``n``; ``multiple``: draws of its error.

    ``utilisation``: the share of time at work; below 1 the rest is the stage idle. Errors: BadInput naming the field.
    """
    share = _share(utilisation)
    idle_w, host_w, said = machine.idle_power(), *_host_power(machine)
    gpus = np.asarray(batches, float) * together / units.SECONDS_PER_HOUR
    hours = {k: (s * gpus)[..., None] * multiple for k, s in cost.seconds.items() if np.all(s > 0)}
    watts: dict[str, Any] = {k: cost.joules[k] / (cost.seconds[k] * together) for k in hours}
    if np.any(share < 1):
        hours["idle"] = np.asarray(sum(hours.values())) * ((1 - share) / share)[..., None]
        watts["idle"] = Uncertain(idle_w.low_w, idle_w.best_w, idle_w.high_w, f"idle power of {machine.id}")
    total = np.asarray(sum(hours.values()))
    counts = {k: np.asarray(v, float)[..., None] for k, v in served.items()}
    counts |= {"device hour": total, "wall hour": total / np.asarray(n, float)[..., None]}
    beside, rows = sampler.of(host_w), []
    around = getattr(devices.host_of(machine.id), "id", "unknown")
    for stage, h in hours.items():
        row = {"stage": stage, "tier": tier, "device": machine.id, "lifecycle": "operation", **labels}
        made = {**row, "lifecycle": "manufacture", "amount": h}
        rows += [
            {**row, "component": "accelerator", "boundary": "chip", "amount": h * sampler.of(watts[stage]) / units.W_PER_KW},
            {**row, "component": "host", "amount": h * beside / units.W_PER_KW},
            {**made, "component": "accelerator manufacture", "flow": f"device_hours/{machine.id}"},
            {**made, "component": "host manufacture", "flow": f"device_hours/server:{around}"},
        ]
    return Activity.of(rows, served=counts, assumptions=(*assumptions, said), sources=(machine.source, *sources),
                       drivers=dict(sampler.drivers), seed=sampler.seed)  # fmt: skip


def whole(value: Any, field: str, least: int = 1) -> Any:
    """A whole number (or array) of at least ``least``; BadInput naming the field."""
    number = units.read(value, "", field)
    wrong = number < least or number != int(number) if isinstance(number, float) else _any_wrong(number, least)
    if wrong:
        raise BadInput(field, value, f"give a whole number of at least {least}")
    return number


def _any_wrong(numbers: Any, least: int) -> bool:
    array = np.asarray(numbers)
    return bool((array < least).any() or (array != np.floor(array)).any())


def _share(utilisation: Any) -> Any:
    share = np.asarray(units.read(utilisation, "", "utilisation"), float)
    if np.any(share <= 0) or np.any(share > 1):
        raise BadInput("utilisation", utilisation, "give a share above 0 and at most 1")
    return share


def _host_power(machine: Device) -> tuple[Uncertain, Assumption]:
    usual, tdp = default("host-share"), machine.power_limit_w()
    value = Uncertain(usual.low * tdp, usual.value * tdp, usual.high * tdp, "host share", "host share")
    return value, usual.assumed("the host beside these accelerators was not measured")
