"""The registry: rows from everywhere, filled by arithmetic alone, and taken apart as power × time × intensity."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.account.cards.parse import parse
from jevons.account.registry import (
    Entry,
    decompose,
    filled,
    of_card,
    of_row,
    papers,
    read_rows,
    registry,
    search,
)
from jevons.core.errors import BadInput, TableError

POSITIVE = st.floats(1e-3, 1e9)
RUN = {"model": "run", "power_w": 400, "device_hours": 1000, "intensity_g_per_kwh": 300, "pue": 1.1}
CARD = "---\nmodel_name: tiny\nco2_eq_emissions: {emissions: {grams}, source: CodeCarbon, hardware_used: 4 x A100}\n---\n{body}"


def card(grams, body=""):
    return parse(CARD.replace("{grams}", str(grams)).replace("{body}", body))


# ---- published accounts


def test_the_published_accounts_were_read_at_their_source_and_give_one():
    found = papers()
    assert len(found) >= 40
    assert all(e.source and e.origin == "paper" for e in found)
    assert {e.model for e in found} >= {"GPT-3-175B", "BLOOM-176B (dynamic)", "Llama-3.1-70B", "OLMo-2-7B"}


def test_no_row_from_memory_is_carried(shared):
    import csv

    with (shared / "data/reference/published_training_footprints.csv").open(newline="", encoding="utf-8") as handle:
        unsure = {row["model"] for row in csv.DictReader(handle) if row["confidence"] != "verified"}
    assert unsure
    assert not unsure & {e.model for e in papers()}


def test_the_products_of_the_published_accounts_are_their_emissions():
    made = [e for e in map(filled, papers()) if e.product_kg and e.emissions_kg]
    near = [abs(e.product_kg / e.emissions_kg - 1) < 0.03 for e in made]
    assert len(made) >= 25
    assert sum(near) / len(near) >= 0.9


def test_the_energies_of_the_published_accounts_times_their_intensities_are_their_emissions():
    made = [e for e in map(filled, papers()) if e.energy_kwh and e.intensity_g_per_kwh and e.emissions_kg]
    assert len(made) >= 30
    for e in made:
        assert e.energy_kwh * e.intensity_g_per_kwh / 1000 == pytest.approx(e.emissions_kg, rel=0.02), e.model


# ---- arithmetic, never a guess


@given(power=POSITIVE, hours=POSITIVE, pue=st.floats(1, 3), intensity=POSITIVE)
def test_energy_and_emissions_follow_from_power_hours_pue_and_intensity(power, hours, pue, intensity):
    found = filled(Entry("x", "row", power_w=power, device_hours=hours, pue=pue, intensity_g_per_kwh=intensity))
    assert found.energy_kwh == pytest.approx(power * hours * pue / 1000)
    assert found.emissions_kg == pytest.approx(found.product_kg)
    assert found.derived == ("energy_kwh", "emissions_kg")
    back = filled(Entry("x", "row", device_hours=hours, pue=pue, energy_kwh=found.energy_kwh, emissions_kg=found.emissions_kg))
    assert (back.power_w, back.intensity_g_per_kwh) == (pytest.approx(power), pytest.approx(intensity))


def test_what_does_not_follow_stays_unknown():
    for known in ({}, {"device_hours": 5.0}, {"power_w": 5.0}, {"emissions_kg": 5.0}, {"params_b": 7.0, "device_hours": 9.0}):
        assert filled(Entry("x", "row", **known)).derived == ()


# ---- cards, footprints, rows


def test_a_card_gives_grams_hardware_and_hours():
    found = of_card(card(250, "- **Hours used:** 3"))
    assert (found.model, found.emissions_kg, found.device_hours) == ("tiny", 0.25, 12)
    assert found.source == "CodeCarbon"


def test_a_card_that_says_kilograms_elsewhere_is_read_as_kilograms_and_says_so():
    found = of_card(card(0.25, "Emissions: 0.25 kg CO2"))
    assert found.emissions_kg == pytest.approx(0.25)
    assert "the text says 0.25 kg" in found.note


@pytest.mark.parametrize("grams", ["lots", "null", "-3", "0", ".inf", "yes"])
def test_a_card_without_a_number_of_grams_has_no_emissions(grams):
    assert of_card(card(grams)).emissions_kg is None


def test_a_footprint_of_ours_gives_its_energy_intensity_and_hours():
    run = jevons.estimate.recorded(on="a100", n=8, hours=100, energy="3 MWh", boundary="server", draws=0)
    footprint = jevons.footprint(run, jevons.site("France", pue=1.2, intensity="50 g/kWh"), draws=0)
    (found,) = registry(footprints={"mine": footprint}, published=False)
    assert found.energy_kwh == pytest.approx(3600)
    assert found.intensity_g_per_kwh == pytest.approx(50)
    assert found.device_hours == pytest.approx(800)
    assert found.emissions_kg > 180
    assert "making of hardware" in found.note


def test_rows_are_read_with_their_units_and_refused_by_their_key(tmp_path):
    assert of_row({**RUN, "power_w": "0.4 kW"}).power_w == 400
    with pytest.raises(BadInput, match="its keys are"):
        of_row({**RUN, "colour": "green"})
    with pytest.raises(BadInput, match="name the model"):
        of_row({"power_w": 3})
    with pytest.raises(BadInput, match="run: power_w"):
        of_row({**RUN, "power_w": "much"})
    (tmp_path / "rows.csv").write_text("model,power_w,device_hours\na,400,\n")
    assert read_rows(tmp_path / "rows.csv") == [{"model": "a", "power_w": "400"}]
    (tmp_path / "bad.csv").write_text("model,power_w\na\n")
    with pytest.raises(TableError):
        read_rows(tmp_path / "bad.csv")


def test_the_greatest_come_first_and_the_unknown_last():
    found = registry(rows=[{"model": "big", "emissions_kg": "1 Mt"}, {"model": "unknown"}])
    assert found[0].model == "big"
    assert found[-1].emissions_kg is None


def test_every_word_searched_for_must_stand_somewhere():
    found = search(registry(), "h100 META")
    assert found
    assert all("H100" in e.hardware and "Meta" in e.source for e in found)
    assert search(found, "h100 zebra") == []


def test_tables_of_published_and_of_mined_models_are_read_by_their_own_columns(shared, tmp_path):
    reference = read_rows(shared / "data/reference/published_training_footprints.csv")
    by = {e.model: e for e in registry(rows=reference, published=False)}
    assert (by["GPT-3-175B"].power_w, by["GPT-3-175B"].emissions_kg) == (330, 552_100)
    assert len(read_rows(shared / "data/hf_carbon/hf_co2_models.csv")) == 1085
    (tmp_path / "hub.csv").write_text("modelId,co2_eq_emissions,environment,likes\nx,250,1 T4,7\ny,,Not Specified,3\n")
    assert read_rows(tmp_path / "hub.csv") == [{"model": "x", "emissions_kg": 0.25, "hardware": "1 T4"}, {"model": "y"}]
    for text in ("likes\n7\n", "modelId,co2_eq_emissions\nx,lots\n"):
        (tmp_path / "hub.csv").write_text(text)
        with pytest.raises(TableError):
            read_rows(tmp_path / "hub.csv")


# ---- why they differ


@given(st.lists(st.tuples(POSITIVE, POSITIVE, st.floats(1, 2), POSITIVE, st.floats(0.5, 2)), min_size=3, max_size=9))
def test_the_shares_of_the_variance_sum_to_one(rows):
    held = [Entry("x", "row", power_w=p, device_hours=t, pue=u, intensity_g_per_kwh=i, emissions_kg=p * t * u * i / 1e6 * rest)
            for p, t, u, i, rest in rows]  # fmt: skip
    logs = [math.log(e.emissions_kg) for e in held]
    if max(logs) - min(logs) > 0.1:
        assert sum(decompose(held).shares.values()) == pytest.approx(1)


def test_a_factor_that_alone_differs_bears_all_of_it():
    held = [filled(of_row({**RUN, "device_hours": hours})) for hours in (10, 100, 1000)]
    found = decompose(held)
    assert found.n == 3
    assert found.shares["device_hours"] == pytest.approx(1)
    assert found.shares["power_w"] == pytest.approx(0)
    assert found.spread["pue"] == pytest.approx(1)


def test_time_decides_most_and_power_little_as_counting_carbon_found():
    shares = decompose(registry()).shares
    assert shares["device_hours"] > 0.8
    assert abs(shares["power_w"]) < 0.15


def test_too_few_or_equal_models_are_refused():
    with pytest.raises(BadInput, match="at least three"):
        decompose([filled(of_row(RUN))])
    with pytest.raises(BadInput, match="whose emissions differ"):
        decompose([filled(of_row(RUN))] * 3)
