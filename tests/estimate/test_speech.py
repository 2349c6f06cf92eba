import numpy as np
import pytest

from jevons.core.errors import BadInput, DoesNotFit, UnknownName
from jevons.estimate.diffusion.cost import rates_of
from jevons.estimate.one_pass import pass_work
from jevons.estimate.speech import HEARING, WRITING, _encoder, decoder, speech
from jevons.world import devices, models
from jevons.world.architecture import parameters
from jevons.world.model_config import from_config

LARGE = "whisper-large-v3"


def wh(activity, **rows):
    return float(activity.where(component="accelerator", **rows).total()[0]) * 1e3


def seconds(activity):
    return activity.served["wall hour"] * 3600


@pytest.mark.parametrize(("name", "count"), [("tiny", 37_760_640), ("large-v3", 1_543_490_560), ("large-v3-turbo", 808_878_080)])
def test_whisper_has_the_parameters_of_its_checkpoints(name, count):
    assert parameters(models.find(f"whisper-{name}").architecture) == count


def test_a_configuration_is_the_row():
    config = {"model_type": "whisper", "d_model": 1280, "encoder_layers": 32, "decoder_layers": 32, "decoder_attention_heads": 20,
              "decoder_ffn_dim": 5120, "vocab_size": 51866, "num_mel_bins": 128, "max_target_positions": 448}  # fmt: skip
    assert parameters(from_config(config)) == parameters(models.find(LARGE).architecture)
    assert wh(speech(config, "a100", seconds=60)) == pytest.approx(wh(speech(LARGE, "a100", seconds=60)))


def test_an_hour_costs_watt_hours_in_two_stages():
    found = speech(LARGE, "a100", seconds="1 h")
    assert 0.3 < wh(found) < 5
    assert set(found.by("stage")) == {HEARING, WRITING}
    assert float(np.squeeze(found.served["second"])) == 3600


def test_a_window_is_filled_up_with_silence():
    assert wh(speech(LARGE, "a100", seconds=31)) == pytest.approx(wh(speech(LARGE, "a100", seconds=60)))


def test_the_encoder_works_by_its_weights_and_the_decoder_reads_the_speech_at_every_step():
    arch = models.find(LARGE).architecture
    work = pass_work(_encoder(arch), 1, 1500, rates_of(devices.device("a100")[0]))
    assert work.linear_flops == pytest.approx(2 * 32 * 12 * 1280**2 * 1500, rel=0.02)
    assert decoder(arch).kv_elements == 2 * 32 * 1280
    assert decoder(arch).dense_params_b == pytest.approx(0.839 + 0.066, rel=0.01)


def test_batches_share_the_wait_and_a_smaller_decoder_writes_faster():
    one, eight = (wh(speech(LARGE, "a100", seconds="1 h", batch=b)) for b in (1, 8))
    assert one > 3 * eight
    assert wh(speech("whisper-large-v3-turbo", "a100", seconds="1 h")) < 0.7 * eight


def test_more_words_cost_more_writing_and_no_more_hearing():
    slow, fast = (speech(LARGE, "a100", seconds="1 h", tokens_per_s=t) for t in (2, 5))
    assert wh(fast, stage=WRITING) > 2 * wh(slow, stage=WRITING)
    assert wh(fast, stage=HEARING) == pytest.approx(wh(slow, stage=HEARING))


def test_a_published_run_lies_in_the_80_percent_interval():
    """insanely-fast-whisper, README: 150 minutes on an A100 of 80 GB, large-v3, batch 24, Flash Attention 2: 98 s."""
    draws = seconds(speech(LARGE, "a100", seconds="150 min", batch=24, draws=4000))[..., 1:]
    assert np.quantile(draws, 0.1) < 98 < np.quantile(draws, 0.9)


def test_what_was_assumed_is_told():
    assert {a.what for a in speech(LARGE, "a100", seconds=60).assumptions} >= {"batch", "tokens a second of speech", "software of the decoder"}


@pytest.mark.parametrize(("asked", "error", "words"), [
    ({"model": "wisper", "seconds": 5}, UnknownName, "whisper-base"), ({"model": "llama-3.1-8b", "seconds": 5}, BadInput, "whisper-large-v3"),
    ({"seconds": None}, BadInput, "1 h"), ({"seconds": 0}, BadInput, "above 0"), ({"seconds": 5, "batch": 100_000}, DoesNotFit, "batch"),
    ({"seconds": 5, "batch": 0}, BadInput, "batch"),
])  # fmt: skip
def test_bad_input_is_refused_with_the_mend(asked, error, words):
    with pytest.raises(error, match=words):
        speech(**{"model": LARGE, "on": "a100", **asked})
