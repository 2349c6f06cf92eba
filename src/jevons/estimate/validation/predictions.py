"""What a validation keeps: predicted beside observed, and what was left out; shared by every kind of file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.estimate.validation.scores import Score, score

Array = NDArray[np.float64]


@dataclass
class Predictions:
    """Predictions of one target, one element per row that could be predicted; `observed` is NaN where unknown."""

    models: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    fit: list[str] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    p10: list[float] = field(default_factory=list)
    p90: list[float] = field(default_factory=list)
    assumptions: list[tuple[str, ...]] = field(default_factory=list)

    def arrays(self) -> tuple[Array, ...]:
        """observed, best, p10, p90 as arrays, in this order."""
        return tuple(np.array(column, dtype=float) for column in (self.observed, self.best, self.p10, self.p90))


@dataclass(frozen=True)
class PredictedColumns:
    """Predicted and observed values of one target, as arrays with one element per row."""

    observed: Array
    best: Array
    p10: Array
    p90: Array

    def score(self, where: NDArray[np.bool_], families: Sequence[str], fit: Sequence[str]) -> dict[str, Any] | None:
        """The score of the rows chosen that hold an observation; None where there are none."""
        at: list[int] = np.flatnonzero(where & np.isfinite(self.observed)).tolist()
        if not at:
            return None
        words = " and ".join(sorted({fit[i] for i in at}))
        columns = (self.observed[at], self.best[at], self.p10[at], self.p90[at])
        return score(*columns, families=[families[i] for i in at], fit=words).to_dict()


def score_of(predictions: Predictions) -> Score | None:
    """The score of what was observed above zero; "leave-one-out" as soon as one row took part in the fit."""
    observed, best, p10, p90 = predictions.arrays()
    kept = observed > 0
    if not kept.any():
        return None
    families = [f for f, keep in zip(predictions.families, kept, strict=True) if keep]
    fits = {f for f, keep in zip(predictions.fit, kept, strict=True) if keep}
    fit = "leave-one-out" if "leave-one-out" in fits else "unseen"
    return score(observed[kept], best[kept], p10[kept], p90[kept], families, fit)


def counted(left_out: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, Any]]:
    """Rows left out by reason, with their number."""
    return {why: {"n": len(rows), "rows": list(rows)} for why, rows in left_out.items()}
