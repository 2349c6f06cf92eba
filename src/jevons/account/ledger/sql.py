"""Questions in SQL: DuckDB over a copy of the ledger's tables, shut off from files, network, extensions and writing."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice, starmap
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jevons.account.ledger.canonical import LAST_S
from jevons.account.ledger.tables import COLUMNS, NUMBER, TIME, rows_of
from jevons.core.errors import BadInput, MissingExtra

BATCH = 50_000
MEMORY = "2GB"
TIMEOUT_S = 60.0
"""How long a question may take, the copy of the tables left aside."""
INTERRUPT_S = 0.1
MOST_ROWS = 1_000_000
"""A longer answer is refused: it would be held in memory whole."""
SHUT = (
    "SET python_enable_replacements = false", "SET allow_community_extensions = false", "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false", "SET temp_directory = ''", "SET enable_external_access = false",
    "SET lock_configuration = true",
)  # fmt: skip
KINDS = ("SELECT", "EXPLAIN")


def ask(connection: Connection | None, question: str, folder: Path | None = None,
        timeout_s: float = TIMEOUT_S) -> tuple[list[str], list[tuple[Any, ...]]]:  # fmt: skip
    """The columns and rows that answer one SELECT. ``folder``: exported Parquet, in place of the ledger.

    Only the tables that the question names are copied. Errors: BadInput for anything but one question that reads, and for one
    that takes longer than ``timeout_s`` or more memory than MEMORY; the question itself is refused by DuckDB where it would
    write, attach, read files, load extensions or reach the network.
    """
    if not 0 < timeout_s < threading.TIMEOUT_MAX:
        raise BadInput("timeout", timeout_s, "give seconds over 0")
    with opened() as duck:
        _require_question(duck, question)
        wanted = [name for name in COLUMNS if re.search(rf"\b{name}\b", question, re.IGNORECASE)] or ["runs"]
        for name in wanted:
            if folder is not None:
                _from_parquet(duck, name, folder)
            elif connection is not None:
                fill(duck, name, rows_of(connection, name))
        for statement in SHUT:
            duck.execute(statement)
        duck.execute("BEGIN TRANSACTION READ ONLY")
        return _answered(duck, question, timeout_s)


def opened() -> Any:
    """A DuckDB in memory that is used once. Errors: MissingExtra."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("duckdb", "ledger", "jevons sql") from None
    return duckdb.connect(":memory:", config={"memory_limit": MEMORY, "threads": "2"})


def fill(duck: Any, name: str, rows: Iterable[tuple[Any, ...]]) -> int:
    """Make a table of COLUMNS and put rows into it; how many there were."""
    duck.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in COLUMNS[name].items())})")
    stream, filled = iter(rows), 0
    while batch := list(islice(stream, BATCH)):
        duck.register("batch", _arrays(name, batch))
        duck.execute(f"INSERT INTO {name} SELECT {', '.join(starmap(_told, COLUMNS[name].items()))} FROM batch")
        duck.unregister("batch")
        filled += len(batch)
    return filled


def _arrays(name: str, batch: list[tuple[Any, ...]]) -> dict[str, Any]:
    import numpy as np

    arrays: dict[str, Any] = {}
    for (column, kind), values in zip(COLUMNS[name].items(), zip(*batch, strict=True), strict=True):
        if kind in (NUMBER, TIME):
            arrays[column] = np.array(values, float)  # None becomes NaN, and NULL again in the database
        else:
            arrays[column] = np.empty(len(batch), dtype=object)
            arrays[column][:] = values
    return arrays


def _told(column: str, kind: str) -> str:
    if kind == TIME:
        return f"CASE WHEN abs({column}) < {LAST_S} THEN make_timestamp(CAST(round({column} * 1e6) AS BIGINT)) END"
    return f"CASE WHEN NOT isnan({column}) THEN {column} END" if kind == NUMBER else column


def _from_parquet(duck: Any, name: str, folder: Path) -> None:
    file = folder / f"{name}.parquet"
    if not file.is_file():
        raise BadInput("folder", str(folder), f"it holds no {name}.parquet; export it: jevons ledger export FOLDER")
    import duckdb

    try:
        duck.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet(?)", [str(file)])
    except duckdb.Error as trouble:
        raise BadInput("Parquet", str(file), f"this file cannot be read: {_line(trouble)}") from None


def _require_question(duck: Any, question: str) -> None:
    import duckdb

    try:
        kinds = [statement.type.name for statement in duck.extract_statements(question)]
    except duckdb.Error as trouble:
        raise BadInput("sql", question, _line(trouble)) from None
    if len(kinds) != 1 or kinds[0] not in KINDS:
        raise BadInput("sql", question, f"ask one SELECT; the ledger is read-only here. Tables: {', '.join(COLUMNS)}")


def _answered(duck: Any, question: str, timeout_s: float) -> tuple[list[str], list[tuple[Any, ...]]]:
    import duckdb

    try:
        columns, rows = _within(duck, question, timeout_s)
    except TimeoutError:
        raise BadInput("sql", question, f"it took longer than {timeout_s:g} s; narrow it, or allow more: --timeout") from None
    except duckdb.OutOfMemoryException:
        raise BadInput("sql", question, f"it needs more than {MEMORY} of memory; narrow it, or sum it up") from None
    except duckdb.Error as trouble:
        raise BadInput("sql", question, _line(trouble)) from None
    if len(rows) > MOST_ROWS:
        raise BadInput("sql", question, f"its answer has more than {MOST_ROWS:,} rows; sum them up, or say LIMIT")
    return columns, rows


def _within(duck: Any, question: str, timeout_s: float) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The answer, computed beside us, so that both the clock and Ctrl-C can stop it. Errors: TimeoutError, DuckDB's own."""

    def answer() -> tuple[list[str], list[tuple[Any, ...]]]:
        told = duck.execute(question)
        return [column[0] for column in told.description], told.fetchmany(MOST_ROWS + 1)

    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(answer)
        try:
            return asked.result(timeout_s)
        finally:
            while not asked.done():
                duck.interrupt()
                wait([asked], INTERRUPT_S)


def _line(trouble: Exception) -> str:
    return " ".join(str(trouble).split("\n\nLINE")[0].split())

