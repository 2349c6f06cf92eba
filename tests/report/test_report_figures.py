"""Figures: totals and shares as a person would say them."""

from __future__ import annotations

import numpy as np
import pytest
from report_sample import sample

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report import figures

ONE = Study(indicators=("energy", "climate"))
PLACE = ConstantPlace({"electricity": {"climate": 0.5}, "device_hours": {"climate": 0.01}})


def test_best_and_interval_stand_in_one_unit():
    shown = figures.figure(sample(), "climate")
    assert str(shown).startswith("266 t CO₂e [")
    assert shown.low < shown.best < shown.high


def test_a_footprint_without_draws_shows_no_interval():
    footprint = assess(Activity.of([{"amount": 1000.0}]), PLACE, ONE, draws=0)
    assert str(figures.figure(footprint)) == "500 kg CO₂e"


def test_water_is_what_is_consumed_and_leaves_scarcity_out():
    footprint = sample()
    parts = ("water_on_site", "water_off_site", "water_embodied")
    assert figures.figure(footprint, "water").best == pytest.approx(sum(footprint.best(p) for p in parts))


def test_the_cells_of_a_breakdown_sum_to_the_total():
    footprint = sample()
    parts = figures.cells(footprint, "climate", "stage", "component", "flow")
    assert sum(parts.values()) == pytest.approx(footprint.best("climate"))
    assert parts["training", "manufacture", "device_hours/a100-80"] == pytest.approx(1.08e6 * 0.0065)


def test_the_headline_says_how_much_is_measured_and_how_much_modelled():
    assert figures.said_methods(sample()) == "49 % measured, 51 % modelled"
    assert figures.said_methods(sample(metered=False)) == "0 % measured, 100 % modelled"


def test_declared_energy_is_called_neither_measured_nor_modelled():
    footprint = assess(Activity.of([{"amount": 10.0, "method": "declared"}]), PLACE, ONE)
    assert figures.said_methods(footprint) == "0 % measured, 100 % declared"


def test_a_server_is_not_counted_beside_the_devices_it_holds():
    rows = [{"flow": "device_hours/h100", "amount": 80.0}, {"flow": "device_hours/server:dgx", "amount": 10.0}]
    assert figures.device_hours(assess(Activity.of(rows), PLACE, ONE)) == 80.0


@pytest.mark.parametrize(("share", "said"), [(0.0, "0 %"), (0.004, "< 1 %"), (0.38, "38 %"), (0.997, "> 99 %"), (1.0, "100 %")])
def test_a_trace_is_never_printed_as_nothing(share, said):
    assert figures.percent(share) == said


def test_many_scenarios_are_refused_with_the_mend():
    footprint = assess(Activity.of([{"amount": np.ones((3, 1))}]), PLACE, ONE)
    with pytest.raises(BadInput, match="report one scenario at a time"):
        figures.single(footprint)


def test_a_footprint_of_nothing_is_refused():
    with pytest.raises(BadInput, match="no priced rows"):
        figures.single(assess(Activity.of([]), PLACE, ONE))
