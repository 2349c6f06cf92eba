"""``jevons estimate``: flags or a spec in, tables or JSON out."""

from __future__ import annotations

from pathlib import Path

import pytest

from jevons.cli import exits

ROOT = Path(__file__).resolve().parents[2]


def test_a_training_run_is_estimated_from_flags(llama):
    answer = llama("--at", "France").json
    climate = answer["footprint"]["indicators"]["climate"]
    assert climate["unit"] == "kg"
    assert 0 < climate["low"] < climate["best"] < climate["high"]
    assert answer["spec"] == {"estimate": "training", "model": "llama-2-7b", "tokens": "2T", "on": "a100", "n": 512.0,
                              "site": {"name": "France"}}  # fmt: skip


def test_the_answer_is_that_of_the_library(llama):
    import jevons

    run = jevons.estimate.training("llama-2-7b", tokens="2T", on="a100", n=512)
    wanted = jevons.footprint(run, at="France").best("climate")
    assert llama("--at", "France").json["footprint"]["indicators"]["climate"]["best"] == wanted


def test_a_pipe_gets_json_and_table_gives_tables(llama):
    assert llama("--at", "France").out.startswith("{")
    table = llama("--at", "France", "--table").out
    assert "Training llama-2-7b, 2T tokens, 512 × a100" in table
    assert "device-hours" in table
    assert "{" not in table.splitlines()[0]


def test_json_and_table_at_once_are_refused(llama):
    said = llama("--json", "--table")
    assert said.code == 2
    assert "choose one of the two" in said.err


def test_a_spec_file_gives_the_same_as_its_flags(jevons, tmp_path: Path):
    (tmp_path / "run.yaml").write_text("model: llama-2-7b\ntokens: 2T\non: a100\nn: 512\nsite: France\n")
    from_file = jevons("estimate training run.yaml").json
    assert jevons("estimate training --spec run.yaml").json == from_file
    assert "one spec at a time" in jevons("estimate training run.yaml --spec run.yaml").err
    assert from_file["footprint"] == jevons(
        "estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France").json["footprint"]  # fmt: skip


def test_a_flag_wins_over_the_spec(jevons, tmp_path: Path):
    (tmp_path / "run.yaml").write_text("model: llama-2-7b\ntokens: 2T\non: a100\nn: 512\nsite: France\n")
    assert jevons("estimate training run.yaml --at Poland --n 256").json["spec"]["site"] == {"name": "Poland"}


def test_the_year_holds_for_software_and_grid(llama):
    spec = llama("--at", "France", "--year", "2022").json["spec"]
    assert spec["year"] == 2022
    assert spec["site"]["year"] == 2022


def test_known_hours_and_power_are_plain_arithmetic(llama):
    energy = llama("--at", "France", "--hours", "100", "--power", "400 W", "--pue", "1.2").json["activity"]["flows"]
    assert energy["electricity"]["best"] == pytest.approx(512 * 100 * 0.4)


def test_a_layout_turns_on_the_step_time_engine(llama):
    answer = llama("--at", "France", "--batch", "1024", "--tensor", "2").json
    assert answer["spec"]["layout"] == {"tensor": 2}
    assert any(a["what"] == "layout" and "tensor=2" in a["value"] for a in answer["footprint"]["assumptions"])


def test_a_teacher_makes_it_distillation(jevons):
    alone = "estimate fine-tuning --model llama-3-8b --tokens 20M --on h100"
    taught = jevons(alone, "--teacher", "llama-3-70b").json
    assert taught["spec"]["estimate"] == "distillation"
    energy = taught["footprint"]["indicators"]["energy"]["best"]
    assert energy > jevons(alone, "--method", "full").json["footprint"]["indicators"]["energy"]["best"]


@pytest.mark.parametrize("line", [
    "fine-tuning --model llama-3-8b --tokens 20M --on h100 --method lora",
    "generic --hours 12 --cores 8 --core-power '10 W' --memory 64 --at Germany",
    "storage --terabytes 40 --months 12 --at Ireland",
    "transfer --gigabytes 800 --at Germany",
])  # fmt: skip
def test_every_other_door_answers_with_energy_and_climate(jevons, line):
    indicators = jevons(f"estimate {line}").json["footprint"]["indicators"]
    assert indicators["energy"]["best"] > 0
    assert indicators["climate"]["best"] > 0


def test_marginal_networks_are_another_answer(jevons):
    average = jevons("estimate transfer --gigabytes 800 --at Germany").json["footprint"]["indicators"]["energy"]["best"]
    marginal = jevons("estimate transfer --gigabytes 800 --network marginal --at Germany").json
    assert marginal["spec"]["accounting"] == "marginal"
    assert marginal["footprint"]["indicators"]["energy"]["best"] < average


def test_only_the_indicators_asked_for_are_priced(llama):
    answer = llama("--at", "France", "--indicators", "energy,climate").json
    assert list(answer["footprint"]["indicators"]) == ["energy", "climate"]


def test_the_report_is_a_page_that_names_the_run(llama, tmp_path: Path):
    said = llama("--at", "France", "--report", "r.html")
    assert "report written to r.html" in said.err
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Training llama-2-7b" in page
    assert "Sweden" in page


def test_a_report_that_is_a_card_passes_the_audit(jevons, llama, tmp_path: Path):
    llama("--at", "France", "--report", "card.md")
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert card.startswith("---\nco2_eq_emissions:")
    assert "## Environmental Impact" in card
    assert jevons("audit card.md").code == 0


def test_a_report_that_is_an_inventory_names_its_exchanges(llama, tmp_path: Path):
    llama("--at", "France", "--report", "lci.csv")
    assert "electricity" in (tmp_path / "lci.csv").read_text(encoding="utf-8").lower()


def test_a_report_of_no_known_format_is_refused(llama):
    said = llama("--at", "France", "--report", "r.pdf")
    assert (said.code, said.out) == (2, "")
    assert ".html, .md, .csv" in said.err


def test_the_settings_site_is_written_into_the_result(llama, tmp_path: Path):
    from jevons.world.settings import settings

    (tmp_path / "jevons.toml").write_text('site = "Iceland"\n')
    settings.cache_clear()
    try:
        assert llama().json["spec"]["site"]["name"] == "Iceland"
    finally:
        settings.cache_clear()


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "specs").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_example_spec_runs_as_its_first_line_says(jevons, path):
    spec = path.read_text(encoding="utf-8")
    said = jevons(spec.splitlines()[0].removeprefix("# jevons ").replace("examples/specs", str(path.parent)))
    assert said.code == (exits.FINDING if "\noverlaps: report\n" in spec else exits.OK)
    assert said.json


EARLIER = """
model: llama-2-7b
tokens: 2T
on: a100
n: 512
site: France
earlier_run: {device_hours: 184320, model: llama-2-7b, tokens: 2T}
"""


def test_an_earlier_run_of_the_same_stack_narrows_the_interval(jevons, llama, tmp_path: Path):
    (tmp_path / "run.yaml").write_text(EARLIER)
    known, unknown = jevons("estimate training run.yaml --save r.json").json, llama("--at", "France").json

    def width(answer):
        hours = answer["activity"]["served"]["device hour"]
        return hours["high"] / hours["low"]

    assert width(known) < width(unknown)
    assert jevons("rerun r.json").code == 0


def test_an_earlier_run_half_described_is_refused(jevons, tmp_path: Path):
    (tmp_path / "run.yaml").write_text(EARLIER.replace("model: llama-2-7b, ", ""))
    assert "earlier_run: model" in jevons("estimate training run.yaml").err


def test_trials_are_estimated_about_a_spec_or_a_kept_result(llama, jevons):
    final = llama("--at", "France", "--save", "final.json").json
    trials = jevons("estimate experimentation final.json --multiplier 2.5 --save trials.json").json
    energy = [answer["footprint"]["indicators"]["energy"]["best"] for answer in (final, trials)]
    assert energy[1] == pytest.approx(1.5 * energy[0])
    assert trials["spec"]["final"]["model"] == "llama-2-7b"
    assert trials["spec"]["site"] == {"name": "France"}
    assert "identical to the last bit" in jevons("rerun trials.json --table").out
    Path("trials.yaml").write_text("estimate: experimentation\nmultiplier: 2.5\nfinal: final.json\n")
    assert jevons("estimate experimentation trials.yaml").json["footprint"] == trials["footprint"]


def test_preparing_data_is_a_stage_of_its_own(jevons):
    answer = jevons("estimate data --hours 300 --cpu 'epyc 7763' --memory 512 --at Germany --table")
    assert "Data preparation" in answer.out
    assert "data " in answer.out


def test_an_earlier_run_an_mfu_and_plain_work_are_flags(llama, jevons):
    plain = llama("--at", "France").json["footprint"]["indicators"]["energy"]
    told = llama("--at", "France", "--earlier-run", "device_hours=368640,params=13B,tokens=2T").json["footprint"]["indicators"]["energy"]
    assert told["high"] / told["low"] < plain["high"] / plain["low"]
    assert llama("--at", "France", "--mfu", "0.4").json["spec"]["mfu"] == 0.4
    assert jevons("estimate training --flops 3e24 --params 70B --on h100").json["spec"]["flops"] == 3e24
    assert "write key=value" in llama("--earlier-run", "fast").err
