"""LLMCarbon run as a predictor, and its script's loop over scenarios (SotaroKaneda/MLCarbon at dbd96b7, Apache-2.0).

Its validation is handed the achieved efficiency, the measured power and the device count. Its only prediction of
speed is a pair of polynomials in the parameters, and no carbon figure of its own uses them; here they do. The
polynomials stand in jevons.estimate.compat.llmcarbon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from jevons.estimate.compat import llmcarbon
from jevons.estimate.compat.rows import constant

Parts = Sequence[tuple[float, float, float]]


def efficiency(params: Any, memory_gb: Any = 80.0, node: int = 8) -> Any:
    """Share of the device's own peak: X / 312 with 80 GB, X · (1 − 7.76/33.46) / 312 of a GPU without.

    X: its TFLOP/s for an A100 of 80 GB, by one polynomial while the model fits a node and by another beyond.
    """
    x, memory = np.asarray(params, dtype=float), np.asarray(memory_gb, dtype=float)
    one_node = x / 1e9 < node * constant("llmcarbon/params-per-gb") * memory
    tflops = np.where(one_node, llmcarbon.throughput_tflops(x, True), llmcarbon.throughput_tflops(x, False))
    return tflops / llmcarbon.A100_PEAK_TFLOPS * np.where(memory == 80, 1.0, 1 - constant("llmcarbon/relative-loss"))


def device_hours(params: Any, tokens: Any, peak_tflops: Any, memory_gb: Any = 80.0) -> Any:
    """Hours = 6 P D / (peak · efficiency), P parameters, D tokens."""
    flops = llmcarbon.training_flops(np.asarray(params), tokens)
    return llmcarbon.hours(flops, 1.0, np.asarray(peak_tflops), efficiency(params, memory_gb))


def training_co2_t(params_b: float, tokens_b: float, peak_tflops: float, share: float, devices: float, power_w: float,
                   pue: float, kg_per_kwh: float) -> tuple[float, float, float]:  # fmt: skip
    """Its training_co2eq in plain floats: (days, MWh, t CO2e) of one run, P and D in billions.

    days = 6 P D / (n · peak · efficiency); MWh = W · n · days · 24 · PUE / 1e6; t = MWh · kg/kWh.
    """
    flops = 6 * params_b * 1000 * 1000 * 1000 * tokens_b * 1000 * 1000 * 1000
    days = flops / devices / (peak_tflops * share) / 1000000000000 / 3600 / 24
    energy_mwh = power_w * devices * days / 1000000 * 24 * pue
    return days, energy_mwh, energy_mwh * kg_per_kwh


def row_by_row(rows: Iterable[tuple[float, ...]], parts: Parts) -> list[tuple[float, float, float]]:
    """Its script's loop over scenarios: MWh, operational and embodied t CO2e of each, one after another.

    ``rows``: parameters (B), tokens (B), peak, efficiency, devices, power, PUE, kg/kWh. The script reads each row
    through pandas and builds an object of it; both are left out, which favours it. It has no water and no cost.
    """
    out = []
    for row in rows:
        days, energy_mwh, operation_t = training_co2_t(*row)
        embodied_t = 0.0
        for unit, per, number in parts:
            embodied_t += unit * per * number * days / 1825 / 1000
        out.append((energy_mwh, operation_t, embodied_t))
    return out
