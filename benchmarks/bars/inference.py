"""Bars of inference: served models, edge boards, images and video, each predicted by what was fitted without it."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import check_serving
from benchmarks.bars.bar import Bar, Limit, Rival, clustered, paired
from benchmarks.rivals import ecologits_energy

from jevons.core.uncertain import Z90
from jevons.estimate.board import validate as validate_edge
from jevons.estimate.diffusion import validate as validate_diffusion
from jevons.estimate.packs import coefficient_pack
from jevons.estimate.server import pack as serving_pack
from jevons.estimate.server import validate as validate_serving
from jevons.estimate.validation import scores

FOLDER = "data/inference"
SERVING, EDGE, IMAGES = "Served language models", "Edge boards (CO2-Meter)", "Images and video by diffusion"
WALL = "data/power_truth/mlperf_wall/mlperf_inference_v41_wall.csv"
CHAT = "chat"
BOARDS = {"jetson-orin": ("Orin", 0.16, 0.13, 0.08, 0.06), "rockchip-rk3588": ("RK3588", 0.16, 0.12, 0.12, 0.08)}
"""Bars of a board: leave one model out (must, stretch), 30 pairs (must, stretch)."""


def bars(shared: Path, rivals: bool = False) -> list[Bar]:
    """Every row of this part; ``rivals`` installs EcoLogits."""
    rows = read(shared / FOLDER / "mlenergy_llm_train.csv")
    served = [*serving(rows, rivals), *folds(shared / FOLDER / "mlenergy_llm_train.csv"), *elsewhere(shared)]
    return [*served, *edge(shared), *generation(shared)]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV, zipped or not."""
    with gzip.open(path, "rt", newline="", encoding="utf-8") if path.suffix == ".gz" else path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def serving(rows: Sequence[dict[str, str]], rivals: bool) -> list[Bar]:
    """ML.ENERGY, every family by coefficients fitted without it."""
    found = validate_serving.predict(rows).targets["energy_per_output_token"]
    observed, best, low, high = found.arrays()
    own = [rows[int(name.split(":")[0]) - 2] for name in found.names]
    families, ours = found.families, scores.ape(observed, best)
    twice = (np.abs(np.log(best / observed)) <= np.log(2)).astype(float)
    chat = np.array([CHAT in row["task"] for row in own])
    of_chat = [f for f, keep in zip(families, chat, strict=True) if keep]
    note = f"{len(set(families))} families; accelerators' joules an output token, prompts included and not told"
    out = [
        Bar(SERVING, "ML.ENERGY, unseen families: MAPE", len(ours), float(ours.mean()), "%", clustered(ours, families),
            Limit(high=0.26), Limit(high=0.20), note=note),
        Bar(SERVING, "ML.ENERGY, unseen families: median error", len(ours), float(np.median(ours)), "%",
            clustered(ours, families, middle), Limit(high=0.19)),
        Bar(SERVING, "ML.ENERGY, unseen families: within twofold", len(ours), float(twice.mean()), "%", clustered(twice, families),
            Limit(low=0.92)),
        Bar(SERVING, "ML.ENERGY, unseen families, chat only: MAPE", int(chat.sum()), float(ours[chat].mean()), "%",
            clustered(ours[chat], of_chat), Limit(high=0.18), Limit(high=0.13), note=f"{len(set(of_chat))} families"),
        one_point(own, observed, best, families),
        *interval(SERVING, "ML.ENERGY, unseen families", observed, best, low, high, families),
    ]  # fmt: skip
    return [*out, beside_ecologits(own, observed, ours, families)] if rivals else out


def one_point(own: Sequence[dict[str, str]], observed: Any, best: Any, families: Sequence[str]) -> Bar:
    """Each configuration corrected by its row of middle batch, the others scored; neither the law nor the reach of a point
    has seen the family."""
    pack = serving_pack.serving_pack()
    names = np.array([f"{r['task']}|{r['model_id']}|{r['gpu_model']}|{r['num_gpus']}" for r in own])
    batch, logs = np.array([float(r["avg_batch_size"]) for r in own]), np.log(observed / best)
    left = np.full(len(logs), np.nan)
    for name in np.unique(names):
        mine = np.flatnonzero(names == name)
        mine = mine[np.argsort(batch[mine], kind="stable")]
        at = mine[len(mine) // 2]
        near = serving_pack.nearness(batch[mine], batch[at], serving_pack.without_family(families[at], pack) or pack)
        left[mine] = logs[mine] - near * logs[at]
        left[at] = np.nan
    kept = np.isfinite(left)
    error = np.abs(np.expm1(-left[kept]))
    names_kept = [f for f, keep in zip(families, kept, strict=True) if keep]
    return Bar(SERVING, "ML.ENERGY, one calibration point a configuration: MAPE", len(error), float(error.mean()), "%",
               clustered(error, names_kept), Limit(high=0.14), Limit(high=0.09), note="the point itself is left out")  # fmt: skip


def interval(section: str, name: str, observed: Any, best: Any, low: Any, high: Any, families: Sequence[str]) -> list[Bar]:
    """Coverage within its binomial bounds, and the interval score beside one width for all, found without the family."""
    inside = ((low <= observed) & (observed <= high)).astype(float)
    flat = constant_width(observed, best, families)
    ours, theirs = (score_each(observed, *ends) for ends in ((low, high), flat))
    margin = Z90 * np.sqrt(0.8 * 0.2 / len(inside))
    wide = high / low
    return [
        Bar(section, f"{name}: 80 % interval, coverage", len(inside), float(inside.mean()), "%", clustered(inside, families),
            Limit(0.8 - margin, min(0.8 + margin, 1.0)), note=f"must: binomial bounds of 80 % over rows; {len(set(families))} families"),
        Bar(section, f"{name}: interval score", len(ours), float(ours.mean()), "", clustered(ours, families),
            Limit(high=float(theirs.mean())), rivals=(paired("one width for all", ours, theirs, families),)),
        Bar(section, f"{name}: P90/P10, median", len(wide), float(np.median(wide)), "×", clustered(wide, families, middle),
            None, Limit(high=2.0)),
    ]  # fmt: skip


def constant_width(observed: Any, best: Any, families: Sequence[str]) -> tuple[Any, Any]:
    """The 10 and 90 % of the other families' residuals about the best estimate, for every row."""
    logs, names = np.log(observed / best), np.array(families)
    ends = np.empty((2, len(logs)))
    for name in np.unique(names):
        ends[:, names == name] = np.quantile(logs[names != name], [0.1, 0.9])[:, None]
    return best * np.exp(ends[0]), best * np.exp(ends[1])


def score_each(observed: Any, low: Any, high: Any) -> Any:
    """The interval score of every row (see `scores.interval_score`)."""
    return np.array([scores.interval_score([o], [a], [b]) for o, a, b in zip(observed, low, high, strict=True)])


def folds(path: Path) -> list[Bar]:
    """Rows, then whole configurations, left out at random; physics and the family's curves fitted on the rest."""
    from benchmarks import fit_serving

    pack = json.loads(fit_serving.PACK.read_text(encoding="utf-8"))
    rows, law = fit_serving.load(path, pack), fit_serving.Law(pack["priors"], pack["generations"])
    full, families = fit_serving.fit(rows, law), list(rows.families)
    single, whole = (np.abs(np.expm1(-fit_serving.five_folds(rows, law, full, pack, by=by))) for by in (None, rows.configurations))
    return [
        Bar(SERVING, "ML.ENERGY, random 5-fold: MAPE", len(single), float(single.mean()), "%", clustered(single, families),
            Limit(high=0.11), Limit(high=0.08)),
        Bar(SERVING, "ML.ENERGY, 5-fold of whole configurations: MAPE", len(whole), float(whole.mean()), "%", clustered(whole, families),
            note="a known family on devices, at a count, precision or task that was not measured with it"),
    ]  # fmt: skip


def beside_ecologits(own: Sequence[dict[str, str]], observed: Any, ours: Any, families: Sequence[str]) -> Bar:
    """Its mean error over ours on the same rows; its functions are run as they are."""
    each = [(float(r["params_active_b"]), float(r["params_total_b"])) for r in own]
    joules, version = ecologits_energy.joules_a_token(each)
    theirs = scores.ape(observed, joules)
    pairs, index = np.stack([theirs, ours]), np.unique(families, return_inverse=True)[1]
    sums = np.stack([np.bincount(index, weights=row) for row in pairs])
    drawn = sums[:, np.random.default_rng(0).integers(sums.shape[1], size=(2000, sums.shape[1]))].sum(axis=2)
    low, high = np.quantile(drawn[0] / drawn[1], [0.05, 0.95])
    rival = Rival(f"EcoLogits {version}, MAPE × 1", float(theirs.mean()), note=f"median {np.median(theirs):.1%}, within twofold "
                  f"{scores.within_factor(observed, joules):.0%}, chat "
                  f"{theirs[[CHAT in r['task'] for r in own]].mean():.1%}")  # fmt: skip
    return Bar(SERVING, "ML.ENERGY: EcoLogits' error ÷ ours", len(ours), float(theirs.mean() / ours.mean()), "×",
               (float(low), float(high)), Limit(low=4.0), Limit(low=6.0), (rival,))  # fmt: skip


def elsewhere(shared: Path) -> list[Bar]:
    """Measurements of others, never fitted on: another laboratory's cards, whole systems at the wall."""
    pack = serving_pack.serving_pack()
    cards = check_serving.laboratory_rows(shared / FOLDER / "llm_inference_bench_power.csv", pack)
    hopper = np.array([v for name, values in cards.items() if "H100" in name[0] for v in values]).T
    wall = check_serving.wall_rows(shared / WALL, pack)
    seen, best, low, high = np.array([values for _, *values in wall]).T
    error, wrong = scores.ape(hopper[0], hopper[1]), scores.ape(seen, best)
    inside = int(((low <= seen) & (seen <= high)).sum())
    told = ", ".join(f"{name} {b / o - 1:+.0%}" for name, o, b, *_ in wall)
    return [
        Bar(SERVING, "LLM-Inference-Bench, H100: MAPE", len(error), float(error.mean()), "%", rows_interval(error), Limit(high=0.13),
            Limit(high=0.09), note="; ".join(f"{' '.join(n)} {scores.mape(*np.array(v).T[:2]):.1%} (n {len(v)})" for n, v in cards.items())),
        Bar(SERVING, "MLPerf Inference v4.1 at the wall: MAPE", len(wrong), float(wrong.mean()), "%", rows_interval(wrong),
            Limit(high=0.30), Limit(high=0.15), note=f"language models; {told}\nlengths of gptj and mixtral inputs are remembered, not verified; gptj-99 and -99.9 are one run each"),
        Bar(SERVING, "MLPerf at the wall, inside the 80 % interval", len(wrong), inside / len(wrong), "%", must=Limit(low=1.0)),
    ]  # fmt: skip


def edge(shared: Path) -> list[Bar]:
    """Random fifths of prompts predicted now; models left out and 30 pairs as recorded at the fit."""
    found = validate_edge.predict(read(shared / FOLDER / "co2meter_edge_train.csv.gz"))
    target, told = found.targets["energy"], coefficient_pack("edge")["boards"]
    out = []
    for board, (name, left, left_stretch, few, few_stretch) in BOARDS.items():
        totals = found.apart["phases"]["total"] & of_board(shared, found.numbers, told[board]["recorded_as"])
        error = scores.ape(target.observed[totals], target.best[totals])
        recorded = told[board]["scores"]
        unseen = {key.removeprefix("without "): s for key, s in recorded.items() if key.startswith("without ")}
        mean = float(np.mean([s["total_mape"] for s in unseen.values()]))
        pairs = recorded["30 pairs"]
        out += [
            Bar(EDGE, f"{name}, random 20 % of prompts, totals: MAPE", len(error), float(error.mean()), "%", rows_interval(error),
                Limit(high=0.055), Limit(high=0.035)),
            Bar(EDGE, f"{name}, leave one model out, totals: mean of two MAPE", sum(s["total_n"] for s in unseen.values()), mean, "%",
                must=Limit(high=left), stretch=Limit(high=left_stretch),
                note="recorded at the fit: " + ", ".join(f"{m} {s['total_mape']:.1%}" for m, s in unseen.items())),
            Bar(EDGE, f"{name}, 30 pairs of this board: MAPE", pairs["draws"], pairs["mean"], "%", must=Limit(high=few),
                stretch=Limit(high=few_stretch), note=f"n: random draws of 30 pairs; recorded at the fit, worst {pairs['worst']:.1%}; "
                "the other board is not used"),
        ]  # fmt: skip
        p10, p90 = target.p10[totals], target.p90[totals]
        inside = float(((p10 <= target.observed[totals]) & (target.observed[totals] <= p90)).mean())
        width, flat = recorded["intervals"]["total_score"], recorded["intervals"]["total_score_constant"]
        out.append(Bar(EDGE, f"{name}, totals: 80 % interval, score", len(error), width, "", must=Limit(high=flat),
                       note=f"must: that of one width for all; recorded at the fit; covers {inside:.0%}"))  # fmt: skip
    return out


def of_board(shared: Path, numbers: Sequence[int], recorded_as: str) -> Any:
    """Which of the rows, by line number, are of a board."""
    devices = [row["device"] for row in read(shared / FOLDER / "co2meter_edge_train.csv.gz")]
    return np.array([devices[number - 2] == recorded_as for number in numbers])


def generation(shared: Path) -> list[Bar]:
    """ML.ENERGY's images and videos, every family by coefficients fitted without it."""
    found = validate_diffusion.predict(read(shared / FOLDER / "mlenergy_diffusion_train.csv"))
    t, out = found.targets["energy_per_output"], []
    for kind, must, stretch in (("image", 0.36, 0.20), ("video", 0.60, 0.35)):
        keep = found.apart["by_output"][kind] & np.isfinite(t.observed)
        families = [f for f, k in zip(t.families, keep, strict=True) if k]
        error = scores.ape(t.observed[keep], t.best[keep])
        out.append(Bar(IMAGES, f"{kind}, unseen families: MAPE", len(error), float(error.mean()), "%", clustered(error, families),
                       Limit(high=must), Limit(high=stretch), note=f"{len(set(families))} families"))  # fmt: skip
    seen = np.isfinite(t.observed)
    families = [f for f, k in zip(t.families, seen, strict=True) if k]
    return out + interval(IMAGES, "images and video, unseen families", t.observed[seen], t.best[seen], t.p10[seen], t.p90[seen], families)


def rows_interval(values: Any) -> tuple[float, float] | None:
    """The 90 % bootstrap interval of a mean over rows, where there are no families to draw."""
    return clustered(values, [str(i) for i in range(len(values))])


def middle(values: Any) -> float:
    """The median as a plain float."""
    return float(np.median(values))
