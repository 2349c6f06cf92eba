"""Fine-tuning and distillation: training with another count of work.

    full       6 N D                      LoRA, QLoRA   4 N D + 6 A D (A adapter parameters)
    distilled  6 N_s D + 2 N_t D          (N_s student, N_t teacher; half of an encoder-decoder, which a token meets)

Hu et al. 2021 (arXiv 2106.09685), Dettmers et al. 2023 (arXiv 2305.14314), Hinton et al. 2015 (arXiv 1503.02531).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.estimate.cluster.states import shortage
from jevons.estimate.flops import distillation_flops, lora_flops
from jevons.estimate.training import training
from jevons.world import devices, models

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
    passes = units.read(epochs, "", "epochs")
    if not np.all(np.asarray(passes) > 0):
        raise BadInput("epochs", epochs, "give the passes over the tokens, above 0")
    count = units.read(tokens, "", "tokens") * passes
    if method == "full":
        return _staged(training(found, count, on, n, **choices), "fine-tuning", count, [])
    _without_step_time(f"method={method!r}", choices)
    notes: list[Assumption] = []
    adapter = units.read(adapter_params, "", "adapter_params") if adapter_params is not None else None
    if adapter is None:
        adapter = ADAPTER_SHARE * found.params
        notes.append(Assumption("adapter parameters", f"{ADAPTER_SHARE:.1%} of the model", "not given", "hu-2021"))
    if method == "qlora":
        notes.append(Assumption("dequantisation", "no extra time", "its cost depends on the kernels", "dettmers-2023"))
    notes += shortage(found.params, method, devices.device(on)[0], n)
    work = lora_flops(found.active, count, adapter) / (2 if found.encoder_decoder else 1)
    return _staged(training(found, flops=work, on=on, n=n, **choices), "fine-tuning", count, notes)


def distillation(student: Any, teacher: Any, tokens: Any, on: str, n: Any = 1, **choices: Any) -> Activity:
    """Activity of training ``student`` on ``tokens`` with a forward pass of ``teacher`` over each of them."""
    small, large = models.find(student), models.find(teacher)
    count = units.read(tokens, "", "tokens")
    work = distillation_flops(_met(small), _met(large), count)
    _without_step_time("distillation", choices)
    return _staged(training(small, flops=work, on=on, n=n, **choices), "distillation", count, [])


def _without_step_time(what: str, choices: dict[str, Any]) -> None:
    """Refuse batch, layout and calibration where the step-time engine has no law: frozen weights, a teacher."""
    for field in ("batch", "layout", "calibration"):
        if choices.get(field) is not None:
            raise BadInput(field, choices[field], f"the step-time engine trains every weight, which {what} does not; "
                           f"leave it out")  # fmt: skip


def _met(model: models.Model) -> Any:
    """Parameters one token meets: of an encoder-decoder about half."""
    return model.active / 2 if model.encoder_decoder else model.active


def _staged(activity: Activity, stage: str, count: Any, notes: list[Assumption]) -> Activity:
    served = {**activity.served, "token": np.asarray(count, float)[..., None]}
    return replace(activity.label(stage=stage), served=served).assume(*notes)
