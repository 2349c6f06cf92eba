"""A user's own measured deployments move the serving law, and what cannot be joules is left out and counted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jevons.core.errors import BadInput, Contradiction, TableError
from jevons.core.uncertain import interval
from jevons.estimate.server.calibrate import ServingCalibration, calibrate_serving, spreads
from jevons.estimate.server.pack import serving_pack
from jevons.estimate.serving import Measured, serving

HEAD = "model,on,n,precision,batch,input_tokens,output_tokens,energy_per_output_token_j"
BATCHES = (4, 8, 16, 32, 64, 128)


def law(batch, model="llama-3.1-8b", **more):
    found = serving(model, "h100", 1, batch=batch, input_tokens=500, output_tokens=300, draws=0, **more)
    return float(found.where(component="accelerator").total()[0]) * 3.6e6 / 300


def file_of(folder, energies, batches=BATCHES, head=HEAD):
    lines = [f"llama-3.1-8b,h100,1,bf16,{b},500,300,{e!r}" for b, e in zip(batches, energies, strict=True)]
    path = folder / "points.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def ratio_of(activity):
    low, high = interval(activity.where(component="accelerator").total())
    return float(np.squeeze(high / low))


@pytest.fixture
def half_more(tmp_path):
    return calibrate_serving(file_of(tmp_path, [1.5 * law(b) for b in BATCHES]))


def test_rows_half_above_the_law_move_it_nearly_as_far_and_the_error_falls(half_more):
    (one,) = half_more.configurations.values()
    assert 1.4 < math.exp(one.level) < 1.5
    assert half_more.after_mape < 0.05 < 0.3 < half_more.before_mape
    assert len(half_more.rows) == one.n == len(BATCHES)


def test_one_row_moves_the_law_less_than_six(tmp_path, half_more):
    (one,) = calibrate_serving(file_of(tmp_path, [1.5 * law(16)], (16,))).configurations.values()
    (six,) = half_more.configurations.values()
    assert 0 < one.level < six.level
    assert one.sd > six.sd
    sigma, tau = spreads("family", serving_pack())
    assert one.level == pytest.approx(math.log(1.5) * tau**2 / (tau**2 + sigma**2), abs=1e-4)


def test_a_calibrated_estimate_is_moved_tiered_and_narrower(half_more):
    asked = {"batch": 16, "input_tokens": 500, "output_tokens": 300}
    plain, own = serving("llama-3.1-8b", "h100", 1, **asked), serving("llama-3.1-8b", "h100", 1, calibration=half_more, **asked)
    moved = own.where(component="accelerator").total()[..., 0] / plain.where(component="accelerator").total()[..., 0]
    (one,) = half_more.configurations.values()
    assert float(np.squeeze(moved)) == pytest.approx(math.exp(one.level))
    assert set(own.column("tier")) == {"calibrated"}
    assert ratio_of(own) < ratio_of(plain)
    assert any(a.what == "calibration" and "6 rows" in a.value for a in own.assumptions)


@pytest.mark.parametrize(("model", "on"), [("llama-3.1-8b", "h100"), ("llama-3-8b", "h100"), ("llama-3.1-8b", "a100")])
def test_even_one_row_narrows_the_interval_whatever_was_known_before(tmp_path, model, on):
    path, asked = tmp_path / "point.csv", {"batch": 16, "input_tokens": 500, "output_tokens": 300}
    plain = serving(model, on, 1, **asked)
    joules = float(plain.where(component="accelerator").total()[0]) * 3.6e6 / 300
    path.write_text(f"{HEAD}\n{model},{on},1,bf16,16,500,300,{joules!r}\n", encoding="utf-8")
    assert ratio_of(serving(model, on, 1, calibration=calibrate_serving(path), **asked)) < ratio_of(plain)


@pytest.mark.parametrize(("factor", "why"), [(0.0, "zero reading"), (-1.0, "reading below zero"), (1e3, "energy in mJ"), (1e-3, "energy in kJ"),
                                             (1 / 3.6e6, "energy in kWh"), (50.0, "more than 30 times off")])  # fmt: skip
def test_a_row_that_is_not_joules_is_left_out_and_counted(tmp_path, half_more, factor, why):
    energies = [1.5 * law(b) for b in BATCHES]
    found = calibrate_serving(file_of(tmp_path, [*energies, factor * law(256)], (*BATCHES, 256)))
    assert found.left_out == {why: [8]}
    assert found.configurations == half_more.configurations


def test_a_file_wholly_in_another_unit_is_refused_with_the_count(tmp_path):
    with pytest.raises(BadInput, match=r"no usable row of 6 \(energy in kWh: 6\)"):
        calibrate_serving(file_of(tmp_path, [law(b) / 3.6e6 for b in BATCHES]))


def test_energy_of_many_requests_says_the_same_as_energy_a_token(tmp_path):
    apart = calibrate_serving(file_of(tmp_path, [1.2 * law(b) for b in BATCHES]))
    head = HEAD.replace("energy_per_output_token_j", "energy_j") + ",requests"
    path = tmp_path / "whole.csv"
    lines = [f"llama-3.1-8b,h100,1,bf16,{b},500,300,{1.2 * law(b) * 300 * 40!r},40" for b in BATCHES]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    assert calibrate_serving(path).configurations == apart.configurations


def test_what_was_saved_is_loaded_as_it_was(tmp_path, half_more):
    assert ServingCalibration.load(half_more.save(tmp_path / "pack.json")) == half_more


def test_a_calibration_of_another_model_says_what_it_holds(half_more):
    with pytest.raises(BadInput, match="it holds no row of"):
        serving("qwen3-8b", "h100", 1, batch=16, input_tokens=500, output_tokens=300, calibration=half_more)


def test_a_measured_point_and_a_calibration_are_not_both_taken(half_more):
    with pytest.raises(Contradiction, match="not both"):
        serving("llama-3.1-8b", "h100", 1, batch=16, input_tokens=5, output_tokens=3, calibration=half_more,
                measured=Measured(1.0, 16))  # fmt: skip


@pytest.mark.parametrize(("line", "words"), [
    ("llama-3.1-8b,h100,1,bf16,x,500,300,1.0", "row 2, column batch"),
    ("llama-3.1-8b,h100,1,bf16,8,500,300,inf", "column energy_per_output_token_j"),
    ("llama-3.1-8b,h100,1,bf16,8,500,300,", "give energy_per_output_token_j, or energy_j with requests"),
    ("lama-3.1-8b-x,h100,1,bf16,8,500,300,1.0", "row 2"),
    ("llama-3.1-8b,,1,bf16,8,500,300,1.0", "column on"),
    ("llama-3.1-405b,h100,1,bf16,8,500,300,1.0", "GB a device"),
])  # fmt: skip
def test_a_broken_row_is_named_by_row_and_column(tmp_path, line, words):
    path = tmp_path / "points.csv"
    path.write_text(f"{HEAD}\n{line}\n", encoding="utf-8")
    with pytest.raises(TableError) as refused:
        calibrate_serving(path)
    assert words in str(refused.value)


def test_a_file_that_is_no_pack_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(BadInput, match="jevons calibrate serving"):
        ServingCalibration.load(tmp_path / "x.json")
