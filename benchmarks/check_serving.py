"""Scores the serving estimate on measurements it never saw: another laboratory's cards, whole systems at the wall, and
EcoLogits' package on the same rows.

    python benchmarks/check_serving.py ../shared/data

LLM-Inference-Bench: 1,024 tokens in and out, one card. MLPerf Inference v4.1: eight H200 with a power limit, wall meter;
batch caps and limits from the submission (closed/NVIDIA/configs), lengths of the data sets as noted below. EcoLogits is
scored where it is installed.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from jevons.estimate.server import pack as serving_pack
from jevons.estimate.server.deployment import machine_of
from jevons.estimate.server.memory import largest_batch
from jevons.estimate.server.physics import Load, capped, step
from jevons.estimate.server.shape import precision_of, served
from jevons.estimate.server.validate import predict
from jevons.estimate.serving import serving
from jevons.estimate.validation import scores
from jevons.world import devices, models

CARDS = {"Nvidia H100 GPU": "h100", "Nvidia A100 GPU": "a100-40gb", "Nvidia GH200 GPU": "gh200"}
MODELS = {"meta-llama/Llama-2-7b-hf": "llama-2-7b", "meta-llama/Meta-Llama-3-8B": "llama-3-8b"}
TOKENS = 1024.0
WALL = {
    # model: id, tokens in, tokens out, beams, cap on sequences, watts a card, samples/s asked in Server; lengths: means of the data sets (mixtral:
    # 145.9 out is MLPerf's reference of v4.1, in the history of language/mixtral-8x7b/README.md; 300 in, and gptj's 778 in and 73 out,
    # are remembered, not verified)
    "mixtral-8x7b": ("mixtral-8x7b", 300.0, 145.9, 1, 3072, 500.0, 311.6),
    "gptj-99": ("gpt-j-6b", 778.0, 73.0, 4, 396, 350.0, 170.0),
}
LENGTH_LOG_SD = 0.3  # of those lengths


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def line(name: str, observed: Any, best: Any, low: Any = None, high: Any = None) -> None:
    """One score, printed."""
    inside = "" if low is None else f" inside 80 % {scores.coverage(observed, low, high):.2f}"
    print(f"{name}: n {len(observed)} MAPE {scores.mape(observed, best):.3f} median {scores.median_ape(observed, best):.3f} "
          f"bias {scores.bias(observed, best):+.3f} within 2x {scores.within_factor(observed, best):.2f}{inside}")  # fmt: skip


def laboratory_rows(path: Path, pack: dict[str, Any]) -> dict[tuple[str, str], list[tuple[float, ...]]]:
    """LLM-Inference-Bench's power rows by card and framework: joules an output token, prompts included; measured, best
    and the ends of the 80 % interval."""
    found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for row in rows_of(path):
        card = devices.device(CARDS[row["hardware"]])[0]
        shape, held = served(models.find(MODELS[row["model"]]).architecture), precision_of("bf16")
        batch = float(row["batch_size"])
        load = Load(batch, 1.5 * TOKENS, batch / TOKENS, TOKENS)
        one = step(shape, held, machine_of(card, held, 1.0), load, serving_pack.coefficients(card.generation, pack))
        tier = "guess" if serving_pack.stands_in(card.generation, pack) else "physics"
        best, ends = float(one.energy_j) / batch, serving_pack.interval(tier, pack)
        measured = 2 * float(row["energy_per_token_j"])  # theirs counts tokens in and out
        found.setdefault((card.name, row["framework"]), []).append((measured, best, best * ends[0], best * ends[1]))
    return found


def another_laboratory(path: Path, pack: dict[str, Any]) -> None:
    """LLM-Inference-Bench, printed by card."""
    found = laboratory_rows(path, pack)
    for name, values in found.items():
        line(" ".join(name), *np.array(values).T)
    line("all H100", *np.array([v for k, values in found.items() if "H100" in k[0] for v in values]).T)


def wall_rows(path: Path, pack: dict[str, Any]) -> list[tuple[str, float, float, float, float]]:
    """MLPerf rows of language models: name, joules of the whole system a sample, best and the ends of the interval."""
    found = []
    for row in rows_of(path):
        told = WALL.get(row["model"].replace("gptj-99.9", "gptj-99"))
        if told is not None:
            best, low, high = wall_j(*told, pack, server=row["scenario"] == "server")
            found.append((f"{row['model']} {row['scenario']}", float(row["j_per_sample"]), best, low, high))
    return found


def at_the_wall(path: Path, pack: dict[str, Any]) -> None:
    """MLPerf at the wall, printed."""
    found = wall_rows(path, pack)
    for name, observed, best, low, high in found:
        print(f"  {name}: {observed:.2f} J, ours {best:.2f} [{low:.2f}, {high:.2f}]")
    line("MLPerf at the wall", *np.array([values for _, *values in found]).T)


def encoders_at_the_wall(path: Path) -> None:
    """MLPerf rows of BERT-large on SQuAD (184 tokens a sample remembered, not verified), int8 or fp8, 400 W a card."""
    found = []
    for row in rows_of(path):
        if row["model"].startswith("bert"):
            one = serving("bert-large", "h200", 8, tensor=1, batch=128, input_tokens=184, output_tokens=1, precision="fp8",
                          power_limit=400).total() * 3.6e6  # fmt: skip
            found.append((float(row["j_per_sample"]), float(one[0]), *np.quantile(one[1:], [0.1, 0.9])))
    line("MLPerf BERT at the wall", *np.array(found).T)


def wall_j(name: str, given: float, made: float, beams: int, cap: float, limit_w: float, rate: float, pack: dict[str, Any],
           server: bool) -> tuple[float, float, float]:  # fmt: skip
    """Joules a sample of one of eight replicas: its card and its share of the host. Beams share their prompt's cache.

    Offline runs at the largest batch that fits, Server at the least that keeps up with the rate asked for.
    """
    card, held = devices.device("h200")[0], precision_of("fp8")
    shape, machine = served(models.find(name).architecture), machine_of(card, held, 1.0)
    context = given / beams + made / 2
    room = float(largest_batch(shape, held, card.memory_gb or 0.0, 1.0, context, 1.0))
    batch = np.arange(1.0, min(cap * beams, room) + 1)
    load = Load(batch, context, batch / beams / made, given, cache_bytes=1.0)
    one = step(shape, held, machine, load, serving_pack.coefficients(card.generation, pack))
    one = capped(one, 1.0, limit_w, card.idle_power().best_w)
    seconds = one.total_s * made * beams / batch
    keeps_up = np.flatnonzero(1.0 / seconds >= rate / 8) if server else []
    at = int(keeps_up[0]) if len(keeps_up) else -1
    card_j, share, limit = float((one.energy_j * made * beams / batch)[at]), pack["host_share"], card.power_limit_w()
    low, high = serving_pack.interval("physics", pack, LENGTH_LOG_SD * float((one.prefill_j / one.energy_j)[at]))
    host = [seconds[at] * limit * share[k] for k in ("low", "best", "high")]
    down, up = np.hypot(card_j * (1 - low), host[1] - host[0]), np.hypot(card_j * (high - 1), host[2] - host[1])
    best = card_j + host[1]
    return best, best - float(down), best + float(up)


def beside_ecologits(path: Path, pack: dict[str, Any]) -> None:
    """EcoLogits' energy of the accelerators an output token, by its own functions, on ML.ENERGY's rows."""
    try:
        from ecologits.impacts import llm  # type: ignore[import-not-found]
    except ImportError:
        print("EcoLogits is not installed: not scored")
        return
    table = rows_of(path)
    ours = predict(table, pack).targets["energy_per_output_token"]
    theirs = np.array([ecologits_j(llm, float(r["params_active_b"]), float(r["params_total_b"])) for r in table])
    observed, best, low, high = ours.arrays()
    line("ours, families left out", observed, best, low, high)
    line("EcoLogits", observed, theirs)
    print(f"EcoLogits' error over ours: {scores.mape(observed, theirs) / scores.mape(observed, best):.1f}")
    errors = scores.ape(observed, best), scores.ape(observed, theirs)
    print(json.dumps(scores.paired_difference(*errors, ours.families)))


def ecologits_j(llm: Any, active_b: float, total_b: float) -> float:
    """Joules of all accelerators a token by EcoLogits at its one batch."""
    token_kwh = llm.gpu_energy(active_b, 1.0, llm.BATCH_SIZE, llm.GPU_ENERGY_ALPHA, llm.GPU_ENERGY_BETA, llm.GPU_ENERGY_GAMMA)
    memory = llm.model_required_memory(total_b, llm.MODEL_QUANTIZATION_BITS)
    return float(token_kwh * llm.gpu_required_count(memory, llm.GPU_MEMORY)) * 3.6e6


def main() -> None:
    data, pack = Path(sys.argv[1]), serving_pack.serving_pack()
    another_laboratory(data / "inference" / "llm_inference_bench_power.csv", pack)
    at_the_wall(data / "power_truth" / "mlperf_wall" / "mlperf_inference_v41_wall.csv", pack)
    encoders_at_the_wall(data / "power_truth" / "mlperf_wall" / "mlperf_inference_v41_wall.csv")
    beside_ecologits(data / "inference" / "mlenergy_llm_train.csv", pack)


if __name__ == "__main__":
    main()
