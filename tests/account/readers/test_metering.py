"""A building's meters: the tree sums to the main meter, and its own plants give each quarter-hour its intensity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.account import meters
from jevons.account.readers.metering import RESIDUAL, Meters
from jevons.core.errors import BadInput, Contradiction
from jevons.world.hourly import Series

STEP = 900.0


def of(kwh, role, above=None, start=1772352000.0):
    n = len(next(iter(kwh.values())))
    t = start + STEP * np.arange(n)
    return Meters(t, t + STEP, {k: np.array(v, float) for k, v in kwh.items()}, role, above or {}, "plant")


SOLAR = of({"grid": [10, 2, 0], "pv": [0, 8, 12], "export": [0, 0, 4], "it": [9, 9, 7]},
           {"grid": "main", "pv": "pv", "export": "export", "it": "sub"}, {"it": "grid"})  # fmt: skip


def test_a_site_used_what_it_bought_and_made_less_what_it_sold():
    assert SOLAR.consumption.tolist() == [10, 10, 8]


def test_the_parts_sum_to_what_the_site_used():
    parts, _ = SOLAR.parts()
    assert {k: v.tolist() for k, v in parts.items()} == {"it": [9, 9, 7], f"grid: {RESIDUAL}": [1, 1, 1]}


def test_each_quarter_hour_has_the_intensity_of_its_own_mix():
    series, notes = SOLAR.intensity("400 g/kWh", pv="50 g/kWh")
    assert series.kg_per_kwh.tolist() == pytest.approx([0.4, (2 * 0.4 + 8 * 0.05) / 10, 0.05])
    assert notes == ()


def test_what_is_sold_takes_its_share_of_each_plant_along():
    found = of({"grid": [4], "pv": [6], "chp": [6], "export": [6]}, {"grid": "main", "pv": "pv", "chp": "chp", "export": "export"})
    double = Meters(np.array([0.0, STEP]), np.array([STEP, 2 * STEP]), {k: np.repeat(v, 2) for k, v in found.kwh.items()}, found.role)
    series, _ = double.intensity("400 g/kWh", pv="0 g/kWh", chp="600 g/kWh")
    assert series.kg_per_kwh[0] == pytest.approx((4 * 0.4 + 3 * 0.0 + 3 * 0.6) / 10)


def test_a_plants_own_intensity_is_the_tables_where_none_is_given_and_that_is_said():
    _, notes = SOLAR.intensity(0.4)
    assert [(a.what, a.value) for a in notes] == [("intensity of pv", "41 g/kWh")]


def test_the_grid_may_have_hours_of_its_own():
    grid = Series(np.array([1772352000.0 + STEP * i for i in range(3)]), np.array([0.1, 0.2, 0.3]), "grid")
    assert SOLAR.intensity(grid, pv=0.0)[0].kg_per_kwh.tolist() == pytest.approx([0.1, 0.04, 0.0])


def test_an_interval_without_use_has_the_grids_intensity():
    dark = of({"grid": [0, 0]}, {"grid": "main"})
    assert dark.intensity("300 g/kWh")[0].kg_per_kwh.tolist() == [0.3, 0.3]


def test_the_series_prices_the_site_as_a_grid_of_its_own():
    series, _ = SOLAR.intensity("400 g/kWh", pv="50 g/kWh")
    footprint = jevons.footprint(SOLAR.activity(), jevons.site("Germany", series=series))
    assert footprint.best("climate") == pytest.approx(10 * 0.4 + 10 * 0.12 + 8 * 0.05)


def test_one_interval_makes_no_series():
    with pytest.raises(BadInput, match="give at least two"):
        of({"grid": [1]}, {"grid": "main"}).intensity(0.4)


def test_more_sold_than_bought_and_made_is_a_contradiction():
    with pytest.raises(Contradiction, match="export at 2026-03-01T08:00Z"):
        _ = of({"grid": [1.0], "export": [5.0]}, {"grid": "main", "export": "export"}).consumption


def test_sub_meters_within_accuracy_are_scaled_to_the_main_meter_and_that_is_said():
    found = of({"m": [100.0], "a": [60.0], "b": [41.0]}, {"m": "main", "a": "sub", "b": "sub"}, {"a": "m", "b": "m"})
    parts, notes = found.parts(accuracy=0.02)
    assert sum(v[0] for v in parts.values()) == pytest.approx(100.0)
    assert parts[f"m: {RESIDUAL}"][0] == 0.0
    assert any("scaled to it" in a.why for a in notes)


def test_plants_beside_several_main_meters_are_used_too():
    found = of({"m1": [4.0], "m2": [6.0], "pv": [5.0], "export": [1.0]}, {"m1": "main", "m2": "main", "pv": "pv", "export": "export"})
    assert float(found.activity().total()[0]) == 14.0


def test_a_file_without_consumption_is_refused_and_so_is_a_mix_without_its_main_meter():
    with pytest.raises(BadInput, match="none of them meters consumption"):
        of({"pv": [5.0]}, {"pv": "pv"}).activity()
    with pytest.raises(BadInput, match="name the main meter"):
        of({"it": [1.0, 1.0], "pv": [5.0, 5.0]}, {"it": "sub", "pv": "pv"}).intensity(0.4)


def test_heat_meters_are_no_electricity():
    found = of({"m": [10.0], "heat meter 1": [50.0]}, {"m": "main", "heat meter 1": "heat"})
    assert float(found.activity().total()[0]) == 10.0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_whatever_the_sub_meters_saw_the_parts_sum_to_the_main_meter(rows):
    main = np.array([r[0] for r in rows])
    a = main * np.array([r[1] for r in rows])
    b = (main - a) * np.array([r[2] for r in rows])
    found = of({"m": main, "a": a, "b": b, "c": a * np.array([r[3] for r in rows])}, {"m": "main", "a": "sub", "b": "sub", "c": "sub"},
               {"a": "m", "b": "m", "c": "a"})  # fmt: skip
    parts, _ = found.parts()
    np.testing.assert_allclose(np.sum(list(parts.values()), axis=0), main, rtol=1e-9, atol=1e-9)
    assert all((v >= 0).all() for v in parts.values())


@given(st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1)), min_size=2, max_size=20))
def test_the_mix_lies_between_its_parts(rows):
    grid, pv, chp = (np.array([r[i] for r in rows]) for i in range(3))
    found = of({"g": grid, "p": pv, "c": chp, "x": (pv + chp) * np.array([r[3] for r in rows])},
               {"g": "main", "p": "pv", "c": "chp", "x": "export"})  # fmt: skip
    series, _ = found.intensity(0.4, pv=0.05, chp=0.6)
    assert (series.kg_per_kwh >= 0.05 - 1e-12).all()
    assert (series.kg_per_kwh <= 0.6 + 1e-12).all()


def test_meters_of_a_file_are_there_for_their_plants(tmp_path):
    (tmp_path / "m.csv").write_text("time,Grid import [kWh],PV [kWh],Export [kWh]\n2026-03-01T11:00Z,1,9,2\n2026-03-01T11:15Z,3,1,0\n")
    found = meters(tmp_path / "m.csv")
    assert found.consumption.tolist() == [8, 4]
    assert found.intensity(0.4, pv=0.0)[0].kg_per_kwh.tolist() == pytest.approx([0.05, 0.3])
