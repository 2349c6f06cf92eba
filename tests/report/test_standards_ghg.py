"""The greenhouse gas statement: scopes that sum to the footprint, both sides of scope 2, nothing netted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standards_sample import KG_PER_KWH, priced, sides

from jevons.core.activity import Activity
from jevons.core.errors import BadInput, StudyMismatch
from jevons.report.standards import Boundary, Sides, ghg_statement, ghg_text

KWH = priced().best("energy")


def line(told, scope, what=None):
    return next(x for x in told["lines"] if x["scope"] == scope and what in (None, x["what"]))


def numbers(value):
    """Every number of a nested value, with its path."""
    if isinstance(value, dict):
        return {f"{k}.{p}": n for k, v in value.items() for p, n in numbers(v).items()}
    if isinstance(value, list):
        return {f"{i}.{p}": n for i, v in enumerate(value) for p, n in numbers(v).items()}
    return {"": value} if isinstance(value, (int, float)) and not isinstance(value, bool) else {}


def test_scope_2_is_direct_and_upstream_is_the_difference():
    told = ghg_statement([sides()])
    assert told["scopes"]["2"]["location_based"] == pytest.approx(KWH * 0.31 / 1000)
    assert line(told, "3.3")["location_t_co2e"] == pytest.approx(KWH * (0.35 - 0.31) / 1000)


def test_location_based_total_is_the_life_cycle_footprint():
    told = ghg_statement([sides()])
    assert told["totals"]["location_based"] == pytest.approx(priced().best() / 1000, rel=1e-12)
    assert told["totals"]["low"] == pytest.approx(priced().interval()[0] / 1000)


def test_the_market_side_differs_in_scope_2_alone():
    told = ghg_statement([sides()])
    assert told["scopes"]["2"]["market_based"] == pytest.approx(KWH * 0.12 / 1000)
    assert told["scopes"]["3"]["market_based"] == told["scopes"]["3"]["location_based"]
    difference = told["totals"]["location_based"] - told["totals"]["market_based"]
    assert difference == pytest.approx(KWH * (0.31 - 0.12) / 1000)


def test_without_contracts_the_market_side_is_not_known_and_never_the_location_side():
    told = ghg_statement([sides(market=False)])
    assert told["scopes"]["2"]["market_based"] is None
    assert told["totals"]["market_based"] is None
    assert any("contracts" in said for said in told["not_known"])


def test_scope_1_is_not_called_zero():
    told = ghg_statement([sides()])
    assert told["scopes"]["1"] is None
    assert told["not_known"][0].startswith("1 direct emissions")


@settings(max_examples=25, deadline=None)
@given(credits=st.floats(0, 1e9))
def test_carbon_credits_change_no_figure(credits):
    entries = [sides()]
    without, with_them = ghg_statement(entries), ghg_statement(entries, credits_t=credits)
    assert with_them.pop("carbon_credits") == {"t_co2e": credits, "netted": False, "note": "shown apart; no figure above is reduced by them"}
    without.pop("carbon_credits")
    assert with_them == without


def test_credits_below_zero_are_refused():
    for wrong in (-1.0, float("nan")):
        with pytest.raises(BadInput, match="carbon credits"):
            ghg_statement([sides()], credits_t=wrong)


def test_a_bought_service_is_category_1_whole():
    told = ghg_statement([sides(tenure="service", market=False)])
    assert set(told["categories"]) == {"3.1 purchased goods and services"}
    assert told["totals"]["location_based"] == pytest.approx(priced().best() / 1000)
    assert told["totals"]["market_based"] == told["totals"]["location_based"]


def test_a_leased_machine_is_scope_2_of_who_operates_it_and_category_8_of_who_does_not():
    mine = ghg_statement([sides(tenure="leased")], Boundary("operational control"))
    theirs = ghg_statement([sides(tenure="leased")], Boundary("financial control"))
    assert mine["scopes"]["2"]["location_based"] == pytest.approx(KWH * 0.31 / 1000)
    assert line(mine, "3.8")["what"] == "making the hardware"
    assert set(theirs["categories"]) == {"3.8 upstream leased assets"}
    assert theirs["totals"]["location_based"] == pytest.approx(mine["totals"]["location_based"])


def test_equity_share_counts_its_share_of_own_operations_and_all_that_is_bought():
    both = [sides("own"), sides("cloud", "service", market=False)]
    whole, part = ghg_statement(both, Boundary("equity share")), ghg_statement(both, Boundary("equity share", 0.4))
    assert part["scopes"]["2"]["location_based"] == pytest.approx(0.4 * whole["scopes"]["2"]["location_based"])
    assert line(part, "3.2")["location_t_co2e"] == pytest.approx(0.4 * line(whole, "3.2")["location_t_co2e"])
    assert line(part, "3.1")["location_t_co2e"] == line(whole, "3.1")["location_t_co2e"]


def test_a_percentage_without_equity_share_is_refused():
    with pytest.raises(BadInput, match="belongs to equity share"):
        Boundary("operational control", 0.5)
    for wrong in (0.0, 1.5, float("nan")):
        with pytest.raises(BadInput, match="share"):
            Boundary("equity share", wrong)
    with pytest.raises(BadInput, match="operational control, financial control, equity share"):
        Boundary("control")


def test_factors_that_contradict_each_other_leave_the_upstream_unknown():
    told = ghg_statement([sides(rates={**KG_PER_KWH, ("location", "direct"): 0.36})])
    assert line(told, "3.3")["location_t_co2e"] is None
    assert "contradict" in line(told, "3.3")["note"]
    assert told["scopes"]["2"]["location_based"] == pytest.approx(KWH * 0.36 / 1000)


def test_with_a_life_cycle_factor_alone_scope_2_holds_the_upstream_and_says_so():
    told = ghg_statement([Sides("run", priced(), None)])
    assert told["scopes"]["2"]["location_based"] == pytest.approx(KWH * 0.35 / 1000)
    assert any("held in scope 2" in said for said in told["not_known"])


def test_with_a_direct_factor_alone_the_upstream_is_not_known():
    told = ghg_statement([Sides("run", None, priced(scope="direct"))])
    assert line(told, "3.3")["location_t_co2e"] is None
    assert told["scopes"]["2"]["location_based"] == pytest.approx(KWH * 0.31 / 1000)


def test_a_price_of_another_kind_is_refused():
    with pytest.raises(StudyMismatch, match="location-based with direct factors"):
        Sides("run", priced(), priced())
    with pytest.raises(BadInput, match="no location-based footprint"):
        Sides("run", None, None, priced("market", "direct"))
    with pytest.raises(BadInput, match="owned, leased, service"):
        Sides("run", priced(), None, tenure="borrowed")


def test_nothing_to_report_is_refused():
    with pytest.raises(BadInput, match="at least one result"):
        ghg_statement([])


def test_bounds_of_a_line_lie_about_it_and_not_below_zero():
    for x in ghg_statement([sides()])["lines"]:
        assert 0 <= x["low"] <= x["location_t_co2e"] <= x["high"]


def test_travel_and_transfer_have_their_own_categories():
    rows = [{"flow": "travel", "amount": 100.0}, {"flow": "transfer", "amount": 5.0}, {"amount": 10.0}]
    from jevons.core.assess import assess
    from jevons.core.factor import ConstantPlace
    from jevons.core.study import Study

    place = ConstantPlace({"travel": {"climate": 0.1}, "transfer": {"climate": 0.01, "energy": 0.05}, "electricity": {"climate": 0.4}})
    footprint = assess(Activity.of(rows), place, Study(indicators=("energy", "climate")), draws=0)
    told = ghg_statement([Sides("mixed", footprint, None)])
    assert told["categories"]["3.6 business travel"]["location_based"] == pytest.approx(0.01)
    assert told["categories"]["3.1 purchased goods and services"]["location_based"] == pytest.approx(0.05e-3)


def test_the_text_shows_both_sides_and_what_is_not_known():
    text = ghg_text(ghg_statement([sides()], organisation="Acme <b>", period="2023"))
    assert "| 2 purchased electricity | " in text
    assert "location-based, t CO₂e | market-based" in text
    assert "- 1 direct emissions: fuel burnt" in text
    assert "Carbon credits: 0 t" in text


ONE, LIFE = sides(), priced().best() / 1000


@settings(max_examples=60, deadline=None)
@given(tenures=st.lists(st.sampled_from(("owned", "leased", "service")), min_size=1, max_size=5),
       approach=st.sampled_from(("operational control", "financial control", "equity share")), share=st.floats(0.01, 1.0))  # fmt: skip
def test_however_machines_are_held_nothing_is_lost_or_counted_twice(tenures, approach, share):
    bounds = Boundary(approach, share if approach == "equity share" else 1.0)
    entries = [Sides(f"{i}", ONE.lifecycle, ONE.direct, ONE.market, t) for i, t in enumerate(tenures)]
    told = ghg_statement(entries, bounds)
    expected = sum(LIFE * bounds.counts(t) for t in tenures)
    assert told["totals"]["location_based"] == pytest.approx(expected, rel=1e-9)
    assert sum(x["location_t_co2e"] for x in told["lines"]) == pytest.approx(expected, rel=1e-9)
    assert told["scopes"]["2"]["location_based"] + told["scopes"]["3"]["location_based"] == pytest.approx(expected, rel=1e-9)
    assert sum(v["location_based"] for v in told["categories"].values()) == pytest.approx(expected, rel=1e-9)
    owned = sum(bounds.counts(t) for t in tenures if bounds.owns(t))
    assert told["totals"]["market_based"] == pytest.approx(expected - owned * KWH * (0.31 - 0.12) / 1000, rel=1e-9)


def test_credits_without_end_are_refused():
    with pytest.raises(BadInput, match="carbon credits"):
        ghg_statement([sides()], credits_t=float("inf"))


def test_results_of_different_impact_methods_are_not_summed():
    other = sides("other")
    odd = replace(other.lifecycle, study=other.lifecycle.study.with_(impact_method="GWP20 AR6"))
    with pytest.raises(StudyMismatch, match="GWP20"):
        ghg_statement([sides(), replace(other, lifecycle=odd)])


def test_what_ran_outside_the_year_reported_is_said():
    at = 1_704_067_200.0  # 1 January 2024, 00:00 UTC
    rows = [{"amount": 5.0, "start_s": at - 7200, "end_s": at - 3600}, {"amount": 3.0, "start_s": at, "end_s": at + 3600}]
    entries = [sides(activity=Activity.of(rows))]
    (said,) = [x for x in ghg_statement(entries, period="2023")["assumptions"] if x.startswith("period")]
    kwh = entries[0].any.inventory.where(flow="electricity").total()[0] * 3 / 8
    assert f"{kwh:.3g} kWh of 1 of 1 entries (run) ran in another year" in said
    assert not any(x.startswith("period") for x in ghg_statement(entries, period="winter")["assumptions"])
    assert not any(x.startswith("period") for x in ghg_statement([sides()], period="2023")["assumptions"])


def test_however_many_ran_in_another_year_it_is_said_in_one_line():
    at = 1_704_067_200.0
    late = [sides(f"run {i}", activity=Activity.of([{"amount": 3.0, "start_s": at, "end_s": at + 3600}])) for i in range(5)]
    (said,) = [x for x in ghg_statement(late, period="2023")["assumptions"] if x.startswith("period")]
    assert "5 of 5 entries (run 0, run 1, run 2, ...)" in said


def test_entries_that_count_no_hardware_are_said():
    bare = sides("bare", activity=Activity.of([{"amount": 5.0}]))
    assert "making the hardware: not counted in 1 of 2 entries" in ghg_statement([sides(), bare])["not_known"]
    assert not any("making the hardware: not counted" in said for said in ghg_statement([sides()])["not_known"])


def test_what_the_study_leaves_out_is_said():
    assert ghg_statement([sides(), sides("other")])["not_known"][-1] == "left out of these results: end of life, building, network outside the site"
