"""Published accounts, recomputed through the public API: exact arithmetic, not accuracy."""

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

import jevons
from jevons.estimate import training
from jevons.estimate.audit import audit, implied, pue_scope
from jevons.estimate.flops import six_nd
from jevons.estimate.recorded import recorded
from jevons.world.manufacture import Life

HERE = Path(__file__).parent
STUDY = jevons.Study(indicators=("energy", "climate"))


def rows(name):
    with (HERE / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def footprint(*, device_hours=None, power_w=None, energy_kwh=None, includes_pue=False, pue=1.0, grid_g_per_kwh=0.0):
    known = {"energy": energy_kwh} if energy_kwh else {"device_hours": device_hours, "power": power_w}
    run = recorded(**known, includes_pue=includes_pue, draws=0)
    return jevons.footprint(run, at=jevons.site(pue=pue, intensity=grid_g_per_kwh / 1000), study=STUDY)


def number(text):
    return float(text) if text else None


@pytest.mark.parametrize("row", rows("recorded.csv"), ids=lambda row: row["id"])
def test_a_recorded_run_costs_what_its_paper_says(row):
    result = footprint(
        device_hours=number(row["device_hours"]), power_w=number(row["power_w"]), energy_kwh=number(row["energy_kwh"]),
        includes_pue=row["includes_pue"] == "yes", pue=float(row["pue"]), grid_g_per_kwh=float(row["grid_g_per_kwh"]),
    )  # fmt: skip
    assert result.best("climate") / 1000 == pytest.approx(float(row["value_t"]), rel=float(row["tolerance"]))


def test_blooms_embodied_11_2_tonnes_follow_from_six_years_at_85_percent():
    hours, _ = Life(years=6, utilisation=0.85).hours()
    server_kg, gpu_kg, gpu_hours = 2500, 150, 1_082_990
    assert server_kg / hours * gpu_hours / 8 / 1000 == pytest.approx(7.57, rel=0.01)
    assert gpu_kg / hours * gpu_hours / 1000 == pytest.approx(3.64, rel=0.01)
    assert (server_kg / 8 + gpu_kg) / hours * gpu_hours / 1000 == pytest.approx(11.2, rel=0.01)


def test_blooms_idle_energy_is_flagged_for_counting_its_infrastructure_twice():
    record = next(c["record"] for c in contradictions() if c["id"] == "bloom-idle")
    (finding,) = audit(record)
    assert finding.rule == "meters"
    assert "infrastructure is counted twice" in finding.message
    assert "180,499 kWh" in finding.arithmetic


def contradictions():
    return yaml.safe_load((HERE / "contradictions.yaml").read_text(encoding="utf-8"))


def test_gpt_3_evaporates_0_708_million_litres_on_site_at_0_55_litres_per_it_kwh():
    run = recorded(energy="1287 MWh", draws=0)
    result = jevons.footprint(run, at=jevons.site("united states", pue=1.17, wue=0.55))
    assert result.best("water_on_site") == pytest.approx(0.708e6, rel=0.001)


def test_gpt_3_draws_4_731_million_litres_off_site_at_3_142_litres_per_facility_kwh():
    facility_kwh = footprint(energy_kwh=1_287_000, pue=1.17, grid_g_per_kwh=400).best("energy")
    assert facility_kwh * 3.142 == pytest.approx(4.731e6, rel=0.001)


def test_eos_fm_implies_54_6_grams_per_kwh():
    (intensity,) = [i for i in implied({"energy_kwh": "76.05", "kg": "4.15"}) if i.name == "intensity"]
    assert intensity.value == pytest.approx(54.6, abs=0.05)


def test_openmeds_1_2_kg_in_12_hours_on_one_gpu_are_plausible():
    assert audit({"model": "OpenMed-NER", "hardware": "A100-PCIe-40GB", "device_hours": 12, "kg": "1.2"}) == []
    assert footprint(device_hours=12, power_w=250, grid_g_per_kwh=390).best("climate") <= 1.2


def test_openmeds_own_hours_on_an_a100_stay_under_its_1_2_kg_and_12_hours():
    """arXiv 2508.01630: 4 hours of adaptation and 3 to 6 minutes for each of 12 data sets on one A100-80GB."""
    hours = 4 + 12 * 6 / 60
    run = recorded(on="a100-sxm4-80gb", n=1, hours=hours, power="400 W", boundary="chip", draws=0)
    assert hours < 12
    assert 0.5 < jevons.footprint(run, at=jevons.site("united states", year=2023, pue=1.1), study=STUDY).best("climate") <= 1.2


def test_depth_any_canopys_0_14_kg_and_1_30_dollars_are_one_run_of_an_a100_at_1_50_an_hour():
    """arXiv 2408.04523, abstract; the price of the hour is ours."""
    run = recorded(on="a100", n=1, hours=1.30 / 1.50, power="400 W", boundary="chip", draws=0)
    study = jevons.Study(indicators=("climate", "cost"))
    priced = jevons.footprint(run, at=jevons.site("united states", year=2023, pue=1.0, device_price=1.50), study=study)
    assert priced.best("cost") == pytest.approx(1.30)
    assert priced.by("lifecycle")["operation"][0] == pytest.approx(0.14, rel=0.1)


def test_eos_fms_4_15_kg_are_its_76_05_kwh_on_the_french_grid():
    run = recorded(energy="76.05 kWh", includes_pue=True)
    low, high = jevons.footprint(run, at=jevons.site("france", year=2023), study=STUDY).interval("climate")
    assert low < 4.15 < high


def test_1_5_pints_hours_lie_in_the_interval_of_an_estimate_that_knows_its_size_and_tokens():
    run = training(params=1.57e9, tokens=115e9, on="a100-sxm4-40gb", n=8, year=2024)
    low, high = np.quantile(run.served["device hour"][..., 1:], [0.05, 0.95])
    assert low < 1728 < high


@pytest.mark.parametrize(("usd_per_hour", "power_w"), [(4.0, 700), (1.5, 400), (0.5, 250)])
def test_depth_any_canopys_0_14_kg_for_1_30_dollars_are_plausible_at_any_price_of_a_gpu(usd_per_hour, power_w):
    run = {"model": "Depth Any Canopy", "device_hours": 1.30 / usd_per_hour, "avg_power_w": power_w, "kg": "0.14"}
    assert audit(run) == []


def test_1_5_pints_spends_5_4e20_flop_an_epoch_and_its_nine_days_hold_two():
    assert six_nd(1.57e9, 57e9) == pytest.approx(5.4e20, rel=0.01)
    run = {"model": "1.5-Pints", "hardware": "A100-40GB", "params": "1.57B", "tokens": "115B", "num_devices": 8,
           "wall_days": 9, "device_hours": 1728}  # fmt: skip
    assert audit(run) == []
    assert {i.name: i.value for i in implied(run)}["MFU (6ND)"] == pytest.approx(0.56, abs=0.01)


# -- the shared table of published runs -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def published(shared):
    with (shared / "data" / "reference" / "published_training_footprints.csv").open(newline="", encoding="utf-8") as h:
        return list(csv.DictReader(h))


def energy_includes_pue(row):
    """The scope note decides; where it is silent, whether energy over hours × power is nearer to PUE than to 1."""
    said = pue_scope(row["scope_note"])
    hours, power, energy, pue = (number(row[k]) for k in ("device_hours", "avg_power_w", "energy_mwh", "pue"))
    if said is not None or not (hours and power and pue):
        return bool(said)
    ratio = energy * 1e6 / (hours * power)
    return abs(ratio - pue) < abs(ratio - 1)


def recomputed(row):
    """tCO2e from energy, else from hours × power; None where the row gives neither, or no intensity."""
    grid, pue = number(row["grid_gco2_per_kwh"]), number(row["pue"]) or 1.0
    energy, hours, power = (number(row[k]) for k in ("energy_mwh", "device_hours", "avg_power_w"))
    if grid is None or number(row["reported_tco2e"]) is None or not (energy or (hours and power)):
        return None
    known = {"energy_kwh": energy * 1000, "includes_pue": energy_includes_pue(row)} if energy else {
        "device_hours": hours, "power_w": power}  # fmt: skip
    return footprint(**known, pue=pue, grid_g_per_kwh=grid).best("climate") / 1000


def test_95_percent_of_the_published_rows_follow_from_energy_pue_and_intensity_within_3_percent(published):
    made = [(recomputed(row), float(row["reported_tco2e"])) for row in published if recomputed(row) is not None]
    within = [abs(value - stated) <= 0.03 * stated for value, stated in made]
    assert len(within) >= 25
    assert sum(within) / len(within) >= 0.95


def test_the_energies_follow_from_hours_and_power_within_3_percent_but_for_one_that_includes_testing(published):
    wrong = []
    for row in published:
        hours, power, energy = (number(row[k]) for k in ("device_hours", "avg_power_w", "energy_mwh"))
        if not (hours and power and energy):
            continue
        pue = float(row["pue"]) if row["pue"] and energy_includes_pue(row) else 1.0
        if abs(hours * power * pue / 1e6 - energy) > 0.03 * energy:
            wrong.append(row["model"])
    assert wrong == ["GPT-NeoX-20B"]
