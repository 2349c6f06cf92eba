"""Scoring the serving estimate on measured deployments, predicted only from what is known before a run.

Layout: the ML.ENERGY leaderboard's rows as a table. Read as inputs: task, model and its architecture, precision,
accelerator and count, parallelism, cap on sequences, average batch, statistics of output length, requests. Power,
latency, throughput and energies never enter a prediction. Energy is of all accelerators of the deployment over the
steady state, prompts included, by output token.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.server import pack as packs
from jevons.estimate.server.deployment import machine_of
from jevons.estimate.server.physics import Load, Machine, Step, step
from jevons.estimate.server.pictures import SIDE, pictures
from jevons.estimate.server.shape import (
    Precision,
    Served,
    from_counts,
    held_as,
    known_precision,
    served,
)
from jevons.estimate.validation.predictions import Predicted, Prediction, Predictions
from jevons.estimate.validation.readings import holds, number, other_unit, plain, reading, require
from jevons.world import devices, models
from jevons.world.architecture import Architecture
from jevons.world.hardware import Device
from jevons.world.rows import Row
from jevons.world.vision import Tower, tower_of

LAYOUT = ("task", "model_id", "weight_precision", "gpu_model", "num_gpus", "max_num_seqs", "avg_batch_size",
          "avg_output_len", "energy_per_output_token_j")  # fmt: skip
PICTURED, QUESTION = "image-chat", 80.0
"""The task whose requests hold an image of a megapixel (a judgement: sizes are not published) and a question of as many tokens."""
TARGETS = {"energy_per_output_token": "energy_per_output_token_j", "energy_per_output": "energy_per_request_j"}
VARIANTS = re.compile(r"-(instruct|thinking|chat|it|vl|fp8|bf16|base|\d{4})(?=-|$)")
AGREE = 1.25  # parameters of table and row beyond this ratio are two models
TYPICAL_WIDTH = 128.0  # hidden over layers, where a row gives neither (GPT-3 to Llama 3: 80 to 130)


@dataclass(frozen=True)
class Deployment:
    """One row, read: only what is known before the run."""

    name: str
    family: str
    task: str
    device: Device
    model: Served
    precision: Precision
    machine: Machine
    batch: float
    output_tokens: float
    output_spread: float  # E[len²] / E[len]²
    prompts_per_request: float
    tier: str
    tower: Tower | None = None


def recognise(header: Sequence[str]) -> bool:
    """Whether a CSV header is that of measured deployments of language models."""
    return holds(header, LAYOUT)


def predict(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Prediction:
    """Predicted energy per output token and per output of measured deployments, each with its 10-90 % interval.

    A row whose family took part in the fit is predicted with the coefficients fitted without that family
    ("leave-one-out"), any other with all of them ("unseen"). Rows that cannot be predicted or compared are counted
    under ``left_out``; those that can be predicted are.
    Errors: TableError with row and column where a cell is neither empty nor a sensible number.
    """
    pack = packs.serving_pack() if pack is None else pack
    found: dict[str, list[Predicted]] = {name: [] for name in TARGETS}
    left_out: dict[str, list[str]] = {}
    for line, raw in enumerate(rows, start=2):
        row = plain(raw)
        require(row, LAYOUT, file)
        name = f"{line}: {row['model_id']}"
        run = read_row(row, pack, file, line)
        if isinstance(run, str):
            left_out.setdefault(run, []).append(name)
            continue
        each = _predicted(name, run, {t: reading(row, c, file, line) for t, c in TARGETS.items()}, pack)
        if why := _incomparable(each):
            left_out.setdefault(why, []).append(name)
        for target, one in each.items():
            found[target].append(one._replace(observed=math.nan) if why else one)
    return Prediction({target: Predictions.of(each) for target, each in found.items()}, left_out)


def read_row(row: Row, pack: Mapping[str, Any], file: str = "rows", line: int = 2) -> Deployment | str:
    """What a row says before the run, or in words why nothing can be predicted from it."""
    if (quality := row.get("quality", "").lower()) not in ("", "ok"):
        return f"quality {quality}"
    needed = {c: number(row, c, file, line) for c in ("num_gpus", "avg_batch_size", "avg_output_len")}
    empty = [name for name, value in needed.items() if not value]
    if empty:
        return f"no {empty[0]}"
    device, model = _device(row["gpu_model"]), _model(row, file, line)
    if not known_precision(row["weight_precision"]):
        return f"precision {row['weight_precision']} not known"
    if device is None or model is None:
        return f"hardware not in the tables: {row['gpu_model']}" if device is None else "model not in the tables and without its shape"
    return _deployment(row, pack, needed, device, model, file, line)


def step_of(run: Deployment, pack: Mapping[str, Any]) -> tuple[Step, float]:
    """The mean step of a deployment, and what the unknown length of its prompts adds to the log spread."""
    prompt = pack["prompts"].get(run.task, pack["prompts"][""])
    found = _seeing(run, pack) if run.tower is not None and run.task == PICTURED else step(
        run.model, run.precision, run.machine, load_of(run, prompt["tokens"], prompt["request_host_s"]),
        packs.coefficients(run.device.generation, pack))  # fmt: skip
    return found, float(found.prefill_j / found.energy_j) * prompt["log_sd"]


def _seeing(run: Deployment, pack: Mapping[str, Any]) -> Step:
    """The mean step of a deployment that is asked about images: their tokens and encoder by the model's tower."""
    seen = pictures(run.tower, images=1)
    load = load_of(run, QUESTION + float(seen.tokens), 0.0)
    found = step(run.model, run.precision, run.machine, load, packs.coefficients(run.device.generation, pack))
    seconds, joules, _ = (float(x) * float(load.requests) for x in seen.cost(run.device))
    return replace(found, energy_j=found.energy_j + joules, prefill_j=found.prefill_j + joules,
                   total_s=found.total_s + seconds / run.machine.devices)  # fmt: skip


def load_of(run: Deployment, prompt_tokens: Any, request_host_s: Any) -> Load:
    """What its mean step carries. Sequences in flight have made half of E[len²]/E[len] tokens (renewal theory)."""
    context = run.output_tokens * run.output_spread / 2 + prompt_tokens
    requests = run.batch / run.output_tokens * run.prompts_per_request
    return Load(run.batch, context, requests, prompt_tokens, request_host_s)


def window_prompts(requests: float, cap: float, output_spread: float) -> float:
    """Prompts in the measured window for each output's worth of tokens in it, 0..1.

    The window opens when ``cap`` requests have given a token and closes when all but ``cap`` are finished, so the
    first prompts lie before it, and tokens of requests still running at its end lie in it:
    (R − C) / (R − C + C · E[len²] / 2E[len]²).
    """
    later = max(requests - cap, 0.0)
    return later / (later + cap * output_spread / 2) if later else 0.0


def _deployment(row: Row, pack: Mapping[str, Any], needed: Mapping[str, float | None], device: Device, model: Served,
                file: str, line: int) -> Deployment:  # fmt: skip
    gpus, batch, length = (float(needed[c] or 0) for c in ("num_gpus", "avg_batch_size", "avg_output_len"))
    second = number(row, "out_len_second_moment", file, line)
    spread = max(second / length**2, 1.0) if second else pack["output_spread"]
    cap, requests = (number(row, c, file, line) for c in ("max_num_seqs", "n_requests"))
    shown = window_prompts(requests, cap, spread) if cap and requests else 1.0
    precision = held_as(row["weight_precision"], _architecture(row))
    machine = machine_of(device, precision, gpus, number(row, "data_parallel", file, line) or 1.0)
    tier = "guess" if packs.stands_in(device.generation, pack) else "physics"
    return Deployment(row["model_id"], _family(row, pack), row["task"], device, model, precision, machine, batch, length, spread,
                      shown, tier, tower_of(row["model_id"])[1])  # fmt: skip


def _family(row: Row, pack: Mapping[str, Any]) -> str:
    """The family as recorded; where that had no part in the fit, that in which the model of the table had one."""
    told = row.get("base_model") or ""
    known = (packs.family_of(found.architecture.id, pack) if (found := _found(name)) and found.architecture else None
             for name in (row["model_id"], told))  # fmt: skip
    return told if told in pack["without"] else next((family for family in known if family), told or row["model_id"])


def _incomparable(each: Mapping[str, Predicted]) -> str:
    """In words why what was observed of a row cannot be compared; "" where it can."""
    seen = [one.observed for one in each.values()]
    if any(value < 0 for value in seen):
        return "energy below zero"
    if not any(value > 0 for value in seen):
        return "zero energy" if 0.0 in seen else "no energy to compare with"
    units = [unit for one in each.values() if (unit := other_unit(one.observed / one.best))]
    return f"energy seems to be in {units[0]}" if units else ""


def _predicted(name: str, run: Deployment, seen: Mapping[str, float], pack: Mapping[str, Any]) -> dict[str, Predicted]:
    """Each target of a row, ``seen`` being what was observed."""
    fitted = packs.without_family(run.family, pack)
    found, prompt_log_sd = step_of(run, fitted or pack)
    low, high = packs.interval(run.tier, fitted or pack, prompt_log_sd)
    token = float(found.energy_j) / run.batch
    best = {"energy_per_output_token": token, "energy_per_output": token * run.output_tokens}
    fit, told = "leave-one-out" if fitted else "unseen", _assumed(run, pack)
    return {target: Predicted(name, run.family, fit, seen[target], each, each * float(low), each * float(high), told)
            for target, each in best.items()}  # fmt: skip


def _assumed(run: Deployment, pack: Mapping[str, Any]) -> tuple[str, ...]:
    if run.tower is not None and run.task == PICTURED:
        return (f"prompts of {QUESTION:.0f} tokens and an image of {SIDE} × {SIDE} pixels, {run.tower.tokens(SIDE, SIDE)} tokens",)
    known = run.task in pack["prompts"]
    length = pack["prompts"].get(run.task, pack["prompts"][""])["tokens"]
    return (f"prompts of {length:.0f} tokens: {'as fitted for this task' if known else 'the task is not known'}",)


def _device(name: str) -> Device | None:
    try:
        found = devices.device(name)[0]
        found.peak("bf16")
    except (UnknownName, BadInput):
        return None
    return found if found.memory_bw_gb_s and found.tdp_w else None


def _model(row: Row, file: str, line: int) -> Served | None:
    """The shape of the table where a name of the row is there with as many parameters, else that of its columns."""
    total = number(row, "params_total_b", file, line)
    for name in (row["model_id"], row.get("base_model") or ""):
        found = _named(name, total)
        if found is not None:
            return found
    active = number(row, "params_active_b", file, line) or total
    layers, hidden = (number(row, c, file, line) for c in ("layers", "hidden"))
    if not total or not active or not layers:
        return None
    return from_counts(total, active, layers, hidden or layers * TYPICAL_WIDTH,
                       number(row, "kv_elems_per_ctx_token", file, line) or 0.0,
                       number(row, "attn_layers", file, line), "mamba" in row.get("architecture", "").lower())  # fmt: skip


def _architecture(row: Row) -> Architecture | None:
    """The architecture of the table that the row's model has, by either of its names."""
    told = (found.architecture for name in (row["model_id"], row.get("base_model") or "") if (found := _found(name)))
    return next((each for each in told if each), None)


def _found(name: str) -> models.Model | None:
    """The model of the table that bears this name beyond doubt."""
    try:
        found = models.find(VARIANTS.sub("", name.split("/")[-1].lower()))
    except (UnknownName, BadInput):
        return None
    return None if any(a.what == "model" and "words" in a.why for a in found.assumptions) else found


def _named(name: str, total_b: float | None) -> Served | None:
    found = _found(name)
    if found is None or found.architecture is None or found.architecture.kind == "encoder-decoder":
        return None
    if total_b and not 1 / AGREE < found.params / 1e9 / total_b < AGREE:
        return None
    return served(found.architecture)
