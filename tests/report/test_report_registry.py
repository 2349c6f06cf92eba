"""The registry on paper: one page that stands alone, and a table no spreadsheet runs."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest
from test_page_browser import opened

from jevons.report.registry import COLUMNS, csv_text, page

PARTS = {"n": 3, "shares": {"power_w": 0.07, "device_hours": 0.95, "intensity_g_per_kwh": 0.0, "pue": -0.02, "rest": 0.0},
         "spread": {"power_w": 1.5, "device_hours": 17.0, "intensity_g_per_kwh": 1.0, "pue": 1.1, "rest": 1.0}}  # fmt: skip


def row(model="BLOOM", **more):
    known = {"origin": "paper", "year": 2022, "hardware": "A100", "power_w": 400.0, "device_hours": 1_082_990.0, "intensity_g_per_kwh": 57.0,
             "energy_kwh": 433_196.0, "emissions_kg": 24_690.0, "source": "a paper", "note": "", "derived": ["energy_kwh"]}  # fmt: skip
    return {**dict.fromkeys(COLUMNS), "model": model, **known, **more}


ROWS = [row(), row("small", emissions_kg=3.2, device_hours=40.0, origin="card"), row("unknown", emissions_kg=None, device_hours=None, year=None)]


def test_the_page_says_models_shares_and_sources_and_fetches_nothing():
    text = page(ROWS, PARTS, version="1.2", factor_set="f")
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert "default-src 'none'" in text
    for words in ("24.7 t", "1,080,000", "3 with|2 with", "95 %", "−2 %", "a paper", "jevons 1.2, factor set f"):
        assert re.search(words.replace("+", r"\+"), text), words
    assert text.count("<circle") == 2


def test_a_name_that_is_markup_stays_text():
    bad = "<script>alert(1)</script>\"'"
    text = page([row(bad, source=bad, note=bad, hardware=bad), row()], None)
    assert bad not in text
    assert text.count("<script>") == 1
    assert html.escape(bad, quote=False)[:20] in text


def test_a_page_of_one_model_or_none_has_no_drawing_and_no_shares():
    for rows in ([row()], []):
        text = page(rows, None)
        assert "<circle" not in text
        assert "Why they differ" not in text


def test_the_table_holds_every_column_and_makes_formulas_harmless():
    cells = list(csv.DictReader(io.StringIO(csv_text([row("=cmd|' /C calc'!A0", hardware="@SUM(1)", note="-1+2")]))))
    assert list(cells[0]) == list(COLUMNS)
    assert cells[0]["model"].startswith("'=")
    assert cells[0]["hardware"].startswith("'@")
    assert cells[0]["note"] == "'-1+2"
    assert float(cells[0]["emissions_kg"]) == 24_690
    assert cells[0]["derived"] == "energy_kwh"


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_fits_a_phone_and_a_desk_and_asks_for_nothing(width, tmp_path):
    found = opened(page(ROWS * 12, PARTS), width, tmp_path)
    assert found["overflow"] == "0"
    assert found["asked"] == ""
    assert "24.7 t" in found["text"]


SCRIPTED = """<script>
const heads = [...document.querySelectorAll(".models thead th")], find = document.getElementById("find"), said = [];
const first = at => document.getElementById("rows").rows[0].cells[at].dataset.sort;
heads[0].querySelector("button").click(); said.push(first(0), heads[0].getAttribute("aria-sort"));
heads[8].querySelector("button").click(); said.push(first(8));
heads[8].querySelector("button").click(); said.push(first(8));
find.value = "SMALL card"; find.oninput(); said.push(document.getElementById("count").textContent);
document.body.dataset.said = said.join("|");
</script></body>"""


@pytest.mark.browser
def test_the_table_is_sorted_and_searched_where_it_is_read(tmp_path):
    import shutil
    import subprocess

    from test_page_browser import BROWSERS

    from means import means_missing

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        means_missing("no Chromium to open the page in; apt-get install chromium")
    (tmp_path / "page.html").write_text(page(ROWS, PARTS).replace("</body>", SCRIPTED), encoding="utf-8")
    asked = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
             "--virtual-time-budget=4000", "--dump-dom", (tmp_path / "page.html").as_uri()]  # fmt: skip
    dom = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=True).stdout
    assert re.search(r'data-said="([^"]*)"', dom)[1] == "bloom|ascending|24690.0|3.2|1 of 3"
