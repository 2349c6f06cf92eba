"""ML CO2 Impact (Lacoste et al. 2019, arXiv 1910.09700) as js/grayscale.js computes.

    E = TDP · h / 1000,  kg = E · CI          each of E, CI and kg rounded to two decimals
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

VERSION = "d0d3ee5"


def two_digits(number: Any) -> Any:
    """``Number(n.toFixed(2))``: the exact value of the double, rounded to two decimals, halves up."""
    return np.vectorize(_to_fixed, otypes=[float])(number)


def energy_kwh(tdp_w: Any, hours: Any) -> Any:
    """E = round₂(TDP · h / 1000) kWh; one device, no PUE, no host, full load (``setDetails``)."""
    return two_digits(np.asarray(tdp_w, float) * hours / 1000.0)


def intensity_kg_per_kwh(g_per_kwh: Any) -> Any:
    """CI = round₂(impact / 1000) kg/kWh: 57 g becomes 0.06, 4 g becomes 0."""
    return two_digits(np.asarray(g_per_kwh, float) / 1000.0)


def emissions_kg(tdp_w: Any, hours: Any, g_per_kwh: Any) -> Any:
    """kg = round₂(E · CI)."""
    return two_digits(energy_kwh(tdp_w, hours) * intensity_kg_per_kwh(g_per_kwh))


def _to_fixed(number: float) -> float:
    return float(Decimal(float(number)).quantize(Decimal("0.01"), ROUND_HALF_UP))
