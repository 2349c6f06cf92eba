"""Served requests with images, with a share of the training behind the model, by the month of a user."""

from __future__ import annotations

import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput, Contradiction
from jevons.estimate import request, serving, training
from jevons.estimate.one_pass import image_tokens

CHAT = {"batch": 16, "input_tokens": 500, "output_tokens": 300}


def kwh(activity):
    return float(np.squeeze(activity.total()[..., 0]))


@pytest.fixture(scope="module")
def trained():
    return training("llama-3.1-8b", tokens=15e12, on="h100", n=1024)


def test_training_is_never_added_unless_asked_for():
    assert not any("training" in stage for stage in serving("llama-3.1-8b", "h100", **CHAT).by("stage"))


def test_asked_for_training_adds_its_share_by_requests_and_names_the_stage(trained):
    plain = serving("llama-3.1-8b", "h100", requests=1000, **CHAT)
    whole = serving("llama-3.1-8b", "h100", requests=1000, training=trained, lifetime_requests=1e9, **CHAT)
    assert kwh(whole) - kwh(plain) == pytest.approx(kwh(trained) * 1000 / 1e9)
    added = [stage for stage in whole.by("stage") if stage not in plain.by("stage")]
    assert added
    assert all(stage.startswith("training (amortised)") for stage in added)
    assert {k: v.tolist() for k, v in whole.served.items()} == {k: v.tolist() for k, v in plain.served.items()}


def test_a_deployment_that_answers_its_whole_life_carries_the_whole_training(trained):
    plain = serving("llama-3.1-8b", "h100", requests=10_000, **CHAT)
    whole = serving("llama-3.1-8b", "h100", requests=10_000, training=trained, lifetime_requests=10_000, **CHAT)
    assert kwh(whole) == pytest.approx(kwh(plain) + kwh(trained))
    assert whole.total("device_hours")[0] == pytest.approx(plain.total("device_hours")[0] + trained.total("device_hours")[0])


def test_the_share_follows_arrays_of_scenarios(trained):
    many = serving("llama-3.1-8b", "h100", requests=[10.0, 20.0], training=trained, lifetime_requests=1e6, draws=0, **CHAT)
    share = many.where(lambda row: row["stage"].startswith("training")).total()[..., 0]
    assert share[1] == pytest.approx(2 * share[0])


@pytest.mark.parametrize("given", [{"lifetime_requests": 10}, {"training": "llama", "lifetime_requests": 10}])
def test_half_a_training_or_no_activity_is_refused(given):
    with pytest.raises(BadInput):
        serving("llama-3.1-8b", "h100", **given, **CHAT)


def test_more_requests_than_the_model_ever_answers_is_a_contradiction(trained):
    with pytest.raises(Contradiction, match="lifetime_requests"):
        serving("llama-3.1-8b", "h100", requests=11, training=trained, lifetime_requests=10, **CHAT)


def test_a_month_of_a_user_costs_the_requests_of_that_month():
    found = serving("llama-3.1-8b", "h100", requests=6000, requests_per_user_month=300, **CHAT)
    priced = jevons.footprint(found, jevons.site("France"))
    month, one = priced.per("1 user-month").best("climate"), priced.per("1 request").best("climate")
    assert month == pytest.approx(300 * one)
    with pytest.raises(BadInput, match="requests_per_user_month"):
        serving("llama-3.1-8b", "h100", requests_per_user_month=0, **CHAT)


def test_images_are_tokens_taken_in():
    each = float(image_tokens(672, 672))
    pictured = serving("llama-3.1-8b", "h100", images=2, image_tokens=each, **CHAT)
    told = serving("llama-3.1-8b", "h100", batch=16, input_tokens=500 + 2 * each, output_tokens=300)
    assert kwh(pictured) == pytest.approx(kwh(told))
    assert float(np.squeeze(pictured.served["input token"])) == 500 + 2 * each


def test_an_image_of_unknown_size_is_assumed_aloud():
    found = serving("llama-3.1-8b", "h100", images=1, **CHAT)
    assert any(a.what == "tokens of an image" and a.value.startswith("1369") for a in found.assumptions)


def test_an_api_request_with_images_costs_that_of_as_many_tokens_and_of_their_encoder():
    pictured = request("openai", "gpt-4o", 100, 200, images=1, image_tokens=765)
    tokens = kwh(request("openai", "gpt-4o", 865, 200))
    assert tokens < kwh(pictured) < 1.2 * tokens
    assert any(a.what.startswith("encoder of images") for a in pictured.assumptions)


@pytest.mark.parametrize("given", [{"image_tokens": 100}, {"images": -1}, {"images": 1, "image_tokens": 0}])
def test_images_that_cannot_be_are_refused(given):
    with pytest.raises(BadInput):
        serving("llama-3.1-8b", "h100", **given, **CHAT)
