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


@dataclass(frozen=True, eq=False)
class Activity:
    """Rows of consumption over half-open UTC intervals [start_s, end_s) (NaN: not dated).

    ``text``: columns of text, (rows,) each: site, component, stage, boundary, flow, method, tier, share and any
    labels (run, owner, model, device ...). ``amount``: (rows, *scenarios, 1 + draws) in the flow's unit.
    ``served``: functional units delivered, by name (token, request, image). Immutable.
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

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], **carried: Any) -> Activity:
        """Rows given as mappings with ``amount`` (a float, or an array ending in the axis of draws).

        Optional keys: start_s, end_s and any text column; absent ones take their default. ``carried``: served,
        assumptions, sources, drivers, seed. Errors: BadInput naming row and field.
        """
        import numpy as np

        rows = list(rows)
        names = list(DEFAULTS) + sorted({k for row in rows for k in row} - set(DEFAULTS) - _NUMERIC)
        text = {n: _texts([row.get(n, DEFAULTS.get(n, "")) for row in rows]) for n in names}
        _check_choices(text)
        served = {k: np.atleast_1d(np.asarray(v, float)) for k, v in carried.pop("served", {}).items()}
        return cls(
            start_s=np.array([row.get("start_s", UNDATED) for row in rows], float),
            end_s=np.array([row.get("end_s", UNDATED) for row in rows], float),
            text=text,
            amount=_stacked([row["amount"] for row in rows]),
            served=served,
            **carried,
        )

    def __len__(self) -> int:
        return int(self.amount.shape[0])

    def __add__(self, other: Activity) -> Activity:
        import numpy as np

        names = list(self.text) + [n for n in other.text if n not in self.text]
        first, second = _aligned(self.amount, other.amount)
        return Activity(
            np.concatenate([self.start_s, other.start_s]),
            np.concatenate([self.end_s, other.end_s]),
            {n: np.concatenate([_column(self, n), _column(other, n)]) for n in names},
            np.concatenate([first, second]),
            _summed(self.served, other.served),
            _united(self.assumptions, other.assumptions),
            _united(self.sources, other.sources),
            {**self.drivers, **other.drivers},
            self.seed or other.seed,
        )

    def __mul__(self, factor: Any) -> Activity:
        """Every amount (and what was served) times ``factor``: a number, or an array of scenarios and draws."""
        import numpy as np

        times = np.asarray(factor, float)
        amount = self.amount * times
        return replace(self, amount=amount, served={k: v * times for k, v in self.served.items()})

    __rmul__ = __mul__

    def where(self, keep: Callable[[Mapping[str, Any]], bool] | None = None, **text: str) -> Activity:
        """The rows whose text columns equal the words given, e.g. ``where(flow="electricity")``."""
        import numpy as np

        mask = np.ones(len(self), bool)
        for name, wanted in text.items():
            mask &= _column(self, name) == wanted
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
        import numpy as np

        columns = dict(self.text)
        for name, word in text.items():
            columns[name] = np.full(len(self), word, dtype=object)
        _check_choices(columns)
        return replace(self, text=columns)

    def total(self, flow: str = "electricity") -> Amount:
        """Sum over rows of the flow and its kinds (``device_hours`` sums every device), (*scenarios, 1 + draws)."""
        return self.amount[self.flow_mask(flow)].sum(axis=0)

    def by(self, column: str, flow: str = "electricity") -> dict[str, Amount]:
        """Sums by the words of a text column, greatest first."""
        rows = self.take(self.flow_mask(flow).nonzero()[0])
        return grouped(_column(rows, column), rows.amount)

    def flow_mask(self, flow: str) -> NDArray[np.bool_]:
        """Which rows are of the flow or of its kinds (``water`` holds ``water/on_site``)."""
        import numpy as np

        return np.array([f == flow or f.startswith(flow + "/") for f in self.text["flow"]], bool)

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

        borders = np.unique(np.asarray(borders_s, float))
        index, starts, ends, share = [], [], [], []
        for i, (start, end) in enumerate(zip(self.start_s, self.end_s, strict=True)):
            cuts = borders[(borders > start) & (borders < end)]
            edges = np.concatenate(([start], cuts, [end]))
            index += [i] * (len(edges) - 1)
            starts.append(edges[:-1])
            ends.append(edges[1:])
            share.append(np.diff(edges) / (end - start) if len(cuts) else np.ones(1))
        if not index:
            return self
        pieces = self.take(np.array(index))
        portion = np.concatenate(share).reshape(-1, *[1] * (self.amount.ndim - 1))
        return replace(pieces, start_s=np.concatenate(starts), end_s=np.concatenate(ends),
                       amount=pieces.amount * portion)  # fmt: skip


def flow_unit(flow: str) -> str:
    """The domain unit of a flow; BadInput if the flow is unknown."""
    family = flow.split("/")[0]
    if family not in FLOW_UNITS:
        raise BadInput("flow", flow, f"use one of {', '.join(FLOW_UNITS)}")
    return FLOW_UNITS[family]


def grouped(words: NDArray[np.object_], amounts: Amount) -> dict[str, Amount]:
    """Sums of ``amounts`` (rows, ...) by word, greatest best estimate first."""
    import numpy as np

    places: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        places.setdefault(word, []).append(i)
    sums = {word: amounts[np.array(rows)].sum(axis=0) for word, rows in places.items()}
    return dict(sorted(sums.items(), key=lambda item: -float(np.mean(item[1][..., 0]))))


_NUMERIC = {"start_s", "end_s", "amount"}


def _texts(words: Sequence[str]) -> NDArray[np.object_]:
    import numpy as np

    column = np.empty(len(words), dtype=object)
    column[:] = words
    return column


def _column(activity: Activity, name: str) -> NDArray[np.object_]:
    import numpy as np

    if name in activity.text:
        return activity.text[name]
    return np.full(len(activity), DEFAULTS.get(name, ""), dtype=object)


def _stacked(amounts: Sequence[Any]) -> Amount:
    import numpy as np

    arrays = [np.atleast_1d(np.asarray(a, float)) for a in amounts]
    if not arrays:
        return np.empty((0, 1))
    for i, array in enumerate(arrays):
        if not np.isfinite(array).all():
            raise BadInput(f"activity row {i}, amount", float(array.flat[0]), "give finite amounts")
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    return np.stack([np.broadcast_to(a, shape) for a in arrays])


def _aligned(first: Amount, second: Amount) -> tuple[Amount, Amount]:
    import numpy as np

    shape = np.broadcast_shapes(first.shape[1:], second.shape[1:])
    return (np.broadcast_to(_padded(first, len(shape)), (len(first), *shape)),
            np.broadcast_to(_padded(second, len(shape)), (len(second), *shape)))  # fmt: skip


def _padded(amount: Amount, axes: int) -> Amount:
    return amount.reshape(len(amount), *[1] * (axes - amount.ndim + 1), *amount.shape[1:])


def _summed(first: Mapping[str, Amount], second: Mapping[str, Amount]) -> dict[str, Amount]:
    return {k: first[k] + second[k] if k in first and k in second else first.get(k, second.get(k))  # type: ignore[misc]
            for k in {**first, **second}}  # fmt: skip


def _united(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _check_choices(text: Mapping[str, NDArray[np.object_]]) -> None:
    for name, allowed in (("boundary", BOUNDARIES), ("method", METHODS), ("tier", TIERS)):
        for word in set(text.get(name, ())) - set(allowed):
            raise BadInput(f"activity {name}", word, f"use one of {', '.join(filter(None, allowed))}")
    for flow in set(text.get("flow", ())):
        flow_unit(flow)
