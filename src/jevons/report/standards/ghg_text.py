"""A greenhouse gas statement as Markdown: the totals first, then what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jevons.core import units
from jevons.report import figures
from jevons.report.standards.digest import percentages, readable
from jevons.report.standards.scopes import NAMES


def markdown(told: Mapping[str, Any]) -> str:
    """The statement of ``ghg.statement`` as a page of Markdown."""
    apart = f"Carbon credits: {told['carbon_credits']['t_co2e']:g} t, {told['carbon_credits']['note']}."
    parts = [*_head(told), _totals(told), apart, _electricity(told["electricity"]), *_contracts(told["contracts"]), _lines(told["lines"])]
    for name, held in (("Not known", told["not_known"]), ("Assumed", told["assumptions"]), ("Sources", told["sources"])):
        parts += [f"## {name}\n\n" + "\n".join(f"- {plain(x)}" for x in held)] if held else []
    return "\n\n".join([*parts, signed(told)]) + "\n"


def signed(told: Mapping[str, Any]) -> str:
    """Who computed it, by which tables."""
    by = told["computed_by"]
    tables = f", factor set {by['factor_set']}" if by["factor_set"] else ""
    return f"Computed by {' '.join(filter(None, ('jevons', by['jevons'])))}{tables}. No figure here was reviewed by a verifier."


def plain(text: str) -> str:
    """Text on one line that opens no tag."""
    return " ".join(str(text).split()).replace("<", "&lt;")


def table(names: Sequence[str], sides: str, rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; ``sides``: l or r for each column. No cell opens a tag or another column."""
    rule = "|".join("---:" if side == "r" else ":---" for side in sides)
    cells = [" | ".join(plain(cell).replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join([f"| {' | '.join(names)} |", f"|{rule}|", *(f"| {row} |" for row in cells)])


def _head(told: Mapping[str, Any]) -> list[str]:
    how = told["consolidation"]
    share = f", {figures.percent(how['share'])}" if how["share"] != 1 else ""
    about = (f"{told['standard']}. {how['approach'].capitalize()}{share}. Period: {plain(told['period'] or 'not stated')}. {told['gwp']}. "
             "Best estimates; the range in brackets holds nine in ten of the draws.")  # fmt: skip
    return [f"# Greenhouse gas statement{' of ' + plain(told['organisation']) if told['organisation'] else ''}", about]


def _totals(told: Mapping[str, Any]) -> str:
    rows = [(f"1 {NAMES['1']}", "not known", "not known"), _both(f"2 {NAMES['2']}", told["scopes"]["2"])]
    rows += [_both(name, value) for name, value in told["categories"].items() if name != "2"]
    return table(("", "location-based, t CO₂e", "market-based, t CO₂e"), "lrr", [*rows, _both("**Total of what is known**", told["totals"])])


def _both(name: str, value: Mapping[str, Any]) -> tuple[str, str, str]:
    spread = f" [{units.significant(value['low'])}–{units.significant(value['high'])}]" if value["low"] != value["high"] else ""
    return name, f"{_tonnes(value['location_based'])}{spread}", _tonnes(value["market_based"])


def _tonnes(value: float | None) -> str:
    return "not known" if value is None else units.significant(value, 4)


def _electricity(places: Sequence[Mapping[str, Any]]) -> str:
    rows = [(x["place"] or "not named", units.significant(x["mwh"], 4), units.significant(x["overhead_mwh"], 4), percentages(x["by_method"]))
            for x in places]  # fmt: skip
    return "## Electricity by place\n\n" + table(("place", "MWh", "of these overhead", "known by"), "lrrl", rows)


def _contracts(told: Mapping[str, Any] | None) -> list[str]:
    if not told or "sites" not in told:
        return []
    hourly = "not known" if told["hourly_score"] is None else figures.percent(told["hourly_score"])
    said = f"Covered: {figures.percent(told['annual_score'])} by the year; {hourly} by the hour"
    note = f" ({told['hourly_note']})" if told["hourly_note"] else ""
    rows = [(u["contract"], u["kind"], u["retirement"] or "–", u["site"], str(u["year"]), units.significant(units.convert(u["kwh"], "kWh", "MWh")),
             f"{units.convert(u['kg_per_kwh'], 'kg', 'g'):.0f}") for u in told["uses"]]  # fmt: skip
    names = ("contract", "kind", "retirement", "site", "year", "MWh", "g CO₂e/kWh")
    unused = [f"- not used: {plain(x['contract'])}, {units.significant(units.convert(x['kwh'], 'kWh', 'MWh'))} MWh, {plain(x['why'])}" for x in told["not_used"]]
    parts = [f"## Electricity covered by contracts\n\n{said}{note}.", *([table(names, "llllrrr", rows)] if rows else []), *(["\n".join(unused)] if unused else [])]
    return ["\n\n".join(parts)]


def _lines(lines: Sequence[Mapping[str, Any]]) -> str:
    rows = [(f"{x['entry']}: {x['what']}", f"{x['scope']} {x['category']}", _tonnes(x["location_t_co2e"]), _tonnes(x["market_t_co2e"]),
             x["tenure"], x["known_by"], x["note"]) for x in readable(lines)]  # fmt: skip
    head = ("what", "scope", "location, t", "market, t", "held as", "energy known by", "note")
    return "## Line by line\n\n" + table(head, "llrrlll", rows)
