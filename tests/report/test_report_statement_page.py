"""The greenhouse gas statement as a page: what the record says stands on it, drawn, and nothing of it runs."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from standards_sample import priced, sides
from test_page_browser import opened

from jevons.report.standards import ghg_statement, ghg_text
from jevons.report.standards.digest import readable
from jevons.report.statement_page import statement_page

CONTRACTS = {
    "annual_score": 0.4, "hourly_score": 0.25, "hourly_note": "3 MWh of no known hour left out", "uses": [
        {"contract": "lot <1>", "kind": "certificate", "fuel": "wind", "retirement": "GO-1", "site": "north", "year": 2023, "kwh": 4e5, "kg_per_kwh": 0.0}],
    "sites": [{"site": "north", "market": "X", "year": 2023, "kwh": 1e6, "residual_kwh": 6e5, "residual_kg_per_kwh": 0.3}],
    "not_used": [{"contract": "old", "kwh": 9e3, "why": "another vintage than the consumption"}],
    "rules": {"market boundary": "the same country", "vintage": "the same year"}, "assumptions": [],
}  # fmt: skip


class Outline(HTMLParser):
    """Open tags, and the text of the page."""

    VOID = {"meta", "link", "br", "line", "circle", "rect"}

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def drawn(**more):
    page = statement_page(ghg_statement([sides()], organisation="Acme & <Sons>", period="2023", credits_t=50.0, version="9.9", factor_set="2026.01", **more))
    outline = Outline()
    outline.feed(page)
    return page, " ".join(" ".join(outline.text).split()), outline


def test_both_sides_of_scope_2_and_of_the_total_stand_on_it():
    _, text, _ = drawn()
    for words in ("Scope 2, location-based 227 t CO₂e", "Scope 2, market-based 87.7 t CO₂e", "market-based 127 t", "2 purchased electricity"):
        assert words in text


def test_each_category_is_drawn_twice_on_one_scale():
    page, _, _ = drawn()
    said = re.findall(r'aria-label="([^"]+): [\d.,]+ t"', page)
    assert said.count("2 purchased electricity, location-based") == said.count("2 purchased electricity, market-based") == 1
    assert len(said) == 2 * 4


def test_without_contracts_the_market_side_is_said_not_to_be_known():
    told = ghg_statement([sides(market=False)])
    text = statement_page(told)
    assert "the market side is not known" in text
    assert "Electricity covered by contracts" not in text


def test_contracts_their_scores_and_what_was_not_used_are_shown():
    _, text, _ = drawn(contracts=CONTRACTS)
    for words in ("40 % by the year; 25 % by the hour (3 MWh of no known hour left out)", "400 covered 600 residual", "lot <1>", "GO-1",
                  "Not used: old, 9.00 MWh, another vintage"):  # fmt: skip
        assert words in text


def test_names_are_escaped_and_no_script_or_file_from_elsewhere_is_used():
    page, text, outline = drawn(contracts=CONTRACTS)
    assert "Acme & <Sons>" in text
    assert "<Sons>" not in page
    assert "script" not in outline.tags
    assert not re.search(r'(?:src|href)="(?!data:,|#)', page)
    assert outline.open == []


def test_credits_stand_apart_and_the_version_is_named():
    _, text, _ = drawn()
    assert "Carbon credits: 50 t, shown apart; no figure above is reduced by them." in text
    assert "jevons 9.9, factor set 2026.01" in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_fits_a_phone_and_a_desk_and_fetches_nothing(width, tmp_path):
    found = opened(drawn(contracts=CONTRACTS)[0], width, tmp_path)
    assert found["overflow"] == "0"
    assert found["asked"] == ""
    assert "227 t CO₂e" in " ".join(found["text"].split())


def test_the_figures_of_a_line_stand_beside_its_name_so_that_a_phone_shows_them():
    head = re.search(r"Line by line.*?<thead><tr>(.*?)</tr>", statement_page(ghg_statement([sides()])), re.DOTALL)[1]
    assert re.findall(r">([^<]+)</th>", head)[:3] == ["What", "Location", "Market"]


def test_many_lines_are_summed_by_place_and_lose_nothing():
    entries = [replace(sides(), title=f"run {i}") for i in range(15)]
    told = ghg_statement(entries)
    summed = readable(told["lines"])
    assert len(told["lines"]) == 45
    assert len(summed) == 3
    for name in ("location_t_co2e", "market_t_co2e"):
        assert sum(x[name] for x in summed) == pytest.approx(sum(x[name] for x in told["lines"]))
    assert "Lines, summed by place" in statement_page(told)
    assert "15 entries at north: electricity" in ghg_text(told)


def test_a_sum_with_a_part_that_is_not_known_is_not_known():
    entries = [replace(sides(market=i > 0), title=f"run {i}") for i in range(15)]
    bought = next(x for x in readable(ghg_statement(entries)["lines"]) if x["scope"] == "2")
    assert bought["market_t_co2e"] is None


def test_electricity_by_place_says_how_it_is_known_and_sums_to_the_energy():
    (north,) = ghg_statement([sides()])["electricity"]
    assert north["mwh"] == pytest.approx(priced().best("energy") / 1000)
    assert sum(north["by_method"].values()) == pytest.approx(north["mwh"])
    assert 0 < north["overhead_mwh"] < north["mwh"]
    _, text, _ = drawn()
    assert "49 % measured, 51 % modelled" in text
