"""The terminal table and the JSON record."""

from __future__ import annotations

import io
import json

import pytest
from report_sample import SamplePlace, sample
from rich.console import Console

from jevons.report.record import as_json
from jevons.report.table import bar, table


def printed(width: int = 110, **said: str) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table(sample(), **said))
    return console.export_text()


def test_the_headline_names_figures_method_place_study_and_factor_set():
    text = printed(title="Sample 176B", factor_set="2026.1")
    for words in ("Sample 176B", "731 MWh [584–936]", "49 % measured, 51 % modelled", "north", "location-based",
                  "attributional", "factors 2026.1"):  # fmt: skip
        assert words in text


def test_every_indicator_has_a_row_with_its_interval():
    text = printed()
    for label in ("Energy", "Climate", "Water, on site", "Water, weighted by scarcity", "Cost"):
        assert any(line.startswith(label) and "–" in line for line in text.splitlines()), label


def test_assumptions_sources_and_drivers_are_listed():
    text = printed()
    assert "PUE = 1.12" in text
    assert "facility-test" in text
    assert "device-hours of training" in text


def test_text_in_square_brackets_is_shown_and_not_read_as_markup():
    console = Console(width=110, record=True, file=io.StringIO())
    console.print(table(sample(SamplePlace("[red]north[/red]")), title="[bold]x[/bold]"))
    text = console.export_text()
    assert "[red]north[/red]" in text
    assert "[bold]x[/bold]" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(len, printed(width).splitlines())) <= width


def test_a_bar_is_drawn_to_an_eighth_of_a_cell():
    assert bar(1.0, 4) == "████"
    assert bar(0.5, 3) == "█▌"
    assert bar(0.0) == ""


def test_the_record_is_plain_json_and_holds_the_printed_numbers():
    footprint = sample()
    record = json.loads(json.dumps(as_json(footprint, "0.1.0", "2026.1"), allow_nan=False))
    low, high = footprint.interval("climate")
    assert record["schema"] == "jevons.footprint/1"
    assert record["jevons"] == "0.1.0"
    assert record["indicators"]["climate"] == {
        "unit": "kg", "what": "greenhouse gases as CO2 equivalent", "best": footprint.best(), "low": low, "high": high,
    }  # fmt: skip
    assert record["measured_share"] == footprint.measured_share()
    assert {a["what"] for a in record["assumptions"]} == {"trial runs", "PUE"}


def test_the_parts_of_the_record_sum_to_its_whole():
    record = as_json(sample())
    for name, indicator in record["indicators"].items():
        for column in ("by_stage", "by_component"):
            assert sum(p["best"] for p in record[column][name].values()) == pytest.approx(indicator["best"])
        assert sum(line["impact"] for line in record["explain"][name]) == pytest.approx(indicator["best"])


def test_each_explained_line_names_a_source_of_the_record():
    record = as_json(sample())
    known = {s["id"] for s in record["sources"]}
    assert {line["source"] for lines in record["explain"].values() for line in lines} <= known
