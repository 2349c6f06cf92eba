"""What a study cuts off is named on paper with what it would add, and no figure on the paper holds it."""

from __future__ import annotations

import io

import pytest
from report_sample import SamplePlace, run
from rich.console import Console

from jevons.core.assess import assess
from jevons.core.study import Study
from jevons.report import figures
from jevons.report.card import section
from jevons.report.record import as_json
from jevons.report.table import table

ALL = Study(cutoffs=("building",))


@pytest.fixture(scope="module")
def whole():
    return assess(run(), SamplePlace(), ALL)


@pytest.fixture(scope="module")
def cut():
    return assess(run(), SamplePlace(), ALL.with_(cutoffs=("host", "building")))


def test_the_words_give_each_cut_off_that_has_a_price_its_amount(whole, cut):
    kg = whole.best() - cut.best()
    assert kg > 0
    assert figures.left_out(cut)["host"]["climate"] == pytest.approx(kg)
    assert figures.said_left_out(whole) == "building"
    assert figures.study_words(cut)["Left out"].startswith("host (")
    assert figures.study_words(cut)["Left out"].endswith(" climate), building")
    assert figures.said_left_out(assess(run(), SamplePlace(), ALL.with_(cutoffs=()))) == "nothing"


def test_the_record_the_table_and_the_card_name_it(cut):
    assert as_json(cut)["left_out"]["host"]["climate"] == pytest.approx(figures.left_out(cut)["host"]["climate"])
    screen = io.StringIO()
    Console(file=screen, width=110).print(table(cut))
    assert "Left out of the totals" in screen.getvalue()
    assert "host (" in section(cut)
