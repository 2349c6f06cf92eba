"""A footprint beside everyday things: a few equivalences, chosen so that the counts are easy to picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures

EASY_COUNT = 30.0  # counts near this are easiest to picture: more than one hand, fewer than a crowd
COUNTED = ("km", "US gallon", "mile")  # endings of a name that are the thing counted
DIGITS = 2


@dataclass(frozen=True, slots=True)
class Equivalent:
    """``count`` (low to high) of a thing have the footprint's amount of ``indicator``."""

    id: str
    indicator: str
    count: float
    low: float
    high: float
    name: str
    source: str

    @property
    def said(self) -> str:
        """The count in at most three digits, with its unit where it has one."""
        _, counted = _split(self.name)
        return f"{spoken(self.count)}{f' {counted}' if counted else ' ×'}"

    def __str__(self) -> str:
        return f"{self.said} {_split(self.name)[0]}"

    @property
    def thing(self) -> str:
        """What is counted."""
        return _split(self.name)[0]


def equivalents(footprint: Footprint, rows: Iterable[Mapping[str, Any]], count: int = 3) -> list[Equivalent]:
    """The ``count`` easiest to picture, at most two of one indicator and one of a kind (the id's first word).

    ``rows``: mappings with id, name, value (amount of the indicator in one of the things), unit, indicator, source.
    Rows of an indicator that was not priced are passed over. Errors: BadInput where a value is not above zero.
    """
    held = {f.name: f for f in figures.headlines(footprint)}
    found = [equal for row in rows if (equal := _equal(held, row))]
    found.sort(key=lambda e: abs(math.log10(e.count / EASY_COUNT)))
    kept: list[Equivalent] = []
    for equal in found:
        same = sum(k.indicator == equal.indicator for k in kept)
        if len(kept) < count and same < 2 and _kind(equal.id) not in map(_kind, (k.id for k in kept)):
            kept.append(equal)
    return kept


def spoken(count: float) -> str:
    """A count in two digits: ``0.43``, ``1,500``, ``1.5 million``."""
    for name, size in (("billion", 1e9), ("million", 1e6)):
        if count >= 0.995 * size:
            return f"{units.significant(count / size, DIGITS)} {name}"
    return units.significant(count, DIGITS)


def _equal(held: Mapping[str, figures.Figure], row: Mapping[str, Any]) -> Equivalent | None:
    figure = held.get("water" if str(row["indicator"]).startswith("water") else row["indicator"])
    if figure is None or figure.best <= 0:
        return None
    each = units.read(row["value"], row["unit"], f"equivalence {row['id']}")
    if each <= 0 or row["unit"] != figure.unit:
        raise BadInput(f"equivalence {row['id']}", f"{row['value']} {row['unit']}",
                       f"give an amount above zero in {figure.unit}")  # fmt: skip
    return Equivalent(row["id"], figure.name, figure.best / each, figure.low / each, figure.high / each, row["name"],
                      row["source"])  # fmt: skip


def _split(name: str) -> tuple[str, str]:
    thing, _, counted = name.rpartition(", ")
    return (thing, counted) if thing and counted in COUNTED else (name, "")


def _kind(identifier: str) -> str:
    return identifier.split("-")[0]
