"""The facility around the servers: overhead electricity (PUE) and cooling water (WUE), as supply rows.

    overhead = E_IT · (PUE − 1)        PUE = facility energy over IT energy (ISO/IEC 30134-2)
    water    = E_IT · WUE              WUE = on-site litres per IT kWh (ISO/IEC 30134-9); PUE does not enter
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core import units
from jevons.core.activity import SPREAD_BY, Activity, beside
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption
from jevons.core.uncertain import Z90, Draws, Uncertain
from jevons.world import catalog
from jevons.world.catalog import Row
from jevons.world.place import Location
from jevons.world.water import wue_fixed_approach, wue_fixed_cold_water, wue_less_thirsty


@dataclass(frozen=True, slots=True)
class Facility:
    """PUE and WUE of a place with what was assumed to get them, each for the flow whose rows rest on it."""

    pue: Any
    wue_l_per_kwh: Any
    assumptions: tuple[Assumption, ...] = ()
    sources: tuple[str, ...] = ()


def overhead(demand: Activity, pue: Any, draws: Draws) -> Activity:
    """Electricity that must be supplied beyond the IT rows; a facility meter already holds it."""
    index = np.flatnonzero(demand.flow_mask("electricity") & (demand.text["boundary"] != "facility"))
    rows = demand.take(index).label(component="facility overhead", boundary="facility", method="modelled")
    over = _drawn_pue(pue, draws) - 1.0
    shared = _shared(rows, [(f"overhead of {pue}", over)], np.zeros(len(rows), int))
    if shared is None:
        shared = replace(rows, amount=beside(rows.amount, over) * over)
    return replace(shared, served={}, assumptions=())


def cooling_water(demand: Activity, pue: Any, wue_l_per_kwh: Any, draws: Draws) -> Activity:
    """Water evaporated on site for every electricity row; a facility row's IT share is its amount over the PUE.

    A row labelled cooling = none (a phone, a cable under a street) stands in no cooled hall.
    """
    rows = demand.take(np.flatnonzero(_cooled(demand)))
    over, litres = _drawn_pue(pue, draws), draws.of(wue_l_per_kwh, "WUE")
    at_wall = rows.text["boundary"] == "facility"
    rows = rows.label(component="cooling", boundary="facility", flow="water/on_site", method="modelled")
    by = f"water of {wue_l_per_kwh}"
    at_wall_too = litres / over if over.ndim == litres.ndim == 1 else over  # of scenarios nothing is shared
    shared = _shared(rows, [(by, litres), (f"{by} under {pue}", at_wall_too)], at_wall.astype(int))
    if shared is None:
        amount = beside(beside(rows.amount, over), litres)
        metered = at_wall.reshape(-1, *[1] * (amount.ndim - 1))
        shared = replace(rows, amount=np.where(metered, amount / over, amount) * litres)
    return replace(shared, served={}, assumptions=())


def _shared(rows: Activity, factors: Sequence[tuple[str, Any]], which: NDArray[np.int64]) -> Activity | None:
    """The rows times the best estimate of one factor each, its draws shared by name: rows are summed before they are unfolded.

    None where that saves nothing (rows with draws of their own, factors without), or cannot be (scenarios, nothing).
    """
    drawn = any(factor.shape[-1] > 1 for _, factor in factors)
    if rows.amount.shape[-1] > 1 or not drawn or any(factor.ndim > 1 or not factor[0] > 0 for _, factor in factors):
        return None
    best = np.array([factor[0] for _, factor in factors])[which].reshape(-1, *[1] * (rows.amount.ndim - 1))
    words = np.array([name for name, _ in factors], dtype=object)[which]
    spreads = {name: factor / factor[0] for name, factor in factors}
    return replace(rows, text={**rows.text, SPREAD_BY: words}, amount=rows.amount * best, spreads=spreads)


def reads_pue(demand: Activity) -> bool:
    """Whether the PUE parts any row: a cooled facility meter's amount over the PUE is its IT share."""
    return bool((_cooled(demand) & (demand.text["boundary"] == "facility")).any())


def _cooled(demand: Activity) -> NDArray[np.bool_]:
    """Which rows are electricity in a cooled hall."""
    cooled = demand.text["cooling"] != "none" if "cooling" in demand.text else True
    return demand.flow_mask("electricity") & cooled


def _drawn_pue(pue: Any, draws: Draws) -> Any:
    """PUE draws: the overhead above 1 is what is uncertain, so no draw falls under 1."""
    if not isinstance(pue, Uncertain):
        return draws.of(pue)
    over = Uncertain(max(pue.low - 1, 1e-4), max(pue.best - 1, 1e-4), max(pue.high - 1, 1e-4), pue.key, pue.group)
    return 1.0 + draws.of(over)


TOWERS: dict[str, Callable[[Any], Any]] = {"fixed-approach": wue_fixed_approach, "fixed-cold-water": wue_fixed_cold_water,
          "less-thirsty": wue_less_thirsty}  # fmt: skip


def require_tower(tower: str) -> None:
    """BadInput for a formula that is not known."""
    if not isinstance(tower, str) or tower not in TOWERS:
        raise BadInput("tower", tower, f"choose one of {', '.join(TOWERS)}")


def tower_wue(wet_bulb_c: Any, tower: str) -> tuple[Any, Assumption]:
    """On-site water of an evaporative site from its wet-bulb temperature (°C), L per IT kWh, and its note.

    Errors: BadInput for an unknown formula or a temperature outside −20 to 40 °C.
    """
    require_tower(tower)
    value = units.read(wet_bulb_c, "", "wet_bulb", minimum=-20.0)
    if np.any(np.asarray(value) > 40):
        raise BadInput("wet_bulb", wet_bulb_c, "give degrees Celsius from -20 to 40")
    litres = TOWERS[tower](units.fahrenheit(value))
    said = f"{float(np.mean(litres)):.2f} L/kWh"
    return litres, Assumption("WUE", said, f"cooling tower, {tower}", "shumba-2024", "water")


def find(location: Location, year: int | None, pue: Any, wue: Any, strict: bool) -> Facility:
    """PUE and WUE: the user's, else the region's disclosure, else the provider's fleet, else the industry's."""
    notes: list[Assumption] = []
    sources: list[str] = []
    if pue is None:
        pue = _looked_up("pue", location, year, strict, notes, sources)
    if wue is None:
        wue = _looked_up("wue_l_per_kwh", location, year, strict, notes, sources)
    return Facility(pue, wue, tuple(notes), tuple(sources))


def _looked_up(column: str, location: Location, year: int | None, strict: bool, notes: list[Assumption],
               sources: list[str]) -> Uncertain:  # fmt: skip
    for row, place in _candidates(location, year):
        value = catalog.number(row, column)
        if value is None:
            continue
        gsd = catalog.number(row, f"{column.split('_')[0]}_gsd") or catalog.number(row, "gsd") or 1.0
        key = f"{column.split('_')[0].upper()} of {place}"
        if place != location.name:
            flow = "electricity" if column == "pue" else "water"
            notes.append(Assumption(key, f"{value:g}", f"none disclosed for {location.name}", row["source"], flow))
        sources.append(row["source"])
        if column == "pue":
            span = gsd**Z90
            return Uncertain(max(value / span, 1 + 0.3 * (value - 1)), value, value * span, key)
        return Uncertain.lognormal(value, gsd, key)
    raise MissingFactor("electricity", column, location.name)


def _candidates(location: Location, year: int | None) -> list[tuple[Row, str]]:
    """Rows that may say it, best first: the region, its provider's fleet, the industry."""
    found: list[tuple[Row, str]] = []
    if location.region is not None:
        found.append((location.region, location.name))
        found += [(r, r["id"]) for r in _nearest(f"{location.region['provider']}-fleet", year)]
    return found + [(r, r["id"]) for r in _nearest("industry", year)]


def _nearest(group: str, year: int | None) -> list[Row]:
    rows = [r for r in catalog.table("pue_industry") if r["id"].startswith(group)]
    aimed = year if year is not None else 9999
    return sorted(rows, key=lambda r: (int(r["year"]) > aimed, abs(int(r["year"]) - aimed)))
