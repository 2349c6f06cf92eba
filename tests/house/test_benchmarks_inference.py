"""The bars of inference, on little: what is scored, by what it was predicted, and beside what."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.bars import inference, speed

from jevons.estimate.server import pack as serving_pack

FAMILIES = ["a", "a", "b", "b", "c", "c"]


def test_one_width_for_all_is_found_without_the_family_it_bounds():
    observed, best = np.array([1.0, 1.2, 0.9, 1.1, 50.0, 60.0]), np.ones(6)
    low, high = inference.constant_width(observed, best, FAMILIES)
    assert high[4] < 1.3 < high[0]
    assert np.all(low < high)


def test_the_score_of_rows_is_the_score_of_the_whole():
    seen, low, high = np.array([1.0, 2.0, 4.0]), np.full(3, 0.9), np.full(3, 2.5)
    assert inference.score_each(seen, low, high).mean() == pytest.approx(inference.scores.interval_score(seen, low, high))


def test_a_calibration_point_is_not_scored_and_takes_away_what_its_configuration_is_off_by_the_less_the_farther():
    own = [{"task": "chat", "model_id": "m", "gpu_model": "h100", "num_gpus": "1", "avg_batch_size": str(b)} for b in (8, 16, 32)]
    bar = inference.one_point(own, np.array([2.0, 4.0, 6.6]), np.array([1.0, 2.0, 3.0]), ["a"] * 3)
    assert bar.n == 2
    near = np.exp(-np.log(2) / serving_pack.serving_pack()["calibration_reach"])
    assert 0 < near < 1
    assert bar.figure == pytest.approx(((1 - 2**near / 2) + (1 - 2**near / 2.2)) / 2)


def test_every_bar_of_served_models_is_printed_with_its_must(shared):
    rows = inference.read(shared / inference.FOLDER / "mlenergy_llm_train.csv")
    found = {bar.name: bar for bar in inference.serving(rows, rivals=False)}
    assert found["ML.ENERGY, unseen families: MAPE"].verdict.startswith("met")
    assert sum(bar.must is not None for bar in found.values()) >= 7


def test_the_speed_of_a_served_model_is_told_for_one_and_for_many():
    bars = speed.served(count=1000, runs=2)
    assert all(bar.figure > 0 for bar in bars)
    assert bars[-1].unit == "million/s"
