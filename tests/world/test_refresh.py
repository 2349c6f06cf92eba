"""The refresh: verdicts, versions and differences, without a network."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.refresh import quality, tables, water
from benchmarks.refresh.__main__ import next_version
from benchmarks.refresh.packages import json_in_script

TODAY = datetime.date(2026, 11, 24)


def test_the_first_release_of_a_day_is_number_one() -> None:
    assert next_version("2026.11.23.4", TODAY) == "2026.11.24.1"


def test_a_second_release_of_a_day_counts_on() -> None:
    assert next_version("2026.11.24.1", TODAY) == "2026.11.24.2"


@pytest.mark.parametrize(
    ("others", "verdict"),
    [([105, 95], "yes"), ([105, 130], "partly"), ([105], "partly"), ([105, 170], "disagree"), ([130], "disagree"),
     ([], "single")],
)  # fmt: skip
def test_the_verdict_follows_from_how_others_see_the_value(others: list[float], verdict: str) -> None:
    assert quality.verdict(100.0, others) == verdict


def test_a_row_that_moves_is_shown_with_what_it_was() -> None:
    old = [{"place": "FRA", "year": "2023", "ci": "56"}, {"place": "ABC", "year": "2023", "ci": "1"}]
    new = [{"place": "FRA", "year": "2023", "ci": "44"}, {"place": "DEU", "year": "2024", "ci": "344"}]
    assert tables.diff(old, new, ("place", "year")) == ["- ABC 2023", "+ DEU 2024", "~ FRA 2023  ci: 56 -> 44"]


def test_an_unchanged_table_moves_nothing() -> None:
    rows = tables.read(tables.DATA / "grid_annual.csv")
    assert rows
    assert tables.diff(rows, rows, ("place", "year")) == []


def test_off_site_water_rebuilds_to_what_is_stored() -> None:
    rebuilt = water.offsite_from_tables()
    stored = tables.read(tables.DATA / "water_offsite.csv")
    assert tables.diff(stored, rebuilt, ("place", "method", "hydro_evaporation")) == []


def test_a_data_module_with_escapes_is_read() -> None:
    assert json_in_script('const data = { "a": { "n": "C\\xF4te" } };\nexport default data;') == {"a": {"n": "Côte"}}
