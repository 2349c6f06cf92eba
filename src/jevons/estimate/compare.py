"""An estimate beside what was measured: how far off it was, and whether its interval held the truth."""

from __future__ import annotations

from dataclasses import dataclass

from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint


@dataclass(frozen=True, slots=True)
class Compared:
    """One indicator of an estimate and of a run: both values, their ratio, and whether the interval held it."""

    indicator: str
    estimated: float
    low: float
    high: float
    measured: float
    ratio: float
    inside: bool


def compare(estimate: Footprint, run: Footprint) -> list[Compared]:
    """Each indicator both footprints hold, estimate over measurement; StudyMismatch if the questions differ.

    ``inside``: the measured value lies within the estimate's 5–95 % interval. Errors: BadInput where the run
    consumed nothing.
    """
    estimate.study.require_same(run.study)
    rows = []
    for indicator in (i for i in estimate.indicators if i in run.indicators):
        guess, truth = float(estimate.best(indicator)), float(run.best(indicator))
        low, high = estimate.interval(indicator)
        if truth == 0 and indicator == "energy":
            raise BadInput("run", "0 kWh", "give a run that consumed energy")
        ratio = guess / truth if truth else float("nan")
        rows.append(Compared(indicator, guess, float(low), float(high), truth, ratio, bool(low <= truth <= high)))
    return rows
