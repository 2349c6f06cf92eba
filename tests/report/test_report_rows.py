"""Rows for spreadsheets and data frames: they sum to the totals, and no cell runs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_sample import run, sample

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report.rows import COLUMNS, as_csv, as_parquet, rows, safe
from means import needs

PLACE, STUDY = ConstantPlace({"electricity": {"climate": 0.4}}), Study(indicators=("energy", "climate"))
EVIL = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  @x", "=HYPERLINK(\"http://x\")"]


def test_the_impacts_of_each_indicator_sum_to_its_total():
    footprint = sample()
    table = rows({"a": footprint, "b": footprint * 2}, "2026.01")
    for name in footprint.indicators:
        of = {t: sum(x["impact"] for x in table if x["indicator"] == name and x["footprint"] == t) for t in "ab"}
        assert of["a"] == pytest.approx(footprint.best(name), rel=1e-12)
        assert of["b"] == pytest.approx(2 * of["a"])


def test_a_row_is_amount_times_rate_with_bounds_about_it():
    for x in rows({"a": sample()}):
        assert x["amount"] * x["rate"] == pytest.approx(x["impact"])
        assert x["low"] <= x["impact"] <= x["high"]
        assert set(COLUMNS) == set(x)


@pytest.mark.parametrize("word", EVIL)
def test_text_that_a_spreadsheet_would_run_is_quoted_wherever_it_stands(word):
    activity = Activity.of([{"amount": 1.0, "stage": word, "component": word, "site": word}])
    table = list(csv.DictReader(io.StringIO(as_csv(rows({word: assess(activity, PLACE, STUDY, draws=0)})), newline="")))
    for row in table:
        for column in ("footprint", "stage", "component", "site"):
            assert row[column] == "'" + word.replace("\r", "\n")


@given(st.text())
def test_no_text_leaves_as_a_formula_and_none_is_lost(text):
    cell = safe(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert "\r" not in cell
    assert cell.removeprefix("'") == text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").removeprefix("'")


def test_numbers_stay_numbers_even_below_zero():
    assert safe(-1.5) == "-1.5"
    assert float(safe(1e-300)) == 1e-300
    assert (safe(None), safe(True)) == ("", "true")


def test_csv_reads_back_what_the_rows_hold():
    table = rows({"run, \"quoted\"\nline": sample()})
    back = list(csv.DictReader(io.StringIO(as_csv(table), newline="")))
    assert len(back) == len(table)
    assert [float(x["impact"]) for x in back] == [x["impact"] for x in table]
    assert back[0]["footprint"] == "run, \"quoted\"\nline"


def test_parquet_reads_back_what_the_rows_hold():
    parquet = needs("pyarrow.parquet")
    table = rows({"a": sample()}, "2026.01")
    back = parquet.read_table(io.BytesIO(as_parquet(table))).to_pylist()
    assert back == [{name: row[name] for name in COLUMNS} for row in table]


def test_no_rows_are_no_file():
    with pytest.raises(BadInput, match="rows"):
        as_parquet([])


def test_a_row_of_nothing_has_no_rate():
    footprint = assess(Activity.of([{"amount": 0.0}]), PLACE, STUDY, draws=0)
    assert {x["rate"] for x in rows({"a": footprint})} == {None}


def test_several_scenarios_are_refused():
    import numpy as np

    with pytest.raises(BadInput, match="scenario"):
        rows({"a": assess(run() * np.ones((2, 1)), PLACE, Study(indicators=("energy", "climate"), cutoffs=("device_hours/climate",)))})
