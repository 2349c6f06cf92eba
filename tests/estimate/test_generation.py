import csv

import numpy as np
import pytest

from counted_calls import calls
from jevons.core.errors import BadInput, DoesNotFit, UnknownName
from jevons.estimate.diffusion.cost import generation_pack
from jevons.estimate.diffusion.memory import memory_gb
from jevons.estimate.diffusion.validate import read
from jevons.estimate.generation import generation
from jevons.world.diffusion import find


def joules(activity, component="accelerator"):
    return float(activity.by("component")[component][0]) * 3.6e6


def test_an_image_has_its_stages_components_and_counts():
    made = generation("flux.1-dev", "h100", images=10, steps=50)
    assert set(made.column("stage")) == {"text encoder", "denoising", "decode"}
    assert set(made.by("component")) == {"accelerator", "host"}
    assert made.served["image"][0] == 10
    assert made.served["step"][0] == 500
    assert made.served["device hour"][0] == pytest.approx(made.by("device", "device_hours")["nvidia-h100-sxm5-80gb"][0] / 2)


def test_energy_is_linear_in_images_and_nearly_in_steps():
    one, ten = (joules(generation("flux.1-dev", "h100", images=i)) for i in (1, 10))
    few, many = (joules(generation("flux.1-dev", "h100", steps=s)) for s in (10, 100))
    assert ten == pytest.approx(10 * one)
    assert 8 < many / few < 10


def test_without_guidance_a_step_is_evaluated_once():
    guided, plain = (joules(generation("stable-diffusion-3.5-large", "h100", guidance=g)) for g in (None, 1))
    assert guided / plain == pytest.approx(2, rel=0.1)


def test_guidance_that_was_distilled_costs_nothing():
    assert joules(generation("flux.1-dev", "h100", guidance=3.5)) == joules(generation("flux.1-dev", "h100"))


def test_a_larger_image_takes_more_than_its_share_of_pixels():
    small, large = (joules(generation("flux.1-dev", "h100", height=s, width=s)) for s in (1024, 2048))
    assert large > 4 * small


def test_more_gpus_a_batch_are_faster_and_take_more_energy():
    one, eight = (generation("flux.1-dev", "h100", n=8, parallel=p, batch=4) for p in (1, 8))
    assert joules(eight) > joules(one)
    assert eight.served["device hour"][0] > one.served["device hour"][0]


def test_idle_time_is_a_stage_of_its_own():
    half = generation("flux.1-dev", "h100", utilisation=0.5)
    hours = half.by("stage", "device_hours")
    assert hours["idle"][0] == pytest.approx(sum(hours[s][0] for s in ("text encoder", "denoising", "decode")))
    idle, busy = (half.where(stage=s, component="accelerator").total()[0] for s in ("idle", "denoising"))
    assert 0 < idle < busy / 3


def test_a_video_says_videos_and_an_image_model_refuses_them():
    assert generation("wan2.1-t2v-1.3b", "h100", videos=2).served["video"][0] == 2
    with pytest.raises(BadInput, match="makes images"):
        generation("flux.1-dev", "h100", videos=2)


def test_scenarios_broadcast():
    made = generation("flux.1-dev", "h100", images=[1, 10, 100], steps=np.array([[20], [50]]), draws=20)
    assert made.total().shape == (2, 3, 21)


def test_usual_values_that_were_taken_are_said():
    said = {a.what: a.value for a in generation("wan2.1-t2v-14b", "h100").assumptions}
    assert (said["steps"], said["frames"], said["height"]) == ("50", "81", "480")


@pytest.mark.parametrize(
    ("model", "on", "tier"),
    [("flux.1-dev", "h100", "family"), ("stable-diffusion-3.5-medium", "b200", "physics"), ("flux.1-dev", "a100", "guess")],
)
def test_the_tier_says_what_was_measured(model, on, tier):
    assert set(generation(model, on).column("tier")) == {tier}


def test_what_was_never_measured_is_less_certain():
    def width(model, on):
        total = generation(model, on).total()[1:]
        return np.quantile(total, 0.9) / np.quantile(total, 0.1)

    assert width("flux.1-dev", "h100") < width("sana1.5-1.6b-1024px", "h100")
    assert width("flux.1-dev", "h100") < width("flux.1-dev", "a100")


@pytest.mark.parametrize(
    ("field", "value"),
    [("steps", 0), ("steps", 2.5), ("height", -1), ("height", 8), ("width", float("nan")), ("batch", 0), ("n", 0),
     ("images", float("inf")), ("utilisation", 0), ("utilisation", 1.1), ("guidance", "high"), ("ring", 3),
     ("frames", 5)],
)  # fmt: skip
def test_a_value_nobody_could_compute_with_is_refused_by_name(field, value):
    with pytest.raises(BadInput, match=field):
        generation("flux.1-dev", "h100", **{field: value})


def test_a_batch_larger_than_memory_names_one_that_fits():
    with pytest.raises(DoesNotFit, match=r"nearest that fits: batch (\d+)") as trouble:
        generation("flux.1-dev", "h100", batch=4096)
    batch = int(trouble.value.nearest.split()[1])
    assert joules(generation("flux.1-dev", "h100", batch=batch)) > 0


def test_a_model_larger_than_the_device_does_not_fit_at_any_batch():
    with pytest.raises(DoesNotFit, match="no layout"):
        generation("flux.1-dev", "l4")


def test_a_unet_runs_on_one_gpu_and_says_how_uncertain_it_is():
    made = generation("sdxl", "h100")
    assert set(made.column("tier")) == {"physics"}
    assert np.quantile(made.total()[1:], 0.9) / made.total()[0] > 1.5
    with pytest.raises(BadInput, match="U-Net"):
        generation("sdxl", "h100", n=2, parallel=2)


def test_an_unknown_model_or_device_is_named():
    with pytest.raises(UnknownName, match="nearest"):
        generation("dall-e-9", "h100")
    with pytest.raises(UnknownName):
        generation("flux.1-dev", "an abacus")


def test_every_measured_batch_fits_in_the_memory_it_ran_in(shared):
    path = shared / "data" / "inference" / "mlenergy_diffusion_train.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        groups, _ = read(csv.DictReader(handle))
    assert len(groups) == 16
    assert [(g.model.id, g.device.id) for g in groups if memory_gb(g.model, g.setting()).max() > g.device.memory_gb] == []


def test_the_answer_is_that_of_the_pack_for_the_same_setting(shared):
    """One measured row of FLUX: 20 % is far outside what a slip of units or counts would leave."""
    found = joules(generation("flux.1-dev", "h100", images=4, batch=4, steps=50)) / 4
    assert found == pytest.approx(7728, rel=0.2)


def test_the_pack_tells_date_set_and_residuals():
    pack = generation_pack()
    assert {"fit_date", "set", "residuals", "without", "models", "priors"} <= set(pack)
    assert set(pack["without"]) == {find(m)[0].family for m in pack["models"]}


def test_scenarios_and_draws_are_computed_together_not_one_after_another():
    few, many = (calls(lambda: generation("flux.1-dev", "h100", steps=np.resize([20, 30], n), draws=0)) for n in (2, 5000))  # noqa: B023
    assert few == many
    assert calls(lambda: generation("flux.1-dev", "h100", draws=5000)) == calls(lambda: generation("flux.1-dev", "h100", draws=10))
