"""Carbon per die area and per GB from a checkout of the ACT repository (facebookresearch/ACT, MIT)."""

from __future__ import annotations

from pathlib import Path

from .tables import Row, number

YIELD = 0.875
LOGIC = {
    "epa": "epa_kwh_per_cm2",
    "gpa_95": "gpa95_g_per_cm2",
    "gpa_99": "gpa99_g_per_cm2",
    "materials": "mpa_g_per_cm2",
}
MEMORY = {
    "dram/dram_hynix": "dram", "ssd/ssd_hynix": "ssd", "ssd/ssd_seagate": "ssd", "ssd/ssd_western": "ssd",
    "hdd/hdd_enterprise": "hdd", "hdd/hdd_consumer": "hdd",
}  # fmt: skip
CITED = {"year": "2022", "gsd": "1.5", "source": "act;act-2022", "quality": "22333"}
NODE_NOTE = "CPA for a fab in Taiwan with 97 % gas abatement, the mean of the columns for 95 and 99 %"


def build_nodes(checkout: Path, others: list[Row]) -> list[Row]:
    """embodied_node.csv: ACT's nodes from the checkout, then the rows of other methods as they stand."""
    parts = {column: _values(checkout, f"logic/{file}") for file, column in LOGIC.items()}
    taiwan = _values(checkout, "carbon_intensity/location_2022")["taiwan"]
    nodes = [
        _node(name, {column: values[name] for column, values in parts.items()}, taiwan)
        for name in parts["epa_kwh_per_cm2"]
    ]
    return [*nodes, *(row for row in others if row["method"] != "act")]


def build_memory(checkout: Path, others: list[Row]) -> list[Row]:
    """embodied_memory.csv: ACT's memory and drives from the checkout, then the rows of other methods."""
    rows = [
        _part(kind, name, grams)
        for file, kind in MEMORY.items()
        for name, grams in _values(checkout, file).items()
    ]
    return [*rows, *(row for row in others if row["method"] != "act")]


def _values(checkout: Path, file: str) -> dict[str, float]:
    lines = (checkout / f"act/models/{file}.yaml").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if line.startswith('"'))
    return {name.strip().strip('"'): float(value.split()[0]) for name, value in pairs}


def _node(name: str, part: dict[str, float], ci_fab: float) -> Row:
    gases = (part["gpa95_g_per_cm2"] + part["gpa99_g_per_cm2"]) / 2
    cpa = (ci_fab * part["epa_kwh_per_cm2"] + gases + part["mpa_g_per_cm2"]) / YIELD / 1000
    return {
        "id": f"act-{name}", "method": "act", "node_nm": name.removesuffix("nm"),
        "epa_kwh_per_cm2": number(part["epa_kwh_per_cm2"]), "gpa95_g_per_cm2": number(part["gpa95_g_per_cm2"]),
        "gpa97_g_per_cm2": number(gases), "gpa99_g_per_cm2": number(part["gpa99_g_per_cm2"]),
        "mpa_g_per_cm2": number(part["mpa_g_per_cm2"]), "ci_fab_g_per_kwh": number(ci_fab),
        "yield_share": str(YIELD), "cpa_kg_per_cm2": number(cpa, 5), **CITED, "note": NODE_NOTE,
    }  # fmt: skip


def _part(kind: str, name: str, grams: float) -> Row:
    slug = name.lower().replace(" ", "-").replace("_", "-")
    return {
        "id": f"act-{kind}-{slug}", "method": "act", "kind": kind, "name": name, "climate_kg": number(grams / 1000),
        "unit": "GB", "abiotic_depletion_kgsb": "", "primary_energy_mj": "", **CITED,
        "note": "table value; the equation divides by the yield" if kind == "dram" else "",
    }  # fmt: skip
