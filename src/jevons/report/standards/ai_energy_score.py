"""AI Energy Score: accelerators' energy of a benchmark's prompts in Wh, and whether it may stand beside the leaderboard.

Conditions from the project's repository (huggingface/AIEnergyScore, December 2025): eleven named tasks, 1,000 prompts, batch 1,
NVIDIA H100 80 GB, accelerators' energy alone, its own harness; text generation in three classes of model size. An estimate never
meets them, so the export says what is lacking.
"""

from __future__ import annotations

import math
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures

TASKS = ("text generation", "reasoning", "summarization", "extractive question answering", "binary text classification",
         "semantic sentence similarity", "image classification", "object detection", "speech to text", "image generation",
         "image captioning")  # fmt: skip
PROMPTS = 1000
CLASSES = (("A", 20), ("B", 66))  # text generation: class -> most billions of parameters; above it C
STARS = 5
HARNESS = "the leaderboard takes logs of its own harness alone"


def ai_energy_score(footprint: Footprint, task: str = "text generation", model: str = "",
                    params_billion: float | None = None, batch: float | None = None) -> dict[str, Any]:  # fmt: skip
    """The score's own figure, GPU energy in Wh, with the field names of its summary file, and what stands in the way.

    ``served`` of the footprint must count requests (or images). Keys: units, total, format, per_1000_prompts_wh, prompts,
    task, model, class, comparable, why_not. Errors: BadInput where no accelerator's electricity or no request is counted.
    """
    figures.single(footprint)
    if task not in TASKS:
        raise BadInput("task", task, f"use one of {', '.join(TASKS)}")
    for name, value in (("params", params_billion), ("batch", batch)):
        if value is not None and not 0 < value < math.inf:
            raise BadInput(name, value, "give a number above zero, or leave it out")
    rows = footprint.inventory.where(component="accelerator", flow="electricity")
    if not len(rows):
        raise BadInput("accelerators", "none", "this score is of accelerators' energy, and the footprint has none apart")
    served = footprint.inventory.served
    counted = next((served[unit] for unit in ("request", "image") if unit in served), None)
    if counted is None:
        raise BadInput("requests", "not counted", "assess an inference that counts its requests")
    total, prompts = units.convert(float(rows.total().reshape(-1)[0]), "kWh", "Wh"), float(counted.reshape(-1)[0])
    why_not = _lacking(footprint, prompts, params_billion, batch)
    return {
        "units": "Wh", "total": total, "format": "jevons", "per_1000_prompts_wh": total / prompts * PROMPTS,
        "prompts": prompts, "task": task, "model": model, "class": _class(task, params_billion), "comparable": False,
        "why_not": [*why_not, HARNESS],
    }  # fmt: skip


def stars(total_wh: float, least_wh: float, most_wh: float) -> int:
    """1 to 5 stars among the models of a task: five equal bands between the least and the most GPU energy, 5 the least.

    Errors: BadInput where the range is empty or the value lies outside it.
    """
    if not 0 <= least_wh < most_wh:
        raise BadInput("range of the leaderboard", (least_wh, most_wh), "give the least and the most Wh of the task")
    if not least_wh <= total_wh <= most_wh:
        raise BadInput("GPU energy", total_wh, f"outside the leaderboard's {least_wh:g} to {most_wh:g} Wh: its bands would move")
    return STARS - min(STARS - 1, int(STARS * (total_wh - least_wh) / (most_wh - least_wh)))


def _lacking(footprint: Footprint, prompts: float, params_billion: float | None, batch: float | None) -> list[str]:
    rows = footprint.inventory.where(component="accelerator", flow="electricity")
    devices = {d for d in rows.text.get("device", ()) if d}
    on_an_h100 = bool(devices) and all("h100" in d and "80" in d for d in devices)
    checks = {
        "the energy is modelled, not read from the accelerators": set(rows.column("method")) <= {"counter", "integrated"},
        f"{prompts:g} prompts, not {PROMPTS}": prompts == PROMPTS,
        f"on {', '.join(sorted(devices)) or 'a device not named'}, not an H100 of 80 GB": on_an_h100,
        f"batch {batch:g}, not 1" if batch else "batch not stated, must be 1": batch == 1,
        "model's size not stated, on which its class depends": params_billion is not None,
    }  # fmt: skip
    return [said for said, met in checks.items() if not met]


def _class(task: str, params_billion: float | None) -> str | None:
    if params_billion is None or task not in ("text generation", "reasoning"):
        return None
    return next((name for name, most in CLASSES if params_billion <= most), "C")
