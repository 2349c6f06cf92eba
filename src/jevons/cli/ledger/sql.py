"""``jevons sql``: questions to the ledger, read-only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import show
from jevons.cli.ledger.runs import Where, existing
from jevons.cli.options import FORM, taking

app = typer.Typer()


@app.command()
@taking(FORM)
def sql(
    question: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT over runs, activity, footprints, lines, ...; none: the tables.",
                                            show_default=False)] = "",
    folder: Annotated[Path | None, typer.Option("--from", metavar="FOLDER", help="Exported Parquet, in place of the ledger.",
                                                show_default=False)] = None,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="The longest a question may take.")] = 60.0,
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """Ask the ledger in SQL. It answers from a copy: nothing can be written, and no other file or address reached."""
    from jevons.account.ledger import sql as asking

    if not question:
        tell_tables(given)
        return
    if folder is not None:
        columns, rows = asking.ask(None, question, folder, timeout)
    else:
        with existing(ledger).reading() as connection:
            columns, rows = asking.ask(connection, question, timeout_s=timeout)
    tell_answer(columns, rows, given)


def tell_answer(columns: list[str], rows: list[tuple[Any, ...]], given: Any) -> None:
    """The rows of an answer."""
    if show.wants_json(given):
        show.out_json([dict(zip(columns, map(plain, row), strict=True)) for row in rows])
        return
    numbers = [c for i, c in enumerate(columns) if rows and isinstance(rows[0][i], (int, float)) and not isinstance(rows[0][i], bool)]
    show.console().print(show.rows(columns, [[said(cell) for cell in row] for row in rows], right=numbers))


def tell_tables(given: Any) -> None:
    """The tables that can be asked, with their columns."""
    from jevons.account.ledger.tables import COLUMNS

    if show.wants_json(given):
        show.out_json(COLUMNS)
    else:
        show.console().print(show.bullets((name, ", ".join(columns)) for name, columns in COLUMNS.items()))


def plain(cell: Any) -> Any:
    """A cell as JSON holds it: no NaN, times and the like as text."""
    if isinstance(cell, float) and not float("-inf") < cell < float("inf"):
        return None
    if isinstance(cell, (list, tuple)):
        return [plain(x) for x in cell]
    if isinstance(cell, dict):
        return {str(k): plain(v) for k, v in cell.items()}
    return cell if isinstance(cell, (str, int, float, bool, type(None))) else str(cell)


def said(cell: Any) -> str:
    """A cell for a reader."""
    return "–" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell)
