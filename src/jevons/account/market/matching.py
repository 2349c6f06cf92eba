"""What the contracts come to: matched and residual electricity of each site, its market intensity, two matching scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any

from jevons.account.market.contracts import (
    KINDS,
    RENEWABLE,
    Contracts,
    Demand,
    Use,
    allocate,
    consumption,
    eligible,
    residual,
)
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.units import SECONDS_PER_HOUR, convert

if TYPE_CHECKING:
    from jevons.core.activity import Activity

VINTAGE_RULE = "the year of generation is that of the consumption"


@dataclass(frozen=True)
class Matching:
    """Consumption against contracts, in kWh; matched + residual = consumption, site by site and year by year."""

    demands: tuple[Demand, ...]
    uses: tuple[Use, ...]
    residual_kwh: tuple[float, ...]
    residual_kg_per_kwh: tuple[float, ...]
    contracts: Contracts
    hourly_score: float | None
    hourly_note: str
    assumptions: tuple[Assumption, ...] = ()

    @property
    def annual_score(self) -> float:
        """Matched over consumed, by the year."""
        whole = sum(d.energy_kwh for d in self.demands)
        return sum(u.energy_kwh for u in self.uses) / whole if whole else 0.0

    def intensity(self, site: str, kwh_by_year: Mapping[int, float] | None = None) -> float:
        """kg CO2e/kWh of a site, for ``jevons.site(..., market_intensity=...)``: direct emissions.

        ``kwh_by_year``: how much of each year an activity used, by default what the site used. Errors: BadInput for a
        site or year that was not matched.
        """
        rates = {d.year: self._rate(i) for i, d in enumerate(self.demands) if d.site == site}
        used = kwh_by_year or {d.year: d.energy_kwh for d in self.demands if d.site == site}
        if not rates or not set(used) <= set(rates):
            raise BadInput("site", (site, *used), f"these contracts were matched for {', '.join(self.sites)}")
        whole = sum(used.values())
        return sum(rates[year] * kwh for year, kwh in used.items()) / whole if whole else max(rates.values())

    def _rate(self, i: int) -> float:
        """kg/kWh of one site and year; the residual's where nothing was used."""
        demand = self.demands[i]
        mine = [u for u in self.uses if (u.site, u.year) == (demand.site, demand.year)]
        kg = sum(u.energy_kwh * u.contract.intensity_kg_per_kwh for u in mine) + self.residual_kwh[i] * self.residual_kg_per_kwh[i]
        return kg / demand.energy_kwh if demand.energy_kwh else self.residual_kg_per_kwh[i]

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites, each once."""
        return tuple(dict.fromkeys(d.site for d in self.demands))

    def by_fuel(self) -> dict[str, float]:
        """kWh matched, by fuel; a contract that names none stands under its kind."""
        sums: dict[str, float] = {}
        for use in self.uses:
            name = use.contract.fuel or use.contract.kind
            sums[name] = sums.get(name, 0.0) + use.energy_kwh
        return sums

    def record(self) -> dict[str, Any]:
        """Plain values for a statement: scores, rules, every use, and what of each contract was not used."""
        fuels, whole = self.by_fuel(), sum(d.energy_kwh for d in self.demands)
        years = self.contracts.vintage_years
        return {
            "consumption_kwh": whole, "matched_kwh": sum(u.energy_kwh for u in self.uses),
            "residual_kwh": sum(self.residual_kwh), "annual_score": self.annual_score,
            "hourly_score": self.hourly_score, "hourly_note": self.hourly_note,
            "renewable_kwh": sum(fuels.get(f, 0.0) for f in RENEWABLE), "nuclear_kwh": fuels.get("nuclear", 0.0),
            "by_kind_kwh": self._by_kind(),
            "rules": {"market boundary": "the same country, or a market that the ledger declares",
                      "vintage": VINTAGE_RULE if not years else f"within {years} years of the consumption"},
            "sites": [self._site(i) for i in range(len(self.demands))],
            "uses": [{"contract": u.contract.id, "kind": u.contract.kind, "retirement": u.contract.retirement or None,
                      "fuel": u.contract.fuel or None, "site": u.site, "year": u.year, "kwh": u.energy_kwh,
                      "kg_per_kwh": u.contract.intensity_kg_per_kwh} for u in self.uses],
            "not_used": self._not_used(), "assumptions": [str(a) for a in self.assumptions],
        }  # fmt: skip

    def _by_kind(self) -> dict[str, float]:
        return {kind: sum(u.energy_kwh for u in self.uses if u.contract.kind == kind) for kind in KINDS}

    def _site(self, i: int) -> dict[str, Any]:
        demand = self.demands[i]
        return {"site": demand.site, "market": demand.market, "year": demand.year, "kwh": demand.energy_kwh,
                "residual_kwh": self.residual_kwh[i], "residual_kg_per_kwh": self.residual_kg_per_kwh[i]}  # fmt: skip

    def _not_used(self) -> list[dict[str, Any]]:
        used: dict[str, float] = {}
        for use in self.uses:
            used[use.contract.id] = used.get(use.contract.id, 0.0) + use.energy_kwh
        held: dict[str, float] = {}
        for contract in self.contracts.held:
            held[contract.id] = held.get(contract.id, 0.0) + contract.energy_kwh
        left = {name: kwh - used.get(name, 0.0) for name, kwh in held.items()}
        return [{"contract": name, "kwh": kwh, "why": self._why(name)} for name, kwh in left.items() if kwh > 1e-9 * held[name]]

    def _why(self, name: str) -> str:
        rows = [c for c in self.contracts.held if c.id == name]
        if any(eligible(c, d, self.contracts) for c in rows for d in self.demands):
            return "more than was consumed"
        if not {c.site for c in rows} & {"", *self.sites}:
            return f"bound to a site that consumed nothing here; these did: {', '.join(self.sites)}"
        markets = {self.contracts.market(c.zone) for c in rows} & {d.market for d in self.demands}
        return "another vintage than the consumption" if markets else "no consumption in its market"


def match(inventory: Activity, held: Contracts, year: int | None = None, strict: bool = False) -> Matching:
    """Match the electricity of an inventory (facility overhead included) with a contract ledger.

    ``year``: of rows that are not dated. ``strict``: refuse to stand in for a residual mix that is not given. Errors:
    those of ``contracts.consumption`` and ``contracts.residual``.
    """
    used = best_of(inventory)
    demands = consumption(used, held, year)
    uses, lacking = allocate(demands, held)
    found = [residual(d, held, strict) if lack > 0 else (0.0, None) for d, lack in zip(demands, lacking, strict=True)]
    score, note = hourly(used, held)
    notes = [a for _, a in found if a is not None] + [unretired(u, held.source) for u in uses if not u.contract.retirement]
    return Matching(tuple(demands), tuple(uses), tuple(lacking), tuple(rate for rate, _ in found), held, score, note,
                    tuple(dict.fromkeys(notes)))  # fmt: skip


def best_of(inventory: Activity) -> Activity:
    """The electricity of an inventory, best estimates alone: an account is of what was consumed."""
    best = replace(inventory, amount=inventory.amount.reshape(len(inventory), -1)[:, :1], served={}, drivers={}, seed=0)
    return best.where(flow="electricity")


def unretired(use: Use, source: str) -> Assumption:
    """A purchase agreement or a supplier's product that names no retirement is claimed on its word."""
    return Assumption(f"attributes of {use.contract.id}", "claimed by contract", "no retirement id: its certificates might be "
                      "sold apart", source)  # fmt: skip


def hourly(inventory: Activity, held: Contracts) -> tuple[float | None, str]:
    """Share of the consumption met in the same hour and market, Σ min(consumed, contracted) / Σ consumed, and its limits.

    None where no consumption is dated by the hour. Volumes whose hour is not known match no hour.
    """
    import numpy as np

    rows = inventory.where(flow="electricity")
    spans = rows.end_s - rows.start_s
    if not len(rows) or np.isnan(spans).any() or (spans > SECONDS_PER_HOUR + 1e-6).any():
        return None, "consumption is not known by the hour"
    made = _made(held)
    if not made:
        return 0.0 if held.held else None, "no contract says in which hour its electricity was made"
    used = _by_hour(rows, held)
    whole = sum(used.values())
    untimed = sum(c.energy_kwh for c in held.held if c.start_s is None)
    note = f"{convert(untimed, 'kWh', 'MWh'):g} MWh of no known hour left out" if untimed else ""
    return (_matched(used, made) / whole if whole else None), note


def _made(held: Contracts) -> dict[tuple[str, str, int], float]:
    """(market, site, hour) → contracted kWh; a span over a full hour is parted by time."""
    made: dict[tuple[str, str, int], float] = {}
    for contract in held.held:
        if contract.start_s is None or contract.end_s is None:
            continue
        market, length = held.market(contract.zone), contract.end_s - contract.start_s
        for hour in range(int(contract.start_s // SECONDS_PER_HOUR), ceil(contract.end_s / SECONDS_PER_HOUR)):
            inside = min(contract.end_s, (hour + 1) * SECONDS_PER_HOUR) - max(contract.start_s, hour * SECONDS_PER_HOUR)
            key = (market, contract.site, hour)
            made[key] = made.get(key, 0.0) + contract.energy_kwh * inside / length
    return made


def _by_hour(rows: Activity, held: Contracts) -> dict[tuple[str, str, int], float]:
    """(market, site, hour) → kWh; a row that crosses a full hour is split there."""
    import numpy as np

    first, last = rows.start_s.min() // SECONDS_PER_HOUR, rows.end_s.max() // SECONDS_PER_HOUR
    cut = rows.resample(np.arange(first, last + 1) * SECONDS_PER_HOUR)
    sums: dict[tuple[str, str, int], float] = {}
    markets = {site: held.market(site) for site in set(cut.column("site"))}
    hours = (cut.start_s // SECONDS_PER_HOUR).astype(int)
    for site, hour, kwh in zip(cut.column("site"), hours, cut.amount.reshape(len(cut), -1)[:, 0], strict=True):
        key = (markets[site], site, int(hour))
        sums[key] = sums.get(key, 0.0) + float(kwh)
    return sums


def _matched(used: Mapping[tuple[str, str, int], float], made: Mapping[tuple[str, str, int], float]) -> float:
    """Contracts bound to a site serve it first; the rest of an hour is the market's."""
    matched, lacking = 0.0, {}
    for (market, site, hour), kwh in used.items():
        own = min(kwh, made.get((market, site, hour), 0.0))
        matched += own
        lacking[market, hour] = lacking.get((market, hour), 0.0) + kwh - own
    return matched + sum(min(kwh, made.get((market, "", hour), 0.0)) for (market, hour), kwh in lacking.items())
