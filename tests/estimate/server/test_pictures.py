import csv
from collections import defaultdict

import numpy as np
import pytest

from jevons.core.errors import BadInput, Contradiction, DoesNotFit, UnknownName
from jevons.core.units import JOULES_PER_KWH
from jevons.estimate.server.rows import SEEING
from jevons.estimate.serving import latency, serving
from jevons.world import devices
from jevons.world.vision import tower_of

CHAT = {"batch": 16, "input_tokens": 80, "output_tokens": 300, "draws": 0}


def joules(activity, **rows):
    return float(activity.where(**rows).total()[0]) * JOULES_PER_KWH


def see(model="qwen3-vl-8b", **asked):
    return serving(model, "h100", 1, **{**CHAT, **asked})


def test_an_image_is_encoded_and_read():
    plain, seen = see(), see(images=1)
    assert SEEING not in plain.by("stage")
    assert joules(seen, stage=SEEING) > 0
    assert joules(seen, stage="prefill") > joules(plain, stage="prefill")
    assert float(np.squeeze(seen.served["input token"])) == 80 + 1024


def test_the_work_of_the_encoder_is_that_of_its_floating_point_operations():
    tower = tower_of("qwen3-vl-8b")[1]
    flop = 2 * 411e6 * 4096 + 27 * 4 * 1152 * 4096**2
    device = devices.device("h100")[0]
    ideal_s = flop / (device.peak("bf16").tflops * 1e12)
    found = see(images=1)
    assert tower.patches(1024, 1024) == 4096
    assert ideal_s < joules(found, stage=SEEING, component="accelerator") / device.tdp_w < 8 * ideal_s  # one image alone waits for its host


def test_a_larger_image_costs_more_tokens_and_more_encoding_and_a_scaled_one_does_not():
    for model, grows in (("qwen3-vl-8b", True), ("gemma-3-27b", False)):
        small, large = (see(model, images=1, image_size=s) for s in ("512x512", (1024, 1024)))
        assert (joules(large, stage=SEEING) > 1.5 * joules(small, stage=SEEING)) is grows


def test_a_video_is_as_many_images_as_its_frames_merge_into():
    video, images = see(videos=1, frames=16, image_size="448x448"), see(images=8, image_size="448x448")
    assert joules(video) == pytest.approx(joules(images))


def test_a_rate_of_requests_waits_for_the_encoder_too():
    asked = {"batch": None, "request_rate": 2, "hours": 1}
    plain, seen = see(input_tokens=80 + 1024, **asked), see(images=1, **asked)
    assert joules(seen, stage="idle") < joules(plain, stage="idle")
    assert float(seen.total("device_hours")[0]) == pytest.approx(2.0)  # the accelerator's and the host's


def test_a_model_without_a_known_tower_says_that_its_encoder_is_not_counted():
    assert any(a.what == "encoder of images" and a.value == "not counted" for a in see("llama-3.1-8b", images=1).assumptions)


def test_the_encoders_interval_is_wide():
    seen = see(images=1, draws=500).where(stage=SEEING, component="accelerator").total()
    assert np.quantile(seen[1:], 0.95) / np.quantile(seen[1:], 0.05) > 3


def test_measured_chats_about_images_are_met_by_an_image_of_a_megapixel(shared):
    """The encoder was never fitted; the language models were. Sizes of the images are not published."""
    logs = defaultdict(list)
    with (shared / "data/inference/mlenergy_llm_train.csv").open(newline="", encoding="utf-8") as handle:
        rows = [r for r in csv.DictReader(handle) if r["task"] == "image-chat"]
    for r in rows:
        made = float(r["avg_output_len"])
        try:
            found = serving(r["model_id"].replace("-FP8", "").replace("-17B-16E", "").replace("-17B-128E", ""), r["gpu_model"], int(r["num_gpus"]),
                            precision=r["weight_precision"], batch=max(1.0, float(r["avg_batch_size"])), input_tokens=80,
                            images=1, image_size="1024x1024", output_tokens=made, draws=0)  # fmt: skip
        except (UnknownName, DoesNotFit):
            continue
        logs[r["base_model"]].append(np.log(float(r["energy_per_output_token_j"]) * made / joules(found, component="accelerator")))
    errors = np.abs(np.expm1(-np.concatenate([np.array(v) for v in logs.values()])))
    assert len(errors) > 100
    assert errors.mean() < 0.14
    assert all(abs(np.mean(v)) < 0.3 for v in logs.values())


@pytest.mark.parametrize(("asked", "field"), [
    ({"image_size": "1024x1024"}, "image_size"), ({"images": 1, "image_size": "large"}, "image_size"),
    ({"images": 1, "image_size": "0x5"}, "image_size"), ({"images": 1, "image_size": "9x9", "image_tokens": 5}, "image_size"),
    ({"frames": 8}, "frames"), ({"videos": 1, "frames": 0}, "frames"), ({"images": -1}, "images"),
])  # fmt: skip
def test_pictures_that_cannot_be_are_refused(asked, field):
    with pytest.raises((BadInput, Contradiction)) as trouble:
        see(**asked)
    assert trouble.value.field == field


def test_whoever_asks_about_an_image_waits_for_its_encoder_and_for_those_of_the_others():
    asked = {"batch": 16, "output_tokens": 300}
    plain, seen = latency("qwen3-vl-8b", "h100", 1, input_tokens=80 + 1024, **asked), latency("qwen3-vl-8b", "h100", 1, input_tokens=80, images=1, **asked)
    assert seen.first_token_s > plain.first_token_s + 0.005
    assert seen.per_token_s > plain.per_token_s
    assert seen.tokens_per_s < plain.tokens_per_s


def test_hours_of_a_full_deployment_hold_as_many_requests_as_its_speed_says():
    asked = {"batch": 16, "input_tokens": 80, "images": 1, "output_tokens": 300}
    served = float(np.squeeze(serving("qwen3-vl-8b", "h100", 1, hours=1, draws=0, **asked).served["request"]))
    assert served == pytest.approx(3600 * float(latency("qwen3-vl-8b", "h100", 1, **asked).tokens_per_s) / 300)
