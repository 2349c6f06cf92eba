import csv
import importlib.util
import sys

import pytest
import yaml

from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.estimate.audit import audit, audit_table, implied, pue_scope
from jevons.estimate.claims.claim import as_printed, power_scope

SOUND = {
    "model": "GPT-3", "hardware": "V100", "device_hours": 3552000, "avg_power_w": 330, "pue": 1.1, "energy_mwh": 1287,
    "includes_pue": True, "grid_gco2_per_kwh": 429, "tco2e": 552.1,
}  # fmt: skip


@pytest.fixture(scope="session")
def contradictions(root):
    return yaml.safe_load((root / "tests" / "golden" / "contradictions.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def injection(root):
    spec = importlib.util.spec_from_file_location("audit_injection", root / "benchmarks" / "audit_injection.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def rules(record):
    return {finding.rule for finding in audit(record) if finding.accuses}


def only(record):
    (finding,) = (f for f in audit(record) if f.accuses)
    return finding


# -- the contradictions of published accounts -------------------------------------------------------------------


def test_all_eight_contradictions_of_published_accounts_are_found(contradictions):
    found = {c["id"] for c in contradictions if any(f.accuses for f in audit(c["record"]))}
    assert found == {c["id"] for c in contradictions}
    assert len([c for c in contradictions if "part_of" not in c]) == 8


@pytest.mark.parametrize(
    ("identifier", "rule", "words"),
    [
        ("llama-3.3-card", "intensity", "2.63 g/kWh"),
        ("gpt-3-card-tenfold", "slip", "10 times too large"),
        ("olmo-2-13b-pue", "pue", "the energy was divided by it"),
        ("bloom-idle", "meters", "infrastructure is counted twice"),
        ("bloom-project-total", "parts", "do not make the total"),
        ("llama-2-34b-power", "siblings", "it would fit at 350 W"),
        ("llmcarbon-others", "products", "others"),
        ("gshard-chips", "devices", "are not the device-hours"),
        ("openba-encoder-decoder", "mfu", "encoder-decoder"),
    ],
)
def test_each_contradiction_is_called_by_its_name(contradictions, identifier, rule, words):
    record = next(c["record"] for c in contradictions if c["id"] == identifier)
    assert any(f.rule == rule and words in f.message for f in audit(record))


def test_at_most_two_sound_rows_of_the_shared_table_are_accused(shared):
    path = shared / "data" / "reference" / "published_training_footprints.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        found = {f.record for f in audit_table(list(csv.DictReader(handle))) if f.accuses}
    truly_wrong = {"Llama-2-34B", "OpenBA-15B"}
    assert truly_wrong <= found
    assert len(found - truly_wrong) <= 2


def test_nine_in_ten_injected_errors_are_found_and_one_sound_record_in_twenty_accused_at_most(injection):
    scores = injection.audit_benchmark(seed=3, n=600)
    found, _, n = scores["injected"].rate
    alarms, _, clean = scores["clean"].rate
    assert n == clean == 600
    assert found >= 0.90
    assert alarms <= 0.05


def test_the_wilson_interval_of_eight_in_ten_is_that_of_the_textbook(injection):
    assert injection.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


# -- one rule at a time -----------------------------------------------------------------------------------------


def test_a_sound_record_is_not_accused():
    assert audit(SOUND) == []


@pytest.mark.parametrize(("scope", "tco2e"), [(True, 552.1), (False, 607.3), (None, 552.1), (None, 607.3)])
def test_pue_may_enter_the_emissions_once_whichever_way_the_boundary_is_declared(scope, tco2e):
    record = {"energy_mwh": 1287, "pue": 1.1, "includes_pue": scope, "grid_gco2_per_kwh": 429, "tco2e": tco2e}
    assert audit(record) == []


def test_pue_applied_to_an_energy_that_includes_it_is_once_too_often():
    finding = only({"energy_mwh": 1287, "pue": 1.1, "includes_pue": True, "grid_gco2_per_kwh": 429, "tco2e": 607.3})
    assert "once too often" in finding.message
    assert "+10 %" in finding.arithmetic


def test_pue_left_out_of_an_energy_that_excludes_it_was_never_applied():
    finding = only({"energy_mwh": 1287, "pue": 1.1, "includes_pue": False, "grid_gco2_per_kwh": 429, "tco2e": 552.1})
    assert "PUE was never applied" in finding.message


def test_an_energy_that_hours_and_power_do_not_give_is_a_contradiction():
    finding = only({"device_hours": 175680, "avg_power_w": 250, "energy_mwh": "66.24"})
    assert finding.message == "energy: does not follow from its factors"
    assert "43,920 kWh, stated 66,240, +51 %" in finding.arithmetic


@pytest.mark.parametrize(("tco2e", "size"), [(5521, "10 times too large"), (0.5521, "1,000 times too small")])
def test_a_slip_of_unit_is_told_from_a_mismatch(tco2e, size):
    assert size in only({**SOUND, "tco2e": tco2e}).message


def test_an_intensity_is_judged_only_where_the_record_declares_none():
    hydro = {"energy_mwh": 135, "pue": 1.1, "grid_gco2_per_kwh": 0, "tco2e": 0}
    assert audit(hydro) == []
    assert rules({"energy_mwh": 135, "tco2e": 0.1}) == {"intensity"}


@pytest.mark.parametrize("grams", [1.5, 3])
def test_a_declared_intensity_of_hydropower_is_believed(grams):
    assert audit({"energy_mwh": 1000, "grid_gco2_per_kwh": grams, "tco2e": grams}) == []


def test_a_declared_intensity_that_no_grid_has_is_taken_for_another_unit():
    assert rules({"energy_mwh": 1287, "grid_gco2_per_kwh": "0.429", "tco2e": "0.5521"}) == {"intensity"}


def test_a_gpu_cannot_draw_much_more_than_its_tdp_but_with_its_host_it_may():
    measured = {"hardware": "V100", "device_hours": 1000, "avg_power_w": 342}
    assert rules({**measured, "power_boundary": "chip"}) == {"power"}
    assert rules({**measured, "power_boundary": "server"}) == set()
    assert rules({**measured, "avg_power_w": 3420}) == {"power"}


def test_a_power_that_does_not_say_what_it_covers_is_asked_about_the_host():
    finding = only({"hardware": "V100", "device_hours": 1000, "avg_power_w": 420})
    assert "power_boundary=server" in finding.message


def test_an_energy_over_hours_must_be_a_power_the_device_can_draw():
    assert rules({"hardware": "H100", "device_hours": 1000, "energy_kwh": 600}) == set()
    assert rules({"hardware": "H100", "device_hours": 1000, "energy_kwh": 60_000}) == {"power"}


def test_six_nd_that_is_too_good_and_three_nd_that_is_plausible_mean_an_encoder_decoder():
    run = {"hardware": "A100-80GB", "params_b": 15, "tokens_b": 380, "device_hours": 38214}
    assert "encoder-decoder" in only(run).message
    assert audit({**run, "encoder_decoder": True}) == []


def test_work_that_does_not_fit_even_as_three_nd_is_a_contradiction():
    run = {"hardware": "A100-80GB", "params_b": 15, "tokens_b": 3800, "device_hours": 38214}
    assert only(run).message == "the work stated does not fit into the hours stated"


def test_hours_far_beyond_the_work_are_implausible():
    run = {"hardware": "A100-80GB", "params_b": 1, "tokens_b": 10, "device_hours": 38214}
    assert only(run).severity == "implausible"


def test_a_total_may_differ_from_its_parts_by_their_rounding_and_no_more():
    parts = {"a": "1.2", "b": "3.4", "c": "5.6"}
    assert audit({"parts": parts, "total": "10.3"}) == []
    assert rules({"parts": parts, "total": "10.5"}) == {"parts"}


def test_parts_without_their_total_are_said_to_go_unchecked():
    (found,) = audit({"energy_kwh": 100, "parts": {"training": 60, "evaluation": 20}})
    assert (found.rule, found.severity, found.accuses) == ("parts", "note", False)


@pytest.mark.parametrize(("energy_mwh", "words"), [(215.04, ""), (258.05, "once too often"), (179.2, ""), (2150.4, "10 times too large")])
def test_devices_and_wall_clock_hours_are_device_hours(energy_mwh, words):
    found = audit({"hardware": "H100", "n": 256, "hours": 1000, "avg_power_w": 700, "pue": 1.2, "energy_mwh": energy_mwh})
    assert any(words in f.message for f in found) if words else not found


def test_hardware_that_is_counted_is_known_by_its_kind():
    assert not audit({"hardware": "8 x A100", "tco2e": 1})


def test_a_quantity_stated_twice_must_be_one():
    assert rules({"num_devices": [1000, 1024]}) == {"restated"}
    assert audit({"energy_mwh": ["1287", "1,286.8"]}) == []


def test_meters_that_do_not_overlap_add_up():
    meters = {"idle": {"power_w": 64000, "hours": 100}, "network": {"power_w": 27000, "hours": 100}}
    assert audit({"energy_kwh": 9100, "meters": meters}) == []
    meters["idle"]["includes"] = ["network"]
    assert rules({"energy_kwh": 9100, "meters": meters}) == {"meters"}


def test_of_two_siblings_the_record_is_compared_with_the_other():
    llama = {"hardware": "H100-80GB", "device_hours": "7.0M", "avg_power_w": 700}
    assert "siblings" in rules({**llama, "tco2e": "12.9", "siblings": [{**llama, "tco2e": "2,040"}]})
    assert audit({**llama, "tco2e": "2,040", "siblings": [{**llama, "tco2e": "2,010"}]}) == []


def test_siblings_at_other_declared_grids_are_compared_with_the_grid_divided_out():
    run = {"hardware": "H100", "device_hours": 1000, "avg_power_w": 700, "pue": 1.1}
    here = {**run, "grid_gco2_per_kwh": 400, "tco2e": 0.308}
    there = {**run, "grid_gco2_per_kwh": 40, "tco2e": 0.0308}
    assert audit({**here, "siblings": [there]}) == []


def test_a_pue_under_one_and_more_active_parameters_than_there_are_are_impossible():
    assert rules({"pue": 0.9}) == {"impossible"}
    assert rules({"params": "7B", "active": "9B"}) == {"impossible"}


def test_hardware_that_no_table_holds_is_a_note_not_an_accusation():
    (finding,) = audit({"hardware": "an abacus", "device_hours": 10})
    assert finding.severity == "note"
    assert not finding.accuses


def test_the_gravest_finding_comes_first():
    severities = [f.severity for f in audit({**SOUND, "tco2e": 5521, "hardware": "an abacus", "avg_power_w": 330})]
    assert severities == ["contradiction", "note"]


# -- what a record implies --------------------------------------------------------------------------------------


def test_what_follows_from_a_record_comes_with_its_arithmetic():
    found = {i.name: i for i in implied({**SOUND, "params_b": 175, "tokens_b": 300})}
    assert found["intensity"].value == pytest.approx(429, rel=0.001)
    assert found["PUE"].value == pytest.approx(1.098, abs=0.001)
    assert found["power"].value == pytest.approx(362, abs=1)
    assert found["MFU (6ND)"].value == pytest.approx(0.197, abs=0.001)
    assert found["intensity"].arithmetic == "552,100 kg / (1.287e+06 kWh)"


@pytest.mark.parametrize(
    ("note", "scope"),
    [
        ("measured system power; energy incl PUE", True), ("30 MWh includes PUE (30*0.332=9.96)", True),
        ("131 MWh excludes PUE", False), ("dynamic only; no PUE, no host", False), ("PUE not applied; CI inferred", False),
        ("TDP 400 W; PUE 1.1 / CI 385 inferred", None), ("", None),
    ],
)  # fmt: skip
def test_the_words_of_a_scope_note_decide_whether_pue_is_in_an_energy(note, scope):
    assert pue_scope(note) is scope


def test_the_words_of_a_scope_note_decide_what_a_power_covers():
    assert power_scope("measured system power (incl host, network, fans)") == "server"
    assert power_scope("GPU power measured sub-second") == "chip"
    assert power_scope("power measured by OpenAI") == ""


@pytest.mark.parametrize(
    ("text", "half"),
    [("24.69", 0.005), ("1,163,088", 0.5), ("437000", 500), ("100", 5), ("3", 0.5), (62.0, 0.5), (0.0336, 0.00005)],
)
def test_a_printed_number_is_as_wide_as_half_a_unit_of_its_last_digit(text, half):
    assert as_printed("field", text).half == pytest.approx(half)


# -- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "2 apples", True])
def test_a_value_that_is_no_amount_is_refused_with_its_field(value):
    with pytest.raises(BadInput, match="energy_mwh"):
        audit({"energy_mwh": value, "tco2e": 1})


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="energy_mwh"):
        audit({"enrgy_mwh": 5})


def test_a_bad_cell_of_a_table_is_named_by_row_and_column():
    with pytest.raises(TableError, match="row 3, column energy_mwh"):
        audit_table([{"energy_mwh": "1"}, {"energy_mwh": "2 apples"}])


@pytest.mark.parametrize("record", [{}, {"model": "GPT-3"}, {"energy_mwh": ""}])
def test_a_record_without_a_number_is_refused(record):
    with pytest.raises(BadInput, match="state at least one number"):
        audit(record)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("a card", "give a mapping"), ({"includes_pue": "perhaps", "pue": 1.1}, "say yes or no"),
        ({"products": [{"factors": [1, 2]}]}, r"products\[0\]"), ({"meters": {"idle": {"power_w": 3}}}, r"meters\.idle"),
        ({"parts": [1, 2], "total": 3}, "parts"), ({"power_boundary": "rack", "hardware": "V100", "power_w": 9}, "rack"),
    ],
)  # fmt: skip
def test_a_malformed_record_says_where_and_how_to_mend_it(record, words):
    with pytest.raises(BadInput, match=words):
        audit(record)
