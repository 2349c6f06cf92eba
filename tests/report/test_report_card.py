"""Model cards: grams, names of the fields, and Markdown that no text can break."""

from __future__ import annotations

import pytest
import yaml
from report_sample import SamplePlace, sample

from jevons.core.errors import BadInput
from jevons.report import card


def test_emissions_are_in_grams():
    footprint = sample()
    emissions = card.co2_eq_emissions(footprint, "pre-training", "384 A100")["emissions"]
    assert emissions == pytest.approx(footprint.best("climate") * 1000, rel=1e-3)


def test_the_metadata_has_the_hubs_fields_and_round_trips():
    text = card.metadata(sample(), "fine-tuning", "8 × H100: SXM", "Québec, Canada", version="0.1.0")
    block = yaml.safe_load(text)["co2_eq_emissions"]
    assert list(block) == ["emissions", "source", "training_type", "geographical_location", "hardware_used"]
    assert block == card.co2_eq_emissions(sample(), "fine-tuning", "8 × H100: SXM", "Québec, Canada", "0.1.0")
    assert isinstance(block["emissions"], int)


def test_the_place_is_taken_from_the_rows_when_none_is_given():
    assert card.co2_eq_emissions(sample(SamplePlace("fjord")), "pre-training", "x")["geographical_location"] == "fjord"


@pytest.mark.parametrize(("kind", "hardware", "message"), [("training", "x", "pre-training, fine-tuning"), ("pre-training", "", "hardware_used")])
def test_a_field_that_will_not_do_is_named(kind, hardware, message):
    with pytest.raises(BadInput, match=message):
        card.co2_eq_emissions(sample(), kind, hardware)


def test_the_section_has_the_templates_lines_and_says_what_is_not_known():
    text = card.section(sample(), hardware="A100 80GB")
    assert text.startswith("## Environmental Impact")
    assert "- **Hardware Type:** A100 80GB" in text
    assert "- **Cloud Provider:** not stated" in text
    assert "- **Hours used:** 1,536,000 device-hours" in text
    assert "49 % measured" in text


def test_text_cannot_break_the_markdown():
    text = card.section(sample(), hardware="a | b <script>")
    assert "a \\| b &lt;script>" in text
    assert "<" not in text
