"""How a run is spread over devices: read from the user, checked against memory, or searched for.

The search weighs every split of ``n`` devices into tensor × pipeline × data parallelism with micro-batch, recompute
and sharding, drops what exceeds memory, and takes the fastest step. It answers any device count, not an optimum's.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, DoesNotFit
from jevons.estimate.cluster.experts import Experts
from jevons.estimate.cluster.memory import memory_gb
from jevons.estimate.cluster.parallelism import Block, Layout, Machine
from jevons.estimate.cluster.step_time import Coefficients, StepTime, coefficients, step_time

MEMORY_RESERVE = 0.06
"""Share of device memory left to the framework's own buffers and to fragmentation."""
MOST_LAYOUTS = 2000
MOST_DOUBLINGS = 8
"""How far the devices are doubled to find a layout that fits where none does on those given."""
KEYS = ("tensor", "pipeline", "data", "expert", "micro_batch", "recompute", "sharding", "sequence_parallel",
        "interleave", "expert_overlap")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """One layout with what it takes: seconds a step, model FLOP utilisation, GB on the fullest device."""

    tensor: int
    pipeline: int
    data: int
    micro_batch: int
    recompute: str
    sharding: str
    sequence_parallel: bool
    interleave: int
    expert: int
    step_s: float
    mfu: float
    memory_gb: float
    expert_overlap: float | None = None

    def __str__(self) -> str:
        expert = f"expert={self.expert}," if self.expert > 1 else ""
        return (f"tensor={self.tensor},pipeline={self.pipeline},data={self.data},{expert}micro_batch="
                f"{self.micro_batch},recompute={self.recompute},sharding={self.sharding}")  # fmt: skip

    def shape(self, devices: int, batch: int, precision: str) -> Layout:
        """The plan in the step-time model's terms."""
        return Layout(devices, batch, self.micro_batch, self.tensor, self.pipeline, self.data, self.interleave,
                      self.recompute, self.sharding, self.sequence_parallel, precision)  # fmt: skip


def parse(layout: Any) -> dict[str, Any]:
    """The choices in a mapping, or in text such as ``"tensor=8,pipeline=4,recompute=full"``.

    Errors: BadInput for an unknown key (the nearest is named) and for a value that is no whole number.
    """
    if not (layout is None or isinstance(layout, (Plan, str, Mapping))):
        raise BadInput("layout", layout, "give a mapping, or text such as 'tensor=8,pipeline=4'")
    if isinstance(layout, Plan):
        return {k: v for k, v in asdict(layout).items() if k in KEYS and v is not None}
    given = dict(_pair(p) for p in layout.split(",")) if isinstance(layout, str) else dict(layout or {})
    for key in given:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            raise BadInput(f"layout.{key}", given[key], f"did you mean {near[0]!r}?" if near else f"use {', '.join(KEYS)}")
    return {key: _choice(key, value) for key, value in given.items()}


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise BadInput("layout", text, "write key=value pairs, e.g. tensor=8,pipeline=4")
    return key.strip(), value.strip()


def _choice(key: str, value: Any) -> Any:
    if key in ("recompute", "sharding"):
        return str(value)
    if key == "expert_overlap":
        share = units.read(value, "", f"layout.{key}")
        if share > 1:
            raise BadInput(f"layout.{key}", value, "give a share of 0 to 1")
        return share
    if key == "sequence_parallel":
        return str(value).lower() in ("1", "true", "yes")
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise BadInput(f"layout.{key}", value, "give a whole number, 1 or more")
    return number


@dataclass(frozen=True, slots=True)
class Job:
    """What has to be laid out: the model, the machine, how many of it, sequences a step, the experts if any."""

    block: Block
    machine: Machine
    devices: int
    batch: int
    precision: str = "bf16"
    experts: Experts | None = None

    def shape(self, grid: Mapping[str, Any]) -> Layout:
        """Columns of layouts in the step-time model's terms."""
        data = self.devices // (grid["tensor"] * grid["pipeline"])
        return Layout(self.devices, self.batch, grid["micro_batch"], grid["tensor"], grid["pipeline"], data,
                      grid["interleave"], grid["recompute"], grid["sharding"], grid["sequence_parallel"],
                      self.precision)  # fmt: skip

    def held(self, grid: Mapping[str, Any]) -> Block:
        """The model as one device sees it: of the experts only those it keeps."""
        return self.block if self.experts is None else self.experts.spread(self.block, grid["expert"])

    def time(self, grid: Mapping[str, Any], c: Coefficients | None = None) -> StepTime:
        """Step time of columns of layouts, the exchange between experts included."""
        shape = self.shape(grid)
        step = step_time(self.held(grid), shape, self.machine, c)
        if self.experts is None:
            return step
        work = step.compute_s + step.vector_s
        wait = self.experts.exchange_s(self.block, shape, self.machine, grid["expert"], work, c or coefficients(),
                                       grid.get("expert_overlap"))  # fmt: skip
        total = step.total_s + wait
        return replace(step, total_s=total, tensor_comm_s=step.tensor_comm_s + wait, mfu=step.mfu * step.total_s / total)

    @property
    def room_gb(self) -> float:
        """Memory of a device less the framework's reserve."""
        return float(self.machine.mem_gb) * (1 - MEMORY_RESERVE)


def plan(job: Job, chosen: Mapping[str, Any], c: Coefficients | None = None) -> tuple[Plan, StepTime]:
    """The fastest layout that fits and agrees with the choices made; all choices made means that very layout.

    ``c``: coefficients of a calibrated cluster, else the joint fit. Errors: DoesNotFit with the GB missing and the nearest layout that fits; BadInput where no split exists.
    """
    grid = candidates(job, chosen)
    best = _fastest(grid, job, c)
    if best is not None:
        return best
    short = float(np.min(memory_gb(job.held(grid), job.shape(grid)))) - job.room_gb
    shown = ",".join(f"{k}={v}" for k, v in chosen.items()) or f"any split of {job.devices} devices"
    raise DoesNotFit(shown, short, nearest(job, c))


def nearest(job: Job, c: Coefficients | None = None) -> str | None:
    """The fastest layout that fits on the job's devices, else on the fewest doublings of them; None where none does."""
    for devices in (job.devices * 2**k for k in range(MOST_DOUBLINGS + 1)):
        larger = replace(job, devices=devices, batch=max(job.batch, devices))
        found = _fastest(candidates(larger, {}), larger, c)
        if found is not None:
            return str(found[0]) if devices == job.devices else f"{found[0]} on {devices} devices"
    return None


def candidates(job: Job, chosen: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays of the layouts to weigh, at most 2,000: splits that divide heads and devices."""
    _check_model(job, chosen)
    options = {**_options(job), **{k: [v] for k, v in chosen.items() if k in OPTIONS}}
    rows = [row for row in itertools.product(*options.values()) if _splits(row, job, chosen.get("data"))]
    if not rows:
        raise BadInput("layout", dict(chosen), f"tensor × pipeline × data must make {job.devices} devices, and the "
                       f"batch of {job.batch} hold a micro-batch for each replica")  # fmt: skip
    columns = list(zip(*rows[:: -(-len(rows) // MOST_LAYOUTS)], strict=True))
    grid = {name: np.array(column) for name, column in zip(options, columns, strict=True)}
    same = len(columns[0])
    return grid | {
        "sequence_parallel": np.full(same, chosen.get("sequence_parallel", True)),
        "interleave": np.full(same, chosen.get("interleave", 1)),
        **{name: np.full(same, chosen[name]) for name in ("expert_overlap",) if name in chosen},
    }


def _check_model(job: Job, chosen: Mapping[str, Any]) -> None:
    """Errors: BadInput where the model has not the heads, layers or experts that a choice would spread."""
    heads, layers, experts = int(job.block.heads), int(job.block.layers), job.experts.experts if job.experts else 1
    if heads % chosen.get("tensor", 1):
        raise BadInput("layout.tensor", chosen["tensor"], f"give a number that divides the model's {heads} heads")
    if chosen.get("pipeline", 1) * chosen.get("interleave", 1) > layers:
        mend = f"the model has {layers} layers: give at most as many stages, times the chunks of each (interleave)"
        raise BadInput("layout.pipeline", chosen.get("pipeline", 1), mend)
    if experts % chosen.get("expert", 1):
        mend = f"give a number that divides the model's {experts} experts" if experts > 1 else "leave it out: the model is dense"
        raise BadInput("layout.expert", chosen["expert"], mend)


OPTIONS = ("tensor", "pipeline", "expert", "micro_batch", "recompute", "sharding")


def _options(job: Job) -> dict[str, list[Any]]:
    layers, heads = int(job.block.layers), int(job.block.heads)
    stages = range(1, min(layers, job.devices) + 1)
    experts = job.experts.experts if job.experts else 1
    return {
        "tensor": [t for t in _powers(min(int(job.machine.node_size), job.devices)) if heads % t == 0],
        "pipeline": [p for p in stages if layers % p == 0 or (4 * p <= layers and p & (p - 1) == 0)],
        "expert": [e for e in _powers(min(experts, job.devices)) if e in (1, 8, 16, 32, 64) or e == experts],
        "micro_batch": _powers(min(16, job.batch)) if experts == 1 else [1, 2, 4],
        "recompute": ["none", "selective", "full"],
        "sharding": ["zero1", "zero3"],
    }  # fmt: skip


def _splits(row: tuple[Any, ...], job: Job, data: int | None) -> bool:
    tensor, pipeline, expert, micro = row[:4]
    replicas, left = divmod(job.devices, tensor * pipeline)
    whole = left == 0 and replicas >= 1 and replicas % expert == 0
    return whole and job.batch >= replicas * micro and data in (None, replicas)


def _powers(most: int) -> list[int]:
    return [2**k for k in range(max(most, 1).bit_length()) if 2**k <= most]


def _fastest(grid: Mapping[str, Any], job: Job, c: Coefficients | None) -> tuple[Plan, StepTime] | None:
    needed = np.atleast_1d(memory_gb(job.held(grid), job.shape(grid)))
    fits = np.flatnonzero(needed <= job.room_gb)
    if not len(fits):
        return None
    kept = {name: column[fits] for name, column in grid.items()}
    best = int(np.argmin(job.time(kept, c).total_s))
    row = {name: column[best].item() for name, column in kept.items()}
    one = job.time(row, c)
    return Plan(row["tensor"], row["pipeline"], job.devices // (row["tensor"] * row["pipeline"]), row["micro_batch"],
                row["recompute"], row["sharding"], row["sequence_parallel"], row["interleave"], row["expert"],
                float(one.total_s), float(one.mfu), float(needed[fits][best]), row.get("expert_overlap")), one  # fmt: skip
