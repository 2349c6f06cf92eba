"""``jevons demo``: two famous runs, from what was known before they began."""

from __future__ import annotations

from pathlib import Path

import pytest

from jevons.cli.estimate.demo import BLOOM, LIFE_CYCLE, beside, ours
from jevons.cli.outcome import carry_out


def test_the_demo_prints_its_tables_and_names_the_page(jevons, tmp_path: Path):
    said = jevons("demo")
    assert said.code == 0
    assert "BLOOM-176B" in said.out
    assert "50.5 t" in said.out
    assert "India" in said.out
    assert "report written to report.html" in said.err
    assert "Sweden" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_nothing_measured_goes_into_the_estimate():
    assert set(BLOOM.arguments) == {"model", "tokens", "on", "n", "year"}
    assert set(BLOOM.site) == {"name", "year", "pue"}


def test_the_parts_add_up_to_the_whole():
    footprint = carry_out(BLOOM).footprint
    *parts, whole = LIFE_CYCLE
    assert sum(ours(footprint, p.components).best for p in parts) == pytest.approx(ours(footprint, whole.components).best)


def test_the_intervals_hold_the_published_total_and_device_hours(jevons):
    told = jevons("demo --json --report page.html").json
    climate = told["bloom"]["footprint"]["indicators"]["climate"]
    hours = told["bloom"]["activity"]["served"]["device hour"]
    assert climate["low"] < 50_500 < climate["high"]
    assert hours["low"] < 1_082_990 < hours["high"]
    assert set(told["gpt-3"]) == {"us-central1", "France", "India"}


def test_each_published_line_states_its_boundary():
    footprint = carry_out(BLOOM).footprint
    assert all(line["boundary"].startswith("published") for line in beside(footprint, footprint))
