"""A place of which some factors are stated: they stand, the rest is the place's own."""

from __future__ import annotations

import pytest

import jevons
from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.uncertain import Uncertain
from jevons.world.stated import StatedPlace, stated

STUDY = jevons.Study(indicators=("energy", "climate", "water_off_site"))
RUN = Activity.of([{"amount": 100.0, "boundary": "facility"}])


def test_a_stated_factor_stands_and_the_others_are_the_bases():
    base = jevons.site("France", intensity="50 g/kWh")
    place = StatedPlace(base, {"electricity": {"water_off_site": stated("electricity", "water_off_site", 1.3)}})
    ours, alone = (jevons.footprint(RUN, at, STUDY, draws=0) for at in (place, base))
    assert place.name == base.name
    assert ours.best("water_off_site") == pytest.approx(130)
    assert ours.best("climate") == alone.best("climate") == pytest.approx(5)


def test_a_kind_of_flow_stated_whole_asks_nothing_of_the_base():
    flow = "device_hours/stated:spare"
    place = StatedPlace(jevons.site("France"), {flow: {"climate": stated(flow, "climate", 2.0)}})
    made = Activity.of([{"amount": 3.0, "flow": flow}])
    assert jevons.footprint(made, place, jevons.Study(indicators=("climate",)), draws=0).best() == pytest.approx(6)


def test_an_uncertain_factor_keeps_its_spread():
    place = StatedPlace(jevons.site("France"), {"electricity": {"climate": stated("electricity", "climate", Uncertain(0.1, 0.2, 0.4, "ours"))}})
    result = jevons.footprint(RUN, place, jevons.Study(indicators=("climate",)))
    low, high = result.interval()
    assert result.best() == pytest.approx(20)
    assert (low, high) == (pytest.approx(10, rel=0.1), pytest.approx(40, rel=0.1))


@pytest.mark.parametrize(("flow", "indicator"), [("magic", "climate"), ("electricity", "joy")])
def test_a_flow_or_indicator_that_is_none_is_refused(flow, indicator):
    with pytest.raises(BadInput):
        stated(flow, indicator, 1.0)
