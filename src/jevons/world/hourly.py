"""A grid whose intensity changes by the hour: a series of steps, averaged over each row's interval.

    mean over [a, b) = (∫ₐᵇ c(t) dt) / (b − a)          c(t) piecewise constant from one stamp to the next
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, TableError
from jevons.world import catalog

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIME_COLUMNS = ("time", "datetime", "timestamp", "start", "date", "utc", "datetime_utc", "period")
VALUE_COLUMNS = ("ci_g_per_kwh", "g_per_kwh", "avg_ci", "carbon_intensity", "intensity", "direct", "lca")


@dataclass(frozen=True, eq=False)
class Series:
    """Intensity (kg CO2e per kWh) from each stamp (UTC seconds, ascending) to the next; the last step repeats."""

    start_s: NDArray[np.float64]
    kg_per_kwh: NDArray[np.float64]
    name: str

    def mean(self, start_s: Any, end_s: Any) -> NDArray[np.float64]:
        """Time-weighted mean over each interval, (rows,); the value at the start where an interval is empty.

        Errors: BadInput for a row that is not dated or lies outside the series.
        """
        start, end = np.asarray(start_s, float), np.asarray(end_s, float)
        if np.isnan(start).any():
            raise BadInput("start", None, f"the series {self.name} needs dated rows; say when the work starts")
        last = self.start_s[-1] + (self.start_s[-1] - self.start_s[-2])
        if (start < self.start_s[0]).any() or (end > last).any():
            raise BadInput("start", _iso(float(start.min())),
                           f"the series {self.name} runs from {_iso(self.start_s[0])} to {_iso(last)}")
        integral = np.concatenate(([0.0], np.cumsum(np.diff(np.append(self.start_s, last)) * self.kg_per_kwh)))
        edges = np.append(self.start_s, last)
        span = end - start
        whole = np.interp(end, edges, integral) - np.interp(start, edges, integral)
        at = self.kg_per_kwh[np.clip(np.searchsorted(self.start_s, start, side="right") - 1, 0, None)]
        return np.where(span > 0, whole / np.where(span > 0, span, 1.0), at)


def read_series(path: str | Path, unit: str = "g/kWh") -> Series:
    """The series of a CSV file with a time column and an intensity column, in ``unit``, recognised by their names.

    Errors: TableError naming file, row and column for a missing column, a time that cannot be read or does not
    rise, and a value that is negative or no number.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput("series", str(path), "name an existing CSV file")
    rows = list(catalog.read_csv(file))
    if len(rows) < 2:
        raise TableError(file.name, None, None, f"{len(rows)} rows", "give at least two")
    time, value = _column(file, rows[0], TIME_COLUMNS), _column(file, rows[0], VALUE_COLUMNS)
    stamps = np.array([_stamp(file, i, time, row[time]) for i, row in enumerate(rows, start=2)])
    if (np.diff(stamps) <= 0).any():
        raise TableError(file.name, int(np.argmax(np.diff(stamps) <= 0)) + 3, time, "a time that does not rise",
                         "sort the rows and drop duplicates")
    values = [_value(file, i, value, row[value], unit) for i, row in enumerate(rows, start=2)]
    return Series(stamps, np.array(values), file.name)


def _column(file: Path, row: catalog.Row, names: tuple[str, ...]) -> str:
    for column in row:
        if column.strip().lower() in names:
            return column
    raise TableError(file.name, 1, None, ", ".join(row), f"name a column one of {', '.join(names)}")


def _stamp(file: Path, line: int, column: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise TableError(file.name, line, column, text, "give an ISO time, e.g. 2022-01-01T00:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _value(file: Path, line: int, column: str, text: str, unit: str) -> float:
    try:
        return units.read(float(text), "kg/kWh", column) * units.convert(1.0, unit, "kg/kWh")  # type: ignore[no-any-return]
    except (ValueError, TypeError):
        raise TableError(file.name, line, column, text, "give a number of 0 or more") from None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
