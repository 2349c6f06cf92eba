"""TensorBoard: the footprint as scalars of a SummaryWriter (torch's, tensorboardX's: anything with add_scalar).

    with jevons.integrations.tensorboard.track(writer, at="France") as run:
        for step in range(steps):
            ...
            jevons.integrations.tensorboard.log(writer, run, step)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jevons.integrations.outcome import outcome, tracked

if TYPE_CHECKING:
    from jevons.measure import Run


@contextmanager
def track(writer: Any, at: Any = None, **options: Any) -> Iterator[Run]:
    """Measure a block and write its numbers at the end."""
    with tracked(lambda numbers: _write(writer, numbers, None), at, **options) as run:
        yield run


def log(writer: Any, run: Run, step: int, at: Any = None) -> None:
    """Write how a run stands at a step."""
    _write(writer, outcome(run, at), step)


def _write(writer: Any, numbers: Mapping[str, float], step: int | None) -> None:
    for name, value in numbers.items():
        writer.add_scalar(f"jevons/{name}", value, step)
