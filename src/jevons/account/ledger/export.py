"""The ledger written out: CSV that no spreadsheet runs, JSON lines, and Parquet of every table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection

from jevons.account.ledger import sql
from jevons.account.ledger.tables import COLUMNS, TIME, rows_of
from jevons.core.errors import BadInput
from jevons.core.files import replacing

ACTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would compute (OWASP, CSV injection)."""


def inert(cell: Any) -> Any:
    """A cell as a spreadsheet will show it: text that would be computed gets an apostrophe before it; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(ACTS):
        return "'" + cell
    return "" if cell is None else cell


def write_csv(handle: TextIO, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> int:
    """Rows as CSV, every cell inert; how many there were."""
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(map(inert, columns))
    count = 0
    for row in rows:
        writer.writerow(list(map(inert, row)))
        count += 1
    return count


def table(connection: Connection, name: str, path: Path) -> int:
    """One table into a file that ends in .csv, .jsonl or .parquet; how many rows. Errors: BadInput."""
    if name not in COLUMNS:
        raise BadInput("table", name, f"export one of {', '.join(COLUMNS)}")
    if path.suffix == ".parquet":
        return _parquet(connection, name, path)
    if path.suffix not in TEXTS:
        raise BadInput("file", str(path), "end its name in .csv, .jsonl or .parquet, in .zip for a bundle, or name a folder")
    try:
        with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as handle:
            return TEXTS[path.suffix](handle, COLUMNS[name], timed(name, rows_of(connection, name)))
    except OSError as trouble:
        raise BadInput("file", str(path), f"name a place that can be written ({trouble.strerror})") from None


def every(connection: Connection, folder: Path) -> dict[str, int]:
    """Every table as Parquet into a folder; rows of each."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise BadInput("folder", str(folder), f"name a folder that can be written ({trouble.strerror})") from None
    return {name: _parquet(connection, name, folder / f"{name}.parquet") for name in COLUMNS}


def _parquet(connection: Connection, name: str, path: Path) -> int:
    with sql.opened() as duck:
        import duckdb

        filled = sql.fill(duck, name, rows_of(connection, name))
        try:
            with replacing(path) as beside:
                duck.table(name).write_parquet(str(beside), compression="zstd")
        except (duckdb.Error, OSError) as trouble:
            raise BadInput("file", str(path), f"it cannot be written: {str(trouble).splitlines()[0]}") from None
        return filled


def _lines(handle: TextIO, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> int:
    names, count = list(columns), 0
    for row in rows:
        handle.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False) + "\n")
        count += 1
    return count


TEXTS: dict[str, Callable[[TextIO, Iterable[str], Iterable[Iterable[Any]]], int]] = {".csv": write_csv, ".jsonl": _lines}


def timed(name: str, rows: Iterable[Iterable[Any]]) -> Iterator[list[Any]]:
    """The rows with each TIME as ISO text, UTC; None where there is none, or none that a calendar holds."""
    times = [i for i, kind in enumerate(COLUMNS[name].values()) if kind == TIME]
    for row in rows:
        cells = list(row)
        for i in times:
            cells[i] = _iso(cells[i])
        yield cells


def _iso(seconds: float | None) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z") if seconds is not None else None
    except (ValueError, OverflowError, OSError):
        return None
