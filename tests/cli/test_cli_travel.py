"""``jevons travel``: choices of place side by side."""

from __future__ import annotations

import pytest

ROWS = "N,lat,lon,country\n10,48.86,2.35,France\n30,40.71,-74.0,United States\n"


@pytest.fixture
def people(jevons, tmp_path):
    (tmp_path / "people.csv").write_text(ROWS)
    return jevons


def test_choices_stand_side_by_side_with_the_change_against_the_first(people):
    told = people('travel people.csv --to Paris --instead "New York" --instead "Paris + New York" --json').json
    assert list(told) == ["Paris", "New York", "Paris + New York"]
    assert told["Paris"]["change"] == 0
    assert told["New York"]["climate_kg"] < told["Paris"]["climate_kg"]
    assert told["Paris + New York"]["change"] < -0.9
    assert sum(told["Paris"]["tier_km"].values()) == pytest.approx(told["Paris"]["climate_kg"])


def test_the_table_says_tonnes_people_and_distances(people):
    said = people("travel people.csv --to Paris --table")
    assert said.code == 0
    assert "Paris, by one-way distance" in said.out
    assert "1,500 to 8,000 km" in said.out
    assert "Nature 583" in said.out.replace("\n", " ")


def test_bad_input_ends_in_exit_code_2_and_names_the_mend(people):
    said = people("travel people.csv --to Atlantis")
    assert said.code == 2
    assert "no city of that name" in said.err
    assert people("travel nobody.csv").code == 2
    assert "give a column dist" in people("travel people.csv").err
