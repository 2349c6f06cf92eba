"""Lightning: ``Trainer(callbacks=[JevonsCallback(at="France")])``; epochs and validations are windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jevons.core.errors import MissingExtra
from jevons.integrations.outcome import begun, known, tell

if TYPE_CHECKING:
    from jevons.measure import Run

try:
    from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback
    except ImportError:
        raise MissingExtra("lightning", "lightning", "the callback for Lightning") from None


class JevonsCallback(Callback):  # type: ignore[misc]
    """Measures a fit and logs its numbers to the trainer's loggers. One sampler a node: local rank 0."""

    def __init__(self, at: Any = None, **options: Any):
        self.at, self.options = known(at), options
        self.run: Run | None = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin, on the first process of each node."""
        if trainer.local_rank == 0:
            self.run = begun(self.run, self.options)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the window of an epoch."""
        if self.run is not None:
            self.run.begin("epoch")

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *batch: Any) -> None:
        """Tell a live report how far the work has come."""
        if self.run is not None and self.run.report is not None:
            self.run.report.step(trainer.global_step, trainer.estimated_stepping_batches)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Close it."""
        if self.run is not None:
            self.run.leave("epoch")

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the window of a validation, inside the epoch's where one runs."""
        if self.run is not None:
            self.run.begin("validation")

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Close it."""
        if self.run is not None:
            self.run.leave("validation")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End and log what was used until then: Lightning tears no callback down after an exception."""
        self.teardown(trainer, pl_module, "fit")

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """End, and log."""
        if self.run is not None:
            run, self.run, step = self.run, None, trainer.global_step
            tell(run, self.at, lambda numbers: [each.log_metrics(dict(numbers), step) for each in trainer.loggers])
