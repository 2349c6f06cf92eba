"""Green Algorithms v3 (Lannelongue, Grealey and Inouye 2021, doi:10.1002/advs.202100707), equation 1.

    E = t · (n_c · P_c · u_c + n_m · P_m) · PUE · PSF / 1000        C = E · CI
"""

from __future__ import annotations

from typing import Any

from jevons.estimate.compat.rows import constant

VERSION = "3.0"


def energy_kwh(hours: Any, cores: Any, core_w: Any, usage: Any, memory_gb: Any, pue: Any, repeats: Any = 1.0) -> Any:
    """t · (n_c P_c u_c + n_m P_m) · PUE · PSF / 1000, in kWh.

    ``cores`` n_c: cores of a CPU, or GPUs; ``core_w`` P_c: W each; ``usage`` u_c: 0 to 1; ``memory_gb`` n_m:
    available, not used; P_m: its 0.3725 W/GB; ``repeats``: the pragmatic scaling factor.
    """
    return hours * (cores * core_w * usage + memory_gb * constant("green-algorithms/memory-power")) * pue * repeats / 1000.0


def emissions_kg(energy_kwh: Any, g_per_kwh: Any) -> Any:
    """C = E · CI / 1000, in kg."""
    return energy_kwh * g_per_kwh / 1000.0


def pue(provider: str = "") -> float:
    """The PUE it takes for a cloud provider (gcp, aws, azure), else that of an unknown datacentre."""
    known = ("gcp", "aws", "azure")
    return constant(f"green-algorithms/pue-{provider}" if provider in known else "green-algorithms/pue")
