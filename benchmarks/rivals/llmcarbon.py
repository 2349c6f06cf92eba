"""LLMCarbon's arithmetic (Faiz et al., ICLR 2024; repository SotaroKaneda/MLCarbon, model.py, at dbd96b7).

Its validation is handed the achieved efficiency, the measured power and the device count. Its only prediction of
speed is a pair of polynomials in the parameters, and no carbon figure of its own uses them; here they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

SOURCE = "SotaroKaneda/MLCarbon model.py at dbd96b7 (Apache-2.0): coefficients and formulas re-stated"
TENSOR = (-8.82079068e-20, 1.68591116e-09, 1.33954735e02)
PIPELINE = (-5.60233749e-23, 8.45435587e-11, 1.34546129e02)
FITTED_PEAK_TFLOPS = 312.0  # the A100 behind both polynomials
OTHER_PEAK_TFLOPS = 125.0  # the V100 that stands for every GPU without 80 GB
OTHER_SHARE = 1 - 7.76 / 33.46  # of the A100's efficiency
BILLION_A_GB = 0.03  # parameters that fit a GB of device memory, in billions


def throughput_tflops(params: Any, memory_gb: Any = 80.0, node: int = 8) -> Any:
    """TFLOP/s a device by its polynomials, for a device with 80 GB.

    X = a x² + b x + c, x parameters; tensor-parallel coefficients while the model fits one node, pipeline's beyond.
    """
    x = np.asarray(params, dtype=float)
    one_node = x / 1e9 < node * BILLION_A_GB * np.asarray(memory_gb, dtype=float)
    return np.where(one_node, np.polyval(TENSOR, x), np.polyval(PIPELINE, x))


def efficiency(params: Any, memory_gb: Any = 80.0, node: int = 8) -> Any:
    """Share of the device's own peak: X / 312 with 80 GB, X · (1 − 7.76/33.46) / 312 of a GPU without."""
    share = throughput_tflops(params, memory_gb, node) / FITTED_PEAK_TFLOPS
    return share * np.where(np.asarray(memory_gb) == 80, 1.0, OTHER_SHARE)


def device_hours(params: Any, tokens: Any, peak_tflops: Any, memory_gb: Any = 80.0) -> Any:
    """Hours = 6 P D / (3600 · peak · efficiency), P parameters, D tokens."""
    return 6 * np.asarray(params) * tokens / (3600e12 * np.asarray(peak_tflops) * efficiency(params, memory_gb))


def training_co2_t(params_b: float, tokens_b: float, peak_tflops: float, share: float, devices: float, power_w: float,
                   pue: float, kg_per_kwh: float) -> tuple[float, float]:  # fmt: skip
    """Its training_co2eq: (MWh, t CO2e) of one run, P and D in billions.

    days = 6 P D / (n · peak · efficiency); MWh = W · n · days · 24 · PUE / 1e6; t = MWh · kg/kWh.
    """
    flops = 6 * params_b * 1e9 * tokens_b * 1e9
    days = flops / devices / (peak_tflops * share) / 1e12 / 3600 / 24
    energy_mwh = power_w * devices * days / 1e6 * 24 * pue
    return energy_mwh, energy_mwh * kg_per_kwh


def embodied_t(parts: Sequence[tuple[float, float, float]], days: float, lifespan_days: float = 5 * 365) -> float:
    """Its embodied_co2eq: t = Σ unit · CPA · number · days / lifespan / 1000."""
    return sum(unit * cpa * count * days / lifespan_days / 1000 for unit, cpa, count in parts)


def row_by_row(rows: Iterable[tuple[float, ...]], parts: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Its script's loop over scenarios: energy, operational and embodied carbon of each, one after another.

    ``rows``: parameters (B), tokens (B), peak, efficiency, devices, power, PUE, kg/kWh. The script's reading of each
    row through pandas is left out, which favours it; it has no water and no cost.
    """
    out = []
    for row in rows:
        energy, operation = training_co2_t(*row)
        days = energy * 1e6 / (row[5] * row[4] * row[6] * 24)
        out.append((energy, operation, embodied_t(parts, days)))
    return out
