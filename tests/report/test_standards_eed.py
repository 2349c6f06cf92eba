"""Delegated Regulation (EU) 2024/1364: the four indicators, and what stands in their way."""

from __future__ import annotations

import pytest

from jevons.core.errors import BadInput, Contradiction
from jevons.report.standards import eed
from jevons.report.standards.eed import erf, pue, ref, wue

TOLD = {"used_kwh": 8_760_000.0, "computers_kwh": 7_008_000.0, "water_m3": 5200.0, "reused_kwh": 1_752_000.0,
        "certificates_kwh": 3_000_000.0, "on_site_kwh": 175_200.0}  # fmt: skip


def figure(told, symbol):
    return next(x["value"] for x in told["key_performance_indicators"] if x["symbol"] == symbol)


def test_the_indicators_are_the_quotients_of_annex_iii():
    told = eed(TOLD)["indicators"]
    assert told["PUE"] == pue(8_760_000, 7_008_000) == 1.25
    assert told["WUE"] == wue(5200, 7_008_000) == pytest.approx(5200 / 7008)
    assert told["ERF"] == erf(1_752_000, 8_760_000) == 0.2
    assert told["REF"] == ref(3_175_200, 8_760_000) == pytest.approx(0.36247, abs=1e-5)


def test_water_in_cubic_metres_over_megawatt_hours_is_litres_a_kilowatt_hour():
    assert wue(1.0, 1000.0) == pytest.approx(1.0 * 1000 / 1000.0)


def test_total_renewable_energy_is_the_sum_of_its_three_sources():
    told = eed({**TOLD, "agreements_kwh": 10_000.0})
    assert figure(told, "E_RES-TOT") == pytest.approx(sum(figure(told, f"E_RES-{x}") for x in ("GOO", "PPA", "OS")))


def test_what_was_not_told_is_none_and_never_zero():
    told = eed({"used_kwh": 10.0, "computers_kwh": 8.0})
    assert told["indicators"] == {"PUE": 1.25, "WUE": None, "ERF": None, "REF": None}
    assert figure(told, "E_RES-TOT") is None
    assert "ICT capacity" in told["not_filled"]


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_a_quantity_that_cannot_be_is_refused(wrong):
    with pytest.raises(BadInput, match="water_m3"):
        eed({**TOLD, "water_m3": wrong})


def test_energy_of_nothing_is_refused():
    for name in ("used_kwh", "computers_kwh"):
        with pytest.raises(BadInput, match="above zero"):
            eed({**TOLD, name: 0.0})


@pytest.mark.parametrize(("part", "value", "whole"), [
    ("computers_kwh", 9e6, "E_DC"), ("backup_kwh", 9e6, "E_DC"), ("potable_m3", 6000.0, "W_IN"),
])  # fmt: skip
def test_a_part_greater_than_its_whole_is_refused(part, value, whole):
    with pytest.raises(Contradiction, match=f"part of {whole}, which is"):
        eed({**TOLD, part: value})


def test_below_the_threshold_it_is_said_that_there_is_no_duty():
    assert any("no duty" in said for said in eed({**TOLD, "installed_kw": 499.0})["notes"])
    assert not any("no duty" in said for said in eed({**TOLD, "installed_kw": 500.0})["notes"])


def test_a_figure_of_another_name_is_refused():
    with pytest.raises(BadInput, match="computers_kwh"):
        eed({**TOLD, "it_kwh": 1.0})
