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

from jevons.integrations.outcome import so_far, tracked

if TYPE_CHECKING:
    from jevons.measure import Run


@contextmanager
def track(writer: Any, at: Any = None, **options: Any) -> Iterator[Run]:
    """Measure a block and write its numbers at the end, under ``jevons/total/``."""
    with tracked(lambda numbers: _write(writer, "jevons/total", numbers, 0), at, **options) as run:
        yield run


def log(writer: Any, run: Run, step: int, at: Any = None) -> None:
    """Write how a run stands at a step."""
    _write(writer, "jevons", so_far(run, at), step)


def _write(writer: Any, lead: str, numbers: Mapping[str, float], step: int) -> None:
    for name, value in numbers.items():
        writer.add_scalar(f"{lead}/{name}", value, step)
