"""The tables' factors are of the impact methods that studies name, and of no other."""

from __future__ import annotations

import re

import pytest

import jevons
from jevons.core.activity import Activity
from jevons.core.errors import StudyMismatch
from jevons.core.study import IMPACT_METHODS, Study
from jevons.world import catalog

ROWS = Activity.of([{"amount": 1.0}, {"amount": 1.0, "flow": "device_hours/a100-sxm-80gb"}, {"amount": 1.0, "flow": "water/on_site"}])


def test_every_method_of_climate_has_rows_of_warming_potentials():
    held = {(row["assessment"], row["horizon_years"]) for row in catalog.table("gwp")}
    named = [re.fullmatch(r"GWP(\d+) (AR\d)", m) for m, i in IMPACT_METHODS.items() if i == "climate"]
    assert len(named) == 4
    assert all(m and (m[2], m[1]) in held for m in named)


def test_the_tables_are_of_methods_that_exist_each_for_its_own_indicator():
    assert all(IMPACT_METHODS[method] == indicator for indicator, method in catalog.METHODS.items())
    assert all(Study().method_of(i) in ("", m) for i, m in catalog.METHODS.items())


@pytest.mark.parametrize("flow", ["electricity", "device_hours"])
@pytest.mark.parametrize("method", ["GWP20 AR6", "GWP100 AR5, AWARE 2.0"])
def test_factors_of_the_tables_are_not_labelled_with_another_method(flow, method):
    rows = ROWS.take(ROWS.flow_mask(flow).nonzero()[0])
    with pytest.raises(StudyMismatch, match=f"climate factor for {flow}.* is of GWP100 AR6, the study asks for {method[:9]}"):
        jevons.footprint(rows, "France", Study(impact_method=method, indicators=("climate",)))


def test_who_states_every_factor_may_state_its_method():
    study = Study(impact_method="GWP20 AR6", indicators=("climate",))
    one = Activity.of([{"amount": 1.0, "boundary": "facility"}])
    assert jevons.footprint(one, jevons.site("France", intensity="80 g/kWh"), study).best() == pytest.approx(0.08)


def test_every_indicator_of_the_tables_names_its_method():
    study = Study(indicators=("climate", "water_scarcity", "primary_energy", "abiotic_depletion"), cutoffs=("abiotic_depletion", "device_hours/primary_energy"))
    found = jevons.footprint(ROWS, "France", study).priced
    assert {p.indicator: p.factor.method for p in found} == {i: catalog.METHODS[i] for i in {p.indicator for p in found}}
    assert {"climate", "water_scarcity", "primary_energy"} == {p.indicator for p in found}
