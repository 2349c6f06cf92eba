"""What making an edge device costs, unit by unit: each block of the chip, its memory, its circuit board.

    E = Σ area (CI_fab · EPA + GPA + MPA) / Y + package        ACT (Gupta et al., ISCA 2022), a block its share of area
    kg per hour in use = E / (years · 365 · hours of use a day)

A part whose making a study publishes counts as published. Where an area is not published, a span of sourced areas of its class stands in, told as an assumption. A device one of
whose units has neither is not priced: MissingFactor names the unit.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass

from jevons.core import units
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption
from jevons.core.uncertain import Z90
from jevons.world import catalog
from jevons.world.catalog import Row
from jevons.world.embodied import MM2_PER_CM2, Embodied, act_die_kg

DAYS_PER_YEAR = 365.0
_KIND = re.compile(r"(?P<board>[^;]+)(;life=(?P<years>[\d.]+);use=(?P<hours>[\d.]+))?")


@dataclass(frozen=True, slots=True)
class Unit:
    """One part of a device and the kg CO2e of making it."""

    name: str
    kg: float
    gsd: float
    source: str
    assumed: Assumption | None = None


def board_units(board_id: str) -> tuple[Unit, ...]:
    """The units of a board, greatest first; MissingFactor where there are none or one of them is not published."""
    rows = [row for row in catalog.table("edge_soc_units").index.values() if row["board"] == board_id]
    blank = [row["unit"] for row in rows if not (row["area_mm2"] or row["capacity_gb"] or row.get("climate_kg"))]
    if not rows or blank:
        missing = f"the area of its {', '.join(blank)} is not published" if blank else "no unit of it is published"
        raise MissingFactor(f"device_hours/edge:{board_id}", "climate", f"its making ({missing})")
    parts = [Unit(row["unit"], _kg(row), _gsd(row), row["source"], _assumed(row)) for row in rows]
    if any(row["kind"] == "die" for row in rows):  # a published part is packaged already
        package = catalog.table("embodied_component").index["act-package"]
        parts.append(Unit("package", float(package["climate_kg"]), float(package["gsd"]), package["source"]))
    return tuple(sorted(parts, key=lambda unit: -unit.kg))


def hotspots(board_id: str, n: int = 3) -> list[tuple[str, float]]:
    """The ``n`` units that weigh most in the making of a board, each with its share of the whole."""
    parts = board_units(board_id)
    whole = sum(unit.kg for unit in parts)
    return [(unit.name, unit.kg / whole) for unit in parts[:n]]


def of_edge(kind: str) -> tuple[Embodied, float | None, tuple[Assumption, ...]]:
    """Making a board, the hours it will be in use (None: as any device) and notes; ``kind``: what `edge_flow` wrote."""
    found = _KIND.fullmatch(kind)
    if found is None:
        raise BadInput("edge device", kind, "write edge:<board>, or edge:<board>;life=<years>;use=<hours a day>")
    parts = board_units(found["board"])
    whole = sum(unit.kg for unit in parts)
    gsd = math.exp(math.sqrt(sum((unit.kg / whole * math.log(unit.gsd)) ** 2 for unit in parts)))
    by_act = any(unit.name == "package" for unit in parts)
    made = Embodied({"climate": whole}, gsd, "ACT by unit" if by_act else "published by unit", parts[0].source, None, "33233")
    names = ", ".join(unit.name for unit in parts)
    kept = Assumption(f"making of {found['board']}", f"{whole:.2g} kg CO2e: {names}", "no more is published: case, storage, battery and "
                      "supply are not in it", "act" if by_act else made.source)  # fmt: skip
    said = (kept, *(unit.assumed for unit in parts if unit.assumed))
    if not found["years"]:
        return made, None, said
    years, hours = float(found["years"]), float(found["hours"])
    note = Assumption("use over life", f"{years:g} years of {hours:g} h a day", "given", "stated")
    return made, years * DAYS_PER_YEAR * hours, (note, *said)


def edge_flow(board_id: str, years: float | None = None, hours_a_day: float | None = None) -> str:
    """The flow of a board's hours in use; BadInput for a life or a day that cannot be."""
    if years is None and hours_a_day is None:
        return f"device_hours/edge:{board_id}"
    if years is None or hours_a_day is None:
        raise BadInput("life, use_hours_per_day", (years, hours_a_day), "give both or neither")
    if not 0 < hours_a_day <= units.HOURS_PER_YEAR / DAYS_PER_YEAR:
        raise BadInput("use_hours_per_day", hours_a_day, "give hours above 0 and at most 24")
    if not 0 < years <= 30:
        raise BadInput("life", years, "give years above 0 and at most 30")
    return f"device_hours/edge:{board_id};life={years:.12g};use={hours_a_day:.12g}"


def _gsd(row: Row) -> float:
    """Spread of a unit: of the factor and, where its amount is a span, of that."""
    own = math.log(float(row["gsd"]))
    if row.get("amount_low"):
        own = math.hypot(own, math.log(float(row["amount_high"]) / float(row["amount_low"])) / (2 * Z90))
    return math.exp(own)


def _assumed(row: Row) -> Assumption | None:
    if not row.get("amount_low"):
        return None
    name, unit = ("capacity", "GB") if row["kind"] == "dram" else ("area", "mm2")
    value = f"{row['capacity_gb' if row['kind'] == 'dram' else 'area_mm2']} {unit} ({row['amount_low']} to {row['amount_high']})"
    return Assumption(f"{name} of the {row['unit']} of {row['board']}", value, row["note"], row["source"].split(";")[0])


def _kg(row: Row) -> float:
    if row["kind"] == "published":
        return float(row["climate_kg"])
    if row["kind"] == "pcb":
        return float(row["area_mm2"]) / MM2_PER_CM2 * float(row["kg_per_cm2"])
    node = _node(row)
    if row["kind"] == "dram":
        memory = catalog.table("embodied_memory").index["act-dram-lpddr4"]
        return float(row["capacity_gb"]) * float(memory["climate_kg"]) / float(node["yield_share"])
    factors = {c: float(node[c]) / units.G_PER_KG for c in ("ci_fab_g_per_kwh", "gpa97_g_per_cm2", "mpa_g_per_cm2")}
    return float(act_die_kg(float(row["area_mm2"]) / MM2_PER_CM2, factors["ci_fab_g_per_kwh"],
                            float(node["epa_kwh_per_cm2"]), factors["gpa97_g_per_cm2"], factors["mpa_g_per_cm2"],
                            float(node["yield_share"])))  # fmt: skip


@functools.lru_cache(maxsize=32)
def _nodes() -> list[Row]:
    return catalog.table("embodied_node").where(method="act")


def _node(row: Row) -> Row:
    aimed = catalog.number(row, "node_nm") or 7.0
    return min(_nodes(), key=lambda node: abs(float(node["node_nm"]) - aimed))


catalog.on_overlay(_nodes.cache_clear)
