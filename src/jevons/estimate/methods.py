"""How each tool would have priced the same activity, side by side, so that a user sees why tools disagree.

Every tool comes down to hours × devices × watts × PUE × intensity (+ embodied); a row keeps these factors apart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.estimate.cluster import power as power_model
from jevons.estimate.cluster.device_rows import device_rows
from jevons.estimate.compat import (
    boavizta,
    codecarbon,
    ecologits,
    green_algorithms,
    llmcarbon,
    mlco2,
    patterson,
    strubell,
)
from jevons.estimate.compat import rows as compat
from jevons.world import catalog, devices
from jevons.world.defaults import default
from jevons.world.hardware import Device
from jevons.world.site import Site, footprint, site

STUDY = Study(indicators=("energy", "climate"))


@dataclass(frozen=True, slots=True)
class Priced:
    """One tool's answer: energy = hours × devices × ``power_w`` × ``pue``, operational = energy × intensity."""

    tool: str
    version: str
    power_w: float
    pue: float
    intensity_kg_per_kwh: float
    energy_kwh: float
    operational_kg: float
    embodied_kg: float | None
    leaves_out: str
    notes: tuple[str, ...] = ()
    differs: str = ""

    @property
    def kg(self) -> float:
        """Operational and, where the tool counts it, embodied."""
        return self.operational_kg + (self.embodied_kg or 0.0)


@dataclass(frozen=True, slots=True)
class Case:
    """The activity to be priced: ``power_w`` as the user measured it, or None."""

    hours: float
    machine: Device
    devices: int
    at: Site
    power_w: float | None
    memory_gb: float

    @property
    def device_hours(self) -> float:
        """Wall-clock hours times devices."""
        return self.hours * self.devices

    @property
    def pue(self) -> float:
        """The site's PUE, its best estimate."""
        return float(self.at.pue.best if isinstance(self.at.pue, Uncertain) else self.at.pue)

    @property
    def intensity(self) -> float:
        """The site's intensity, kg/kWh."""
        return intensity_of(self.at)

    @property
    def region(self) -> str:
        """The cloud region, empty where the place is none."""
        return str(self.at.location.region["id"]) if self.at.location.region is not None else ""

    @property
    def system_w(self) -> float:
        """Watts a device with its host: as stated, else as measured by Patterson et al., else the TDP."""
        return self.power_w or self.machine.mean_measured_system_w or self.machine.power_limit_w()


def intensity_of(at: Site) -> float:
    """The intensity of a site's electricity, kg/kWh, its best estimate."""
    undated = np.array([np.nan])
    factor = at.factors(STUDY).of("electricity", (undated, undated))["climate"]
    return float(np.ravel(factor.value)[0])


def compare_methods(hours: Any, device: str, n: int = 1, place: str = "", *, power: Any = None, pue: Any = None,
                    intensity: Any = None, year: int | None = None, memory: Any = 0.0) -> list[Priced]:  # fmt: skip
    """What jevons and eight other tools say of ``n`` devices that run for ``hours`` at a place, jevons first.

    ``power``: measured watts a device, where known. ``memory``: GB of the hosts, for the tools that count it.
    ``pue`` and ``intensity`` replace the site's; tools that look them up themselves still do, and say so.
    Errors: UnknownName for a device or place, BadInput naming the field.
    """
    machine = devices.device(device)[0]
    time, watts = units.read(hours, "h", "hours"), None if power is None else units.read(power, "W", "power")
    if watts == 0:
        raise BadInput("power", power, "give the measured watts a device, above 0, or leave it out")
    if not isinstance(n, (int, float, np.number)) or isinstance(n, bool) or n % 1 != 0 or n < 1:
        raise BadInput("n", n, "give a whole number of devices, 1 or more")
    if not np.ndim(time) == 0 or not time > 0:
        raise BadInput("hours", hours, "give one positive duration")
    case = Case(float(time), machine, int(n), site(place, year=year, pue=pue, intensity=intensity), watts,
                float(units.read(memory, "GB", "memory")))  # fmt: skip
    own = of_jevons(case)
    return [own, *(against(own, tool(case)) for tool in TOOLS)]


def of_jevons(c: Case) -> Priced:
    """The estimate of this library: power by component, the site's PUE and grid, embodied by device-hours."""
    sampler, host = Draws(0, 0), devices.host_of(c.machine.id)
    draw = power_model.of(c.machine, host, c.power_w)
    activity = device_rows({"training": np.array([c.device_hours])}, c.machine, host, draw, sampler, tier="physics", labels={})
    result = footprint(activity, at=c.at, study=STUDY, draws=0)
    split = {word: float(value[..., 0]) for word, value in result.by("lifecycle").items()}
    energy = float(result.best("energy"))
    return Priced("jevons", catalog.version(), energy / c.device_hours / c.pue * units.W_PER_KW, c.pue, c.intensity, energy,
                  split.get("operation", 0.0), split.get("manufacture", 0.0), "end of life, building, network")  # fmt: skip


def of_mlco2(c: Case) -> Priced:
    """TDP × hours × rounded intensity, the device's hours summed over devices."""
    watts, notes = _listed(c, "mlco2")
    intensity, more = intensity_by("mlco2", c.intensity, c.region)
    rounded = float(mlco2.intensity_kg_per_kwh(intensity * units.G_PER_KG))
    kg = float(mlco2.emissions_kg(watts, c.device_hours, intensity * units.G_PER_KG))
    return Priced("mlco2", mlco2.VERSION, watts, 1.0, rounded, float(mlco2.energy_kwh(watts, c.device_hours)), kg, None,
                  "PUE, host, load, embodied; intensity rounded to 10 g", (*notes, *more))  # fmt: skip


def of_strubell(c: Case) -> Priced:
    """The accelerators' power alone (no CPU or memory reading is at hand), 1.58 and 0.954 lb/kWh."""
    kwh = strubell.energy_kwh(c.hours, 0.0, 0.0, c.system_w, c.devices)
    intensity, pue = compat.pounds_to_kg(compat.constant("strubell/intensity")), compat.constant("strubell/pue")
    return Priced("Strubell 2019", "equations 1, 2", c.system_w, pue, intensity, kwh, kwh * intensity, None,
                  "the place: world PUE and US mean of 2018 everywhere; embodied", _power_note(c))  # fmt: skip


def of_patterson(c: Case) -> Priced:
    """Hours × processors × mean system power × PUE × intensity."""
    kwh = patterson.energy_kwh(c.hours, c.devices, c.system_w, c.pue)
    return Priced("Patterson 2021", "section 2.1", c.system_w, c.pue, c.intensity, kwh,
                  patterson.emissions_kg(kwh, c.intensity), None, "embodied", _power_note(c))  # fmt: skip


def of_llmcarbon(c: Case) -> Priced:
    """The same product; embodied by the die area of the few accelerators it lists, over five calendar years."""
    kwh = float(llmcarbon.energy_kwh(c.system_w, c.devices, c.hours, c.pue))
    made = llmcarbon.device_embodied_kg(_PARTS.get(c.machine.generation, ""))
    days = c.hours / units.HOURS_PER_DAY
    embodied = None if made is None else llmcarbon.embodied_kg([(1.0, made, c.devices)], days)
    notes = (*_power_note(c), *(() if made is not None else (f"no {c.machine.id} in its embodied table",)))
    return Priced("LLMCarbon", llmcarbon.VERSION, c.system_w, c.pue, c.intensity, kwh, kwh * c.intensity, embodied,
                  "host, memory and board of the embodied; its efficiency and power must be given", notes)  # fmt: skip


def of_green_algorithms(c: Case) -> Priced:
    """TDP at full usage, memory at 0.3725 W/GB, its own PUE and intensity."""
    watts, notes = _listed(c, "green-algorithms", "any")
    provider = c.region.partition("/")[0]
    pue, (intensity, more) = green_algorithms.pue(provider), intensity_by("green-algorithms", c.intensity, c.at.location.country or "WLD")
    kwh = float(green_algorithms.energy_kwh(c.hours, c.devices, watts, 1.0, c.memory_gb, pue))
    kg = float(green_algorithms.emissions_kg(kwh, intensity * units.G_PER_KG))
    return Priced("Green Algorithms", green_algorithms.VERSION, kwh / pue / c.device_hours * units.W_PER_KW, pue, intensity, kwh,
                  kg, None, "host beside CPU cores and memory; embodied", (*notes, *more))  # fmt: skip


def of_codecarbon(c: Case) -> Priced:
    """The GPU counter (here the stated or the usual load), a processor at half of 85 W and memory modules a host."""
    hosts = ceil(c.devices / 8)
    gpu = c.power_w or default("accelerator-load").value * c.machine.power_limit_w()
    ram = hosts * codecarbon.ram_by_dimm_w(c.memory_gb / hosts) if c.memory_gb else 0.0
    kwh = float(codecarbon.energy_kwh(c.hours, gpu * c.devices, hosts * codecarbon.cpu_constant_w(), ram))
    intensity, notes = intensity_by("codecarbon", c.intensity, c.at.location.country)
    return Priced("CodeCarbon", codecarbon.VERSION, kwh / c.device_hours * units.W_PER_KW, 1.0, intensity, kwh, kwh * intensity,
                  None, "PUE unless given, fans, network, embodied", notes)  # fmt: skip


def of_ecologits(c: Case) -> Priced:
    """Its request rules for the same hours: GPU power and 150 W of host a GPU, the site's PUE, 3 calendar years."""
    gpu = c.power_w or default("accelerator-load").value * c.machine.power_limit_w()
    kwh = c.pue * (c.device_hours * gpu / units.W_PER_KW + float(ecologits.server_energy_kwh(c.hours, c.devices)))
    intensity, notes = intensity_by("ecologits", c.intensity, c.at.location.country or "WLD")
    return Priced("EcoLogits", ecologits.VERSION, kwh / c.pue / c.device_hours * units.W_PER_KW, c.pue, intensity, kwh,
                  kwh * intensity, float(ecologits.embodied_kg(c.hours, c.devices)), "training itself: its own use is "
                  "inference; idle hours of the hardware", notes)  # fmt: skip


def of_boavizta(c: Case) -> Priced:
    """TDP at full load and the GPU's parts, its life 26,280 h; its grid table is not carried, so the site's holds."""
    made = boavizta.gpu_kg(die_mm2=c.machine.die_mm2, vram_gb=c.machine.memory_gb)
    embodied = float(boavizta.allocated_kg(made, c.device_hours))
    watts = c.machine.power_limit_w()
    kwh = c.device_hours * watts / units.W_PER_KW
    return Priced("Boavizta", boavizta.VERSION, watts, 1.0, c.intensity, kwh, kwh * c.intensity, embodied,
                  "PUE, host (a server is priced apart)", ("intensity: the site's, not its own",))  # fmt: skip


TOOLS: tuple[Callable[[Case], Priced], ...] = (
    of_mlco2, of_strubell, of_patterson, of_llmcarbon, of_green_algorithms, of_codecarbon, of_ecologits, of_boavizta,
)  # fmt: skip
_PARTS = {"volta": "v100", "hopper": "h100", "tpu-v3": "tpuv3", "tpu-v4": "tpuv4"}


def _listed(c: Case, tool: str, stand_in: str = "") -> tuple[float, tuple[str, ...]]:
    own = compat.power_w(tool, c.machine.id)
    if own is not None:
        return own, ()
    other = compat.power_w(tool, stand_in) if stand_in else None
    if other is not None:
        return other, (f"{c.machine.id} is not in its table: its stand-in of {other:g} W",)
    tdp = c.machine.power_limit_w()
    return tdp, (f"{c.machine.id} is not in its table: the TDP of {tdp:g} W",)


def intensity_by(tool: str, own: float, place: str) -> tuple[float, tuple[str, ...]]:
    """kg/kWh by which a tool prices a place, and what there is to say of it; ``own`` where its table has none."""
    try:
        look = codecarbon.intensity_kg_per_kwh if tool == "codecarbon" else functools.partial(compat.intensity_kg_per_kwh, tool)
        value = look(place)
        return value, () if value else (f"its table prices {place} at zero",)
    except MissingFactor:
        return own, (f"{place or 'the place'} is not in its table: the site's intensity",)


def _power_note(c: Case) -> tuple[str, ...]:
    if c.power_w is not None:
        return ()
    if c.machine.mean_measured_system_w is not None:
        return (f"no power given: the measured mean of {c.system_w:g} W",)
    return (f"no power given: the TDP of {c.system_w:g} W",)


def against(own: Priced, other: Priced) -> Priced:
    """``other`` with what makes it differ from ``own``: watts, PUE, intensity, embodied, as ratios."""
    factors = (("power", "power_w", "W"), ("PUE", "pue", ""), ("intensity", "intensity_kg_per_kwh", "kg/kWh"))
    shown = []
    for name, field, unit in factors:
        theirs, ours = getattr(other, field), getattr(own, field)
        if abs(theirs - ours) > 0.01 * ours:
            shown.append(f"{name} {theirs:.4g} against {ours:.4g} {unit}".rstrip())
    if other.embodied_kg is None and own.embodied_kg is not None:
        shown.append("no embodied")
    elif own.embodied_kg and other.embodied_kg is not None and abs(other.embodied_kg / own.embodied_kg - 1) > 0.01:
        shown.append(f"embodied {other.embodied_kg:.3g} against {own.embodied_kg:.3g} kg")
    return Priced(other.tool, other.version, other.power_w, other.pue, other.intensity_kg_per_kwh, other.energy_kwh,
                  other.operational_kg, other.embodied_kg, other.leaves_out, other.notes, "; ".join(shown))  # fmt: skip
