"""Equivalences: few, easy to picture, rounded, with their source."""

from __future__ import annotations

import re

import pytest
from report_sample import sample

from jevons.core.errors import BadInput
from jevons.report.equivalents import equivalents, spoken


def row(identifier: str, name: str, value: float, unit: str = "kg", indicator: str = "climate") -> dict[str, object]:
    return {"id": identifier, "name": name, "value": value, "unit": unit, "indicator": indicator, "source": "a-source"}


ROWS = [
    row("car-km", "driving a car, km", 0.175),
    row("flight-short", "a short flight", 50.0),
    row("flight-long", "a long flight", 2310.0),
    row("tree-month", "a tree for a month", 0.917),
    row("home-year", "electricity of a home for a year", 12146.0, "kWh", "energy"),
    row("bottle", "a bottle of water", 0.5, "L", "water_on_site"),
]


def test_three_are_picked_of_different_kinds_and_at_most_two_of_an_indicator():
    found = equivalents(sample(), ROWS)
    assert len(found) == 3
    assert [e.id for e in found][:2] == ["home-year", "flight-long"]
    assert len({e.id.split("-")[0] for e in found}) == 3


def test_a_count_is_the_footprint_over_one_of_the_things():
    footprint = sample()
    found = equivalents(footprint, ROWS[:1])[0]
    assert found.count == pytest.approx(footprint.best() / 0.175)
    assert found.low < found.count < found.high
    assert str(found) == "1.5 million km driving a car"
    assert found.source == "a-source"


@pytest.mark.parametrize("count", [0.0123456, 0.987654, 3.14159, 117.6543, 98765.4, 1.23456e6, 9.87654e9])
def test_no_count_has_more_than_three_significant_digits(count):
    digits = re.sub(r"\D", "", spoken(count).split()[0]).lstrip("0").rstrip("0")
    assert 1 <= len(digits) <= 3


def test_a_thing_of_an_indicator_not_priced_is_passed_over():
    assert equivalents(sample(), [row("gold", "a ring", 1.0, "kg", "abiotic_depletion")]) == []


def test_a_thing_that_costs_nothing_is_refused():
    with pytest.raises(BadInput, match="car-km"):
        equivalents(sample(), [row("car-km", "driving, km", 0.0)])
