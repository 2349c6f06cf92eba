"""LLMCarbon (Faiz et al., ICLR 2024) as its code computes: github.com/SotaroKaneda/MLCarbon, model.py and embodied.py.

Efficiency, system power and device count are inputs: on its own validation they were read from the papers whose
emissions it then compares with, so the printed delta is 6PD over the reported FLOP. The regressions are carried
too; nothing in the validation calls them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.compat.rows import constant
from jevons.world import catalog

VERSION = "dbd96b7"
A100_PEAK_TFLOPS, OTHER_PEAK_TFLOPS = 312.0, 125.0
"""Peaks by which its regressions translate an A100's throughput to any GPU that has not 80 GB."""


@dataclass(frozen=True, slots=True)
class Run:
    """A row of its database.csv; powers in W, rates in TFLOP/s, emissions in t."""

    id: str
    params_b: float
    base_params_b: float | None
    tokens_b: float
    ci_kg_per_kwh: float
    pue: float
    system_power_w: float
    peak_tflops: float
    efficiency: float
    devices: float
    reported_tco2e: float

    @property
    def counted_params(self) -> float:
        """Parameters that enter 6PD: those of the base model for a mixture of experts."""
        return (self.params_b if self.base_params_b is None else self.base_params_b) * 1e9


def training_flops(params: Any, tokens: Any) -> Any:
    """TC = 6 · P · D in FLOP (model.py, ``training_co2eq``)."""
    return 6.0 * params * tokens


def hours(flops: Any, devices: Any, peak_tflops: Any, efficiency: Any) -> Any:
    """t = TC / (n · peak · eff) in h; ``efficiency`` is achieved over peak throughput and is an input."""
    return flops / (devices * peak_tflops * units.FLOP_PER_TFLOP * efficiency) / units.SECONDS_PER_HOUR


def energy_kwh(system_power_w: Any, devices: Any, hours: Any, pue: Any) -> Any:
    """E = P_sys · n · t · PUE / 1000, in kWh."""
    return system_power_w * devices * hours * pue / 1000.0


def operational_kg(run: Run) -> float:
    """Operational kg CO2e of training by E · CI."""
    time = hours(training_flops(run.counted_params, run.tokens_b * 1e9), run.devices, run.peak_tflops, run.efficiency)
    return float(energy_kwh(run.system_power_w, run.devices, time, run.pue) * run.ci_kg_per_kwh)


def operational_delta(run: Run) -> float:
    """What its validation prints: estimate over reported emissions, less one."""
    return operational_kg(run) / (run.reported_tco2e * 1000.0) - 1.0


def embodied_kg(parts: Iterable[tuple[float, float, float]], days: float) -> float:
    """Σ amount · CPA · number · days / lifespan, in kg; a lifespan of 5 · 365 days, idle time not counted.

    ``parts``: (cm² or GB a piece, kg CO2e per cm² or GB, pieces). embodied.py, ``embodied_co2eq``.
    """
    return sum(amount * per * number for amount, per, number in parts) * days / constant("llmcarbon/life")


def throughput_tflops(params: Any, tensor_only: bool) -> Any:
    """Achieved TFLOP/s of an A100-80 by its quadratic in parameters, within a node or across nodes."""
    return _quadratic("tensor" if tensor_only else "pipe", params)


@dataclass(frozen=True, slots=True)
class Regressed:
    """What its regressions say: devices, sizes of the parallel groups, batch, and TFLOP/s a device."""

    devices: float
    tensor: int
    pipeline: int
    batch: float
    tflops: float


def regressed(params_b: float, node_devices: int = 8, memory_gb: float = 80.0) -> Regressed:
    """``predict_num_throughput`` of model.py, line by line; ``params_b``: (base) parameters in 1e9."""
    if not params_b > 0 or node_devices < 1 or not memory_gb > 0:
        raise BadInput("params_b, node_devices, memory_gb", (params_b, node_devices, memory_gb), "give positive numbers")
    per_gpu = constant("llmcarbon/params-per-gb") * memory_gb
    alone = params_b < node_devices * per_gpu
    tensor = int(np.ceil(params_b / per_gpu)) if alone else node_devices
    pipeline = 1 if alone else int(np.ceil(params_b / (node_devices * per_gpu)))
    size, x = tensor * pipeline, params_b * 1e9
    count = np.round(_quadratic("gpu", x) / size) * size
    if memory_gb != 80:
        count = np.round(count * 2.5) * (2 if memory_gb == 40 else 1)
    batch = 512.0 if pipeline == 1 else np.round(_quadratic("batch", pipeline) / 8) * 8
    rate = throughput_tflops(x, pipeline == 1)
    if memory_gb != 80:
        rate = rate * (1 - constant("llmcarbon/relative-loss")) / A100_PEAK_TFLOPS * OTHER_PEAK_TFLOPS
    return Regressed(float(count), tensor, pipeline, float(max(batch, count)), float(rate))


def runs() -> dict[str, Run]:
    """Its validation runs by id."""
    return {row["id"]: _run(row) for row in catalog.table("compat_llmcarbon_run")}


def validation_parts() -> list[tuple[float, float, float]]:
    """The hardware of its embodied validation: amount, kg per unit, number."""
    rows = catalog.table("compat_llmcarbon_part")
    return [(_number(r, "amount"), _number(r, "kg_per_unit"), _number(r, "number")) for r in rows]


def device_embodied_kg(part: str) -> float | None:
    """kg CO2e of one accelerator's dies by its table, None where it lists none."""
    try:
        row = catalog.table("compat_llmcarbon_part").index[part]
    except KeyError:
        return None
    return _number(row, "amount") * _number(row, "kg_per_unit")


def _quadratic(name: str, x: Any) -> Any:
    a, b, c = (constant(f"llmcarbon/{name}-{term}") for term in ("slope", "linear", "constant"))
    return a * x**2 + b * x + c


def _run(row: catalog.Row) -> Run:
    base = catalog.number(row, "base_params_b")
    names = ("tokens_b", "ci_kg_per_kwh", "pue", "system_power_w", "peak_tflops", "efficiency", "devices",
             "reported_tco2e")  # fmt: skip
    return Run(row["id"], _number(row, "params_b"), base, *(_number(row, n) for n in names))


def _number(row: catalog.Row, column: str) -> float:
    value = catalog.number(row, column)
    if value is None:
        raise UnknownName("value", f"{row.get('id')}: {column}")
    return value
