"""The report as PDF: Chromium where it is, else typst; who made it is said."""

from __future__ import annotations

import shutil

import pytest
from report_sample import sample
from standards_sample import priced

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput, MissingExtra
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report import pdf as report
from jevons.report.page import page
from means import means_missing, needs

HELD = {"Sample-176B": sample()}


def text_of(made):
    """The words of a PDF, and its pages."""
    pypdf = needs("pypdf")
    import io

    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    return " ".join(" ".join(p.extract_text() for p in pages).split()), len(pages)


@pytest.mark.browser
def test_chromium_prints_the_page_with_its_figures_and_sources():
    if report.found_browser() is None:
        means_missing("Chromium is not installed")
    made, maker = report.pdf(HELD, page(HELD, title="Sample-176B"), "Sample-176B")
    assert maker == "chromium"
    text, pages = text_of(made)
    assert pages >= 2
    for words in ("Sample-176B", "731", "MWh", "trial runs", "Yearly grid"):
        assert words in text


def test_typst_sets_figures_bars_assumptions_and_sources():
    needs("typst")
    made, maker = report.pdf(HELD, "", "Sample-176B", by="typst", version="9.9", factor_set="2026.01")
    assert maker == "typst"
    text, pages = text_of(made)
    assert pages >= 1
    for words in ("Sample-176B", "731", "MWh", "trial runs", "Grid Office", "jevons 9.9, factor set 2026.01"):
        assert words in text


def test_no_word_of_a_footprint_is_run_as_typst():
    needs("typst")
    evil = '#read("/etc/passwd") *b* $x$ @ref <l> `c` [x] \\ ~ "q" = h //c -- https://a'
    place = ConstantPlace({"electricity": {"climate": 0.4}}, evil)
    footprint = assess(Activity.of([{"amount": 1.0, "stage": evil, "component": evil}]), place, Study(indicators=("energy", "climate")), draws=0)
    made, _ = report.pdf({evil: footprint}, "", evil, by="typst")
    text, _ = text_of(made)
    assert '#read("/etc/passwd")' in text
    assert "root:" not in text


def test_without_a_browser_typst_is_taken(monkeypatch):
    needs("typst")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert report.pdf(HELD, "", "x")[1] == "typst"


def test_without_either_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(MissingExtra, match=r"jevons\[pdf\]"):
        report.pdf(HELD, "", "x")


def test_a_maker_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="chromium"):
        report.pdf(HELD, "", "x", by="chromium")
    with pytest.raises(BadInput, match="chromium, typst"):
        report.pdf(HELD, "", "x", by="latex")


def test_a_browser_that_fails_says_why(monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("JEVONS_BROWSER", str(broken))
    with pytest.raises(BadInput, match="no display"):
        report.pdf({"a": priced()}, "<p>", "x")


def test_several_scenarios_are_refused():
    import numpy as np

    with pytest.raises(BadInput, match="scenario"):
        report.source({"a": sample() * np.ones((2, 1))}, "x")
