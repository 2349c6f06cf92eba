"""How an answer leaves: JSON into a pipe, tables on a terminal, files where asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from jevons.cli.outcome import Outcome


def wants_json(form: Mapping[str, Any]) -> bool:
    """Whether the answer is for a program: --json, or a pipe and no --table."""
    if form.get("json") and form.get("table"):
        raise BadInput("--json", "--table", "choose one of the two")
    return bool(form.get("json")) or not (form.get("table") or sys.stdout.isatty())


def as_text(value: Any) -> str:
    """JSON as it is printed and kept: floats exact, no NaN."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def out_json(value: Any) -> None:
    """JSON on stdout."""
    print(as_text(value))


def write(path: Path, text: str, what: str) -> None:
    """Write a file, whole or not at all, and say so on stderr; BadInput where it cannot be written."""
    from jevons.core.files import put

    try:
        put(path, text)
    except OSError as trouble:
        raise BadInput(what, str(path), f"name a place that can be written ({trouble.strerror})") from None
    say(f"{what} written to {path}")


def say(line: str) -> None:
    """A word beside the answer, on stderr, so that a pipe stays clean."""
    print(line, file=sys.stderr)


def console() -> Console:
    """The terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def rows(columns: Sequence[str], cells: Iterable[Sequence[str]], right: Sequence[str] = (),
         whole: Sequence[str] = ()) -> Any:  # fmt: skip
    """A table of text cells; the columns named in ``right`` are numbers, those in ``whole`` are never broken."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in whole)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    return table


def bullets(lines: Iterable[tuple[str, str]]) -> Any:
    """Lines of a word and what is to be said of it, with a hanging indent."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    return Group(*(Padding(Text.assemble(head, (f"  {rest}", "dim")), (0, 0, 0, 2)) for head, rest in lines))


def show_outcome(outcome: Outcome, per: str = "") -> None:
    """The tables of one estimate, or of a share of it."""
    from jevons.report.table import table
    from jevons.world import catalog

    title = "\n".join(line for line in (outcome.title + per, outcome.length) if line)
    console().print(table(outcome.footprint, title, catalog.version()))
