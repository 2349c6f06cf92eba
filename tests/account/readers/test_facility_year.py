"""A building's year, summed for the European database of data centres."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.account.readers.facility_year import facility_year
from jevons.account.readers.metering import Meters
from jevons.core.errors import BadInput, UnknownName

HOUR = 3600.0
NEW_YEAR = 1_735_689_600.0  # 2025-01-01, UTC
ROLES = {"main": "main", "ups": "sub", "rack": "sub", "pv": "pv", "out": "export", "heat": "heat"}
ABOVE = {"ups": "main", "rack": "ups"}


def of(n=3, start=NEW_YEAR, **kwh):
    begun = start + HOUR * np.arange(n)
    held = {name: np.asarray(values, float) for name, values in kwh.items()}
    return Meters(begun, begun + HOUR, held, {m: ROLES[m] for m in held}, {m: a for m, a in ABOVE.items() if m in held and a in held}, "France")


def test_what_is_exported_is_neither_used_nor_renewable_on_site():
    found = facility_year(of(main=[10, 2, 0], ups=[8, 8, 7], pv=[0, 8, 12], out=[0, 0, 4]), ["ups"])
    assert found.used_kwh == pytest.approx(10 + 10 + 8)
    assert found.computers_kwh == pytest.approx(23)
    assert found.on_site_kwh == pytest.approx(8 + 8)
    assert found.bought.total()[0] == pytest.approx(12)


def test_what_no_meter_is_of_is_not_called_zero():
    found = facility_year(of(main=[10, 10, 10], ups=[8, 8, 8]), ["ups"])
    assert found.on_site_kwh is None
    assert found.reused_kwh is None


def test_heat_handed_on_is_summed_from_the_meters_named():
    assert facility_year(of(main=[10, 10, 10], ups=[8, 8, 8], heat=[1, 2, 3]), ["ups"], ["heat"]).reused_kwh == pytest.approx(6)


def test_a_year_with_gaps_and_readings_missing_say_so():
    found = facility_year(of(main=[10, 10, 10], ups=[8, np.nan, 8]), ["ups"])
    assert found.covered == pytest.approx(3 / 8760)
    said = " ".join(map(str, found.notes))
    assert "of the year" in said
    assert "readings of ups = 1 missing" in said


def test_one_year_is_taken_and_several_are_asked_about():
    both = of(4, NEW_YEAR - 2 * HOUR, main=[1, 1, 5, 5], ups=[1, 1, 4, 4])
    with pytest.raises(BadInput, match="2024 to 2025"):
        facility_year(both, ["ups"])
    assert facility_year(both, ["ups"], year=2025).used_kwh == pytest.approx(10)
    with pytest.raises(BadInput, match="2024, 2025"):
        facility_year(both, ["ups"], year=2023)


@pytest.mark.parametrize(("computers", "reused", "words"), [
    ([], [], "name the meters of the IT equipment"), (["ups", "rack"], [], "count twice"), (["pv"], [], "its role is pv"),
    (["ups"], ["pv"], "not heat"), (["rack", "rack"], [], "once"),
])  # fmt: skip
def test_meters_that_would_not_do_are_refused(computers, reused, words):
    with pytest.raises(BadInput, match=words):
        facility_year(of(main=[10] * 3, ups=[8] * 3, rack=[7] * 3, pv=[1] * 3), computers, reused)


def test_a_meter_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(UnknownName, match="ups"):
        facility_year(of(main=[10] * 3, ups=[8] * 3), ["UPS"])


def test_without_a_main_meter_there_is_no_total():
    with pytest.raises(BadInput, match="what the site imports"):
        facility_year(of(ups=[8] * 3), ["ups"])


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=20))
def test_what_was_bought_and_made_on_site_is_all_that_was_used(hours):
    main, pv, share = map(np.array, zip(*hours, strict=True))
    found = facility_year(of(len(hours), main=main, ups=main, pv=pv, out=pv * share), ["ups"])
    assert found.bought.total()[0] + found.on_site_kwh == pytest.approx(found.used_kwh, abs=1e-6)
