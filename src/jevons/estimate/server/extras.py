"""What else a served request may carry: images, a share of the training behind the model, and the months of a user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption

AMORTISED = "training (amortised)"
SIDE = 1024
"""Pixels of the sides of an image whose size was not given: a judgement, told as an assumption."""


def with_images(input_tokens: Any, images: Any, image_tokens: Any) -> tuple[Any, list[Assumption]]:
    """Tokens taken in, those of ``images`` added, and what was assumed. Errors: BadInput, Contradiction."""
    if images is None:
        if image_tokens is not None:
            raise Contradiction("image_tokens", image_tokens, "say too how many images a request has: images=1")
        return input_tokens, []
    if input_tokens is None:
        raise BadInput("input_tokens", None, "say how many tokens of text a request has beside its images, e.g. 50")
    count = units.read(images, "", "images")
    notes = [Assumption("encoder of images", "not counted", "only the tokens that images become are: the language model's "
                        "share", "jevons-rule")]  # fmt: skip
    if image_tokens is None:
        from jevons.estimate.one_pass import image_tokens as tokens_of

        image_tokens = float(tokens_of(SIDE, SIDE))
        notes.append(Assumption("tokens of an image", f"{image_tokens:.0f} ({SIDE} × {SIDE} pixels)",
                                "image_tokens was not given; counted as Qwen2-VL does", "jevons-rule"))  # fmt: skip
    each = units.read(image_tokens, "", "image_tokens", minimum=1.0)
    return np.asarray(units.read(input_tokens, "", "input_tokens"), float) + np.asarray(count) * each, notes


def amortised(served: Activity, training: Activity | None, lifetime_requests: Any) -> Activity:
    """``served`` and its share of the training: rows of ``training`` × requests / ``lifetime_requests``.

    Off unless asked for. Rows keep their site, so that a training elsewhere is priced there.
    """
    if (training is None) != (lifetime_requests is None):
        raise Contradiction("lifetime_requests", lifetime_requests, "give training and lifetime_requests together")
    if training is None:
        return served
    if not isinstance(training, Activity):
        raise BadInput("training", training, "give the activity of a training, e.g. estimate.training(...)")
    lifetime = np.asarray(units.read(lifetime_requests, "", "lifetime_requests"), float)
    if np.any(lifetime < 1):
        raise BadInput("lifetime_requests", lifetime_requests, "give the requests a model answers in its life, at least 1")
    if np.any(served.served["request"] > lifetime[..., None]):
        raise Contradiction("requests", float(np.max(served.served["request"])), "more than the whole of lifetime_requests")
    share: Activity = replace(training, served={}) * (served.served["request"] / lifetime[..., None])
    stages = np.array([f"{AMORTISED}: {s}" if s else AMORTISED for s in share.column("stage")], dtype=object)
    note = Assumption("training behind the model", f"spread over {float(np.mean(lifetime)):.3g} requests",
                      "asked for: lifetime_requests", "stated")  # fmt: skip
    shared: Activity = served + replace(share, text={**share.text, "stage": stages}, served={})
    return shared.assume(note)


def by_user_month(served: Activity, requests_per_user_month: Any) -> Activity:
    """The same with the months of a user counted: per("1 user-month")."""
    if requests_per_user_month is None:
        return served
    each = np.asarray(units.read(requests_per_user_month, "", "requests_per_user_month"), float)
    if np.any(each <= 0):
        raise BadInput("requests_per_user_month", requests_per_user_month, "give the requests a user makes a month, above 0")
    return replace(served, served={**served.served, "user-month": served.served["request"] / each[..., None]})
