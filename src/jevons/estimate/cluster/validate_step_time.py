"""Scoring the step-time model on measured steps, predicted only from their configuration.

Two layouts, told by their headers: vTrain's (n_gpus, global_batch, ... iteration_ms) and llm-foundry's (Model,
SeqLen (T), # GPUs, ...). Throughput, MFU, HFU, TFLOP and iteration time are observed, never read as inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import TableError
from jevons.estimate.cluster.parallelism import Array, Block, Layout, Machine
from jevons.estimate.cluster.step_time import Coefficients, regime, spread, step_time, step_time_pack
from jevons.estimate.validation.predictions import Prediction, Predictions
from jevons.estimate.validation.readings import holds, positive
from jevons.world.devices import device
from jevons.world.rows import Row

Cells = dict[str, Any]
TARGETS = ("step_time", "mfu")
VTRAIN = ("n_gpus", "global_batch", "micro_batch", "hidden", "heads", "layers", "seq_len", "tp", "dp", "pp")
LLM_FOUNDRY = (
    "Model", "SeqLen (T)", "# GPUs", "GPU", "MicroBatchSize", "GradAccum", "GlobalBatchSize", "Precision",
    "MP Mode", "Sharding Strategy", "Activation Checkpointing", "Activation CPUOffload", "NumParams",
)  # fmt: skip
LAYOUTS = {"vtrain": VTRAIN, "llm-foundry": LLM_FOUNDRY}
WORDS = ("Model", "GPU", "Precision", "MP Mode", "Sharding Strategy", "Activation Checkpointing", "Activation CPUOffload")
NODE = 8  # devices of a node in all three sets


@dataclass
class Steps:
    """Configurations read, one element per row, and what was observed for each (NaN where it was not)."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    observed: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TARGETS})
    left_out: dict[str, list[int]] = field(default_factory=dict)

    def add(self, number: int, key: str, family: str, cells: Cells, observed: tuple[float, float]) -> None:
        """One more row."""
        for name, value in cells.items():
            self.columns.setdefault(name, []).append(value)
        for name, value in zip(TARGETS, observed):
            self.observed[name].append(value)
        self.numbers.append(number)
        self.keys.append(key)
        self.families.append(family)

    def nouns(self, where: NDArray[Any] | slice = slice(None)) -> tuple[Block, Layout, Machine]:
        """Model, layout and machine of the rows, as arrays."""
        arrays = {name: np.array(values)[where] for name, values in self.columns.items()}
        return tuple(  # type: ignore[return-value]
            noun(**{f.name: arrays[f.name] for f in fields(noun) if f.name in arrays}) for noun in (Block, Layout, Machine)
        )


def recognise(header: Sequence[str]) -> str | None:
    """The name of the layout whose configuration columns a CSV header holds, or None."""
    return next((layout for layout, columns in LAYOUTS.items() if holds(header, columns)), None)


def predict(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Prediction:
    """Predicted step time (s) and MFU of measured steps, each with its 10-90 % interval.

    A row that took part in the fit is predicted with the coefficients fitted without its whole family
    ("leave-one-out"), any other with all of them ("unseen").
    Errors: TableError with row and column where a cell holds no sensible number.
    """
    pack = step_time_pack() if pack is None else pack
    steps = read(rows, pack, file)
    folds = np.array([pack["rows"].get(key, "") for key in steps.keys], dtype=object)
    quantities = {name: np.empty((3, len(folds))) for name in TARGETS}
    for fold in sorted(set(folds)):
        where = folds == fold
        predicted = _predicted(steps, where, pack["without"][fold] if fold else pack)
        for name in TARGETS:
            quantities[name][:, where] = predicted[name]
    observed = _observed_mfu(steps, quantities)
    fit, names = ["leave-one-out" if fold else "unseen" for fold in folds], [f"row {line}" for line in steps.numbers]
    targets = {name: Predictions(names, steps.families, fit, observed[name], *quantities[name]) for name in TARGETS}
    return Prediction(targets, steps.left_out, steps.numbers)


def _observed_mfu(steps: Steps, predicted: Mapping[str, Array]) -> dict[str, Array]:
    """What was observed; an MFU that was not printed follows from the step time, for MFU × step time is the
    configuration's FLOP over its peak, whoever measures it."""
    times, printed = (np.array(steps.observed[name], dtype=float) for name in TARGETS)
    product = predicted["mfu"][0] * predicted["step_time"][0]
    return {"step_time": times, "mfu": np.where(np.isnan(printed), product / times, printed)}


def read(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Steps:
    """The configurations of the rows of a recognised layout; rows that cannot be predicted are left out by reason."""
    pack = step_time_pack() if pack is None else pack
    steps, layout = Steps(), None
    for number, row in enumerate(rows, start=2):
        row = {name.strip(): cell for name, cell in row.items() if isinstance(name, str)}
        layout = layout or recognise(list(row))
        if layout is None:
            raise TableError(file, 1, None, list(row), f"give the columns of one of: {', '.join(LAYOUTS)}")
        cells = _cells(row, LAYOUTS[layout], file, number)
        why = cells if isinstance(cells, str) else _add(steps, layout, cells, row, pack, file, number)
        if why:
            steps.left_out.setdefault(why, []).append(number)
    return steps


def row_key(layout: str, cells: Cells) -> str:
    """Short hash of a configuration, and of nothing that was measured."""
    text = "|".join([layout, *(f"{cells[name]:g}" if name not in WORDS else cells[name] for name in LAYOUTS[layout])])
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _predicted(steps: Steps, where: NDArray[np.bool_], fitted: Mapping[str, Any]) -> dict[str, Array]:
    """Best, 10 % and 90 % of each target for some rows, from one set of coefficients and residuals."""
    model, layout, machine = steps.nouns(where)
    step = step_time(model, layout, machine, Coefficients.of(fitted["coefficients"]))
    low, high = spread(regime(layout, machine), fitted["residuals"])
    times = np.stack([step.total_s, step.total_s * low, step.total_s * high])
    return {"step_time": times, "mfu": np.stack([step.mfu, step.mfu / high, step.mfu / low])}


def _add(steps: Steps, layout: str, cells: Cells, row: Row, pack: Mapping[str, Any], file: str, number: int) -> str | None:
    """Add one row, or say in words why it is left out."""
    facts = pack["layouts"][layout]
    unknown = [f"{name} not modelled: {cells[name]}" for name, known in facts["words"].items() if cells[name] not in known]
    if unknown:
        return unknown[0]
    _agree(layout, cells, file, number)
    if layout == "vtrain":
        family, setup = f"vTrain h={cells['hidden']:g} L={cells['layers']:g}", _vtrain(cells, facts)
        observed = _measured(row, "iteration_ms", file, number) / 1000, math.nan
    else:
        family, setup = f"MPT {cells['Model']}", _llm_foundry(cells, facts)
        tokens = cells["GlobalBatchSize"] * cells["SeqLen (T)"]
        observed = tokens / _measured(row, "Throughput (T/s)", file, number), _measured(row, "MFU", file, number) / 100
    steps.add(number, row_key(layout, cells), family, setup, observed)
    return None


def _agree(layout: str, cells: Cells, file: str, number: int) -> None:
    """Refuse counts that contradict one another. Errors: TableError naming row and column."""
    vtrain = layout == "vtrain"
    replicas = cells["dp"] if vtrain else cells["# GPUs"]
    if vtrain and cells["tp"] * cells["dp"] * cells["pp"] != cells["n_gpus"]:
        raise TableError(file, number, "n_gpus", cells["n_gpus"], "tp x dp x pp must make it")
    batch, micro = ("global_batch", "micro_batch") if vtrain else ("GlobalBatchSize", "MicroBatchSize")
    if cells[batch] < cells[micro] * replicas:
        raise TableError(file, number, micro, cells[micro], f"{batch} holds less than one micro-batch a replica")


def _vtrain(cells: Cells, facts: Mapping[str, Any]) -> Cells:
    """vTrain's A100 steps: Megatron-DeepSpeed in fp16; what differs on many nodes is said in the pack."""
    site = facts["many_nodes" if cells["n_gpus"] > NODE else "one_node"]
    layers, hidden = cells["layers"], cells["hidden"]
    return _machine(facts["device"], "fp16", facts["link_between_gb_s"]) | {
        "layers": layers, "hidden": hidden, "heads": cells["heads"], "seq_len": cells["seq_len"],
        "vocab": site["vocab"], "params": 12 * layers * hidden**2 + site["vocab"] * hidden,
        "recompute": site["recompute"], "attention": "unfused", "sharding": "none",
        "devices": cells["n_gpus"], "global_batch": cells["global_batch"], "micro_batch": cells["micro_batch"],
        "tensor": cells["tp"], "pipeline": cells["pp"], "data": cells["dp"], "precision": "fp16", "gradient_bytes": 2,
    }  # fmt: skip


def _llm_foundry(cells: Cells, facts: Mapping[str, Any]) -> Cells:
    """MPT under PyTorch FSDP, FlashAttention, all devices in one data-parallel group."""
    words = facts["words"]
    layers, hidden, heads = words["Model"][cells["Model"]]
    precision, gpu = words["Precision"][cells["Precision"]], words["GPU"][cells["GPU"]]
    return _machine(gpu["id"], precision, gpu["link_between_gb_s"]) | {
        "layers": layers, "hidden": hidden, "heads": heads, "seq_len": cells["SeqLen (T)"], "vocab": facts["vocab"],
        "params": cells["NumParams"], "precision": precision,
        "devices": cells["# GPUs"], "tensor": 1.0, "pipeline": 1.0, "data": cells["# GPUs"],
        "global_batch": cells["GlobalBatchSize"], "micro_batch": cells["MicroBatchSize"], "attention": "fused",
        "recompute": words["Activation Checkpointing"][cells["Activation Checkpointing"]],
        "sharding": words["Sharding Strategy"][cells["Sharding Strategy"]],
        "gradient_bytes": words["MP Mode"][cells["MP Mode"]],
    }  # fmt: skip


def _machine(device_id: str, precision: str, link_between_gb_s: float) -> Cells:
    found, _ = device(device_id)
    return {
        "generation": found.generation, "peak_flops": found.peak(precision).tflops * 1e12,
        "peak_flops_16bit": found.peak("bf16").tflops * 1e12, "mem_bw_gb_s": found.memory_bw_gb_s,
        "mem_gb": found.memory_gb, "link_in_node_gb_s": found.link_gb_s, "link_between_gb_s": link_between_gb_s,
        "node_size": NODE,
    }  # fmt: skip


def _cells(row: Row, columns: Sequence[str], file: str, number: int) -> Cells | str:
    """The configuration of a row as words and numbers, or in words which cell is empty."""
    empty = [name for name in columns if not (row.get(name) or "").strip()]
    if empty:
        return f"no {empty[0]}"
    return {name: row[name].strip() if name in WORDS else positive(row, name, file, number) for name in columns}


def _measured(row: Row, column: str, file: str, number: int) -> float:
    """What was measured, NaN where the cell is empty or the column absent."""
    return positive(row, column, file, number) if (row.get(column) or "").strip() else math.nan
