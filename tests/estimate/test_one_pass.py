import numpy as np
import pytest

from jevons.core.errors import BadInput, DoesNotFit, UnknownName
from jevons.estimate.diffusion.cost import rates_of
from jevons.estimate.one_pass import audio_tokens, image_tokens, one_pass, pass_work, video_tokens
from jevons.world import devices, models


def joules(activity):
    return float(activity.by("component")["accelerator"][0]) * 3.6e6


def test_embedding_a_thousand_texts_counts_items_and_tokens():
    made = one_pass("bert-base", "h100", items=1000, length=256)
    assert made.served["item"][0] == 1000
    assert made.served["token"][0] == 256_000
    assert set(made.column("stage")) == {"one pass"}
    assert set(made.column("tier")) == {"physics"}


def test_tokens_in_all_or_items_say_the_same():
    by_items, by_tokens = one_pass("bert-base", "h100", items=100, length=128), one_pass("bert-base", "h100", tokens=12_800, length=128)
    assert joules(by_items) == pytest.approx(joules(by_tokens))


def test_a_batch_of_one_waits_for_its_host():
    alone, together = (one_pass("bert-base", "h100", items=100, length=128, batch=b) for b in (1, 64))
    assert joules(alone) > 5 * joules(together)


def test_the_work_is_twice_the_weights_met_a_token_without_the_head():
    arch = models.find("bert-base").architecture
    work = pass_work(arch, 1, 512, rates_of(devices.device("h100")[0]))
    assert work.linear_flops == pytest.approx(2 * 12 * 12 * 768**2 * 512, rel=0.01)
    assert work.attention_flops == pytest.approx(12 * 4 * 768 * 512**2)


def test_weights_that_few_tokens_share_bind_by_their_bytes():
    arch, rates = models.find("llama-3.1-8b").architecture, rates_of(devices.device("h100")[0])
    few, fewer = (pass_work(arch, 1, n, rates).linear_flops for n in (64, 16))
    assert few == fewer


def test_the_prompt_of_a_chat_takes_about_a_joule_a_billion_parameters():
    """Fitted on served language models, which this law never saw: some 1 J for 320 tokens a billion parameters."""
    per_request = joules(one_pass("llama-3.1-8b", "h100", items=1, length=320, batch=64))
    assert 0.6 < per_request / 8 < 1.6


def test_idle_time_is_a_stage_of_its_own():
    hours = one_pass("bert-base", "h100", items=1000, utilisation=0.25).by("stage", "device_hours")
    assert hours["idle"][0] == pytest.approx(3 * hours["one pass"][0])


@pytest.mark.parametrize(("height", "width", "tokens"), [(28, 28, 1), (1024, 1024, 37 * 37), (29, 28, 2)])
def test_an_image_in_a_request_counts_patches_of_28_pixels(height, width, tokens):
    assert image_tokens(height, width) == tokens


def test_a_video_in_a_request_counts_pairs_of_frames():
    assert video_tokens(5, 280, 280) == 3 * 100


def test_speech_is_padded_to_whole_windows():
    assert audio_tokens(np.array([1.0, 30.0, 31.0])).tolist() == [1500, 1500, 3000]
    assert audio_tokens("2 min") == 6000


def test_an_image_adds_its_tokens_to_the_input_of_a_request():
    text = one_pass("llama-3.1-8b", "h100", items=1, length=300)
    both = one_pass("llama-3.1-8b", "h100", items=1, length=300 + int(image_tokens(1024, 1024)), stage="prefill")
    assert joules(both) > 4 * joules(text)
    assert set(both.column("stage")) == {"prefill"}


def test_scenarios_broadcast():
    assert one_pass("bert-base", "h100", items=[1, 10], length=np.array([[64], [512]]), draws=5).total().shape == (2, 2, 6)


@pytest.mark.parametrize(
    ("given", "said"),
    [({}, "items"), ({"items": 1, "tokens": 5}, "not both"), ({"items": -1}, "items"), ({"items": 1, "length": 0}, "length"),
     ({"items": 1, "length": 5000}, "positions for 512"), ({"items": float("nan")}, "items"), ({"items": 1, "batch": 0}, "batch")],
)  # fmt: skip
def test_a_value_nobody_could_compute_with_is_refused_by_name(given, said):
    with pytest.raises(BadInput, match=said):
        one_pass("bert-base", "h100", **given)


def test_a_batch_larger_than_memory_names_one_that_fits():
    with pytest.raises(DoesNotFit, match="nearest that fits: batch"):
        one_pass("bert-base", "h100", items=1, batch=10_000_000)


def test_an_unknown_model_names_the_nearest_and_the_config_file():
    with pytest.raises(UnknownName, match=r"nearest: .*config\.json"):
        one_pass("bert-colossal", "h100", items=1)


def test_a_pair_of_stacks_is_refused_with_the_mend():
    with pytest.raises(BadInput, match="encoder alone"):
        one_pass("t5-base", "h100", items=1)


def test_a_bare_count_of_parameters_has_no_shape():
    with pytest.raises(UnknownName):
        one_pass("7B", "h100", items=1)
