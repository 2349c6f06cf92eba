"""Any computation: cores, memory and time, as Green Algorithms counts them.

    E = t · (n_c · P_c · u_c + n_m · P_m) · r          (PUE is the site's)

Lannelongue, Grealey and Inouye 2021, doi:10.1002/advs.202100707, equation 1; r is its pragmatic scaling factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws
from jevons.world import catalog, devices
from jevons.world.defaults import default


def generic_energy_kwh(hours: Any, cores: Any, core_w: Any, usage: Any, memory_gb: Any, memory_w_per_gb: Any,
                       repeats: Any = 1) -> Any:  # fmt: skip
    """E = t (n_c P_c u + n_m P_m) r / 1000, in kWh; arrays broadcast. Green Algorithms 2021, equation 1."""
    return hours * (cores * core_w * usage + memory_gb * memory_w_per_gb) * repeats / 1000.0


def generic(hours: Any, *, cpu: str | None = None, cores: Any = None, core_power: Any = None, on: str | None = None,
            n: Any = 1, usage: Any = 1.0, memory: Any = 0.0, repeats: Any = 1, stage: str = "computation",
            draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of a computation that runs ``hours`` (number, or text such as "3 days").

    ``cpu`` names a processor (its TDP over its cores), or ``core_power`` gives watts a core; ``cores`` used.
    ``on`` and ``n``: accelerators, at their thermal design power. ``usage``: load of cores and accelerators, 0..1.
    ``memory``: GB allocated. ``repeats``: how often it is run. Errors: BadInput naming the field.
    """
    time = units.read(hours, "h", "hours")
    load, again = _share(usage), units.read(repeats, "", "repeats")
    if not np.all(np.asarray(again) > 0):
        raise BadInput("repeats", repeats, "give how often it is run, above 0")
    sampler, rows, notes = Draws(draws, seed), [], []
    common = {"stage": stage, "tier": "physics", "lifecycle": "operation"}
    if cpu is not None or cores is not None or core_power is not None:
        watts, count, note = _cores(cpu, cores, core_power)
        notes += note
        amount = np.asarray(generic_energy_kwh(time, count, watts, load, 0.0, 0.0, again), float)[..., None]
        rows.append({**common, "component": "processor", "boundary": "chip", "amount": amount})
        notes.append(Assumption("making of processor and memory", "not counted", "the formula holds electricity alone",
                                "green-algorithms-v3"))  # fmt: skip
    if on is not None:
        rows += _accelerators(on, n, time, load, again, common, notes)
    gigabytes = units.read(memory, "GB", "memory")
    if np.any(np.asarray(gigabytes) > 0):
        per_gb = default("memory-power")
        notes.append(per_gb.assumed())
        amount = generic_energy_kwh(time, 0.0, 0.0, 0.0, np.asarray(gigabytes)[..., None],
                                    sampler.of(per_gb.uncertain), again)  # fmt: skip
        rows.append({**common, "component": "memory", "amount": amount})
    if not rows:
        raise BadInput("cores", cores, "say what computes: cpu and cores, core_power and cores, on, or memory")
    return Activity.of(rows, served={"run": np.atleast_1d(np.asarray(again, float))[..., None]},
                       assumptions=tuple(notes), drivers=dict(sampler.drivers), seed=seed)  # fmt: skip


def _share(usage: Any) -> Any:
    load = units.read(usage, "", "usage")
    if np.any(np.asarray(load) > 1):
        raise BadInput("usage", usage, "give a share of 0 to 1")
    return load


def _cores(cpu: str | None, cores: Any, core_power: Any) -> tuple[Any, Any, list[Assumption]]:
    """Watts a core, cores used, and notes."""
    if core_power is not None:
        return units.read(core_power, "W", "core_power"), units.read(1 if cores is None else cores, "", "cores"), []
    if cpu is None:
        raise BadInput("cpu", cpu, "name the processor, or give core_power in watts a core")
    row, match = catalog.table("cpus").find(cpu)
    tdp, of = catalog.number(row, "tdp_w"), catalog.number(row, "cores")
    if not tdp or not of:
        raise BadInput("cpu", cpu, f"{row['name']} has no published power or core count; give core_power")
    notes = [Assumption("power a core", f"{tdp / of:.3g} W", f"TDP over cores of {row['name']}", row["source"])]
    if not match.exact:
        notes.append(Assumption("processor", row["name"], match.how, row["source"]))
    return tdp / of, units.read(of if cores is None else cores, "", "cores"), notes


def _accelerators(on: str, n: Any, time: Any, load: Any, again: Any, common: dict[str, Any],
                  notes: list[Assumption]) -> list[dict[str, Any]]:  # fmt: skip
    machine, matched = devices.device(on)
    notes += matched
    count = np.asarray(units.read(n, "", "n"))
    if np.any((count < 1) | (count % 1 != 0)):
        raise BadInput("n", n, "give a whole number of devices, 1 or more")
    hours = np.asarray(time * count * again, float)[..., None]
    watts = machine.power_limit_w()
    notes.append(Assumption(f"power of {machine.id}", f"{watts:g} W", "thermal design power × usage", machine.source))
    made = {**common, "lifecycle": "manufacture", "flow": f"device_hours/{machine.id}", "amount": hours}
    return [
        {**common, "component": "accelerator", "boundary": "chip", "device": machine.id,
         "amount": hours * watts * np.asarray(load)[..., None] / 1000.0},
        {**made, "component": "accelerator manufacture", "device": machine.id},
    ]  # fmt: skip
