"""A table of models and what they emitted, each taken apart as power × time × intensity.

    C = P · T · I · PUE          Luccioni and Hernandez-Garcia 2023, "Counting Carbon": why one model emits more than another

Rows come from published accounts (world/data/published_footprints), from model cards, from footprints and from rows
handed in. What a source does not state is filled in only by arithmetic from what it does, and said to be; nothing is
guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from jevons.account.cards.mined import said
from jevons.account.cards.parse import Card
from jevons.account.cards.plausible import by_words, hardware_hours, stated_energy_kwh
from jevons.core import units
from jevons.core.errors import BadInput, TableError
from jevons.core.footprint import Footprint
from jevons.world import catalog

FACTORS = ("power_w", "device_hours", "intensity_g_per_kwh", "pue")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model: mean power a device (W), device-hours, intensity (g/kWh), PUE, energy (kWh, with PUE), emissions (kg).

    ``derived``: which of them follow from the others. ``origin``: paper, card, footprint, ledger or row.
    """

    model: str
    origin: str
    year: int | None = None
    hardware: str = ""
    power_w: float | None = None
    device_hours: float | None = None
    intensity_g_per_kwh: float | None = None
    pue: float | None = None
    energy_kwh: float | None = None
    emissions_kg: float | None = None
    params_b: float | None = None
    source: str = ""
    note: str = ""
    derived: tuple[str, ...] = ()

    @property
    def product_kg(self) -> float | None:
        """P · T · PUE · I, kg; None where one of P, T and I is not known (a PUE not stated counts as 1)."""
        if None in (self.power_w, self.device_hours, self.intensity_g_per_kwh):
            return None
        kwh = units.convert(self.power_w * self.device_hours, "Wh", "kWh") * (self.pue or 1.0)  # type: ignore[operator]
        return units.convert(kwh * self.intensity_g_per_kwh, "g", "kg")  # type: ignore[operator]


ALSO = {  # a column of other tables -> the field it is, and its unit and the field's (none: words)
    "modelId": ("model", ()), "name": ("model", ()), "environment": ("hardware", ()), "hardware_used": ("hardware", ()),
    "scope_note": ("note", ()), "avg_power_w": ("power_w", ("W", "W")), "grid_gco2_per_kwh": ("intensity_g_per_kwh", ("g", "g")),
    "energy_mwh": ("energy_kwh", ("MWh", "kWh")), "reported_tco2e": ("emissions_kg", ("t", "kg")), "tco2e": ("emissions_kg", ("t", "kg")),
    "co2_eq_emissions": ("emissions_kg", ("g", "kg")),
}  # fmt: skip
NUMBERS = ("power_w", "device_hours", "intensity_g_per_kwh", "pue", "energy_kwh", "emissions_kg", "params_b")


def registry(cards: Iterable[Card] = (), footprints: Mapping[str, Footprint] | None = None,
             rows: Iterable[Mapping[str, Any]] = (), published: bool = True) -> list[Entry]:  # fmt: skip
    """The entries of all these, greatest emissions first; those without emissions last. Errors: BadInput naming a row."""
    found = [*(papers() if published else ()), *(of_card(card) for card in cards),
             *(of_footprint(name, one) for name, one in (footprints or {}).items()), *map(of_row, rows)]  # fmt: skip
    return sorted(map(filled, found), key=lambda e: -(e.emissions_kg if e.emissions_kg is not None else -1.0))


def papers() -> list[Entry]:
    """The published accounts that were read at their source."""
    return [_paper(row) for row in catalog.table("published_footprints")]


def _paper(row: catalog.Row) -> Entry:
    def number(column: str, unit: str = "", wanted: str = "") -> float | None:
        value = catalog.number(row, column)
        return None if value is None else units.convert(value, unit, wanted)

    year, pue, energy = number("year"), number("pue"), number("energy_mwh", "MWh", "kWh")
    whole = row["includes_pue"] == "yes"
    return Entry(
        row["model"], "paper", int(year) if year else None, row["hardware"], number("avg_power_w"), number("device_hours"),
        number("grid_gco2_per_kwh"), pue, energy if whole or energy is None else energy * (pue or 1.0),
        number("reported_tco2e", "t", "kg"), number("params_b"), catalog.source(row["source"]).cite(), row["note"],
    )  # fmt: skip


def of_card(card: Card) -> Entry:
    """What a model card states: emissions (grams, as the Hub reads them, unless its text says another unit), hardware, hours."""
    grams = card.block.get("emissions")
    known = isinstance(grams, (int, float)) and not isinstance(grams, bool) and math.isfinite(grams) and grams > 0
    doubt = by_words(card, float(grams)) if known else None
    kg = units.convert(float(grams) * (doubt.factor if doubt else 1), "g", "kg") if known else None
    worked = hardware_hours(card)
    note = f"written as {grams:g} g, though {doubt.said}" if doubt else ""
    return Entry(str(card.front.get("model_name") or card.front.get("model_id") or card.name), "card",
                 hardware=str(card.block.get("hardware_used") or ""), device_hours=worked[1] if worked else None,
                 energy_kwh=stated_energy_kwh(card), emissions_kg=kg, source=str(card.block.get("source") or ""), note=note)  # fmt: skip


def of_footprint(name: str, footprint: Footprint) -> Entry:
    """A footprint of ours: its energy, operational intensity and device-hours; its emissions with the making of hardware."""
    kg, kwh = footprint.best("climate"), footprint.best("energy") if "energy" in footprint.indicators else None
    by_flow = footprint.by("flow")
    running = sum(float(v[..., 0].sum()) for flow, v in by_flow.items() if not flow.startswith("device_hours"))
    amounts = footprint.inventory.by("flow", "device_hours")
    hours = sum(float(v[..., 0].sum()) for flow, v in amounts.items() if not flow.startswith(("device_hours/server:", "device_hours/storage:")))
    made = kg - running
    devices = footprint.inventory.text.get("device", ())
    return Entry(name, "footprint", footprint.study.reference_year, next((d for d in devices if d), ""), device_hours=hours or None, energy_kwh=kwh, emissions_kg=kg,
                 intensity_g_per_kwh=units.convert(running, "kg", "g") / kwh if kwh else None,
                 source="jevons", note=f"{made / kg:.0%} of it the making of hardware" if made > 0 and kg else "")  # fmt: skip


def of_row(row: Mapping[str, Any]) -> Entry:
    """A row handed in, e.g. by a ledger: keys are the fields of an Entry, numbers may be text with units. BadInput."""
    known = {f.name for f in fields(Entry)} - {"derived"}
    for key in row:
        if key not in known:
            raise BadInput("registry row", key, f"its keys are {', '.join(sorted(known))}")
    if not row.get("model"):
        raise BadInput("registry row", dict(row), "name the model")
    in_unit = {"power_w": "W", "device_hours": "h", "energy_kwh": "kWh", "emissions_kg": "kg", "intensity_g_per_kwh": "g/kWh"}
    numbers = {n: float(units.read(row[n], in_unit.get(n, ""), f"{row['model']}: {n}")) for n in NUMBERS if row.get(n) not in (None, "")}
    if numbers.get("pue", 1.0) < 1:
        raise BadInput(f"{row['model']}: pue", row["pue"], "give facility energy over that of the machines, at least 1, or leave it out")
    year = row.get("year")
    when = units.calendar_year(int(float(year))) if year else None
    texts = {n: str(row[n]) for n in ("model", "hardware", "source", "note") if row.get(n)}
    return Entry(**{"origin": str(row.get("origin") or "row"), **texts, **numbers, "year": when})


def filled(entry: Entry) -> Entry:
    """What follows by arithmetic: energy = P·T·PUE, P = energy/(T·PUE), I = emissions/energy, emissions = energy·I."""
    pue, found = entry.pue or 1.0, {n: getattr(entry, n) for n in ("power_w", "device_hours", "energy_kwh", "emissions_kg",
                                                                   "intensity_g_per_kwh")}  # fmt: skip
    derived = []

    def fill(name: str, value: float) -> None:
        found[name] = value
        derived.append(name)

    if found["energy_kwh"] is None and found["power_w"] and found["device_hours"]:
        fill("energy_kwh", units.convert(found["power_w"] * found["device_hours"], "Wh", "kWh") * pue)
    if found["power_w"] is None and found["energy_kwh"] and found["device_hours"]:
        fill("power_w", units.convert(found["energy_kwh"], "kWh", "Wh") / pue / found["device_hours"])
    if found["emissions_kg"] is None and found["energy_kwh"] and found["intensity_g_per_kwh"] is not None:
        fill("emissions_kg", units.convert(found["energy_kwh"] * found["intensity_g_per_kwh"], "g", "kg"))
    if found["intensity_g_per_kwh"] is None and found["energy_kwh"] and found["emissions_kg"] is not None:
        fill("intensity_g_per_kwh", units.convert(found["emissions_kg"], "kg", "g") / found["energy_kwh"])
    return replace(entry, **found, derived=tuple(derived))


def search(entries: Sequence[Entry], text: str) -> list[Entry]:
    """The entries in whose model, hardware, source, origin or note every word of ``text`` stands (any case)."""
    words = text.lower().split()
    return [e for e in entries if all(w in f"{e.model} {e.hardware} {e.source} {e.origin} {e.note} {e.year or ''}".lower() for w in words)]


@dataclass(frozen=True)
class Decomposition:
    """Share of the variance of log C that each factor bears; with the rest they sum to 1. ``spread``: geometric, e^σ."""

    n: int
    shares: Mapping[str, float]
    spread: Mapping[str, float]


def decompose(entries: Iterable[Entry]) -> Decomposition:
    """Why models differ: share_x = cov(log x, log C) / var(log C), over the entries that have P, T, I and emissions.

    log C = log P + log T + log I + log PUE + rest, so that the covariances sum to the variance of log C; the rest is what
    the stated emissions hold beyond the product. Errors: BadInput for fewer than three entries, or none that differ.
    """
    import numpy as np

    held = [e for e in entries if e.product_kg and e.emissions_kg]
    if len(held) < 3:
        raise BadInput("entries", len(held), "give at least three models with power, hours, intensity and emissions")
    logs = {name: np.log([getattr(e, name) or 1.0 for e in held]) for name in FACTORS}
    whole = np.log([e.emissions_kg for e in held])
    logs["rest"] = whole - np.sum([logs[name] for name in FACTORS], axis=0)
    variance = float(np.var(whole))
    if variance < 1e-12:
        raise BadInput("entries", len(held), "give models whose emissions differ")
    shares = {n: float(np.mean((x - x.mean()) * (whole - whole.mean()))) / variance for n, x in logs.items()}
    return Decomposition(len(held), shares, {n: float(np.exp(np.std(x))) for n, x in {**logs, "emissions_kg": whole}.items()})


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV whose columns are the fields of an Entry, or are called as in published tables and mined ones (ALSO).

    Cells that say nothing are absent; columns that mean nothing here are left out. Errors: TableError where none names a
    model, or a number of an ALSO column is none.
    """
    rows = list(catalog.read_csv(path))
    if rows and not {"model", *(c for c, (name, _) in ALSO.items() if name == "model")} & set(rows[0]):
        raise TableError(path.name, 1, None, ", ".join(rows[0]), "name the model in a column called model")
    return [_translated(row, path.name, at) for at, row in enumerate(rows, start=2)]


def _translated(row: Mapping[str, str], file: str, at: int) -> dict[str, Any]:
    known = {f.name for f in fields(Entry)} - {"derived", "origin"}
    found: dict[str, Any] = {name: word for name, cell in row.items() if name in known and (word := said(cell))}
    for column, (name, in_units) in ALSO.items():
        word = said(row.get(column))
        if not word or name in found:
            continue
        try:
            found[name] = units.convert(float(word), *in_units) if in_units else word
        except ValueError:
            raise TableError(file, at, column, word, "give a number, or leave the cell empty") from None
    return found
