"""What can be done with a kept result: run it again, explain it, compare it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def kept(llama, tmp_path: Path) -> Path:
    """A result kept with --save."""
    llama("--at", "France", "--save", "a.json")
    return tmp_path / "a.json"


def test_what_is_kept_is_what_was_printed(llama, tmp_path):
    said = llama("--at", "France", "--save", "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == said.json
    assert "result written to a.json" in said.err


def test_a_rerun_is_identical_to_the_last_bit(jevons, kept):
    said = jevons(f"rerun {kept}")
    assert said.code == 0
    assert said.json["identical"] is True
    assert said.json["moved"] == []


@pytest.mark.parametrize("line", [
    "training --model llama-2-70b --tokens 2T --on h100 --n 1024 --batch 1024 --at us-central1",
    "training --model bloom-176b --on a100 --n 384 --hours '118 days' --power '400 W' --at France",
    "fine-tuning --model llama-3-8b --tokens 20M --on h100",
    "generic --hours 12 --cores 8 --core-power 10 --memory 64 --at Germany --accounting market --market-intensity '9 g/kWh'",
    "storage --terabytes 40 --months 12",
    "transfer --gigabytes 800 --seed 7 --draws 200",
])  # fmt: skip
def test_every_kind_of_estimate_reruns_identically(jevons, line):
    jevons(f"estimate {line} --save x.json")
    assert jevons("rerun x.json").code == 0


def test_a_rerun_says_what_moved(jevons, kept):
    record = json.loads(kept.read_text())
    climate = record["footprint"]["indicators"]["climate"]
    was = climate["best"]
    climate["best"] = was * (1 + 1e-15) + 1e-9
    record["factor_set"] = "1999.1.1"
    kept.write_text(json.dumps(record))
    said = jevons(f"rerun {kept}")
    assert said.code == 1
    assert said.json["moved"] == [{"field": "footprint.indicators.climate.best", "kept": climate["best"], "now": was}]
    assert said.json["factor_set"]["kept"] == "1999.1.1"
    assert "1999.1.1 then" in jevons(f"rerun {kept} --table").out


def test_explain_recomputes_the_printed_total(jevons, kept):
    lines = jevons(f"explain {kept}").json["explain"]["climate"]
    total = json.loads(kept.read_text())["footprint"]["indicators"]["climate"]["best"]
    assert sum(line["amount"] * line["rate"] for line in lines) == pytest.approx(total, rel=1e-12)
    assert all(line["source"] for line in lines)


def test_explain_names_sources_and_assumptions_for_a_reader(jevons, kept):
    table = jevons(f"explain {kept} --table").out
    assert "kg/kWh" in table
    assert "effective MFU" in table


def test_explain_lists_what_its_own_number_rests_on(jevons, kept):
    climate, cost = (jevons(f"explain {kept} --indicator {name}").json for name in ("climate", "cost"))
    assert "cost" not in {a["what"] for a in climate["assumptions"]}
    assert "cost" in {a["what"] for a in cost["assumptions"]}
    for told in (climate, cost):
        used = {line["source"] for lines in told["explain"].values() for line in lines}
        assert {s["id"] for s in told["sources"]} == used


def test_explain_takes_any_indicator_and_refuses_others(jevons, kept):
    assert list(jevons(f"explain {kept} --indicator energy").json["explain"]) == ["energy"]
    assert len(jevons(f"explain {kept} --indicator all").json["explain"]) > 3
    said = jevons(f"explain {kept} --indicator carbon")
    assert said.code == 2
    assert "climate" in said.err


def test_two_estimates_are_compared_draw_by_draw(jevons, llama, kept):
    llama("--at", "Poland", "--save", "b.json")
    climate = jevons(f"compare {kept} b.json").json["difference"]["climate"]
    assert climate["verdict"] == "B more"
    assert climate["difference"]["best"] == pytest.approx(climate["b"]["best"] - climate["a"]["best"])
    assert "B − A" in jevons(f"compare {kept} b.json --table").out


def test_a_result_against_itself_is_equal(jevons, kept):
    assert {x["verdict"] for x in jevons(f"compare {kept} {kept}").json["difference"].values()} == {"equal"}


def test_an_estimate_is_set_beside_the_run(jevons, llama, kept):
    llama("--at", "France", "--hours", "15 days", "--power", "420 W", "--save", "run.json")
    compared = {x["indicator"]: x for x in jevons(f"compare {kept} run.json").json["compared"]}
    energy = compared["energy"]
    assert energy["ratio"] == pytest.approx(energy["estimated"] / energy["measured"])
    assert energy["inside"] is True
    assert "A, estimated" in jevons(f"compare {kept} run.json --table").out


def test_results_of_different_studies_refuse_to_be_compared(jevons, llama, kept):
    llama("--at", "France", "--accounting", "market", "--market-intensity", "5 g/kWh", "--save", "m.json")
    said = jevons(f"compare {kept} m.json")
    assert said.code == 2
    assert "accounting" in said.err
    assert "answer different questions" in said.err


def test_a_comparison_says_when_the_tables_have_changed(jevons, kept):
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "factor_set": "1999.1.1"}))
    assert "kept under factor set 1999.1.1" in jevons(f"compare {kept} {kept}").err


def test_a_file_that_is_no_result_is_refused(jevons, tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}')
    (tmp_path / "y.json").write_text('{"a": ')
    assert "--save" in jevons("rerun x.json").err
    assert "y.json, row 1" in jevons("rerun y.json").err
    assert jevons("rerun z.json").code == 2
    (tmp_path / "b.json").write_bytes(bytes(range(256)))
    assert "save it as UTF-8" in jevons("rerun b.json").err


def test_other_tools_price_the_same_run_beside_us(jevons, kept):
    told = jevons(f"compare-methods {kept}").json
    assert told[0]["tool"] == "jevons"
    assert len(told) >= 6
    assert all(tool["energy_kwh"] > 0 for tool in told)
    table = jevons("compare-methods --hours 12 --on a100 --n 8 --at France --table").out
    assert "CodeCarbon" in table


def test_methods_are_compared_on_device_hours_alone_at_the_power_that_was_stated(jevons):
    jevons("estimate training --device-hours 184320 --on a100 --power '400 W' --at France --save run.json")
    told = {tool["tool"]: tool for tool in jevons("compare-methods run.json").json}
    assert told["Patterson 2021"]["power_w"] == 400
    assert told["Strubell 2019"]["energy_kwh"] == pytest.approx(1.58 * 184320 * 0.4)


def test_a_computation_on_a_processor_is_compared_with_the_tools_that_price_one(jevons):
    jevons("estimate generic --hours 10 --cpu 'epyc 7763' --cores 32 --memory 64 --at France --pue 1.2 --save cpu.json")
    told = {tool["tool"]: tool for tool in jevons("compare-methods cpu.json").json}
    assert set(told) == {"jevons", "Green Algorithms", "CodeCarbon", "Strubell 2019"}
    assert told["Green Algorithms"]["energy_kwh"] == pytest.approx(10 * (140 + 64 * 0.3725) * told["Green Algorithms"]["pue"] / 1000)
    assert told["CodeCarbon"]["power_w"] == pytest.approx(280 * (0.1 + 0.9 * 0.5**3) + 20)
    assert told["jevons"]["energy_kwh"] == pytest.approx(told["Strubell 2019"]["energy_kwh"] * 1.2 / 1.58, rel=1e-6)
    assert "leave it out" in jevons("compare-methods cpu.json --at Spain").err
    jevons("estimate generic --hours 10 --cores 32 --core-power 4 --save cores.json")
    assert "--cpu" in jevons("compare-methods cores.json").err


def test_comparing_methods_needs_hours(jevons):
    said = jevons("compare-methods --on a100")
    assert said.code == 2
    assert "--hours" in said.err


def test_methods_are_compared_on_a_training_that_flags_describe(llama, jevons):
    llama("--at", "France", "--save", "run.json")
    kept = jevons("compare-methods run.json").json
    assert jevons("compare-methods --model llama-2-7b --tokens 2T --on a100 --n 512 --at France").json == kept
    assert "leave out the one or the other" in jevons("compare-methods --model llama-2-7b --tokens 2T --hours 3 --on a100").err
    assert "how many (n)" in jevons("compare-methods --model llama-2-7b --tokens 2T --on a100").err


ROW = {"timestamp": "2026-11-28T12:00:00", "project_name": "night", "run_id": "r1", "duration": 3600, "cpu_energy": 0.05, "ram_energy": 0.01,
       "energy_consumed": 0.06, "emissions": 0.006, "country_iso_code": "SWE", "codecarbon_version": "jevons 0.1.0", "cpu_count": 8,
       "cpu_model": "AMD EPYC", "ram_total_size": 60, "cpu_utilization_percent": 50}  # fmt: skip


def test_an_emissions_file_is_compared_with_the_tool_that_it_replaces(jevons, tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text(f"{','.join(ROW)}\n{','.join(map(str, ROW.values()))}\n")
    assert jevons("compare-methods emissions.csv").json[0]["recorded_by"] == "jevons"
    table = " ".join(jevons("compare-methods emissions.csv --table").out.split())
    assert "8 threads of 4 W" in table
    assert "energy × intensity" in table
    assert "the file tells what ran" in jevons("compare-methods emissions.csv --at France").err
    assert "a file that is there" in jevons("compare-methods none.csv").err
