"""Primary energy and abiotic depletion of electricity: the mean of a mix, or a refusal that names what lacks."""

from __future__ import annotations

import csv
import re
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.core.activity import Activity
from jevons.core.errors import MissingFactor
from jevons.core.study import Study
from jevons.world import catalog, grid
from jevons.world.place import locate

KWH_MJ = 3.6
FUELS = ("coal", "gas", "oil", "nuclear", "hydro", "solar", "wind", "bioenergy", "other_renewable")
CONTENT = {row["fuel"]: float(row["primary_energy_mj_per_kwh"])
           for row in catalog.table("fuel_resource") if row["primary_energy_mj_per_kwh"]}  # fmt: skip
ENERGY = Study(indicators=("primary_energy",))
MINERALS = Study(indicators=("abiotic_depletion",))
THERMAL = ("coal_share", "gas_share", "oil_share", "nuclear_share")


def one_kwh() -> Activity:
    return Activity.of([{"amount": 1.0, "boundary": "facility"}])


def device_hour() -> Activity:
    return Activity.of([{"amount": 1.0, "flow": "device_hours/nvidia-h100-sxm5-80gb"}])


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Path]:
    """A folder of the user's own rows; call ``catalog.overlay(folder)`` once it is filled."""
    yield tmp_path
    catalog.overlay(None)


def mixes(shared: Path) -> list[tuple[Mapping[str, str], float, float]]:
    """(our mix, our MJ per kWh, the column pe_mj_per_kwh of EcoLogits) for each country that both hold."""
    ours = {row["place"]: row for row in catalog.table("grid_mix")}
    with (shared / "data/factors/grid_multicriteria_country.csv").open(newline="", encoding="utf-8") as file:
        theirs = {r["iso3"]: float(r["pe_mj_per_kwh"]) for r in csv.DictReader(file) if r["pe_mj_per_kwh"]}
    return [(ours[place], grid.primary_energy(locate(place), None).value, value)
            for place, value in theirs.items() if place in ours]  # fmt: skip


# ---- the table


def test_every_row_fits_the_schema_and_has_a_known_open_source() -> None:
    schema = {row["column"]: row for row in catalog.table("schema") if row["table"] == "fuel_resource"}
    terms = {row["id"]: row["terms"] for row in catalog.table("sources")}
    for row in catalog.table("fuel_resource"):
        assert list(row) == list(schema)
        assert all(row[column] or rule["required"] == "no" for column, rule in schema.items())
        assert {terms[source] for source in row["source"].split(";")} <= {"open", "fact"}
        assert re.fullmatch("[1-5]{5}", row["quality"])
        assert row["fuel"] in FUELS


def test_every_value_has_a_spread_of_at_least_one() -> None:
    for row in catalog.table("fuel_resource"):
        for value, spread in grid.RESOURCES.values():
            assert bool(row[value]) == bool(row[spread])
            assert float(row[spread] or 1) >= 1


def test_every_fuel_of_a_mix_has_its_primary_energy() -> None:
    assert sorted(CONTENT) == sorted(FUELS)


def test_no_fuel_gives_more_electricity_than_it_holds() -> None:
    assert min(CONTENT.values()) == pytest.approx(KWH_MJ)


def test_a_reactor_at_a_third_agrees_with_the_tested_heat_rate_of_us_reactors() -> None:
    assert CONTENT["nuclear"] == pytest.approx(10_448 * 1.05505585e-3, rel=0.02)


# ---- laws of the mean


@pytest.mark.parametrize("fuel", FUELS)
def test_a_mix_of_one_fuel_costs_what_that_fuel_costs(fuel: str) -> None:
    assert grid.mean_of_mix("primary_energy", {fuel: 1.0}, "here").value == pytest.approx(CONTENT[fuel])


@given(st.lists(st.floats(0.02, 1), min_size=len(FUELS), max_size=len(FUELS)), st.floats(0, 1))
def test_turning_wind_into_coal_never_lowers_the_mean_and_the_mean_stays_between_its_fuels(weights, moved) -> None:
    mix = {fuel: weight / sum(weights) for fuel, weight in zip(FUELS, weights, strict=True)}
    dirtier = {**mix, "wind": mix["wind"] * (1 - moved), "coal": mix["coal"] + mix["wind"] * moved}
    before, after = (grid.mean_of_mix("primary_energy", m, "here") for m in (mix, dirtier))
    assert after.value >= before.value - 1e-9
    assert min(CONTENT.values()) <= before.value <= max(CONTENT.values())


@given(st.floats(0.02, 0.98))
def test_a_mix_of_two_fuels_is_less_uncertain_than_the_worse_of_them(share: float) -> None:
    mixed = grid.mean_of_mix("primary_energy", {"gas": share, "bioenergy": 1 - share}, "here")
    assert 1 < mixed.gsd < 1.3


def test_shares_that_add_up_to_a_little_less_than_one_change_nothing() -> None:
    assert grid.mean_of_mix("primary_energy", {"coal": 0.49, "gas": 0.49}, "here").value == pytest.approx(
        grid.mean_of_mix("primary_energy", {"coal": 0.5, "gas": 0.5}, "here").value
    )


# ---- places


def test_nuclear_france_draws_more_than_eight_megajoules_and_norway_little_more_than_the_electricity() -> None:
    france, norway = (jevons.footprint(one_kwh(), place, ENERGY).best("primary_energy") for place in ("France", "Norway"))
    assert france > 8
    assert KWH_MJ < norway < 4


def test_the_factor_shows_its_place_its_source_and_the_rule_it_was_made_by() -> None:
    factor = grid.primary_energy(locate("France"), 2023)
    assert (factor.place, factor.unit, factor.source.id) == ("FRA", "MJ", "energy-institute-2025")
    assert any("generation shares × the value of each fuel" in str(note) for note in factor.assumptions)
    assert "primary_energy" in str(jevons.footprint(one_kwh(), "France", ENERGY).explain("primary_energy"))


def test_the_world_is_the_mix_of_all_countries_and_strict_forbids_it_elsewhere() -> None:
    assert 7 < grid.primary_energy(locate("world"), None).value < 10
    without = next(row["iso3"] for row in catalog.table("places")
                   if row["iso3"] not in {mix["place"] for mix in catalog.table("grid_mix")})  # fmt: skip
    assert grid.primary_energy(locate(without), None).tried == (without, "WLD")
    with pytest.raises(MissingFactor, match=without):
        grid.primary_energy(locate(without), None, strict=True)


# ---- what is not held


def test_a_fuel_without_a_value_is_named_and_nothing_is_priced() -> None:
    with pytest.raises(MissingFactor, match="no abiotic_depletion factor.*no value for other_renewable") as caught:
        jevons.footprint(one_kwh(), "Iceland", MINERALS)
    assert "name 'electricity/abiotic_depletion' among the study's cutoffs" in str(caught.value)


@pytest.mark.parametrize("cutoff", ["abiotic_depletion", "electricity/abiotic_depletion"])
def test_what_the_study_cuts_off_is_left_out_and_not_zero(cutoff: str) -> None:
    fp = jevons.footprint(one_kwh(), "Iceland", Study(indicators=("energy", "abiotic_depletion"), cutoffs=(cutoff,)))
    assert fp.indicators == ("energy",)


def test_a_users_own_rows_fill_the_gap(overlay: Path) -> None:
    rows = [f"mine-{fuel},{fuel},mine,,1e-7,2026,,2,our study,22222," for fuel in FUELS if fuel != "wind"]
    header = ",".join(catalog.table("fuel_resource").rows[0])
    (overlay / "fuel_resource.csv").write_text("\n".join([header, *rows, ""]))
    catalog.overlay(overlay)
    for place in ("Germany", "Iceland"):
        assert 1e-7 <= jevons.footprint(one_kwh(), place, MINERALS).best("abiotic_depletion") < 5.9e-7
    assert grid.primary_energy(locate("Germany"), None).source.id == "eia-heat-rate"


def test_a_fuel_of_little_weight_without_a_value_is_left_out_and_noted() -> None:
    found = grid.mean_of_mix("abiotic_depletion", {"wind": 0.995, "other_renewable": 0.005}, "here")
    assert found.value == pytest.approx(5.9e-7)
    assert any("abiotic_depletion of other_renewable = left out" in str(note) for note in found.assumptions)


def test_hardware_without_a_published_figure_is_refused_and_the_mend_works() -> None:
    with pytest.raises(MissingFactor, match="among the study's cutoffs") as caught:
        jevons.footprint(device_hour(), "France", ENERGY)
    mend = re.search(r"name '(.+)' among", str(caught.value))
    assert mend is not None
    assert mend[1] == "device_hours/primary_energy"
    study = ENERGY.with_(cutoffs=(mend[1],))
    fp = jevons.footprint(device_hour() + one_kwh(), "France", study)
    assert fp.best("primary_energy") == pytest.approx(grid.primary_energy(locate("France"), None).value)


# ---- minerals and metals behind a kWh


def test_every_place_whose_mix_has_little_geothermal_or_tide_has_its_minerals_and_metals() -> None:
    lacking = set()
    for mix in catalog.table("grid_mix"):
        try:
            assert grid.abiotic_depletion(locate(mix["place"]), None).value > 0
        except MissingFactor:
            lacking.add(mix["place"])
            assert float(mix["other_renewable_share"]) > grid.NEGLIGIBLE_SHARE
    assert len(lacking) < 20  # 15 of 211


@pytest.mark.parametrize(("place", "negaoctet"), [("USA", 2.21e-8), ("China", 1.12e-8)])
def test_inventories_differ_tenfold_and_more_and_the_interval_says_so(place: str, negaoctet: float) -> None:
    """Desroches et al. 2025, arXiv 2501.14334, table 8: NegaOctet's figures, which leave most of the plants out."""
    fp = jevons.footprint(one_kwh(), place, MINERALS)
    low, high = fp.interval("abiotic_depletion")
    assert high / low > 100
    assert negaoctet < low
    assert any("between inventories" in str(note) for note in grid.abiotic_depletion(locate(place), None).assumptions)


def test_a_panel_takes_more_metal_a_kwh_than_a_turbine_and_a_turbine_more_than_a_gas_plant() -> None:
    sun, wind, gas = (grid.mean_of_mix("abiotic_depletion", {fuel: 1.0}, "here").value for fuel in ("solar", "wind", "gas"))
    assert sun > 5 * wind > 5 * gas


def test_the_figures_of_ademe_lie_below_ours_and_mostly_inside_the_interval(shared: Path) -> None:
    with (shared / "data/factors/grid_multicriteria_country.csv").open(newline="", encoding="utf-8") as file:
        theirs = {r["iso3"]: float(r["adpe_kgsbeq_per_kwh"]) for r in csv.DictReader(file) if r["adpe_kgsbeq_per_kwh"]}
    inside, ratios = 0, []
    for place, value in theirs.items():
        try:
            factor = grid.abiotic_depletion(locate(place), None)
        except MissingFactor:
            continue
        ratios.append(factor.value / value)
        inside += factor.spread.low * factor.value <= value <= factor.spread.high * factor.value
    print(f"ours over ADEME's: median {statistics.median(ratios):.1f}; inside {inside} of {len(ratios)}")
    assert len(ratios) >= 35
    assert 3 < statistics.median(ratios) < 15
    assert inside / len(ratios) > 0.7


# ---- beside EcoLogits, whose column is ADEME's use of fossil and nuclear resources in 2011, over the life cycle


def test_renewable_electricity_is_not_free_of_primary_energy_as_in_a_column_of_fossil_resources(shared: Path) -> None:
    compared = mixes(shared)
    impossible = [theirs for _, _, theirs in compared if theirs < KWH_MJ]
    assert len(impossible) >= 4  # Norway 0.14, Iceland 0.01: less than the electricity itself
    assert min(ours for _, ours, _ in compared) >= KWH_MJ


def test_where_heat_makes_half_of_the_electricity_the_median_country_is_within_a_quarter(shared: Path) -> None:
    ratios = [ours / theirs for mix, ours, theirs in mixes(shared) if sum(float(mix[f]) for f in THERMAL) >= 0.5]
    print(f"ours over EcoLogits, MJ per kWh: median {statistics.median(ratios):.3f}, n {len(ratios)}")
    assert len(ratios) >= 25
    assert 0.80 < statistics.median(ratios) < 0.95  # measured 0.855
    assert sum(0.8 <= ratio <= 1.25 for ratio in ratios) / len(ratios) >= 0.7  # measured 23 of 30


def test_over_all_countries_the_median_ratio_is_near_nine_tenths(shared: Path) -> None:
    ratios = [ours / theirs for _, ours, theirs in mixes(shared)]
    print(f"ours over EcoLogits, MJ per kWh: median {statistics.median(ratios):.3f}, n {len(ratios)}")
    assert len(ratios) >= 40
    assert 0.8 < statistics.median(ratios) < 1.0  # measured 0.909, n 49
    assert sum(0.5 < ratio < 2 for ratio in ratios) / len(ratios) >= 0.85  # measured 44 of 49
