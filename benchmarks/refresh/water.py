"""Water scarcity by country (AWARE 2.0) and the water behind a kWh (mix times water per fuel)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from . import quality
from .packages import json_in_wheel
from .places import iso3_of_iso2
from .tables import DATA, Row, number, read

USES = {"non_irrigation": "non_irri", "irrigation": "irri", "unspecified": "unspecified"}
SCARCITY_GSD = "2"
EWIF_GSD = "1.8"
METHODS = (("macknick-2012", "included"), ("macknick-2012", "excluded"), ("less-thirsty", "excluded"))


def build_scarcity(cache: Path) -> list[Row]:
    """water_scarcity.csv: annual country characterisation factors, m3 world-equivalent per m3 consumed."""
    values = {
        use: _country_factors(f"edges/data/AWARE 2.0_Country_{file}_yearly.json", cache)
        for use, file in USES.items()
    }
    codes = {**iso3_of_iso2(cache), "GLO": "WLD"}
    known = sorted((codes[iso2], iso2) for iso2 in values["non_irrigation"] if iso2 in codes)
    return [
        {
            "place": iso3, "year": "2024",
            **{f"cf_{use}": _or_empty(values[use].get(iso2)) for use in USES},
            "gsd": SCARCITY_GSD, "source": "aware-2.0-edges", "quality": "21223",
            "note": "annual country aggregate; basins within a country differ widely",
        }
        for iso3, iso2 in known
    ]  # fmt: skip


def build_offsite(mixes: Iterable[Row], fuels: Iterable[Row]) -> list[Row]:
    """water_offsite.csv: litres consumed at power plants per kWh generated, by method, hydro evaporation a switch."""
    per_fuel = {(r["method"], r["fuel"]): float(r["l_per_kwh"]) for r in fuels if r["mix_default"] == "yes"}
    rows = []
    for mix in mixes:
        for method, hydro in METHODS:
            value = _ewif(mix, {f: v for (m, f), v in per_fuel.items() if m == method}, hydro == "included")
            rows.append(_offsite_row(mix, method, hydro, value))
    return rows


def offsite_from_tables() -> list[Row]:
    """water_offsite.csv from the mix and fuel tables as they stand."""
    return build_offsite(read(DATA / "grid_mix.csv"), read(DATA / "water_fuel.csv"))


def _ewif(mix: Row, per_fuel: dict[str, float], with_hydro: bool) -> float:
    fuels = (column.removesuffix("_share") for column in mix if column.endswith("_share"))
    return sum(float(mix[f"{f}_share"]) * per_fuel[f] for f in fuels if with_hydro or f != "hydro")


def _offsite_row(mix: Row, method: str, hydro: str, value: float) -> Row:
    scores = (3, int(mix["quality"][1]), quality.time_score(int(mix["year"])), 2, 4)
    return {
        "place": mix["place"], "year": mix["year"], "method": method, "hydro_evaporation": hydro,
        "ewif_l_per_kwh": number(value, 4), "gsd": EWIF_GSD,
        "source": f"{SOURCE[method]};{mix['source']}", "quality": quality.digits(*scores),
        "note": "computed: generation shares x water consumption per fuel",
    }  # fmt: skip


SOURCE = {"macknick-2012": "macknick-2012", "less-thirsty": "less-thirsty-code"}


def _country_factors(member: str, cache: Path) -> dict[str, float]:
    exchanges = json_in_wheel("edges", member, cache)["exchanges"]
    return {e["consumer"]["location"]: abs(e["value"]) for e in exchanges if e["supplier"]["name"] == "Water"}


def _or_empty(value: float | None) -> str:
    return "" if value is None else number(value, 4)
