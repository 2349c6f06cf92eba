"""CodeCarbon 3 (external/ram.py, external/hardware.py): what it adds up where no counter can be read.

    energy = (GPU counter + CPU + memory) · PUE         CI: the country's latest annual mean, PUE 1 by default
"""

from __future__ import annotations

from math import ceil
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, MissingFactor
from jevons.estimate.compat import rows as compat
from jevons.estimate.compat.rows import constant
from jevons.world import catalog

VERSION = "3.3.0"
DIMM_SIZES_GB = (128, 64, 32, 16, 8, 4)
STEPS = ((4, 1.0), (8, 0.9), (16, 0.8), (32, 0.7))  # up to that many modules, each draws this share of the first's


def cpu_constant_w(tdp_w: float | None = None) -> float:
    """P = 0.5 · TDP in W, of an 85 W processor where the TDP is unknown (mode ``constant``)."""
    return (constant("codecarbon/cpu-tdp") if tdp_w is None else tdp_w) * constant("codecarbon/cpu-share")


def tdp_of_unnamed_w(threads: int) -> float:
    """TDP = 4 W · threads, of a processor that its table does not name (core/cpu.py)."""
    return constant("codecarbon/cpu-w-per-thread") * threads


def cpu_load_w(tdp_w: Any, load: Any) -> Any:
    """P = TDP · (0.1 + 0.9 · load³) in W, load 0 to 1 of the whole machine (mode ``cpu_load``)."""
    return tdp_w * (0.1 + 0.9 * load**3)


def ram_by_size_w(memory_gb: Any) -> Any:
    """P = 3/8 · GB in W: the rule before version 3 (3 W for each 8 GB)."""
    return constant("codecarbon/ram-w-per-gb") * memory_gb


def dimm_count(memory_gb: float) -> int:
    """Memory modules it guesses from the size: 1 up to 2 GB, 2 to 16, 4 to 64, 8 to 128, then at least 8 of one size."""
    if not memory_gb > 0:
        raise BadInput("memory_gb", memory_gb, "give the memory in GB, above 0")
    for up_to, count in ((2, 1), (16, 2), (64, 4), (128, 8)):
        if memory_gb <= up_to:
            return count
    size = next(s for s in DIMM_SIZES_GB if s <= memory_gb / 8)
    return min(ceil(memory_gb / size), 32)


def ram_by_dimm_w(memory_gb: float, arm: bool = False) -> float:
    """Σ over modules of 5 W (Arm 1.5 W), falling to 90, 80, 70 % from the 5th, 9th, 17th on; at least 10 W (Arm 3 W)."""
    each, least = (constant("codecarbon/dimm-power-arm"), 2) if arm else (constant("codecarbon/dimm-power"), 2)
    count, total, before = dimm_count(memory_gb), 0.0, 0
    for up_to, share in STEPS:
        total += each * share * max(min(count, up_to) - before, 0)
        before = up_to
    return max(each * least, total)


def energy_kwh(hours: Any, gpu_w: Any, cpu_w: Any, ram_w: Any, pue: Any = 1.0) -> Any:
    """(P_gpu + P_cpu + P_ram) · t · PUE / 1000, in kWh; GPU power is NVML's, of all devices."""
    return (gpu_w + cpu_w + ram_w) * hours * pue / 1000.0


def intensity_kg_per_kwh(country: str) -> float:
    """The latest annual mean it carries for a country (ISO alpha-3), in kg/kWh; MissingFactor where it has none.

    Its table is Our World in Data's, carried here as rows of grid_annual; two countries that are left out there
    (one of them a zero) stand in compat_grid.
    """
    rows = [r for r in catalog.table("grid_annual") if r["place"] == country and _carried(r)]
    if not rows:
        return compat.intensity_kg_per_kwh("codecarbon", country)
    value = catalog.number(max(rows, key=lambda r: int(r["year"])), "ci_g_per_kwh")
    if value is None:
        raise MissingFactor("electricity", "climate", f"{country} in the table of codecarbon")
    return value / units.G_PER_KG


def _carried(row: catalog.Row) -> bool:
    return row["source"].split(";")[0] == "owid-energy-codecarbon"
