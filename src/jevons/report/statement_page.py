"""The greenhouse gas statement as a page: both sides of every scope drawn, who was covered by which contract, and the rest."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from jevons.core import units
from jevons.report import drawings, figures
from jevons.report.standards.digest import MOST_LINES, percentages, readable
from jevons.report.standards.ghg_text import signed
from jevons.report.standards.scopes import NAMES

SIDES = ("location_based", "market_based")
COLOURS = (1, 2, 5)  # measured, modelled, declared


def statement_page(told: Mapping[str, Any]) -> str:
    """The HTML of a statement made by ``jevons.report.standards.ghg_statement``; one file, no script, printable."""
    return _environment().get_template("statement.html.j2").render(
        told=told, title=f"Greenhouse gas statement{' of ' + told['organisation'] if told['organisation'] else ''}",
        approach=told["consolidation"]["approach"].capitalize(), share=_share(told["consolidation"]), cards=_cards(told),
        scopes=_scopes(told), lines=[_line(x) for x in readable(told["lines"])], summed=len(told["lines"]) > MOST_LINES,
        contracts=_contracts(told["contracts"]), places=_places(told["electricity"]), version=told["computed_by"]["jevons"] or "", signed=signed(told),
    )  # fmt: skip


def _cards(told: Mapping[str, Any]) -> list[dict[str, str]]:
    second, third, whole = told["scopes"]["2"], told["scopes"]["3"], told["totals"]
    return [
        _card("Scope 2, location-based", second["location_based"], second),
        _card("Scope 2, market-based", second["market_based"]),
        _card("Scope 3, as far as known", third["location_based"], third),
        _card("Total of what is known", whole["location_based"], whole, _beside(whole)),
    ]  # fmt: skip


def _card(name: str, value: float | None, spread: Mapping[str, Any] | None = None, note: str = "") -> dict[str, str]:
    bounds = f"{said(spread['low'])}–{said(spread['high'])}" if spread and spread["low"] != spread["high"] else ""
    return {"name": name, "value": said(value), "unit": "t CO₂e" if value is not None else "", "bounds": bounds, "note": note}


def _beside(whole: Mapping[str, Any]) -> str:
    if whole["market_based"] is None:
        return "location-based; the market side is not known"
    return f"location-based; market-based {said(whole['market_based'])} t"


def _scopes(told: Mapping[str, Any]) -> dict[str, Any]:
    """Two tracks a scope or category on one scale: its location-based value with bounds, and its market-based value."""
    rows = {("2 " + NAMES["2"] if name == "2" else name): value for name, value in told["categories"].items()}
    rows["Total of what is known"] = told["totals"]
    values = [v for row in rows.values() for v in (row["high"], *(row[s] for s in SIDES)) if v is not None]
    scale, ticks = drawings.zero_scale(values)
    drawn = [{"name": name, "sides": [_side(row, side, scale, ticks, name) for side in SIDES]} for name, row in rows.items()]
    return {"rows": drawn, "axis": drawings.axis(scale, ticks, [f"{t:g}" for t in ticks])}


def _side(row: Mapping[str, Any], side: str, scale: drawings.Scale, ticks: Sequence[float], name: str) -> dict[str, Any]:
    value, word = row[side], side.replace("_", "-")
    if value is None:
        return {"side": word, "value": "not known", "bounds": "", "track": ""}
    low, high = (row["low"], row["high"]) if side == "location_based" else (value, value)
    return {"side": word, "value": said(value), "bounds": f"[{said(low)}–{said(high)}]" if low != high else "",
            "track": drawings.track(low, value, high, scale, ticks, f"{name}, {word}: {said(value)} t")}  # fmt: skip


def _line(line: Mapping[str, Any]) -> dict[str, str]:
    return {**{k: line[k] for k in ("entry", "what", "tenure", "known_by", "note", "iso_14064_1")},
            "scope": f"{line['scope']} {line['category']}", "location": said(line["location_t_co2e"]),
            "market": said(line["market_t_co2e"])}  # fmt: skip


def _places(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each place's electricity, parted into measured, modelled and declared."""
    most = max((x["mwh"] for x in found), default=0.0)
    return [{"name": x["place"] or "not named", "mwh": _amount(x["mwh"]), "overhead": _amount(x["overhead_mwh"]), "known": percentages(x["by_method"]),
             "bar": drawings.stack(list(zip(COLOURS, x["by_method"].values(), strict=True)), most,
                                   f"{x['place']}: {_amount(x['mwh'])} MWh, {percentages(x['by_method'])}")} for x in found]  # fmt: skip


def _amount(mwh: float) -> str:
    return units.significant(mwh) if mwh else "0"


def _contracts(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Each site's electricity, parted into what contracts cover and what is residual."""
    if not told or "sites" not in told:
        return None
    most = max((site["kwh"] for site in told["sites"]), default=0.0)
    hourly = "not known" if told["hourly_score"] is None else figures.percent(told["hourly_score"])
    return {**told, "annual": figures.percent(told["annual_score"]), "hourly": hourly,
            "rows": [_site(site, most) for site in told["sites"]], "used": [_use(use) for use in told["uses"]],
            "unused": [{**x, "mwh": _mwh(x["kwh"])} for x in told["not_used"]]}  # fmt: skip


def _site(site: Mapping[str, Any], most: float) -> dict[str, Any]:
    matched = site["kwh"] - site["residual_kwh"]
    say = f"{site['site']} {site['year']}: {_mwh(matched)} of {_mwh(site['kwh'])} MWh covered by contracts"
    return {"name": f"{site['site']}, {site['year']}", "bar": drawings.stack([(1, matched), (7, site["residual_kwh"])], most, say),
            "matched": _mwh(matched), "residual": _mwh(site["residual_kwh"])}  # fmt: skip


def _use(use: Mapping[str, Any]) -> dict[str, Any]:
    return {**use, "mwh": _mwh(use["kwh"]), "g_per_kwh": f"{units.convert(use['kg_per_kwh'], 'kg', 'g'):.0f}"}


def _mwh(kwh: float) -> str:
    return _amount(units.convert(kwh, "kWh", "MWh"))


def said(value: float | None) -> str:
    """Tonnes for a reader: three digits, ``not known`` where there is none."""
    return "not known" if value is None else units.significant(value) if value else "0"


def _share(consolidation: Mapping[str, Any]) -> str:
    return f", {figures.percent(consolidation['share'])}" if consolidation["share"] != 1 else ""


@functools.lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("jevons.report"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)  # fmt: skip
