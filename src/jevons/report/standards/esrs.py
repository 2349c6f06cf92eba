"""The climate datapoints of the European sustainability reporting standards that a footprint can fill: E1-5, E1-6, E1-7.

Delegated Regulation (EU) 2023/2772, ESRS E1, as published in December 2023; element names of EFRAG's XBRL taxonomy of
2023-12-22 where we know them. The simplified standards under discussion since 2025 are not followed yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, UnknownName
from jevons.report import figures
from jevons.report.standards import ghg
from jevons.report.standards.scopes import Boundary, Sides
from jevons.world import catalog, grid
from jevons.world.place import locate

STANDARD = "ESRS E1 (Delegated Regulation (EU) 2023/2772)"
NOT_OURS = "not part of this footprint: fill it from the organisation's own books"
UNPROVEN = ("electricity whose origin no contract shows is not renewable (ESRS E1, AR 32 (j)); it is parted into nuclear and "
            "fossil by the shares of the two in the country's generation, and is fossil where that is not known")  # fmt: skip
RENEWABLE = ("wind", "solar", "hydro", "bioenergy", "other_renewable")
FOSSIL = ("coal", "gas", "oil")


def statement(entries: Sequence[Sides], boundary: Boundary | None = None, *, revenue: float | None = None,
              currency: str = "EUR", removals_t: float = 0.0, credits_t: float = 0.0, organisation: str = "",
              period: str = "", contracts: Mapping[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """E1-5, E1-6 and E1-7 as lists of datapoints {paragraph, name, xbrl, value, unit, note}; None where not known.

    ``revenue``: net revenue in ``currency``, for the intensities. ``removals_t``, ``credits_t``: tonnes, told in E1-7 and
    taken off nothing. Errors: those of ``ghg.statement``; BadInput for a revenue that is not above zero, and for equity
    share, which these standards do not know.
    """
    if revenue is not None and not 0 < revenue < math.inf:
        raise BadInput("revenue", revenue, "give net revenue above zero, or leave it out")
    if not 0 <= removals_t < math.inf:
        raise BadInput("removals", removals_t, "give tonnes of at least 0")
    bounds = boundary or Boundary()
    if bounds.approach == "equity share":
        raise BadInput("consolidation approach", bounds.approach, "ESRS E1 (46) counts the accounting group and what is under "
                       "operational control, not shares held: use one of the two controls")  # fmt: skip
    told = ghg.statement(entries, bounds, organisation=organisation, period=period, contracts=contracts, credits_t=credits_t)
    return {
        "standard": STANDARD, "organisation": organisation or None, "period": period or None,
        "E1-5": _energy(energy_mix(entries, bounds, contracts), revenue, currency),
        "E1-6": _emissions(told, contracts, revenue, currency),
        "E1-7": _removals(removals_t, credits_t),
        "consolidation": told["consolidation"], "not_known": told["not_known"], "assumptions": [UNPROVEN, *told["assumptions"]],
    }  # fmt: skip


def energy_mix(entries: Sequence[Sides], boundary: Boundary, contracts: Mapping[str, Any] | None) -> dict[str, float]:
    """MWh of own operations: total, renewable and nuclear as contracts prove, nuclear and fossil of the rest."""
    mix = {"total": 0.0, "renewable": 0.0, "nuclear": 0.0, "fossil": 0.0}
    by_site: dict[str, float] = {}
    for entry in (e for e in entries if boundary.owns(e.tenure)):
        for (site, flow), kwh in figures.cells(entry.any, "energy", "site", "flow").items():
            if flow.split("/")[0] != "electricity":
                continue  # others' networks and disks: bought, not operated
            by_site[site] = by_site.get(site, 0.0) + units.convert(kwh, "kWh", "MWh") * boundary.counts(entry.tenure)
    for use in (contracts or {}).get("uses", ()):
        mwh = units.convert(use["kwh"], "kWh", "MWh")
        kind = "renewable" if use["fuel"] in RENEWABLE else "nuclear" if use["fuel"] == "nuclear" else "fossil"
        mix[kind] += mwh
        by_site[use["site"]] = by_site.get(use["site"], 0.0) - mwh
        mix["total"] += mwh
    for site, mwh in by_site.items():
        share = nuclear_share(site)
        mix["nuclear"] += mwh * share
        mix["fossil"] += mwh * (1 - share)
        mix["total"] += mwh
    return mix


def nuclear_share(site: str) -> float:
    """Nuclear over nuclear and fossil in the latest generation of the site's country; 0 where that is not known."""
    try:
        country = locate(site).country
    except UnknownName:
        return 0.0
    row = grid.vintage([r for r in catalog.table("grid_mix") if r["place"] == country], None)
    mix = dict(grid.shares(row)) if row else {}
    rest = sum(mix.get(fuel, 0.0) for fuel in (*FOSSIL, "nuclear"))
    return mix["nuclear"] / rest if rest else 0.0


def _energy(mix: Mapping[str, float], revenue: float | None, currency: str) -> list[dict[str, Any]]:
    total = mix["total"]
    percent = {k: 100 * mix[k] / total if total else None for k in ("fossil", "nuclear", "renewable")}
    return [
        _point("37", "Total energy consumption related to own operations", total, "MWh", "EnergyConsumptionRelatedToOwnOperations",
               "electricity alone: fuels, heat and cooling bought are not part of this footprint"),
        _point("37 (a)", "Total energy consumption from fossil sources", mix["fossil"], "MWh", "EnergyConsumptionFromFossilSources"),
        _point("37 (b)", "Total energy consumption from nuclear sources", mix["nuclear"], "MWh", "EnergyConsumptionFromNuclearSources"),
        _point("37 (c)", "Total energy consumption from renewable sources", mix["renewable"], "MWh", "EnergyConsumptionFromRenewableSources"),
        _point("37 (c) i", "Fuel consumption from renewable sources", None, "MWh", "", NOT_OURS),
        _point("37 (c) ii", "Purchased or acquired electricity, heat, steam and cooling from renewable sources", mix["renewable"], "MWh",
               "ConsumptionOfPurchasedOrAcquiredElectricityHeatSteamAndCoolingFromRenewableSources"),
        _point("37 (c) iii", "Self-generated non-fuel renewable energy", None, "MWh", "ConsumptionOfSelfgeneratedNonfuelRenewableEnergy", NOT_OURS),
        _point("AR 34", "Share of fossil sources", percent["fossil"], "%"),
        _point("AR 34", "Share of nuclear sources", percent["nuclear"], "%", "PercentageOfEnergyConsumptionFromNuclearSourcesInTotalEnergyConsumption"),
        _point("AR 34", "Share of renewable sources", percent["renewable"], "%", "PercentageOfRenewableSourcesInTotalEnergyConsumption"),
        _point("40", "Energy intensity per net revenue", total / revenue if revenue else None, f"MWh/{currency}", "",
               "asked of activities in high climate impact sectors" if revenue else "net revenue not given"),
    ]  # fmt: skip


def _emissions(told: Mapping[str, Any], contracts: Mapping[str, Any] | None, revenue: float | None, currency: str) -> list[dict[str, Any]]:
    second, third, totals = told["scopes"]["2"], told["scopes"]["3"], told["totals"]
    per = {side: totals[side] / revenue if revenue and totals[side] is not None else None for side in ("location_based", "market_based")}
    no_revenue = "" if revenue else "net revenue not given"
    unit = f"tCO2eq/{currency}"
    points = [
        _point("48 (a)", "Gross Scope 1 greenhouse gas emissions", None, "tCO2eq", "GrossScope1GreenhouseGasEmissions", NOT_OURS),
        _point("48 (b)", "Scope 1 from regulated emission trading schemes", None, "%", "", NOT_OURS),
        _point("49 (a)", "Gross location-based Scope 2 greenhouse gas emissions", second["location_based"], "tCO2eq",
               "GrossLocationBasedScope2GreenhouseGasEmissions"),
        _point("49 (b)", "Gross market-based Scope 2 greenhouse gas emissions", second["market_based"], "tCO2eq",
               "GrossMarketBasedScope2GreenhouseGasEmissions", "" if second["market_based"] is not None else ghg.NO_MARKET),
        _point("51", "Gross Scope 3 greenhouse gas emissions", third["location_based"], "tCO2eq", "GrossScope3GreenhouseGasEmissions",
               "the categories of this footprint alone"),
        *(_point("51", f"Scope 3 category {name.removeprefix('3.')}", value["location_based"], "tCO2eq")
          for name, value in told["categories"].items() if name.startswith("3.")),
        _point("52 (a)", "Total GHG emissions, location-based", totals["location_based"], "tCO2eq", "LocationBasedGreenhouseGasEmissions",
               "without what is not known"),
        _point("52 (b)", "Total GHG emissions, market-based", totals["market_based"], "tCO2eq", "MarketBasedGreenhouseGasEmissions",
               "without what is not known" if totals["market_based"] is not None else ghg.NO_MARKET),
        _point("53", "GHG emissions intensity, location-based, per net revenue", per["location_based"], unit,
               "GHGEmissionsIntensityLocationbasedTotalGHGEmissionsPerNetRevenue", no_revenue),
        _point("53", "GHG emissions intensity, market-based, per net revenue", per["market_based"], unit,
               "GHGEmissionsIntensityMarketbasedTotalGHGEmissionsPerNetRevenue", no_revenue),
    ]  # fmt: skip
    return points + [_point("AR 45 (d)", f"Share of consumption covered by {kind}", 100 * kwh / contracts["consumption_kwh"], "%")
                     for kind, kwh in (contracts or {}).get("by_kind_kwh", {}).items() if contracts and contracts["consumption_kwh"]]  # fmt: skip


def _removals(removals_t: float, credits_t: float) -> list[dict[str, Any]]:
    apart = "told apart; no figure of E1-6 is reduced by it"
    return [_point("58 (a)", "GHG removals and storage", removals_t, "tCO2eq", "", apart),
            _point("59 (a)", "Carbon credits cancelled in the reporting year", credits_t, "tCO2eq", "", apart)]  # fmt: skip


def _point(paragraph: str, name: str, value: float | None, unit: str, xbrl: str = "", note: str = "") -> dict[str, Any]:
    return {"paragraph": paragraph, "name": name, "xbrl": f"esrs:{xbrl}" if xbrl else None, "value": value, "unit": unit, "note": note}
