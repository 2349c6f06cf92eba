"""The climate datapoints of the European sustainability reporting standards that a footprint can fill: E1-5, E1-6, E1-7.

Delegated Regulation (EU) 2023/2772, Annex I, ESRS E1, as published on 22 December 2023: paragraphs 37 to 63 and AR 32 to AR 62 were
read in its text; element names of EFRAG's XBRL taxonomy of 2023-12-22 where we know them. Delegated Regulation (EU) 2026/1563 of
3 July 2026, which amends it for financial years from 2027 on (2026 by choice), could not be read and is not followed: by others'
accounts it numbers these requirements E1-7 to E1-9 and starts from financial control.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, UnknownName
from jevons.report import figures
from jevons.report.rows import as_csv
from jevons.report.standards import ghg, ghg_text
from jevons.report.standards.scopes import NAMES, TENURES, Boundary, Sides
from jevons.world import catalog, grid
from jevons.world.place import locate

STANDARD = "ESRS E1 (Delegated Regulation (EU) 2023/2772)"
EDITION = ("as published on 22 December 2023; its amendment by Delegated Regulation (EU) 2026/1563, for financial years from 2027 on, "
           "is not followed")  # fmt: skip
NOT_OURS = "not part of this footprint: fill it from the organisation's own books"
UNPROVEN = ("electricity whose origin no contract shows is not renewable (ESRS E1, AR 32 (j)); it is parted into nuclear and "
            "fossil by the shares of the two in the country's generation, and is fossil where that is not known")  # fmt: skip
NOT_SPLIT = "50: the split of Scope 1 and 2 into the accounting group and investees under operational control is the reporter's"
BIOGENIC = "the grid factors used do not tell biogenic CO2 apart, which AR 45 (e) asks to be said"
UNBUNDLED = "certificates; write down as ppa or supplier what came with the power it belongs to"
ELECTRICITY_ALONE = "electricity alone: fuels, heat and cooling bought are not part of this footprint"
HIGH_IMPACT = "asked of activities in high climate impact sectors (NACE A to H and L); data processing is in J"
KNOWN_ALONE = "without what is not known"
CLOUD = "asked where it is material; what is bought as a service, and storage"
RENEWABLE = ("wind", "solar", "hydro", "bioenergy", "other_renewable")
FOSSIL = ("coal", "gas", "oil")
POINT = ("paragraph", "name", "xbrl", "value", "low", "high", "unit", "note")
PARTS = {"E1-5": "Energy consumption and mix", "E1-6": "Gross Scopes 1, 2, 3 and total GHG emissions",
         "E1-7": "GHG removals and carbon credits"}  # fmt: skip


def statement(entries: Sequence[Sides], boundary: Boundary | None = None, *, revenue: float | None = None,
              currency: str = "EUR", removals_t: float = 0.0, credits_t: float = 0.0, organisation: str = "",
              period: str = "", contracts: Mapping[str, Any] | None = None, version: str = "",
              factor_set: str = "") -> dict[str, Any]:  # fmt: skip
    """E1-5, E1-6 and E1-7 as lists of datapoints {paragraph, name, xbrl, value, low, high, unit, note}; None where not known.

    ``low``, ``high``: the 5 and 95 % of location-based emissions, as ``ghg.statement`` has them.

    ``revenue``: net revenue in ``currency``, for the intensities. ``removals_t``, ``credits_t``: tonnes, told in E1-7 and
    taken off nothing. Errors: those of ``ghg.statement``; BadInput for a revenue that is not above zero, a currency that is no code, and for equity
    share, which these standards do not know.
    """
    if revenue is not None and not 0 < revenue < math.inf:
        raise BadInput("revenue", revenue, "give net revenue above zero, or leave it out")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise BadInput("currency", currency, "give the three capital letters of ISO 4217, e.g. EUR")
    if not 0 <= removals_t < math.inf:
        raise BadInput("removals", removals_t, "give tonnes of at least 0")
    bounds = boundary or Boundary()
    if bounds.approach == "equity share":
        raise BadInput("consolidation approach", bounds.approach, "ESRS E1 (46) counts the accounting group and what is under "
                       "operational control, not shares held: use one of the two controls")  # fmt: skip
    told = ghg.statement(entries, bounds, organisation=organisation, period=period, contracts=contracts, credits_t=credits_t,
                         version=version, factor_set=factor_set)  # fmt: skip
    return {
        "standard": STANDARD, "edition": EDITION, "organisation": organisation or None, "period": period or None,
        "gwp": told["gwp"], "computed_by": told["computed_by"],
        "E1-5": _energy(energy_mix(entries, bounds, contracts), revenue, currency),
        "E1-6": _emissions(told, contracts, revenue, currency),
        "E1-7": _removals(removals_t, credits_t),
        "scope_3_categories": _categories(told), "consolidation": told["consolidation"],
        "not_known": [*told["not_known"], NOT_SPLIT], "assumptions": [UNPROVEN, *told["assumptions"]],
    }  # fmt: skip


def table(told: Mapping[str, Any]) -> str:
    """The datapoints as CSV, a row each; cells that a spreadsheet would run are quoted."""
    return as_csv([{"requirement": part, **point} for part in PARTS for point in told[part]], ("requirement", *POINT))


def markdown(told: Mapping[str, Any]) -> str:
    """The datapoints as Markdown, a table for each disclosure requirement, then what is not known and what is assumed."""
    how = told["consolidation"]["approach"]
    pages = [f"# Datapoints of ESRS E1{' for ' + ghg_text.plain(told['organisation']) if told['organisation'] else ''}",
             f"{told['standard']}, {told['edition']}. {how.capitalize()}. Period: {ghg_text.plain(told['period'] or 'not stated')}. {told['gwp']}."]  # fmt: skip
    for part, name in PARTS.items():
        rows = [(p["paragraph"], p["name"], _shown(p["value"]), _within(p), p["unit"], p["note"]) for p in told[part]]
        pages.append(f"## {part} {name}\n\n" + ghg_text.table(("paragraph", "datapoint", "value", "5–95 %", "unit", "note"), "llrrll", rows))
    for name, held in (("Not known", told["not_known"]), ("Assumed", told["assumptions"])):
        pages.append(f"## {name}\n\n" + "\n".join(f"- {ghg_text.plain(x)}" for x in held))
    return "\n\n".join([*pages, ghg_text.signed(told)]) + "\n"


def _shown(value: float | None) -> str:
    return "not known" if value is None else units.significant(value, 4) if value else "0"


def _within(point: Mapping[str, Any]) -> str:
    return "" if point["low"] == point["high"] else f"{_shown(point['low'])}–{_shown(point['high'])}"


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
               ELECTRICITY_ALONE),
        _point("37 (a)", "Total energy consumption from fossil sources", mix["fossil"], "MWh", "EnergyConsumptionFromFossilSources"),
        _point("37 (b)", "Total energy consumption from nuclear sources", mix["nuclear"], "MWh", "EnergyConsumptionFromNuclearSources"),
        _point("37 (c)", "Total energy consumption from renewable sources", mix["renewable"], "MWh", "EnergyConsumptionFromRenewableSources"),
        _point("37 (c) i", "Fuel consumption from renewable sources", None, "MWh", "", NOT_OURS),
        _point("37 (c) ii", "Purchased or acquired electricity, heat, steam and cooling from renewable sources", mix["renewable"], "MWh",
               "ConsumptionOfPurchasedOrAcquiredElectricityHeatSteamAndCoolingFromRenewableSources"),
        _point("37 (c) iii", "Self-generated non-fuel renewable energy", None, "MWh", "ConsumptionOfSelfgeneratedNonfuelRenewableEnergy", NOT_OURS),
        _point("38 (e)", "Purchased or acquired electricity, heat, steam and cooling from fossil sources", mix["fossil"], "MWh", "", HIGH_IMPACT),
        _point("39", "Non-renewable energy production", None, "MWh", "", NOT_OURS),
        _point("39", "Renewable energy production", None, "MWh", "", NOT_OURS),
        _point("AR 34", "Share of fossil sources", percent["fossil"], "%"),
        _point("AR 34", "Share of nuclear sources", percent["nuclear"], "%", "PercentageOfEnergyConsumptionFromNuclearSourcesInTotalEnergyConsumption"),
        _point("AR 34", "Share of renewable sources", percent["renewable"], "%", "PercentageOfRenewableSourcesInTotalEnergyConsumption"),
        _point("40", "Energy intensity per net revenue", total / revenue if revenue else None, f"MWh/{currency}", "",
               HIGH_IMPACT if revenue else "net revenue not given"),
    ]  # fmt: skip


def _emissions(told: Mapping[str, Any], contracts: Mapping[str, Any] | None, revenue: float | None, currency: str) -> list[dict[str, Any]]:
    second, third, totals = told["scopes"]["2"], told["scopes"]["3"], told["totals"]
    per = {side: totals[side] / revenue if revenue and totals[side] is not None else None for side in ("location_based", "market_based")}
    no_revenue = f"{KNOWN_ALONE}; 55 asks which line of the accounts the revenue is" if revenue else "net revenue not given"
    unit = f"tCO2eq/{currency}"
    points = [
        _point("48 (a)", "Gross Scope 1 greenhouse gas emissions", None, "tCO2eq", "GrossScope1GreenhouseGasEmissions", NOT_OURS),
        _point("48 (b)", "Scope 1 from regulated emission trading schemes", None, "%", "", NOT_OURS),
        _point("49 (a)", "Gross location-based Scope 2 greenhouse gas emissions", second["location_based"], "tCO2eq",
               "GrossLocationBasedScope2GreenhouseGasEmissions", "", second),
        _point("49 (b)", "Gross market-based Scope 2 greenhouse gas emissions", second["market_based"], "tCO2eq",
               "GrossMarketBasedScope2GreenhouseGasEmissions", "" if second["market_based"] is not None else ghg.NO_MARKET),
        _point("51", "Gross Scope 3 greenhouse gas emissions", third["location_based"], "tCO2eq", "GrossScope3GreenhouseGasEmissions",
               "the categories of this footprint alone", third),
        *(_point("51", f"Scope 3 category {name.removeprefix('3.')}", value["location_based"], "tCO2eq", "", "", value)
          for name, value in told["categories"].items() if name.startswith("3.")),
        _point("AR 51", "of category 1: purchased cloud computing and data centre services", _cloud(told["lines"]), "tCO2eq", "", CLOUD),
        _point("AR 46 (g)", "Scope 3 calculated from data of suppliers and partners", None, "%", "", NOT_OURS),
        _point("52 (a)", "Total GHG emissions, location-based", totals["location_based"], "tCO2eq", "LocationBasedGreenhouseGasEmissions",
               KNOWN_ALONE, totals),
        _point("52 (b)", "Total GHG emissions, market-based", totals["market_based"], "tCO2eq", "MarketBasedGreenhouseGasEmissions",
               KNOWN_ALONE if totals["market_based"] is not None else ghg.NO_MARKET),
        _point("53", "GHG emissions intensity, location-based, per net revenue", per["location_based"], unit,
               "GHGEmissionsIntensityLocationbasedTotalGHGEmissionsPerNetRevenue", no_revenue),
        _point("53", "GHG emissions intensity, market-based, per net revenue", per["market_based"], unit,
               "GHGEmissionsIntensityMarketbasedTotalGHGEmissionsPerNetRevenue", no_revenue),
    ]  # fmt: skip
    return [*points, *_instruments(contracts), _point("AR 45 (e)", "Biogenic CO2 emissions, not included in Scope 2", None, "tCO2eq", "", BIOGENIC)]


def _instruments(contracts: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Share and types of contractual instruments, in percent of the electricity of own operations."""
    if not contracts or not contracts["consumption_kwh"]:
        return []
    share = {kind: 100 * kwh / contracts["consumption_kwh"] for kind, kwh in contracts["by_kind_kwh"].items()}
    bundled = sum(value for kind, value in share.items() if kind != "certificate")
    claims = "PercentageOfContractualInstrumentsUsedForSaleAndPurchaseOf{}InRelationToScope2GHGEmissions"
    return [
        *(_point("AR 45 (d)", f"Share of consumption covered by {kind}", value, "%") for kind, value in share.items()),
        _point("AR 45 (d)", "Share covered by energy bundled with attributes", bundled, "%",
               claims.format("EnergyBundledWithAttributesAboutEnergyGeneration")),
        _point("AR 45 (d)", "Share covered by unbundled energy attribute claims", share.get("certificate", 0.0), "%",
               claims.format("UnbundledEnergyAttributeClaims"), UNBUNDLED),
    ]  # fmt: skip


def _cloud(lines: Sequence[Mapping[str, Any]]) -> float | None:
    """Tonnes of category 1 that are services of a provider's machines; None where a part of them is not known."""
    found = [x["location_t_co2e"] for x in lines
             if x["scope"] == "3.1" and (x["tenure"] == TENURES["service"] or x["what"] == "storage") and x["what"] != "transfer"]  # fmt: skip
    return None if None in found else sum(found)


def _categories(told: Mapping[str, Any]) -> dict[str, Any]:
    """Which categories of Scope 3 are in and which are not, and why (AR 46 (i))."""
    held = [name for name in told["categories"] if name.startswith("3.")]
    others = [f"3.{number}" for number in range(1, 16) if not any(name.startswith(f"3.{number} ") for name in held)]
    return {"included": held, "excluded": [f"{n} {NAMES[n]}" if n in NAMES else n for n in others], "why_excluded": NOT_OURS}


def _removals(removals_t: float, credits_t: float) -> list[dict[str, Any]]:
    apart = "told apart; no figure of E1-6 is reduced by it"
    return [_point("58 (a)", "GHG removals and storage", removals_t, "tCO2eq", "", apart),
            _point("59 (a)", "Carbon credits cancelled in the reporting year", credits_t, "tCO2eq", "", apart),
            _point("59 (b)", "Carbon credits planned to be cancelled", None, "tCO2eq", "", NOT_OURS)]  # fmt: skip


def _point(paragraph: str, name: str, value: float | None, unit: str, xbrl: str = "", note: str = "",
           spread: Mapping[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    bounds = {"low": spread["low"], "high": spread["high"]} if spread else {"low": None, "high": None}
    return {"paragraph": paragraph, "name": name, "xbrl": f"esrs:{xbrl}" if xbrl else None, "value": value, **bounds, "unit": unit, "note": note}
