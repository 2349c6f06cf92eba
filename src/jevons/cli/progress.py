"""A progress bar on stderr for whatever takes over a second; silent where stderr is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Step = Callable[..., Any]


@contextmanager
def steps(what: str, count: int) -> Iterator[Step]:
    """Within it, ``step(function, *arguments)`` calls the function and moves the bar on by one of ``count``."""
    if not sys.stderr.isatty():
        yield lambda function, *arguments: function(*arguments)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=count)

        def step(function: Callable[..., Any], *arguments: Any) -> Any:
            done = function(*arguments)
            bar.advance(task)
            return done

        yield step
