"""The benchmarks run, on little: their arithmetic is checked, no time is asserted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.bars import audit, clock, factors, golden, record, speed, step_time, sweep_run, training
from benchmarks.bars.bar import Bar, Limit, Rival, lines, markdown, paired, relative_gain
from benchmarks.rivals import constant_mfu, llmcarbon

FAMILIES = ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]


def bar(figure=0.1, n=20, **more):
    return Bar("section", "a bar", n, figure, must=Limit(high=0.2), stretch=Limit(high=0.12), **more)


@pytest.fixture(scope="module")
def published(shared):
    return training.read(shared / training.FILE)


# -- one row -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (bar(0.10), "met, stretch reached"),
        (bar(0.15), "met"),
        (bar(0.15, interval_90=(0.1, 0.3)), "met*"),
        (bar(0.25), "missed"),
        (bar(0.10, n=9), "shown (under the bar), stretch reached"),
        (bar(0.25, n=9), "shown (past the bar)"),
        (Bar("section", "a bar", 50, 0.1), "shown"),
    ],
)
def test_a_bar_is_met_missed_or_shown_and_fewer_than_ten_rows_are_never_a_proof(row, verdict):
    assert row.verdict == verdict


def test_a_row_is_printed_with_n_figure_interval_and_bars():
    (line,) = [text for text in lines([bar(0.1, interval_90=(0.08, 0.13))]) if "a bar" in text]
    assert [*line.split()][:13] == ["a", "bar", "20", "10", "%", "[8,", "13]", "≤", "20", "%", "≤", "12", "%"]


def test_a_rival_is_beaten_only_where_the_paired_interval_excludes_zero():
    even = np.full(10, 0.2)
    assert paired("worse", even, even + 0.1, FAMILIES).wins
    assert not paired("as good", even, even + np.repeat([0.1, -0.1, 0.05, -0.05, 0.0], 2), FAMILIES).wins
    assert Rival("nothing paired", 0.3).wins is None


def test_a_gain_of_a_fifth_is_found_with_its_interval():
    theirs = np.linspace(0.1, 0.4, 10)
    gain, (low, high) = relative_gain(theirs * 0.8, theirs, FAMILIES)
    assert gain == pytest.approx(0.2)
    assert low == pytest.approx(0.2)
    assert high == pytest.approx(0.2)


def test_a_row_survives_json_with_its_open_ends_as_null():
    kept = json.loads(json.dumps(bar(0.1, interval_90=(0.08, float("nan"))).to_dict()))
    assert kept["must"] == {"low": None, "high": 0.2}
    assert kept["interval_90"] == [0.08, None]
    assert kept["verdict"] == "met*, stretch reached"


def test_the_page_holds_every_bar_and_every_rival():
    text = markdown("a title", [bar(rivals=(Rival("someone", 0.3),))], {"date": "2026-11-23"})
    assert "| a bar | 20 | 10 % |" in text
    assert "| a bar | someone: 30 % |" in text


def test_results_are_written_only_where_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    record.leave("name", "title", [bar()], record.facts(), None, False)
    assert list(tmp_path.iterdir()) == []
    record.leave("name", "title", [bar()], record.facts(), tmp_path / "out.json", True)
    assert sorted(p.name for p in tmp_path.rglob("*.*")) == ["name.json", "name.md", "out.json"]
    assert json.loads((tmp_path / "out.json").read_text())["bars"][0]["name"] == "a bar"
    assert "1 met, 0 missed" in capsys.readouterr().out


# -- the rivals --------------------------------------------------------------------------------------------------


def test_llmcarbons_regression_gives_gpt_3_on_v100_half_the_hours_it_took():
    hours = llmcarbon.device_hours(175e9, 300e9, 125.0, 32.0)
    assert hours / 3_552_000 - 1 == pytest.approx(-0.457, abs=0.003)


def test_llmcarbons_loop_prices_its_own_five_rows_as_its_script_does():
    compat = llmcarbon.llmcarbon
    run = compat.runs()["t5"]
    row = (11.0, run.tokens_b, run.peak_tflops, run.efficiency, run.devices, run.system_power_w, run.pue, run.ci_kg_per_kwh)
    ((energy_mwh, operation_t, embodied_t),) = llmcarbon.row_by_row([row], compat.validation_parts())
    assert operation_t * 1000 == pytest.approx(compat.operational_kg(run))
    assert energy_mwh * run.ci_kg_per_kwh == pytest.approx(operation_t)
    days = llmcarbon.training_co2_t(*row)[0]
    assert embodied_t * 1000 == pytest.approx(compat.embodied_kg(compat.validation_parts(), days))


def test_the_constant_of_a_family_never_sees_that_family():
    hours, at_peak = np.full(10, 100.0), np.full(10, 30.0)
    hours[:2] = 50.0
    predicted = constant_mfu.fitted_without(hours, at_peak, FAMILIES)
    assert predicted[:2] == pytest.approx(100.0, rel=0.01)


def test_the_median_of_other_families_is_that_of_the_same_group_where_there_is_one():
    values, families, kinds = [0.1, 0.2, 0.3, 0.9], ["a", "b", "c", "d"], ["x", "x", "x", "y"]
    assert constant_mfu.median_without(values, families, kinds).tolist() == pytest.approx([0.25, 0.2, 0.15, 0.2])


# -- accuracy ----------------------------------------------------------------------------------------------------


def test_the_five_rows_stand_beside_the_regression_and_the_constant(published):
    row = training.bars(published)[0]
    assert row.n == 5
    assert row.verdict.startswith("shown")
    regression, fitted, customary = (rival.figure for rival in row.rivals)
    assert regression == pytest.approx(0.293, abs=0.002)
    assert customary == pytest.approx(0.235, abs=0.002)
    assert 0.2 < fitted < 0.3


def test_rival_hours_of_every_run_are_positive(published):
    for hours in training.rival_hours(published).values():
        assert hours.shape == published.hours.shape
        assert (hours > 0).all()


def test_every_set_of_measured_steps_has_its_bar_and_two_rivals(shared):
    rows = {row.name: row for row in step_time.bars(shared)}
    for name, (_, target, must, _) in step_time.SETS.items():
        row = rows[f"{name}: {'MFU' if target == 'mfu' else 'step time'} MAPE"]
        assert row.must == must
        assert sum(rival.wins is not None for rival in row.rivals) == 2


def test_a_contradiction_told_in_two_records_counts_once_and_needs_both():
    row = audit.contradictions(audit.RECORDS)
    assert row.n == 8
    assert 0 <= row.figure <= 8


def test_injected_errors_and_sound_records_are_rates_with_their_intervals():
    for row in audit.bars(None, n=24)[1:]:
        assert row.n == 24
        assert row.interval_90[0] <= row.figure <= row.interval_90[1]


def test_golden_tests_fall_into_the_first_group_that_fits_and_skipped_ones_are_named():
    outcomes = {"test_golden::test_a_recorded_run_costs_what_its_paper_says[bloom-idle]": "passed",
                "test_golden::test_95_percent_of_the_published_rows_within_3_percent": "skipped",
                "test_water::test_of_no_group": "passed"}  # fmt: skip
    groups = golden.grouped(outcomes)
    assert sum(map(len, groups.values())) == 2
    row = golden.bar("all", {test: result for found in groups.values() for test, result in found.items()})
    assert (row.n, row.figure, row.verdict) == (1, 1, "met")
    assert "skipped" in row.note


def test_an_interval_either_holds_the_other_sources_value_or_names_the_country():
    row = factors.held("a source", [("FRA", 2024, 56.0), ("DEU", 2024, 5000.0)], None, "")
    assert (row.n, row.figure) == (2, 0.5)
    assert "DEU" in row.note


@pytest.mark.parametrize("device", factors.MADE)
def test_three_methods_of_making_or_more_stand_beside_the_default(device):
    row = factors.made(device)
    assert row.n >= 3
    assert "inside the default interval" in row.note


# -- speed -------------------------------------------------------------------------------------------------------


def test_the_estimate_that_is_timed_is_whole():
    energy, climate, *others, low, high = speed.one_estimate(100)
    assert energy > 0
    assert low < climate < high
    assert len(others) == 4


def test_the_sweep_that_is_timed_gives_all_five_totals_of_every_scenario():
    found = sweep_run.measure(count=50, runs=1, rows=10)
    assert (found["scenarios"], found["rows"], len(found["seconds"]), len(found["rival_seconds"])) == (50, 10, 1, 1)
    assert 0 < found["peak_gib"] < 2


@pytest.mark.parametrize(("model", "devices", "batch"), speed.SEARCHES)
def test_a_search_weighs_some_layouts_and_at_most_two_thousand(model, devices, batch):
    assert 1 < speed.weighed(model, devices, batch) <= 2000


def test_a_command_is_timed_and_one_that_fails_is_no_time():
    taken = clock.in_turn({"nothing": [sys.executable, "-c", "pass"]}, runs=2)
    assert (taken["nothing"] >= 0).all()
    with pytest.raises(Exception, match="non-zero exit status 3"):
        clock.of_command([sys.executable, "-c", "raise SystemExit(3)"])


def test_calls_are_compared_run_by_run_where_the_rival_ran():
    taken = {"JSON": np.full(11, 0.4), "tables": np.full(11, 0.45), "codecarbon": np.full(11, 1.2)}
    first, second = speed.calls(taken, "3.0")
    assert first.rivals[0].ratio == pytest.approx(3.0)
    assert first.rivals[0].wins
    assert second.verdict == "met"
    assert speed.calls({k: v for k, v in taken.items() if k != "codecarbon"}, "not run")[0].rivals[0].figure is None
