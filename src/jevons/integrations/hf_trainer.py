"""Hugging Face Trainer: ``Trainer(..., callbacks=[JevonsCallback(at="France")])``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jevons.core.errors import MissingExtra
from jevons.integrations.outcome import begun, known, tell

if TYPE_CHECKING:
    from jevons.measure import Run

try:
    from transformers import TrainerCallback
except ImportError:
    raise MissingExtra("transformers", "hf", "the callback for the Hugging Face Trainer") from None


class JevonsCallback(TrainerCallback):  # type: ignore[misc]
    """Measures a training, its epochs as windows; its numbers stand at the end of ``trainer.state.log_history``.

    ``at``: the site or its name. Options as ``jevons.measure.start``. One sampler a node: the local process zero.
    """

    def __init__(self, at: Any = None, **options: Any):
        self.at, self.options = known(at), options
        self.run: Run | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Begin, on the first process of each node."""
        if state.is_local_process_zero:
            self.run = begun(self.run, self.options)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Open the window of an epoch."""
        if self.run is not None:
            self.run.begin("epoch")

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Tell a live report how far the work has come."""
        if self.run is not None and self.run.report is not None:
            self.run.report.step(state.global_step, state.max_steps)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Close it."""
        if self.run is not None:
            self.run.leave("epoch")

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """End, and keep the numbers with the training's own."""
        if self.run is not None:
            tell(self.run, self.at, lambda numbers: state.log_history.append({**numbers, "step": state.global_step}))
