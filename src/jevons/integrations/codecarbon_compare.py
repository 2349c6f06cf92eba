"""Why a row of emissions.csv, jevons' or CodeCarbon's own, is not what the other would have written.

    kg = Σ P · t · PUE · intensity,  so  kg / kg' = (Σ P / Σ P') · (intensity / intensity')

    P_cpu   CodeCarbon: TDP · (0.1 + 0.9 u³)          jevons: TDP · (a + b u), or W a virtual processor
    P_ram   CodeCarbon: 5 W a module that it guesses  jevons: w · GB^k, a guest's by the gigabyte

The row says what both need: processor, load u, memory, place, time. These are the laws where no counter is read; of a GPU,
and of a processor whose counters can be read, both take the counter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.errors import MissingFactor
from jevons.estimate.compat import codecarbon

if TYPE_CHECKING:
    from jevons.account.readers.lines import Line

OURS, THEIRS = "jevons", "CodeCarbon"
NEEDED = ("timestamp", "duration", "energy_consumed", "emissions", "cpu_energy", "ram_energy", "country_iso_code")
NO_LOAD = 0.5
"""The load that stands in where a row tells none; CodeCarbon's constant mode takes half of the TDP too."""


@dataclass(frozen=True, slots=True)
class Part:
    """A component's mean watts, without PUE, by both; ``why`` says how the one that was not recorded was found."""

    component: str
    jevons_w: float
    codecarbon_w: float
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A run by both: what ``recorded_by`` wrote, and what the other's rules make of the same row."""

    run: str
    project: str
    recorded_by: str
    hours: float
    pue: float
    parts: tuple[Part, ...]
    jevons_kwh: float
    codecarbon_kwh: float
    jevons_kg_per_kwh: float
    codecarbon_kg_per_kwh: float
    jevons_kg: float
    codecarbon_kg: float
    notes: tuple[str, ...] = ()


def compare_rows(path: Path) -> list[Compared]:
    """Each run of an emissions.csv, as both tools would price it, in the order of the file.

    Errors: TableError naming row and column where a file has no energy by component (before CodeCarbon 2.0), or a run no
    duration; UnknownName for a country.
    """
    from jevons.account.readers.codecarbon import last_of_each_run
    from jevons.account.readers.lines import lines_of

    _, lines = lines_of(path, NEEDED)
    return [_compared(line) for line in last_of_each_run(lines)]


def _compared(line: Line) -> Compared:
    hours, pue = line.needed("duration") / units.SECONDS_PER_HOUR, line.amount("pue") or 1.0
    if not hours:
        raise line.trouble("duration", "nothing can be said of a run without one")
    ours = line.text("codecarbon_version").startswith("jevons")
    watts = {part: (line.amount(f"{part}_energy") or 0.0) / hours / pue * units.W_PER_KW for part in ("cpu", "ram", "gpu")}
    other = {"cpu": _processor(line, ours), "ram": _memory(line, ours), "gpu": (watts["gpu"], "the counter, in both")}
    parts = [Part(name, *((told, other[name][0]) if ours else (other[name][0], told)), other[name][1]) for name, told in watts.items()
             if told or other[name][0]]  # fmt: skip
    rates, notes = _intensities(line, ours)
    kwh = [sum(watts) * hours * pue / units.W_PER_KW for watts in ([p.jevons_w for p in parts], [p.codecarbon_w for p in parts])]
    kwh[0 if ours else 1] = line.needed("energy_consumed")
    if line.text("tracking_mode") == "process":
        notes.append("measured of a process: both laws here are of the whole machine, its part of them is in the recorded figure alone")
    return Compared(line.text("run_id"), line.text("project_name"), OURS if ours else THEIRS, hours, pue, tuple(parts), *kwh, *rates,
                    *(energy * rate for energy, rate in zip(kwh, rates, strict=True)), tuple(notes))  # fmt: skip


def _processor(line: Line, ours: bool) -> tuple[float, str]:
    """(watts by the other's law, why)."""
    from jevons.measure.sensors import model

    count, told = int(line.amount("cpu_count") or 1), line.amount("cpu_utilization_percent")
    load = NO_LOAD if told is None else min(told / 100, 1.0)
    at = f"a mean load of {load:.0%}" if told is not None else f"a load of {load:.0%}, for the row tells none"
    tdp_w, how = model.tdp_of(line.text("cpu_model"), 1, count)
    if not ours:
        watts = model.processor_power_w(tdp_w, load) if tdp_w else model.virtual_power_w(count, load)
        return watts, f"jevons' law at {at}: " + (f"TDP {tdp_w:g} W, {how}" if tdp_w else how)
    tdp_w, how = (tdp_w, how) if tdp_w else (codecarbon.tdp_of_unnamed_w(count), f"{count} threads of 4 W, for it names no model")
    watts = codecarbon.cpu_constant_w(tdp_w) if told is None else float(codecarbon.cpu_load_w(tdp_w, load))
    law = "half of its TDP" if told is None else "TDP · (0.1 + 0.9 u³)"
    return watts, f"CodeCarbon without a counter: {law} at {at}; TDP {tdp_w:g} W: {how}"


def _memory(line: Line, ours: bool) -> tuple[float, str]:
    """(watts by the other's law, why)."""
    from jevons.measure.coefficients import coefficient_pack
    from jevons.measure.sensors import model

    gibibytes = line.amount("ram_total_size") or 0.0
    if not gibibytes:
        return 0.0, "the row does not tell the machine's memory"
    if ours:
        return codecarbon.ram_by_dimm_w(gibibytes), f"CodeCarbon: 5 W a module, {codecarbon.dimm_count(gibibytes)} guessed of {gibibytes:.3g} GiB"
    gigabytes = gibibytes * units.UNITS["GiB"][1]
    if model.tdp_of(line.text("cpu_model"), 1, 1)[0]:
        return model.memory_power_w(gigabytes), f"jevons' law of {gigabytes:.3g} GB"
    per_gb = coefficient_pack("virtual")["memory_w_per_gb"]
    return gigabytes * per_gb, f"jevons: {per_gb:g} W/GB of a host's memory, {gigabytes:.3g} GB"


def _intensities(line: Line, ours: bool) -> tuple[list[float], list[str]]:
    """kg/kWh of (jevons, CodeCarbon): the recorded one from its row, the other from its table."""
    country, energy = line.text("country_iso_code"), line.needed("energy_consumed")
    own = line.needed("emissions") / energy if energy else 0.0
    notes = []
    if not ours:
        return [_at(line), own], notes
    try:
        theirs = codecarbon.intensity_kg_per_kwh(country)
    except MissingFactor:
        theirs, notes = own, [f"CodeCarbon's table has no {country or 'place'}: the recorded intensity stands for its own"]
    if line.text("region") or line.text("cloud_region"):
        notes.append("CodeCarbon has an intensity of its own for some regions and clouds; the country's stands here")
    return [own or theirs, theirs], notes


def _at(line: Line) -> float:
    """jevons' intensity at the row's place, the year's as it is known, in kg/kWh."""
    import numpy as np

    import jevons

    provider, region = line.text("cloud_provider"), line.text("cloud_region")
    place = f"{provider}/{region}" if provider and region else line.text("country_iso_code")
    undated = np.array([np.nan])
    found: dict[str, Any] = jevons.site(place).factors(jevons.Study(indicators=("climate",))).of("electricity", (undated, undated))
    return float(np.ravel(found["climate"].value)[0])
