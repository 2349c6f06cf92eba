"""What a table of models shows: which of their traits go with their emissions, after correction for asking often.

The tests of the mining study (Castaño et al. 2023, arXiv 2305.11164), with p values corrected by Holm's method over
all tests of one call. Needs scipy: pip install 'jevons[stats]'.

Nothing here predicts: three traits together explain 8 % of the variance of emissions (R² .08 in the study), so that no
figure of jevons guesses a model's emissions from its card's other fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jevons.account.cards.mined import PAIRS, Mined
from jevons.core.errors import MissingExtra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

OFFSET_G = 1e-6
"""Added to grams before the logarithm, as the study did, so that a model of 0 g is kept (far out, and so it weighs)."""
SIGNIFICANT = 0.05
FEWEST = 5  # values a test needs, in each group


@dataclass(frozen=True, slots=True)
class Tested:
    """One test: what was asked of which file, its statistic, p as computed and corrected, n, and medians of groups."""

    what: str
    file: str
    method: str
    name: str
    statistic: float
    p: float
    n: int
    medians_g: Mapping[str, float]
    p_corrected: float = float("nan")

    @property
    def remains(self) -> bool:
        """Whether it is significant after correction."""
        return self.p_corrected < SIGNIFICANT


def statistics(tables: Sequence[Mined]) -> list[Tested]:
    """Every test the tables allow, smallest p first, corrected together. Errors: MissingExtra without scipy, TableError."""
    found = [test for table in tables for test in (*_correlations(table), *_differences(table))]
    return sorted(corrected(found), key=lambda test: test.p)


def corrected(tests: Sequence[Tested]) -> list[Tested]:
    """The tests with p corrected by ``holm``."""
    return [replace(t, p_corrected=p) for t, p in zip(tests, holm([t.p for t in tests]), strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (Holm 1979): p₍ᵢ₎' = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = worst
    return adjusted


def _correlations(table: Mined) -> Iterator[Tested]:
    """Emissions against sizes (Pearson of logarithms), measures and time (Spearman's ranks)."""
    import numpy as np

    stats = _scipy()
    grams = table.numbers("co2_eq_emissions")
    for column, what in (("datasets_size", "size of the data"), ("size", "size of the model")):
        values = table.numbers(column)
        known = np.isfinite(grams) & (values > 0)
        if known.sum() >= FEWEST:
            r, p = stats.pearsonr(np.log(grams[known] + OFFSET_G), np.log(values[known]))
            yield Tested(what, table.file, "Pearson, logarithms", "r", float(r), float(p), int(known.sum()), {})
    for what, values in _ranked(table):
        known = np.isfinite(grams) & np.isfinite(values)
        if known.sum() >= FEWEST and np.ptp(values[known]) > 0:
            rho, p = stats.spearmanr(grams[known], values[known])
            yield Tested(what, table.file, "Spearman, ranks", "rho", float(rho), float(p), int(known.sum()), {})


def _ranked(table: Mined) -> Iterator[tuple[str, Array]]:
    import numpy as np

    held = table.measures()
    for name in (n for pair in PAIRS for n in pair):
        yield name, np.array([found.get(name, np.nan) for found in held])
    yield "date of upload", np.array([_day(word) for word in table.words("created_at")])


def _differences(table: Mined) -> Iterator[Tested]:
    """Emissions of two groups (Mann-Whitney U, two-sided; U of the group named first)."""
    import numpy as np

    stats = _scipy()
    grams = table.numbers("co2_eq_emissions")
    pairs = (("training type", "training_type", "pretraining", "fine-tuning"), ("domain", "domain", "Computer Vision", "NLP"))
    for what, column, first, second in pairs:
        words = np.array(table.words(column))
        groups = {name: grams[(words == name) & np.isfinite(grams)] for name in (first, second)}
        if min(map(len, groups.values())) >= FEWEST:
            u, p = stats.mannwhitneyu(*groups.values())
            medians = {name: float(np.median(group)) for name, group in groups.items()}
            n = sum(map(len, groups.values()))
            yield Tested(f"{what}: {first} and {second}", table.file, "Mann-Whitney", "U", float(u), float(p), n, medians)


def _day(word: str) -> float:
    """A date as its number in the calendar, days; NaN for none."""
    from datetime import date

    try:
        return float(date.fromisoformat(word[:10]).toordinal())
    except ValueError:
        return float("nan")


def _scipy() -> Any:
    try:
        from scipy import stats
    except ImportError:
        raise MissingExtra("scipy", "stats", "testing what goes with emissions") from None
    return stats
