"""A table of models as the mining study laid it out: one row a model, columns of numbers and words.

    modelId, co2_eq_emissions (GRAMS), size and datasets_size (bytes), downloads, performance_score, domain, ...

Castaño, Martínez-Fernández, Franch and Bogner 2023, arXiv 2305.11164. An empty cell, "nan", "Not Specified" and their like are absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError
from jevons.world import catalog

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ABSENT = ("", "nan", "na", "n/a", "none", "null", "unknown", "not specified")
PAIRS = (("accuracy", "f1"), ("rouge1", "rougeL"))  # which two measures make a performance score, the first pair given


@dataclass(frozen=True, eq=False)
class Mined:
    """The rows of such a table and the name of its file."""

    file: str
    rows: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, column: str) -> bool:
        """Whether the table has that column."""
        return column in self.rows[0]

    def words(self, column: str) -> list[str]:
        """The words of a column, absent ones (and a column that is not there) empty."""
        return [said(row.get(column)) for row in self.rows]

    def numbers(self, column: str) -> Array:
        """The numbers of a column, NaN where absent. Errors: TableError for text, or a number under 0."""
        import numpy as np

        return np.array([_number(word, column, self.file, at) for at, word in enumerate(self.words(column), start=2)])

    def performance(self) -> Array:
        """The performance score: its column, else made of ``performance_metrics`` or of the measures' own columns."""
        import numpy as np

        if self.has("performance_score"):
            return self.numbers("performance_score")
        return np.array([harmonic_score(found) for found in self.measures()])

    def measures(self) -> list[dict[str, float]]:
        """Accuracy, F1 and ROUGE of each row, as far as they are given. Errors: TableError for text."""
        return [measured(row, self.file, at) for at, row in enumerate(self.rows, start=2)]


def read(given: str | Path | Iterable[Mapping[str, Any]]) -> Mined:
    """The table in a CSV file, or of rows as mappings. Errors: BadInput for no file, TableError where it cannot be read."""
    if isinstance(given, (str, Path)):
        path = Path(given)
        if not path.is_file():
            raise BadInput("file", str(given), "name a CSV file that is there")
        table = Mined(path.name, tuple(catalog.read_csv(path)))
    else:
        table = Mined("rows", tuple(given))
    if not table.rows:
        raise TableError(table.file, None, None, "no rows", "give one row a model")
    if not table.has("co2_eq_emissions"):
        raise TableError(table.file, 1, "co2_eq_emissions", "absent", "give the emissions of each model, in grams")
    return table


def said(cell: Any) -> str:
    """A cell's words; empty where it says that nothing is known."""
    text = "" if cell is None else str(cell).strip()
    return "" if text.lower() in ABSENT else text


def measured(row: Mapping[str, Any], file: str = "rows", at: int | None = None) -> dict[str, float]:
    """Accuracy, F1 and ROUGE of a row, from ``performance_metrics`` (a mapping in text) or from their own columns.

    Errors: TableError, naming ``file`` and row ``at``, for what is no number of at least 0.
    """
    text = str(row.get("performance_metrics") or "")
    found = dict(re.findall(r"'(\w+)': *([-+.\deE]+)", text)) or {n: said(row.get(n)) for pair in PAIRS for n in pair}
    return {name: _number(value, name, file, at) for name, value in found.items() if value}


def harmonic_score(measures: Mapping[str, float]) -> float:
    """Harmonic mean of those given of accuracy and F1, else of ROUGE-1 and ROUGE-L; NaN where none is given."""
    for pair in PAIRS:
        values = [measures[name] for name in pair if name in measures]
        if values:
            return len(values) / sum(1 / v for v in values) if all(values) else 0.0
    return float("nan")


def _number(word: str, column: str, file: str, at: int | None) -> float:
    if not word:
        return float("nan")
    try:
        value = float(word)
    except ValueError:
        raise TableError(file, at, column, word, "give a number, or leave the cell empty") from None
    if value < 0 or value == float("inf"):
        raise TableError(file, at, column, word, "give a finite number of at least 0")
    return value
