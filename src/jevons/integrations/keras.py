"""Keras: ``model.fit(..., callbacks=[JevonsCallback(at="France")])``; energy so far is in the history of each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jevons.core.errors import MissingExtra
from jevons.integrations.outcome import begun, known, tell

if TYPE_CHECKING:
    from jevons.measure import Run

try:
    from keras.callbacks import Callback
except ImportError:
    raise MissingExtra("keras", "keras", "the callback for Keras") from None


class JevonsCallback(Callback):  # type: ignore[misc]
    """Measures a fit: epochs are windows, validations lie inside them; ``outcome`` holds its numbers at the end."""

    def __init__(self, at: Any = None, **options: Any):
        super().__init__()
        self.at, self.options, self.outcome = known(at), options, dict[str, float]()
        self.run: Run | None = None
        self.epoch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin."""
        self.run = begun(self.run, self.options)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Open the window of an epoch."""
        self.epoch = epoch
        if self.run is not None:
            self.run.begin("epoch")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell a live report how far the work has come."""
        if self.run is not None and self.run.report is not None and self.params.get("steps"):
            self.run.report.step(self.epoch + (batch + 1) / self.params["steps"], self.params["epochs"])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Close it, and put the energy so far among the epoch's metrics."""
        if self.run is not None:
            self.run.leave("epoch")
            if logs is not None:
                logs["energy_kwh"] = self.run.energy_kwh

    def on_train_end(self, logs: Any = None) -> None:
        """End."""
        if self.run is not None:
            self.outcome.clear()
            tell(self.run, self.at, self.outcome.update)
