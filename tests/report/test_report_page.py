"""The page: what it says, and what it never does."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from report_sample import STUDY, SamplePlace, sample

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import StudyMismatch
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report import drawings
from jevons.report.page import page

WHAT_IF = {"zone: fjord": sample(SamplePlace("fjord", 0.03)), "precision: FP8": sample(scale=0.62)}


@pytest.fixture(scope="module")
def html() -> str:
    rows = [{"quantity": "energy", "published": "690 MWh", "ratio": 1.0594}]
    return page({"Sample": sample()}, WHAT_IF, {"Sample": rows}, "A run", version="0.1.0", factor_set="2026.1")


def test_the_key_numbers_stand_on_the_page(html):
    for words in ("731", "MWh", "[584–936]", "266", "t CO₂e", "49 % measured, 51 % modelled", "690 MWh", "1.059"):
        assert words in html


def test_nothing_is_fetched_from_elsewhere(html):
    assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?\s*(https?:)?//", html)
    assert "<script" not in html
    assert "@import" not in html


def test_text_from_outside_is_escaped():
    html = page({"<script>alert(1)</script>": sample(SamplePlace("<b>north</b>"))}, {"zone: <i>x</i>": sample()})
    for tag in ("<script>alert", "<b>north", "<i>x", "factors <of nowhere>"):
        assert tag not in html
    assert "&lt;script&gt;alert(1)" in html


def test_what_if_rows_stand_in_groups_with_paired_differences(html):
    assert re.search(r'rowgroup"[^>]*>Zone<', html)
    assert "−88 %" in html
    assert "−38 %" in html


def test_an_option_of_another_study_is_refused():
    other = sample(study=STUDY.with_(reference_year=1999))
    with pytest.raises(StudyMismatch, match="reference_year"):
        page(sample(), {"year: 1999": other})


def test_footprints_of_one_study_stand_side_by_side_and_others_do_not():
    south, other = sample(SamplePlace("south", 0.7)), sample(study=STUDY.with_(reference_year=1999))
    assert "Side by side" in page({"north": sample(), "south": south})
    assert "Side by side" not in page({"north": sample(), "other": other})


def test_every_line_of_the_explanation_is_shown_with_its_source(html):
    assert "361.8 MWh" in html
    assert "0.3500 kg/kWh" in html
    assert "grid-test 2022, north" in html
    assert "CC-BY-4.0" in html


def test_drawings_are_well_formed_and_say_what_they_show(html):
    found = re.findall(r"<svg.*?</svg>", html, re.S)
    assert len(found) > 20
    for svg in found:
        root = ElementTree.fromstring(svg)
        assert root.get("aria-label") or root.get("aria-hidden") == "true"


def test_a_published_table_of_another_title_stands_on_its_own():
    assert ">Elsewhere</h2>" in page(sample(), published={"Elsewhere": [{"energy": "1 MWh"}]})


def test_the_same_footprint_gives_the_same_page():
    assert page(sample()) == page(sample())


def test_the_ribbons_of_a_sankey_are_as_thick_as_their_values():
    flows = [[("a", "x", 3.0), ("b", "x", 1.0)]]
    drawing = drawings.sankey([{"a": 3.0, "b": 1.0}, {"x": 4.0}], flows, {}, {}, "test")
    heights = [float(h) for h in re.findall(r'class="node[^>]*height="([\d.]+)"', drawing)]
    assert heights[0] / heights[1] == pytest.approx(3.0, rel=0.01)
    assert heights[2] == pytest.approx(heights[0] + heights[1], abs=0.2)


def test_a_relative_scale_holds_every_ratio_and_marks_one():
    scale, ticks = drawings.relative_scale([0.3, 4.0])
    assert 0 < scale.at(0.3) < scale.at(1.0) < scale.at(4.0) < 100
    assert 1.0 in ticks


def test_a_scale_from_zero_has_round_ticks():
    scale, ticks = drawings.zero_scale([936.0])
    assert ticks == [0, 200, 400, 600, 800]
    assert scale.at(0) == 0


def test_a_footprint_without_hardware_says_so():
    place = ConstantPlace({"electricity": {"climate": 0.4}}, "somewhere")
    html = page(assess(Activity.of([{"amount": 10.0}]), place, Study(indicators=("energy", "climate"))))
    assert "operation only, hardware not included" in html


def test_a_footprint_of_one_indicator_and_no_spread_still_makes_a_page():
    place = ConstantPlace({"money": {"cost": 1.0}}, "somewhere")
    html = page(assess(Activity.of([{"flow": "money", "amount": 12.0}]), place, Study(indicators=("cost",)), draws=0))
    assert "12.0" in html
    assert "no electricity" not in html
