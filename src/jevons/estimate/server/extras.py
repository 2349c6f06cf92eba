"""What else a served request may carry: a share of the training behind the model, and the months of a user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption

AMORTISED = "training (amortised)"


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
