"""Draws of how an API's model may be served: accelerator, precision, shape of the model, devices and batch.

    layers  L = (N / (12 w²))^(1/3)      N parameters a token meets, w hidden width over layers
    hidden  h = w L                      parameters of a block 12 h² (Kaplan et al. 2020, arXiv 2001.08361)
    cache   κ = q · 2 · h L / 8          q between latent attention and grouped keys with an eighth of the heads

Each is an array over draws whose element 0 is the best estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from jevons.core.uncertain import Draws, Uncertain
from jevons.estimate.server import pack as packs
from jevons.estimate.server.deployment import GIGA, PARAMS_A_LAYER_WIDTH, WIDTH_A_LAYER, machine_of
from jevons.estimate.server.memory import largest_batch
from jevons.estimate.server.physics import Machine
from jevons.estimate.server.shape import (
    DENSE_OF_ACTIVE,
    Array,
    Precision,
    Served,
    held_as,
    served,
    spread_experts,
    weights_held_gb,
)
from jevons.world import devices, models
from jevons.world.architecture import Architecture
from jevons.world.deployments import Deployment
from jevons.world.hardware import Device

CACHE_SHARE = Uncertain(0.25, 0.6, 1.0, "key-value cache of closed models")
"""From DeepSeek-V3's latent attention (576 elements a block of width 7168: 0.32) to keys of an eighth of the heads (1)."""
WEIGHTS_ROOM = 1.2
"""Memory over weights that a replica has at least (EcoLogits' rule of deployment)."""
LIKELIEST = 0.5
MOE_BELOW = 0.95  # active over total parameters below which a model is a mixture


@dataclass(frozen=True)
class Replica:
    """One replica, as arrays over draws; ``of``: which of the ``machines`` each draw has."""

    shape: Served
    precision: Precision
    machine: Machine
    machines: tuple[Device, ...]
    of: Array
    batch: Array
    coefficients: dict[str, Array]


def replica(d: Deployment, sampler: Draws) -> Replica:
    """The draws of a deployment. Errors: UnknownName for a device or an open model that no table holds."""
    machines = tuple(devices.device(name)[0] for name in d.devices)
    arch = _architecture(d) if d.model else None
    held = [held_as(name, arch) for name in d.precisions]
    of = choice(len(machines), sampler, f"accelerator of {d.provider}")
    narrow = choice(len(held), sampler, f"precision at {d.provider}")
    fields_ = ("dense_bytes", "expert_bytes", "narrow")
    widths: dict[str, Any] = {name: _pick([getattr(p, name) for p in held], narrow) for name in fields_}
    precision = replace(held[0], **widths)
    shape = spread_experts(served(arch) if arch else closed_shape(d, sampler), sampler.of(d.expert_spread))
    memory = _pick([_memory_gb(m) for m in machines], of)
    together = _together(d, shape, precision, memory, sampler)
    room = largest_batch(shape, precision, memory, together, sampler.of(d.context))  # type: ignore[arg-type]
    batch = np.maximum(1.0, np.minimum(sampler.of(d.batch), room))
    return Replica(shape, precision, _machine(machines, held, of, narrow, together), machines, of, batch,
                   _coefficients(machines, of))  # fmt: skip


def closed_shape(d: Deployment, sampler: Draws) -> Served:
    """The shape of a model of which only spans of counts are thought to be known."""
    if d.params_b is None:
        raise ValueError(f"{d.provider} {d.name}: neither an open model nor a span of parameters")
    total = sampler.of(d.params_b)
    active = np.minimum(sampler.of(d.active_b or d.params_b), total)
    mixture = active < MOE_BELOW * total
    dense = np.where(mixture, DENSE_OF_ACTIVE * active, total)
    used = np.where(mixture, (active - dense) / np.maximum(total - dense, 1e-9), 1.0)
    layers = (active * GIGA / (PARAMS_A_LAYER_WIDTH * WIDTH_A_LAYER**2)) ** (1 / 3)
    hidden = layers * WIDTH_A_LAYER
    return Served(layers=layers, hidden=hidden, dense_params_b=dense, expert_params_b=np.where(mixture, total - dense, 0.0),
                  experts=1 / used, active_experts=1.0, moe_layers=np.where(mixture, layers, 0.0),
                  kv_elements=sampler.of(CACHE_SHARE) * 2.0 * hidden * layers / 8, attention_flop=4 * hidden * layers,
                  kv_heads=8.0)  # fmt: skip


def choice(options: int, sampler: Draws, key: str) -> Array:
    """Which option each draw takes: the first is the best estimate and has half of the draws, the others share the rest."""
    if options == 1 or sampler.n == 0:
        return np.zeros(1, int)
    from statistics import NormalDist

    shares = [LIKELIEST, *[(1 - LIKELIEST) / (options - 1)] * (options - 1)]
    borders = [NormalDist().inv_cdf(min(float(c), 1 - 1e-12)) for c in np.cumsum(shares)[:-1]]
    return np.concatenate(([0], np.searchsorted(borders, sampler.score(key))))


def _architecture(d: Deployment) -> Architecture:
    found = models.find(d.model)
    assert found.architecture is not None  # every row of models has one
    return found.architecture


def _together(d: Deployment, shape: Served, precision: Precision, memory_gb: Array, sampler: Draws) -> Array:
    """Devices of a replica: the span's, a power of two, and no fewer than hold the weights."""
    least = WEIGHTS_ROOM * weights_held_gb(shape, precision) / memory_gb
    power = np.maximum(np.round(np.log2(sampler.of(d.together))), np.ceil(np.log2(np.maximum(least, 1.0))))
    return np.asarray(2.0**power)


def _machine(machines: Sequence[Device], held: Sequence[Precision], of: Array, narrow: Array, together: Array) -> Machine:
    each = [[machine_of(m, p, 1.0) for p in held] for m in machines]

    def drawn(name: str) -> Array:
        table = np.array([[getattr(cell, name) for cell in row] for row in each], float)
        return np.asarray(table[of, narrow])

    return Machine(together, **{f.name: drawn(f.name) for f in fields(Machine) if f.name not in ("devices", "replicas")})


def _coefficients(machines: Sequence[Device], of: Array) -> dict[str, Array]:
    pack = packs.serving_pack()
    each = [packs.coefficients(m.generation, pack) for m in machines]
    return {name: _pick([c[name] for c in each], of) for name in each[0]}


def _pick(values: Sequence[float], index: Array) -> Array:
    return np.asarray(np.array(values, float)[index])


def _memory_gb(machine: Device) -> float:
    return machine.memory_gb if machine.memory_gb is not None else np.inf
