"""Jupyter and IPython: ``%load_ext jevons.integrations.jupyter``, then ``%%jevons`` on a cell or ``%jevons`` on a line.

The words after ``%%jevons`` name the site: ``%%jevons France``.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

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

    def jevons(line: str, cell: str | None = None) -> Badge:
        """Run a cell (or the rest of a line) and say what it used."""
        with measure.start(labels={"job": "notebook"}) as run:
            shell.run_cell(cell if cell is not None else line)
        return badge(run, line.strip() if cell is not None else "")

    shell.register_magic_function(jevons, "line_cell", "jevons")
