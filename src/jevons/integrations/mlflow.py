"""MLflow: the footprint as metrics of the active run.

    with mlflow.start_run(), jevons.integrations.mlflow.track(at="France"):
        train()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jevons.core.errors import MissingExtra
from jevons.integrations.outcome import so_far, tracked

if TYPE_CHECKING:
    from jevons.measure import Run

try:
    import mlflow
except ImportError:
    raise MissingExtra("mlflow", "mlflow", "logging to MLflow") from None


@contextmanager
def track(at: Any = None, **options: Any) -> Iterator[Run]:
    """Measure a block and log it to the MLflow run that is active when it begins."""
    active = mlflow.active_run()
    with tracked(lambda numbers: _log(numbers, active.info.run_id if active else None), at, **options) as run:
        if active is not None:
            mlflow.set_tag("jevons.run", run.id)
        yield run


def log(run: Run, at: Any = None, step: int | None = None) -> None:
    """Log how a run stands to the active MLflow run."""
    mlflow.log_metrics(so_far(run, at), step=step)


def _log(numbers: Mapping[str, float], run_id: str | None) -> None:
    """At the last step logged so far, so that MLflow takes these for the latest."""
    before = mlflow.MlflowClient().get_metric_history(run_id, "energy_kwh") if run_id else []
    mlflow.log_metrics(dict(numbers), step=max((metric.step for metric in before), default=0), run_id=run_id)
