"""Activity: rows of what is consumed, and the algebra that keeps them honest.

A row says when, at which site, by which component, in which stage, inside which boundary, of which flow,
how much, and how that is known. Amounts carry one array axis for rows, then any axes of scenarios, then
one axis of draws whose element 0 is the best estimate (see ``jevons.core.uncertain``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput
from jevons.core.source import Assumption

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

FLOW_UNITS = {
    "electricity": "kWh",
    "device_hours": "h",
    "water": "L",
    "transfer": "GB",
    "storage": "GB-month",
    "travel": "km",
    "money": "USD",
}
BOUNDARIES = ("chip", "server", "facility")
METHODS = ("counter", "integrated", "modelled", "declared")
TIERS = ("", "calibrated", "family", "physics", "guess")
DEFAULTS = {
    "site": "", "component": "", "stage": "", "boundary": "server", "flow": "electricity",
    "method": "modelled", "tier": "", "share": "whole",
}  # fmt: skip
UNDATED = float("nan")
SPREAD_BY = "spread by"
"""The column in which rows name the multiplier that they share."""


@dataclass(frozen=True, eq=False)
class Activity:
    """Rows of consumption over half-open UTC intervals [start_s, end_s) (NaN: not dated).

    ``text``: columns of text, (rows,) each: site, component, stage, boundary, flow, method, tier, share and any
    labels (run, owner, model, device ...). ``amount``: (rows, *scenarios, 1 + draws) in the flow's unit.
    ``served``: functional units delivered, by name (token, request, image). ``spreads``: multipliers (1 + draws,) about 1
    by name: what many rows share is unfolded after they are summed. Immutable.
    """

    start_s: Amount
    end_s: Amount
    text: Mapping[str, NDArray[np.object_]]
    amount: Amount
    served: Mapping[str, Amount] = field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()
    sources: tuple[str, ...] = ()
    drivers: Mapping[str, Amount] = field(default_factory=dict)
    seed: int = 0
    spreads: Mapping[str, Amount] = field(default_factory=dict)
    __array_ufunc__ = None  # numpy numbers and arrays leave k * activity to us

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], **carried: Any) -> Activity:
        """Rows given as mappings with ``amount`` (a float, or an array ending in the axis of draws).

        Optional keys: start_s, end_s and any text column; absent ones take their default. ``carried``: served,
        assumptions, sources, drivers, seed. Errors: BadInput naming row and field.
        """

        rows = list(rows)
        names = list(DEFAULTS) + sorted({k for row in rows for k in row} - set(DEFAULTS) - _NUMERIC)
        text = {n: _texts([row.get(n, DEFAULTS.get(n, "")) for row in rows]) for n in names}
        _check_choices(text)
        served = {unit: _count(unit, count) for unit, count in carried.pop("served", {}).items()}
        start_s, end_s = _intervals(rows)
        amount = _stacked([row.get("amount") for row in rows])
        return cls(start_s=start_s, end_s=end_s, text=text, amount=amount, served=served, **carried)

    def __len__(self) -> int:
        return int(self.amount.shape[0])

    def __add__(self, other: Activity) -> Activity:
        return joined([self, other])

    def __mul__(self, factor: Any) -> Activity:
        """Every amount (and what was served) times ``factor``: a number, or an array of scenarios and draws."""
        import numpy as np

        times = _numbers("factor", factor, "multiply an activity by numbers")
        if not np.isfinite(times).all() or not (np.atleast_1d(times)[..., 0] >= 0).all():
            raise BadInput("factor", factor, "multiply an activity by finite numbers of at least 0")
        amount, scale = matched(self.amount, times[None])
        return replace(self, amount=amount * scale, served={k: v * times for k, v in self.served.items()})

    __rmul__ = __mul__

    def where(self, keep: Callable[[Mapping[str, Any]], bool] | None = None, **text: str) -> Activity:
        """The rows whose text columns equal the words given, e.g. ``where(flow="electricity")``."""
        import numpy as np

        mask = np.ones(len(self), bool)
        for name, wanted in text.items():
            mask &= self.column(name) == wanted
        if keep is not None:
            rows = self.rows()
            mask &= np.array([keep(row) for row in rows], bool)
        return self.take(np.flatnonzero(mask))

    def take(self, index: NDArray[np.int64]) -> Activity:
        """The rows at ``index``, in that order; what was served and assumed stays."""
        text = {n: column[index] for n, column in self.text.items()}
        return replace(self, start_s=self.start_s[index], end_s=self.end_s[index], text=text, amount=self.amount[index])

    def label(self, **text: str) -> Activity:
        """A copy in which the named text columns hold one word in every row."""

        columns = dict(self.text)
        for name, word in text.items():
            columns[name] = _texts([word] * min(len(self), 1)).repeat(len(self))
        _check_choices(columns)
        return replace(self, text=columns)

    def total(self, flow: str = "electricity") -> Amount:
        """Sum over rows of the flow and its kinds (``device_hours`` sums every device), (*scenarios, 1 + draws)."""
        return self.summed(self.flow_mask(flow))

    def summed(self, mask: NDArray[np.bool_]) -> Amount:
        """Sum over the rows of a mask, what they share unfolded: (*scenarios, 1 + draws)."""
        import numpy as np

        if not self.spreads or not mask.any():
            return np.asarray(self.amount[mask].sum(axis=0))
        named = self.text[SPREAD_BY]
        parts = [self.amount[mask & (named == word)].sum(axis=0) * self.spreads.get(word, 1.0) for word in dict.fromkeys(named[mask])]
        return np.asarray(sum(parts[1:], parts[0]))

    def by(self, column: str, flow: str = "electricity") -> dict[str, Amount]:
        """Sums by the words of a text column, greatest first."""
        import numpy as np

        words, mask = self.column(column), self.flow_mask(flow)
        if not self.spreads:
            return grouped(words[mask], self.amount[mask])
        sums = {word: self.summed(mask & (words == word)) for word in dict.fromkeys(words[mask])}
        return greatest_first(dict(zip(sums, np.broadcast_arrays(*sums.values()), strict=True)))

    def column(self, name: str) -> NDArray[np.object_]:
        """The words of a text column, (rows,); BadInput if there is none of that name."""
        if name not in self.text:
            raise BadInput("column", name, f"this activity has {', '.join(self.text)}")
        return self.text[name]

    def flow_mask(self, flow: str) -> NDArray[np.bool_]:
        """Which rows are of the flow or of its kinds (``water`` holds ``water/on_site``)."""
        import numpy as np

        flow_unit(flow)
        flows, mask = self.text["flow"], np.zeros(len(self), bool)
        for kind in dict.fromkeys(flows):
            if kind == flow or kind.startswith(flow + "/"):
                mask |= flows == kind
        return mask

    def rows(self) -> list[dict[str, Any]]:
        """The rows as mappings with their best-estimate amount, for people and for tests."""
        return [
            {"start_s": self.start_s[i], "end_s": self.end_s[i], "amount": self.amount[i, ..., 0].tolist(),
             **{n: column[i] for n, column in self.text.items()}}
            for i in range(len(self))
        ]  # fmt: skip

    def assume(self, *assumptions: Assumption) -> Activity:
        """A copy that carries further assumptions."""
        return replace(self, assumptions=_united(self.assumptions, assumptions))

    def resample(self, borders_s: Sequence[float]) -> Activity:
        """Rows cut at the borders (UTC seconds); each piece gets its share of the interval, so amounts are conserved.

        A row outside the borders, or not dated, stays whole.
        """
        import numpy as np

        borders = np.unique(_numbers("borders_s", borders_s, "give UTC seconds since 1970"))
        if np.isnan(borders).any():
            raise BadInput("borders_s", float("nan"), "give UTC seconds since 1970")
        first = np.searchsorted(borders, self.start_s, side="right")
        last = np.searchsorted(borders, self.end_s, side="left")
        cuts = np.where(self.end_s > self.start_s, last - first, 0).clip(0)  # NaN compares false: nothing cuts it
        index = np.repeat(np.arange(len(self)), cuts + 1)
        piece = np.arange(len(index)) - np.repeat(np.cumsum(cuts + 1) - cuts - 1, cuts + 1)
        edges = np.append(borders, np.nan)
        starts = np.where(piece == 0, self.start_s[index], edges[first[index] + piece - 1])
        ends = np.where(piece == cuts[index], self.end_s[index], edges[first[index] + piece])
        whole = np.where(cuts > 0, self.end_s - self.start_s, 1.0)
        portion, _ = matched(np.where(cuts[index] > 0, (ends - starts) / whole[index], 1.0)[:, None], self.amount)
        pieces = self.take(index)
        return replace(pieces, start_s=starts, end_s=ends, amount=pieces.amount * portion)


def flow_unit(flow: str) -> str:
    """The domain unit of a flow; BadInput if the flow is unknown."""
    family = flow.split("/")[0]
    if family not in FLOW_UNITS:
        raise BadInput("flow", flow, f"use one of {', '.join(FLOW_UNITS)}")
    return FLOW_UNITS[family]


def grouped(words: NDArray[np.object_], amounts: Amount) -> dict[str, Amount]:
    """Sums of ``amounts`` (rows, ...) by word, greatest best estimate first."""
    return greatest_first({word: amounts[rows].sum(axis=0) for word, rows in places_of(words).items()})


def greatest_first(sums: Mapping[str, Amount]) -> dict[str, Amount]:
    """The same sums in falling order of their best estimate (its mean over scenarios)."""
    return dict(sorted(sums.items(), key=lambda item: -float(item[1][..., 0].mean())))


def places_of(words: Sequence[Any] | NDArray[np.object_]) -> dict[Any, NDArray[np.int64]]:
    """The row numbers of each word, words in order of first appearance."""
    import numpy as np

    codes = {word: i for i, word in enumerate(dict.fromkeys(words))}
    if len(codes) < 2:
        return {word: np.arange(len(words)) for word in codes}
    coded = np.fromiter((codes[word] for word in words), np.int64, len(words))
    order = np.argsort(coded, kind="stable")
    borders = np.searchsorted(coded[order], np.arange(1, len(codes)))
    return dict(zip(codes, np.split(order, borders), strict=True))


def joined(parts: Sequence[Activity]) -> Activity:
    """The rows of all parts, in order; what was served adds up, what was assumed is kept once.

    Errors: BadInput for no parts, where scenarios or draws do not broadcast, or where draws stem from different seeds.
    """
    import numpy as np

    if not parts:
        raise BadInput("parts", parts, "join at least one activity")
    names = list(dict.fromkeys(n for part in parts for n in part.text))
    return Activity(
        np.concatenate([p.start_s for p in parts]),
        np.concatenate([p.end_s for p in parts]),
        {n: np.concatenate([_column(p, n) for p in parts]) for n in names},
        np.concatenate(_aligned([p.amount for p in parts])),
        _summed([p.served for p in parts]),
        _united(*[p.assumptions for p in parts]),
        _united(*[p.sources for p in parts]),
        {name: scores for p in parts for name, scores in p.drivers.items()},
        _one_seed(parts),
        {name: multiplier for p in parts for name, multiplier in p.spreads.items()},
    )


def matched(first: Amount, second: Amount) -> tuple[Amount, Amount]:
    """Both arrays with as many axes between the first (rows) and the last (draws), so that they broadcast."""
    axes = max(first.ndim, second.ndim) - 1
    return _padded(first, axes), _padded(second, axes)


def common_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape (*scenarios, 1 + draws) to which all broadcast; BadInput if they do not."""
    import numpy as np

    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        mend = "give every amount and factor the same axes of scenarios and the same number of draws"
        raise BadInput("shapes (*scenarios, 1 + draws)", sorted(set(shapes)), mend) from None


def beside(amount: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amounts (rows, *scenarios, 1 + draws) with room for all axes of a factor (*scenarios, 1 + draws) beside them."""
    lacking = factor.ndim - (amount.ndim - 1)
    return amount if lacking <= 0 else amount.reshape(len(amount), *[1] * lacking, *amount.shape[1:])


_NUMERIC = {"start_s", "end_s", "amount"}
_LAST_S = 253_402_300_800.0  # the year 10000: beyond it are milliseconds, or no calendar


def _texts(words: Sequence[str]) -> NDArray[np.object_]:
    import numpy as np

    for kind in set(map(type, words)):
        if not issubclass(kind, str):
            raise BadInput("activity text", next(w for w in words if type(w) is kind), "give text: a word a row")
    column = np.empty(len(words), dtype=object)
    column[:] = words
    return column


def _column(activity: Activity, name: str) -> NDArray[np.object_]:
    import numpy as np

    if name in activity.text:
        return activity.text[name]
    return np.full(len(activity), DEFAULTS.get(name, ""), dtype=object)


def _numbers(field: str, value: Any, mend: str) -> Amount:
    """Numbers as an array; BadInput for text, yes and no, and whatever else is none."""
    import numpy as np

    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iuf" and array.size:
            raise TypeError
        return array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(field, value, mend) from None


def _count(unit: str, count: Any) -> Amount:
    import numpy as np

    served = np.atleast_1d(_numbers(f"served: {unit}", count, "give a count"))
    if not np.isfinite(served).all() or (served[..., :1] < 0).any():
        raise BadInput(f"served: {unit}", count, "give finite counts of at least 0")
    return served


def _stacked(amounts: Sequence[Any]) -> Amount:
    import numpy as np

    if set(map(type, amounts)) <= {int, float}:
        stacked = np.array(amounts, float)[:, None]
    else:
        arrays = [_amount(value, i) for i, value in enumerate(amounts)]
        shape = common_shape(*[a.shape for a in arrays])
        stacked = np.stack([np.broadcast_to(a, shape) for a in arrays])
    wrong = ~np.isfinite(stacked)
    wrong[..., 0] |= stacked[..., 0] < 0
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise BadInput(f"activity row {row}, amount", float(stacked[wrong][0]), "give finite amounts of at least 0")
    return stacked


def _amount(value: Any, row: int) -> Amount:
    import numpy as np

    mend = "give a number in the flow's unit, or an array ending in the axis of draws"
    amount = np.atleast_1d(_numbers(f"activity row {row}, amount", value, mend))
    if not amount.shape[-1]:
        raise BadInput(f"activity row {row}, amount", value, mend)
    return amount


def _intervals(rows: Sequence[Mapping[str, Any]]) -> tuple[Amount, Amount]:
    import numpy as np

    try:
        start_s, end_s = (np.array([r.get(n, UNDATED) for r in rows], float) for n in ("start_s", "end_s"))
    except (TypeError, ValueError):
        raise BadInput("activity start_s, end_s", "not all numbers", "give UTC seconds since 1970") from None
    for row in np.flatnonzero(~(np.maximum(abs(start_s), abs(end_s)) < _LAST_S) & ~np.isnan(start_s + end_s))[:1]:
        raise BadInput(f"activity row {row}, start_s", float(start_s[row]), "give UTC seconds, before the year 10000 (are these milliseconds?)")
    for row in np.flatnonzero(end_s < start_s)[:1]:
        raise BadInput(f"activity row {row}, end_s", float(end_s[row]), f"it lies before start_s {start_s[row]:.15g}")
    return start_s, end_s


def _aligned(amounts: Sequence[Amount]) -> list[Amount]:
    import numpy as np

    shape = common_shape(*[a.shape[1:] for a in amounts])
    return [np.broadcast_to(_padded(a, len(shape)), (len(a), *shape)) for a in amounts]


def _padded(amount: Amount, axes: int) -> Amount:
    return amount.reshape(len(amount), *[1] * (axes - amount.ndim + 1), *amount.shape[1:])


def _summed(parts: Sequence[Mapping[str, Amount]]) -> dict[str, Amount]:
    return {unit: sum(p[unit] for p in parts if unit in p) for unit in dict.fromkeys(u for p in parts for u in p)}  # type: ignore[misc]


def _united(*parts: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _one_seed(parts: Sequence[Activity]) -> int:
    seeds = {p.seed for p in parts if p.amount.shape[-1] > 1}
    if len(seeds) > 1:
        raise BadInput("seed", sorted(seeds), "draw all parts under one seed, so that their draws belong together")
    return next(iter(seeds), next((p.seed for p in parts if p.seed), 0))


def _check_choices(text: Mapping[str, NDArray[np.object_]]) -> None:
    for name, allowed in (("boundary", BOUNDARIES), ("method", METHODS), ("tier", TIERS)):
        for word in set(text.get(name, ())) - set(allowed):
            raise BadInput(f"activity {name}", word, f"use one of {', '.join(filter(None, allowed))}")
    for flow in set(text.get("flow", ())):
        flow_unit(flow)
