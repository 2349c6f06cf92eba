"""What a bench found, in the forms of others: ML.ENERGY's rows, MELODI's rows, and in the style of AI Energy Score.

    ML.ENERGY         a row a level; J over output tokens of the steady state (read back by `jevons validate serving`)
    MELODI            a row a request wholly within a steady state; kWh, durations in nanoseconds as Ollama tells them
    AI Energy Score   GPU Wh per 1,000 queries, one in flight; no official score, and what differs is named
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.measure.bench.bench import Bench
from jevons.measure.bench.client import Exchange
from jevons.measure.bench.window import Cost, Level

QUERIES = 1000
MANY_FAILED = 0.01
MLENERGY = ("task", "model_id", "base_model", "architecture", "params_total_b", "params_active_b", "weight_precision",
            "gpu_model", "num_gpus", "avg_power_w", "tensor_parallel", "expert_parallel", "data_parallel", "notes",
            "max_num_seqs", "avg_batch_size", "avg_output_len", "energy_per_output_token_j", "energy_per_request_j",
            "median_itl_ms", "p90_itl_ms", "p95_itl_ms", "p99_itl_ms", "output_tokens_per_s", "layers", "attn_layers",
            "kv_elems_per_ctx_token", "hidden", "out_len_p50", "out_len_second_moment", "n_requests", "quality")  # fmt: skip
POINTS = ("model", "on", "n", "precision", "batch", "input_tokens", "output_tokens", "energy_per_output_token_j")
MELODI = ("model_name", "created_at", "total_duration", "load_duration", "prompt_duration", "response_duration",
          "prompt_token_length", "response_token_length", "prompt", "response", "type", "clock_duration", "start_time",
          "end_time", "energy_consumption_llm_cpu", "energy_consumption_llm_gpu", "energy_consumption_llm_total",
          "energy_consumption_monitoring")  # fmt: skip


@dataclass(frozen=True)
class Deployment:
    """What the endpoint does not tell of itself. ``gpu`` and ``count``: as the sensors name them, where not given."""

    task: str = "jevons-bench"
    model: str = ""
    gpu: str = ""
    count: int = 0
    precision: str = ""


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A CSV file; what a row lacks or does not know is an empty cell."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return out.getvalue()


# ---- ML.ENERGY


def mlenergy(bench: Bench, deployed: Deployment) -> list[dict[str, Any]]:
    """A row a level that reached a steady state. Energy is of the accelerators, where there are any."""
    gpu, count = _gpus(bench, deployed)
    return [{
        "task": deployed.task, "model_id": deployed.model or bench.plan.model, "weight_precision": deployed.precision,
        "gpu_model": gpu, "num_gpus": count or None, "max_num_seqs": level.concurrency, "notes": _notes(bench, level),
        "avg_batch_size": level.in_flight, "avg_output_len": level.lengths["output_mean"],
        "out_len_p50": level.lengths["output_p50"], "out_len_second_moment": level.lengths["output_second_moment"],
        "output_tokens_per_s": level.tokens_per_s, "n_requests": level.sent, **_joules(level),
        **{f"{name}_itl_ms": 1000 * value for name, value in level.between_tokens_s.items()},
        "quality": quality(bench, level),
    } for level in bench.levels if level.window_s]  # fmt: skip


def quality(bench: Bench, level: Level) -> str:
    """"ok", or why the row should not be scored against."""
    if not level.energy_j:
        return "no energy"
    if "modelled" in bench.method:
        return "energy modelled"
    return "requests failed" if sum(level.failed.values()) > MANY_FAILED * level.sent else "ok"


def _gpus(bench: Bench, deployed: Deployment) -> tuple[str, int]:
    """Name and number of the accelerators: as declared, else as their meters name them."""
    cards = [meter for meter in bench.meters if meter.component == "accelerator"]
    named = cards[0].note.partition(",")[0] if cards else ""
    return deployed.gpu or named, deployed.count or len(cards)


def _joules(level: Level) -> dict[str, Any]:
    spent_j = sum(level.energy_j.values()) if level.accelerator_j is None else level.accelerator_j
    if not level.energy_j or not level.output_tokens:
        return {}
    per_token = spent_j / level.output_tokens
    return {"energy_per_output_token_j": per_token, "energy_per_request_j": per_token * level.lengths["output_mean"],
            "avg_power_w": spent_j / level.window_s}  # fmt: skip


def _notes(bench: Bench, level: Level) -> str:
    of = "accelerators" if level.accelerator_j is not None else "+".join(level.energy_j) or "nothing"
    return f"jevons bench serve; energy of {of}: {bench.method}; {bench.plan.arrivals} arrivals"


# ---- points of calibration


def points(bench: Bench, deployed: Deployment) -> list[dict[str, Any]]:
    """A row a level for ``jevons calibrate serving``: joules of the accelerators an output token. Errors: BadInput where none
    was metered, or where the endpoint does not count its input."""
    gpu, count = _gpus(bench, deployed)
    found = [
        {"model": deployed.model or bench.plan.model, "on": gpu, "n": count, "precision": deployed.precision or "bf16",
         "batch": max(level.in_flight, 1.0), "input_tokens": level.lengths["input_mean"], "output_tokens": level.lengths["output_mean"],
         "energy_per_output_token_j": level.accelerator_j / level.output_tokens}
        for level in bench.levels if level.accelerator_j and level.output_tokens and "input_mean" in level.lengths
    ]  # fmt: skip
    if not found:
        raise BadInput("points", bench.method, "a point needs a metered accelerator and an endpoint that counts its input; none had both")
    return found


# ---- MELODI


def melodi(bench: Bench) -> list[dict[str, Any]]:
    """A row a request; its energy by the rule of equal shares among those in flight, split as the machine's was."""
    return [_melodi_row(bench, level, exchange, cost) for level in bench.levels
            for exchange, cost in zip(level.exchanges, level.costs) if cost is not None]  # fmt: skip


def _melodi_row(bench: Bench, level: Level, e: Exchange, cost: Cost) -> dict[str, Any]:
    spent_j = sum(level.energy_j.values())
    gpu_kwh = cost.whole_j * (level.accelerator_j or 0.0) / spent_j / units.JOULES_PER_KWH
    whole_kwh = cost.whole_j / units.JOULES_PER_KWH
    start, end = (datetime.fromtimestamp(level.utc_s(t), UTC).isoformat() for t in (e.asked_ns, e.ended_ns))
    return {
        "model_name": bench.plan.model, "created_at": end, "start_time": start, "end_time": end,
        "total_duration": e.ended_ns - e.asked_ns, "prompt_duration": e.pieces_ns[0] - e.asked_ns,
        "response_duration": e.ended_ns - e.pieces_ns[0], "prompt_token_length": e.input_tokens,
        "response_token_length": e.tokens, "prompt": e.prompt.text, "response": "".join(e.text),
        "type": e.prompt.kind or "unknown", "clock_duration": f"0 days {timedelta(seconds=e.stay_s)}",
        "energy_consumption_llm_cpu": whole_kwh - gpu_kwh, "energy_consumption_llm_gpu": gpu_kwh,
        "energy_consumption_llm_total": whole_kwh,
    }  # fmt: skip


# ---- AI Energy Score


def energy_score(bench: Bench, deployed: Deployment) -> dict[str, Any]:
    """Wh per 1,000 queries at one in flight, marked as no official score. Errors: BadInput without such a level."""
    level = next((x for x in bench.levels if x.concurrency == 1 and x.energy_per_request_j is not None), None)
    if level is None or level.energy_per_request_j is None:
        raise BadInput("concurrency", bench.plan.concurrency, "AI Energy Score asks one query at a time: have a metered level 1")
    gpu, count = _gpus(bench, deployed)
    spent_j, own_j = sum(level.energy_j.values()), level.accelerator_j
    whole_wh = level.energy_per_request_j * QUERIES * units.convert(1.0, "J", "Wh")
    return {
        "style": "AI Energy Score", "official": False, "differs": _differs(bench, level, gpu), "stars": None,
        "task": "text_generation", "model": deployed.model or bench.plan.model, "hardware": gpu or None,
        "gpus": count or None, "queries_measured": level.finished, "runs": 1, "batch": 1,
        "gpu_energy_wh_per_1000_queries": None if own_j is None else whole_wh * own_j / spent_j,
        "energy_wh_per_1000_queries": whole_wh, "metered": sorted(level.energy_j), "method": bench.method,
        "output_tokens_mean": level.lengths["output_mean"],
    }  # fmt: skip


def _differs(bench: Bench, level: Level, gpu: str) -> list[str]:
    """In what this differs from the published method (1,000 queries of its data set, ten runs, H100, 16 bit)."""
    told = ["prompts of this bench, not the data set of the task", "one run, not ten",
            "a served endpoint, not the reference harness; stars need the other models of a leaderboard"]  # fmt: skip
    if level.finished != QUERIES:
        told.append(f"{level.finished} queries scaled to {QUERIES}")
    if "h100" not in gpu.lower():
        told.append("hardware that is not the H100 80 GB of the reference")
    if level.accelerator_j is None:
        told.append("no accelerator was metered: energy of the whole machine, not of the GPU")
    if bench.method != "counter":
        told.append(f"energy {bench.method}, not by counter")
    return told
