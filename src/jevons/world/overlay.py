"""A user's own tables, checked before they count: known names, the columns each row needs, numbers that are numbers.

The built-in tables are held by tests; a folder of the user's has only this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from math import isfinite
from pathlib import Path

from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.world.lookup import nearest
from jevons.world.rows import DATA, Row, read_csv, read_toml

OPTIONAL_TABLES = ("grid_zone", "grid_marginal")
"""Tables that only packs and users hold."""
UNSOURCED_TABLES = ("sources", "aliases", "schema")
"""Tables that hold no values."""
KEYS = ("id", "number", "integer")
"""Types of the columns without which a row is never found, or holds no value."""
KINDS = ("accounting", "scope")
"""Columns whose words decide what a row may stand for."""
SIGNED_TABLES = ("compat_constant",)
"""Tables whose numbers may be negative: coefficients of fits."""


def check(folder: Path, schema: Iterable[Row]) -> None:
    """Refuse a folder of tables that cannot be used, before any of its rows is priced; ``schema`` describes every column.

    Errors: BadInput where it is no folder; UnknownName for a table nobody reads; TableError naming file, row and
    column for a row without a source, key or value, a column nobody reads, a kind that nobody asks for, a place
    of no known code, a number that is none or negative, or a spread under 1.
    """
    if not folder.is_dir():
        raise BadInput("overlay", str(folder), "name an existing folder of CSV or TOML tables")
    columns: dict[str, dict[str, str]] = {}
    needed: dict[str, list[str]] = {}
    for row in schema:
        columns.setdefault(row["table"], {})[row["column"]] = row["type"]
        if row["required"] == "yes" and row["type"] in KEYS and not row["column"].endswith("gsd"):
            needed.setdefault(row["table"], []).append(row["column"])
    places = _places(folder)
    for file, name, rows in _tables(folder):
        if name not in columns and name not in OPTIONAL_TABLES and not (DATA / f"{name}.csv").exists():
            raise UnknownName("table", name, nearest(name, [*columns, *OPTIONAL_TABLES]), f"rename it in {file}")
        for number, row in rows:
            _check_row(file, number, name, row, columns.get(name, {}))
            _check_filled(file, number, row, needed.get(name, []))
            if "place" in needed.get(name, []) and row["place"] not in places:
                raise TableError(file, number, "place", row["place"], "give the code of a country in three letters, e.g. "
                                 f"{', '.join(nearest(row['place'], places))}")  # fmt: skip


def _places(folder: Path) -> set[str]:
    """The codes of all countries, those of the folder itself with them."""
    own = (row for _, name, rows in _tables(folder) if name == "places" for _, row in rows)
    return {row.get("iso3") or "" for row in (*read_csv(DATA / "places.csv"), *own)}


def _check_filled(file: str, number: int, row: Row, needed: Iterable[str]) -> None:
    for column in needed:
        if not (row.get(column) or "").strip():
            raise TableError(file, number, column, "", "fill this column: without it the row cannot be used")


def _tables(folder: Path) -> Iterator[tuple[str, str, Iterator[tuple[int, Row]]]]:
    """(file, table, numbered rows) of every table in the folder."""
    for path in sorted(folder.glob("*.csv")):
        yield path.name, path.stem, enumerate(read_csv(path), start=2)
    for path in sorted(folder.glob("*.toml")):
        for name, rows in read_toml(path).items():
            yield path.name, name, enumerate(rows, start=1)


def _check_row(file: str, number: int, table: str, row: Row, types: dict[str, str]) -> None:
    if table not in UNSOURCED_TABLES and not (row.get("source") or "").strip():
        raise TableError(file, number, "source", "", "say where the value comes from")
    for column, text in row.items():
        if types and column not in types:
            near = get_close_matches(column, types, 1)
            mend = f"did you mean {near[0]!r}?" if near else f"use {', '.join(types)}"
            raise TableError(file, number, column, text, f"no column of that name; {mend}")
        kind = types.get(column, "")
        if text.strip() and kind in ("number", "integer"):
            _check_number(file, number, column, text, kind, signed=table in SIGNED_TABLES)
        if text.strip() and column in KINDS and text not in (words := kind.removeprefix("choice:").split("/")):
            raise TableError(file, number, column, text, f"choose one of {', '.join(words)}")


def _check_number(file: str, row: int, column: str, text: str, kind: str, signed: bool) -> None:
    least = float("-inf") if signed else 1.0 if column.endswith("gsd") else 0.0
    try:
        value = float(text)
    except ValueError:
        raise TableError(file, row, column, text, "give a number") from None
    if not isfinite(value) or value < least or (kind == "integer" and value % 1):
        whole = "whole " if kind == "integer" else ""
        raise TableError(file, row, column, text, f"give a finite {whole}number of at least {least:g}")
