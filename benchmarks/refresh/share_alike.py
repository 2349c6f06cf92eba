"""The tables of the share-alike pack: Electricity Maps and Ember by zone, IFI marginal rates (package @tgwf/co2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import quality
from .packages import json_in_script, npm_member
from .places import iso3_of_iso2
from .tables import Row, number

FOLDER = Path(__file__).parents[2] / "packs/share-alike/src/jevons_share_alike/data"
YEARS = (2021, 2022, 2023, 2024, 2025)
ESM = "dist/esm/data"


def build_zones(cache: Path) -> list[Row]:
    """grid_zone.csv: zones of Electricity Maps by year; consumption-based, life-cycle. Zero intensities are left out."""
    codes = iso3_of_iso2(cache)
    rows = []
    for year in YEARS:
        zones = json_in_script(npm_member("@tgwf/co2", f"{ESM}/electricity-maps/yearly_{year}.js", cache))
        rows += [
            _zone(z, year, record, codes) for z, record in zones.items() if record["carbonIntensity"]["value"]
        ]
    return sorted(rows, key=lambda row: (row["zone"], row["year"]))


def build_annual(cache: Path, old: list[Row]) -> list[Row]:
    """grid_ember.csv: Ember's country averages. The package gives no year: an unchanged value keeps the one it had."""
    ember = json_in_script(npm_member("@tgwf/co2", f"{ESM}/average-intensities.min.js", cache))
    known = set(iso3_of_iso2(cache).values())
    years = {(row["place"], row["ci_g_per_kwh"]): row["year"] for row in old}
    return [
        {
            "place": iso3, "year": years.get((iso3, number(float(value))), ""), "ci_g_per_kwh": number(float(value)),
            "accounting": "average", "scope": "lifecycle", "basis": "production", "gsd": "1.3",
            "source": "ember-co2js", "quality": "21212", "note": "",
        }
        for iso3, value in sorted(ember.items()) if iso3 in known and value
    ]  # fmt: skip


def build_marginal(cache: Path) -> list[Row]:
    """grid_marginal.csv: IFI harmonised combined margin by country, 2021. Zero rates are left out."""
    rates = json_in_script(npm_member("@tgwf/co2", f"{ESM}/marginal-intensities-2021.min.js", cache))
    known = set(iso3_of_iso2(cache).values())
    return [
        {
            "place": iso3, "year": "2021", "ci_g_per_kwh": number(float(value)), "accounting": "marginal",
            "scope": "direct", "basis": "production", "gsd": "1.6", "source": "ifi-2021-co2js", "quality": "32223",
            "note": "combined margin of the IFI default grid factors",
        }
        for iso3, value in sorted(rates.items()) if iso3 in known and float(value)
    ]  # fmt: skip


def _zone(zone: str, year: int, record: dict[str, Any], codes: dict[str, str]) -> Row:
    scores = (2, 1, quality.time_score(year), 1, 2)
    return {
        "zone": zone, "iso3": codes.get(zone.split("-")[0], ""), "name": record["zone"].get("zoneName", zone),
        "year": str(year), "ci_g_per_kwh": number(float(record["carbonIntensity"]["value"])),
        "carbon_free_share": number(float(record["carbonFreeEnergy"]["value"]) / 100),
        "renewable_share": number(float(record["renewableEnergy"]["value"]) / 100), "accounting": "average",
        "scope": "lifecycle", "basis": "consumption", "gsd": "1.15",
        "source": "electricity-maps-co2js", "quality": quality.digits(*scores), "note": "",
    }  # fmt: skip
