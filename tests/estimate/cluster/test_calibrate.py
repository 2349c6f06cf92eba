"""Three to five measured steps of a user's own cluster sharpen the engine."""

from __future__ import annotations

import json

import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput, TableError
from jevons.estimate import training
from jevons.estimate.cluster.calibrate import GROUPS, _job, calibrate_training, load, scaled
from jevons.estimate.cluster.step_time import coefficients
from jevons.world import catalog

HEADER = "model,on,n,batch,sequence,tensor,pipeline,micro_batch,step_s\n"
SHAPES = ["llama-2-7b,a100-80gb,64,1024,4096,1,1,2", "llama-2-13b,a100-80gb,64,1024,4096,2,1,2",
          "llama-2-70b,a100-80gb,256,1024,4096,8,4,1", "llama-2-7b,a100-80gb,32,256,2048,1,1,1"]  # fmt: skip


def cluster(tmp_path, multipliers):
    """Steps of a make-believe cluster that is as the joint fit but for these multipliers."""
    path = tmp_path / "steps.csv"
    path.write_text(HEADER + "".join(f"{shape},1\n" for shape in SHAPES))
    c = scaled(coefficients(), multipliers)
    times = [_job(path, i, row)[0].time(_job(path, i, row)[1], c).total_s for i, row in enumerate(catalog.read_csv(path), 2)]
    path.write_text(HEADER + "".join(f"{shape},{float(t)}\n" for shape, t in zip(SHAPES, times, strict=True)))
    return path


def test_a_slower_cluster_is_recognised_from_four_steps(tmp_path):
    found = calibrate_training(cluster(tmp_path, {"efficiency": 0.8}))
    assert found.before_mape > 0.12
    assert found.after_mape < 0.03
    assert found.multipliers["efficiency"] == pytest.approx(0.8, abs=0.05)


def test_a_cluster_like_the_fit_is_left_alone(tmp_path):
    found = calibrate_training(cluster(tmp_path, {}))
    assert all(m == pytest.approx(1.0, abs=1e-3) for m in found.multipliers.values())
    assert set(found.multipliers) == set(GROUPS)


def test_a_calibration_is_saved_loaded_and_moves_and_narrows_the_estimate(tmp_path):
    saved = calibrate_training(cluster(tmp_path, {"efficiency": 0.8}), "ours").save(tmp_path / "ours.json")
    assert load(saved).name == "ours"
    plain = training("llama-2-13b", "1T", "a100-80gb", 128, batch=1024, sequence=4096)
    ours = training("llama-2-13b", "1T", "a100-80gb", 128, batch=1024, sequence=4096, calibration=saved)
    assert ours.served["device hour"][0] > plain.served["device hour"][0]
    assert set(ours.text["tier"]) == {"calibrated"}
    widths = [np.divide(*jevons.footprint(r, "USA").interval("energy")[::-1]) for r in (ours, plain)]
    assert widths[0] < widths[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [(HEADER + "llama-2-7b,a100-80gb,64,1024,4096,1,1,2,fast\n", "row 2, column step_s: 'fast'"),
     (HEADER + "llama-2-7b,a100-80gb,64,1024,4096,1,1,2,-3\n", "row 2, column step_s"),
     (HEADER + "llama-2-7b,a100-80gb,64,1024,4096,1,1,2,0.001\n", "row 2, column step_s: '0.001'.*what the devices can do"),
     (HEADER + "llama-2-7b,a100-80gb,64,1024,4096,1,1,2,9100000\n", "row 2, column step_s.*of one step of the whole batch"),
     (HEADER + "llama-2-7b,a100-80gb,64,1024,4096,3,1,2,9.1\n", "row 2, column tensor: 3 .*32 heads"),
     ("model,on,n,batch,data,step_s\nllama-2-7b,a100-80gb,64,1024,63,9.1\n", "row 2, column layout.*must make 64 devices"),
     ("model,on,n,batch,tensr,step_s\nllama-2-7b,a100-80gb,64,1024,1,9.1\n", "did you mean 'tensor'"),
     ("model,on\nllama-2-7b,a100\n", "row 2, column n"),
     ("model,on,n,batch,step_s\n", "give a CSV with the columns")],
)  # fmt: skip
def test_a_broken_file_names_row_and_column(tmp_path, text, words):
    path = tmp_path / "steps.csv"
    path.write_text(text)
    with pytest.raises((TableError, BadInput), match=words):
        calibrate_training(path)


def test_another_device_than_those_measured_is_said_and_keeps_the_wide_interval(tmp_path):
    saved = calibrate_training(cluster(tmp_path, {"efficiency": 0.8}), "ours").save(tmp_path / "ours.json")
    assert load(saved).devices == ("nvidia-a100-sxm4-80gb",)
    other = training("llama-2-13b", "1T", "h100", 128, batch=1024, calibration=saved)
    assert any("not on nvidia-h100-sxm5-80gb" in note.why for note in other.assumptions)
    assert set(other.text["tier"]) == {"physics"}


def test_a_pack_saved_before_devices_were_kept_still_loads(tmp_path):
    saved = calibrate_training(cluster(tmp_path, {})).save(tmp_path / "old.json")
    old = {k: v for k, v in json.loads(saved.read_text()).items() if k != "devices"}
    saved.write_text(json.dumps(old))
    assert load(saved).devices == ()
    assert set(training("llama-2-13b", "1T", "h100", 128, batch=1024, calibration=saved).text["tier"]) == {"calibrated"}


def test_a_file_that_is_no_calibration_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(BadInput, match="saved by 'jevons calibrate training'"):
        load(path)
