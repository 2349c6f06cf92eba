"""The market side: who bought which electricity. Certificates and contracts are matched with consumption, each MWh once.

What the GHG Protocol's Scope 2 Guidance asks of an instrument is checked here: it is retired (its id), unique (no
retirement twice, no volume twice), of the market of the site, and of the year of the consumption. What no contract
covers is priced at the residual mix of the country; where none is given, at the location's own factor, and that is said.

    kind,id,mwh,zone,vintage,fuel,retirement,start,end,site,used_mwh,intensity
    certificate,lot-1,500,FRA,2024,wind,GO-2024-0001,,,,,
    ppa,solar-park,,FRA,2024,solar,PPA-7,2024-06-01T12:00Z,2024-06-01T13:00Z,paris,,
    residual,,,FRA,2024,,,,,,,41 g/kWh
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption
from jevons.core.study import Study
from jevons.core.units import convert
from jevons.world.place import locate

if TYPE_CHECKING:

    from jevons.core.activity import Activity

KINDS = {
    "certificate": "guarantees of origin, renewable energy certificates: retired for this consumption",
    "ppa": "a power purchase agreement with one generator",
    "supplier": "a supplier's own product, with the rate the supplier discloses",
}
RENEWABLE = ("wind", "solar", "hydro", "bioenergy", "other_renewable")


@dataclass(frozen=True, slots=True)
class Contract:
    """One row of the ledger: ``energy_kwh`` made in ``zone`` in ``vintage`` (or from ``start_s`` to ``end_s``).

    ``intensity_kg_per_kwh``: direct emissions it conveys. ``site``: the one it is bound to, empty for any in its market.
    """

    kind: str
    id: str
    energy_kwh: float
    zone: str
    vintage: int
    fuel: str
    intensity_kg_per_kwh: float
    retirement: str = ""
    start_s: float | None = None
    end_s: float | None = None
    site: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"contract {self.id}: kind", self.kind, f"use one of {', '.join(KINDS)}")
        for name in ("energy_kwh", "intensity_kg_per_kwh"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise BadInput(f"contract {self.id}: {name}", getattr(self, name), "give a finite number of at least 0")
        if not self.span[0] < self.span[1]:
            raise BadInput(f"contract {self.id}: end_s", self.end_s, "it must end after it starts")

    @property
    def claim(self) -> tuple[str, str]:
        """What may be claimed once: the retirement, else the contract itself, however its id is spelled."""
        return ("retirement", spelled(self.retirement)) if self.retirement else ("id", spelled(self.id))

    @property
    def span(self) -> tuple[float, float]:
        """From when to when it was made, as far as that is known; without hours all of time."""
        return (-inf, inf) if self.start_s is None or self.end_s is None else (self.start_s, self.end_s)


@dataclass(frozen=True)
class Contracts:
    """A contract ledger. ``residual``: (country, year) → kg/kWh. ``markets``: country → name of the market it is part of.

    ``vintage_years``: how far the year of generation may lie from that of consumption.
    """

    held: tuple[Contract, ...] = ()
    residual: Mapping[tuple[str, int], float] = field(default_factory=dict)
    markets: Mapping[str, str] = field(default_factory=dict)
    vintage_years: int = 0
    source: str = ""

    def __post_init__(self) -> None:
        claims: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for contract in self.held:
            claims.setdefault(contract.claim, []).append(contract.span)
        for claim, spans in claims.items():
            spans.sort()
            if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
                raise BadInput(*claim, "it stands here twice for the same time; a MWh is claimed once")

    def market(self, place: str) -> str:
        """The market a place belongs to: the one declared, else its country."""
        country = locate(place).country
        return self.markets.get(country, country)


@dataclass(frozen=True, slots=True)
class Demand:
    """Electricity a site consumed in a year, facility overhead included."""

    site: str
    country: str
    market: str
    year: int
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Use:
    """So much of a contract is claimed for a site and year."""

    contract: Contract
    site: str
    year: int
    energy_kwh: float


def spelled(name: str) -> str:
    """An id without what typing changes: case, and which signs part its words (``GO 2023_1`` is ``go-2023-1``)."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-") or name


def consumption(inventory: Activity, held: Contracts, year: int | None = None) -> list[Demand]:
    """Electricity by site and calendar year (UTC), best estimates; ``year`` where rows are not dated.

    Rows that cross a new year are split there. Errors: BadInput where a row has no date and no year is given, or no
    site; UnknownName where a site is no place (contracts need its market).
    """
    import numpy as np

    rows = split_at_new_year(inventory.where(flow="electricity"))
    if not len(rows):
        raise BadInput("consumption", "no rows of electricity", "give the inventory of a footprint, overhead included")
    years = years_of(rows, year)
    sums: dict[tuple[str, int], float] = {}
    for site, when, kwh in zip(rows.column("site"), years, rows.amount.reshape(len(rows), -1)[:, 0], strict=True):
        if not site:
            raise BadInput("site", site, "price the activity at a named place: a contract is matched by market")
        sums[site, int(when)] = sums.get((site, int(when)), 0.0) + float(np.float64(kwh))
    return [Demand(site, locate(site).country, held.market(site), when, kwh) for (site, when), kwh in sums.items()]


def split_at_new_year(rows: Activity) -> Activity:
    """The rows cut at every 1 January 00:00 UTC that lies within one."""
    import numpy as np

    dated = ~np.isnan(rows.start_s) & ~np.isnan(rows.end_s)
    if not dated.any():
        return rows
    first, last = (np.array([x], "datetime64[s]").astype("datetime64[Y]").astype(int)[0] + 1970
                   for x in (rows.start_s[dated].min(), rows.end_s[dated].max()))  # fmt: skip
    borders = np.array([f"{y}-01-01" for y in range(first + 1, last + 1)], "datetime64[s]").astype(float)
    return rows.resample(borders) if len(borders) else rows


def years_of(rows: Activity, year: int | None) -> Any:
    """The calendar year of each row; ``year`` where it is not dated."""
    import numpy as np

    undated = np.isnan(rows.start_s)
    if undated.any() and year is None:
        raise BadInput("year", None, "say in which year it was consumed: a contract is matched by vintage")
    starts = np.where(undated, 0.0, rows.start_s).astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    return np.where(undated, year or 0, starts)


def allocate(demands: Sequence[Demand], held: Contracts) -> tuple[list[Use], list[float]]:
    """Who uses what: (uses, what each demand still lacks, kWh).

    Contracts bound to a site come first, then those that fewest demands may use, then in the ledger's order. Within a
    contract its volume is shared by what each demand still lacks, so that no site is favoured.
    """
    lacking, uses = [d.energy_kwh for d in demands], []
    may = {c: [i for i, d in enumerate(demands) if eligible(c, d, held)] for c in lots(held.held)}
    order = sorted(may, key=lambda c: (not c.site, len(may[c])))  # stable: the ledger's order
    for contract in order:
        wanted = sum(lacking[i] for i in may[contract])
        portion = min(1.0, contract.energy_kwh / wanted) if wanted > 0 else 0.0
        for i in may[contract]:
            kwh = lacking[i] * portion
            if kwh > 0:
                uses.append(Use(contract, demands[i].site, demands[i].year, kwh))
                lacking[i] = max(0.0, lacking[i] - kwh)
    return uses, lacking


def lots(held: Sequence[Contract]) -> list[Contract]:
    """The contracts with the hours of one retirement summed, for the year does not ask for them."""
    sums: dict[Contract, float] = {}
    for contract in held:
        alike = replace(contract, energy_kwh=0.0, start_s=None, end_s=None)
        sums[alike] = sums.get(alike, 0.0) + contract.energy_kwh
    return [replace(contract, energy_kwh=kwh) for contract, kwh in sums.items()]


def eligible(contract: Contract, demand: Demand, held: Contracts) -> bool:
    """Market boundary and vintage: the same market, a year within ``vintage_years``, the site where one is named."""
    near = abs(contract.vintage - demand.year) <= held.vintage_years
    return near and held.market(contract.zone) == demand.market != "" and contract.site in ("", demand.site)


def residual(demand: Demand, held: Contracts, strict: bool = False) -> tuple[float, Assumption | None]:
    """kg/kWh of what no contract covers, and what had to be assumed.

    Errors: MissingFactor in strict mode where no residual mix is given, or where the place has no direct factor.
    """
    known = held.residual.get((demand.country, demand.year))
    if known is not None:
        return known, None
    if strict:
        raise MissingFactor("electricity", "climate (residual mix)", f"{demand.country} {demand.year}", mend=(
            "add a row 'residual' of that country and year to the contract ledger, or leave strict mode"))  # fmt: skip
    from jevons.world import grid

    factor = grid.climate(locate(demand.site), Study(scope="direct"), demand.year)
    note = Assumption(f"residual mix of {demand.country} {demand.year}", f"{convert(factor.value, 'kg', 'g'):.0f} g/kWh",
                      "no residual mix given: the location's own factor, which counts certificates sold to others twice",
                      factor.source.id)  # fmt: skip
    return float(factor.value), note
