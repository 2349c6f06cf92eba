"""``jevons validate`` and ``calibrate``: layouts by their header, broken rows by row and column."""

from __future__ import annotations

from pathlib import Path

import pytest

SCORE = ["n", "families", "mape", "mape_90", "median_ape", "bias", "within_2x", "coverage_80", "width_80",
         "interval_score", "fit"]  # fmt: skip
HEADER = ("model,year,params_b,active_params_b,tokens_b,hardware,num_devices,device_hours,avg_power_w,pue,"
          "grid_gco2_per_kwh,energy_mwh,reported_tco2e,scope_note,source,confidence\n")  # fmt: skip
ROW = "My-7B,2023,7,7,2000,A100-80GB,512,184320,400,1.1,400,100,31,mine,a paper,verified\n"


@pytest.fixture
def runs(shared: Path) -> Path:
    """The published runs."""
    return shared / "data" / "reference" / "published_training_footprints.csv"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A table of one run."""
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + ROW)
    return path


def test_the_scores_have_the_promised_shape(jevons, mine):
    told = jevons(f"validate training {mine}").json
    assert set(told) == {"targets", "left_out"}
    assert list(told["targets"]["device_hours"]) == SCORE
    assert list(told["targets"]["tco2e"]) == SCORE
    assert told["targets"]["device_hours"]["fit"] == "unseen"


def test_published_runs_are_scored_without_their_family(jevons, runs):
    score = jevons(f"validate training {runs}").json["targets"]["device_hours"]
    assert score["fit"] == "leave-one-out"
    assert score["n"] >= 20
    assert 0 < score["mape"] < 0.5


def test_only_keeps_the_rows_whose_scope_note_says_so(jevons, runs):
    assert jevons(f"validate training {runs} --only LLMCARBON_T4").json["targets"]["tco2e"]["n"] == 5


def test_rows_shows_each_prediction(jevons, mine):
    (row,) = jevons(f"validate training {mine} --rows").json["rows"]["device_hours"]
    assert row["observed"] == 184320
    assert row["p10"] < row["predicted"] < row["p90"]


def test_step_time_scores_both_layouts(jevons, shared):
    folder = shared / "data" / "reference"
    foundry = jevons(f"validate step-time {folder / 'mfu_mosaic_fsdp.csv'}").json["targets"]
    vtrain = jevons(f"validate step-time {folder / 'mfu_vtrain_single_a100.csv'}").json["targets"]
    assert list(foundry["mfu"]) == SCORE
    assert list(vtrain["step_time"]) == SCORE


def test_a_reader_gets_percent_in_a_table(jevons, mine):
    table = jevons(f"validate training {mine} --rows --table").out
    assert "mape" in table
    assert "%" in table
    assert "My-7B" in table


@pytest.mark.parametrize(("text", "words"), [
    ("", ["an empty file", "header row"]),
    (HEADER, ["no rows", "at least one row"]),
    ("a,b\n1,2\n", ["row 1", "column model", "lacks"]),
    (HEADER + ROW.replace("2000,A100", "x,A100"), ["row 2", "column tokens_b", "'x'"]),
    (HEADER + ROW.replace(",1.1,", ",0.4,"), ["row 2", "column pue", "at least 1"]),
    (HEADER + ROW + "short,2023\n", ["row 3", "ragged"]),
])  # fmt: skip
def test_a_broken_table_is_refused_by_row_and_column(jevons, tmp_path, text, words):
    (tmp_path / "runs.csv").write_text(text)
    said = jevons("validate training runs.csv")
    assert said.code == 2
    assert "runs.csv" in said.err
    assert [word for word in words if word not in said.err] == []


def test_a_table_of_the_other_kind_names_the_command_that_takes_it(jevons, mine):
    assert "jevons validate training" in jevons(f"validate step-time {mine}").err


def test_a_scope_note_that_no_row_has_is_refused(jevons, mine):
    assert "'NOBODY'" in jevons(f"validate training {mine} --only NOBODY").err


def test_measured_steps_make_a_pack_that_an_estimate_takes(jevons, llama, tmp_path):
    (tmp_path / "steps.csv").write_text(
        "model,on,n,batch,step_s\nllama-2-7b,a100-sxm4-80gb,64,256,22\nllama-2-7b,a100-sxm4-80gb,64,512,43\n")  # fmt: skip
    pack = jevons("calibrate training steps.csv --save pack.json").json
    assert len(pack["rows"]) == 2
    assert pack["after_mape"] <= pack["before_mape"]
    answer = llama("--at", "France", "--batch", "1024", "--calibration", "pack.json").json
    assert any(a["what"] == "calibration" for a in answer["footprint"]["assumptions"])
    assert "mean error after" in jevons("calibrate training steps.csv --table").out


@pytest.mark.parametrize(
    ("kind", "file", "target", "most"),
    [("serving", "mlenergy_llm_train.csv", "energy_per_output_token", 0.26),
     ("diffusion", "mlenergy_diffusion_train.csv", "energy_per_output", 0.36),
     ("edge", "co2meter_edge_train.csv.gz", "energy", 0.16)],
)  # fmt: skip
def test_inference_is_scored_on_rows_its_family_was_left_out_of(jevons, shared, kind, file, target, most):
    told = jevons(f"validate {kind} {shared / 'data/inference' / file} --json").json["targets"][target]
    assert told["fit"] == "leave-one-out"
    assert told["n"] > 500
    assert told["mape"] < most


def test_what_a_header_lacks_is_told_of_the_layout_it_is_nearest_to(jevons, tmp_path):
    (tmp_path / "mine.csv").write_text("Model,SeqLen (T),# GPUs,GPU,MFU,MicroBatchSize,GradAccum,Precision,MP Mode,Sharding Strategy,"
                                       "Activation Checkpointing,Activation CPUOffload,NumParams\n" + ",".join("1" * 13) + "\n")  # fmt: skip
    assert "the header lacks GlobalBatchSize\n" in jevons("validate step-time mine.csv").err
