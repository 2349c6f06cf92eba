"""External-meter traces of GPUs: what nvidia-smi showed beside a power meter on slot and cables."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from jevons.measure import correct

STEPS, SQUARES = ("3090_step", "A100_step", "K40m_step"), ("3090_square100ms", "A100_square100ms")


@dataclass(frozen=True)
class Metered:
    """A trace: the meter's power every millisecond, the software's fields, and when loads began and ended."""

    meter_s: np.ndarray
    meter_w: np.ndarray
    fields: dict[str, correct.Trace]
    marks_s: np.ndarray
    seen_share: float

    @property
    def end_s(self) -> float:
        """When the last load ended."""
        return float(self.marks_s[1::2][-1])

    @property
    def loads_s(self) -> list[tuple[float, float]]:
        """(start, end) of each load."""
        return list(zip(self.marks_s[::2].tolist(), self.marks_s[1::2].tolist(), strict=False))

    def meter_j(self, start_s: float, end_s: float) -> float:
        """The truth: energy between two moments."""
        total = np.concatenate([[0.0], np.cumsum(self.meter_w) * 1e-3])
        moments = np.append(self.meter_s, self.meter_s[-1] + 1e-3)
        return float(np.interp(end_s, moments, total) - np.interp(start_s, moments, total))

    def chosen(self) -> tuple[correct.Trace, correct.Field]:
        """The field that the library chooses from the traces."""
        name, field = correct.choose(self.fields, 0.0, self.end_s, self.seen_share)
        return self.fields[name], field

    def plateau(self, trace: correct.Trace) -> tuple[tuple[float, float], tuple[float, float]]:
        """Mean W at idle and on the plateau: (shown, shown), (metered, metered)."""
        spans = ((-0.9, -0.1), (1.8, self.end_s - 0.3))
        shown = [float(trace.power_w[(trace.t_s > a) & (trace.t_s < b)].mean()) for a, b in spans]
        metered = [self.meter_j(a, b) / (b - a) for a, b in spans]
        return (shown[0], shown[1]), (metered[0], metered[1])


@cache
def metered(shared: Path, name: str) -> Metered:
    """A trace of power_truth/gpu_meter."""
    folder = shared / "data/power_truth/gpu_meter"
    meter, software, marks = (_columns(folder / f"{name}_{what}") for what in ("meter.csv.gz", "software.csv.gz", "marks.csv"))
    fields = {k: correct.Trace(software["t_s"], v) for k, v in software.items() if k.startswith("power_")}
    return Metered(meter["t_s"], meter["slot_w"] + meter["cables_w"], fields, marks["t_s"],
                   correct.seen_share_of(name.partition("_")[0]))  # fmt: skip


def _columns(path: Path) -> dict[str, np.ndarray]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as handle:
        rows = list(csv.DictReader(handle))
    names = [n for n in rows[0] if n not in ("pstate",)]
    return {n: np.array([float(row[n]) for row in rows]) for n in names}
