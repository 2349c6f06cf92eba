"""``jevons bench serve`` at the command line, against the tiny model of random weights."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "measure"))

from steady import Steady
from tiny_server import served

from jevons.measure.sensor import Meter


class Gpu(Steady):
    """A steady accelerator."""

    @property
    def meters(self):
        return [Meter("steady", "accelerator", "chip", "counter", "nvml", note="NVIDIA H100 80GB HBM3, counter")]


@pytest.fixture
def bench(jevons, monkeypatch):
    """The command against a running server, on a machine with one accelerator of 300 W."""
    monkeypatch.setattr("jevons.measure.discover.sensors_found", lambda: [Gpu(300.0)])
    with served() as url:
        yield lambda *more: jevons("bench serve --model tiny --requests 20 --concurrency 1,4 --max-tokens 24 --period 0.005",
                                   "--url", url, *more)  # fmt: skip


def test_the_answer_as_json_holds_plan_meters_levels_and_notes(bench):
    said = bench("--json", "--at", "France")
    assert said.code == 0, said.err
    assert said.json["method"] == "counter"
    assert [level["concurrency"] for level in said.json["levels"]] == [1, 4]
    first = said.json["levels"][0]
    assert first["energy_per_output_token_j"] == pytest.approx(300 / first["tokens_per_s"], rel=0.02)
    assert first["footprint_per_request"]["indicators"]["climate"]["best"] > 0
    assert "concurrency 4: 20 requests, 0 failed" in said.err


def test_the_tables_show_energy_and_speed(bench):
    said = bench("--table")
    assert said.code == 0, said.err
    for word in ("J/prompt token", "J/answer token", "first token s", "tokens/s", "energy: counter"):
        assert word in " ".join(said.out.split())


def test_what_was_saved_is_read_back_by_validate_serving(bench, jevons):
    assert bench("--save", "rows.csv", "--table-model", "llama-3.1-8b", "--precision", "bf16").code == 0
    scores = jevons("validate serving rows.csv --json")
    assert scores.code == 0, scores.err
    assert scores.json["targets"]["energy_per_output_token"]["n"] == 2


def test_every_file_asked_for_is_written(bench):
    said = bench("--melodi", "m.csv", "--energy-score", "s.json", "--report", "r.html")
    assert said.code == 0, said.err
    rows = list(csv.DictReader(Path("m.csv").read_text().splitlines()))
    assert float(rows[0]["energy_consumption_llm_total"]) > 0
    assert json.loads(Path("s.json").read_text())["official"] is False
    assert "<svg" in Path("r.html").read_text()
    assert bench("--report", "r.svg").code == 0
    assert Path("r.svg").read_text().startswith("<svg")


def test_poisson_arrivals_are_asked_for_by_their_rate(bench):
    said = bench("--arrivals", "poisson", "--rate", "6", "--json")
    assert said.code == 0, said.err
    assert said.json["plan"]["rate"] == 6
    assert said.json["levels"][1]["requests_per_s"] == pytest.approx(6, rel=0.7)


@pytest.mark.parametrize(("more", "why"), [
    (["--concurrency", "1,many"], "whole numbers with commas"), (["--arrivals", "poisson"], "how many requests arrive"),
    (["--report", "r.pdf"], ".html or .svg"), (["--at", "Frnace"], "France"), (["--key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY"),
    (["--prompts", "none.jsonl"], "none.jsonl"), (["--energy-score", "s.json", "--concurrency", "2"], "add level 1"),
    (["--requests", "5"], "9 requests on"), (["--model", "gpt-9"], "HTTP 404"), (["--url", "nowhere"], "give an address"),
])  # fmt: skip
def test_what_cannot_be_run_is_refused_in_one_line(bench, more, why):
    said = bench(*more)
    assert said.code == 2
    assert why in said.err
    assert "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_broken_lines_of_prompts_are_named(bench, tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"prompt": "fine"}\noops\n')
    said = bench("--prompts", "mine.jsonl")
    assert said.code == 2
    assert "line 2: no JSON" in said.err


def test_failures_are_counted_and_a_bench_of_nothing_else_exits_with_a_word(bench):
    said = bench("--model", "tiny-full", "--json")
    assert said.code == 2
    assert "no level reached a steady state" in said.err
    first = said.json["levels"][0]
    assert first["failed"] == {"HTTP 500: out of memory": first["sent"]}


def test_what_was_measured_calibrates_the_law_and_the_next_estimate(bench, jevons):
    assert bench("--points", "points.csv", "--table-model", "llama-3.1-8b").code == 0
    rows = list(csv.DictReader(Path("points.csv").read_text().splitlines()))
    assert [float(row["batch"]) for row in rows] == pytest.approx([1, 4], rel=0.2)
    law = {1.0: 3.4, 4.0: 0.9}  # the tiny model is not the one it is called: joules that one might have measured
    own = [{**row, "energy_per_output_token_j": law[round(float(row["batch"]))]} for row in rows]
    Path("own.csv").write_text("\n".join(",".join(map(str, line)) for line in (rows[0], *(row.values() for row in own))) + "\n")
    assert jevons("calibrate serving own.csv --save own.json --json").code == 0
    asked = "estimate serving --model llama-3.1-8b --on h100 --n 1 --batch 4 --input-tokens 84 --output-tokens 24 --at France"
    assert jevons(f"{asked} --calibration own.json").json["footprint"]["indicators"]["energy"]["best"] > 0


def test_points_without_an_accelerator_are_refused_and_all_other_files_are_written(jevons, monkeypatch):
    monkeypatch.setattr("jevons.measure.discover.sensors_found", lambda: [Steady(300.0)])
    asked = "--requests 20 --concurrency 1,4 --max-tokens 24 --period 0.005 --points p.csv --melodi m.csv --report f.svg"
    with served() as url:
        said = jevons(f"bench serve --model tiny {asked} --url", url)
    assert said.code == 2
    assert "metered accelerator" in said.err
    assert not Path("p.csv").exists()
    assert Path("m.csv").read_text().count("\n") > 20
    assert Path("f.svg").read_text().startswith("<svg")
