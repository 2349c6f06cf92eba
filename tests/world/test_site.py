"""A site supplies what lies outside each row's boundary, and prices every flow or refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, MissingFactor, StudyMismatch, UnknownName
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.world import catalog, manufacture


def electricity(kwh: float, boundary: str = "server") -> Activity:
    return Activity.of([{"amount": kwh, "boundary": boundary, "stage": "training"}])


@given(kwh=st.floats(1, 1e9), pue=st.floats(1, 3), boundary=st.sampled_from(["chip", "server", "facility"]))
def test_supply_keeps_every_row_and_adds_only_what_lies_outside(kwh, pue, boundary):
    here = jevons.site("France", pue=pue, wue=0.5)
    supplied = here.supply(electricity(kwh, boundary), Draws(0))
    whole = float(supplied.total("electricity")[0])
    assert whole == pytest.approx(kwh if boundary == "facility" else kwh * pue)
    it_kwh = kwh / pue if boundary == "facility" else kwh
    assert float(supplied.total("water")[0]) == pytest.approx(0.5 * it_kwh)


def test_on_site_water_is_per_it_kwh_and_off_site_water_per_facility_kwh():
    here = jevons.site("USA", pue=2.0, wue=1.0)
    fp = jevons.footprint(electricity(100), here, draws=0)
    ewif = here.factors(Study()).of("electricity", ([np.nan], [np.nan]))["water_off_site"].value
    assert fp.best("water_on_site") == pytest.approx(100)
    assert fp.best("water_off_site") == pytest.approx(200 * ewif)


def test_a_stated_intensity_stands_and_is_not_an_assumption():
    here = jevons.site("France", intensity="57 g/kWh", pue=1.0, wue=0)
    fp = jevons.footprint(electricity(433_196), here)
    assert fp.best() == pytest.approx(24_692, rel=1e-3)
    assert not any("climate" in a.what for a in fp.assumptions)


@pytest.mark.parametrize(
    ("given_", "words"),
    [({"pue": 0.9}, "pue: 0.9 will not do; give a value of at least 1"),
     ({"pue": float("nan")}, "pue: nan will not do"),
     ({"intensity": 400}, "did you mean '400 g/kWh'"),
     ({"intensity": "-5 g/kWh"}, "intensity: '-5 g/kWh' will not do"),
     ({"wue": "3 apples"}, "wue: '3 apples' will not do"),
     ({"year": 1850}, "year: 1850 will not do; give a calendar year"),
     ({"life": -1}, "life"),
     ({"utilisation": 1.5}, "utilisation: 1.5 will not do")],
)  # fmt: skip
def test_bad_input_names_the_field_the_value_and_the_mend(given_, words):
    with pytest.raises(BadInput, match=words):
        jevons.site("France", **given_)


def test_a_site_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="nearest"):
        jevons.site("Atlantis")


def test_market_based_carbon_needs_a_contract():
    fp_study = Study(accounting="market")
    with pytest.raises(MissingFactor, match="market_intensity"):
        jevons.footprint(electricity(1), "France", fp_study)
    here = jevons.site("France", market_intensity=0.0)
    assert jevons.footprint(electricity(1), here, fp_study).best() == 0.0


def test_two_accountings_refuse_to_be_subtracted():
    here = jevons.site("France", market_intensity=0.01)
    with pytest.raises(StudyMismatch, match="accounting"):
        jevons.footprint(electricity(1), here) - jevons.footprint(electricity(1), here, Study(accounting="market"))


def test_no_draw_of_an_uncertain_pue_falls_under_one():
    here = jevons.site("France", pue=Uncertain(1.01, 1.1, 1.4, "pue"))
    supplied = here.supply(electricity(100), Draws(2000))
    assert (supplied.where(component="facility overhead").amount > 0).all()


@pytest.mark.parametrize("place", ["France", "USA", "us-central1", "India"])
@pytest.mark.parametrize("flow", ["electricity", "water/on_site", "device_hours/h100-sxm"])
def test_what_a_factor_may_be_spreads_about_its_value(place, flow):
    found = jevons.site(place).factors(Study()).of(flow, ([np.nan], [np.nan]))
    assert found
    for factor in found.values():
        assert factor.spread.best == 1.0
        assert factor.spread.low <= 1.0 <= factor.spread.high


def test_a_device_life_idle_hours_included_sums_to_what_was_manufactured():
    span = manufacture.life(5, 0.6)
    per_hour = manufacture.factors("nvidia-h100-sxm5-80gb", span)["climate"].value
    assert per_hour * 5 * 8760 * 0.6 == pytest.approx(164, rel=0.01)


def test_embodied_carbon_of_an_accelerator_of_unknown_make_is_noted_never_zero():
    factor = manufacture.factors("google-tpu-v4", manufacture.Life())["climate"]
    assert factor.value > 0
    assert factor.assumptions


def test_without_a_site_the_world_mean_is_an_assumption():
    fp = jevons.footprint(electricity(1))
    assert any(a.what == "site" for a in fp.assumptions)


def test_a_users_overlay_comes_before_every_table(tmp_path):
    (tmp_path / "grid_annual.csv").write_text(
        "place,year,ci_g_per_kwh,accounting,scope,basis,gsd,source,quality,note\n"
        "FRA,2023,11,average,lifecycle,production,1.1,our meter,11111,\n"
    )
    before = jevons.footprint(electricity(1), jevons.site("France", year=2023, pue=1.0)).best()
    catalog.overlay(tmp_path)
    try:
        fp = jevons.footprint(electricity(1), jevons.site("France", year=2023, pue=1.0))
        assert fp.best() == pytest.approx(0.011)
        assert "our meter" in str(fp.explain())
        assert tmp_path.name in catalog.version()
    finally:
        catalog.overlay(None)
    assert jevons.footprint(electricity(1), jevons.site("France", year=2023, pue=1.0)).best() == before


def test_an_overlay_row_without_a_source_is_refused(tmp_path):
    (tmp_path / "defaults.csv").write_text("id,what,value,low,high,unit,year,source,quality,note\ngoodput,x,1,,,1,2024,,11111,\n")
    with pytest.raises(BadInput, match="defaults.csv, row 2, column source"):
        catalog.overlay(tmp_path)


def test_settings_name_the_nearest_key(tmp_path, monkeypatch):
    from jevons.world.settings import settings

    file = tmp_path / "jevons.toml"
    file.write_text('stie = "France"\n')
    monkeypatch.setenv("JEVONS_SETTINGS", str(file))
    settings.cache_clear()
    try:
        with pytest.raises(BadInput, match="did you mean 'site'"):
            settings()
    finally:
        settings.cache_clear()


def test_an_overlay_may_be_toml(tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[[defaults]]\nid = "goodput"\nwhat = "goodput"\nvalue = 0.5\nlow = 0.4\nhigh = 0.6\nunit = "1"\n'
        'year = 2026\nsource = "our cluster log"\n'
    )
    from jevons.world.defaults import default

    catalog.overlay(tmp_path)
    try:
        assert default("goodput").value == 0.5
        assert default("goodput").source == "our cluster log"
    finally:
        catalog.overlay(None)
    assert default("goodput").value == 0.85


def test_an_unknown_evaporative_site_takes_its_water_from_the_wet_bulb():
    cool, warm = (jevons.site("France", wet_bulb=t, tower="less-thirsty") for t in (10, 25))
    assert warm.wue_l_per_kwh > cool.wue_l_per_kwh > 0
    with pytest.raises(BadInput, match="tower: 'magic' will not do"):
        jevons.site("France", wet_bulb=10, tower="magic")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"pue": 0.5}, "pue"), ({"wue": -1.0}, "wue"), ({"intensity": 429}, "did you mean '429 g/kWh'"), ({"year": 12}, "year"),
     ({"life": 5.0}, "life"), ({"series": 3}, "series"), ({"pue": None}, "site: 'pue'"), ({"colour": "red"}, "site: 'colour'")],
)  # fmt: skip
def test_a_changed_choice_is_checked_as_a_first_one(change, message):
    with pytest.raises(BadInput, match=message):
        jevons.site("France").with_(**change)


def test_a_changed_choice_is_read_as_a_first_one():
    assert jevons.site("France").with_(wue="0.2 L/kWh", intensity="57 g/kWh").intensity == pytest.approx(0.057)


@pytest.mark.parametrize(
    ("choice", "bounds"),
    [("pue", (0.5, 0.9, 1.1)), ("pue", (0.9, 1.1, 1.3)), ("wue", (-1.0, 0.5, 2.0)), ("intensity", (-0.1, 0.05, 0.1)),
     ("electricity_price", (-1.0, 0.1, 0.2))],
)  # fmt: skip
def test_bounds_are_held_to_what_a_number_is(choice, bounds):
    with pytest.raises(BadInput, match=f"{choice}: .* will not do; give bounds of at least"):
        jevons.site("France", **{choice: Uncertain(*bounds)})


def test_a_spread_about_nothing_is_refused():
    with pytest.raises(BadInput, match="give a best estimate above 0"):
        jevons.footprint(Activity.of([{"amount": 1.0}]), jevons.site("France", intensity=Uncertain(0.0, 0.0, 0.1)))


def test_milliseconds_are_not_taken_for_a_date():
    with pytest.raises(BadInput, match="are these milliseconds"):
        Activity.of([{"amount": 1.0, "start_s": 1.7e12, "end_s": 1.7e12 + 3.6e6}])
