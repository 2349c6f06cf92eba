"""Other people's frameworks: callbacks that begin, mark and end a run, one file a framework, loaded when asked for.

    from jevons.integrations.codecarbon import EmissionsTracker        instead of: from codecarbon import ...
    trainer.add_callback(jevons.integrations.hf_trainer.JevonsCallback())
    client = jevons.integrations.wrap(openai.OpenAI())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

ROOMS = ("codecarbon", "ddp", "hf_trainer", "jupyter", "keras", "lightning", "mlflow", "otel", "proxy", "ray", "tensorboard",
         "wandb")

if TYPE_CHECKING:
    from jevons.integrations.llm_clients import wrap

__all__ = ["ROOMS", "wrap"]


def __getattr__(name: str) -> Any:
    import importlib

    if name in ROOMS:
        return importlib.import_module(f"jevons.integrations.{name}")
    if name == "wrap":
        return importlib.import_module("jevons.integrations.llm_clients").wrap
    raise AttributeError(f"module 'jevons.integrations' has no attribute {name!r}; it has {', '.join((*ROOMS, 'wrap'))}")
