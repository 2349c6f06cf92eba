"""Jupyter and IPython: ``%load_ext jevons.integrations.jupyter``, then ``%%jevons`` on a cell or ``%jevons`` on a line.

The words after ``%%jevons`` name the site: ``%%jevons France``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.core.footprint import Footprint
    from jevons.measure import Run


@dataclass(frozen=True)
class Badge:
    """What a cell used, as text and as a badge; ``run`` and ``footprint`` for whoever wants more (None: nothing used)."""

    run: Run
    footprint: Footprint | None

    def __repr__(self) -> str:
        if self.footprint is None:
            return "too short to be measured"
        return f"{self.footprint.say('energy')} · {self.footprint.say('climate')} CO2e · {self._measured()}"

    def _repr_html_(self) -> str:
        return f'<span style="border:1px solid;border-radius:4px;padding:2px 6px;font-size:90%">{escape(repr(self))}</span>'

    def _measured(self) -> str:
        share = 0.0 if self.footprint is None else self.footprint.measured_share()
        return f"{share:.0%} measured" if share else "modelled"


def badge(run: Run, at: str) -> Badge:
    """The badge of a run that has ended."""
    import jevons

    activity = run.activity
    return Badge(run, jevons.footprint(activity, at or None) if len(activity) else None)


def load_ipython_extension(shell: Any) -> None:
    """Give the shell its magic."""
    from jevons import measure
    from jevons.integrations.outcome import known

    def jevons(line: str, cell: str | None = None) -> Badge:
        """Run a cell (or the rest of a line) and say what it used; one that fails, or is interrupted, fails the magic too."""
        place, code = ("", line) if cell is None else (line.strip(), cell)
        known(place or None)
        _require_no_await(shell, code)
        with measure.start(labels={"job": "notebook"}) as run:
            done = shell.run_cell(code)
        told = badge(run, place)
        trouble = done.error_before_exec or done.error_in_exec
        if trouble is not None:
            raise _told_already(trouble, told)
        return told

    shell.register_magic_function(jevons, "line_cell", "jevons")


def _require_no_await(shell: Any, code: str) -> None:
    """BadInput for a cell that awaits while the notebook's loop runs, which a magic cannot go round."""
    import asyncio

    with suppress(RuntimeError):
        asyncio.get_running_loop()
        if shell.should_run_async(code, transformed_cell=shell.transform_cell(code)):
            raise BadInput("cell", "await", "a magic cannot await; write the cell as: with jevons.measure.track() as run: ...")


def _told_already(trouble: BaseException, told: Badge) -> BaseException:
    """What stopped the cell, to be raised again so that no later cell runs on it: its traceback is on the page, what the
    cell used until then is put beside it."""
    from IPython.display import display

    display(told)
    with suppress(AttributeError, TypeError):
        trouble._render_traceback_ = lambda: [f"{type(trouble).__name__}: {trouble}"]  # type: ignore[attr-defined]
    return trouble
