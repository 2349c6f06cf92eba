"""A card's unit, fields and their places, line by line; mends change nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.account.cards.checklist import ITEMS, checklist
from jevons.account.cards.compose import with_block, with_section
from jevons.account.cards.difference import difference
from jevons.account.cards.lint import as_plain, lint, mended
from jevons.account.cards.parse import LARGEST_BYTES, parse, read
from jevons.core.errors import BadInput, TableError

FULL = """---
license: apache-2.0
co2_eq_emissions:
  emissions: {grams}
  source: CodeCarbon
  training_type: fine-tuning
  geographical_location: Singapore
  hardware_used: NVIDIA A100-SXM4-40GB
tags: [text]
---
# A model
{body}
"""
AIRA = "- **GPU:** 1 NVIDIA A100-SXM4-40GB\n- **Emissions:** {kg} KgCO2 (Singapore)\n- **Total Energy Consumption:** {kwh} kWh"


def card(grams, body=""):
    return parse(FULL.format(grams=grams, body=body), "README.md")


def rules(found, *severities):
    return {r.rule for r in lint(found) if r.severity in (severities or ("contradiction", "implausible"))}


def mended_grams(found):
    return parse(mended(found)).block["emissions"]


# ---- the unit


@pytest.mark.parametrize(("kg", "kwh"), [("0.25", "0.52"), ("7.6", "15.5"), ("2.53", "6.4"), ("83.524", "190.1")])
def test_kilograms_written_as_grams_are_seen_by_the_text_and_mended(kg, kwh):
    found = card(kg, AIRA.format(kg=kg, kwh=kwh))
    (remark,) = [r for r in lint(found) if r.accuses]
    assert (remark.rule, remark.line) == ("unit", 4)
    assert mended_grams(found) == pytest.approx(float(kg) * 1000)


@pytest.mark.parametrize(("kg", "kwh"), [("0.25", "0.52"), ("7.6", "15.5"), ("2.53", "6.4")])
def test_they_are_seen_by_the_energy_alone(kg, kwh):
    assert mended_grams(card(kg, f"Total energy consumption: {kwh} kWh")) == pytest.approx(float(kg) * 1000)


@pytest.mark.parametrize(("kg", "hours"), [("7.6", "36"), ("2.53", "16"), ("150", "1,000")])
def test_they_are_seen_by_hardware_and_hours_alone(kg, hours):
    assert mended_grams(card(kg, f"- **Hours used:** {hours}")) == pytest.approx(float(kg) * 1000)


def test_tonnes_written_as_grams_are_seen_too():
    assert mended_grams(card("24.69", "Carbon emitted: 24.69 tonnes of CO2eq")) == 24_690_000


@given(kwh=st.floats(0.01, 1e6), g_per_kwh=st.floats(15, 1000))
def test_grams_that_fit_the_energy_are_left_alone(kwh, g_per_kwh):
    found = card(f"{kwh * g_per_kwh:.4f}", f"It took {kwh:.6f} kWh.")
    assert rules(found) == set()


@given(hours=st.floats(0.5, 1e5), share=st.floats(0.25, 1.5), g_per_kwh=st.floats(20, 900))
def test_grams_that_fit_hardware_and_hours_are_left_alone(hours, share, g_per_kwh):
    grams = 0.4 * hours * share * g_per_kwh
    assert rules(card(f"{grams:.3f}", f"- **Hours used:** {hours:.2f}")) == set()


@given(kwh=st.floats(1, 1e5), g_per_kwh=st.floats(20, 1000))
def test_grams_a_thousand_times_too_few_for_the_energy_are_always_seen(kwh, g_per_kwh):
    assert "unit" in rules(card(f"{kwh * g_per_kwh / 1000:.6f}", f"It took {kwh:.3f} kWh."))


@pytest.mark.parametrize("body", [
    "", "Trained with a carbon intensity of 57 gCO2eq/kWh.", "Emissions of 0.4 g CO2 per request.", "We emitted 250 g CO2eq.",
    "All experiments: 115.15 kg CO2. The final model: 0.25 kg CO2.", "It takes 3 hours of your time.", "| kg CO2 | 5 |",
])  # fmt: skip
def test_a_plausible_card_is_not_accused(body):
    assert rules(card("250", body)) == set()


@pytest.mark.parametrize(("grams", "accused"), [("12100", False), ("11900", False), ("12500", True), ("11500", True)])
def test_a_rounded_mass_in_the_text_agrees_and_another_does_not(grams, accused):
    assert (rules(card(grams, "Emissions: 12 kg of CO2")) != set()) == accused


def test_two_masses_that_differ_are_a_contradiction_without_a_mend():
    found = card("90000", "Emissions: 12 kg of CO2")
    (remark,) = [r for r in lint(found) if r.accuses]
    assert (remark.severity, remark.edits) == ("contradiction", ())
    assert "the text says 12 kg" in remark.message


def test_few_grams_from_codecarbon_are_a_note_and_no_more():
    assert rules(card("0.9")) == set()
    assert "unit-note" in rules(card("0.9"), "note")


@pytest.mark.parametrize(("written", "grams"), [("83.5 kg", 83500), ("1,200 g", 1200), ("0.5 t CO2eq", 500_000)])
def test_a_mass_in_text_becomes_grams(written, grams):
    found = card(f'"{written}"')
    assert "emissions-text" in rules(found)
    assert mended_grams(found) == grams


@pytest.mark.parametrize("written", ["about a lot", "[1, 2]", "yes", ".nan", ".inf", "-5", "0", "{a: 1}"])
def test_emissions_that_are_no_positive_number_are_refused_and_left_for_people(written):
    found = card(written)
    assert rules(found)
    assert mended(found) == found.text


# ---- fields and their places


def test_a_bare_number_lacks_the_four_other_fields():
    found = parse("---\nco2_eq_emissions: 250\n---\n")
    missing = [r.message for r in lint(found) if r.severity == "missing"]
    assert [m.split()[-1] for m in missing] == ["source", "training_type", "geographical_location", "hardware_used"]
    assert found.block == {"emissions": 250}


def test_keys_that_fell_out_of_the_map_are_indented_again():
    text = "---\nco2_eq_emissions:\nemissions: 30\nsource: x\ntraining_type: fine-tuning\nlicense: mit\n---\nhi"
    found = parse(text)
    assert {r.line for r in lint(found) if r.rule == "outside"} == {3, 4, 5}
    assert parse(mended(found)).block == {"emissions": 30, "source": "x", "training_type": "fine-tuning"}
    assert parse(mended(found)).front["license"] == "mit"


def test_keys_after_the_map_take_its_indent():
    text = "---\nco2_eq_emissions:\n    emissions: 30\nhardware_used: A100\nlicense: mit\n---\n"
    assert parse(mended(parse(text))).block == {"emissions": 30, "hardware_used": "A100"}


def test_a_source_alone_at_the_top_is_nobodys_mistake():
    assert rules(parse("---\nsource: a paper\nlicense: mit\n---\n")) == set()


@pytest.mark.parametrize("body", [
    "co2_eq_emissions: {'emissions': 83.5, 'source': \"code: carbon\", 'hardware_used': 'A100'}",
    "co2_eq_emissions = {\n  'emissions': 83.5,\n  'source': \"code: carbon\",\n  'hardware_used': 'A100'\n}",
    "```yaml\nco2_eq_emissions:\n  emissions: 83.5\n  source: \"code: carbon\"\n  hardware_used: A100\n```",
])  # fmt: skip
def test_a_dict_in_the_body_is_written_into_the_front_matter_and_the_body_kept(body):
    text = f"---\nlicense: mit\n---\n# x\n{body}\n"
    found = parse(text)
    assert "body" in rules(found)
    done = parse(mended(found))
    assert done.block == {"emissions": 83.5, "source": "code: carbon", "hardware_used": "A100"}
    assert done.body == found.body


def test_a_block_in_both_places_is_said_and_not_touched():
    text = "---\nco2_eq_emissions: 5\n---\nco2_eq_emissions: 6\n"
    assert "body" in rules(parse(text))
    assert mended(parse(text)) == text


@pytest.mark.parametrize(("written", "right"), [("pretraining", "pre-training"), ("finetuning", "fine-tuning"), ("magic", "magic")])
def test_the_kind_of_training_is_spelled_as_the_hub_does(written, right):
    text = FULL.format(grams=250, body="").replace("fine-tuning", written)
    assert parse(mended(parse(text))).block["training_type"] == right


def test_no_front_matter_and_no_block_are_missing_not_wrong():
    for text in ("# x", "---\nlicense: mit\n---\n", ""):
        assert rules(parse(text)) == set()
        assert rules(parse(text), "missing")


def test_a_field_the_hub_does_not_know_is_noted_with_its_line():
    found = parse("---\nco2_eq_emissions:\n  emissions: 3\n  hardware: A100\n---\n")
    (remark,) = [r for r in lint(found) if r.rule == "unknown-field"]
    assert remark.line == 4
    assert as_plain(remark)["mends_itself"] is False


def test_a_key_given_twice_is_a_contradiction_and_the_first_counts():
    found = parse("---\nco2_eq_emissions: 5\nlicense: mit\nco2_eq_emissions:\n  emissions: 6\n  emissions: 7\n---\n")
    assert found.block == {"emissions": 5}
    assert [(r.rule, r.line) for r in lint(found) if r.accuses] == [("repeated", 4), ("repeated", 6)]


@pytest.mark.parametrize(("body", "grams"), [("Trained for 5 days on it.", 15_000.0), ("Training took 120 GPU hours.", 15_000.0)])
def test_days_and_gpu_hours_are_times_too(body, grams):
    assert rules(card(grams, body)) == set()
    assert "unit" in rules(card(grams / 1000, body))


# ---- bytes


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\x85\u2028\u2029"), max_size=80))
def test_mending_touches_nothing_but_the_number(body):
    found = card("83.5 # as measured", "Emissions: 83.5 kg CO2\n" + body)
    if "unit" in rules(found) and rules(found) == {"unit"}:
        assert mended(found) == found.text.replace("83.5 #", "83500 #", 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_endings_comments_order_and_unicode_stay(newline, tmp_path):
    text = "---\n# für Ällemand\ntitle: \"ä\"\nco2_eq_emissions: 7.6 # kg?\n---\n# 模型\nIt took 15.5 kWh.".replace("\n", newline)
    (tmp_path / "README.md").write_bytes(text.encode())
    found = read(tmp_path / "README.md")
    assert mended(found) == text.replace("7.6", "7600")


def test_mending_twice_changes_nothing_more():
    once = mended(card("0.25", AIRA.format(kg="0.25", kwh="0.52")))
    assert mended(parse(once)) == once


# ---- what is refused


@pytest.mark.parametrize(
    ("front", "words"),
    [("a: &x 1\nb: *x", "aliases are not read"), ("a: !!python/object/apply:os.system [ls]", "leave the tag out"),
     ("a: [", "row 3"), ("- 1", "write keys and values"), ("a: " + "[" * 30 + "]" * 30, "nest at most 20"), ("a: b: c", "row 2")],
)  # fmt: skip
def test_yaml_that_is_broken_or_unsafe_is_refused_with_its_line(front, words):
    with pytest.raises(TableError, match=words):
        parse(f"---\n{front}\n---\n")


def test_a_card_too_large_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no card is over"):
        parse("x" * (LARGEST_BYTES + 1))
    (tmp_path / "big.md").write_bytes(b"x" * (LARGEST_BYTES + 1))
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe\x00")
    for name, words in (("big.md", "no card is over"), ("bytes.md", "UTF-8"), ("none.md", "can be read"), (".", "can be read")):
        with pytest.raises(BadInput, match=words):
            read(tmp_path / name)


# ---- the checklist


def test_a_card_that_tells_nothing_tells_nothing_and_the_templates_blanks_count_as_nothing():
    blank = parse("---\nlicense: null\n---\n## Bias\n- **Hardware Type:** [More Information Needed]\n")
    told = {item.what for item in checklist(blank) if item.present}
    assert told == {"bias and risks"}
    assert len(checklist(blank)) == len(ITEMS)


def test_what_a_card_tells_is_found_with_its_line():
    lines = {item.what: item.line for item in checklist(card("250", "Trained for 3 hours; code at https://github.com/a/b."))}
    assert (lines["emissions"], lines["hardware"], lines["licence"]) == (4, 8, 2)
    assert lines["time"] == lines["code"] == 12
    assert lines["cost of using it"] == 0


# ---- composing and comparing

BLOCK = "co2_eq_emissions:\n  emissions: 1\n  source: jevons\n"


@pytest.mark.parametrize(
    "front",
    ["license: mit\nco2_eq_emissions: 5 # old\ntags: [a]", "license: mit\nco2_eq_emissions:\n  emissions: 5\n  source: x\n# kept\ntags: [a]",
     "license: mit\nco2_eq_emissions: {emissions: 5,\n  source: x}\ntags: [a]", "license: mit\ntags: [a]"],
)  # fmt: skip
def test_a_block_takes_the_place_of_the_old_one_and_nothing_else(front):
    before = parse(f"---\n{front}\n---\nbody\n")
    after = parse(with_block(before, BLOCK))
    assert after.block == {"emissions": 1, "source": "jevons"}
    assert {k: v for k, v in after.front.items() if k != "co2_eq_emissions"} == {"license": "mit", "tags": ["a"]}
    assert after.body == before.body
    assert ("# kept" in after.text) == ("# kept" in front)


def test_a_card_without_front_matter_gets_one():
    assert with_block(parse("# x\n"), BLOCK) == f"---\n{BLOCK}---\n# x\n"


def test_a_section_takes_the_place_of_the_old_one_up_to_the_next_heading_of_its_level():
    text = "# x\n## Environmental Impact\nold\n### deeper\n```\n## not a heading\n```\n## Next\nkept\n"
    done = with_section(parse(text), "## Environmental Impact\n\nnew\n")
    assert done == "# x\n## Environmental Impact\n\nnew\n\n## Next\nkept\n"
    assert with_section(parse(done), "## Environmental Impact\n\nnew\n") == done
    assert with_section(parse("# x\n"), "## Environmental Impact\nnew").endswith("# x\n\n## Environmental Impact\nnew\n")


def test_a_difference_names_fields_ratio_class_and_findings():
    before = card("0.25", AIRA.format(kg="0.25", kwh="0.52"))
    found = difference(before, parse(mended(before)))
    assert found.fields == {"emissions": ("0.25", "250")}
    assert found.ratio == 1000
    assert [r.rule for r in found.gone] == ["unit"]
    assert not found.same
    assert difference(before, before).same


def test_a_card_whose_emissions_are_not_a_number_still_equals_itself():
    nan = parse("---\nco2_eq_emissions:\n  emissions: .nan\n---\n")
    assert difference(nan, nan).same


@pytest.mark.parametrize("written", ["1.2e3", "'1.2e3'", "1e5"])
def test_a_number_that_yaml_takes_for_text_is_given_no_unit_by_us(written):
    """YAML 1.1 reads 1.2e3 as text: it has a letter, yet names no unit, so nothing is multiplied."""
    found = parse(f"---\nco2_eq_emissions: {written}\n---\n")
    assert "emissions-text" in {r.rule for r in lint(found)}
    assert mended(found) == found.text


@pytest.mark.parametrize(("comment", "said"), [("in kg", True), ("kgCO2eq", True), ("tonnes", True), ("measured", False), ("in grams", False)])
def test_a_comment_that_names_another_unit_than_grams_is_noted(comment, said):
    front = f"---\nco2_eq_emissions:\n  emissions: 83500 # {comment}\n  source: x # kg\n---\nEmitted 83.5 kg of CO2eq.\n"
    assert ("unit-comment" in {r.rule for r in lint(parse(front))}) is said
    assert mended(parse(front)) == front
