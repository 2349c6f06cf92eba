"""``jevons card``: cards audited, mended, written and compared; tables labelled and tested."""

from __future__ import annotations

import pytest

CARD = """---
license: apache-2.0
co2_eq_emissions:
  emissions: 0.25
  source: CodeCarbon
  training_type: fine-tuning
  geographical_location: Singapore
  hardware_used: NVIDIA A100-SXM4-40GB
---
# Aira
- **GPU:** 1 NVIDIA A100-SXM4-40GB
- **Emissions:** 0.25 KgCO2 (Singapore)
- **Total Energy Consumption:** 0.52 kWh
"""
SPEC = "estimate: fine-tuning\nmodel: llama-3-8b\ntokens: 2M\non: h100\nsite: Germany\ndraws: 0\n"
LABELLED = "modelId,co2_eq_emissions,size\ndistilgpt2,149200,352833716\n" + "".join(f"m{i},{i + 1},1e8\n" for i in range(30))


@pytest.fixture
def folder(jevons, tmp_path):
    (tmp_path / "README.md").write_text(CARD)
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "hub.csv").write_text(LABELLED)
    return tmp_path


def test_an_audit_joins_lint_checklist_and_arithmetic_and_ends_in_a_finding(jevons, folder):
    said = jevons("card audit README.md --json")
    assert said.code == 1
    (wrong,) = [r for r in said.json["findings"] if r["severity"] == "contradiction"]
    assert (wrong["line"], wrong["mends_itself"]) == (4, True)
    assert said.json["class"] == "Awareness"
    assert {x["name"] for x in said.json["implied"]["README.md"]} == {"intensity"}
    assert any(not item["present"] for item in said.json["checklist"])


def test_the_auditors_findings_stand_beside_lints_each_with_its_line(jevons, folder):
    (folder / "card.md").write_text("# Llama\n\n| | Training time (GPU hours) | Power (W) | Emissions (tons CO2eq) |\n"
                                    "|---|---|---|---|\n| Llama 3.3 70B | 7.0M | 700 | 12.9 |\n")  # fmt: skip
    said = jevons("card audit card.md --json")
    assert said.code == 1
    (wrong,) = [f for f in said.json["findings"] if f["severity"] in ("contradiction", "implausible")]
    assert wrong["line"] == 5
    assert "g/kWh" in wrong["message"]
    assert all(f["line"] >= 1 for f in said.json["findings"])


def test_write_mends_in_place_and_leaves_the_rest_byte_for_byte(jevons, folder):
    said = jevons("card audit README.md --write --table")
    assert said.code == 0
    assert (folder / "README.md").read_text() == CARD.replace("emissions: 0.25", "emissions: 250")
    assert "nothing to mend" in jevons("card audit README.md --write").err


def test_under_strict_what_is_missing_is_a_fault(jevons, folder):
    (folder / "bare.md").write_text("---\nco2_eq_emissions: 250\n---\n")
    assert jevons("card audit bare.md").code == 0
    assert jevons("card audit bare.md --strict").code == 1


def test_several_cards_are_told_one_after_the_other(jevons, folder):
    (folder / "bare.md").write_text("# nothing\n")
    said = jevons("card audit README.md bare.md --json")
    assert [one["card"] for one in said.json] == ["README.md", "bare.md"]
    assert said.code == 1


def test_a_difference_ends_in_1_and_the_same_card_in_0(jevons, folder):
    (folder / "new.md").write_text(CARD.replace("emissions: 0.25", "emissions: 250"))
    said = jevons("card diff README.md new.md --json")
    assert said.code == 1
    assert said.json["emissions_ratio"] == 1000
    assert jevons("card diff README.md README.md --table").code == 0
    assert "emissions, ratio" in jevons("card diff README.md new.md --table").out


def test_a_result_is_written_into_a_card_once_however_often(jevons, folder):
    for _ in range(2):
        assert jevons("card write spec.yaml --into README.md").code == 0
    text = (folder / "README.md").read_text()
    assert text.count("## Environmental Impact") == text.count("co2_eq_emissions:") == 1
    assert text.startswith("---\nlicense: apache-2.0\nco2_eq_emissions:\n  emissions: ")
    assert "- **Total Energy Consumption:** 0.52 kWh\n" in text


def test_without_a_card_the_result_is_printed(jevons, folder):
    said = jevons("card write spec.yaml")
    assert said.out.startswith("---\nco2_eq_emissions:\n")
    assert "## Environmental Impact" in said.out


def test_labels_are_counted_as_data_and_as_a_table(jevons, folder):
    told = jevons("card labels hub.csv --json --rows").json
    assert told["n"] == 31
    assert sum(told["labels"].values()) == 31
    assert len(told["rows"]) == 31
    assert told["not_given"] == ["datasets_size_efficiency", "downloads", "performance_score"]
    assert "not in the table" in jevons("card labels hub.csv --table").out


def test_the_studys_labels_come_out_of_the_command(jevons, shared):
    told = jevons(f"card labels {shared}/data/hf_carbon/hf_co2_models.csv --json").json
    assert (told["n"], told["labels"]) == (1085, {"A": 30, "B": 371, "C": 634, "D": 38, "E": 12})


def test_statistics_say_what_remains_after_correction(jevons, shared):
    told = jevons(f"card statistics {shared}/data/hf_carbon/hf_clean_48.csv --json").json
    assert [t["what"] for t in told if t["remains"]] == ["size of the model", "size of the data"]
    assert "0.56043" in jevons(f"card statistics {shared}/data/hf_carbon/hf_clean_48.csv --table").out


@pytest.mark.parametrize("line", ["card audit none.md", "card diff README.md none.md", "card labels none.csv", "card labels README.md",
                                  "card labels hub.csv --reference gpt-9", "card write none.yaml", "card write spec.yaml --into none.md"])  # fmt: skip
def test_bad_input_ends_in_exit_code_2_in_one_line(jevons, folder, line):
    said = jevons(line)
    assert said.code == 2
    assert said.err.startswith("jevons: ")
    assert said.err.count("\n") == 1


def test_the_tests_are_drawn_on_a_page(jevons, shared, tmp_path):
    said = jevons(f"card statistics {shared}/data/hf_carbon/hf_clean_48.csv --figures out.html --json")
    assert said.code == 0
    assert (tmp_path / "out.html").read_text().count("<circle") > 150
