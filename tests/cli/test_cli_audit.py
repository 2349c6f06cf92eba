"""``jevons audit``: cards and rows as people publish them."""

from __future__ import annotations

from pathlib import Path

import pytest

from jevons.cli.cards.card_text import kind_of, quantity, records

LLAMA_CARD = """---
license: llama3.3
---
# Llama 3.3
|  | Training Time (GPU hours) | Training Power Consumption (W) | Location-Based Emissions (tons CO2eq) | Market-Based Emissions (tons CO2eq) |
| :---- | :---: | :---: | :---: | :---: |
| Llama 3.3 70B | 7.0M | 700 | 12.9 | 0 |
"""
TEMPLATE = """---
co2_eq_emissions:
  emissions: 24690000
  hardware_used: A100
---
## Environmental impact
- **Hardware Type:** A100 80GB
- **Hours used:** 1,082,990
- **Cloud Provider:** [More Information Needed]
- **Carbon Emitted:** 24.69 tons
"""


def test_a_card_whose_emissions_fit_no_grid_is_flagged(jevons, tmp_path: Path):
    (tmp_path / "card.md").write_text(LLAMA_CARD)
    said = jevons("audit card.md")
    assert said.code == 1
    (finding,) = [f for f in said.json["findings"] if f["severity"] != "note"]
    assert finding["record"] == "Llama 3.3 70B"
    assert "g/kWh" in finding["message"]


def test_a_card_that_holds_together_passes(jevons, tmp_path: Path):
    (tmp_path / "card.md").write_text(TEMPLATE)
    said = jevons("audit card.md")
    assert said.code == 0
    implied = {x["name"]: x["value"] for x in said.json["implied"]["card.md"]}
    assert implied["intensity"] == pytest.approx(57, abs=0.1)


def test_stdin_is_a_file_too(jevons):
    assert jevons("audit -", stdin=TEMPLATE).code == 0
    assert jevons("audit -", stdin='{"tco2e": 12.9, "device_hours": "7.0M", "avg_power_w": 700}').code == 1


@pytest.mark.parametrize(("name", "text"), [
    ("r.csv", "model,hardware,device_hours,avg_power_w,energy_mwh\nx,A100-80GB,1000,400,0.9\n"),
    ("r.json", '[{"model": "x", "hardware": "A100-80GB", "device_hours": 1000, "avg_power_w": 400, "energy_mwh": 0.9}]'),
    ("r.yaml", "model: x\nhardware: A100-80GB\ndevice_hours: 1000\navg_power_w: 400\nenergy_mwh: 0.9\n"),
])  # fmt: skip
def test_rows_are_read_from_every_format(jevons, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    said = jevons(f"audit {name}")
    assert said.code == 1
    assert said.json["findings"][0]["record"] == "x"


def test_more_work_than_the_peak_allows_is_flagged(jevons):
    row = '{"params_b": 7, "tokens_b": 2000, "hardware": "A100-80GB", "device_hours": 50000}'
    said = jevons("audit -", stdin=row)
    assert said.code == 1
    assert any("peak" in f["arithmetic"] and f["severity"] != "note" for f in said.json["findings"])


def test_a_reader_sees_the_arithmetic(jevons, tmp_path):
    (tmp_path / "card.md").write_text(LLAMA_CARD)
    table = jevons("audit card.md --table").out
    assert "2.63 g/kWh" in table
    assert "implies" in table


def test_the_published_runs_are_audited_whole(jevons, shared):
    said = jevons(f"audit {shared / 'data' / 'reference' / 'published_training_footprints.csv'}")
    assert said.code == 1
    assert {f["severity"] for f in said.json["findings"]} >= {"contradiction", "note"}


@pytest.mark.parametrize(("text", "word"), [
    ("# A card\n\nNothing about energy here.\n", "state at least one number"),
    ('{"tco2e": ', "row 1"),
    ("energy_mhw: 3\n", "energy_mwh"),
])  # fmt: skip
def test_what_cannot_be_audited_is_refused(jevons, text, word):
    said = jevons("audit -", stdin=text)
    assert said.code == 2
    assert word in said.err


def test_a_file_that_is_not_there_is_refused(jevons):
    assert "no.md" in jevons("audit no.md").err


@pytest.mark.parametrize(("cell", "field", "read"), [
    ("7.0M", "device_hours", "7.0 M"), ("1,082,990", "device_hours", "1,082,990"), ("24.69 tons", "tco2e", "24.69 t"),
    ("\\~ 433 MWh", "energy_kwh", "433 MWh"), ("192,200 device-hours", "device_hours", "192,200"),
    ("2 trillion", "tokens", "2 T"), ("[More Information Needed]", "device_hours", ""),
])  # fmt: skip
def test_quantities_are_found_in_prose(cell, field, read):
    assert quantity(cell, field) == read


def test_formats_are_told_by_ending_then_by_looks():
    assert kind_of("", "x.yml") == "yaml"
    assert kind_of("[1]", "stdin") == "json"
    assert kind_of("a,b\n1,2", "stdin") == "csv"
    assert kind_of("- **Hours used:** 3", "stdin") == "md"
    assert kind_of("tco2e: 3", "stdin") == "yaml"


def test_a_row_of_a_market_based_column_is_not_taken_for_location_based():
    (record,) = records(LLAMA_CARD, "card.md")
    assert record["tco2e"] == "12.9"


def test_a_field_that_cannot_be_read_is_named_by_file_and_row(jevons, tmp_path):
    (tmp_path / "one.yaml").write_text("name: x\nhardwaer: H100\n")
    (tmp_path / "two.csv").write_text("name,tco2e\nx,1\ny,-4\n")
    assert "one.yaml, row 1" in jevons("audit one.yaml").err
    assert "two.csv, row 3, column tco2e" in jevons("audit two.csv").err
