"""What a study cuts off is in no total, and stands beside it: counted and left out together are all."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_sample import CLIMATE, PLACE, UNSURE, HourlyPlace, activities, drawn, one, row

from jevons.core.activity import Activity, joined
from jevons.core.assess import assess
from jevons.core.errors import BadInput, MissingFactor, StudyMismatch
from jevons.core.factor import ConstantPlace
from jevons.core.study import DEFAULT_INDICATORS, Study

WORDS = ("gpu", "cpu", "fan", "climate", "cost", "electricity", "device_hours", "device_hours/h100", "water/on_site",
         "gpu/climate", "fan/energy", "electricity/climate", "water/water_scarcity", "building")  # fmt: skip
CUTOFFS = st.lists(st.sampled_from(WORDS), max_size=4).map(tuple)


def all_of(footprint, indicator):
    """Counted and left out together."""
    parts = [footprint.total(indicator)] if indicator in footprint.indicators else []
    return sum([*parts, *footprint.left_out(indicator).values()], np.zeros(1))


@given(activities(), CUTOFFS)
def test_what_counts_and_what_is_left_out_are_together_all(a, cutoffs):
    whole = assess(a, UNSURE, Study(cutoffs=()), draws=40)
    cut = assess(a, UNSURE, Study(cutoffs=cutoffs), draws=40)
    for indicator in whole.indicators:
        total, found = np.broadcast_arrays(whole.total(indicator), all_of(cut, indicator))
        assert np.allclose(total, found, rtol=1e-9, atol=1e-9)


@given(activities(), CUTOFFS)
def test_no_row_that_counts_is_one_that_is_cut_off(a, cutoffs):
    study = Study(cutoffs=cutoffs)
    footprint = assess(a, UNSURE, study, draws=40)
    for p in footprint.priced:
        rows = footprint.inventory.take(p.rows)
        names = zip(*(rows.column(n) for n in ("flow", "stage", "component")), strict=True)
        assert not any(study.cutoff_of(p.indicator, *name) for name in names)


@given(activities(), CUTOFFS)
def test_the_rows_of_an_explanation_are_the_total_and_it_says_what_is_left_out(a, cutoffs):
    a = a if a.amount.ndim == 2 else replace(a, amount=a.amount.reshape(len(a), -1)[:, :1])
    footprint = assess(a, UNSURE, Study(cutoffs=cutoffs), draws=20)
    for indicator in footprint.indicators:
        explanation = footprint.explain(indicator)
        assert explanation.recomputed == pytest.approx(footprint.best(indicator), rel=1e-9, abs=1e-9)
        assert explanation.left_out.keys() == footprint.left_out(indicator).keys()


@given(activities(), activities(), CUTOFFS)
def test_what_is_left_out_of_a_sum_is_the_sum_of_what_is_left_out(a, b, cutoffs):
    study = Study(cutoffs=cutoffs)
    apart, together = assess(a, UNSURE, study, 40) + assess(b, UNSURE, study, 40), assess(a + b, UNSURE, study, 40)
    for indicator in DEFAULT_INDICATORS:
        one_way, other = apart.left_out(indicator), together.left_out(indicator)
        assert one_way.keys() == other.keys()
        assert all(np.allclose(*np.broadcast_arrays(one_way[c], other[c])) for c in other)


def test_a_component_that_is_cut_off_stands_beside_the_total_with_its_amount():
    a = Activity.of([row(1.0, component="gpu"), row(2.0, component="fan")], served={"token": 4.0})
    footprint = assess(a, PLACE, CLIMATE.with_(cutoffs=("fan", "building")))
    assert footprint.best() == pytest.approx(0.4)
    assert {c: float(v[0]) for c, v in footprint.left_out().items()} == {"fan": pytest.approx(0.8)}
    assert str(footprint).splitlines() == ["climate          400 g", "left out: climate 800 g"]
    assert "left out fan: 800.0 g" in str(footprint.explain())
    assert list(footprint.inventory.column("component")) == ["gpu"]
    halved = footprint.per("2 tokens")
    assert (halved.best(), float(halved.left_out()["fan"][0])) == (pytest.approx(0.2), pytest.approx(0.4))


def test_what_is_supplied_for_a_component_goes_with_it():
    class Roomy(ConstantPlace):
        def supply(self, demand, draws):
            return demand + demand.label(component="facility overhead")

    place = Roomy({"electricity": {"climate": 1.0}}, name="here")
    footprint = assess(one(3.0, component="gpu") + one(1.0, component="cpu"), place, CLIMATE.with_(cutoffs=("gpu",)))
    assert (footprint.best(), float(footprint.left_out()["gpu"][0])) == (2.0, 6.0)


def test_of_hourly_factors_each_row_keeps_its_own():
    a = Activity.of([row(1.0, stage="x"), row(1.0, stage="y"), row(1.0, stage="x")])
    place = HourlyPlace({}, series=np.array([1.0, 10.0, 100.0]))
    for cutoff in ("x/climate", "y/climate"):
        footprint = assess(a, place, CLIMATE.with_(cutoffs=(cutoff,)), draws=0)
        counted, cut = (10.0, 101.0) if cutoff[0] == "x" else (101.0, 10.0)
        assert (footprint.best(), float(footprint.left_out()[cutoff][0])) == (counted, cut)


def test_what_is_cut_off_needs_no_factor_and_the_rest_does():
    bare, a = ConstantPlace({}, name="bare"), one(1.0, stage="x") + one(1.0, stage="y")
    assert assess(a, bare, CLIMATE.with_(cutoffs=("x", "y"))).indicators == ()
    with pytest.raises(MissingFactor, match="no climate factor for electricity at bare"):
        assess(a, bare, CLIMATE.with_(cutoffs=("x",)))


def test_an_activity_cut_off_as_a_whole_holds_nothing_and_keeps_what_was_served():
    a = Activity.of([row(1.0, stage="x", site="a"), row(2.0, stage="y", site="b")], served={"token": 9.0})
    at = {"a": PLACE, "b": PLACE}
    nothing = assess(a, at, CLIMATE.with_(cutoffs=("x", "y")))
    assert (len(nothing.inventory), float(nothing.left_out()["x"][0])) == (0, 0.4)
    with pytest.raises(BadInput, match="this footprint holds nothing"):
        nothing.total()
    half = assess(a, at, CLIMATE.with_(cutoffs=("x",)))
    assert half.inventory.served["token"].tolist() == [9.0]
    assert half.measured_share() == 0.0


def test_footprints_of_other_cut_offs_are_not_compared():
    with pytest.raises(StudyMismatch, match="cutoffs"):
        assess(one(), PLACE, CLIMATE) - assess(one(), PLACE, CLIMATE.with_(cutoffs=()))


def test_a_footprint_with_something_left_out_survives_pickling():
    footprint = assess(drawn(component="gpu") + one(), UNSURE, Study(cutoffs=("gpu",)))
    assert str(pickle.loads(pickle.dumps(footprint))) == str(footprint)


def test_parts_of_one_activity_are_told_apart_by_their_cut_off():
    a = joined([one(float(n), component=c) for n, c in enumerate(("gpu", "cpu", "fan"), 1)])
    footprint = assess(a, PLACE, CLIMATE.with_(cutoffs=("cpu", "fan")))
    assert list(footprint.left_out()) == ["fan", "cpu"]
