"""Weights & Biases: the footprint in the summary of a run, offline mode included.

    with wandb.init(mode="offline") as board, jevons.integrations.wandb.track(board, at="France"):
        train()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jevons.integrations.outcome import so_far, tracked

if TYPE_CHECKING:
    from jevons.measure import Run


@contextmanager
def track(board: Any, at: Any = None, **options: Any) -> Iterator[Run]:
    """Measure a block and write it into the summary of ``board``, a W&B run."""
    with tracked(lambda numbers: board.summary.update({f"jevons/{k}": v for k, v in numbers.items()}), at, **options) as run:
        board.summary["jevons/run"] = run.id
        yield run


def log(board: Any, run: Run, at: Any = None, step: int | None = None) -> None:
    """Log how a run stands to ``board``, a W&B run."""
    board.log({f"jevons/{name}": value for name, value in so_far(run, at).items()}, step=step)
