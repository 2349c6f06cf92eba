"""A start offers, once, to close what was cut and to calibrate a host that is only modelled."""

from __future__ import annotations

import os

import pytest

from jevons.measure import journal, offers
from jevons.measure.sensor import Meter

MODELLED = Meter("processor-model", "processor", "chip", "modelled", "model", "family")
COUNTED = Meter("package-0", "processor", "chip", "counter", "rapl")


@pytest.fixture
def said(caplog, monkeypatch):
    monkeypatch.setattr("jevons.measure.offers.is_guest", lambda: False)

    def ask(folder, *meters):
        caplog.clear()
        offers.once.cache_clear()
        offers.once(folder, tuple(meters))
        return [record.message for record in caplog.records]

    return ask


def cut(folder, **more):
    book = journal.create({"t": 1.0, "m": 0, "pid_start": -1, "labels": {}, "meters": [], **more}, folder / "journal")
    book.append({"kind": "flush", "t": 2.0, "e": {}, "d": []})
    return book


def test_a_run_that_was_cut_is_told_at_the_next_start_and_only_then(tmp_path, said):
    cut(tmp_path)
    (text,) = said(tmp_path, COUNTED)
    assert text == "an earlier run was cut short; what was measured is kept: jevons recover"
    assert said(tmp_path, COUNTED) == []
    cut(tmp_path)
    assert "2 earlier runs were" in said(tmp_path, COUNTED)[0]


def test_a_run_that_lives_or_ended_well_or_was_recovered_is_none(tmp_path, said):
    cut(tmp_path, pid_start=journal.process_start(os.getpid()))
    cut(tmp_path).append({"kind": "closed", "t": 3.0, "e": {}, "d": [[i, "cpu", "w" * 60, i] for i in range(5000)]})
    assert said(tmp_path, COUNTED) == []
    cut(tmp_path)
    journal.recover(tmp_path / "journal")
    assert said(tmp_path, COUNTED) == []


def test_a_modelled_processor_offers_its_calibration_once_a_host(tmp_path, said):
    (text,) = said(tmp_path, MODELLED)
    assert "jevons calibrate host" in text
    assert said(tmp_path, MODELLED) == []
    assert said(tmp_path / "other", COUNTED) == []


def test_nobody_is_asked_to_put_a_meter_on_a_virtual_machine(tmp_path, said, monkeypatch):
    monkeypatch.setattr("jevons.measure.offers.is_guest", lambda: True)
    assert said(tmp_path, MODELLED) == []


def test_a_home_that_cannot_be_written_is_no_fault(tmp_path, said):
    (tmp_path / "home").write_text("a file")
    assert len(said(tmp_path / "home", MODELLED)) == 1
