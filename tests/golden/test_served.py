"""Published speeds and energies of served models, none of them fitted on. The rows: serving.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from jevons.core import units
from jevons.estimate.serving import latency, serving

ROWS = {row["id"]: row for row in csv.DictReader((Path(__file__).parent / "serving.csv").open(encoding="utf-8"))}


def asked(row: dict[str, str]) -> dict:
    counts = ("n", "tensor", "expert_spread", "batch", "input_tokens", "cached_tokens", "output_tokens")
    given = {name: float(row[name]) for name in counts}
    limit = {"power_limit": row["power_limit"]} if row["power_limit"] else {}
    return {"model": row["model"], "on": row["on"], "precision": row["precision"], **given, **limit}


def ours(row: dict[str, str]) -> float:
    """Our estimate of a row's quantity; throughputs of so many of the devices that work together."""
    given = asked(row)
    if row["quantity"] == "joules_per_output_token":
        spent = serving(**given, draws=0).where(component="accelerator", flow="electricity")
        return float(spent.total()[0]) * units.JOULES_PER_KWH / given["output_tokens"]
    kind, _, devices = row["quantity"].partition("_per_s")
    whole = float(latency(**given).tokens_per_s) * (given["input_tokens"] / given["output_tokens"] if kind == "input_tokens" else 1)
    return whole * float(devices.removeprefix("_of_") or given["n"]) / given["n"]


MISSED = [name for name, row in ROWS.items() if row["held"] == "0"]


@pytest.mark.parametrize("row", [name for name in ROWS if name not in MISSED])
def test_a_published_figure_of_a_server_is_met_within_its_tolerance(row):
    assert ours(ROWS[row]) == pytest.approx(float(ROWS[row]["value"]), rel=float(ROWS[row]["tolerance"]))


@pytest.mark.parametrize("row", MISSED)
def test_a_miss_is_still_one_and_says_why(row):
    assert ours(ROWS[row]) != pytest.approx(float(ROWS[row]["value"]), rel=float(ROWS[row]["tolerance"]))
    assert "missed" in ROWS[row]["note"]


def test_every_row_says_who_published_it_and_what_was_assumed():
    assert all(row["source"] and row["note"] for row in ROWS.values())
