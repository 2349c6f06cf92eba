"""Bars of the step-time model on measured steps: every model predicted by coefficients fitted without it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.bars.bar import Bar, Limit, Rival, clustered, paired
from benchmarks.rivals import constant_mfu, llmcarbon, published

from jevons.estimate.cluster.parallelism import Block, Layout, Machine
from jevons.estimate.cluster.step_time import step_time_pack
from jevons.estimate.cluster.validate_step_time import Prediction, Steps, predict, read
from jevons.estimate.validation import scores

FOLDER = "data/reference"
SECTION = "Step time, one joint set of coefficients (each model predicted without itself)"
SETS = {
    "vTrain, up to 8 A100": ("mfu_vtrain_single_a100.csv", "step_time", Limit(high=0.08), Limit(high=0.055)),
    "vTrain, up to 512 A100": ("mfu_vtrain_multi_a100.csv", "step_time", Limit(high=0.11), Limit(high=0.075)),
    "Mosaic FSDP": ("mfu_mosaic_fsdp.csv", "mfu", Limit(high=0.05), Limit(high=0.033)),
}
IN_PACK = {"vTrain, up to 8 A100": "vTrain single node", "vTrain, up to 512 A100": "vTrain multi node", "Mosaic FSDP": "Mosaic FSDP"}


@dataclass(frozen=True)
class Measured:
    """One set: its rows as nouns of the model, and the prediction of them."""

    steps: Steps
    prediction: Prediction
    target: str

    @property
    def nouns(self) -> tuple[Block, Layout, Machine]:
        """Model, layout and machine of every row, as arrays."""
        return self.steps.nouns()

    @property
    def observed_mfu(self) -> np.ndarray:
        """6·N + 12·L·h·s FLOP a token over time and peak; as printed where the set prints it."""
        printed = np.array(self.steps.observed["mfu"])
        seconds = np.array(self.steps.observed["step_time"])
        return np.where(np.isfinite(printed), printed, self.flops / (seconds * self.peak))

    @property
    def flops(self) -> np.ndarray:
        """Model FLOP of one step."""
        model, layout, _ = self.nouns
        return np.asarray(model.step_flops_per_token * layout.global_batch * model.seq_len)

    @property
    def peak(self) -> np.ndarray:
        """Dense peak of all devices in the precision of the row, FLOP/s."""
        _, layout, machine = self.nouns
        return np.asarray(layout.devices * machine.peak_flops)


def load(path: Path, target: str) -> Measured:
    """One set read and predicted."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return Measured(read(rows, file=path.name), predict(rows, file=path.name), target)


def bars(folder: Path) -> list[Bar]:
    """All rows of this section."""
    out = []
    for name, (file, target, must, stretch) in SETS.items():
        data = load(folder / FOLDER / file, target)
        out.append(bar(name, data, must, stretch))
        if target == "mfu":
            out += by_device(name, data)
    return out


def bar(name: str, data: Measured, must: Limit | None, stretch: Limit | None, keep: Any = slice(None)) -> Bar:
    """One set's error beside its rivals', on the same rows."""
    target = data.prediction.targets[data.target]
    observed = target.observed[keep]
    ours = scores.ape(observed, target.best[keep])
    families = list(np.array(target.families)[keep])
    inside = ((target.p10 <= target.observed) & (target.observed <= target.p90))[keep]
    rivals = [paired(rival, ours, scores.ape(observed, predicted[keep]), families) for rival, predicted in others(data).items()]
    if name in IN_PACK and "vTrain" in name:
        rivals.append(Rival("vTrain as published, kernels profiled on a GPU", published.VTRAIN["single" if "up to 8 " in name else "multi"],
                            note="its rows are not public: no pairing"))  # fmt: skip
    what = "MFU" if data.target == "mfu" else "step time"
    note = (f"{len(set(families))} models; median {np.median(ours):.1%}; 10–90 % interval covers {inside.mean():.0%}, "
            f"P90/P10 {np.median((target.p90 / target.p10)[keep]):.2f}{siblings(name)}")  # fmt: skip
    return Bar(SECTION, f"{name}: {what} MAPE", len(ours), float(ours.mean()), "%", clustered(ours, families), must, stretch,
               tuple(rivals), note)  # fmt: skip


def others(data: Measured) -> dict[str, np.ndarray]:
    """The target as each rival would have it: a constant MFU from other models' rows, LLMCarbon's regression.

    LLMCarbon takes every GPU without 80 GB for a V100; here each counts as its A100, which favours it.
    """
    kinds = [f"{g} {m:g} {p}" for g, m, p in zip(*(data.steps.columns[c] for c in ("generation", "mem_gb", "precision")))]
    model, layout, machine = data.nouns
    share = np.broadcast_to(llmcarbon.efficiency(model.params, 80.0, int(np.max(machine.node_size))), data.peak.shape)
    if data.target == "mfu":
        constant = constant_mfu.median_without(data.observed_mfu, data.steps.families, kinds)
        return {"constant MFU of the device, without the model": constant, "LLMCarbon's regression": share}
    seconds = np.array(data.steps.observed["step_time"])
    work = 6 * np.asarray(model.params) * layout.global_batch * model.seq_len
    return {
        "constant MFU of the set, fitted without the model":
            constant_mfu.fitted_without(seconds, data.flops / data.peak, data.steps.families),
        "LLMCarbon's regression (6·N·D)": work / (share * data.peak),
    }  # fmt: skip


def by_device(name: str, data: Measured) -> list[Bar]:
    """The same rows, device by device: the issue quotes the rivals so."""
    columns = (data.steps.columns["generation"], data.steps.columns["mem_gb"], data.steps.columns["precision"])
    kinds = np.array([f"{'H100' if g == 'hopper' else 'A100'}-{m:g}{' FP8' if p == 'fp8' else ''}" for g, m, p in zip(*columns)])
    return [bar(f"{name}, {kind}", data, None, None, kinds == kind) for kind in sorted(set(kinds))]


def siblings(name: str) -> str:
    """What the pack recorded for the milder cross-validation."""
    recorded = step_time_pack()["cross_validation"].get("10 folds, siblings together", {}).get(IN_PACK.get(name, ""))
    return f"\nmilder, ten folds with siblings together: {recorded['mape']:.1%} (recorded at the fit)" if recorded else ""
