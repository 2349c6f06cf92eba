"""Published figures of requests to an API lie in the 80 % interval of ours. The rows: world/data/api_anchors.csv."""

from __future__ import annotations

import numpy as np
import pytest

import jevons
from jevons.core import units
from jevons.core.uncertain import interval
from jevons.estimate.request import request
from jevons.world import catalog

ANCHORS = {row["id"]: row for row in catalog.table("api_anchors")}
IN_OURS = {"Wh": "kWh", "J": "kWh", "g": "kg", "mL": "L"}
REPORTED_BESIDE = [i for i, row in ANCHORS.items() if row["comparable"] == "0"]


def number(row, column):
    return catalog.number(row, column)


def ours(row) -> np.ndarray:
    """Our estimate of an anchor, with draws, in its unit, at its boundary and under its own factors."""
    run = request(row["provider"], row["model"], number(row, "input_tokens"), number(row, "output_tokens"),
                  cached_tokens=number(row, "cached_tokens"), requests=number(row, "requests"))  # fmt: skip
    if row["indicator"] == "device_hours":
        return run.where(component="accelerator manufacture").total("device_hours")
    if row["boundary"] == "device":
        busy = run.where(lambda r: r["stage"] != "idle", component="accelerator")
        return busy.total() * units.convert(1.0, "kWh", row["unit"])
    stated = {"pue": number(row, "pue"), "wue": number(row, "wue_l_per_kwh")}
    if row["intensity_g_per_kwh"]:
        stated["intensity"] = f"{row['intensity_g_per_kwh']} g/kWh"
    site = jevons.site(row["place"], year=int(row["year"]), **{k: v for k, v in stated.items() if v is not None})
    priced = jevons.footprint(run, at=site)
    parts = {"water": ["water_on_site"] if row["wue_l_per_kwh"] else ["water_on_site", "water_off_site"]}
    total = sum(priced.total(i) for i in parts.get(row["indicator"], [row["indicator"]]))
    return total * units.convert(1.0, IN_OURS[row["unit"]], row["unit"])


@pytest.mark.parametrize("anchor", [i for i in ANCHORS if i not in REPORTED_BESIDE])
def test_a_published_figure_lies_in_our_80_percent_interval(anchor):
    low, high = interval(ours(ANCHORS[anchor]), 0.1, 0.9)
    assert low <= number(ANCHORS[anchor], "value") <= high


@pytest.mark.parametrize("anchor", ["google-median-prompt-energy", "google-median-prompt-accelerator", "openai-average-query-energy",
                                    "oviedo-frontier-query", "epoch-gpt-4o-query"])  # fmt: skip
def test_our_best_estimate_is_within_a_factor_of_two_of_the_best_known(anchor):
    assert 0.5 <= float(ours(ANCHORS[anchor])[0]) / number(ANCHORS[anchor], "value") <= 2


def test_an_anchor_of_another_indicator_says_so_and_is_not_counted():
    assert REPORTED_BESIDE == ["mistral-large-2-answer-water"]
    assert all(ANCHORS[i]["note"] for i in REPORTED_BESIDE)
