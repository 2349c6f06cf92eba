import csv

import numpy as np
import pytest

from jevons.core.errors import BadInput, MissingFactor, UnknownName
from jevons.estimate.compat import (
    boavizta,
    codecarbon,
    ecologits,
    green_algorithms,
    mlco2,
    patterson,
    strubell,
)
from jevons.estimate.compat.rows import constant, intensity_kg_per_kwh, power_w
from jevons.world import catalog

# -- Strubell 2019 ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def strubell_rows(root):
    with (root / "tests" / "golden" / "strubell.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_strubells_five_rows_follow_from_its_formula(strubell_rows):
    assert len(strubell_rows) == 5
    for row in strubell_rows:
        kwh = strubell.energy_kwh(float(row["hours"]), 0, 0, float(row["power_w"]), 1)
        tolerance = float(row["tolerance"])
        assert kwh == pytest.approx(float(row["energy_kwh"]), rel=tolerance)
        assert strubell.emissions_lb(kwh) == pytest.approx(float(row["emissions_lb"]), rel=tolerance)


def test_strubells_smallest_row_rounds_to_the_printed_26_pounds(strubell_rows):
    row = strubell_rows[0]
    assert round(strubell.emissions_lb(strubell.energy_kwh(float(row["hours"]), 0, 0, float(row["power_w"]), 1))) == 26


# -- mlco2 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("grams", "kg"), [(57, 0.06), (24, 0.02), (4, 0.0), (566.3, 0.57)])
def test_mlco2_rounds_the_intensity_to_ten_grams(grams, kg):
    assert mlco2.intensity_kg_per_kwh(grams) == pytest.approx(kg)


def test_mlco2_rounds_the_double_itself_as_javascript_does():
    assert mlco2.two_digits([1.005, 1.115, 0.125]).tolist() == [1.0, 1.11, 0.13]


def test_mlco2_reproduces_the_11_25_tonnes_of_stable_diffusion():
    assert mlco2.emissions_kg(250, 150_000, 300) == pytest.approx(11_250)


def test_mlco2_knows_neither_pue_nor_host():
    assert mlco2.energy_kwh(300, 100) == pytest.approx(30)


# -- Patterson 2021 ---------------------------------------------------------------------------------------------


def test_pattersons_gpt_3_is_1287_mwh_and_552_tonnes():
    kwh = patterson.energy_kwh(14.8 * 24, 10_000, 330, 1.1)
    assert kwh == pytest.approx(1_287_000, rel=0.003)
    assert patterson.emissions_kg(kwh, 0.429) == pytest.approx(552_100, rel=0.003)


# -- Green Algorithms -------------------------------------------------------------------------------------------


def test_green_algorithms_is_its_published_formula_to_a_billionth():
    generator = np.random.default_rng(1)
    t, n, p, u, m, pue, r, ci = (generator.uniform(0.1, 50, 200) for _ in range(8))
    written = t * (n * p * u + m * 0.3725) * pue * r / 1000
    made = green_algorithms.energy_kwh(t, n, p, u, m, pue, r)
    np.testing.assert_allclose(made, written, rtol=1e-9)
    np.testing.assert_allclose(green_algorithms.emissions_kg(made, ci), written * ci / 1000, rtol=1e-9)


@pytest.mark.parametrize(("provider", "pue"), [("", 1.56), ("gcp", 1.12), ("aws", 1.2), ("azure", 1.12), ("ovh", 1.56)])
def test_green_algorithms_pue_is_the_providers_or_that_of_an_unknown_datacentre(provider, pue):
    assert green_algorithms.pue(provider) == pue


# -- CodeCarbon -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gb", "modules", "watts"), [(1, 1, 10), (16, 2, 10), (64, 4, 20), (128, 8, 38), (1024, 8, 38),
                                                      (2048, 16, 70), (4096, 32, 126)])  # fmt: skip
def test_codecarbon_counts_memory_modules_that_draw_less_the_more_there_are(gb, modules, watts):
    assert codecarbon.dimm_count(gb) == modules
    assert codecarbon.ram_by_dimm_w(gb) == pytest.approx(watts)


def test_codecarbon_before_version_3_took_3_watts_for_8_gigabytes():
    assert codecarbon.ram_by_size_w(64) == 24


def test_codecarbon_takes_half_the_tdp_of_a_processor_it_cannot_read():
    assert codecarbon.cpu_constant_w(200) == 100
    assert codecarbon.cpu_constant_w() == 42.5
    assert codecarbon.cpu_load_w(200, 0.0) == pytest.approx(20)


def test_codecarbons_intensity_is_its_countrys_latest_mean_to_a_tenth_of_a_gram():
    assert codecarbon.intensity_kg_per_kwh("USA") == pytest.approx(0.369473, abs=1e-4)
    assert codecarbon.intensity_kg_per_kwh("FRA") == pytest.approx(0.05604, abs=1e-4)


def test_codecarbons_zero_for_a_country_stays_in_its_own_rows():
    assert codecarbon.intensity_kg_per_kwh("CAF") == 0
    with pytest.raises(MissingFactor, match="nowhere"):
        codecarbon.intensity_kg_per_kwh("")


@pytest.mark.parametrize("gb", [0, -8, float("nan")])
def test_a_machine_without_memory_is_refused(gb):
    with pytest.raises(BadInput, match="memory_gb"):
        codecarbon.dimm_count(gb)


# -- EcoLogits --------------------------------------------------------------------------------------------------


def test_ecologits_request_is_that_of_its_code():
    # compute_llm_impacts_dag(70, 70, 100, inf, ..., datacenter_pue=1.2) of 0.11.3
    assert ecologits.request_energy_kwh(70, 70, 100, 1.2) == pytest.approx(6.575289928335045e-05, rel=1e-12)
    hours = ecologits.latency_s(70, 100, 64) / 3600
    assert ecologits.embodied_kg(hours, ecologits.gpus_required(70), 64) == pytest.approx(5.659695327783456e-06, rel=1e-12)


@pytest.mark.parametrize(("params_b", "gpus"), [(7, 1), (70, 4), (405, 16), (671, 32)])
def test_ecologits_rounds_its_gpus_up_to_a_power_of_two(params_b, gpus):
    assert ecologits.gpus_required(params_b) == gpus


def test_ecologits_embodied_over_a_calendar_life_sums_to_what_was_manufactured():
    assert ecologits.embodied_kg(3 * 8760, 8) == pytest.approx(5700 + 8 * 273)


# -- Boavizta ---------------------------------------------------------------------------------------------------


def test_boaviztas_usual_card_is_575_1_kg():
    assert boavizta.gpu_kg() == pytest.approx(575.1, abs=0.05)


def test_boaviztas_two_cards_of_24_gigabytes_are_477_2_kg():
    assert 2 * boavizta.gpu_kg(weight_kg=2.2, vram_gb=24, vram_dies=12) == pytest.approx(477.2, abs=0.05)


@pytest.mark.parametrize(("die", "area"), [(100, 158.92587578601487), (814, 2808.445102929598)])
def test_boaviztas_large_die_uses_up_more_than_three_times_its_area(die, area):
    assert boavizta.effective_area_mm2(die) == pytest.approx(area, rel=1e-12)


def test_boaviztas_allocation_over_the_whole_life_is_the_whole():
    assert boavizta.allocated_kg(575.1, 26_280) == pytest.approx(575.1)


# -- their tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "place", "grams"),
    [
        ("green-algorithms", "SWE", 5.67), ("green-algorithms", "USA", 423.94), ("green-algorithms", "WLD", 475),
        ("mlco2", "gcp/us-central1", 566.3), ("ecologits", "USA", 384.4),
    ],
)  # fmt: skip
def test_each_tool_prices_a_place_by_its_own_table(tool, place, grams):
    assert intensity_kg_per_kwh(tool, place) * 1000 == pytest.approx(grams, abs=0.1)


def test_every_place_and_device_of_the_tools_tables_is_known_here():
    iso3 = {row["iso3"] for row in catalog.table("places")}
    assert all(r["place"] in iso3 for r in catalog.table("compat_grid") if r["tool"] != "mlco2")
    known = set(catalog.table("accelerators").index) | {"any"}
    assert all(r["device"] in known for r in catalog.table("compat_power"))


def test_every_row_of_the_tools_tables_names_a_source_that_is_listed():
    listed = set(catalog.table("sources").index)
    for name in ("compat_constant", "compat_grid", "compat_power", "compat_llmcarbon_run", "compat_llmcarbon_part"):
        assert all(row["source"] in listed for row in catalog.table(name))


def test_a_tools_oddities_stay_in_its_own_rows():
    assert power_w("mlco2", "nvidia-v100-sxm2-16gb") == 250
    assert catalog.table("accelerators").index["nvidia-v100-sxm2-16gb"]["tdp_w"] == "300"


def test_a_device_or_place_that_a_tool_does_not_list_is_never_guessed():
    assert power_w("mlco2", "nvidia-b200-sxm-180gb") is None
    with pytest.raises(MissingFactor, match="mlco2"):
        intensity_kg_per_kwh("mlco2", "gcp/the-moon")
    with pytest.raises(UnknownName, match="strubell/pue"):
        constant("strubell/pua")


# -- against the evaluation data --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "look", "n"),
    [
        ("codecarbon", codecarbon.intensity_kg_per_kwh, 213),
        ("Green Algorithms", lambda place: intensity_kg_per_kwh("green-algorithms", place), 55),
        ("EcoLogits", lambda place: intensity_kg_per_kwh("ecologits-0-9", place), 50),
    ],
)
def test_each_profile_prices_every_country_as_its_tool_does_to_a_tenth_of_a_gram(shared, words, look, n):
    with (shared / "data" / "factors" / "grid_annual_country.csv").open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if words in row["source"]]
    assert len(rows) == n
    for row in rows:
        place = {"World": "WLD"}.get(row["iso3"], row["iso3"])
        assert look(place) * 1000 == pytest.approx(float(row["ci_g_per_kwh"]), abs=0.1)
