"""Annual average carbon intensity and generation mix by country (Our World in Data, as packaged in codecarbon)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import quality
from .packages import json_in_script, json_in_wheel, npm_member
from .places import iso3_of_iso2
from .tables import Row, number

MEMBER = "codecarbon/data/private_infra/global_energy_mix.json"
STATES = "codecarbon/data/private_infra/2023/usa_emissions.json"
G_PER_LB = 453.59237
EDITIONS = ("codecarbon", "codecarbon-2022")
FUELS = {
    "coal": "coal_TWh", "gas": "gas_TWh", "oil": "oil_TWh", "nuclear": "nuclear_TWh",
    "hydro": "hydroelectricity_TWh", "solar": "solar_TWh", "wind": "wind_TWh",
    "bioenergy": "biofuel_TWh", "other_renewable": "other_renewable_exc_biofuel_TWh",
}  # fmt: skip
NOTES = {
    "yes": "Ember and Electricity Maps 2024 agree within 15 %",
    "partly": "Ember or Electricity Maps 2024 agrees within 15 %, the other (if any) within a factor 1.54",
    "disagree": "Ember or Electricity Maps 2024 is far off (other year or other basis)",
    "single": "no second source",
}
OLDEST = 2015  # an older single row says nothing of today's grid


def records(cache: Path) -> list[tuple[str, dict[str, Any]]]:
    """(iso3, record) of every edition, newest first, one record a country and year, no zero intensity."""
    seen: dict[tuple[str, int], dict[str, Any]] = {}
    for edition in EDITIONS:
        for iso3, record in json_in_wheel(edition, MEMBER, cache).items():
            if record["carbon_intensity"] and record["year"] >= OLDEST:
                seen.setdefault((iso3, record["year"]), record)
    return [(iso3, record) for (iso3, _), record in sorted(seen.items(), key=lambda item: item[0])]


def build_annual(cache: Path) -> list[Row]:
    """grid_annual.csv: production-based, life-cycle, average; verified against Ember and Electricity Maps."""
    others = comparators(cache)
    rows = [_annual_row(iso3, record, others) for iso3, record in records(cache)]
    return [*rows, _world_row(cache)]


def comparators(cache: Path) -> dict[str, list[float]]:
    """Per iso3 the Ember average and the Electricity Maps 2024 value: read to verify, never stored."""
    codes = iso3_of_iso2(cache)
    ember = json_in_script(npm_member("@tgwf/co2", "dist/esm/data/average-intensities.min.js", cache))
    found = {iso3: [float(value)] for iso3, value in ember.items() if iso3 in codes.values() and value}
    maps = json_in_script(npm_member("@tgwf/co2", "dist/esm/data/electricity-maps/yearly_2024.js", cache))
    for zone, record in maps.items():
        if zone in codes and record["carbonIntensity"]["value"]:
            found.setdefault(codes[zone], []).append(float(record["carbonIntensity"]["value"]))
    return found


def build_mix(cache: Path) -> list[Row]:
    """grid_mix.csv: shares of generation by fuel, scaled to add up to one; the newest year of each country."""
    newest = dict(records(cache))
    return [_mix_row(iso3, record) for iso3, record in newest.items()]


def build_states(cache: Path) -> list[Row]:
    """grid_us_state.csv: eGRID's total output rates of the US states, direct emissions."""
    found = json_in_wheel("codecarbon", STATES, cache)
    year = found["_source"]["year"]
    states = {name: record for name, record in found.items() if len(record.get("regionCode", "")) == 2 and name != "usa"}
    return [_state_row(name, record, year) for name, record in sorted(states.items(), key=lambda item: item[1]["regionCode"])]


def _state_row(name: str, record: dict[str, Any], year: int) -> Row:
    spoken = " ".join(word if word == "of" else word.capitalize() for word in name.split())
    return {
        "id": f"US-{record['regionCode']}", "name": spoken, "year": str(year),
        "ci_g_per_kwh": f"{record['emissions'] * G_PER_LB / 1000:.2f}", "ci_lb_per_mwh": number(record["emissions"]),
        "place": "USA", "accounting": "average", "scope": "direct", "basis": "production", "gsd": "1.15",
        "source": "egrid-2023-state", "quality": "21212", "note": "",
    }  # fmt: skip


def _annual_row(iso3: str, record: dict[str, Any], others: dict[str, list[float]]) -> Row:
    seen = quality.verdict(record["carbon_intensity"], others.get(iso3, []))
    scores = (quality.RELIABILITY[seen], 1, quality.time_score(record["year"]), 1, 2)
    return {
        "place": iso3, "year": str(record["year"]), "ci_g_per_kwh": number(record["carbon_intensity"]),
        "accounting": "average", "scope": "lifecycle", "basis": "production", "gsd": str(quality.GRID_GSD[seen]),
        "source": "owid-energy-codecarbon", "quality": quality.digits(*scores),
        "note": NOTES[seen],
    }  # fmt: skip


def _mix_row(iso3: str, record: dict[str, Any]) -> Row:
    amounts = {fuel: float(record[column] or 0) for fuel, column in FUELS.items()}
    total = sum(amounts.values())
    gap = abs(total - record["total_TWh"]) / record["total_TWh"]
    scores = (2, 1 if gap < 0.02 else 3, quality.time_score(record["year"]), 1, 2)
    return {
        "place": iso3, "year": str(record["year"]), "generation_twh": number(record["total_TWh"]),
        **{f"{fuel}_share": number(amount / total, 5) for fuel, amount in amounts.items()},
        "source": "owid-energy-codecarbon", "quality": quality.digits(*scores),
        "note": "" if gap < 0.02 else f"fuels add up to {number(total, 4)} TWh of {record['total_TWh']} TWh",
    }  # fmt: skip


def _world_row(cache: Path) -> Row:
    """Generation-weighted mean over all countries of the newest edition."""
    newest = json_in_wheel("codecarbon", MEMBER, cache).values()
    weight = sum(r["total_TWh"] for r in newest)
    mean = sum(r["carbon_intensity"] * r["total_TWh"] for r in newest) / weight
    return {
        "place": "WLD", "year": "2023", "ci_g_per_kwh": number(mean, 4), "accounting": "average",
        "scope": "lifecycle", "basis": "production", "gsd": "1.6", "source": "owid-energy-codecarbon",
        "quality": "31152", "note": "computed: generation-weighted mean of the countries, years 2021-2023",
    }  # fmt: skip
