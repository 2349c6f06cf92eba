"""FOCUS: our columns beside a bill's, summing to the footprint."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report.standards import focus

PLACE, STUDY = ConstantPlace({"electricity": {"climate": 0.4}}), Study(indicators=("energy", "climate"))


def footprint(*rows):
    return assess(Activity.of(rows), PLACE, STUDY, draws=0)


def total(table, column):
    return sum(row[column] or 0.0 for row in table)


def test_columns_of_our_own_begin_with_x_and_come_last():
    names = list(focus.rows(footprint({"amount": 1.0}))[0])
    ours = [n for n in names if n.startswith("x_")]
    assert names == [*focus.KEYS, *ours]
    assert all(re.fullmatch(r"x_[A-Z][A-Za-z0-9]{0,47}", n) for n in ours)


def test_times_are_utc_with_the_end_exclusive_and_null_where_not_dated():
    dated, undated = focus.rows(footprint({"amount": 1.0, "start_s": 0.0, "end_s": 3600.0}, {"amount": 2.0}))
    assert (dated["ChargePeriodStart"], dated["ChargePeriodEnd"]) == ("1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z")
    assert undated["ChargePeriodStart"] is None


def test_rows_sum_to_the_footprint():
    held = footprint(*({"amount": float(i), "device": f"d{i % 3}", "owner": f"o{i % 2}"} for i in range(1, 20)))
    table = focus.rows(held)
    assert len(table) == 6
    assert total(table, "x_CarbonEmissionsKg") == pytest.approx(held.best())
    assert total(table, "x_EnergyKwh") == pytest.approx(held.best("energy"))


BILL = [{"ResourceId": r, "RegionId": "constant", "EffectiveCost": c, "BilledCost": "1"} for r, c in (("a", "3"), ("a", "1"), ("b", "0"), ("z", "9"))]


def test_a_resource_billed_twice_is_shared_out_by_its_cost():
    made = focus.beside(BILL, focus.rows(footprint({"amount": 8.0, "device": "a"})))
    assert [row["x_EnergyKwh"] for row in made] == [pytest.approx(6.0), pytest.approx(2.0), None, None]
    assert made[0]["BilledCost"] == "1"


def test_what_no_bill_names_follows_with_no_cost():
    made = focus.beside(BILL, focus.rows(footprint({"amount": 8.0, "device": "c"}, {"amount": 1.0})))
    assert len(made) == len(BILL) + 2
    assert "EffectiveCost" not in made[-1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcz"), st.floats(0, 1e6)), min_size=1, max_size=8),
       st.lists(st.tuples(st.sampled_from("abcd"), st.floats(1e-3, 1e6)), min_size=1, max_size=8))  # fmt: skip
def test_beside_a_bill_the_columns_still_sum_to_the_footprint(bill, used):
    billed = [{"ResourceId": r, "EffectiveCost": str(c)} for r, c in bill]
    held = footprint(*({"amount": kwh, "device": d} for d, kwh in used))
    made = focus.beside(billed, focus.rows(held))
    assert sum(row.get("x_CarbonEmissionsKg") or 0.0 for row in made) == pytest.approx(held.best(), rel=1e-9)


def test_another_region_is_another_resource():
    made = focus.beside([{"ResourceId": "a", "RegionId": "elsewhere", "EffectiveCost": "1"}], focus.rows(footprint({"amount": 8.0, "device": "a"})))
    assert made[0]["x_EnergyKwh"] is None


def test_a_bill_that_is_none_is_refused():
    with pytest.raises(BadInput, match="EffectiveCost"):
        focus.beside([{"ResourceId": "a"}], focus.rows(footprint({"amount": 1.0, "device": "a"})))
    with pytest.raises(BadInput, match="numbers"):
        focus.beside([{"ResourceId": "a", "EffectiveCost": "ten"}], focus.rows(footprint({"amount": 1.0, "device": "a"})))


def test_the_share_measured_stays_a_share_however_rows_meet():
    rows = focus.rows(footprint({"amount": 6.0, "device": "a", "stage": "x", "method": "counter"}, {"amount": 2.0, "device": "a", "stage": "y"}))
    made = focus.beside(BILL, rows)
    assert [row["x_MeasuredShare"] for row in made[:2]] == [pytest.approx(0.75), pytest.approx(0.75)]
    assert sum(row["x_EnergyKwh"] * row["x_MeasuredShare"] for row in made[:2]) == pytest.approx(6.0)


def test_two_accountings_never_meet_on_one_row_of_a_bill():
    one, other = (focus.rows(footprint({"amount": 1.0, "device": "a"})) for _ in range(2))
    other[0]["x_AccountingBasis"] = "market-based"
    with pytest.raises(StudyMismatch, match="market-based"):
        focus.beside(BILL, one + other)


@pytest.mark.parametrize("cost", ["inf", "nan"])
def test_a_cost_that_is_not_finite_is_refused(cost):
    with pytest.raises(BadInput, match="finite"):
        focus.beside([{"ResourceId": "a", "EffectiveCost": cost}], focus.rows(footprint({"amount": 1.0, "device": "a"})))
