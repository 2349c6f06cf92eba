"""The efficiency label A to E of the mining study, exactly as it was computed.

Castaño, Martínez-Fernández, Franch and Bogner 2023 (arXiv 2305.11164; repository GAISSA-UPC/ML-EnergyLabel). Five
metrics become indices against a reference model, indices become classes 0 to 4 between percentiles OF THE TABLE GIVEN,
and the weighted mean of the classes, rounded, is the letter.

Its quirks are kept, for without them the counts are others:

* the percentiles of the emissions are taken of the square root of the index, the index itself is compared with them;
* a class begins strictly above its edge; nothing lies above the lowest edge but class D, and the rest is E;
* weights of missing metrics are dropped and the others renormalised BEFORE the mean is summed, in doubles;
* the mean is rounded half to even, so that 1.5 and 2.5 are both C;
* where the reference lacks a value, the median of the table stands in (and for all of them where the table lacks distilgpt2);
* emissions of 0 make infinite indices, which count among the best.

A label says how a model stands among those that reported, not how much it emitted: see ``lint`` for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jevons.account.cards.mined import Mined
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LETTERS = "ABCDE"
REFERENCE = "distilgpt2"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its weight, the percentiles at which A, B, C and D begin, and whether less is better."""

    name: str
    weight: float
    percentiles: tuple[float, float, float, float] = (80, 60, 40, 20)
    less_is_better: bool = False


METRICS = (
    Metric("co2_eq_emissions", 0.35, less_is_better=True),
    Metric("size_efficiency", 0.10), Metric("datasets_size_efficiency", 0.10),
    Metric("downloads", 0.25, (96, 94, 85, 60)), Metric("performance_score", 0.20),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Labels:
    """The letter of each row (empty where nothing could be labelled), the edges of each metric and the reference.

    ``model``: whose values the reference are; empty where they are the table's medians.
    """

    names: tuple[str, ...]
    letters: tuple[str, ...]
    edges: Mapping[str, tuple[float, ...]]
    reference: Mapping[str, float]
    not_given: tuple[str, ...]
    model: str = REFERENCE

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each letter."""
        found = Counter(self.letters)
        return {letter: found[letter] for letter in LETTERS}


def labels(table: Mined, reference: str = "") -> Labels:
    """The labels of a table's rows. ``reference``: the model compared with; unsaid, distilgpt2 where the table has it, else the
    table's medians. Errors: BadInput where the model named is not in the table, TableError for bad cells.
    """
    import numpy as np

    names = table.words("modelId")
    if reference and reference not in names:
        raise BadInput("reference", reference, "name a model of the table's column modelId, in --reference")
    model = reference or (REFERENCE if REFERENCE in names else "")
    at = names.index(model) if model else None
    with np.errstate(divide="ignore", invalid="ignore"):
        values = metrics(table)
        refs = {m.name: _reference(values[m.name], at) for m in METRICS}
        indices = {m.name: index(values[m.name], refs[m.name], m.less_is_better) for m in METRICS}
        edges = {m.name: borders(indices[m.name], m) for m in METRICS}
        classes = np.stack([class_of(indices[m.name], edges[m.name]) for m in METRICS], axis=1)
        means = weighted_mean(classes, np.array([m.weight for m in METRICS]))
    letters = tuple("" if np.isnan(x) else LETTERS[int(round(x))] for x in means)  # noqa: RUF046  # round half to even
    not_given = tuple(m.name for m in METRICS if np.isnan(values[m.name]).all())
    return Labels(tuple(names), letters, {k: tuple(map(float, e)) for k, e in edges.items()}, refs, not_given, model)


def metrics(table: Mined) -> dict[str, Array]:
    """The five metrics, (rows,) each, NaN where absent: grams, bytes a gram, bytes a gram, downloads, score."""
    grams = table.numbers("co2_eq_emissions")
    return {
        "co2_eq_emissions": grams,
        "size_efficiency": table.numbers("size") / grams,
        "datasets_size_efficiency": table.numbers("datasets_size") / grams,
        "downloads": table.numbers("downloads"),
        "performance_score": table.performance(),
    }


def index(values: Array, reference: float, less_is_better: bool) -> Array:
    """value / reference, or reference / value where less is better; above 1 is better than the reference."""
    return reference / values if less_is_better else values / reference


def borders(indices: Array, metric: Metric) -> Array:
    """The four edges, best first: percentiles of the indices, of their square roots for the emissions (a quirk)."""
    import numpy as np

    known = indices[~np.isnan(indices)]
    if not len(known):
        return np.full(4, np.nan)
    return np.asarray(np.percentile(np.sqrt(known) if metric.less_is_better else known, metric.percentiles))


def class_of(indices: Array, edges: Array) -> Array:
    """0 strictly above the first edge, 1 from there down to above the second, ... else 4; NaN where the index is.

    An edge that is no number (between two infinite indices) closes the classes on both its sides, as it did in the study.
    """
    import numpy as np

    upper, lower = np.concatenate(([np.inf], edges)), np.concatenate((edges, [0.0]))
    inside = (indices[:, None] <= upper) & (indices[:, None] > lower)
    found = np.where(inside.any(axis=1), inside.argmax(axis=1), 4.0)
    return np.where(np.isnan(indices), np.nan, found)


def weighted_mean(classes: Array, weights: Array) -> Array:
    """Σ class · (weight / Σ weights present), (rows,): the weights are renormalised first, then summed in order."""
    import numpy as np

    present = ~np.isnan(classes)
    share = np.where(present, weights, 0.0)
    share = share / np.where(present.any(axis=1), _summed(share), 1.0)[:, None]
    return np.where(present.any(axis=1), _summed(np.where(present, classes, 0.0) * share), np.nan)


def _summed(terms: Array) -> Array:
    """Sum over the columns from left to right, so that no other order moves a mean off its half."""
    total = terms[:, 0]
    for column in terms.T[1:]:
        total = total + column
    return total


def _reference(values: Array, at: int | None) -> float:
    import numpy as np

    value = values[at] if at is not None else np.nan
    return float(np.nanmedian(values)) if np.isnan(value) and not np.isnan(values).all() else float(value)
