"""What is deployed and what it is asked to do, read and checked: model, precision, devices, lengths."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, Contradiction, UnknownName
from jevons.core.source import Assumption
from jevons.estimate.server import pack as packs
from jevons.estimate.server.lengths import Lengths
from jevons.estimate.server.memory import fewest_devices, require_room
from jevons.estimate.server.physics import Load, Machine, Step, capped, step
from jevons.estimate.server.shape import (
    Precision,
    Served,
    from_counts,
    held_as,
    precision_of,
    served,
    spread_experts,
)
from jevons.world import catalog, devices, models
from jevons.world.hardware import Device

PARAMS_A_LAYER_WIDTH = 12.0  # parameters of a block over hidden² (Kaplan et al. 2020, arXiv 2001.08361)
WIDTH_A_LAYER = 128.0  # hidden over layers, where only counts are known (GPT-3 to Llama 3: 80 to 130)
GIGA = 1e9
COUNTED = re.compile(r"^\s*(\d+)\s*[x×]\s*(\w.*)$")
SURE = 0.8  # score from which a name is a processor's
LINK_SHARE = 32.0  # memory over link bandwidth where the link is not published, as in training


@dataclass(frozen=True)
class Encoder:
    """What seeing the images of one request takes of a replica: wall seconds, joules, and ln of its 5-95 % width."""

    seconds: Any
    joules: Any
    half_width: float


@dataclass(frozen=True)
class Point:
    """ln of one measured energy over the law's, and the batch at which it was measured."""

    log_ratio: float
    batch: float


@dataclass(frozen=True)
class Deployment:
    """One kind of replica, how many of it, and what is known of it."""

    model: models.Model
    shape: Served
    precision: Precision
    device: Device
    machine: Machine
    copies: float
    lengths: Lengths
    cache_bytes: float
    power_limit_w: float | None
    family: str | None
    tier: str
    notes: list[Assumption] = field(default_factory=list)
    pack: Any = None
    encoder: Encoder | None = None
    point: Point | None = None

    @property
    def encodes(self) -> bool:
        """Whether the model gives one result for a whole input, in batches that no scheduler takes apart."""
        return self.model.architecture is not None and self.model.architecture.kind == "encoder"

    def step(self, batch: Any) -> Step:
        """The mean step of a replica at a batch, by physics, corrected where the family was measured."""
        context, fresh, before = self.lengths.as_read(self.shape)
        load = Load(batch, context, batch / self.lengths.output, fresh, 0.0, before, self.cache_bytes)
        fitted = packs.coefficients(self.device.generation, self.pack)
        if self.encodes:
            fitted = {**fitted, "request_s": 0.0, "sequence_s": 0.0}
        found = step(self.shape, self.precision, self.machine, load, fitted)
        if self.power_limit_w is None:
            return found
        return capped(found, self.machine.devices, self.power_limit_w, self.device.idle_power().best_w)

    def correction(self, batch: Any) -> Any:
        """Factor on energy that its family, or a point of its own, was measured at; 1 where neither was."""
        known = packs.correction(self.family, self.device.generation, self.precision.name, batch, self.pack, self.machine.devices)
        if self.point is not None:
            known = known + self.point.log_ratio * packs.nearness(batch, self.point.batch, self.pack)
        return np.exp(known)

    def measured(self, energy_per_output_token_j: float, batch: float) -> Deployment:
        """The deployment with one measured point: the law passes through it, the less bound the farther the batch."""
        joules = float(units.read(energy_per_output_token_j, "", "energy_per_output_token_j"))
        at = float(units.read(batch, "", "batch", minimum=1.0))
        if not joules > 0:
            raise BadInput("energy_per_output_token_j", joules, "give the joules that were measured, above 0")
        ratio = joules * at / float(self.step(at).energy_j * self.correction(at))
        return replace(self, point=Point(float(np.log(ratio)), at))


def deployment(model: Any, on: str, n: Any, params: Any, active: Any, precision: str, tensor: Any, lengths: Lengths,
               batch: Any, cache_precision: str, power_limit: Any, expert_spread: Any = 1) -> Deployment:  # fmt: skip
    """The deployment meant; what was not given is assumed and noted. Errors: UnknownName, BadInput, DoesNotFit."""
    pack = packs.serving_pack()
    found = models.find(model, params, active)
    limit = None if power_limit is None else float(units.read(power_limit, "W", "power_limit"))
    device, matched = _device(on, limit)
    notes = [*found.assumptions, *matched]
    held = _held(precision, found, notes)
    shape = _spread(_shape(found, notes), expert_spread, notes)
    lengths, cut = lengths.within(shape.context_limit)
    notes += [*(lengths.requests.said() if lengths.requests else ()), *cut]
    if found.architecture is not None and found.architecture.kind == "encoder" and np.any(np.asarray(lengths.output) > 1):
        raise BadInput("output_tokens", lengths.output, f"{found.name} is an encoder: its one result counts as 1 token")
    cache_bytes = float(_cache(cache_precision).dense_bytes)
    group, copies = _devices(n, tensor, device, shape, held, lengths, batch, cache_bytes, notes)
    if copies < expert_spread:
        raise Contradiction("expert_spread", expert_spread, f"there are {copies:g} replicas: n over tensor is at least as many")
    require_room(shape, held, device.memory_gb, group, lengths.context, 1.0 if batch is None else batch, cache_bytes,
                 f"{found.name} in {precision} on {group:g} {device.name}")  # fmt: skip
    _note_unpublished(device, group, notes)
    family = packs.family_of(found.architecture.id, pack) if found.architecture is not None else None
    return Deployment(found, shape, held, device, machine_of(device, held, group), copies, lengths, cache_bytes, limit,
                      family, "guess" if expert_spread > 1 else _tier(found, device, family, notes, pack), notes, pack)  # fmt: skip


def machine_of(device: Device, precision: Precision, group: Any, replicas: Any = 1.0) -> Machine:
    """The devices of a replica, from the table; BadInput where bandwidth, peak or power is not published."""
    if device.memory_bw_gb_s is None:
        raise BadInput("on", device.id, "its memory bandwidth is not published; name another accelerator")
    wide = device.peak("bf16").tflops
    narrow = device.peak(precision.arithmetic).tflops / wide if precision.arithmetic != "fp32" else 1.0
    link = device.link_gb_s or device.memory_bw_gb_s / LINK_SHARE
    return Machine(group, device.power_limit_w(), device.memory_bw_gb_s, wide, narrow, link, replicas)


def _device(on: str, limit_w: float | None) -> tuple[Device, tuple[Assumption, ...]]:
    """The accelerator; a power limit stands for the power of one of which none is published. Errors: UnknownName, BadInput."""
    try:
        device, matched = devices.device(_required(on))
    except UnknownName as trouble:
        if _is_processor(on):
            raise BadInput("on", on, "a processor alone is not in the law of servers: price its hours (estimate generic), "
                           "measure it (bench serve), or name a laptop or board (estimate edge)") from None  # fmt: skip
        raise trouble
    if device.tdp_w is not None:
        return device, tuple(matched)
    if limit_w is None:
        raise BadInput("power_limit", None, f"the power of {device.id} is not published: state it in watts, or see estimate edge")
    note = Assumption("power of the device", f"{limit_w:g} W", "not published; power_limit as stated", "stated")
    return replace(device, tdp_w=limit_w), (*matched, note)


def _is_processor(name: str) -> bool:
    try:
        return catalog.table("cpus").find(name)[1].score >= SURE
    except UnknownName:
        return False


def _spread(shape: Served, replicas: Any, notes: list[Assumption]) -> Served:
    """The shape of one of several replicas over which the routed experts are spread."""
    count = float(units.read(replicas, "", "expert_spread", minimum=1.0))
    if count == 1.0:
        return shape
    if not shape.expert_params_b:
        raise BadInput("expert_spread", replicas, "the model has no routed experts to spread: leave it out")
    notes.append(Assumption("exchange between replicas", "not counted", "taken to hide behind arithmetic, as two batches in turn let it",
                            "deepseek-inference"))  # fmt: skip
    return spread_experts(shape, count)


def _required(on: str) -> str:
    if not on:
        raise BadInput("on", on, "name the accelerator, e.g. on='h100'")
    if counted := COUNTED.match(str(on)):
        raise BadInput("on", on, f"name the kind alone and say how many: on={counted[2]!r}, n={counted[1]}")
    return on


def _held(name: str, found: models.Model, notes: list[Assumption]) -> Precision:
    held = held_as(name, found.architecture)
    if held != precision_of(name):
        parts = "routed experts alone, the rest in 16 bits" if held.dense_bytes > held.expert_bytes else "all weights"
        notes.append(Assumption(f"{name} of {found.name}", f"{parts}; a scale a row", "as its maker's checkpoint", "models"))
    return held


def _cache(name: str) -> Precision:
    held = precision_of(name)
    if held.name == "mxfp4" or held.dense_bytes > held.expert_bytes:
        raise BadInput("cache_precision", name, "a cache is held in bf16, fp8, int8 or int4")
    return held


def _note_unpublished(device: Device, group: float, notes: list[Assumption]) -> None:
    """What the device's row does not say and is done without."""
    if device.memory_gb is None:
        notes.append(Assumption("memory", "not checked", f"the memory of {device.name} is not published", "jevons-rule"))
    if device.link_gb_s is None and group > 1:
        notes.append(Assumption("link", f"{(device.memory_bw_gb_s or 0) / LINK_SHARE:.0f} GB/s", "not published: a share of "
                                "the memory bandwidth", "jevons-rule"))  # fmt: skip


def _shape(found: models.Model, notes: list[Assumption]) -> Served:
    if found.architecture is not None:
        return served(found.architecture)
    if np.ndim(found.params) or np.ndim(found.active):
        raise BadInput("params", found.params, "give one model at a time, or its config.json")
    layers = (float(found.params) / (PARAMS_A_LAYER_WIDTH * WIDTH_A_LAYER**2)) ** (1 / 3)
    notes.append(Assumption("shape of the model", f"{layers:.0f} blocks of width {layers * WIDTH_A_LAYER:.0f}",
                            "only parameter counts were given; pass a config.json for better", "jevons-rule"))  # fmt: skip
    return from_counts(float(found.params) / GIGA, float(found.active) / GIGA, layers, layers * WIDTH_A_LAYER,
                       2.0 * layers * layers * WIDTH_A_LAYER / 8)  # fmt: skip


def _devices(n: Any, tensor: Any, device: Device, shape: Served, held: Precision, lengths: Lengths, batch: Any,
             cache_bytes: float, notes: list[Assumption]) -> tuple[float, float]:  # fmt: skip
    """Devices of a replica and the number of replicas."""
    if np.ndim(n) or np.ndim(tensor):
        raise BadInput("n", n, "give one number of devices; deployments of other sizes are other calls")
    if n is None and tensor is None:
        if device.memory_gb is None:
            raise BadInput("n", None, f"say how many {device.id} serve together; their memory is not published")
        usual = float(packs.serving_pack()["usual_batch"]["best"])
        context, most = float(np.max(lengths.context)), usual if batch is None else float(np.max(batch))
        n = fewest_devices(shape, held, device.memory_gb, context, most, cache_bytes)
        notes.append(Assumption("devices", f"{n} x {device.name}", "the fewest that hold the model and its batch",
                                "jevons-rule"))  # fmt: skip
    group = float(units.read(n if tensor is None else tensor, "", "tensor", minimum=1.0))
    copies = (group if n is None else float(units.read(n, "", "n", minimum=1.0))) / group
    if not copies.is_integer():
        raise Contradiction("tensor", tensor, f"it must divide n = {n}")
    return group, copies


def _tier(found: models.Model, device: Device, family: str | None, notes: list[Assumption], pack: Any) -> str:
    if packs.stands_in(device.generation, pack):
        notes.append(Assumption(f"efficiency of {device.generation}", "between those of H100 and B200, by its data sheet",
                                "no measured servers of this generation", pack["name"]))  # fmt: skip
        return "guess"
    if found.architecture is None:
        return "guess"
    if found.architecture.kind == "encoder":
        notes.append(Assumption("host work of a request", "none", "encoders run as compiled batches; none was fitted",
                                pack["name"]))  # fmt: skip
        return "guess"
    return "family" if family is not None else "physics"
