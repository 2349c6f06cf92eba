"""The constants, powers and intensities of other tools: rows of compat_*.csv."""

from __future__ import annotations

from jevons.core import units
from jevons.core.errors import MissingFactor, TableError, UnknownName
from jevons.world import catalog


def constant(name: str) -> float:
    """A constant of a tool by id, e.g. ``"strubell/pue"``; UnknownName if there is none."""
    rows = catalog.table("compat_constant").index
    if name not in rows:
        tool = name.partition("/")[0]
        raise UnknownName("compat constant", name, [r for r in rows if r.startswith(tool)][:3])
    value = catalog.number(rows[name], "value")
    if value is None:
        raise TableError("compat_constant.csv", None, "value", "", f"give {name} a value")
    return value


def power_w(tool: str, device: str, stand_in: str = "") -> float | None:
    """Watts by which a tool prices a device, its stand-in's where it does not list it, None without either."""
    rows = catalog.table("compat_power").index
    row = rows.get(f"{tool}/{device}") or rows.get(f"{tool}/{stand_in}")
    return None if row is None else catalog.number(row, "power_w")


def intensity_kg_per_kwh(tool: str, place: str) -> float:
    """kg CO2e per kWh by which a tool prices a place (ISO alpha-3, or provider/region); MissingFactor otherwise."""
    row = catalog.table("compat_grid").index.get(f"{tool}/{place.lower()}")
    value = catalog.number(row, "ci_g_per_kwh") if row is not None else None
    if value is None:
        raise MissingFactor("electricity", "climate", f"{place or 'nowhere'} in the table of {tool}")
    return value / units.G_PER_KG


def pounds_to_kg(pounds: float) -> float:
    """kg from avoirdupois pounds."""
    return units.convert(pounds, "lb", "kg")
