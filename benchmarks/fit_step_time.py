"""Fit the step-time coefficients jointly on the measured steps and write the pack.

    python benchmarks/fit_step_time.py            # fit, leave each model out in turn, print the table, write the pack
    python benchmarks/fit_step_time.py --dry-run  # the same, writing nothing

Data: $JEVONS_SHARED/data/reference/mfu_*.csv. Needs scipy. Estimate: maximum a posteriori in the logarithm of each
coefficient, soft-L1 loss of log(predicted / observed), a log-normal prior around the values below.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from jevons.estimate.cluster.parallelism import Block, Layout, Machine
from jevons.estimate.cluster.step_time import Coefficients, regime, step_time
from jevons.estimate.cluster.validate_step_time import Steps, read

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "src/jevons/estimate/coefficients/step_time.json"
DATA = Path(os.environ.get("JEVONS_SHARED", ROOT.parent / "shared")) / "data/reference"
SETS = {"vTrain single node": ("mfu_vtrain_single_a100.csv", 1.0), "vTrain multi node": ("mfu_vtrain_multi_a100.csv", 2.5),
        "Mosaic FSDP": ("mfu_mosaic_fsdp.csv", 2.5)}  # fmt: skip
SOFT = 0.02  # log residual at which the loss turns from squares to absolute values
PRIOR = 0.25  # weight of one unit of log distance from the prior, in units of SOFT-scaled residuals

# coefficient: (prior, low, high, unit, meaning). Ceilings of efficiency are the measured maxima (MAMF) of ml-engineering.
TABLE = {
    "gemm_efficiency_ampere": (0.72, 0.5, 0.869, "share of peak", "large matrix products on A100 in 16 bit"),
    "gemm_efficiency_hopper": (0.62, 0.4, 0.803, "share of peak", "large matrix products on H100 in 16 bit"),
    "gemm_efficiency_hopper_fp8": (0.45, 0.2, 0.803, "share of FP8 peak", "large matrix products on H100 in FP8"),
    "gemm_half_width": (100, 0.5, 3000, "elements", "width of a rank at which products reach half their ceiling"),
    "gemm_half_tokens": (100, 1, 8000, "tokens", "tokens of a micro-batch at which products reach half their ceiling"),
    "odd_width_slowdown": (2.0, 1, 6, "factor", "output head whose vocabulary slice is odd"),
    "attention_efficiency_unfused": (0.4, 0.02, 0.9, "share of peak", "score products through memory, masked half counted"),
    "attention_efficiency_ampere": (0.5, 0.1, 2, "share of peak", "FlashAttention on A100, masked half counted"),
    "attention_efficiency_hopper": (0.3, 0.1, 2, "share of peak", "FlashAttention on H100, masked half counted"),
    "score_bytes": (13, 0.5, 60, "byte per score", "memory traffic of an unfused score, forward"),
    "vector_bytes_sharded": (28, 2, 400, "byte per hidden element", "vector traffic inside the tensor-parallel region, forward"),
    "vector_bytes_replicated": (24, 2, 200, "byte per hidden element", "vector traffic outside it, forward"),
    "logit_bytes": (30, 2, 120, "byte per logit", "traffic of logits and loss, forward and backward"),
    "recompute_share": (1.0, 0.1, 1.5, "forward passes", "matrix and vector work repeated by full recomputation"),
    "recompute_share_attention": (0.7, 0.1, 1.5, "forward passes", "attention work repeated by recomputation"),
    "launch_s": (2.8e-3, 1e-4, 6e-3, "s per block and micro-batch", "host time to launch the kernels, forward and backward"),
    "launch_tensor_share": (0.1, 0.01, 4, "share", "further launches with tensor parallelism"),
    "launch_unfused_softmax_s": (1e-3, 1e-5, 4e-3, "s per block and micro-batch", "further launches without the fused softmax"),
    "launch_fused_share": (0.5, 0.05, 2, "share", "launches with fused attention, of those without"),
    "launch_sharpness": (3, 1.2, 12, "exponent", "norm that joins work and launch floor"),
    "link_share_in_node": (0.75, 0.1, 1, "share of link rate", "attained inside a node"),
    "link_share_between": (0.75, 0.05, 1, "share of link rate", "attained between nodes"),
    "collective_latency_s": (1e-4, 1e-7, 1e-3, "s", "start of one tensor-parallel all-reduce"),
    "stage_transfer_exposed": (0.3, 0.02, 1, "share", "of the transfer between pipeline stages not hidden"),
    "data_overlap": (0.5, 0.01, 1, "share", "of streamed data-parallel traffic hidden behind work"),
    "optimizer_bytes": (30, 4, 150, "byte per parameter", "traffic of the optimizer step"),
    "step_overhead_s": (1e-3, 1e-5, 0.2, "s per step", "fixed part of a step"),
    "waiting_share": (0.01, 1e-4, 0.1, "share per doubling of nodes", "waiting for the slowest of many nodes"),
}  # fmt: skip

LAYOUTS = {
    "vtrain": {
        "device": "nvidia-a100-sxm4-80gb",
        "link_between_gb_s": 12.5,
        "one_node": {"vocab": 50257, "recompute": "none"},
        "many_nodes": {"vocab": 51200, "recompute": "full"},
        "words": {},
        "note": "VIA-Research/vTrain: 800 Gb/s between nodes and 8 devices a node in config/validation; vocabulary 50257 is "
        "the default of its config class; 51200 and recomputation in the multi-node set as its data are described; the "
        "80 GB variant of the A100 is assumed",
    },
    "llm-foundry": {
        "vocab": 50368,
        "words": {
            "Model": {
                "125m": [12, 768, 12], "350m": [24, 1024, 16], "760m": [24, 1536, 12], "1b": [24, 2048, 16],
                "3b": [32, 2560, 20], "7b": [32, 4096, 32], "13b": [40, 5120, 40], "30b": [48, 7168, 56],
                "70b": [80, 8192, 64],
            },
            "GPU": {
                "a100_40gb": {"id": "nvidia-a100-sxm4-40gb", "link_between_gb_s": 25},
                "a100_80gb": {"id": "nvidia-a100-sxm4-80gb", "link_between_gb_s": 25},
                "h100_80gb": {"id": "nvidia-h100-sxm5-80gb", "link_between_gb_s": 50},
            },
            "Precision": {"bf16": "bf16", "amp_bf16": "bf16", "amp_fp8": "fp8"},
            "MP Mode": {"PURE": 2, "DEFAULT": 4},
            "Sharding Strategy": {"FULL_SHARD": "zero3", "SHARD_GRAD_OP": "zero2"},
            "Activation Checkpointing": {"True": "full", "False": "none"},
            "Activation CPUOffload": {"False": "none"},
        },
        "note": "mosaicml/llm-foundry, scripts/train/yamls/pretrain (layers, hidden, heads, vocabulary); MP Mode gives the "
        "bytes of a reduced gradient; one 200 Gb/s adapter an A100 and 400 Gb/s an H100 are assumed",
    },
}  # fmt: skip


def load() -> tuple[Steps, np.ndarray]:
    """All rows of the three sets as one, and the set of each."""
    rows, sets, parts = Steps(), [], []
    for name, (file, _) in SETS.items():
        with open(DATA / file, newline="", encoding="utf-8") as handle:
            parts.append(read(list(csv.DictReader(handle)), {"layouts": LAYOUTS}, file))
        sets += [name] * len(parts[-1].keys)
    for part in parts:
        for column, values in part.columns.items():
            rows.columns.setdefault(column, []).extend(values)
        rows.keys += part.keys
        rows.families += part.families
        for target, values in part.observed.items():
            rows.observed[target] += values
    return rows, np.array(sets)


def fit(nouns: tuple[Block, Layout, Machine], observed: np.ndarray, weights: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Logarithms of the coefficients, in the order of `TABLE`."""
    prior, low, high = (np.log([row[i] for row in TABLE.values()]) for i in range(3))

    def residuals(logs: np.ndarray) -> np.ndarray:
        ratio = np.log(step_time(*nouns, named(logs)).total_s / observed)
        return np.concatenate([weights * ratio, PRIOR * (logs - prior)])

    start = np.clip(start, low + 1e-6, high - 1e-6)
    found = least_squares(residuals, start, bounds=(low, high), loss="soft_l1", f_scale=SOFT, max_nfev=200, x_scale="jac")
    return found.x


def named(logs: np.ndarray) -> Coefficients:
    """The coefficients from their logarithms."""
    return Coefficients.of(dict(zip(TABLE, np.exp(logs))))


def leave_out(rows: Steps, groups: np.ndarray, observed: np.ndarray, weights: np.ndarray, start: np.ndarray
              ) -> tuple[np.ndarray, dict[str, np.ndarray]]:  # fmt: skip
    """Step times predicted without the row's own group, and the coefficients fitted without each."""
    best, without = np.empty(len(observed)), {}
    for group in np.unique(groups):
        out = groups == group
        without[group] = fit(rows.nouns(~out), observed[~out], weights[~out], start)
        best[out] = step_time(*rows.nouns(out), named(without[group])).total_s
    return best, without


def groups_of_siblings(rows: Steps, folds: int = 10) -> np.ndarray:
    """Ten folds of rows alike but for batch and device count, as names."""
    c = rows.columns
    alike = [f"{f}|{s}|{g}|{t}|{p}" for f, s, g, t, p in zip(rows.families, c["seq_len"], c["mem_gb"],
             c.get("tensor"), c.get("pipeline"))]  # fmt: skip
    names, place = np.unique(alike, return_inverse=True)
    return (np.random.default_rng(0).permutation(len(names)) % folds)[place]


def quantiles(log_ratio: np.ndarray, regimes: np.ndarray, families: np.ndarray) -> dict[str, dict[str, float]]:
    """Residuals log(observed / predicted) of rows left out, by regime.

    A new model is one more draw of a family, so with F families the tails are taken at F/(F + 1) of their 10 %.
    """
    rows = {}
    for name in np.unique(regimes):
        here = regimes == name
        r, of = log_ratio[here], len(set(families[here]))
        tail = 0.1 * of / (of + 1)
        low, middle, high = np.quantile(r, [tail, 0.5, 1 - tail])
        rows[str(name)] = {"n": len(r), "families": of, "log_sd": float(r.std()), "log_q10": float(low),
                           "log_median": float(middle), "log_q90": float(high)}  # fmt: skip
    return rows


def report(title: str, sets: np.ndarray, observed: np.ndarray, best: np.ndarray, low: np.ndarray | None = None,
           high: np.ndarray | None = None) -> dict[str, dict[str, float]]:  # fmt: skip
    """Print and return the errors by set; Mosaic's are those of its MFU, the inverse of the time."""
    print(title)
    table = {}
    for name in SETS:
        q = sets == name
        ratio = observed[q] / best[q] if "Mosaic" in name else best[q] / observed[q]
        error = np.abs(ratio - 1)
        row = {"n": int(q.sum()), "mape": error.mean(), "median_ape": np.median(error)}
        if low is not None and high is not None:
            row["coverage_80"] = np.mean((observed[q] >= low[q]) & (observed[q] <= high[q]))
            row["width_80"] = np.median(high[q] / low[q])
        table[name] = row
        print(f"  {name:20s}", "  ".join(f"{k} {v:.4g}" for k, v in row.items()))
    return table


def rounded(value: object, digits: int = 5) -> object:
    """Floats to five significant digits, wherever they are."""
    if isinstance(value, dict):
        return {k: rounded(v, digits) for k, v in value.items()}
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def main() -> None:
    rows, sets = load()
    assert tuple(TABLE) == tuple(f.name for f in fields(Coefficients)), "the table must name every coefficient, in order"
    observed = np.array(rows.observed["step_time"])
    weights = np.array([SETS[name][1] for name in sets])
    families = np.array(rows.families)
    everything = rows.nouns()
    start = np.log([row[0] for row in TABLE.values()])
    full = fit(everything, observed, weights, start)
    report("in sample", sets, observed, step_time(*everything, named(full)).total_s)
    siblings, _ = leave_out(rows, groups_of_siblings(rows), observed, weights, full)
    by_siblings = report("10 folds, siblings together", sets, observed, siblings)
    best, without = leave_out(rows, families, observed, weights, full)
    regimes = np.asarray(regime(*everything[1:]))
    log_ratio = np.log(observed / best)
    packs = {f: {"coefficients": dict(zip(TABLE, np.exp(logs).tolist())),
                 "residuals": quantiles(log_ratio[families != f], regimes[families != f], families[families != f])}
             for f, logs in without.items()}  # fmt: skip
    low, high = (np.array([best[i] * np.exp(packs[families[i]]["residuals"][regimes[i]][q]) for i in range(len(best))])
                 for q in ("log_q10", "log_q90"))  # fmt: skip
    by_family = report("each model left out", sets, observed, best, low, high)
    pack = {
        "name": "step-time",
        "fit_date": "2026-11-23",
        "estimate": "one joint maximum a posteriori fit of log step time over all sets (benchmarks/fit_step_time.py)",
        "sets": {name: {"file": file, "rows": int((sets == name).sum())} for name, (file, _) in SETS.items()},
        "sources": "VIA-Research/vTrain data/ground_truth (MIT-style, (c) 2024 VIA Research Group at KAIST); mosaicml/llm-foundry "
        "scripts/train/benchmarking (Apache-2.0)",
        "interval": "quantiles of log(observed / predicted) of models left out, tails at F/(F+1) of 10 % with F families",
        "units": {name: f"{row[3]}: {row[4]}" for name, row in TABLE.items()},
        "coefficients": dict(zip(TABLE, np.exp(full).tolist())),
        "residuals": quantiles(log_ratio, regimes, families),
        "cross_validation": {"each model left out": by_family, "10 folds, siblings together": by_siblings},
        "layouts": LAYOUTS,
        "rows": dict(zip(rows.keys, rows.families)),
        "without": packs,
    }
    if "--dry-run" not in sys.argv:
        PACK.write_text(json.dumps(rounded(pack), indent=1) + "\n", encoding="utf-8")
    print({k: float(f"{v:.3g}") for k, v in pack["coefficients"].items()})


if __name__ == "__main__":
    main()
