"""ESRS E1, BoAmps, AI Energy Score, Annex XI: what is filled, what is left to the reporter, what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from report_sample import run, sample
from standards_sample import priced, sides

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
from jevons.report.standards import (
    Boundary,
    Sides,
    ai_energy_score,
    annex_xi_record,
    boamps,
    esrs_statement,
    esrs_table,
    esrs_text,
)
from jevons.report.standards.ai_energy_score import stars
from jevons.report.standards.annex_xi import months
from jevons.report.standards.esrs import nuclear_share
from means import needs

MWH = priced().best("energy") / 1000
CONTRACTS = {"consumption_kwh": MWH * 1000, "by_kind_kwh": {"certificate": 100_000.0, "ppa": 0.0, "supplier": 0.0},
             "uses": [{"fuel": "wind", "site": "north", "kwh": 60_000.0}, {"fuel": "nuclear", "site": "north", "kwh": 40_000.0}]}  # fmt: skip


def point(points, name):
    return next(p for p in points if p["name"] == name)


# ---- ESRS E1


def test_energy_sums_to_fossil_nuclear_and_renewable():
    points = esrs_statement([sides()], contracts=CONTRACTS)["E1-5"]
    value = {p["xbrl"]: p["value"] for p in points if p["xbrl"]}
    total = value["esrs:EnergyConsumptionRelatedToOwnOperations"]
    assert total == pytest.approx(MWH)
    assert value["esrs:EnergyConsumptionFromRenewableSources"] == pytest.approx(60.0)
    assert sum(value[f"esrs:EnergyConsumptionFrom{x}Sources"] for x in ("Fossil", "Nuclear", "Renewable")) == pytest.approx(total)


def test_without_a_contract_no_electricity_is_renewable():
    points = esrs_statement([sides(market=False)])["E1-5"]
    assert point(points, "Total energy consumption from renewable sources")["value"] == 0.0


def test_the_rest_is_parted_by_the_country_s_generation_and_fossil_where_that_is_unknown():
    assert 0.85 < nuclear_share("France") < 0.99
    assert nuclear_share("Poland") == 0.0
    assert nuclear_share("north") == 0.0
    assert nuclear_share("us-central1") == nuclear_share("United States")


def test_totals_are_told_twice_with_their_intensities():
    points = esrs_statement([sides()], revenue=2e6)["E1-6"]
    value = {p["xbrl"]: p["value"] for p in points if p["xbrl"]}
    for side in ("Location", "Market"):
        total = value[f"esrs:{side}BasedGreenhouseGasEmissions"]
        intensity = value[f"esrs:GHGEmissionsIntensity{side}basedTotalGHGEmissionsPerNetRevenue"]
        assert intensity == pytest.approx(total / 2e6)
    assert value["esrs:LocationBasedGreenhouseGasEmissions"] > value["esrs:MarketBasedGreenhouseGasEmissions"]
    assert value["esrs:GrossScope1GreenhouseGasEmissions"] is None


def test_without_revenue_the_intensities_are_not_known():
    points = esrs_statement([sides()])
    assert point(points["E1-5"], "Energy intensity per net revenue")["value"] is None
    assert all(p["value"] is None for p in points["E1-6"] if p["paragraph"] == "53")


def test_removals_and_credits_stand_in_e1_7_and_change_nothing_else():
    without, with_them = esrs_statement([sides()]), esrs_statement([sides()], removals_t=900.0, credits_t=1e6)
    assert [p["value"] for p in with_them["E1-7"]] == [900.0, 1e6, None]
    for part in ("E1-5", "E1-6"):
        assert with_them[part] == without[part]


def test_what_is_bought_is_no_energy_of_own_operations():
    points = esrs_statement([sides(tenure="service", market=False)])["E1-5"]
    assert points[0]["value"] == 0.0
    assert point(points, "Share of fossil sources")["value"] is None


def test_energy_of_others_networks_is_no_energy_of_own_operations():
    place = ConstantPlace({"electricity": {"climate": 0.4}, "transfer": {"energy": 0.01, "climate": 0.004}})
    rows = Activity.of([{"amount": 2000.0, "boundary": "facility"}, {"amount": 100.0, "flow": "transfer"}])
    life, direct = (assess(rows, place, Study(scope=scope, indicators=("energy", "climate")), draws=0) for scope in ("lifecycle", "direct"))
    assert esrs_statement([Sides("run", life, direct)])["E1-5"][0]["value"] == pytest.approx(2.0)


def test_cloud_services_are_a_subset_of_category_1_and_own_machines_are_not():
    points = esrs_statement([sides(), sides("cloud", "service", market=False)])["E1-6"]
    bought = point(points, "of category 1: purchased cloud computing and data centre services")["value"]
    assert bought == pytest.approx(point(points, "Scope 3 category 1 purchased goods and services")["value"])
    alone = esrs_statement([sides()])["E1-6"]
    assert point(alone, "of category 1: purchased cloud computing and data centre services")["value"] == 0


def test_instruments_are_told_bundled_and_unbundled():
    points = esrs_statement([sides()], contracts={**CONTRACTS, "by_kind_kwh": {"certificate": 60_000.0, "ppa": 30_000.0, "supplier": 10_000.0}})["E1-6"]
    share = {name: point(points, f"Share covered by {name}")["value"] for name in ("energy bundled with attributes", "unbundled energy attribute claims")}
    assert sum(share.values()) == pytest.approx(100 * 100 / MWH)
    assert share["unbundled energy attribute claims"] == pytest.approx(100 * 60 / MWH)


def test_every_category_of_scope_3_is_included_or_excluded_once():
    told = esrs_statement([sides()])["scope_3_categories"]
    numbers = [name.split()[0] for name in (*told["included"], *told["excluded"])]
    assert sorted(numbers) == sorted(f"3.{n}" for n in range(1, 16))
    assert told["why_excluded"]


def test_datapoints_as_text_and_as_table_hold_what_the_statement_holds():
    told = esrs_statement([sides()], organisation="=Acme\n<b>", revenue=1e6)
    text, rows = esrs_text(told), list(csv.DictReader(io.StringIO(esrs_table(told))))
    assert text.startswith("# Datapoints of ESRS E1 for =Acme &lt;b>\n")
    assert len(rows) == sum(len(told[part]) for part in ("E1-5", "E1-6", "E1-7"))
    assert {float(r["value"]) for r in rows if r["name"].startswith("Gross location")} == {point(told["E1-6"], "Gross location-based Scope 2 greenhouse gas emissions")["value"]}
    assert all(f"| {p['name']} |" in text for part in ("E1-5", "E1-6", "E1-7") for p in told[part])


def test_equity_share_is_no_approach_of_these_standards():
    with pytest.raises(BadInput, match="operational control"):
        esrs_statement([sides()], Boundary("equity share", 0.25))


def test_leased_machines_are_own_operations_under_operational_control_alone():
    energy = [esrs_statement([sides(tenure="leased")], Boundary(x))["E1-5"][0]["value"] for x in ("operational control", "financial control")]
    assert energy == [pytest.approx(MWH), 0.0]


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_revenue_that_is_no_revenue_is_refused(wrong):
    with pytest.raises(BadInput, match="revenue"):
        esrs_statement([sides()], revenue=wrong)


def test_removals_below_zero_are_refused():
    with pytest.raises(BadInput, match="removals"):
        esrs_statement([sides()], removals_t=-1.0)


# ---- BoAmps


def validator():
    """The format's own schema (tests/report/boamps_schema, CC BY 4.0)."""
    jsonschema = needs("jsonschema")
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT4

    held = [json.loads(p.read_text()) for p in sorted((Path(__file__).parent / "boamps_schema").glob("*.json"))]
    registry = Registry().with_resources([(x["id"], Resource.from_contents(x, DRAFT4)) for x in held])
    whole = next(x for x in held if x["title"] == "report")
    return jsonschema.Draft4Validator(whole, registry=registry)


def served(activity, **counts):
    import dataclasses

    import numpy as np

    return dataclasses.replace(activity, served={k.replace("_", " "): np.array([v]) for k, v in counts.items()})


REPORT = {"stage": "training", "family": "text generation", "country": "France", "devices": 384, "when": "2023-05-01 12:00:00"}


@pytest.mark.parametrize("counts", [{}, {"token": 366e9}, {"input_token": 5.0, "output_token": 3.0, "request": 1.0}, {"image": 7.0}])
def test_a_boamps_report_is_valid_against_its_schema(counts):
    report = boamps(priced(activity=served(run(), **counts)), **REPORT, algorithm={"foundationModelName": "sample", "parametersNumber": 176},
                    requests=counts.get("request"), publisher={"name": "Acme"}, version="1")  # fmt: skip
    assert [e.message for e in validator().iter_errors(report)] == []


def test_the_schema_would_find_a_fault():
    report = boamps(priced(), **REPORT)
    del report["measures"][0]["powerConsumption"]
    assert len(list(validator().iter_errors(report))) == 1


def test_boamps_counts_the_task_without_the_facility_s_overhead():
    report = boamps(priced(), **REPORT)
    kwh = float(run().total()[0])
    assert report["measures"][0]["powerConsumption"] == pytest.approx(kwh)
    assert priced().best("energy") == pytest.approx(kwh * 1.12)
    assert "overhead not included" in report["measures"][0]["measurementMethod"]


def test_boamps_data_are_what_was_served():
    report = boamps(priced(activity=served(run(), input_token=5.0, output_token=3.0)), **REPORT)
    assert report["task"]["dataset"] == [{"dataUsage": "input", "dataType": "token", "dataQuantity": 5.0},
                                         {"dataUsage": "output", "dataType": "token", "dataQuantity": 3.0}]  # fmt: skip


def test_boamps_counts_devices_from_their_hours_where_both_are_known():
    activity = served(run(), device_hour=768.0, wall_hour=2.0)
    report = boamps(priced(activity=activity), **{**REPORT, "devices": None})
    assert report["infrastructure"]["components"][0]["nbComponent"] == 384
    assert report["measures"][0]["measurementDuration"] == pytest.approx(7200.0)


@pytest.mark.parametrize(("field", "value"), [("stage", ""), ("family", ""), ("country", ""), ("devices", None), ("devices", 0),
                                              ("infrastructure", "garage")])  # fmt: skip
def test_what_boamps_needs_and_nobody_said_is_asked_for(field, value):
    with pytest.raises(BadInput):
        boamps(priced(), **{**REPORT, field: value})


def test_quality_follows_the_spread_and_is_low_where_none_was_drawn():
    assert boamps(sample(metered=False), **REPORT)["quality"] == "low"
    exact = assess(Activity.of([{"amount": 5.0, "method": "counter", "component": "accelerator"}]),
                   ConstantPlace({"electricity": {"climate": 0.4}}), Study(indicators=("energy", "climate")), draws=0)  # fmt: skip
    assert boamps(exact, **REPORT)["quality"] == "high"
    modelled = assess(Activity.of([{"amount": 5.0}]), ConstantPlace({"electricity": {"climate": 0.4}}),
                      Study(indicators=("energy", "climate")), draws=0)  # fmt: skip
    assert boamps(modelled, **REPORT)["quality"] == "low"


def test_the_same_report_has_the_same_identifier():
    assert boamps(priced(), **REPORT)["header"]["reportId"] == boamps(priced(), **REPORT)["header"]["reportId"]


# ---- AI Energy Score


def inference(requests=1000.0, method="counter", device="nvidia-h100-sxm5-80gb"):
    rows = [{"amount": 2.0, "component": "accelerator", "boundary": "chip", "method": method, "device": device},
            {"amount": 1.0, "component": "host", "boundary": "server"}]  # fmt: skip
    return assess(Activity.of(rows, served={"request": requests}), ConstantPlace({"electricity": {"climate": 0.4}}),
                  Study(indicators=("energy", "climate")), draws=0)  # fmt: skip


def test_the_score_is_the_accelerators_energy_alone_in_wh():
    told = ai_energy_score(inference(requests=500.0))
    assert (told["units"], told["total"]) == ("Wh", pytest.approx(2000.0))
    assert told["per_1000_prompts_wh"] == pytest.approx(4000.0)


def test_it_is_never_called_comparable_and_says_what_is_lacking():
    told = ai_energy_score(inference(requests=10.0, method="modelled", device="nvidia-a100-sxm4-80gb"))
    assert told["comparable"] is False
    said = "; ".join(told["why_not"])
    for words in ("modelled", "10 prompts, not 1000", "not an H100", "batch not stated", "size not stated", "own harness"):
        assert words in said


def test_with_every_condition_met_only_the_harness_stands_in_the_way():
    told = ai_energy_score(inference(), params_billion=8, batch=1)
    assert told["why_not"] == ["the leaderboard takes logs of its own harness alone"]


@pytest.mark.parametrize(("billion", "letter"), [(8, "A"), (20, "A"), (65, "B"), (70, "C")])
def test_text_generation_has_three_classes_by_size(billion, letter):
    assert ai_energy_score(inference(), params_billion=billion)["class"] == letter
    assert ai_energy_score(inference(), "image generation", params_billion=billion)["class"] is None


def test_stars_are_five_equal_bands():
    assert [stars(wh, 0.0, 100.0) for wh in (0, 19.9, 20, 41, 61, 99, 100)] == [5, 5, 4, 3, 2, 1, 1]
    with pytest.raises(BadInput, match="bands would move"):
        stars(101.0, 0.0, 100.0)
    with pytest.raises(BadInput, match="range"):
        stars(1.0, 5.0, 5.0)


def test_a_score_without_accelerators_requests_or_task_is_refused():
    place, study = ConstantPlace({"electricity": {"climate": 0.4}}), Study(indicators=("energy", "climate"))
    with pytest.raises(BadInput, match="accelerators"):
        ai_energy_score(assess(Activity.of([{"amount": 1.0}], served={"request": 1.0}), place, study, draws=0))
    with pytest.raises(BadInput, match="requests"):
        ai_energy_score(priced(activity=served(run(), token=1.0)))
    with pytest.raises(BadInput, match="text generation"):
        ai_energy_score(inference(), "poetry")


# ---- Annex XI


def test_the_points_are_plain_values_in_mwh():
    told = annex_xi_record(priced(), "Sample-176B", flop=3.7e23, days=105)
    assert told["e_energy"]["mwh"] == pytest.approx(MWH)
    assert told["e_energy"]["low_mwh"] < told["e_energy"]["mwh"] < told["e_energy"]["high_mwh"]
    assert told["d_resources"]["flop"] == 3.7e23
    assert annex_xi_record(priced(), "M")["d_resources"]["flop"] is None


def test_the_code_s_form_gets_two_digits_and_a_range_of_months():
    form = annex_xi_record(priced(), "Sample-176B", flop=3.74e23, days=105.4)["documentation_form"]
    assert form["training_computation_flop"] == 3.7e23
    assert form["training_computation_order_of_magnitude"] == 1e23
    assert form["training_time_days"] == 110
    assert form["training_time_national_authorities"] == "3 to 6 months"
    assert form["training_energy_mwh"] == float(f"{MWH:.1e}")
    assert len(form["training_energy_methodology"].split()) <= 100
    assert form["inference_computation_flop"] is None


@pytest.mark.parametrize(("days", "said"), [(1, "less than 1 month"), (31, "1 to 3 months"), (92, "3 to 6 months"), (200, "more than 6 months")])
def test_a_training_time_falls_in_one_range(days, said):
    assert months(days) == said


def test_what_was_not_told_is_none_in_the_form():
    form = annex_xi_record(priced(), "M")["documentation_form"]
    assert {form[name] for name in ("training_time_national_authorities", "training_time_days", "training_computation_flop")} == {None}


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_operations_and_days_that_cannot_be_are_refused(wrong):
    for name in ("flop", "days"):
        with pytest.raises(BadInput, match=name):
            annex_xi_record(priced(), "M", **{name: wrong})


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_number_that_says_nothing_is_refused_in_every_paper(wrong):
    for name in ("flop", "days"):
        with pytest.raises(BadInput, match=name):
            annex_xi_record(priced(), "m", **{name: wrong})
    for name in ("params_billion", "batch"):
        with pytest.raises(BadInput, match=name.partition("_")[0]):
            ai_energy_score(sample(), **{name: wrong})
