"""An assumption stands in a footprint only where a row rests on it, and in an explanation only where its number does."""

from __future__ import annotations

import pytest

import jevons
from jevons.core.activity import Activity
from jevons.core.study import Study


def said(footprint, indicator: str = "") -> list[str]:
    found = footprint.explain(indicator).assumptions if indicator else footprint.assumptions
    return [a.what.split(" of ")[0] for a in found]


@pytest.fixture(scope="module")
def server():
    return jevons.footprint(Activity.of([{"amount": 1.0}]), "France")


def test_rows_that_stand_in_no_hall_rest_on_neither_pue_nor_wue(server):
    phone = Activity.of([{"amount": 1.0, "boundary": "facility", "cooling": "none"}])
    assert not {"PUE", "WUE"} & set(said(jevons.footprint(phone, "France")))
    assert {"PUE", "WUE"} <= set(said(server))


def test_an_edge_estimate_lists_no_facility_it_does_not_have():
    run = jevons.estimate.edge("llama-3.2-1b", "jetson-orin-nano", input_tokens=100, output_tokens=100)
    assert not {"PUE", "WUE"} & set(said(jevons.footprint(run, "Germany")))


def test_a_cooled_meter_of_the_facility_rests_on_the_pue_that_parts_its_it_share():
    meter = Activity.of([{"amount": 1.0, "boundary": "facility"}])
    assert {"PUE", "WUE"} <= set(said(jevons.footprint(meter, "France")))


def test_a_study_without_water_rests_on_no_wue(server):
    found = said(jevons.footprint(Activity.of([{"amount": 1.0}]), "France", Study(indicators=("energy", "climate"))))
    assert "PUE" in found
    assert not {"WUE", "cost"} & set(found)


def test_an_explanation_lists_what_its_own_number_rests_on(server):
    assert said(server, "climate") == ["PUE"]
    assert "WUE" in said(server, "water_on_site")
    assert "cost" in said(server, "cost")
    assert "WUE" not in said(server, "cost")


def test_what_is_stated_later_is_no_longer_assumed():
    site = jevons.site("France").with_(pue=1.1, wue="0.2 L/kWh")
    assert not {"PUE", "WUE"} & set(said(jevons.footprint(Activity.of([{"amount": 1.0}]), site)))


def test_assumptions_of_the_activity_stand_under_every_number():
    from jevons.core.source import Assumption

    run = Activity.of([{"amount": 1.0}]).assume(Assumption("hours", "3", "not given"))
    assert all("hours" in said(jevons.footprint(run, "France"), i) for i in ("climate", "cost", "water_on_site"))
