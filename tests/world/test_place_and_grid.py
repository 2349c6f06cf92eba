"""Where: names become chains of places, and the resolver says where along the chain it stopped."""

from __future__ import annotations

import math

import pytest

from jevons.core.errors import MissingFactor, UnknownName
from jevons.core.study import Study
from jevons.world import grid
from jevons.world.place import locate


@pytest.mark.parametrize(
    ("name", "found"),
    [("us-central1", "gcp/us-central1"), ("aws/us-east-1", "aws/us-east-1"), ("France", "FRA"), ("fr", "FRA"),
     ("FRA", "FRA"), ("CAMX", "CAMX"), ("world", "WLD"), ("germany", "DEU")],
)  # fmt: skip
def test_a_place_is_found_by_the_names_people_use(name, found):
    assert locate(name).name == found


def test_a_cloud_region_falls_back_from_subregion_to_country_to_world():
    assert [level for level, _ in locate("us-central1").chain] == ["region", "subregion", "country", "world"]


def test_a_zone_that_does_not_exist_names_the_three_nearest_and_the_mend():
    with pytest.raises(UnknownName, match="nearest: .*us-central1.*intensity") as caught:
        locate("us-centrall")
    assert len(caught.value.nearest) == 3


@pytest.mark.parametrize(
    ("name", "region", "zone"),
    [("us-west1", "gcp/us-west1", "NWPP"), ("us-west-1", "aws/us-west-1", "CAMX"), ("US_WEST_1", "aws/us-west-1", "CAMX"),
     ("me-central1", "gcp/me-central1", "QAT"), ("me-central-1", "aws/me-central-1", "ARE")],
)  # fmt: skip
def test_a_hyphen_tells_the_regions_of_two_providers_apart(name, region, zone):
    found = locate(name)
    assert (found.name, found.chain[1][1]) == (region, zone)


def test_letters_that_stand_for_two_regions_are_refused_with_both():
    with pytest.raises(UnknownName, match="aws/us-west-1, gcp/us-west1; say which"):
        locate("uswest1")


def test_a_city_names_the_regions_that_lie_in_it():
    with pytest.raises(UnknownName, match="nearest: aws/eu-west-2, azure/uksouth, gcp/europe-west2"):
        locate("London")


def test_a_subregion_is_scaled_to_life_cycle_and_says_so():
    direct = grid.climate(locate("CAMX"), Study(scope="direct"), 2023)
    whole = grid.climate(locate("CAMX"), Study(), 2023)
    assert whole.value > direct.value
    assert any("eGRID direct ×" in a.value for a in whole.assumptions)


def test_direct_and_life_cycle_factors_carry_their_kind():
    assert grid.climate(locate("France"), Study(), 2023).kind == ("location", "average", "lifecycle")
    assert grid.climate(locate("France"), Study(scope="direct"), 2023).kind[2] == "direct"


def test_the_year_of_the_activity_wins_else_the_nearest_earlier_one():
    france = locate("France")
    assert grid.climate(france, Study(), 2022).year == 2022
    late = grid.climate(france, Study(), 2031)
    assert late.year == max(2023, late.year)
    assert any("no row for 2031" in a.why for a in late.assumptions)


def test_a_year_far_from_the_factor_widens_the_interval():
    france = locate("France")
    near, far = grid.climate(france, Study(), 2023), grid.climate(france, Study(), 2035)
    assert far.spread.high > near.spread.high


def test_a_country_without_a_row_takes_the_world_mean_widely_and_says_so():
    found = grid.climate(locate("Vatican"), Study(), 2023)
    assert found.place == "WLD"
    assert found.spread.high / found.spread.low > 9
    assert any("no climate row for VAT" in a.why for a in found.assumptions)


def test_strict_refuses_the_world_mean():
    with pytest.raises(MissingFactor, match="tried VAT → WLD"):
        grid.climate(locate("Vatican"), Study(), 2023, strict=True)


def test_a_marginal_factor_is_never_replaced_by_an_average_one():
    with pytest.raises(MissingFactor, match="location/marginal/lifecycle"):
        grid.climate(locate("France"), Study(grid="marginal"), 2023)


def test_independent_errors_add_in_the_logarithm():
    assert math.log(grid.combined_gsd(1.2, 1.3)) ** 2 == pytest.approx(math.log(1.2) ** 2 + math.log(1.3) ** 2)


def test_the_world_mean_lies_between_its_cleanest_and_dirtiest_country():
    assert 0.3 < grid.climate(locate("world"), Study(), None).value < 0.6


def test_strict_refuses_a_year_far_from_any_data():
    with pytest.raises(MissingFactor, match=r"no climate of 2099 factor for electricity at FRA \(tried FRA 2023\)"):
        grid.climate(locate("France"), Study(), 2099, strict=True)


def test_a_year_without_data_is_answered_with_the_nearest_and_said():
    found = grid.climate(locate("France"), Study(), 1995)
    assert any("no row for 1995" in a.why for a in found.assumptions)
