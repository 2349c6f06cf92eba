"""A table of models and their emissions as one self-contained page and as CSV: no file from elsewhere, light and dark.

The rows are mappings with the keys of COLUMNS, handed in; "derived" names the cells that follow from the others.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jevons.core import units
from jevons.report import drawings
from jevons.report.rows import as_csv
from jevons.report.scatter import power, scatter

Row = Mapping[str, Any]
COLUMNS = ("model", "origin", "year", "hardware", "power_w", "device_hours", "intensity_g_per_kwh", "pue", "energy_kwh",
           "emissions_kg", "product_kg", "params_b", "source", "note", "derived")  # fmt: skip
SHOWN = (  # column, what it is called, its unit, and the width from which it is shown
    ("year", "Year", "", "wide"), ("hardware", "Hardware", "", "middle"), ("power_w", "Power", "W", "wide"),
    ("device_hours", "Device-hours", "", "middle"), ("intensity_g_per_kwh", "Intensity", "g/kWh", "wide"), ("pue", "PUE", "", "wide"),
    ("energy_kwh", "Energy", "kWh", "middle"), ("emissions_kg", "Emissions", "kg", "narrow"),
)  # fmt: skip
CALLED = {"power_w": "Power", "device_hours": "Time", "intensity_g_per_kwh": "Intensity", "pue": "PUE", "rest": "Rest"}
ORIGINS = ("paper", "card", "footprint", "ledger", "row")


def csv_text(rows: Iterable[Row]) -> str:
    """The rows as CSV; text that a spreadsheet would run as a formula is made harmless."""
    return as_csv(({**row, "derived": " ".join(row["derived"])} for row in rows), COLUMNS)


def page(rows: Sequence[Row], decomposition: Mapping[str, Any] | None = None, title: str = "What training emitted", *,
         version: str = "", factor_set: str = "") -> str:  # fmt: skip
    """The page as text. ``decomposition``: n, shares (factor → share of the variance) and spread, or None."""
    known = [row["emissions_kg"] for row in rows if row["emissions_kg"]]
    return _environment().get_template("registry.html.j2").render(
        title=title, columns=SHOWN, rows=[_shown(row) for row in rows], cards=_cards(rows, known), plot=_plot(rows),
        parts=_parts(decomposition) if decomposition else [], bar=_bar(decomposition) if decomposition else "",
        n=decomposition["n"] if decomposition else 0, version=version, factor_set=factor_set,
    )  # fmt: skip


def _cards(rows: Sequence[Row], known: Sequence[float]) -> list[tuple[str, str, str]]:
    """Headline figures: (label, value, note)."""
    found = [("Models", f"{len(rows):,}", f"{len(known):,} with emissions")]
    if known:
        found.append(("Least and greatest", f"{units.show(min(known), 'kg')} – {units.show(max(known), 'kg')}",
                      f"{max(known) / min(known):,.0f} times apart" if min(known) else ""))  # fmt: skip
        found.append(("Together", units.show(sum(known), "kg"), "CO₂e as stated, scopes differ"))
    return found


def _shown(row: Row) -> dict[str, Any]:
    """A row as the template lays it out: text and the number it is sorted by, for each column."""
    cells = [_cell(row, column, unit, width) for column, _, unit, width in SHOWN]
    words = " ".join(str(row[c]) for c in ("model", "origin", "year", "hardware", "source", "note") if row[c])
    facts = ", ".join(f"{called.lower()} {cell['text']} {unit if unit in ('W', 'g/kWh') else ''}".strip()
                      for (_, called, unit, _), cell in zip(SHOWN, cells, strict=True) if cell["text"] != "–")  # fmt: skip
    return {"model": row["model"], "origin": row["origin"], "cells": cells, "facts": facts, "source": row["source"], "note": row["note"],
            "words": words.lower()}  # fmt: skip


def _cell(row: Row, column: str, unit: str, width: str) -> dict[str, Any]:
    value = row[column]
    derived = column in row["derived"]
    if value is None or value == "":
        return {"text": "–", "sort": "", "number": column != "hardware", "derived": False, "width": width}
    if isinstance(value, str):
        return {"text": value, "sort": value.lower(), "number": False, "derived": False, "width": width}
    text = units.show(value, unit) if unit in ("kg", "kWh") else str(value) if column == "year" else units.significant(value)
    return {"text": text, "sort": repr(value), "number": True, "derived": derived, "width": width}


def _parts(decomposition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The legend of the bar: factor, its share of the variance, and how far it spreads (a factor either way)."""
    return [{"name": CALLED[name], "colour": at, "share": _percent(share), "spread": f"×/÷ {decomposition['spread'][name]:.3g}"}
            for at, (name, share) in enumerate(decomposition["shares"].items())]  # fmt: skip


def _percent(share: float) -> str:
    """A share in percent, below zero too (a factor that runs against the whole); no zero has a sign."""
    whole = round(100 * share)
    return f"{'−' if whole < 0 else ''}{abs(whole)} %"


def _bar(decomposition: Mapping[str, Any]) -> Markup:
    parts = [(at, max(share, 0.0)) for at, share in enumerate(decomposition["shares"].values())]
    said = ", ".join(f"{CALLED[n]} {_percent(s)}" for n, s in decomposition["shares"].items())
    return drawings.stack(parts, sum(value for _, value in parts), said)


def _plot(rows: Sequence[Row]) -> Markup | str:
    """Emissions over device-hours, both logarithmic: a dot a model, its name in the tooltip."""
    points = [(row["device_hours"], row["emissions_kg"], ORIGINS.index(row["origin"]) if row["origin"] in ORIGINS else 7,
               f"{row['model']}: {units.show(row['emissions_kg'], 'kg')}, {row['device_hours']:,.0f} device-hours")
              for row in rows if row["device_hours"] and row["emissions_kg"]]  # fmt: skip
    return scatter(points, power, lambda kg: units.show(kg, "kg", 1), "Emissions over device-hours of models")


@functools.lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("jevons.report"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)  # fmt: skip
