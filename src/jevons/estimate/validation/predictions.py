"""What a validation keeps: predicted beside observed, and what was left out; shared by every kind of file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jevons.estimate.validation.scores import score

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Predicted(NamedTuple):
    """One row predicted: its name, family and fit ("unseen", "leave-one-out"), what was observed (NaN where nothing
    was), the prediction and its 10-90 % interval."""

    name: str
    family: str
    fit: str
    observed: float
    best: float
    p10: float
    p90: float
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predictions:
    """Predictions of one target, one element per row that could be predicted; `observed` is NaN where unknown."""

    names: list[str]
    families: list[str]
    fit: list[str]
    observed: Array
    best: Array
    p10: Array
    p90: Array
    assumptions: list[tuple[str, ...]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Sequence[Predicted]) -> Predictions:
        """The rows as columns."""
        names, families, fit, *numbers, told = zip(*rows) if rows else ((),) * len(Predicted._fields)
        observed, best, p10, p90 = (np.array(column, float) for column in numbers)
        return cls(list(names), list(families), list(fit), observed, best, p10, p90, list(told))

    def arrays(self) -> tuple[Array, ...]:
        """observed, best, p10, p90, in this order."""
        return self.observed, self.best, self.p10, self.p90

    def score(self, where: Flags | None = None) -> dict[str, Any] | None:
        """The score of the rows (of those at ``where``) observed above zero; None where there are none."""
        seen = self.observed > 0
        at: list[int] = np.flatnonzero(seen if where is None else seen & where).tolist()
        if not at:
            return None
        words = " and ".join(sorted({self.fit[i] for i in at}))
        observed, best, p10, p90 = (column[at] for column in self.arrays())
        return score(observed, best, p10, p90, [self.families[i] for i in at], words).to_dict()


@dataclass(frozen=True)
class Prediction:
    """The whole of a ``predict``: predictions by target, and what was left out, by reason (or by target and reason).

    ``numbers``: the file's line of each row, where all targets have the same rows. ``apart``: parts of the first
    target's rows that are scored by themselves, by what parts them.
    """

    targets: dict[str, Predictions]
    left_out: dict[str, Any]
    numbers: list[int] = field(default_factory=list)
    apart: dict[str, dict[str, Flags]] = field(default_factory=dict)

    def scores(self) -> dict[str, Any]:
        """``{"targets": {target: score or None}, "left_out": {reason: {"n", "rows"}}}``, the parts between them under
        their name; fractions, not percent."""
        first = next(iter(self.targets.values()))
        parts = {name: {part: first.score(where) for part, where in each.items()} for name, each in self.apart.items()}
        return {"targets": {name: found.score() for name, found in self.targets.items()}, **parts,
                "left_out": counted(self.left_out)}  # fmt: skip


def counted(left_out: Mapping[str, Any]) -> dict[str, Any]:
    """Rows left out by reason, with their number; a mapping of reasons likewise below its name."""
    return {why: counted(rows) if isinstance(rows, Mapping) else {"n": len(rows), "rows": list(rows)}
            for why, rows in left_out.items()}  # fmt: skip
