"""Bars of the level-0 training estimate on published runs, each predicted without its own family."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.bars.bar import Bar, Limit, Rival, clustered, paired, relative_gain
from benchmarks.rivals import constant_mfu, llmcarbon

from jevons.estimate.cluster import throughput_prior
from jevons.estimate.cluster.throughput_prior import EarlierRun
from jevons.estimate.cluster.validate import Prediction, Run, hours_of, predict, read_run
from jevons.estimate.validation import scores

FILE = "data/reference/published_training_footprints.csv"
FIVE = "LLMCARBON_T4"
L0 = "Training before it runs: parameters, tokens, hardware, year (each family predicted without itself)"


@dataclass(frozen=True)
class Published:
    """The runs whose hours are known, as columns of one length, and all rows of the file."""

    rows: list[dict[str, str]]
    five: np.ndarray  # which are LLMCarbon's
    runs: list[Run]
    families: list[str]
    hours: np.ndarray
    tokens: np.ndarray
    power_w: np.ndarray  # as measured or stated, NaN where it is not; handed to rivals alone

    @property
    def params(self) -> np.ndarray:
        """Active parameters."""
        return np.array([r.params_active for r in self.runs])

    @property
    def peak_tflops(self) -> np.ndarray:
        """Dense bf16 peak of a device."""
        return np.array([r.device.peak("bf16").tflops for r in self.runs])

    @property
    def memory_gb(self) -> np.ndarray:
        """Memory of a device; 80 for a TPU, which LLMCarbon's rule for GPUs does not name."""
        return np.array([80.0 if "TPU" in r.hardware else r.device.memory_gb or 0.0 for r in self.runs])

    @property
    def at_peak(self) -> np.ndarray:
        """Hours of 6·N·D at the whole peak, whatever the architecture."""
        return 6 * self.params * self.tokens / (3600e12 * self.peak_tflops)

    @property
    def at_peak_own(self) -> np.ndarray:
        """Hours at the whole peak of the work as we count it (3·N·D for encoder-decoders)."""
        return np.array([r.flops for r in self.runs]) / (3600e12 * self.peak_tflops)


def read(path: Path) -> Published:
    """The rows of the file of published runs."""
    pack = throughput_prior.training_pack()
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    kept = [(row, run) for row in rows if isinstance(run := read_run(row, pack), Run) and row["device_hours"]]
    runs = [run for _, run in kept]

    def column(name: str, scale: float = 1.0) -> np.ndarray:
        return np.array([float(row[name] or "nan") * scale for row, _ in kept])

    five = np.array([FIVE in row["scope_note"] for row, _ in kept])
    return Published(rows, five, runs, [r.family for r in runs], column("device_hours"), column("tokens_b", 1e9), column("avg_power_w"))


def bars(data: Published) -> list[Bar]:
    """All rows of this section."""
    prediction = predict(data.rows)
    return [*five_rows(data, prediction), *device_hours(data, prediction), *interval(prediction), earlier_run(data), tonnes(prediction)]


def rival_hours(data: Published) -> dict[str, np.ndarray]:
    """Device-hours of all runs as each rival would have them."""
    return {
        "LLMCarbon's regression": llmcarbon.device_hours(data.params, data.tokens, data.peak_tflops, data.memory_gb),
        "constant MFU, fitted without the family": constant_mfu.fitted_without(data.hours, data.at_peak, data.families),
        "constant MFU 0.35": data.at_peak / constant_mfu.CUSTOMARY,
        "constant MFU on our FLOPs, fitted without the family":
            constant_mfu.fitted_without(data.hours, data.at_peak_own, data.families),
    }  # fmt: skip


def five_rows(data: Published, prediction: Prediction) -> list[Bar]:
    """tCO2e of LLMCarbon's five runs; rivals are handed the measured power, PUE and grid, we the PUE and grid."""
    target, keep = prediction.targets["tco2e"], data.five
    models = [run.model for run, five in zip(data.runs, keep) if five]
    at = [target.names.index(model) for model in models]
    observed, best = (np.array(column)[at] for column in (target.observed, target.best))
    ours, families = scores.ape(observed, best), [target.families[i] for i in at]
    supplied = np.array([(run.pue or 1) * (run.grid_gco2_per_kwh or 0) for run in data.runs])[keep]
    rate_t = data.power_w[keep] * supplied / 1e9  # W × g/kWh per hour, to tonnes
    rivals = [paired(f"{name}, measured power given", ours, scores.ape(observed, hours[keep] * rate_t), families)
              for name, hours in list(rival_hours(data).items())[:3]]  # fmt: skip
    errors = ", ".join(f"{model} {b / o - 1:+.1%}" for model, o, b in zip(models, observed, best))
    note = ("hours without the row's own family; neither efficiency nor power of the five is an input. Named priors: step MFU of a\n"
            f"generation, system power of V100 and TPUv3 (Patterson et al. 2021, table 1)\n{errors}")
    return [Bar(L0, "LLMCarbon's five rows, tCO2e MAPE", len(ours), float(ours.mean()), "%", clustered(ours, families),
                Limit(high=0.18), Limit(high=0.12), tuple(rivals), note)]  # fmt: skip


def device_hours(data: Published, prediction: Prediction) -> list[Bar]:
    """Device-hours of all runs: mean, median, within twofold, and the gain over a constant fitted on the same rows."""
    best = matched(data, prediction)
    ours = scores.ape(data.hours, best)
    rivals = {name: scores.ape(data.hours, hours) for name, hours in rival_hours(data).items()}
    n, families = len(ours), data.families
    within = twofold(data.hours, best)
    note = f"{len(set(families))} families; published hours hold restarts and evaluation"
    in_sample = scores.ape(data.hours, data.at_peak / constant_mfu.best_constant(data.hours, data.at_peak))
    gain, gain_90 = relative_gain(ours, in_sample, families)
    return [
        Bar(L0, "device-hours MAPE", n, float(ours.mean()), "%", clustered(ours, families), Limit(high=0.24), Limit(high=0.18),
            tuple(paired(name, ours, theirs, families) for name, theirs in rivals.items()), note),
        Bar(L0, "device-hours median error", n, float(np.median(ours)), "%", clustered(ours, families, median), Limit(high=0.16),
            Limit(high=0.12), tuple(Rival(name, float(np.median(theirs))) for name, theirs in rivals.items())),
        Bar(L0, "device-hours within twofold", n, float(within.mean()), "%", clustered(within, families), Limit(low=0.90), None,
            tuple(Rival(name, float(twofold(data.hours, hours).mean())) for name, hours in rival_hours(data).items())),
        Bar(L0, "better than the constant fitted on the same rows by", n, gain, "%", gain_90, Limit(low=0.20), None,
            (paired("constant MFU fitted in-sample", ours, in_sample, families),)),
    ]  # fmt: skip


def interval(prediction: Prediction) -> list[Bar]:
    """Coverage and width of the 10-90 % interval."""
    target = prediction.targets["device_hours"]
    observed, _, low, high = target.arrays()
    seen = observed > 0
    families = [family for family, known in zip(target.families, seen) if known]
    inside = ((low <= observed) & (observed <= high))[seen].astype(float)
    ratio = (high / low)[seen]
    return [
        Bar(L0, "device-hours 10–90 % interval, coverage", len(inside), float(inside.mean()), "%", clustered(inside, families),
            Limit(0.70, 0.92), Limit(0.75, 0.88), note="no rival gives an interval"),
        Bar(L0, "device-hours P90/P10, median", len(ratio), float(np.median(ratio)), "×", clustered(ratio, families, median),
            Limit(high=3.2), Limit(high=2.2)),
    ]  # fmt: skip


def earlier_run(data: Published) -> Bar:
    """Runs that have a sibling of the same stack: the error with that one run given, beside the error without."""
    pack = throughput_prior.training_pack()
    which, without, given = [], [], []
    for i, run in enumerate(data.runs):
        siblings = [j for j, other in enumerate(data.runs) if j != i and same_stack(run, other, pack)]
        if not siblings:
            continue
        j = min(siblings, key=lambda k: abs(np.log(data.params[k] / data.params[i])))
        fitted = throughput_prior.without_family(run.family, pack) or pack
        shift, _ = throughput_prior.calibrate(as_earlier(data.runs[j], data.hours[j]), run.params_active, stack(run, pack), fitted)
        alone = float(hours_of(run, fitted).best)
        which.append(i)
        without.append(abs(alone / data.hours[i] - 1))
        given.append(abs(alone * float(shift) / data.hours[i] - 1))
    families = [data.families[i] for i in which]
    note = f"{len(set(families))} families; the sibling nearest in size is the earlier run; no must: reported"
    return Bar(L0, "device-hours MAPE with one earlier run given", len(given), float(np.mean(given)), "%", clustered(given, families),
               None, Limit(high=0.12), (paired("the same runs without it", given, without, families),), note)  # fmt: skip


def tonnes(prediction: Prediction) -> Bar:
    """tCO2e of every run that published it, for scale."""
    target = prediction.targets["tco2e"]
    observed, best, _, _ = target.arrays()
    seen = observed > 0
    ours = scores.ape(observed[seen], best[seen])
    families = [family for family, known in zip(target.families, seen) if known]
    return Bar(L0, "tCO2e MAPE, all runs that published it", len(ours), float(ours.mean()), "%", clustered(ours, families),
               note="power, and PUE and grid where not stated, are defaults")  # fmt: skip


def matched(data: Published, prediction: Prediction) -> np.ndarray:
    """Predicted hours in the order of the runs."""
    target = prediction.targets["device_hours"]
    best = dict(zip(zip(target.names, target.observed), target.best))
    return np.array([best[run.model, hours] for run, hours in zip(data.runs, data.hours)])


def twofold(observed: Any, predicted: Any) -> np.ndarray:
    """1 where the prediction lies within a factor of two, else 0."""
    return (np.abs(np.log(np.asarray(predicted) / observed)) <= np.log(2)).astype(float)


def median(values: Sequence[float]) -> float:
    """The median as a plain float."""
    return float(np.median(values))


def stack(run: Run, pack: Any) -> str:
    """The throughput class of a run."""
    return throughput_prior.throughput_class(run.device.generation, run.year, pack)[0]


def same_stack(one: Run, other: Run, pack: Any) -> bool:
    """Whether two runs are of one family on one class of hardware and software."""
    return one.family == other.family and stack(one, pack) == stack(other, pack)


def as_earlier(run: Run, hours: float) -> EarlierRun:
    """A published run as the earlier run of a user."""
    return EarlierRun(float(hours), run.flops, run.params_active, run.device.generation,
                      run.device.peak("bf16").tflops * 1e12, run.year, run.devices)  # fmt: skip


