"""Weights of owners in an interval and place: a key's amounts of use, as far as they lie in the interval.

    w_owner = Σ amount · (overlap of use and interval) / (length of use)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jevons.account.allocation.usage import Usage
from jevons.core.activity import Activity, places_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

UNALLOCATED = "unallocated"
EQUAL = "equal"


class Spot(NamedTuple):
    """When (None: not dated) and where some rows of a meter are."""

    start_s: float | None
    end_s: float | None
    place: tuple[str, ...]


class Weights:
    """What each owner weighs where and when. ``rows``: those to be shared; they tell span and place."""

    def __init__(self, used: Usage, owners: NDArray[np.object_], key: str | None, rows: Activity, match: Sequence[str]):
        self.names = list(dict.fromkeys(owners))
        self._key, self._rows = key, rows
        codes = {name: i for i, name in enumerate(self.names)}
        self._code = np.fromiter((codes[name] for name in owners), np.int64, len(owners))
        self._used = _dated_as(used, rows)
        self._match = [name for name in match if name in rows.text and name in used.text
                       and (set(rows.text[name]) & set(used.text[name])) - {""}]  # fmt: skip

    def spots(self) -> dict[Spot, NDArray[np.int64]]:
        """The rows of each interval and place."""
        starts, ends = ([None if t != t else t for t in column.tolist()] for column in (self._rows.start_s, self._rows.end_s))
        places = list(zip(*(self._rows.text[c] for c in self._match), strict=True)) if self._match else [()] * len(starts)
        return places_of([Spot(a, b, place) for a, b, place in zip(starts, ends, places, strict=True)])

    def amount(self, spot: Spot) -> Amount:
        """The key's amounts of each row of usage that fall into an interval and place, (rows of usage,)."""
        if self._key is None or not len(self._used):
            return np.zeros(len(self._used))
        mask = np.ones(len(self._used), bool)
        for name, word in zip(self._match, spot.place, strict=True):
            if word:
                mask &= (self._used.text[name] == word) | (self._used.text[name] == "")
        if self._key == EQUAL:
            return mask.astype(float)
        return self._used.key(self._key) * self._used.within(spot.start_s, spot.end_s) * mask

    def shares(self, spot: Spot) -> Amount:
        """Share of each of ``names``, (owners,), summing to 1; all zero where nobody has a weight."""
        amount = self.amount(spot)
        top = amount.max(initial=0.0)
        total = np.bincount(self._code, amount / top if top > 0 else amount, len(self.names))
        if self._key == EQUAL:
            total = np.array([float(n > 0 and name != UNALLOCATED) for n, name in zip(total, self.names, strict=True)])
        whole = total.sum()
        return total / whole if whole > 0 else np.zeros(len(self.names))


def whole_span(rows: Activity) -> tuple[float, float] | None:
    """From the first to the last dated row; None where none is dated."""
    dated = ~np.isnan(rows.start_s)
    return (float(rows.start_s[dated].min()), float(np.nanmax(rows.end_s))) if dated.any() else None


def _dated_as(used: Usage, rows: Activity) -> Usage:
    """Usage without dates is taken to lie evenly over the rows' whole span."""
    span = whole_span(rows)
    return used.dated(*span) if span and np.isnan(used.start_s).any() else used
