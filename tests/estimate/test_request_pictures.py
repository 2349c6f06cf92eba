"""Images, video and sound in a request to an API: tokens by the provider's rule, the encoder within a span."""

import numpy as np
import pytest

from jevons.core.errors import BadInput, Contradiction
from jevons.core.uncertain import interval
from jevons.core.units import JOULES_PER_KWH
from jevons.estimate.api.tariff import tariff
from jevons.estimate.request import request
from jevons.estimate.server.rows import SEEING
from jevons.estimate.serving import serving
from jevons.world.picture_rules import rule_of, unknown_work, work_of
from jevons.world.site import site
from jevons.world.vision import tower_of


def ask(model="gpt-4o", provider="openai", taken=100, **asked):
    return request(provider, model, taken, 300, **{"draws": 0, **asked})


def joules(activity, **rows):
    return float(np.squeeze(activity.where(flow="electricity", **rows).total()[0])) * JOULES_PER_KWH


@pytest.mark.parametrize(("provider", "model", "size", "tokens"), [
    ("openai", "gpt-4o", "1024x1024", 765), ("openai", "gpt-4o-2024-08-06", "2048x4096", 1105), ("openai", "gpt-4o", "512x512", 255),
    ("openai", "gpt-5", "1024x1024", 630), ("openai", "gpt-4.1-mini", "1024x1024", 1024), ("openai", "gpt-5-nano", "4000x3000", 1536),
    ("anthropic", "claude-sonnet-4-5", "1000x1000", 1334), ("anthropic", "claude-3.5-sonnet", "200x200", 53),
    ("anthropic", "claude-sonnet-4-5", "4000x4000", 1600), ("google", "gemini-2.5-flash", "300x384", 258),
    ("google", "gemini-2.5-flash", "1000x700", 516),
])  # fmt: skip
def test_an_image_becomes_as_many_tokens_as_the_provider_documents(provider, model, size, tokens):
    seen = ask(model, provider, images=1, image_size=size)
    assert float(np.squeeze(seen.served["input token"])) - 100 == pytest.approx(tokens, abs=0.7)


@pytest.mark.parametrize(("provider", "model"), [("OpenAI", "gpt-4o"), ("openrouter", "openai/gpt-4o"), ("openai", "GPT-4o")])
def test_the_rule_is_found_however_provider_and_model_are_written(provider, model):
    rule = rule_of(provider, model)
    assert rule is not None
    assert rule.id == "openai-tiles"


def test_scenarios_of_images_are_priced_one_by_one():
    both = ask(taken=np.array([100.0, 200.0]), images=np.array([0.0, 2.0]), image_size="512x512")
    alone = [ask(taken=100), ask(taken=200, images=2, image_size="512x512")]
    total = both.where(flow="electricity").total()[..., 0] * JOULES_PER_KWH
    assert list(np.ravel(total)) == pytest.approx([joules(one) for one in alone])


def test_a_minute_of_video_or_sound_is_counted_by_the_rule():
    video = ask("gemini-2.5-flash", "google", videos=1, frames=60)
    assert float(np.squeeze(video.served["input token"])) == pytest.approx(100 + 60 * 258)
    sound = ask("gemini-2.5-flash", "google", sound="1 min")
    assert float(np.squeeze(sound.served["input token"])) == pytest.approx(100 + 60 * 32)


def test_the_encoder_of_a_closed_model_is_priced_as_a_guess_and_said():
    plain, seen = ask(), ask(images=1)
    assert SEEING not in plain.by("stage")
    assert joules(seen, stage=SEEING) > 0
    assert set(seen.where(stage=SEEING).column("tier")) == {"guess"}
    (note,) = [a for a in seen.assumptions if a.what.startswith("encoder of images")]
    assert "0.3 to 22" in note.value
    assert "not published" in note.why


def test_tokens_of_images_that_the_count_holds_are_encoded_and_not_added_again():
    held, beside = ask(taken=865, seen_tokens=765), ask(images=1, image_size="1024x1024")
    assert joules(held) == pytest.approx(joules(beside))
    assert float(np.squeeze(held.served["input token"])) == 865


def test_the_span_of_an_unknown_encoder_is_that_of_the_open_ones():
    span = unknown_work()
    for name in ("llava-1.5-7b", "pixtral-12b", "qwen2.5-vl-7b", "gemma-3-27b", "internvl3-78b", "llama-4-scout"):
        assert span.low <= work_of(tower_of(name)[1]) <= span.high


@pytest.mark.parametrize("model", ["qwen2.5-vl-7b", "gemma-3-27b", "internvl3-78b", "pixtral-12b", "llama-4-scout"])
def test_an_unknown_encoder_interval_holds_what_the_known_one_costs_in_a_server_of_ones_own(model):
    """The interval of whoever does not know the tower holds the estimate of whoever does: another law, of single passes."""
    devices = 8
    own = serving(model, "h100", devices, batch=32, input_tokens=100, output_tokens=300, images=1, image_size="1024x1024", draws=0)
    parts = tower_of(model)[1]
    served = {"on": "h100", "together": devices, "batch": 32, "precision": "bf16", "model": parts.language_model}
    tokens = parts.tokens(1024, 1024)
    unknown = request("closed", "closed", 100 + tokens, 300, seen_tokens=tokens, deployment=served)
    encoder = unknown.where(stage=SEEING, component="accelerator", flow="electricity").total() * JOULES_PER_KWH
    low, high = interval(encoder, 0.05, 0.95)
    assert low <= joules(own, stage=SEEING, component="accelerator") <= high


def test_a_known_tower_narrows_the_encoder():
    served = {"on": "h100", "together": 1, "batch": 32, "precision": "bf16"}
    known = request("x", "qwen2.5-vl-7b", 1400, 300, seen_tokens=1369, deployment=served)
    unknown = request("x", "qwen2.5-7b", 1400, 300, seen_tokens=1369, deployment=served)

    def width(activity):
        low, high = interval(activity.where(stage=SEEING, component="accelerator", flow="electricity").total(), 0.1, 0.9)
        return high / low

    assert width(known) < width(unknown)


def test_a_model_that_sees_is_found_at_a_provider_of_open_models():
    seen = ask("qwen2.5-vl-72b-instruct", "together", images=1, image_size="1024x1024")
    assert float(np.squeeze(seen.served["input token"])) == 100 + tower_of("qwen2.5-vl-72b")[1].tokens(1024, 1024)
    assert any("qwen2.5-vl-72b" in a.why for a in seen.assumptions if a.what.startswith("encoder of images"))


def test_a_tariff_prices_what_is_seen_as_a_request_does():
    place = site("us-east-1")
    priced = tariff("openai", "gpt-4o", place, draws=0).price(865, 300, seen_tokens=765)
    from jevons.core.assess import assess

    assert float(priced["energy"][0]) == pytest.approx(float(assess(ask(taken=865, seen_tokens=765), place).total("energy")[0]))


def test_lengths_that_spread_take_images_too():
    asked = {"images": 1, "image_size": "512x512", "draws": 0}
    both = request("openai", "gpt-4o", lengths=[(100, 50), (900, 400)], requests=2, **asked)
    one, other = request("openai", "gpt-4o", 100, 50, **asked), request("openai", "gpt-4o", 900, 400, **asked)
    assert joules(both) == pytest.approx(joules(one) + joules(other))


@pytest.mark.parametrize(("asked", "words"), [
    ({"seen_tokens": 101}, "part of input_tokens"), ({"seen_tokens": -1}, "seen_tokens"), ({"image_size": "9x9"}, "images=1"),
    ({"images": 1, "image_size": "9"}, "1024x768"), ({"frames": 3}, "videos=1"), ({"sound": -3}, "sound"),
    ({"provider": "anthropic", "model": "claude-sonnet-4-5", "sound": 3}, "in no table"),
])  # fmt: skip
def test_what_cannot_be_seen_is_refused(asked, words):
    with pytest.raises((BadInput, Contradiction), match=words):
        ask(**asked)


def test_a_provider_without_a_rule_takes_the_tokens_or_says_what_it_took():
    assert rule_of("cohere", "command-a") is None
    seen = ask("command-a", "cohere", images=1)
    assert any("Qwen2-VL" in a.why for a in seen.assumptions)
    assert joules(seen, stage=SEEING) > 0
