"""Whether a served model and its batch fit the memory of their devices.

    held  = weights / n + B c κ / n + B S / n        on each of n devices, within a share of its memory
    κ / n stops falling where a device holds one key-value head; latent attention has one
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core.errors import DoesNotFit
from jevons.estimate.server.physics import STATE_BYTES
from jevons.estimate.server.shape import Number, Precision, Served, context_seen, weights_held_gb

USABLE = 0.9  # vLLM's default share of a device's memory (gpu_memory_utilization)
GIGA = 1e9


def sequence_gb(model: Served, context: Number, devices: Number, cache_bytes: Number = 2.0) -> Any:
    """GB of cache and state that one sequence takes on each device."""
    shards = np.minimum(devices, model.kv_heads)
    cache = context_seen(model, context) * model.kv_elements * cache_bytes / shards
    return (cache + model.state_elements * STATE_BYTES / devices) / GIGA


def largest_batch(model: Served, precision: Precision, memory_gb: float, devices: Number, context: Number,
                  cache_bytes: Number = 2.0) -> Any:  # fmt: skip
    """Sequences that fit beside the weights; below one where not even one does."""
    free = USABLE * memory_gb - weights_held_gb(model, precision) / devices
    return free / np.maximum(sequence_gb(model, context, devices, cache_bytes), 1e-12)


def fewest_devices(model: Served, precision: Precision, memory_gb: float, context: float, batch: float,
                   cache_bytes: float = 2.0) -> int:  # fmt: skip
    """The least power of two of devices that holds the weights and the batch. Errors: DoesNotFit beyond 1,024."""
    for power in range(11):
        if largest_batch(model, precision, memory_gb, 2.0**power, context, cache_bytes) >= batch:
            return int(2**power)
    raise DoesNotFit(f"batch {batch:g}", sequence_gb(model, context, 1024.0, cache_bytes) * batch, None)


def require_room(model: Served, precision: Precision, memory_gb: float | None, devices: Number, context: Number,
                 batch: Number, cache_bytes: Number, where: str) -> None:  # fmt: skip
    """DoesNotFit naming the greatest batch where one of the scenarios exceeds the memory."""
    if memory_gb is None:
        return
    room = np.asarray(largest_batch(model, precision, memory_gb, devices, context, cache_bytes))
    over = np.asarray(batch) > room
    if not over.any():
        return
    worst = float(np.min(np.where(over, room, np.inf)))
    asked = float(np.max(np.where(over, batch, 0.0)))
    short = (asked - worst) * float(np.max(sequence_gb(model, context, devices, cache_bytes)))
    nearest = f"batch {int(worst)}" if worst >= 1 else None
    raise DoesNotFit(f"batch {asked:g} of {where}", short, nearest)
