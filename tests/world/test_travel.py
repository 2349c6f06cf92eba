"""Distances over the globe, and what a kilometre of travel costs at any site."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, MissingFactor, UnknownName
from jevons.world import travel

LAT, LON = st.floats(-90, 90), st.floats(-180, 180)
ONLY_CLIMATE = jevons.Study(indicators=("climate",))


@pytest.mark.parametrize(
    ("start", "end", "km"),
    [((48.8566, 2.3522), (51.5074, -0.1278), 343.92), ((40.7128, -74.0060), (35.6762, 139.6503), 10_873.9),
     ((-33.8688, 151.2093), (-36.8485, 174.7633), 2_161.0), ((0, 0), (0, 90), 10_018.75), ((0, 0), (90, 0), 10_001.97)],
)  # fmt: skip
def test_a_distance_over_the_ellipsoid_agrees_with_the_geodesic(start, end, km):
    assert travel.distance_km(*start, *end) == pytest.approx(km, rel=3e-4)


@given(lat=LAT, lon=LON, lat2=LAT, lon2=LON)
def test_sphere_and_ellipsoid_differ_by_less_than_0_6_percent_and_both_are_symmetric(lat, lon, lat2, lon2):
    sphere, ellipsoid = (f(lat, lon, lat2, lon2) for f in (travel.great_circle_km, travel.distance_km))
    assert ellipsoid == pytest.approx(sphere, rel=6e-3, abs=1e-3)
    assert 0 <= ellipsoid <= 20_040
    assert travel.distance_km(lat2, lon2, lat, lon) == pytest.approx(ellipsoid, rel=1e-6, abs=1e-3)


def test_a_place_is_no_distance_from_itself():
    assert travel.distance_km(10.0, 20.0, 10.0, 20.0) == 0


def test_a_distance_on_a_border_belongs_to_the_tier_that_begins_there():
    choices = travel.tiers()
    picked = [choices[i].id for i in travel.tier_of(np.array([0, 399.99, 400, 1500, 7999.9, 8000, 20_000]), choices)]
    assert picked == ["ground-under-400-km", "ground-under-400-km", "air-400-to-1500-km", "air-1500-to-8000-km",
                      "air-1500-to-8000-km", "air-over-8000-km", "air-over-8000-km"]  # fmt: skip


def test_the_tiers_leave_no_distance_out_and_count_none_twice():
    choices = travel.tiers()
    assert choices[0].from_km == 0
    assert [tier.to_km for tier in choices] == [*(tier.from_km for tier in choices[1:]), float("inf")]


@pytest.mark.parametrize(("kind", "kg"), [("ground-under-400-km", 0.06), ("air-over-8000-km", 0.30), ("train", 0.041)])
def test_a_site_prices_a_kilometre_of_travel_and_adds_neither_overhead_nor_water(kind, kg):
    trip = Activity.of([{"flow": f"travel/{kind}", "amount": 1000.0, "boundary": "facility"}])
    result = jevons.footprint(trip, "France", ONLY_CLIMATE)
    assert result.best() == pytest.approx(1000 * kg)
    assert len(result.inventory) == 1
    assert result.sources[0].id in ("klower-2020", "green-algorithms-v3")


def test_travel_that_names_no_row_is_refused_and_never_free():
    with pytest.raises(MissingFactor, match="no climate factor for travel"):
        jevons.footprint(Activity.of([{"flow": "travel", "amount": 10.0}]), "France", ONLY_CLIMATE)


def test_only_travel_can_be_priced_on_the_way():
    with pytest.raises(MissingFactor):
        jevons.footprint(Activity.of([{"amount": 1.0}]), travel.OnTheWay(), ONLY_CLIMATE)


def test_a_city_is_found_as_typed_and_coordinates_stand_for_themselves():
    assert travel.where("san francisco")[0] == "San Francisco"
    assert travel.where(" 48.9 , 2.5 ")[1:] == (48.9, 2.5)


@pytest.mark.parametrize(("name", "error"), [("Atlantis", UnknownName), ("95,10", BadInput), ("", BadInput), (7, BadInput)])
def test_a_place_that_is_none_is_refused(name, error):
    with pytest.raises(error):
        travel.where(name)


def test_a_mode_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(BadInput, match="air, car, ground, train"):
        travel.tiers("zeppelin")
