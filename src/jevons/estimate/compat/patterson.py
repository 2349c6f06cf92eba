"""Patterson et al. 2021 (arXiv 2104.10350), section 2.1.

    KWh  = hours · processors · mean power · PUE / 1000        tCO2e = KWh · kg CO2e per KWh / 1000
"""

from __future__ import annotations

from typing import Any


def energy_kwh(hours: Any, processors: Any, mean_power_w: Any, pue: Any) -> Any:
    """Hours × processors × mean power of processor, memory, network, fans and host × PUE / 1000, in kWh."""
    return hours * processors * mean_power_w * pue / 1000.0


def emissions_kg(energy_kwh: Any, kg_per_kwh: Any) -> Any:
    """kWh × kg CO2e per kWh, the grid's mean or, net, less what the operator bought."""
    return energy_kwh * kg_per_kwh
