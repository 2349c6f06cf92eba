import csv
import random

import numpy as np
import pytest

from jevons.core.errors import TableError
from jevons.estimate.server import pack as serving_pack
from jevons.estimate.server.validate import predict, read_row, recognise, step_of, window_prompts
from jevons.estimate.validation.scores import interval_score, mape

FORBIDDEN = (
    "avg_power_w", "median_itl_ms", "p90_itl_ms", "p95_itl_ms", "p99_itl_ms", "output_tokens_per_s",
    "energy_per_output_token_j", "energy_per_request_j",
)  # fmt: skip
ROW = {
    "task": "lm-arena-chat", "model_id": "maker/Newcomer-9B", "base_model": "Newcomer-9B",
    "architecture": "Dense Transformer", "params_total_b": "9", "params_active_b": "9", "weight_precision": "bfloat16",
    "gpu_model": "H100", "num_gpus": "1", "avg_power_w": "500", "tensor_parallel": "1", "expert_parallel": "1",
    "data_parallel": "1", "max_num_seqs": "32", "avg_batch_size": "31.9", "avg_output_len": "400",
    "energy_per_output_token_j": "0.2", "energy_per_request_j": "80", "output_tokens_per_s": "2500", "layers": "40",
    "attn_layers": "40", "kv_elems_per_ctx_token": "81920", "hidden": "4096", "out_len_second_moment": "300000",
    "n_requests": "1024",
}  # fmt: skip


@pytest.fixture(scope="session")
def measured(shared):
    path = shared / "data" / "inference" / "mlenergy_llm_train.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="session")
def predicted(measured):
    return predict(measured)


def best(rows):
    return predict(rows).targets["energy_per_output_token"].best


def test_the_layout_is_known_by_its_header():
    assert recognise(list(ROW))
    assert not recognise(["device", "phase", "input_tokens", "energy_j"])


def test_no_prediction_moves_when_the_forbidden_columns_are_shuffled(measured, predicted):
    generator = random.Random(7)
    shuffled = [dict(row) for row in measured]
    for column in FORBIDDEN:
        values = [row[column] for row in measured]
        generator.shuffle(values)
        for row, value in zip(shuffled, values, strict=True):
            row[column] = value
    again = predict(shuffled[::5])  # a row is predicted as it is among all
    for name, target in predicted.targets.items():
        assert np.array_equal(again.targets[name].best, target.best[::5])
        assert np.array_equal(again.targets[name].p90, target.p90[::5])


def test_a_row_whose_family_was_fitted_is_predicted_without_it_and_a_new_one_with_all(measured):
    assert predict([measured[0], ROW]).targets["energy_per_output_token"].fit == ["leave-one-out", "unseen"]


def test_families_left_out_are_predicted_within_the_bars(predicted):
    score = predicted.scores()["targets"]["energy_per_output_token"]
    assert score["fit"] == "leave-one-out"
    assert (score["n"], score["families"]) == (563, 12)
    assert score["mape"] <= 0.18
    assert score["median_ape"] <= 0.14
    assert score["within_2x"] >= 0.95
    assert 0.74 <= score["coverage_80"] <= 0.90
    assert score["width_80"] <= 2.0


def test_chats_of_families_left_out_are_predicted_within_13_percent(measured):
    chats = [row for row in measured if row["task"] == "lm-arena-chat"]
    score = predict(chats).scores()["targets"]["energy_per_output_token"]
    assert score["n"] == 185
    assert score["mape"] <= 0.13


def test_the_interval_scores_better_than_one_of_constant_width(predicted):
    observed, center, low, high = predicted.targets["energy_per_output_token"].arrays()
    constant = min(interval_score(observed, center / f, center * f) for f in np.linspace(1.05, 3, 80))
    assert interval_score(observed, low, high) < constant


def test_energy_of_an_output_is_that_of_its_tokens(predicted):
    token, output = (predicted.targets[t] for t in ("energy_per_output_token", "energy_per_output"))
    assert (np.array(output.best) > np.array(token.best)).all()


def test_rows_that_are_not_ok_or_not_known_are_left_out_and_counted():
    rows = [
        ROW, {**ROW, "quality": "zero_energy"}, {**ROW, "gpu_model": "an abacus"}, {**ROW, "avg_batch_size": ""},
        {**ROW, "layers": ""}, {**ROW, "weight_precision": "fp7"}, {**ROW, "quality": "ok"},
    ]  # fmt: skip
    told = predict(rows).scores()
    assert told["targets"]["energy_per_output_token"]["n"] == 2
    assert {why: found["n"] for why, found in told["left_out"].items()} == {
        "quality zero_energy": 1, "hardware not in the tables: an abacus": 1, "no avg_batch_size": 1,
        "precision fp7 not known": 1, "model not in the tables and without its shape": 1,
    }  # fmt: skip


def test_a_model_of_the_table_is_taken_by_its_name_and_one_that_only_looks_like_it_is_not():
    known = {**ROW, "model_id": "Qwen/Qwen3-8B-FP8", "params_total_b": "8", "params_active_b": "8", "layers": "1"}
    assert best([known]) == best([{**known, "layers": "2", "hidden": "1"}])
    other = {**known, "params_total_b": "80", "params_active_b": "80"}
    assert best([other]) != best([{**other, "layers": "2"}])


def test_energy_of_a_token_falls_with_the_batch_and_rises_with_the_devices():
    assert best([{**ROW, "avg_batch_size": "64"}]) < best([ROW]) < best([{**ROW, "num_gpus": "2"}])


def test_prompts_taken_in_before_the_window_opens_are_not_counted():
    assert window_prompts(1024, 8, 2.0) == pytest.approx(1.0, abs=0.01)
    assert window_prompts(1024, 512, 2.0) == pytest.approx(0.5)
    assert window_prompts(100, 100, 2.0) == 0.0


def test_a_task_nobody_fitted_is_assumed_said_and_widens_the_interval():
    known, unknown = (predict([{**ROW, "task": t}]).targets["energy_per_output_token"] for t in ("lm-arena-chat", "poetry"))
    assert unknown.p90[0] / unknown.p10[0] > known.p90[0] / known.p10[0]
    assert "not known" in unknown.assumptions[0][0]


def test_a_generation_nobody_measured_has_a_wider_interval():
    new, old = (predict([{**ROW, "gpu_model": g}]).targets["energy_per_output_token"] for g in ("H100", "A100"))
    assert old.p90[0] / old.p10[0] > new.p90[0] / new.p10[0]


@pytest.mark.parametrize(
    ("column", "value"), [("avg_batch_size", "many"), ("num_gpus", "-1"), ("avg_output_len", "inf"), ("layers", "x")]
)
def test_a_cell_that_is_no_sensible_number_is_refused_with_row_and_column(column, value):
    with pytest.raises(TableError, match=rf"mine\.csv, row 2, column {column}"):
        predict([{**ROW, column: value}], file="mine.csv")


def test_rows_that_cannot_be_compared_are_predicted_and_counted():
    odd = [{**ROW, "energy_per_output_token_j": value, "energy_per_request_j": other} for value, other in
           (("0", "0"), ("", ""), ("NaN", "-"), ("-1", "80"), ("0.2", "-80"))]  # fmt: skip
    whole = predict([ROW]).targets["energy_per_output_token"]
    milli = {**ROW, "energy_per_output_token_j": str(whole.best[0] * 1000), "energy_per_request_j": ""}
    found = predict([*odd, milli, ROW])
    assert list(found.targets["energy_per_output_token"].best) == [whole.best[0]] * 7
    scores = found.scores()
    assert scores["targets"]["energy_per_output_token"]["n"] == 1
    assert {why: told["n"] for why, told in scores["left_out"].items()} == {
        "zero energy": 1, "no energy to compare with": 2, "energy seems to be in mJ": 1, "energy below zero": 2}  # fmt: skip


def test_blanks_around_cells_and_other_spellings_move_nothing():
    whole = predict([ROW]).targets["energy_per_output_token"]
    spelt = {f" {name} ": f"  {cell} " for name, cell in ROW.items()}
    for row in (spelt, {**ROW, "num_gpus": "1.0", "data_parallel": "0"}, {**ROW, "surprise": "x", None: ["more", "cells"]},
                {**ROW, "weight_precision": ROW["weight_precision"].upper()}):  # fmt: skip
        found = predict([row]).targets["energy_per_output_token"]
        assert list(found.best) == list(whole.best)
        assert found.families == whole.families


def test_a_model_of_the_fit_is_predicted_without_its_family_whatever_the_family_is_called():
    named = {**ROW, "model_id": "meta-llama/Llama-3.1-8B-Instruct", "params_total_b": "8.03", "params_active_b": "8.03"}
    without_name = {key: cell for key, cell in named.items() if key != "base_model"}
    for row in ({**named, "base_model": "somebody's word for it"}, {**named, "base_model": ""}, without_name):
        assert predict([row]).targets["energy_per_output_token"].fit == ["leave-one-out"]


def test_a_model_of_no_table_is_predicted_from_the_shape_in_its_columns():
    shape = {"params_total_b": "13", "params_active_b": "13", "layers": "40", "hidden": "5120", "kv_elems_per_ctx_token": "81920"}
    row = {**ROW, "model_id": "nobody/knows-13b", "base_model": "nobody", **shape}
    found = predict([row]).targets["energy_per_output_token"]
    larger = predict([{**row, "params_total_b": "30", "params_active_b": "30"}]).targets["energy_per_output_token"]
    assert found.fit == ["unseen"]
    assert found.best[0] < larger.best[0]


def test_no_rows_give_no_score():
    assert predict([]).scores()["targets"] == {"energy_per_output_token": None, "energy_per_output": None}


def test_the_pack_was_fitted_on_the_families_of_this_table(measured):
    pack = serving_pack.serving_pack()
    assert set(pack["rows"]) == set(pack["without"]) == {row["base_model"] for row in measured}
    assert sum(pack["rows"].values()) == pack["n"] == len(measured)


def test_an_image_is_counted_by_the_tower_of_its_model_where_that_is_known(measured):
    pack = serving_pack.serving_pack()
    rows = [r for r in measured if r["task"] == "image-chat"]
    wide, narrow = (next(r for r in rows if word in r["model_id"]) for word in ("Llama-4-Scout", "gemma-3"))
    held = [float(step_of(read_row(r, pack), pack)[0].prefill_j) for r in (wide, narrow)]
    assert all(x > 0 for x in held)
    assert read_row(wide, pack).tower.tokens(1024, 1024) > 5 * read_row(narrow, pack).tower.tokens(1024, 1024)
    (told,) = predict([narrow]).targets["energy_per_output_token"].assumptions[0]
    assert "256 tokens" in told


def test_chats_about_images_of_families_left_out_are_predicted_within_15_percent(measured):
    found = predict([r for r in measured if r["task"] == "image-chat"]).targets["energy_per_output_token"]
    assert mape(*found.arrays()[:2]) <= 0.15
