"""EcoLogits 0.11 (impacts/llm.py): a request to a language model, and the same rules for an hour of a GPU server.

Constants are rows of compat_constant; counts of parameters are in 1e9.
"""

from __future__ import annotations

from math import ceil, inf, log2
from typing import Any

import numpy as np

from jevons.core import units
from jevons.estimate.compat.rows import constant

VERSION = "0.11.3"


def gpu_energy_kwh(active_b: Any, tokens: Any, batch: Any) -> Any:
    """E_gpu = tokens · (α e^(β B) P_active + γ) / 1000, in kWh of one GPU (``gpu_energy``)."""
    a, b, c = (constant(f"ecologits/gpu-energy-{k}") for k in ("alpha", "beta", "gamma"))
    return tokens * (a * np.exp(b * batch) * active_b + c) / 1000.0


def latency_s(active_b: Any, tokens: Any, batch: Any, measured_s: float = inf) -> Any:
    """Δt = min(tokens · (α P_active + β B + γ), measured), in s (``generation_latency``)."""
    a, b, c = (constant(f"ecologits/latency-{k}") for k in ("alpha", "beta", "gamma"))
    return np.minimum(tokens * (a * active_b + b * batch + c), measured_s)


def gpus_required(params_b: float, bits: int = 16) -> int:
    """GPUs that hold 1.2 · P · bits / 8 GB, rounded up to a power of two (``gpu_required_count``)."""
    memory = constant("ecologits/memory-overhead") * params_b * bits / 8
    return int(2 ** ceil(log2(ceil(memory / constant("ecologits/gpu-memory")))))


def server_energy_kwh(hours: Any, gpus: Any, batch: Any = 1.0) -> Any:
    """E_server = Δt · 1.2 kW · gpus / 8 / B, in kWh, GPUs left out (``server_energy``)."""
    return hours * constant("ecologits/server-power") * gpus / constant("ecologits/server-gpus") / batch


def request_energy_kwh(active_b: float, params_b: float, tokens: Any, pue: Any, batch: float | None = None) -> Any:
    """E = PUE · (E_server + gpus · E_gpu), in kWh a request (``request_energy``)."""
    batch, gpus = batch or constant("ecologits/batch"), gpus_required(params_b)
    hours = latency_s(active_b, tokens, batch) / units.SECONDS_PER_HOUR
    return pue * (server_energy_kwh(hours, gpus, batch) + gpus * gpu_energy_kwh(active_b, tokens, batch))


def embodied_kg(hours: Any, gpus: Any, batch: Any = 1.0) -> Any:
    """Δt / (life · B) · (gpus / 8 · server + gpus · GPU), in kg over a calendar life of 3 years (``request_embodied_gwp``)."""
    made = gpus / constant("ecologits/server-gpus") * constant("ecologits/server-embodied")
    return hours * (made + gpus * constant("ecologits/gpu-embodied")) / (constant("ecologits/life") * batch)
