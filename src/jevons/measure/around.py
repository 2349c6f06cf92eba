"""The tracker around a block or a function.

    with jevons.measure.track() as run:        @jevons.measure.track
        train()                                def train(): ...
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from jevons.measure.begin import start
from jevons.measure.tracker import Run

F = TypeVar("F", bound=Callable[..., Any])


class Track:
    """How to track, not yet started: a context manager, and a decorator that tracks each call."""

    def __init__(self, **options: Any):
        self.options = options
        self._runs: list[Run] = []

    def __enter__(self) -> Run:
        self._runs.append(start(**self.options))
        return self._runs[-1]

    def __exit__(self, *failure: object) -> None:
        self._runs.pop().stop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def tracked(*args: Any, **named: Any) -> Any:
            with Track(**{"labels": {"job": function.__name__}, **self.options}):
                return function(*args, **named)

        return tracked  # type: ignore[return-value]


def track(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Measure a block (``with track() as run:``) or every call of a function (``@track``); options as ``start``."""
    return Track(**options)(function) if function is not None else Track(**options)
