"""Which year prices a row, and what a site refuses."""

from __future__ import annotations

import pytest

import jevons
from jevons.core.errors import BadInput, MissingFactor
from jevons.world.site import year_of


def _run(start: str):
    return jevons.estimate.recorded(on="a100", n=8, hours=6, power="310 W", boundary="chip", start=start, draws=0)


def test_rows_of_different_years_are_priced_each_by_its_own():
    early, late, site = _run("2010-03-01"), _run("2023-03-01"), jevons.site("United Kingdom")
    apart = sum(jevons.footprint(run, at=site).best("climate") for run in (early, late))
    assert jevons.footprint(early + late, at=site).best("climate") == pytest.approx(apart, rel=1e-12)


@pytest.mark.parametrize("year", range(2012, 2027))
def test_the_first_hours_of_a_year_belong_to_it(year):
    run = _run(f"{year}-01-01")
    assert year_of((run.start_s, run.end_s)) == year


def test_water_in_the_world_at_large_is_weighted_as_where_electricity_is_made():
    footprint = jevons.footprint(_run("2023-03-01"), at=jevons.site("world"))
    litres = footprint.best("water_on_site") + footprint.best("water_off_site")
    assert 5 < footprint.best("water_scarcity") / litres < 40


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", 3), ("name", ["France"]), ("year", "2023"), ("year", 2023.5), ("series", 3), ("tower", "tall"),
     ("life", [3, 4]), ("utilisation", [0.5, 0.6]), ("pue", []), ("intensity", [])],
)  # fmt: skip
def test_what_a_site_cannot_use_is_refused_by_name(field, value):
    with pytest.raises(BadInput, match="site" if field == "name" else field):
        jevons.site(**{"name": "France", field: value})


def test_a_wet_bulb_beside_a_stated_wue_is_refused():
    with pytest.raises(BadInput, match="wet_bulb"):
        jevons.site("France", wue=0.2, wet_bulb=15)


def test_the_mend_of_a_missing_factor_is_one_that_works():
    run, site = _run("2023-03-01"), jevons.site("France")
    with pytest.raises(MissingFactor, match="'electricity/climate' among"):
        jevons.footprint(run, at=site, study=jevons.Study(grid="marginal"))
