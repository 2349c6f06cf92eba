"""Files of rows: a CSV or TOML table read as text cells, every trouble named by file, row and column."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from jevons.core.errors import TableError

DATA = Path(__file__).parent / "data"
"""The tables carried here."""
Row = Mapping[str, str]


def read_toml(path: Path) -> dict[str, list[Row]]:
    """The ``[[table]]`` entries of a TOML file by table; numbers become text cells. TableError for broken TOML."""
    import tomllib  # only where an overlay holds such a file: it compiles its patterns

    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: [defaultdict(str, {k: str(v) for k, v in row.items()}) for row in rows]
                for name, rows in found.items()}  # fmt: skip
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise TableError(path.name, None, None, str(trouble), "mend the TOML") from None
    except (AttributeError, TypeError):
        raise TableError(path.name, None, None, "no list of rows", "write each row below a [[table]] line") from None


def read_csv(path: Path) -> Iterator[Row]:
    """The rows of a CSV file as mappings; TableError naming file, row and column for a ragged or undecodable one."""
    try:
        with _opened(path) as handle:
            reader = csv.DictReader(handle)
            if not reader.fieldnames:
                raise TableError(path.name, None, None, "an empty file", "give a header row and at least one row")
            for number, row in enumerate(reader, start=2):
                if None in row or None in row.values():
                    raise TableError(path.name, number, None, "a ragged row",
                                     f"give {len(reader.fieldnames)} fields")
                yield row
    except (UnicodeDecodeError, EOFError, OSError) as trouble:
        said = "bytes that are not UTF-8" if isinstance(trouble, UnicodeDecodeError) else str(trouble)
        raise TableError(path.name, None, None, said, "save it as UTF-8 text, or gzip of it named .csv.gz") from None
    except csv.Error as trouble:
        raise TableError(path.name, None, None, str(trouble), "mend the quoting") from None


def _opened(path: Path) -> IO[str]:
    """A CSV file for reading, unpacked where its name ends in .gz; a byte-order mark is no part of the header."""
    if path.suffix == ".gz":
        import gzip

        return gzip.open(path, "rt", newline="", encoding="utf-8-sig")
    return path.open(newline="", encoding="utf-8-sig")


def number(row: Row, column: str, default: float | None = None) -> float | None:
    """A cell as a float, ``default`` where it is empty; TableError for text that is no number."""
    text = (row.get(column) or "").strip()
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise TableError(row.get("id") or "table", None, column, text, "give a number") from None
