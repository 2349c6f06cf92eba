"""Fine-tuning and distillation: training with another count of work.

    full       6 N D                      LoRA, QLoRA   4 N D + 6 A D (A adapter parameters)
    distilled  6 N_s D + 2 N_t D          (N_s student, N_t teacher)

Hu et al. 2021 (arXiv 2106.09685), Dettmers et al. 2023 (arXiv 2305.14314), Hinton et al. 2015 (arXiv 1503.02531).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.estimate.flops import distillation_flops, encoder_decoder_flops, lora_flops, six_nd
from jevons.estimate.training import training
from jevons.world import models

METHODS = ("full", "lora", "qlora")
ADAPTER_SHARE = 0.005
"""Adapter over base parameters where none is given: rank 8–64 on all projections gives 0.1–2 % (LoRA, table 6)."""


def fine_tuning(model: Any, tokens: Any, on: str, n: Any = 1, *, method: str = "lora", adapter_params: Any = None,
                epochs: Any = 1, params: Any = None, active: Any = None, **choices: Any) -> Activity:  # fmt: skip
    """Activity of fine-tuning ``model`` on ``tokens`` × ``epochs`` with ``n`` devices of the kind ``on``.

    ``method``: full, lora or qlora. Further ``choices`` as in ``training``. Errors: BadInput naming the field.
    """
    if method not in METHODS:
        raise BadInput("method", method, f"choose one of {', '.join(METHODS)}")
    found = models.find(model, params, active)
    count = units.read(tokens, "", "tokens") * units.read(epochs, "", "epochs")
    notes: list[Assumption] = []
    if method == "full":
        work = encoder_decoder_flops(found.active, count) if found.encoder_decoder else six_nd(found.active, count)
    else:
        adapter = units.read(adapter_params, "", "adapter_params") if adapter_params is not None else None
        if adapter is None:
            adapter = ADAPTER_SHARE * found.params
            notes.append(Assumption("adapter parameters", f"{ADAPTER_SHARE:.1%} of the model", "not given", "hu-2021"))
        work = lora_flops(found.active, count, adapter)
        if found.encoder_decoder:
            work = work / 2
    if method == "qlora":
        notes.append(Assumption("dequantisation", "no extra time", "its cost depends on the kernels", "dettmers-2023"))
    return _staged(training(found, flops=work, on=on, n=n, **choices), "fine-tuning", count, notes)


def distillation(student: Any, teacher: Any, tokens: Any, on: str, n: Any = 1, **choices: Any) -> Activity:
    """Activity of training ``student`` on ``tokens`` with a forward pass of ``teacher`` over each of them."""
    small, large = models.find(student), models.find(teacher)
    count = units.read(tokens, "", "tokens")
    work = distillation_flops(small.active, large.active, count)
    return _staged(training(small, flops=work, on=on, n=n, **choices), "distillation", count, [])


def _staged(activity: Activity, stage: str, count: Any, notes: list[Assumption]) -> Activity:
    import numpy as np

    served = {**activity.served, "token": np.asarray(count, float)[..., None]}
    return replace(activity.label(stage=stage), served=served).assume(*notes)
