"""Measured rows as files hold them: numbers in cells, and energy that was written in another unit than joules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput, TableError
from jevons.world.rows import Row, read_csv

JOULES_AS = {"mJ": 1e3, "kJ": 1e-3, "Wh": 1 / 3600, "kWh": 1 / 3.6e6}
"""A joule in each unit that energy is written in by mistake."""
ABSENT = ("nan", "none", "null", "n/a", "na", "-")
"""What programs write into cells that hold nothing."""
UNIT_OFF = 3.0
"""Energy within this factor of the expected one in another unit is taken to be in that unit."""


def rows_of(path: str | Path, columns: str) -> list[Row]:
    """The rows of a CSV of measurements. Errors: BadInput where there is none, TableError for a broken table."""
    file = Path(path)
    rows = list(read_csv(file)) if file.is_file() else []
    if not rows:
        raise BadInput("file", str(path), f"give a CSV with the columns {columns}")
    return rows


def plain(raw: Mapping[Any, Any]) -> Row:
    """A row without blanks around names and cells; what only says that nothing is there is empty, cells without a
    column are dropped."""
    cells = {name.strip(): "" if cell is None else str(cell).strip() for name, cell in raw.items() if isinstance(name, str)}
    return {name: "" if cell.lower() in ABSENT else cell for name, cell in cells.items()}


def require(row: Row, layout: Sequence[str], file: str) -> None:
    """Errors: TableError naming the first column of a layout that a row has not."""
    missing = [name for name in layout if name not in row]
    if missing:
        raise TableError(file, 1, missing[0], ", ".join(row)[:80], f"give the columns {', '.join(layout)}")


def holds(header: Sequence[str], layout: Sequence[str]) -> bool:
    """Whether a CSV header holds every column of a layout."""
    return set(layout) <= {name.strip() for name in header}


def number(row: Row, column: str, file: str, line: int, least: float = 0.0) -> float | None:
    """The number in a cell, None where it is empty. Errors: TableError unless finite and at least ``least``."""
    return _read(row, column, file, line, least) if (row.get(column) or "").strip() else None


def observed(row: Row, column: str, file: str, line: int) -> float:
    """What was measured, NaN where the cell is empty or the column absent. Errors: as `number`."""
    found = number(row, column, file, line)
    return math.nan if found is None else found


def reading(row: Row, column: str, file: str, line: int) -> float:
    """What a sensor gave, zero and less included; NaN where the cell is empty or the column absent. Errors: as `number`."""
    found = number(row, column, file, line, -math.inf)
    return math.nan if found is None else found


def needed(row: Row, column: str, file: str, line: int, least: float = 0.0) -> float:
    """The number in a cell that may not be empty. Errors: as `number`."""
    return _read(row, column, file, line, least)


def positive(row: Row, column: str, file: str, line: int) -> float:
    """The number in a cell, which may neither be empty nor zero. Errors: TableError unless finite and above zero."""
    return _read(row, column, file, line, None)


def other_unit(ratio: float) -> str:
    """The unit in which energy ``ratio`` times the expected joules seems to be written, "" where it is joules."""
    if not ratio > 0:
        return ""
    unit = min(JOULES_AS, key=lambda name: abs(math.log(ratio / JOULES_AS[name])))
    return unit if abs(math.log(ratio / JOULES_AS[unit])) < math.log(UNIT_OFF) else ""


def _read(row: Row, column: str, file: str, line: int, least: float | None) -> float:
    text = (row.get(column) or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 if least is None else value >= least) or not math.isfinite(value):
        bound = "above 0" if least is None else f"of at least {least:g}" if math.isfinite(least) else ""
        raise TableError(file, line, column, text, f"give a finite number {bound}".rstrip())
    return value
