"""A grid whose intensity changes by the hour."""

from __future__ import annotations

import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput, TableError
from jevons.estimate import recorded
from jevons.world.hourly import Series, read_series

HOUR = 3600.0


@pytest.fixture
def day(tmp_path):
    lines = ["time,ci_g_per_kwh"] + [f"2024-03-01T{h:02d}:00,{100 + 10 * h}" for h in range(24)]
    path = tmp_path / "day.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_mean_over_an_interval_weighs_each_hour_by_its_share(day):
    series = read_series(day)
    start = series.start_s[0]
    mean = series.mean([start + 0.5 * HOUR], [start + 2 * HOUR])
    assert mean[0] == pytest.approx((0.5 * 0.100 + 1.0 * 0.110) / 1.5)


def test_splitting_an_interval_does_not_move_the_carbon(day):
    series = read_series(day)
    edges = series.start_s[0] + np.linspace(0, 24 * HOUR, 97)
    parts = series.mean(edges[:-1], edges[1:])
    assert parts.mean() == pytest.approx(series.mean([edges[0]], [edges[-1]])[0])


def test_a_run_is_priced_at_the_hours_it_ran(day):
    night = recorded(energy="10 kWh", hours=2, start="2024-03-01T00:00")
    noon = recorded(energy="10 kWh", hours=2, start="2024-03-01T12:00")
    here = jevons.site("Germany", series=str(day), pue=1.0)
    assert jevons.footprint(night, here).best() == pytest.approx(1.05)
    assert jevons.footprint(noon, here).best() == pytest.approx(2.25)


def test_an_undated_run_cannot_be_priced_by_the_hour(day):
    with pytest.raises(BadInput, match="say when the work starts"):
        jevons.footprint(recorded(energy="10 kWh"), jevons.site("Germany", series=str(day)))


def test_a_run_outside_the_series_names_what_the_series_covers(day):
    with pytest.raises(BadInput, match="2024-03-01T00:00Z to 2024-03-02T00:00Z"):
        read_series(day).mean([0.0], [10.0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,ci_g_per_kwh\n2024-01-01,abc\n2024-01-02,1\n", "row 2, column ci_g_per_kwh: 'abc'"),
        ("time,ci_g_per_kwh\n2024-01-01,-5\n2024-01-02,1\n", "row 2, column ci_g_per_kwh"),
        ("time,ci_g_per_kwh\nyesterday,5\n2024-01-02,1\n", "row 2, column time: 'yesterday'"),
        ("time,ci_g_per_kwh\n2024-01-02,5\n2024-01-01,1\n", "row 3, column time"),
        ("when,how\n1,2\n3,4\n", "name a column one of time"),
        ("", "an empty file"),
        ("time,ci_g_per_kwh\n2024-01-02,5\n", "give at least two"),
    ],
)
def test_a_broken_series_names_row_and_column(tmp_path, text, words):
    path = tmp_path / "broken.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=words):
        read_series(path)


def test_two_steps_make_a_series():
    series = Series(np.array([0.0, HOUR]), np.array([1.0, 3.0]), "two")
    assert series.mean([0.0], [2 * HOUR])[0] == pytest.approx(2.0)
