"""The page in a real browser: numbers are visible, nothing overflows a phone, nothing is fetched."""

from __future__ import annotations

import html
import re
import shutil
import subprocess

import pytest
from report_sample import SamplePlace, sample

from jevons.report.page import page
from means import means_missing

pytestmark = pytest.mark.browser
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROBE = """<!doctype html><title>loading</title><iframe style="border:0;width:{width}px;height:4000px" srcdoc="{page}"></iframe>
<script>onload = () => {{
  const inner = frames[0], root = inner.document.documentElement;
  const shown = [...inner.document.querySelectorAll('.big,.bounds,.note')].filter(e => e.getBoundingClientRect().height > 4);
  const asked = inner.performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:'));
  document.title = 'done';
  document.body.dataset.overflow = root.scrollWidth - root.clientWidth;
  document.body.dataset.asked = asked.map(e => e.name).join(' ');
  document.body.dataset.text = shown.map(e => e.innerText).join('|');
}}</script>"""


def opened(text: str, width: int, folder) -> dict[str, str]:
    """What the browser finds on the page shown ``width`` pixels wide."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        means_missing("no Chromium to open the page in; apt-get install chromium")
    probe = folder / f"probe-{width}.html"
    probe.write_text(PROBE.format(width=width, page=html.escape(text)), encoding="utf-8")
    asked = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
             "--window-size=1400,4200", "--virtual-time-budget=4000", "--dump-dom", probe.as_uri()]  # fmt: skip
    dom = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "<title>done</title>" in dom
    body = re.search(r"<body[^>]*>", dom)
    assert body
    return {k: html.unescape(v) for k, v in re.findall(r'data-(\w+)="([^"]*)"', body[0])}


@pytest.fixture(scope="module")
def text() -> str:
    options = {"zone: fjord": sample(SamplePlace("fjord", 0.03)), "precision: FP8": sample(scale=0.62)}
    return page({"Sample, north": sample(), "Sample, south": sample(SamplePlace("south", 0.72))}, options)


@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_fits_a_phone_and_a_desk(text, width, tmp_path):
    assert opened(text, width, tmp_path)["overflow"] == "0"


def test_the_key_numbers_are_visible_and_nothing_is_fetched(text, tmp_path):
    found = opened(text, 1200, tmp_path)
    for words in ("731 MWh", "[584–936]", "266 t CO₂e", "49 % measured"):
        assert words in found["text"]
    assert found["asked"] == ""
