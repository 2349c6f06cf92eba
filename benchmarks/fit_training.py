"""Fits the coefficient pack of the L0 training estimate, and scores it beside constant-MFU baselines.

    python benchmarks/fit_training.py ../shared/data/reference/published_training_footprints.csv [--write]

Needs scipy. Maximum a posteriori: log hours of a run are Student-t about the prediction of
jevons.estimate.cluster.throughput_prior, coefficients normal about the named priors of coefficients/training.json.
The pack keeps, beside the full fit, one fit without each family; its residual quantiles come from leaving out
each of the remaining families in turn, so a family's interval has never seen that family either.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from jevons.estimate import packs
from jevons.estimate.cluster import throughput_prior
from jevons.estimate.cluster import validate as validate_training
from jevons.estimate.cluster.throughput_prior import EarlierRun
from jevons.estimate.cluster.validate import Run, predict, read_run
from jevons.estimate.validation import scores

PACK = Path(packs.__file__).with_name("coefficients") / "training.json"
SMALL_CLUSTER_DEVICES = 32.0  # issue 2 and projection.md: very small clusters (<= 32 devices) lose little
TENSOR_TFLOPS = (-8.82079068e-20, 1.68591116e-09, 133.954735)  # LLMCarbon's code, projection.md section 3.1
PIPELINE_TFLOPS = (-5.60233749e-23, 8.45435587e-11, 134.546129)
FITS_ONE_NODE = 0.03e9 * 80 * 8  # parameters: 0.03 B a GB, 8 devices of 80 GB
NOT_80_GB = 1 - 7.76 / 33.46


@dataclass
class Runs:
    """The runs with hours, as columns."""

    runs: list[Run]
    hours: np.ndarray
    families: np.ndarray
    classes: np.ndarray
    ideal_hours: np.ndarray  # at an MFU of one
    params: np.ndarray
    weight: np.ndarray  # of a small cluster


def load(rows: list[dict[str, str]], pack: dict[str, Any]) -> Runs:
    read = [(read_run(row, pack), row["device_hours"]) for row in rows]
    kept = [(run, float(hours)) for run, hours in read if isinstance(run, Run) and hours]
    runs = [run for run, _ in kept]
    classes = [throughput_prior.throughput_class(r.device.generation, r.year, prior_classes(pack))[0] for r in runs]
    return Runs(
        runs,
        np.array([hours for _, hours in kept]),
        np.array([r.family for r in runs]),
        np.array(classes),
        np.array([r.flops / (3600 * r.device.peak("bf16").tflops * 1e12) for r in runs]),
        np.array([r.params_active for r in runs]),
        np.array([throughput_prior.small_cluster_weight(r.devices, SMALL_CLUSTER_DEVICES) for r in runs]),
    )


def prior_classes(pack: dict[str, Any]) -> dict[str, Any]:
    """The pack with coefficients that name every class with a prior, so that classes can be looked up unfitted."""
    return {**pack, "coefficients": {"effective_mfu": dict.fromkeys(pack["priors"]["step_mfu"], 1.0)}}


def log_hours(theta: np.ndarray, data: Runs, priors: dict[str, Any]) -> np.ndarray:
    """theta = overhead, small-cluster gain, ln k, one offset a class, one deviation of ln k a stack that pays it."""
    names = list(priors["step_mfu"])
    index = np.array([names.index(c) for c in data.classes])
    step = np.log([priors["step_mfu"][c]["value"] for c in data.classes])
    offsets, own = np.split(theta[3:], [len(names)])
    pays, stacks = costly(data, priors)
    log_k = theta[2] + np.where(pays, own[np.searchsorted(stacks, data.families).clip(max=len(stacks) - 1)], 0.0)
    cost = np.where(pays, np.exp(log_k) / np.maximum(data.params, priors["per_token_params"]["smallest_params"]), 0.0)
    log_mfu = step - theta[0] - offsets[index] + data.weight * theta[1] - np.log1p((1 - data.weight) * cost)
    return np.log(data.ideal_hours) - log_mfu


def costly(data: Runs, priors: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Which runs pay a cost per token, and the families they belong to."""
    pays = np.isin(data.classes, priors["per_token_params"]["generations"])
    return pays, np.unique(data.families[pays])


def fit(data: Runs, keep: np.ndarray, priors: dict[str, Any]) -> np.ndarray:
    """Maximum a posteriori theta from the kept runs; a stack without any keeps the deviation 0 of a stack unseen."""
    token = priors["per_token_params"]
    named = [priors["overhead"], priors["small_cluster_gain"], token]
    steps, stacks = len(priors["step_mfu"]), len(costly(data, priors)[1])
    centre = np.array([p["log"] for p in named] + [0.0] * (steps + stacks))
    sd = np.array([p["log_sd"] for p in named] + [priors["step_mfu_log_sd"]] * steps + [token["between_stacks_log_sd"]] * stacks)
    scale, nu = priors["errors"]["scale"], priors["errors"]["degrees_of_freedom"]
    observed = np.log(data.hours)

    def loss(theta: np.ndarray) -> float:
        error = (observed - log_hours(theta, data, priors))[keep] / scale
        return float((nu + 1) / 2 * np.log1p(error**2 / nu).sum() + (((theta - centre) / sd) ** 2).sum() / 2)

    theta = centre
    for _ in range(2):
        theta = minimize(loss, theta, method="L-BFGS-B").x
    return theta


def coefficients(theta: np.ndarray, priors: dict[str, Any]) -> dict[str, Any]:
    """theta as the pack tells it."""
    steps = priors["step_mfu"]
    mfu = {name: steps[name]["value"] * np.exp(-theta[0] - off) for name, off in zip(steps, theta[3:], strict=False)}
    mfu["other"] = float(np.exp(np.mean(np.log(list(mfu.values())))))
    return {
        "effective_mfu": {name: round(float(value), 4) for name, value in mfu.items()},
        "small_cluster_gain": round(float(np.exp(theta[1])), 4),
        "small_cluster_devices": SMALL_CLUSTER_DEVICES,
        "per_token_smallest_params": priors["per_token_params"]["smallest_params"],
        "per_token_params": {g: float(f"{np.exp(theta[2]):.4g}") for g in priors["per_token_params"]["generations"]},
    }


def standard_residuals(data: Runs, keep: np.ndarray, pack: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Left-out-family residuals of ln hours among the kept runs, over their relative spread; and their families."""
    found, families = [], []
    for name in np.unique(data.families[keep]):
        theta = fit(data, keep & (data.families != name), pack["priors"])
        mine = keep & (data.families == name)
        trial = {**pack, "coefficients": coefficients(theta, pack["priors"])}
        gap = (np.log(data.hours) - log_hours(theta, data, pack["priors"]))[mine]
        spread = [
            throughput_prior.relative_spread(np.asarray(r.params_active), c, False, r.devices, trial)
            for r, c, m in zip(data.runs, data.classes, mine, strict=True)
            if m
        ]
        found += list(gap / np.array(spread))
        families += [name] * int(mine.sum())
    return np.array(found), np.array(families)


def quantiles(residuals: np.ndarray, families: np.ndarray) -> dict[str, float]:
    """10 % and 90 % of the residuals, each family of weight one, at Weibull plotting positions i / (n + 1)."""
    _, index, count = np.unique(families, return_inverse=True, return_counts=True)
    order = np.argsort(residuals)
    weight = (1.0 / count[index])[order]
    position = np.cumsum(weight) / (weight.sum() + weight.mean())
    low, high = np.interp([0.1, 0.9], position, residuals[order])
    return {"log_p10": round(float(low), 4), "log_p90": round(float(high), 4)}


def fitted_pack(data: Runs, pack: dict[str, Any]) -> dict[str, Any]:
    """The pack with everything that is fitted, filled in."""
    everything = np.ones(len(data.runs), dtype=bool)

    def part(keep: np.ndarray) -> dict[str, Any]:
        theta = fit(data, keep, pack["priors"])
        residuals = quantiles(*standard_residuals(data, keep, pack))
        return {"coefficients": coefficients(theta, pack["priors"]), "residuals": residuals}

    names = [str(name) for name in np.unique(data.families)]
    keys = {f"{r.model}|{r.hardware}": r.family for r in data.runs}
    without = {name: part(data.families != name) for name in names}
    return {**pack, **part(everything), "n": len(keys), "rows": keys, "without": without}


def constant_mfu(data: Runs, peak_work: np.ndarray) -> np.ndarray:
    """Hours by the constant MFU that has the least MAPE on all other families' runs."""
    grid = np.linspace(0.05, 0.8, 301)
    hours = np.zeros(len(data.runs))
    for name in np.unique(data.families):
        others, mine = data.families != name, data.families == name
        errors = [scores.mape(data.hours[others], peak_work[others] / m) for m in grid]
        hours[mine] = peak_work[mine] / grid[int(np.argmin(errors))]
    return hours


def six_nd_hours(data: Runs, rows: dict[str, float]) -> np.ndarray:
    """Hours at peak for 6ND, whatever the architecture."""
    work = np.array([rows[f"{r.model}|{r.hardware}"] for r in data.runs])
    return 6 * data.params * work / np.array([3600 * r.device.peak("bf16").tflops * 1e12 for r in data.runs])


def llmcarbon_hours(data: Runs, hours_at_peak: np.ndarray) -> np.ndarray:
    """Hours by LLMCarbon's throughput regression alone, as an efficiency (its A100's 312 TFLOP/s) of the real peak."""
    poly = np.where(data.params < FITS_ONE_NODE, np.polyval(TENSOR_TFLOPS, data.params), np.polyval(PIPELINE_TFLOPS, data.params))
    large = np.array([(r.device.memory_gb or 0) >= 80 for r in data.runs])
    return hours_at_peak / (poly / 312 * np.where(large, 1.0, NOT_80_GB))


def with_one_earlier_run(data: Runs, pack: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of families with two runs or more of one class: which, APE without and with the sibling nearest in size."""
    which, plain, given = [], [], []
    for i, run in enumerate(data.runs):
        siblings = [
            j for j in range(len(data.runs)) if j != i and data.families[j] == run.family and data.classes[j] == data.classes[i]
        ]
        if not siblings:
            continue
        j = min(siblings, key=lambda k: abs(np.log(data.params[k] / data.params[i])))
        other = data.runs[j]
        earlier = EarlierRun(
            float(data.hours[j]), other.flops, other.params_active, other.device.generation,
            other.device.peak("bf16").tflops * 1e12, other.year, other.devices,
        )  # fmt: skip
        fitted = throughput_prior.without_family(run.family, pack) or pack
        alone = validate_training.hours_of(run, fitted)
        shift, _ = throughput_prior.calibrate(earlier, run.params_active, data.classes[i], fitted)
        which.append(i)
        plain.append(abs(float(alone.best) / data.hours[i] - 1))
        given.append(abs(float(alone.best * shift) / data.hours[i] - 1))
    return np.array(which), np.array(plain), np.array(given)


def report(rows: list[dict[str, str]], data: Runs, pack: dict[str, Any]) -> None:
    """Prints the scores, each with n, and the paired differences."""
    result = predict(rows, pack)
    print(json.dumps(result.scores()["targets"], indent=1))
    hours = result.targets["device_hours"]
    best = dict(zip(zip(hours.names, hours.observed), hours.best))
    ours = scores.ape(data.hours, [best[r.model, h] for r, h in zip(data.runs, data.hours, strict=True)])
    tokens = {f"{r['model']}|{r['hardware']}": float(r["tokens_b"]) * 1e9 for r in rows if r["tokens_b"]}
    fam = list(data.families)
    rivals = {
        "constant MFU, 6ND": constant_mfu(data, six_nd_hours(data, tokens)),
        "constant MFU, our FLOPs": constant_mfu(data, data.ideal_hours),
        "constant 0.35, 6ND": six_nd_hours(data, tokens) / 0.35,
        "LLMCarbon's regression": llmcarbon_hours(data, six_nd_hours(data, tokens)),
    }
    for name, predicted in rivals.items():
        theirs = scores.ape(data.hours, predicted)
        interval = scores.clustered_bootstrap(theirs, fam)
        print(f"{name}: n {len(fam)} mape {theirs.mean():.3f} {np.round(interval, 3)} median {np.median(theirs):.3f} "
              f"within 2x {scores.within_factor(data.hours, predicted):.2f} ours-theirs {scores.paired_difference(ours, theirs, fam)}")
    which, plain, given = with_one_earlier_run(data, pack)
    names = [fam[i] for i in which]
    print(f"one earlier run: n {len(which)} families {len(set(names))} mape {plain.mean():.3f} -> {given.mean():.3f} "
          f"{scores.clustered_bootstrap(given, names)} median {np.median(plain):.3f} -> {np.median(given):.3f} "
          f"{scores.paired_difference(given, plain, names)}")
    print([(data.runs[i].model, round(a, 2), round(b, 2)) for i, a, b in zip(which, plain, given)])
    five = predict([r for r in rows if "LLMCARBON_T4" in r["scope_note"]], pack)
    print(json.dumps(five.scores()["targets"], indent=1))
    for name, target in five.targets.items():
        for m, y, b, lo, hi in zip(target.names, target.observed, target.best, target.p10, target.p90):
            print(f"{name:13s}{m:26s}{y:12.4g}{b:12.4g} [{lo:.4g}, {hi:.4g}] {b / y - 1:+.1%}")


def main() -> None:
    pack = json.loads(PACK.read_text(encoding="utf-8"))
    with Path(sys.argv[1]).open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    pack = fitted_pack(load(rows + pack["priors"]["runs"], pack), pack)
    report(rows, load(rows, pack), pack)
    if "--write" in sys.argv:
        PACK.write_text(json.dumps(pack, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
