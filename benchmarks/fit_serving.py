"""Fits the coefficient pack of the serving estimate and scores it with whole families of models left out.

    python benchmarks/fit_serving.py ../shared/data/inference/mlenergy_llm_train.csv [--write]

Needs scipy. Maximum a posteriori: soft-L1 errors of log energy and log time of a step about
jevons.estimate.server.physics.step, log coefficients normal about the priors named in coefficients/serving.json.
The pack keeps, beside the full fit, one fit without each family. Residual quantiles by tier: physics from families
left out, family from whole configurations left out (five folds), calibrated from one measured point each.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from jevons.estimate import packs
from jevons.estimate.server import pack as serving_pack
from jevons.estimate.server.physics import Machine, Step, step
from jevons.estimate.server.pictures import pictures
from jevons.estimate.server.shape import Precision, Served
from jevons.estimate.server.validate import PICTURED, QUESTION, Deployment, load_of, predict, read_row
from jevons.estimate.validation import scores

REACHES = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
PACK = Path(packs.__file__).with_name("coefficients") / "serving.json"
Theta = np.ndarray


def stacked(kind: type, items: list[Any]) -> Any:
    """One record of arrays from many records of numbers."""
    return kind(**{f: np.array([getattr(i, f) for i in items]) for f in kind.__dataclass_fields__})


@dataclass
class Rows:
    """The rows as one record of arrays, and what was measured of them."""

    runs: list[Deployment]
    joint: Any
    families: np.ndarray
    tasks: np.ndarray
    generations: np.ndarray
    configurations: np.ndarray
    measured_as: np.ndarray  # family|generation|precision
    energy_j: np.ndarray  # a token
    step_s: np.ndarray
    seen: np.ndarray  # of a request about an image of a known tower: tokens of the prompt, encoder's joules and seconds; else NaN

    def of(self, which: np.ndarray) -> Rows:
        """The rows of a mask."""
        arrays = [getattr(self, f)[which] for f in list(self.__dataclass_fields__)[2:]]
        runs = [r for r, w in zip(self.runs, which, strict=True) if w]
        return Rows(runs, joined(runs), *arrays)


def joined(runs: list[Deployment]) -> Any:
    """All runs as one record of arrays, so that one call predicts them together."""
    plain = {f: np.array([getattr(r, f) for r in runs]) for f in ("batch", "output_tokens", "output_spread", "prompts_per_request")}
    precision = Precision(**{
        f: np.array([getattr(r.precision, f) for r in runs]) for f in Precision.__dataclass_fields__
    })  # fmt: skip
    return type("Joint", (), {"model": stacked(Served, [r.model for r in runs]), "precision": precision,
                              "machine": stacked(Machine, [r.machine for r in runs]), **plain})  # fmt: skip


def load(path: Path, pack: dict[str, Any]) -> Rows:
    with path.open(newline="", encoding="utf-8") as handle:
        table = list(csv.DictReader(handle))
    read = [(read_row(row, {**pack, "coefficients": dict.fromkeys(pack["generations"])}), row) for row in table]
    kept = [(run, row) for run, row in read if isinstance(run, Deployment)]
    runs = [run for run, _ in kept]
    names = [f"{row['task']}|{run.name}|{run.device.id}|{row['num_gpus']}" for run, row in kept]
    speed = np.array([float(row["output_tokens_per_s"]) for _, row in kept])
    return Rows(runs, joined(runs), np.array([r.family for r in runs]), np.array([r.task for r in runs]),
                np.array([r.device.generation for r in runs]), np.array(names),
                np.array([f"{r.family}|{r.device.generation}|{r.precision.name}" for r in runs]),
                np.array([float(row["energy_per_output_token_j"]) for _, row in kept]),
                np.array([r.batch for r in runs]) / speed, np.array([seen_of_request(r) for r in runs]))  # fmt: skip


def seen_of_request(run: Deployment) -> tuple[float, float, float]:
    """What a request about an image holds, NaN where the model's tower is not known or no image is asked about."""
    if run.tower is None or run.task != PICTURED:
        return math.nan, math.nan, math.nan
    found = pictures(run.tower, images=1)
    seconds, joules, _ = found.cost(run.device)
    return QUESTION + float(found.tokens), float(joules), float(seconds) / run.machine.devices


@dataclass
class Law:
    """How theta becomes coefficients: one log value a parameter, an offset a generation, then tokens and host seconds
    a task."""

    priors: dict[str, Any]
    generations: list[str]

    def __post_init__(self) -> None:
        self.names = list(self.priors["parameters"])
        self.split = [n for n in self.names if self.priors["parameters"][n]["by_generation"]]
        self.tasks = list(self.priors["prompts"])
        self.hosted = [t for t in self.tasks if self.priors["prompts"][t]["request_host_s"]]
        shape = [p["median"] for p in self.priors["parameters"].values()]
        shape += [p["tokens"] for p in self.priors["prompts"].values()]
        shape += [self.priors["prompts"][t]["request_host_s"] for t in self.hosted]
        self.centre = np.concatenate([np.log(shape), np.zeros(len(self.split))])
        sd = [p["log_sd"] for p in self.priors["parameters"].values()]
        sd += [p["log_sd"] for p in self.priors["prompts"].values()] + [self.priors["request_host_log_sd"]] * len(self.hosted)
        self.sd = np.array(sd + [self.priors["generation_log_sd"]] * len(self.split))

    def coefficients(self, theta: Theta, side: Any) -> dict[str, Any]:
        """By name; ``side`` is -1/2 for the first generation, 1/2 for the second, 0 between them."""
        values = dict(zip(self.names, theta, strict=False))
        offsets = dict(zip(self.split, theta[-len(self.split):], strict=True))
        return {n: np.exp(v + offsets.get(n, 0.0) * side) for n, v in values.items()}

    def prompts(self, theta: Theta, seen: dict[str, int] | None = None) -> dict[str, dict[str, float]]:
        """Tokens of a prompt with their log spread and host seconds, by task; the empty task is one not known.

        ``seen``: families fitted by task; none leave the prior's spread.
        """
        at = len(self.names)
        tokens = np.exp(theta[at : at + len(self.tasks)])
        hosts = dict(zip(self.hosted, np.exp(theta[at + len(self.tasks) :]), strict=False))
        found = {
            t: {"tokens": float(n), "log_sd": self.spread(t, (seen or {}).get(t, 0)), "request_host_s": float(hosts.get(t, 0.0))}
            for t, n in zip(self.tasks, tokens, strict=True)
        }  # fmt: skip
        unknown = {"tokens": float(np.median(tokens[:2])), "log_sd": max(p["log_sd"] for p in found.values()), "request_host_s": 0.0}
        return {**found, "": unknown}

    def spread(self, task: str, families: int) -> float:
        """Log spread of a task's prompts: the prior's, shrinking with the families that showed them."""
        own, floor = self.priors["prompts"][task]["log_sd"], self.priors["prompt_log_sd"]
        return float(min(own, np.hypot(floor, own / (1 + families))))


def predicted(theta: Theta, rows: Rows, law: Law) -> Step:
    """The steps of all rows at theta."""
    side = np.where(rows.generations == law.generations[1], 0.5, -0.5)
    prompts = law.prompts(theta)
    tokens, host = (np.array([prompts[t][f] for t in rows.tasks]) for f in ("tokens", "request_host_s"))
    j, told = rows.joint, np.isfinite(rows.seen[:, 0])
    load = load_of(j, np.where(told, rows.seen[:, 0], tokens), np.where(told, 0.0, host))
    found = step(j.model, j.precision, j.machine, load, law.coefficients(theta, side))
    joules, seconds = (np.where(told, rows.seen[:, i], 0.0) * load.requests for i in (1, 2))
    return replace(found, energy_j=found.energy_j + joules, prefill_j=found.prefill_j + joules, total_s=found.total_s + seconds)


def soft(residual: np.ndarray, scale: float) -> np.ndarray:
    """The signed root of the soft-L1 loss."""
    return np.sign(residual) * scale * np.sqrt(2 * (np.sqrt(1 + (residual / scale) ** 2) - 1))


def fit(rows: Rows, law: Law, start: Theta | None = None) -> Theta:
    """Maximum a posteriori theta."""
    p = law.priors

    def loss(theta: Theta) -> np.ndarray:
        found = predicted(theta, rows, law)
        energy = np.log(found.energy_j / rows.joint.batch / rows.energy_j)
        time = np.log(found.total_s / rows.step_s)
        return np.concatenate([soft(energy, p["soft"]), p["time_weight"] * soft(time, p["soft"]),
                               p["strength"] * (theta - law.centre) / law.sd])  # fmt: skip

    return np.asarray(least_squares(loss, law.centre if start is None else start, max_nfev=40 if start is None else 15).x)


def seen_of(rows: Rows) -> dict[str, int]:
    """Families by task."""
    return {str(t): len(np.unique(rows.families[rows.tasks == t])) for t in np.unique(rows.tasks)}


def residuals(theta: Theta, rows: Rows, law: Law, seen: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """ln observed over predicted energy of a token, and what the length of prompts adds to the log spread."""
    found, prompts = predicted(theta, rows, law), law.prompts(theta, seen)
    spread = found.prefill_j / found.energy_j * np.array([prompts[t]["log_sd"] for t in rows.tasks])
    return np.log(rows.energy_j * rows.joint.batch / found.energy_j), spread


def quantiles(log_ratio: np.ndarray, prompt_sd: np.ndarray, families: np.ndarray) -> dict[str, float]:
    """10 and 90 % of the residuals over their relative spread, each family of weight one."""
    sd = float(np.sqrt(np.mean(log_ratio**2)))
    extra = (prompt_sd / sd) ** 2
    mean = float(np.mean(extra))
    z = log_ratio / np.sqrt((1 + extra) / (1 + mean))
    _, index, count = np.unique(families, return_inverse=True, return_counts=True)
    weight, order = 1.0 / np.sqrt(count[index]), np.argsort(z)
    position = np.cumsum(weight[order]) / (weight.sum() + weight.max())
    low, high = np.interp([0.1, 0.9], position, z[order])
    return {"log_p10": round(float(min(low, -0.02)), 4), "log_p90": round(float(max(high, 0.02)), 4), "log_sd": round(sd, 4),
            "mean_extra": round(mean, 4), "n": len(z)}  # fmt: skip


def part(theta: Theta, law: Law, seen: dict[str, int]) -> dict[str, Any]:
    """theta as the pack tells it."""
    sides = {law.generations[0]: -0.5, law.generations[1]: 0.5, serving_pack.OTHER: 0.0}
    told = {g: {n: float(f"{v:.4g}") for n, v in law.coefficients(theta, s).items()} for g, s in sides.items()}
    prompts = {t: {k: float(f"{v:.4g}") for k, v in p.items()} for t, p in law.prompts(theta, seen).items()}
    return {"coefficients": told, "prompts": prompts}


def corrections(log_ratio: np.ndarray, rows: Rows, batch: float, family_sd: list[float], part_sd: list[float], noise: float
                ) -> dict[str, Any]:  # fmt: skip
    """ln measured over physics of each family, generation and precision, and of its device counts and tasks beside: level,
    slope and bend in ln batch, all shrunk together (ridge)."""
    found: dict[str, Any] = {}
    x = np.log(rows.joint.batch / batch)
    powers = np.stack([np.ones_like(x), x, x**2])
    for key in np.unique(rows.measured_as):
        mine = np.flatnonzero(rows.measured_as == key)
        held = [keys_of(rows, i) for i in mine]
        names = list(dict.fromkeys(name for keys in held for name in keys))
        design = np.hstack([np.array([[name in keys] for keys in held]) * powers[:, mine].T for name in names])
        penalty = np.concatenate([(noise / np.array(family_sd if name == key else part_sd)) ** 2 for name in names])
        fitted = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ log_ratio[mine]).reshape(-1, 3)
        found |= {name: dict(zip(("level", "slope", "bend"), np.round(row, 4).tolist(), strict=True))
                  for name, row in zip(names, fitted, strict=True)}  # fmt: skip
    return found


def keys_of(rows: Rows, i: int) -> list[str]:
    """The keys of a row's corrections; attention in data-parallel copies is another deployment than its devices alone."""
    devices = rows.joint.machine.devices[i] if rows.joint.machine.replicas[i] == 1 else None
    return serving_pack.correction_keys(*str(rows.measured_as[i]).split("|"), devices, str(rows.tasks[i]))


def corrected(table: dict[str, Any], rows: Rows, pack: dict[str, Any]) -> np.ndarray:
    trial, j = {**pack, "corrections": table}, rows.joint
    return np.array([
        serving_pack.correction(*str(key).split("|"), b, trial, n if copies == 1 else None, str(task)) for key, b, n, copies, task in
        zip(rows.measured_as, j.batch, j.machine.devices, j.machine.replicas, rows.tasks, strict=True)
    ])  # fmt: skip


def leave_families_out(rows: Rows, law: Law, full: Theta) -> dict[str, Theta]:
    return {str(f): fit(rows.of(rows.families != f), law, full) for f in np.unique(rows.families)}


def five_folds(rows: Rows, law: Law, full: Theta, pack: dict[str, Any], seed: int = 0, by: np.ndarray | None = None) -> np.ndarray:
    """ln observed over predicted of rows left out at random, physics and corrections refitted each time; ``by``: rows of
    one word are left out together."""
    words = np.arange(len(rows.families)) if by is None else np.unique(by, return_inverse=True)[1]
    fold = (np.random.default_rng(seed).permutation(words.max() + 1) % 5)[words]
    out = np.zeros(len(fold))
    for k in range(5):
        seen, mine = rows.of(fold != k), rows.of(fold == k)
        theta = fit(seen, law, full)
        table = corrections(residuals(theta, seen, law, {})[0], seen, **pack["correction_fit"], batch=pack["correction_batch"])
        out[fold == k] = residuals(theta, mine, law, {})[0] - corrected(table, mine, pack)
    return out


def one_point(log_ratio: np.ndarray, rows: Rows, reach: float) -> np.ndarray:
    """ln observed over predicted after correcting each configuration by its row of middle batch, the less the farther the
    batch; that row left out."""
    out, pack = np.full(len(log_ratio), np.nan), {"calibration_reach": reach}
    for name in np.unique(rows.configurations):
        mine = np.flatnonzero(rows.configurations == name)
        mine = mine[np.argsort(rows.joint.batch[mine], kind="stable")]
        at = mine[len(mine) // 2]
        near = serving_pack.nearness(rows.joint.batch[mine], rows.joint.batch[at], pack)
        out[mine] = log_ratio[mine] - near * log_ratio[at]
        out[at] = np.nan
    return out


def reach_of(log_ratio: np.ndarray, rows: Rows) -> float:
    """How far in ln batch a measured point tells: that with the least mean error."""
    return min(REACHES, key=lambda reach: float(np.nanmean(np.abs(np.expm1(-one_point(log_ratio, rows, reach))))))


def told(name: str, log_ratio: np.ndarray, rows: Rows) -> None:
    """Prints MAPE with its family-clustered interval, median, share within 2x."""
    kept = np.isfinite(log_ratio)
    y, p = np.ones(kept.sum()), np.exp(-log_ratio[kept])
    fam = list(rows.families[kept])
    e = scores.ape(y, p)
    print(f"{name}: n {len(y)} MAPE {e.mean():.3f} {np.round(scores.clustered_bootstrap(e, fam), 3)} median {np.median(e):.3f} "
          f"within 2x {scores.within_factor(y, p):.3f}")  # fmt: skip


def main() -> None:
    path, pack = Path(sys.argv[1]), json.loads(PACK.read_text(encoding="utf-8"))
    rows = load(path, pack)
    law = Law(pack["priors"], pack["generations"])
    full, seen = fit(rows, law), seen_of(rows)
    pack |= part(full, law, seen)
    print(json.dumps(pack["coefficients"], indent=0), json.dumps(pack["prompts"]))
    plain, spread = residuals(full, rows, law, seen)
    told("in sample", plain, rows)
    folds = leave_families_out(rows, law, full)
    out, out_spread = np.zeros(len(plain)), np.zeros(len(plain))
    for name, theta in folds.items():
        mine = rows.families == name
        out[mine], out_spread[mine] = residuals(theta, rows.of(mine), law, seen_of(rows.of(~mine)))
    told("families left out", out, rows)
    for task in law.tasks:
        told(f"  {task}", np.where(rows.tasks == task, out, np.nan), rows)
    told("  all but FIM", np.where(rows.tasks != "sourcegraph-fim", out, np.nan), rows)
    told("five random folds", five_folds(rows, law, full, pack), rows)
    known = five_folds(rows, law, full, pack, by=rows.configurations)
    told("five folds of configurations", known, rows)
    nothing = np.zeros(len(plain))
    told("one point a configuration, families left out", one_point(out, rows, reach_of(out, rows)), rows)

    def tiers(keep: np.ndarray) -> dict[str, Any]:
        reach = reach_of(out[keep], rows.of(keep))
        point = one_point(out, rows, reach)
        both = np.isfinite(point) & keep
        found = {"calibrated": quantiles(point[both], nothing[both], rows.families[both]),
                 "family": quantiles(known[keep], spread[keep], rows.families[keep]),
                 "physics": quantiles(out[keep], out_spread[keep], rows.families[keep])}  # fmt: skip
        wide = {k: round(found["physics"][k] * pack["guess_widening"], 4) for k in ("log_p10", "log_p90")}
        return {"calibration_reach": reach, "residuals": {**found, "guess": {**found["physics"], **wide}}}

    pack |= tiers(np.ones(len(plain), dtype=bool))
    pack["corrections"] = corrections(plain, rows, **pack["correction_fit"], batch=pack["correction_batch"])
    pack["n"], pack["rows"] = len(plain), {str(f): int((rows.families == f).sum()) for f in np.unique(rows.families)}
    pack["without"] = {f: {**part(theta, law, seen_of(rows.of(rows.families != f))), **tiers(rows.families != f)}
                       for f, theta in folds.items()}  # fmt: skip
    with path.open(newline="", encoding="utf-8") as handle:
        print(json.dumps(predict(list(csv.DictReader(handle)), pack).scores(), indent=1))
    if "--write" in sys.argv:
        PACK.write_text(json.dumps(pack, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
