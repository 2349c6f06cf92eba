"""Standards: SCI, Annex XI, greenhouse gas scopes."""

from __future__ import annotations

import pytest
from report_sample import STUDY, sample

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report import standards


def test_sci_is_energy_times_intensity_plus_embodied_per_unit():
    score = standards.sci(sample(), "1k tokens")
    assert score["sci"] == pytest.approx(score["E_kwh"] * score["I_g_per_kwh"] + score["M_g"])
    assert score["I_g_per_kwh"] == pytest.approx(350.0)
    assert score["unit"] == "gCO2e/1k tokens"
    low, high = score["interval"]
    assert low < score["sci"] < high


def test_sci_is_what_a_hand_computes():
    rows = [{"amount": 100.0}, {"flow": "device_hours/x", "amount": 10.0}]
    activity = Activity.of(rows, served={"request": 1000.0})
    place = ConstantPlace({"electricity": {"climate": 0.4}, "device_hours": {"climate": 0.05}})
    score = standards.sci(assess(activity, place, Study(indicators=("energy", "climate")), draws=0), "1 request")
    assert score["sci"] == pytest.approx((100 * 400 + 10 * 50) / 1000)


def test_without_a_declared_unit_there_is_no_score():
    score = standards.sci(sample())
    assert score["sci"] is None
    assert score["R"] is None
    assert score["M_g"] > 0


def test_sci_refuses_market_based_factors():
    footprint = sample()
    market = type(footprint)(footprint.inventory, footprint.priced, STUDY.with_(accounting="market"))
    with pytest.raises(StudyMismatch, match="location-based"):
        standards.sci(market, "1k tokens")


def test_sci_of_a_unit_never_served_is_refused():
    with pytest.raises(BadInput, match="token"):
        standards.sci(sample(), "1 image")


def test_a_result_without_hardware_has_no_m_and_says_what_is_lacking():
    place = ConstantPlace({"electricity": {"climate": 0.4}})
    bare = standards.sci(assess(Activity.of([{"amount": 5.0}], served={"run": 1.0}), place, Study(indicators=("energy", "climate")), draws=0), "1 run")
    assert bare["M_g"] is None
    assert "counts no hardware" in bare["lacking"]
    assert bare["sci"] == pytest.approx(bare["E_kwh"] * bare["I_g_per_kwh"])
    assert standards.sci(sample())["lacking"] is None


def test_annex_xi_states_energy_resources_and_how_it_is_known():
    text = standards.annex_xi(sample(), "Sample-176B", flop=3.7e23, days=105)
    for words in ("3.70e+23 floating-point operations", "105 days", "731 MWh (5–95 %: 584–936 MWh)",
                  "partly known, partly estimated", "tier: physics", "facility overhead included"):  # fmt: skip
        assert words in text


def test_annex_xi_says_what_was_not_given():
    text = standards.annex_xi(sample(metered=False), "Sample-176B")
    assert "operations not stated" in text
    assert "training time not stated" in text
    assert ", estimated (0 % measured" in text


def test_annex_xi_calls_declared_energy_known():
    place = ConstantPlace({"electricity": {"climate": 0.4}})
    rows = [{"amount": 5e5, "method": "declared", "boundary": "facility"}]
    text = standards.annex_xi(assess(Activity.of(rows), place, Study(indicators=("energy", "climate"))), "M")
    assert ", known (0 % measured, 100 % declared)" in text
    assert "modelled" not in text
