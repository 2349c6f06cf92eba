"""What making a device costs: one pure function a published method, side by side, and the one used by default.

The default of an accelerator is its published footprint; without one, the screening rule. Methods are never averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption
from jevons.world import catalog
from jevons.world.catalog import Row

UNKNOWN_SILICON_GSD = 2.0
OTHER_MEMORY_GSD = 2.0
MM2_PER_CM2 = 100.0


@dataclass(frozen=True, slots=True)
class Embodied:
    """Impact of making one thing. ``impacts``: indicator → kg, MJ, kgSb or L; ``gsd``: lognormal spread."""

    impacts: Mapping[str, float]
    gsd: float
    method: str
    source: str
    year: int | None
    quality: str
    assumptions: tuple[Assumption, ...] = ()


def act_die_kg(area_cm2: Any, ci_fab_kg_per_kwh: Any, epa: Any, gpa: Any, mpa: Any, yield_: Any = 0.875) -> Any:
    """kg CO2e of a die: E = A (CI_fab · EPA + GPA + MPA) / Y.

    ``area_cm2`` A; ``epa`` fab energy kWh/cm2; ``gpa``, ``mpa`` gases and materials in kg/cm2; ``yield_`` Y in (0, 1].
    Reference: Gupta et al., ACT, ISCA 2022.
    """
    return area_cm2 * (ci_fab_kg_per_kwh * epa + gpa + mpa) / yield_


def act_system_kg(dies_kg: Any, memory_kg: Any, packages: Any, package_kg: Any) -> Any:
    """kg CO2e of a set of chips: dies, memory, and a constant for each package. Reference: Gupta et al., ACT, ISCA 2022."""
    return dies_kg + memory_kg + packages * package_kg


def llmcarbon_die_kg(area_cm2: Any, cpa_kg_per_cm2: Any) -> Any:
    """kg CO2e of a chip: area · carbon per area; memory and board are left out.

    Reference: Faiz et al., LLMCarbon, ICLR 2024, and its data/hardware.csv.
    """
    return area_cm2 * cpa_kg_per_cm2


def accelerator_rule_kg(hbm_gb: Any, die_cm2: Any, per_gb: Any = 0.861, per_cm2: Any = 5.04, rest: Any = 54.1) -> Any:
    """kg CO2e of an accelerator module: E = 0.861 HBM[GB] + 5.04 die[cm2] + 54.1, our screening rule.

    The coefficients split the published footprint of one H100 (164 kg: memory 42 %, chips 25 %, rest 33 %). Two
    others were not used to fit: A100 40 GB 127.6 kg (rule 130), B200 284.25 kg (rule 290 for 16 cm2). Three anchors
    of one maker: a screening value, to be replaced by a published footprint. Coefficients: table embodied_component.
    """
    return per_gb * hbm_gb + per_cm2 * die_cm2 + rest


def uba_processor_kg(die_cm2: Any, per_cm2: Any = 1.97, base_kg: Any = 9.14) -> Any:
    """kg CO2e of a processor: E = 1.97 A + 9.14, die area A in cm2; memory is left out.

    Reference: UBA, Green Cloud Computing, 2021, as in the Boavizta method. Coefficients: table embodied_component.
    """
    return die_cm2 * per_cm2 + base_kg


def wafer_water_l(litres_per_layer: Any, layers: Any, good_dies: Any) -> Any:
    """Litres behind one die: litres per wafer and mask layer · layers / good dies of the wafer.

    Reference: TSMC sustainability report 2022 (137.3 L per 12-inch layer) as used by Scope3 with 87 layers at 7 nm.
    """
    return litres_per_layer * layers / good_dies


def of_device(id: str) -> Embodied:
    """Making one accelerator: its published footprint, else the screening rule with what had to be assumed.

    Errors: UnknownName; MissingFactor where neither a footprint nor a memory size is known.
    """
    row, _ = catalog.table("accelerators").find(id)
    published = [p for p in catalog.table("embodied_product").where(product=row["id"]) if p["default"] == "yes"]
    return _product(published[0]) if published else _by_rule(row)


def of_host(id: str) -> Embodied:
    """One accelerator's share of making the box around it; a box of unknown making is a published one, noted."""
    host = catalog.table("servers").index.get(id)
    devices = catalog.number(host, "devices") if host is not None else None
    own = catalog.number(host, "host_embodied_kg") if host is not None else None
    if host is not None and own and devices:
        return Embodied({"climate": own / devices}, 2.0, "server row", host["source"], _year(host), host["quality"])
    usual = next(r for r in catalog.table("embodied_product").where(kind="host", default="yes"))
    share = devices or float(usual["devices"])
    note = Assumption(f"embodied carbon of host {id}", f"{usual['climate_kg']} kg over {share:g} accelerators",
                      "the maker publishes none", usual["source"])  # fmt: skip
    made = _product(usual)
    return Embodied({k: v / share for k, v in made.impacts.items()}, made.gsd, made.method, made.source, made.year,
                    made.quality, (note,))  # fmt: skip


def methods(id: str) -> dict[str, float]:
    """kg CO2e of one accelerator by every method that can say it: method → kg; to be shown, never averaged."""
    row, _ = catalog.table("accelerators").find(id)
    products = catalog.table("embodied_product")
    said = {f"{p['method']}: {p['name']}": float(p["climate_kg"]) for p in products.where(product=row["id"])}
    said |= {f"{p['method']}: {p['name']}": float(p["climate_kg"])
             for p in products.where(product="", kind="accelerator")}  # fmt: skip
    memory, silicon = catalog.number(row, "memory_gb"), _silicon_cm2(row)
    area, guess = (silicon, "") if silicon else (_usual_silicon_cm2(), ", die area assumed")
    if memory:
        said[f"jevons screening rule{guess}"] = accelerator_rule_kg(memory, area, *_rule())
        said[f"ACT, memory as DDR4{guess}"] = _act(row, memory, area)
    part = catalog.table("embodied_component").index
    uba = (float(part[f"uba-cpu-{name}"]["climate_kg"]) for name in ("die", "base"))
    said[f"UBA, as a processor{guess}"] = uba_processor_kg(area, *uba)
    said[f"LLMCarbon, die only{guess}"] = llmcarbon_die_kg(area, float(_node(row, "llmcarbon")["cpa_kg_per_cm2"]))
    return said


def _by_rule(row: Row) -> Embodied:
    memory, silicon = catalog.number(row, "memory_gb"), _silicon_cm2(row)
    if memory is None:
        raise MissingFactor(f"device_hours/{row['id']}", "climate",
                            "its making (no published footprint, no memory size; state the embodied carbon)")
    rule = catalog.table("embodied_component").index["rule-die"]
    gsd, notes = float(rule["gsd"]), []
    if silicon is None:
        silicon = _usual_silicon_cm2()
        gsd = UNKNOWN_SILICON_GSD
        notes.append(Assumption(f"die area of {row['id']}", f"{silicon:.1f} cm2", "not published: median of the table",
                                rule["source"]))  # fmt: skip
    if "hbm" not in row["memory_type"].lower():
        gsd = max(gsd, OTHER_MEMORY_GSD)
    notes.append(Assumption(f"embodied carbon of {row['id']}", "screening rule", "the maker publishes none",
                            rule["source"]))  # fmt: skip
    kg = accelerator_rule_kg(memory, silicon, *_rule())
    return Embodied({"climate": kg}, gsd, "jevons screening rule", rule["source"], _year(rule), rule["quality"],
                    tuple(notes))  # fmt: skip


def _rule() -> tuple[float, float, float]:
    parts = catalog.table("embodied_component").index
    return (float(parts["rule-hbm"]["climate_kg"]), float(parts["rule-die"]["climate_kg"]),
            float(parts["rule-rest"]["climate_kg"]))  # fmt: skip


def _act(row: Row, memory_gb: float, silicon_cm2: float) -> float:
    node = _node(row, "act")
    kg = {c: float(node[c]) / units.G_PER_KG for c in ("ci_fab_g_per_kwh", "gpa97_g_per_cm2", "mpa_g_per_cm2")}
    die = act_die_kg(silicon_cm2, kg["ci_fab_g_per_kwh"], float(node["epa_kwh_per_cm2"]), kg["gpa97_g_per_cm2"],
                     kg["mpa_g_per_cm2"], float(node["yield_share"]))  # fmt: skip
    dram = catalog.table("embodied_memory").index["act-dram-ddr4-10nm"]
    package = catalog.table("embodied_component").index["act-package"]
    memory = memory_gb * float(dram["climate_kg"]) / float(node["yield_share"])
    return float(act_system_kg(die, memory, 2, float(package["climate_kg"])))


def _node(row: Row, method: str) -> Row:
    nodes = catalog.table("embodied_node").where(method=method)
    if not nodes:
        raise BadInput("method", method, "no such method in the table embodied_node")
    aimed = catalog.number(row, "node_nm") or 7.0
    return min(nodes, key=lambda n: abs(float(n["node_nm"]) - aimed))


def _silicon_cm2(row: Row) -> float | None:
    one = catalog.number(row, "die_mm2")
    return None if one is None else one * (catalog.number(row, "dies") or 1.0) / MM2_PER_CM2


def _usual_silicon_cm2() -> float:
    known = sorted(s for r in catalog.table("accelerators") if (s := _silicon_cm2(r)) and r["form"] != "consumer")
    return known[len(known) // 2]


def _product(row: Row) -> Embodied:
    columns = {"climate": "climate_kg", "abiotic_depletion": "abiotic_depletion_kgsb",
               "primary_energy": "primary_energy_mj", "water_embodied": "water_l"}  # fmt: skip
    impacts = {name: value for name, column in columns.items() if (value := catalog.number(row, column)) is not None}
    return Embodied(impacts, float(row["gsd"]), f"{row['method']}: {row['name']}", row["source"], _year(row),
                    row["quality"])  # fmt: skip


def _year(row: Row) -> int | None:
    year = catalog.number(row, "year")
    return int(year) if year is not None else None
