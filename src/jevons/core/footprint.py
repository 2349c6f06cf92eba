"""Footprint: rows of impact, each an amount of activity times a factor, explained down to the source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.activity import Activity, flow_unit, greatest_first, grouped, matched, places_of
from jevons.core.errors import BadInput
from jevons.core.factor import Factor
from jevons.core.source import Assumption, Source
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import best, interval, variance_shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

CUT_OFF_BY = "cut off by"  # the label of rows that a study leaves out


@dataclass(frozen=True, eq=False, slots=True)
class Priced:
    """Some rows of the inventory times one factor.

    ``rate``: the factor's value (rows | 1, *scenarios, 1); ``spread``: its multiplier (1 + draws | 1,) and that which
    the rows share. They are kept apart so that rows are summed before draws are unfolded.
    """

    indicator: str
    rows: NDArray[np.int64]
    factor: Factor
    rate: Amount
    spread: Amount


@dataclass(frozen=True, eq=False)
class Footprint:
    """What an activity costs under a study. Sums over rows are exact; the interval comes from the draws.

    ``excluded``: what the study cuts off, as far as it has a price; no sum here holds it.
    """

    inventory: Activity
    priced: tuple[Priced, ...]
    study: Study
    excluded: Footprint | None = None
    __array_ufunc__ = None  # numpy numbers and arrays leave k * footprint to us

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators priced, in the study's order."""
        present = {p.indicator for p in self.priced}
        return tuple(i for i in self.study.indicators if i in present)

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """Every default and fallback that stands in the result: those on which a priced row rests."""
        return self.assumptions_of(*self.indicators)

    def assumptions_of(self, *indicators: str) -> tuple[Assumption, ...]:
        """The assumptions on which the figures of these indicators rest."""
        mine = [p for p in self.priced if p.indicator in indicators]
        flows = {p.factor.flow.split("/")[0] for p in mine}
        own, every = ({a for p in blocks for a in p.factor.assumptions} for blocks in (mine, self.priced))
        return tuple(a for a in self.inventory.assumptions if (a in own or a not in every) and (not a.flow or a.flow in flows))

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the factors used, each once."""
        return tuple({p.factor.source.id: p.factor.source for p in self.priced}.values())

    def amounts(self, priced: Priced) -> Amount:
        """Impact of each row of one priced block: (rows, *scenarios, 1 + draws)."""
        return self._unspread(priced) * priced.spread

    def total(self, indicator: str = "climate") -> Amount:
        """Impact over all rows: (*scenarios, 1 + draws); element 0 of the last axis is the best estimate."""
        import numpy as np

        with np.errstate(over="ignore", invalid="ignore"):  # what is beyond every number is refused by name
            parts = [self._unspread(p).sum(axis=0) * p.spread for p in self._of(indicator)]
            total = np.sum(np.stack(np.broadcast_arrays(*parts)), axis=0)
        if not np.isfinite(total).all():
            raise BadInput(indicator, "a total beyond every number", "give amounts and factors of a size that exists")
        return total  # type: ignore[no-any-return]

    def best(self, indicator: str = "climate") -> Any:
        """The printed value: a float, or an array over scenarios."""
        value = best(self.total(indicator))
        return float(value) if value.ndim == 0 else value

    def interval(self, indicator: str = "climate", low: float = 0.05, high: float = 0.95) -> tuple[Any, Any]:
        """The 5 % and 95 % quantiles of the draws."""
        bounds = interval(self.total(indicator), low, high)
        return tuple(float(b) if b.ndim == 0 else b for b in bounds)  # type: ignore[return-value]

    def by(self, column: str, indicator: str = "climate") -> dict[str, Amount]:
        """Impact by the words of a column (stage, component, site, boundary, method, a label), greatest first."""
        import numpy as np

        words = self.inventory.column(column)
        sums: dict[str, Amount] = {}
        for p in self._of(indicator):
            for word, amount in grouped(words[p.rows], self._unspread(p)).items():
                sums[word] = sums.get(word, 0.0) + amount * p.spread
        return greatest_first(dict(zip(sums, np.broadcast_arrays(*sums.values()), strict=True)))

    def left_out(self, indicator: str = "climate") -> dict[str, Amount]:
        """What is in no total, by the cut-off that says so: (*scenarios, 1 + draws) each; empty where nothing has a price."""
        cut = self.excluded
        return cut.by(CUT_OFF_BY, indicator) if cut is not None and indicator in cut.indicators else {}

    def per(self, unit: str) -> Footprint:
        """The footprint of so many functional units, e.g. ``per("1k tokens")``; BadInput if none was served."""
        count, name = _functional_unit(unit)
        served = self.inventory.served
        if name not in served:
            raise BadInput("unit", unit, f"this activity served {', '.join(served) or 'no counted unit'}")
        if not count > 0 or not (served[name] > 0).all():
            raise BadInput("unit", unit, f"count at least one: this activity served {best(served[name])} {name}")
        return replace(self * (count / served[name]), study=self.study.with_(functional_unit=unit))

    def __add__(self, other: Footprint) -> Footprint:
        self.study.require_same(other.study)
        shift = len(self.inventory)
        moved = tuple(replace(p, rows=p.rows + shift) for p in other.priced)
        cut = [f.excluded for f in (self, other) if f.excluded is not None]
        excluded = cut[0] + cut[1] if len(cut) > 1 else cut[0] if cut else None
        return Footprint(self.inventory + other.inventory, self.priced + moved, self.study, excluded)

    def __mul__(self, factor: Any) -> Footprint:
        cut = None if self.excluded is None else self.excluded * factor
        return replace(self, inventory=self.inventory * factor, excluded=cut)

    __rmul__ = __mul__

    def __sub__(self, other: Footprint) -> dict[str, Amount]:
        """Paired difference by indicator, draw by draw; StudyMismatch if the questions differ."""
        self.study.require_same(other.study)
        return {i: self.total(i) - other.total(i) for i in self.indicators if i in other.indicators}

    def drivers(self, indicator: str = "climate") -> dict[str, float]:
        """Uncertain inputs by their first-order share of the variance, greatest first."""
        return variance_shares(self.total(indicator), self.inventory.drivers)

    def measured_share(self) -> float:
        """Share of the energy (best estimate) that was read from a counter or integrated from power."""
        by_method = {m: float(best(a).sum()) for m, a in self.inventory.by("method").items()}
        whole = sum(by_method.values())
        return (by_method.get("counter", 0.0) + by_method.get("integrated", 0.0)) / whole if whole else 0.0

    def explain(self, indicator: str = "climate") -> Explanation:
        """amount × factor = impact, line by line, with source, year and quality; recomputes the total."""
        total = best(self.total(indicator))
        if total.size > 1:
            raise BadInput("scenarios", total.shape, "explain one scenario at a time: assess it on its own")
        lines = [line for p in self._of(indicator) for line in _lines(self, p)]
        left_out = {cutoff: float(best(amount).sum()) for cutoff, amount in self.left_out(indicator).items()}
        return Explanation(indicator, tuple(lines), float(total.sum()), self.assumptions_of(indicator), left_out)

    def __str__(self) -> str:
        lines = [f"{name:16} {self.say(name)}" for name in self.indicators]
        if self.excluded is not None:
            lines += [f"left out: {name:6} {self.excluded.say(name)}" for name in self.excluded.indicators]
        return "\n".join(lines)

    def say(self, indicator: str = "climate") -> str:
        """Best estimate and interval in one unit, e.g. ``534 t [395–703]``."""
        import numpy as np

        total = self.total(indicator)
        value, (low, high) = best(total), interval(total)
        if value.ndim:
            return f"{value.size} scenarios, {np.min(value):.4g} to {np.max(value):.4g} {INDICATORS[indicator][0]}"
        unit, size = units.scale_of(float(value), INDICATORS[indicator][0])
        shown = [units.significant(v / size) for v in (float(value), low, high)]
        return f"{shown[0]} {unit}" + ("" if low == high else f" [{shown[1]}–{shown[2]}]")

    def _of(self, indicator: str) -> list[Priced]:
        found = [p for p in self.priced if p.indicator == indicator]
        if not found:
            held = ", ".join(self.indicators) or "nothing: its activity has no rows"
            raise BadInput("indicator", indicator, f"this footprint holds {held}")
        return found

    def _unspread(self, priced: Priced) -> Amount:
        amount, rate = matched(self.inventory.amount[priced.rows], priced.rate)
        return amount * rate


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an explanation: amount × rate = impact (best estimates)."""

    stage: str
    component: str
    flow: str
    amount: float
    amount_unit: str
    rate: float
    unit: str
    impact: float
    source: Source
    year: int | None
    place: str
    quality: str
    kind: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The lines behind a total, and the total they recompute."""

    indicator: str
    lines: tuple[Line, ...]
    total: float
    assumptions: tuple[Assumption, ...]
    left_out: Mapping[str, float] = field(default_factory=dict)

    @property
    def recomputed(self) -> float:
        """Sum of amount × rate over the lines."""
        return sum(line.amount * line.rate for line in self.lines)

    def __str__(self) -> str:
        unit = INDICATORS[self.indicator][0]
        head = f"{self.indicator}: {units.show(self.total, unit)}"
        body = [
            f"  {line.stage or '-'} / {line.component or '-'}: {units.significant(line.amount, 6)} {line.amount_unit} "
            f"× {line.rate:.6g} {unit}/{line.amount_unit} = {units.show(line.impact, unit, 4)}"
            f"  [{line.source.id}{f' {line.year}' if line.year else ''}"
            f"{f', quality {line.quality}' if line.quality else ''}; {line.method}]"
            for line in self.lines
        ]
        cut = [f"  left out {cutoff}: {units.show(amount, unit, 4)}" for cutoff, amount in self.left_out.items()]
        assumed = [f"  assumed {a}" for a in self.assumptions]
        return "\n".join([head, *body, *cut, *assumed])


def _lines(footprint: Footprint, priced: Priced) -> list[Line]:
    import numpy as np

    inventory, factor = footprint.inventory, priced.factor
    amounts = best(inventory.amount)[priced.rows].reshape(-1)  # one scenario: every axis but the first is 1
    rates = np.broadcast_to((best(priced.rate) * best(priced.spread)).reshape(-1), amounts.shape)
    keys = list(zip(*(inventory.text[n][priced.rows] for n in ("stage", "component", "flow", "method")), strict=True))
    lines = []
    for (stage, component, flow, method), at in places_of(keys).items():
        amount, impact = float(amounts[at].sum()), float((amounts[at] * rates[at]).sum())
        rate = impact / amount if amount else float(rates[at].mean())
        lines.append(Line(stage, component, flow, amount, flow_unit(flow), rate, factor.unit, impact, factor.source,
                          factor.year, factor.place, factor.quality, factor.kind, method))  # fmt: skip
    return lines


def _functional_unit(text: str) -> tuple[float, str]:
    found = re.match(r"^\s*((?:[\d.,]+\s*(?:[kKMBT](?=\s))?)?)\s*([A-Za-z_ -]+?)s?\s*$", text)
    if not found:
        raise BadInput("unit", text, "say a count and a unit, e.g. '1k tokens'")
    count = units.read(found[1].replace(" ", "") or "1", "", "unit")
    return float(count), found[2].strip()


def paired_interval(difference: Mapping[str, Amount], indicator: str) -> tuple[float, float, float]:
    """Best, 5 % and 95 % of a paired difference."""
    low, high = interval(difference[indicator])
    return float(best(difference[indicator])), float(low), float(high)
