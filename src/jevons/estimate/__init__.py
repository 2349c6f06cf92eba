"""Before it runs: workload × hardware → Activity. Each function answers what would be consumed, never where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jevons.core.words import words

__all__ = ["audit", "compare", "data_preparation", "distillation", "edge", "experimentation", "fine_tuning",
           "generation", "generic", "one_pass", "recorded", "request", "serving", "speech", "storage", "sweep", "training",
           "transfer"]  # fmt: skip

_WHERE = {
    "training": "training", "fine_tuning": "fine_tuning", "distillation": "fine_tuning",
    "recorded": "recorded", "generic": "generic", "storage": "other_phases", "transfer": "other_phases",
    "experimentation": "other_phases", "data_preparation": "other_phases", "sweep": "sweep", "audit": "audit",
    "compare": "compare", "serving": "serving", "request": "request", "edge": "edge", "generation": "generation",
    "one_pass": "one_pass", "speech": "speech",
}  # fmt: skip

if TYPE_CHECKING:
    from jevons.estimate.audit import audit
    from jevons.estimate.compare import compare
    from jevons.estimate.edge import edge
    from jevons.estimate.fine_tuning import distillation, fine_tuning
    from jevons.estimate.generation import generation
    from jevons.estimate.generic import generic
    from jevons.estimate.one_pass import one_pass
    from jevons.estimate.other_phases import data_preparation, experimentation, storage, transfer
    from jevons.estimate.recorded import recorded
    from jevons.estimate.request import request
    from jevons.estimate.serving import serving
    from jevons.estimate.speech import speech
    from jevons.estimate.sweep import sweep
    from jevons.estimate.training import training

__getattr__ = words(__name__, _WHERE)
