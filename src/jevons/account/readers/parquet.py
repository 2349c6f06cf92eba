"""A Parquet file as a header and rows of text cells, read by pyarrow batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from jevons.core.errors import MissingExtra, TableError

BATCH = 16_384
PARSED = 1 << 28
"""Bytes that the footer of a file may take when it is read."""


def columns_of(path: Path) -> list[str]:
    """The names of its columns; TableError for a file that is cut off or broken."""
    with _open(path) as file:
        return [str(name) for name in file.schema_arrow.names]


def rows_of(path: Path) -> Iterator[list[str]]:
    """Its rows, each cell as text: empty for null, ISO for a time (UTC where it has no zone of its own)."""
    pyarrow = _pyarrow()
    with _open(path) as file:
        try:
            for batch in file.iter_batches(BATCH):
                columns = [column.to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    yield [_word(cell) for cell in cells]
        except (pyarrow.ArrowException, OSError, ValueError) as trouble:
            raise TableError(path.name, None, None, _short(trouble), "it is cut off or broken; fetch it again") from None


def _open(path: Path) -> Any:
    pyarrow = _pyarrow()
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, thrift_string_size_limit=PARSED, thrift_container_size_limit=PARSED)
    except (pyarrow.ArrowException, OSError, ValueError) as trouble:
        raise TableError(path.name, None, None, _short(trouble), "it is cut off or broken; fetch it again") from None


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra("pyarrow", "fleet", "reading Parquet") from None
    return pyarrow


def _word(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (list, tuple, dict)):
        return _nested(cell)
    return repr(cell) if isinstance(cell, float) else str(cell)


def _nested(cell: Any) -> str:
    """A list or map as JSON, as the CSV of the same bill holds it."""
    import json

    pairs = isinstance(cell, list) and cell and all(isinstance(item, tuple) and len(item) == 2 for item in cell)
    return json.dumps(dict(cell) if pairs else cell, default=str)


def _short(trouble: Exception) -> str:
    return str(trouble).partition("\n")[0][:120]
