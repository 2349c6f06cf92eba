"""Strubell, Ganesh and McCallum 2019 (ACL, doi:10.18653/v1/P19-1355), equations 1 and 2.

    p_t = 1.58 t (p_c + p_r + g p_g) / 1000 kWh        CO2e = 0.954 p_t lb
"""

from __future__ import annotations

from typing import Any

from jevons.estimate.compat.rows import constant


def energy_kwh(hours: Any, cpu_w: Any, dram_w: Any, gpu_w: Any, gpus: Any) -> Any:
    """p_t = 1.58 t (p_c + p_r + g p_g) / 1000, in kWh. Powers in W: all sockets, all memory, one GPU; t in h."""
    return constant("strubell/pue") * hours * (cpu_w + dram_w + gpus * gpu_w) / 1000.0


def emissions_lb(energy_kwh: Any) -> Any:
    """CO2e = 0.954 p_t in pounds: the US mean of 2018, wherever the run takes place."""
    return constant("strubell/intensity") * energy_kwh
