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

from jevons.core.errors import BadInput, DoesNotFit
from jevons.estimate.memory import memory_gb
from jevons.estimate.parallelism import Block, Layout, Machine
from jevons.estimate.step_time import StepTime, step_time

MEMORY_RESERVE = 0.06
"""Share of device memory left to the framework's own buffers and to fragmentation."""
MOST_LAYOUTS = 2000
KEYS = ("tensor", "pipeline", "data", "micro_batch", "recompute", "sharding", "sequence_parallel", "interleave")


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
    step_s: float
    mfu: float
    memory_gb: float

    def __str__(self) -> str:
        return (f"tensor={self.tensor},pipeline={self.pipeline},data={self.data},micro_batch={self.micro_batch},"
                f"recompute={self.recompute},sharding={self.sharding}")  # fmt: skip


def parse(layout: Any) -> dict[str, Any]:
    """The choices in a mapping, or in text such as ``"tensor=8,pipeline=4,recompute=full"``.

    Errors: BadInput for an unknown key (the nearest is named) and for a value that is no whole number.
    """
    if isinstance(layout, Plan):
        return {k: v for k, v in asdict(layout).items() if k in KEYS}
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
    if key == "sequence_parallel":
        return str(value).lower() in ("1", "true", "yes")
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise BadInput(f"layout.{key}", value, "give a whole number, 1 or more")
    return number


def plan(block: Block, machine: Machine, devices: int, batch: int, chosen: Mapping[str, Any],
         precision: str = "bf16") -> tuple[Plan, StepTime]:  # fmt: skip
    """The fastest layout that fits and agrees with the choices made; all choices made means that very layout.

    Errors: DoesNotFit with the GB missing and the nearest layout that fits; BadInput where no split exists.
    """
    grid = candidates(block, machine, devices, batch, chosen)
    best = _fastest(grid, block, machine, devices, batch, precision)
    if best is not None:
        return best
    short = float(np.min(_needed(grid, block, devices, batch, precision)) - _room(machine))
    free = candidates(block, machine, devices, batch, {})
    nearest = _fastest(free, block, machine, devices, batch, precision)
    shown = ",".join(f"{k}={v}" for k, v in chosen.items()) or f"any split of {devices} devices"
    raise DoesNotFit(shown, short, str(nearest[0]) if nearest else None)


def candidates(block: Block, machine: Machine, devices: int, batch: int, chosen: Mapping[str, Any]
               ) -> dict[str, np.ndarray]:  # fmt: skip
    """Arrays of the layouts to weigh, at most 2,000: splits that divide heads, layers and devices."""
    layers, heads, node = int(block.layers), int(block.heads), int(machine.node_size)
    options = {
        "tensor": [t for t in _powers(min(node, devices)) if heads % t == 0],
        "pipeline": [p for p in range(1, min(layers, devices) + 1) if layers % p == 0],
        "micro_batch": _powers(min(16, batch)),
        "recompute": ["none", "selective", "full"],
        "sharding": ["zero1", "zero3"],
    }  # fmt: skip
    fixed = {k: [v] for k, v in chosen.items() if k in options}
    rows = [row for row in itertools.product(*{**options, **fixed}.values())
            if _splits(row, devices, batch, chosen.get("data"))]  # fmt: skip
    if not rows:
        raise BadInput("layout", dict(chosen), f"tensor × pipeline × data must make {devices} devices, and the batch "
                       f"of {batch} hold a micro-batch for each replica")  # fmt: skip
    step = -(-len(rows) // MOST_LAYOUTS)
    columns = list(zip(*rows[::step], strict=True))
    return {name: np.array(column) for name, column in zip(options, columns, strict=True)} | {
        "sequence_parallel": np.array([chosen.get("sequence_parallel", True)] * len(columns[0])),
        "interleave": np.array([chosen.get("interleave", 1)] * len(columns[0])),
    }


def _splits(row: tuple[Any, ...], devices: int, batch: int, data: int | None) -> bool:
    tensor, pipeline, micro = row[:3]
    replicas, left = divmod(devices, tensor * pipeline)
    return left == 0 and replicas >= 1 and batch >= replicas * micro and data in (None, replicas)


def _powers(most: int) -> list[int]:
    return [2**k for k in range(max(most, 1).bit_length()) if 2**k <= most]


def _layout(grid: Mapping[str, Any], devices: int, batch: int, precision: str) -> Layout:
    data = devices // (grid["tensor"] * grid["pipeline"])
    return Layout(devices, batch, grid["micro_batch"], grid["tensor"], grid["pipeline"], data, grid["interleave"],
                  grid["recompute"], grid["sharding"], grid["sequence_parallel"], precision)  # fmt: skip


def _needed(grid: Mapping[str, Any], block: Block, devices: int, batch: int, precision: str) -> Any:
    return memory_gb(block, _layout(grid, devices, batch, precision))


def _room(machine: Machine) -> float:
    return float(machine.mem_gb) * (1 - MEMORY_RESERVE)


def _fastest(grid: Mapping[str, Any], block: Block, machine: Machine, devices: int, batch: int, precision: str
             ) -> tuple[Plan, StepTime] | None:  # fmt: skip
    needed = np.atleast_1d(_needed(grid, block, devices, batch, precision))
    fits = np.flatnonzero(needed <= _room(machine))
    if not len(fits):
        return None
    kept = {name: column[fits] for name, column in grid.items()}
    times = step_time(block, _layout(kept, devices, batch, precision), machine)
    best = int(np.argmin(times.total_s))
    row = {name: column[best].item() for name, column in kept.items()}
    found = Plan(row["tensor"], row["pipeline"], devices // (row["tensor"] * row["pipeline"]), row["micro_batch"],
                 row["recompute"], row["sharding"], row["sequence_parallel"], row["interleave"],
                 float(times.total_s[best]), float(np.broadcast_to(times.mfu, times.total_s.shape)[best]),
                 float(needed[fits][best]))  # fmt: skip
    one = step_time(block, _layout(row, devices, batch, precision), machine)
    return found, replace(one)
