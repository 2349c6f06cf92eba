"""The factor tables: complete, sourced, within their own intervals, and without the known errors of their sources."""

from __future__ import annotations

import csv
import math
import re
import statistics
from pathlib import Path

import pytest

from jevons.world import catalog

FACTOR_TABLES = (
    "grid_annual", "grid_fuel", "grid_us_subregion", "grid_us_state", "water_fuel", "water_offsite", "water_scarcity",
    "embodied_node", "embodied_memory", "embodied_component", "embodied_product", "storage_media",
    "network_transfer", "prices",
)  # fmt: skip
TABLES = (*FACTOR_TABLES, "places", "grid_mix", "cloud_regions", "pue_industry", "gwp", "equivalences")
PACK = Path("packs/share-alike/src/jevons_share_alike/data")
Z90 = 1.6448536


def newest(name: str) -> dict[str, catalog.Row]:
    """place → its newest row, the world left out."""
    rows = sorted(catalog.table(name), key=lambda row: int(row["year"]))
    return {row["place"]: row for row in rows if row["place"] != "WLD"}


def evaluation(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "data/factors" / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def share_inside(values: dict[str, float]) -> tuple[float, int]:
    """Share of the given values that lie in the 90 % interval of our row, and how many could be compared."""
    ours = newest("grid_annual")
    compared = {place: value for place, value in values.items() if place in ours and value > 0}
    inside = [
        abs(math.log(value / float(ours[place]["ci_g_per_kwh"]))) <= Z90 * math.log(float(ours[place]["gsd"]))
        for place, value in compared.items()
    ]
    return sum(inside) / len(inside), len(inside)


# ---- every table


@pytest.mark.parametrize("name", TABLES)
def test_every_row_fits_the_schema_and_has_a_known_source(name: str) -> None:
    schema = {row["column"]: row for row in catalog.table("schema") if row["table"] == name}
    known = catalog.table("sources").index
    for row in catalog.table(name):
        assert list(row) == list(schema), name
        for column, rule in schema.items():
            assert row[column] or rule["required"] == "no", f"{name}: {column} is empty in {row}"
            if row[column] and rule["type"] in ("number", "integer"):
                assert math.isfinite(float(row[column])), f"{name}: {column} of {row}"
        assert all(source in known for source in row["source"].split(";")), f"{name}: {row['source']}"
        assert re.fullmatch("[1-5]{5}", row["quality"]), f"{name}: {row['quality']}"


@pytest.mark.parametrize("name", FACTOR_TABLES)
def test_every_factor_has_a_spread_of_at_least_one(name: str) -> None:
    assert all(float(row["gsd"]) >= 1 for row in catalog.table(name))


@pytest.mark.parametrize("name", TABLES)
def test_no_row_of_the_core_stands_on_a_share_alike_source(name: str) -> None:
    terms = {row["id"]: row["terms"] for row in catalog.table("sources")}
    assert not [row for row in catalog.table(name) if terms[row["source"].split(";")[0]] == "share-alike"]


def test_the_version_of_the_factor_set_is_a_date_and_a_count() -> None:
    parts = (catalog.DATA / "VERSION").read_text().strip().split(".")
    assert [len(part) for part in parts[:3]] == [4, 2, 2]
    assert int(parts[3]) >= 1


# ---- coverage


def test_two_hundred_and_ten_countries_have_an_intensity_with_its_year() -> None:
    assert len(newest("grid_annual")) >= 210


def test_all_twenty_seven_egrid_subregions_are_there() -> None:
    assert len(catalog.table("grid_us_subregion")) == 27
    assert len(catalog.table("grid_us_state")) == 51


def test_two_hundred_places_have_water_by_two_methods_and_scarcity() -> None:
    by_method = {m: {r["place"] for r in catalog.table("water_offsite").where(method=m)}
                 for m in ("macknick-2012", "less-thirsty")}  # fmt: skip
    assert all(len(places) >= 200 for places in by_method.values())
    assert len(newest("water_scarcity")) >= 200


def test_a_hundred_cloud_regions_know_their_zone_and_sixty_a_disclosed_efficiency() -> None:
    regions = list(catalog.table("cloud_regions"))
    zones = {row["id"] for row in catalog.table("grid_us_subregion")} | {row["iso3"] for row in catalog.table("places")}
    assert len(regions) >= 100
    assert all(row["zone"] in zones for row in regions)
    assert sum(bool(row["pue"] or row["wue_l_per_kwh"]) for row in regions) >= 60
    assert sum(bool(row["pue"]) + bool(row["wue_l_per_kwh"]) for row in regions) >= 100


def test_a_disclosed_efficiency_names_the_providers_own_page_first() -> None:
    own = {"aws": "aws-efficiency", "azure": "microsoft-efficiency", "gcp": "google-efficiency",
           "ovhcloud": "ovhcloud-fy25", "scaleway": "scaleway-reference-values"}  # fmt: skip
    for row in catalog.table("cloud_regions"):
        if row["pue"] or row["wue_l_per_kwh"]:
            assert row["source"].split(";")[0] == own[row["provider"]], row["id"]


def test_a_disclosed_efficiency_has_its_year_its_spread_and_a_possible_value() -> None:
    for row in catalog.table("cloud_regions"):
        for column, low, high in (("pue", 1.0, 1.7), ("wue", 0.0, 3.0)):
            value = row["wue_l_per_kwh" if column == "wue" else column]
            assert bool(value) == bool(row[f"{column}_year"]) == bool(row[f"{column}_gsd"]), row["id"]
            assert not value or low <= float(value) <= high, row["id"]


def test_a_regions_name_hides_no_countrys() -> None:
    codes = {row[column].lower() for row in catalog.table("places") for column in ("iso2", "iso3") if row[column]}
    assert not codes & {row["region"].lower() for row in catalog.table("cloud_regions")}


def test_every_place_named_by_a_factor_is_in_places() -> None:
    places = {row["iso3"] for row in catalog.table("places")}
    for name in ("grid_annual", "grid_mix", "water_offsite", "water_scarcity", "cloud_regions"):
        assert {row["place"] for row in catalog.table(name)} <= places, name


# ---- consistency


def test_the_shares_of_every_mix_add_up_to_one() -> None:
    for row in catalog.table("grid_mix"):
        assert sum(float(v) for k, v in row.items() if k.endswith("_share")) == pytest.approx(1, abs=1e-3), row["place"]


def test_off_site_water_is_the_mix_times_the_water_of_each_fuel() -> None:
    from jevons.world.water import ewif

    mix = {k.removesuffix("_share"): float(v) for k, v in newest("grid_mix")["USA"].items() if k.endswith("_share")}
    fuels = catalog.table("water_fuel").where(method="macknick-2012", mix_default="yes")
    row = catalog.table("water_offsite").where(place="USA", method="macknick-2012", hydro_evaporation="included")[0]
    value = ewif(mix, {f["fuel"]: float(f["l_per_kwh"]) for f in fuels})
    assert value == pytest.approx(float(row["ewif_l_per_kwh"]), rel=1e-3)


def test_leaving_out_reservoir_evaporation_never_adds_water() -> None:
    rows = {(r["place"], r["hydro_evaporation"]): float(r["ewif_l_per_kwh"])
            for r in catalog.table("water_offsite").where(method="macknick-2012")}  # fmt: skip
    assert all(rows[place, "excluded"] <= value for (place, hydro), value in rows.items() if hydro == "included")


def test_every_fuel_of_a_mix_has_one_default_in_each_scope_and_method() -> None:
    fuels = [k.removesuffix("_share") for k in catalog.table("grid_mix").rows[0] if k.endswith("_share")]
    for scope in ("lifecycle", "direct"):
        held = [r["fuel"] for r in catalog.table("grid_fuel").where(scope=scope, mix_default="yes")
                if r["method"] != "less-thirsty"]  # fmt: skip
        assert sorted(held) == sorted(fuels), scope
    for method in ("macknick-2012", "less-thirsty"):
        held = [r["fuel"] for r in catalog.table("water_fuel").where(method=method, mix_default="yes")]
        assert sorted(held) == sorted(fuels), method


def test_pounds_per_megawatt_hour_and_grams_per_kilowatt_hour_agree() -> None:
    for row in (*catalog.table("grid_us_subregion"), *catalog.table("grid_us_state")):
        assert float(row["ci_lb_per_mwh"]) * 0.45359237 == pytest.approx(float(row["ci_g_per_kwh"]), rel=1e-4, abs=0.006)


# ---- the intervals hold


def test_the_interval_holds_electricity_maps_in_nine_of_ten_countries(shared: Path) -> None:
    rows = evaluation(shared, "grid_annual_zone_emaps_odbl.csv")
    values = {r["iso3"]: float(r["ci_g_per_kwh"]) for r in rows if r["zone_level"] == "country" and r["year"] == "2024"}
    share, compared = share_inside(values)
    assert compared >= 190
    assert share >= 0.90


def test_the_interval_holds_ember_in_nineteen_of_twenty_countries(shared: Path) -> None:
    rows = evaluation(shared, "grid_annual_country.csv")
    values = {r["iso3"]: float(r["ci_g_per_kwh"]) for r in rows if r["source_id"] == "ember_co2js"}
    share, compared = share_inside(values)
    assert compared >= 200
    assert share >= 0.95


def test_half_of_the_intervals_are_narrower_than_a_factor_of_two_and_a_half() -> None:
    ratios = [math.exp(2 * Z90 * math.log(float(row["gsd"]))) for row in newest("grid_annual").values()]
    assert statistics.median(ratios) < 2.5


# ---- errors of the sources that must not be inherited


def test_photovoltaics_do_not_drink_a_thousand_times_their_water() -> None:
    solar = [float(r["l_per_kwh"]) for r in catalog.table("water_fuel").where(fuel="solar", mix_default="yes")]
    assert max(solar) < 0.01


def test_ovh_is_not_given_the_overhead_of_another_company() -> None:
    ovh = [float(r["pue"]) for r in catalog.table("pue_industry") if r["id"].startswith("ovh") and r["pue"]]
    assert ovh
    assert min(ovh) > 1.09


def test_the_row_of_the_fifth_epyc_generation_that_is_five_times_too_high_is_absent() -> None:
    rows = [r for r in catalog.table("cpu_power") if "epyc" in r["id"].lower() and "5" in r["id"].split("-")]
    assert all(float(r["min_w_per_vcpu"]) < 2 for r in rows)


def test_parts_of_llmcarbon_multiply_out() -> None:
    """Its first table gave 32768 GB at 0.018 kg/GB as 576 kg, and a row "others" that is 14 kg too high."""
    ssd = catalog.table("embodied_memory").index["llmcarbon-ssd"]
    dram = catalog.table("embodied_memory").index["llmcarbon-dram"]
    assert 32_000 * float(ssd["climate_kg"]) == pytest.approx(768)
    assert 256 * float(dram["climate_kg"]) == pytest.approx(102.4)
    assert not [row for row in catalog.table("embodied_memory") if "others" in row["id"]]


def test_azure_north_europe_is_ireland_and_west_us_is_california() -> None:
    regions = catalog.table("cloud_regions").index
    assert regions["azure/northeurope"]["place"] == "IRL"
    assert regions["azure/westus"]["zone"] == "CAMX"


def test_no_country_is_free() -> None:
    """The Central African Republic stands at 0.0 g/kWh in the source."""
    assert min(float(row["ci_g_per_kwh"]) for row in catalog.table("grid_annual")) > 1


def test_gas_is_not_given_one_and_a_half_times_its_emissions() -> None:
    gas = [float(r["ci_g_per_kwh"]) for r in catalog.table("grid_fuel").where(fuel="gas", scope="lifecycle")]
    assert max(gas) <= 500


def test_marginal_and_average_never_share_a_table() -> None:
    assert {row["accounting"] for row in catalog.table("grid_annual")} == {"average"}


# ---- the share-alike pack


@pytest.mark.parametrize("name", ["grid_zone", "grid_ember", "grid_marginal", "embodied_server_pcf"])
def test_the_pack_carries_share_alike_rows_only(root: Path, name: str) -> None:
    with (root / PACK / "sources.csv").open(newline="", encoding="utf-8") as file:
        sources = {row["id"]: row["terms"] for row in csv.DictReader(file)}
    with (root / PACK / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        assert {sources[row["source"]] for row in csv.DictReader(file)} == {"share-alike"}


def test_the_pack_holds_three_hundred_zones(root: Path) -> None:
    with (root / PACK / "grid_zone.csv").open(newline="", encoding="utf-8") as file:
        assert len({row["zone"] for row in csv.DictReader(file)}) >= 300


def test_a_state_lies_within_the_subregions_its_plants_belong_to_or_near():
    """eGRID counts the same plants twice: by subregion and by state; a state alone in its subregion has its intensity."""
    states = {row["id"]: float(row["ci_g_per_kwh"]) for row in catalog.table("grid_us_state")}
    zones = {row["id"]: float(row["ci_g_per_kwh"]) for row in catalog.table("grid_us_subregion")}
    assert states["US-TX"] == pytest.approx(zones["ERCT"], rel=0.1)
    assert states["US-FL"] == pytest.approx(zones["FRCC"], rel=0.1)
    assert states["US-CA"] == pytest.approx(zones["CAMX"], rel=0.1)
