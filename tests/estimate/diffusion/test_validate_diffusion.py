import csv
import random

import numpy as np
import pytest

from jevons.core.errors import TableError
from jevons.estimate.diffusion.validate import predict, recognise
from jevons.estimate.validation.scores import interval_score

OBSERVED = ("avg_power_w", "batch_latency_s", "energy_per_output_j", "fps", "output", "params_total_b")
ROW = {
    "model_id": "stabilityai/stable-diffusion-3.5-medium", "gpu_model": "H100", "num_gpus": "2", "ulysses_degree": "2",
    "ring_degree": "1", "batch_size": "4", "height": "1024", "width": "1024", "num_frames": "1", "inference_steps": "28",
    "energy_per_output_j": "1500", "avg_power_w": "900", "batch_latency_s": "7",
}  # fmt: skip


@pytest.fixture(scope="session")
def rows(shared):
    with (shared / "data" / "inference" / "mlenergy_diffusion_train.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="session")
def result(rows):
    return predict(rows)


def predicted(rows):
    found = predict(rows)
    target = found.targets["energy_per_output"]
    return {n: (b, low, high) for n, b, low, high in zip(found.numbers, target.best, target.p10, target.p90, strict=True)}


def test_the_layout_is_known_by_its_header():
    assert recognise(list(ROW))
    assert not recognise(["model_id", "gpu_model", "num_gpus", "max_num_seqs"])


def test_no_prediction_moves_when_what_was_observed_is_shuffled(rows):
    generator, shuffled = random.Random(7), [dict(row) for row in rows]
    for column in OBSERVED:
        values = [row[column] for row in rows]
        generator.shuffle(values)
        for row, value in zip(shuffled, values, strict=True):
            row[column] = value
    assert predicted(shuffled) == predicted(rows)


def test_a_model_that_was_fitted_is_predicted_without_its_family_and_a_new_one_with_all():
    fitted = {**ROW, "model_id": "black-forest-labs/FLUX.1-dev", "energy_per_output_j": "8000"}
    assert predict([fitted, ROW]).targets["energy_per_output"].fit == ["leave-one-out", "unseen"]


def test_unseen_families_are_predicted_within_the_bars(result):
    scores = result.scores()
    assert scores["targets"]["energy_per_output"]["n"] == 699
    assert scores["targets"]["energy_per_output"]["fit"] == "leave-one-out"
    assert scores["targets"]["energy_per_output"]["families"] == 6
    assert scores["by_output"]["image"]["mape"] <= 0.20
    assert scores["by_output"]["video"]["mape"] <= 0.35
    assert scores["targets"]["energy_per_output"]["within_2x"] == 1.0


def test_the_interval_covers_what_it_says_and_its_score_beats_one_width_for_all(result):
    score = result.scores()["targets"]["energy_per_output"]
    assert 0.75 <= score["coverage_80"] <= 0.85
    assert score["width_80"] <= 2
    target = result.targets["energy_per_output"]
    constant = [
        interval_score(target.observed, target.best / np.exp(w), target.best * np.exp(w)) for w in np.linspace(0.05, 0.5, 46)
    ]
    assert score["interval_score"] < min(constant)  # the best one width that hindsight would choose


def test_rows_that_cannot_be_compared_are_left_out_and_counted():
    rows = [
        {**ROW, "quality": "power_outlier"},
        {**ROW, "energy_per_output_j": "0"},
        {**ROW, "energy_per_output_j": "0.4"},  # watt-hours
        {**ROW, "energy_per_output_j": ""},
        {**ROW, "model_id": "somebody/a-new-thing"},
        {**ROW, "gpu_model": "abacus"},
        {**ROW, "height": ""},
        {**ROW, "energy_per_output_j": "-3"},
        ROW,
    ]
    scores = predict(rows).scores()
    assert scores["targets"]["energy_per_output"]["n"] == 1
    assert {why: found["rows"] for why, found in scores["left_out"].items()} == {
        "quality: power_outlier": [2],
        "energy is zero: a sensor that gave nothing": [3],
        "energy in another unit (more than 300 times off)": [4],
        "no energy_per_output_j to compare with": [5],
        "model not in the tables, and no params_total_b: somebody/a-new-thing": [6],
        "hardware not in the tables: abacus": [7],
        "no height": [8],
        "energy below zero": [9],
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [("batch_size", "-1"), ("height", "wide"), ("inference_steps", "0"), ("num_frames", "inf"), ("num_gpus", "2.5"),
     ("energy_per_output_j", "inf")],
)  # fmt: skip
def test_a_cell_that_is_no_sensible_number_is_refused_with_row_and_column(column, value):
    with pytest.raises(TableError, match=rf"mine\.csv, row 2, column {column}"):
        predict([{**ROW, column: value}], file="mine.csv")


def test_what_follows_from_other_cells_is_filled_in():
    whole = predict([ROW]).targets["energy_per_output"].best[0]
    for change in ({"ring_degree": ""}, {"ring_degree": "0"}, {"ulysses_degree": ""}, {"num_frames": ""}, {"num_frames": "nan"},
                   {"num_gpus": "2.0"}, {"width": f"{ROW['width']}x{ROW['height']}", "height": f"{ROW['width']}x{ROW['height']}"}):  # fmt: skip
        assert predict([{**ROW, **change}]).targets["energy_per_output"].best[0] == whole, change


def test_gpus_that_the_degrees_do_not_make_are_left_out_and_counted():
    scores = predict([{**ROW, "num_gpus": "4"}, ROW]).scores()
    assert scores["left_out"] == {"num_gpus is not ulysses_degree × ring_degree": {"n": 1, "rows": [2]}}


def test_an_absent_column_is_named():
    with pytest.raises(TableError, match="ring_degree"):
        predict([{k: v for k, v in ROW.items() if k != "ring_degree"}])


def test_no_rows_give_no_score():
    assert predict([]).scores()["targets"] == {"energy_per_output": None}
