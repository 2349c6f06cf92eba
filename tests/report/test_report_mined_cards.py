"""What a table of models shows, drawn: scales that hold every dot, words that stay text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_page_browser import opened

from jevons.report.mined_cards import page
from jevons.report.scatter import power, scatter, strips

TEST = {"what": "size of the data", "file": "hub.csv", "name": "r", "statistic": 0.56, "n": 47, "p": 4e-5, "p_corrected": 3e-4, "remains": True}
COLUMNS = {"modelId": ["a", "b", "c"], "grams": [1.0, 200.0, 0.0], "size": [1e8, 2e9, 3e8], "datasets_size": [1e6, float("nan"), 2e6],
           "domain": ["NLP", "Audio", "NLP"], "training_type": ["", "", ""]}  # fmt: skip
POSITIVE = st.floats(1e-9, 1e15)


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=2, max_size=30))
def test_every_dot_lies_within_the_drawing(pairs):
    text = str(scatter([(a, b, 0, "x") for a, b in pairs], power, str, "dots"))
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="([-\d.]+)" cy="([-\d.]+)"', text)]
    assert len(places) == len(pairs)
    assert all(72 <= x <= 632.1 and 5.9 <= y <= 272.1 for x, y in places)


def test_dots_at_zero_and_fewer_than_two_are_not_drawn():
    assert scatter([(1, 1, 0, "x"), (0, 5, 0, "y")], power, str, "dots") == ""
    assert strips({"a": [0.0]}, str, "groups") == ""


def test_a_group_has_its_median_and_its_dots():
    text = str(strips({"a": [1.0, 10.0, 100.0], "b": [5.0], "none": []}, str, "groups"))
    assert text.count("<circle") == 4
    assert text.count('class="median"') == 2


@pytest.mark.parametrize(("value", "said"), [(1, "1"), (1000, "1,000"), (1e5, "10⁵"), (1e-3, "10⁻³"), (1e12, "10¹²")])
def test_a_power_of_ten_is_said_as_people_read_it(value, said):
    assert power(value) == said


def test_the_page_holds_tests_and_the_drawings_the_columns_allow():
    text = page([TEST], {"hub.csv": COLUMNS}, version="1")
    assert "Emissions over the size of the model" in text
    assert "Emissions by domain" in text
    assert "Emissions by kind of training" not in text
    assert "Emissions over the size of the data" not in text
    assert "0.0003" in text


def test_words_of_the_table_stay_text():
    bad = "<script>x</script>"
    text = page([{**TEST, "what": bad, "file": bad}], {bad: {**COLUMNS, "modelId": [bad] * 3, "domain": [bad] * 3}})
    assert bad not in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_fits_a_phone_and_a_desk(width, tmp_path):
    found = opened(page([TEST] * 9, {"hub.csv": COLUMNS}), width, tmp_path)
    assert (found["overflow"], found["asked"]) == ("0", "")
