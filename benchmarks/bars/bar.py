"""One row of a benchmark: figure, n, 90 % interval, rivals on the same rows, the bar, and what follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jevons.estimate.validation import scores

PROOF_N = 10  # below it a figure is shown and proves nothing
SCALES = {"%": 100.0, "million/s": 1e-6}
Interval = tuple[float, float] | None
LEGEND = (
    "verdict: met / missed against the must; * its 90 % interval reaches past the must; n < 10 is shown, no proof.\n"
    "beside a rival: ours − theirs on the same rows (90 % interval, whole families resampled), a win excludes 0;\n"
    "or theirs / ours, run by run, a win excludes 1."
)


@dataclass(frozen=True)
class Limit:
    """A bar: the figure must not lie below ``low`` nor above ``high`` (in the unit of its row, fractions for %)."""

    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: float) -> bool:
        """Whether a figure keeps to it."""
        return self.low - 1e-12 <= value <= self.high + 1e-12

    def text(self, unit: str) -> str:
        """As printed: ``≤ 18 %``, ``70–92 %``."""
        if math.isinf(self.low):
            return f"≤ {number(self.high, unit)}"
        if math.isinf(self.high):
            return f"≥ {number(self.low, unit)}"
        return f"{number(self.low, unit).removesuffix(unit).strip()}–{number(self.high, unit)}"


@dataclass(frozen=True)
class Rival:
    """Another's figure in the row's unit; ``difference``: ours − theirs, paired, where rows can be paired.

    ``ratio`` (theirs over ours, paired run by run) takes its place where times are compared.
    """

    name: str
    figure: float | None
    difference: float | None = None
    interval_90: Interval = None
    ratio: float | None = None
    note: str = ""

    @property
    def wins(self) -> bool | None:
        """Whether ours is better with an interval that excludes 0 (for a ratio: 1); None where nothing was paired."""
        if self.interval_90 is None or math.isnan(self.interval_90[0]):
            return None
        return self.interval_90[0] > 1 if self.ratio is not None else self.interval_90[1] < 0


@dataclass(frozen=True)
class Bar:
    """One row. ``figure`` and intervals are fractions where ``unit`` is %."""

    section: str
    name: str
    n: int
    figure: float
    unit: str = "%"
    interval_90: Interval = None
    must: Limit | None = None
    stretch: Limit | None = None
    rivals: tuple[Rival, ...] = ()
    note: str = ""
    proof: bool = False  # a count of tests proves itself, however few

    @property
    def verdict(self) -> str:
        """met, missed or shown, and whether the stretch is reached."""
        if self.must is None:
            return "shown" + (", stretch reached" if self.stretch and self.stretch.holds(self.figure) else "")
        holds = self.must.holds(self.figure)
        past = self.interval_90 is not None and holds and not all(map(self.must.holds, self.interval_90))
        reached = ", stretch reached" if holds and self.stretch and self.stretch.holds(self.figure) else ""
        if self.n < PROOF_N and not self.proof:
            return f"shown ({'under' if holds else 'past'} the bar){reached}"
        return f"{'met' if holds else 'missed'}{'*' if past else ''}{reached}"

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values; an absent end of a bar is null."""
        row = asdict(self)
        for limit in ("must", "stretch"):
            if row[limit]:
                row[limit] = {end: None if math.isinf(v) else v for end, v in row[limit].items()}
        row["rivals"] = [{**asdict(r), "wins": r.wins} for r in self.rivals]
        return plain({**row, "verdict": self.verdict})


def number(value: float | None, unit: str) -> str:
    """A figure with three significant digits in its unit."""
    if value is None or math.isnan(value):
        return "–"
    if unit == "of":
        return f"{value:g}"
    value *= SCALES.get(unit, 1.0)
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{shown} {unit}".strip()


def span(interval: Interval, unit: str) -> str:
    """An interval in its unit, or a dash."""
    if interval is None or math.isnan(interval[0]):
        return "–"
    low, high = (number(end, unit).removesuffix(unit).strip() for end in interval)
    return f"[{low}, {high}]"


def lines(bars: Sequence[Bar]) -> list[str]:
    """The table as text: a line a bar, beneath it a line a rival and the notes."""
    wide = max((len(bar.name) for bar in bars), default=0) + 2
    head = f"  {'bar':{wide}}{'n':>7}{'figure':>16}  {'90 % interval':18}{'must':>12}{'stretch':>12}  verdict"
    out, section = [], ""
    for bar in bars:
        if bar.section != section:
            section = bar.section
            out += ["", section, head]
        must, stretch = (limit.text(bar.unit) if limit else "–" for limit in (bar.must, bar.stretch))
        out.append(f"  {bar.name:{wide}}{bar.n:>7,}{number(bar.figure, bar.unit):>16}  {span(bar.interval_90, bar.unit):18}"
                   f"{must:>12}{stretch:>12}  {bar.verdict}")  # fmt: skip
        out += [f"      {rival_line(rival, bar)}" for rival in bar.rivals]
        out += [f"      · {part}" for part in bar.note.split("\n") if part]
    return out


def rival_line(rival: Rival, bar: Bar) -> str:
    """What stands beside us, and the paired difference (in points where the unit is %) or ratio."""
    text = f"{rival.name}: {number(rival.figure, bar.unit)}"
    points = number(rival.difference, bar.unit).replace("%", "points")
    if rival.ratio is not None:
        text += f"; theirs / ours {number(rival.ratio, '×')} {span(rival.interval_90, '×')}"
    elif rival.difference is not None:
        text += f"; ours − theirs {points} {span(rival.interval_90, bar.unit)}"
    if rival.wins is not None:
        text += ": no win" if not rival.wins else ": a win" if bar.n >= PROOF_N else f": better, n = {bar.n} proves nothing"
    return text + (f" ({rival.note})" if rival.note else "")


def markdown(title: str, bars: Sequence[Bar], facts: dict[str, Any]) -> str:
    """The same as a short page."""
    out = [f"# {title}", "", "; ".join(f"{k} {v}" for k, v in facts.items()), ""]
    out += ["| bar | n | figure | 90 % interval | must | stretch | verdict |", "|---|---|---|---|---|---|---|"]
    for bar in bars:
        must, stretch = (limit.text(bar.unit) if limit else "–" for limit in (bar.must, bar.stretch))
        cells = (bar.name, f"{bar.n:,}", number(bar.figure, bar.unit), span(bar.interval_90, bar.unit), must, stretch, bar.verdict)
        out.append("| " + " | ".join(cells) + " |")
    out += ["", "| bar | rival beside it |", "|---|---|"]
    out += [f"| {bar.name} | {rival_line(rival, bar)} |" for bar in bars for rival in bar.rivals]
    return "\n".join([*out, "", *LEGEND.split("\n"), ""])


def paired(name: str, ours: Any, theirs: Any, families: Sequence[str], note: str = "") -> Rival:
    """A rival's mean error beside ours on the same rows, with the paired difference."""
    found = scores.paired_difference(ours, theirs, families)
    return Rival(name, float(np.mean(theirs)), found["difference"], tuple(found["interval_90"]), note=note)


def clustered(values: Any, families: Sequence[str], statistic: Callable[[Any], float] | None = None) -> Interval:
    """The 90 % family-clustered interval of a mean (or another statistic)."""
    low, high = scores.clustered_bootstrap(values, families, statistic=statistic)
    return None if math.isnan(low) else (low, high)


def relative_gain(ours: Any, theirs: Any, families: Sequence[str], n: int = 2000, seed: int = 0) -> tuple[float, Interval]:
    """1 − mean(ours) / mean(theirs) with its 90 % interval, whole families resampled together."""
    pair = np.stack([np.asarray(ours, float), np.asarray(theirs, float)])
    names, index = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    sums = np.stack([np.bincount(index, weights=row, minlength=names.size) for row in pair])
    drawn = sums[:, np.random.default_rng(seed).integers(names.size, size=(n, names.size))].sum(axis=2)
    low, high = np.quantile(1 - drawn[0] / drawn[1], [0.05, 0.95])
    return float(1 - pair[0].mean() / pair[1].mean()), (float(low), float(high))


def plain(value: Any) -> Any:
    """Numbers of numpy as Python's, NaN as null, floats to six digits."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(f"{float(value):.6g}")
    return int(value) if isinstance(value, np.integer) else value
