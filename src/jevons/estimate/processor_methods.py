"""How other tools would have priced a computation on a processor, beside ours.

mlco2, Patterson 2021, LLMCarbon, EcoLogits and Boavizta price accelerators or whole servers and have no answer here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.uncertain import Uncertain
from jevons.estimate.compat import codecarbon, green_algorithms, strubell
from jevons.estimate.compat import rows as compat
from jevons.estimate.generic import generic
from jevons.estimate.methods import STUDY, Priced, against, intensity_by, intensity_of
from jevons.world import catalog
from jevons.world.site import Site, footprint, site


@dataclass(frozen=True, slots=True)
class Computation:
    """What runs: hours in all, the processor's row, cores used and their load, GB of memory, and where."""

    hours: float
    tdp_w: float
    of_cores: float
    cores: float
    usage: float
    memory_gb: float
    processor_w: float
    memory_w: float
    at: Site

    @property
    def country(self) -> str:
        """ISO alpha-3 code, that of the world where the site is in none."""
        return self.at.location.country or "WLD"


def compare_computation(hours: Any, cpu: str, place: str = "", *, cores: Any = None, usage: Any = 1.0, memory: Any = 0.0,
                        repeats: Any = 1, pue: Any = None, intensity: Any = None, year: int | None = None) -> list[Priced]:  # fmt: skip
    """What jevons, Green Algorithms, CodeCarbon and Strubell et al. say of a computation, jevons first.

    Arguments as of ``generic`` and ``site``; ``power_w`` of an answer is that of processor and memory together.
    Errors: UnknownName for a processor or place, BadInput naming the field.
    """
    where = site(place, year=year, pue=pue, intensity=intensity)
    activity = generic(hours, cpu=cpu, cores=cores, usage=usage, memory=memory, repeats=repeats, draws=0)
    time = float(units.read(hours, "h", "hours") * units.read(repeats, "", "repeats"))
    if not time > 0:
        raise BadInput("hours", hours, "give one positive duration")
    row, _ = catalog.table("cpus").find(cpu)
    tdp, held = float(catalog.number(row, "tdp_w") or 0), float(catalog.number(row, "cores") or 1)
    watts = {part: float(kwh[0]) / time * units.W_PER_KW for part, kwh in activity.by("component").items()}
    case = Computation(time, tdp, held, held if cores is None else float(units.read(cores, "", "cores")), float(units.read(usage, "", "usage")),
                       float(units.read(memory, "GB", "memory")), watts["processor"], watts.get("memory", 0.0), where)  # fmt: skip
    priced = footprint(activity, at=where, study=STUDY, draws=0)
    energy = float(priced.best("energy"))
    own = Priced("jevons", catalog.version(), energy / time / _pue(where) * units.W_PER_KW, _pue(where), intensity_of(where), energy,
                 float(priced.best("climate")), None, "making of processor and memory; board, fans, network")  # fmt: skip
    return [own, *(against(own, tool(case)) for tool in (of_green_algorithms, of_codecarbon, of_strubell))]


def of_green_algorithms(c: Computation) -> Priced:
    """Equation 1: cores at their share of the TDP × usage, memory at 0.3725 W/GB, its own PUE and intensity."""
    provider = str(c.at.location.region["provider"]) if c.at.location.region is not None else ""
    pue, (intensity, notes) = green_algorithms.pue(provider), intensity_by("green-algorithms", intensity_of(c.at), c.country)
    kwh = float(green_algorithms.energy_kwh(c.hours, c.cores, c.tdp_w / c.of_cores, c.usage, c.memory_gb, pue))
    return Priced("Green Algorithms", green_algorithms.VERSION, kwh / pue / c.hours * units.W_PER_KW, pue, intensity, kwh, kwh * intensity,
                  None, "board, fans, network, embodied", ("its table of processors is not carried: TDP over cores", *notes))  # fmt: skip


def of_codecarbon(c: Computation) -> Priced:
    """Where no counter can be read: TDP · (0.1 + 0.9 · load³) of the whole processor, memory by its modules, no PUE."""
    load = min(c.cores * c.usage / c.of_cores, 1.0)
    memory = codecarbon.ram_by_dimm_w(c.memory_gb) if c.memory_gb else 0.0
    intensity, notes = intensity_by("codecarbon", intensity_of(c.at), c.country)
    kwh = float(codecarbon.energy_kwh(c.hours, 0.0, codecarbon.cpu_load_w(c.tdp_w, load), memory))
    return Priced("CodeCarbon", codecarbon.VERSION, kwh / c.hours * units.W_PER_KW, 1.0, intensity, kwh, kwh * intensity, None,
                  "PUE unless given, fans, network, embodied", ("no counter read: its model of the load", *notes))  # fmt: skip


def of_strubell(c: Computation) -> Priced:
    """1.58 · (p_c + p_r) · t at 0.954 lb/kWh, the two powers as we estimate them: theirs were read from counters."""
    kwh = float(strubell.energy_kwh(c.hours, c.processor_w, c.memory_w, 0.0, 0))
    intensity, pue = compat.pounds_to_kg(compat.constant("strubell/intensity")), compat.constant("strubell/pue")
    return Priced("Strubell 2019", "equations 1, 2", c.processor_w + c.memory_w, pue, intensity, kwh, kwh * intensity, None,
                  "the place: world PUE and US mean of 2018 everywhere; embodied", ("powers: ours",))  # fmt: skip


def _pue(at: Site) -> float:
    return float(at.pue.best if isinstance(at.pue, Uncertain) else at.pue)
