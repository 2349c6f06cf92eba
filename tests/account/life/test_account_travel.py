"""Travel: everybody counted once, there and back, by the factor of their distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.account.life.travel import read, travel
from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.world.travel import OnTheWay

CLIMATE = jevons.Study(indicators=("climate",))
AGU = "data/conference_travel/agu2019_locations.csv"
FAR = {"N": 2, "lat": 48.86, "lon": 2.35, "country": "France"}
NEAR = {"N": 3, "lat": 37.87, "lon": -122.27, "country": "United States"}


def kilograms(rows, to=None):
    return jevons.footprint(travel(rows, to), OnTheWay(), CLIMATE).best()


def test_the_meeting_of_24_008_people_costs_what_was_published(shared):
    file = shared / AGU
    given_, computed = kilograms(file), kilograms(file, "San Francisco")
    assert given_ / 1e3 == pytest.approx(69_334, rel=1e-6)
    assert computed / 1e3 == pytest.approx(69_334, rel=1e-3)
    assert computed / 1e3 == pytest.approx(69_300, rel=1e-3)
    assert float(travel(file).served["person"][0]) == 24_008


def test_another_city_saves_12_percent_and_three_hubs_69(shared):
    file = shared / AGU
    base = kilograms(file, "San Francisco")
    assert kilograms(file, "Chicago") / base - 1 == pytest.approx(-0.122, abs=0.0015)
    assert kilograms(file, ["Chicago", "Paris", "Tokyo"]) / base - 1 == pytest.approx(-0.69, abs=0.005)


@given(people=st.integers(1, 10_000), km=st.floats(1, 20_000))
def test_a_groups_emissions_are_both_ways_times_people_times_the_factor_of_the_distance(people, km):
    factor = 0.06 if km < 400 else 0.20 if km < 1500 else 0.25 if km < 8000 else 0.30
    assert kilograms([{"N": people, "dist": km}]) == pytest.approx(2 * people * km * factor)


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(-89, 89), st.floats(-180, 180)), min_size=1, max_size=8))
def test_more_hubs_never_mean_more_kilometres(groups):
    rows = [{"N": n + 1, "lat": lat, "lon": lon} for n, lat, lon in groups]
    km = [float(travel(rows, to).total("travel")[0]) for to in ("Paris", ["Paris", "Tokyo"], ["Paris", "Tokyo", "Lima"])]
    assert km[0] >= km[1] >= km[2]


def test_parts_by_origin_sum_to_the_whole_and_each_takes_the_nearest_hub():
    result = jevons.footprint(travel([FAR, NEAR], ["San Francisco", "Paris"]), OnTheWay(), CLIMATE)
    assert sum(kg[0] for kg in result.by("origin").values()) == pytest.approx(result.best())
    went = {row["origin"]: row["destination"] for row in result.inventory.rows()}
    assert went == {"France": "Paris", "United States": "San Francisco"}


def test_a_stated_mode_takes_its_own_factor_at_every_distance():
    rows = [{"people": 1, "distance_km": 700, "mode": "train"}, {"people": 1, "distance_km": 700, "mode": ""}]
    assert kilograms(rows[:1]) == pytest.approx(1400 * 0.041)
    assert kilograms(rows) == pytest.approx(1400 * (0.041 + 0.20))


def test_travel_joins_a_footprint_at_any_site_and_says_what_was_assumed():
    result = jevons.footprint(travel([FAR], "Chicago"), "France", CLIMATE)
    assert result.best() > 2000
    assert any("shortest way" in a.value for a in result.assumptions)


@pytest.mark.parametrize(
    ("row", "words"),
    [({"N": "x", "dist": 5}, "row 2, column N: 'x'"), ({"N": -3, "dist": 5}, "row 2, column N: -3"),
     ({"N": 1, "lat": 91, "lon": 0}, "row 2, column lat: 91 will not do; give at most 90"),
     ({"N": 1, "dist": 50_000}, "give at most 20,040"), ({"N": "", "dist": 5}, "say how many people"),
     ({"N": 1, "dist": "nan"}, "column dist"), ({"who": 1}, "give columns lat and lon")],
)  # fmt: skip
def test_a_bad_cell_is_refused_by_row_and_column(row, words):
    with pytest.raises(TableError, match=words):
        read([row])


def test_neither_place_nor_distance_is_refused():
    with pytest.raises(TableError, match="row 3"):
        travel([{"N": 1, "dist": 5}, {"N": 1, "dist": ""}])
    with pytest.raises(TableError, match="give lat and lon"):
        travel([{"N": 1, "dist": 5}], ["Paris", "Tokyo"])


def test_an_unknown_city_a_missing_file_no_rows_and_nobody_are_refused(tmp_path):
    with pytest.raises(UnknownName, match="Chicagoo|city"):
        travel([FAR], "Atlantis")
    with pytest.raises(BadInput, match="that is there"):
        travel(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("N,lat,lon\n")
    with pytest.raises(TableError, match="no rows"):
        travel(tmp_path / "empty.csv")
    with pytest.raises(BadInput, match="at least one person"):
        travel([{"N": 0, "dist": 5}])


@pytest.mark.parametrize(("text", "words"), [("N,lat,lon\n1,48,2\n3,,2\n", r"people\.csv, row 3"), ("N,dist,mode\n1,5,\n1,500,rocket\n", r"people\.csv, row 3, column mode")])
def test_a_row_that_cannot_travel_is_named_with_its_file(tmp_path, text, words):
    (tmp_path / "people.csv").write_text(text)
    with pytest.raises(TableError, match=words):
        travel(tmp_path / "people.csv", None if "dist" in text else "Paris")
