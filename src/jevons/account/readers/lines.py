"""A foreign file as numbered lines, so that every trouble is named by file, row and column."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

from jevons.account.readers.clock import Clock, NoSuchHour
from jevons.account.readers.opening import CHUNK, MOST_LINE, bytes_of, head_of, opened
from jevons.core.errors import TableError
from jevons.core.source import Assumption

BLANK = {"", "nan", "none", "n/a", "[n/a]", "[not supported]", "[unknown error]", "not supported"}
"""Words by which tools say that they have no value."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a CSV; ``row`` as an editor counts, the header being row 1."""

    file: str
    row: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell's words; empty where the column is absent or says that it has no value."""
        word = self.cells.get(column, "").strip()
        return "" if word.lower() in BLANK else word

    def number(self, column: str, unit: str = "") -> float | None:
        """The cell as a number, None where blank; TableError for anything else or of another unit."""
        word = self.text(column)
        if not word:
            return None
        try:
            value = float(word.removesuffix(unit).strip() if unit else word)
        except ValueError:
            raise self.trouble(column, f"give a number{f' in {unit}' if unit else ''}") from None
        if not math.isfinite(value):
            raise self.trouble(column, "give a finite number")
        return value

    def amount(self, column: str, unit: str = "") -> float | None:
        """A number of at least 0, None where blank."""
        value = self.number(column, unit)
        if value is not None and value < 0:
            raise self.trouble(column, "energy, power and time cannot be negative")
        return value

    def needed(self, column: str, unit: str = "") -> float:
        """An amount that may not be blank."""
        value = self.amount(column, unit)
        if value is None:
            raise self.trouble(column, "it may not be blank")
        return value

    def mapping(self, column: str) -> Mapping[str, object]:
        """A cell of JSON names and values; empty where blank or a list. Errors: TableError for what is no JSON."""
        word = self.text(column)
        if not word:
            return {}
        try:
            found = json.loads(word)
        except (ValueError, RecursionError):
            raise self.trouble(column, 'give JSON, {"name": "value"}') from None
        return found if isinstance(found, Mapping) else {}

    def moment(self, column: str, clock: Clock, not_before: float = -math.inf) -> float:
        """UTC seconds of a stamp; one without a zone is of ``clock``, and where that shows an hour twice not before a moment."""
        try:
            return clock.moment(self.text(column), not_before)
        except NoSuchHour as trouble:
            raise self.trouble(column, str(trouble)) from None
        except (ValueError, OverflowError):
            raise self.trouble(column, "give a date and time, e.g. 2026-11-23T08:30:00") from None

    def trouble(self, column: str | None, mend: str) -> TableError:
        """The error that names this row and the column."""
        return TableError(self.file, self.row, column, self.cells.get(column, "") if column else dict(self.cells), mend)


def text_of(path: Path, most: int = -1) -> str:
    """The file's text (UTF-8, or UTF-16 as PowerShell redirects; ``.gz`` and ``.zip`` unpacked), its first ``most`` bytes."""
    raw = head_of(path, most) if most > 0 else bytes_of(path)
    try:
        return raw.decode(_coding(raw), "ignore" if most > 0 else "strict").replace("\r\n", "\n")
    except UnicodeDecodeError as trouble:
        raise TableError(path.name, None, None, str(trouble), "save it as UTF-8") from None


def lines_of(path: Path, needed: Sequence[str] = (), separator: str = ",") -> tuple[list[str], list[Line]]:
    """The header and the rows of a CSV (or of a Parquet file, its cells as text).

    Errors: TableError where a needed column is absent, a row has another number of cells than the header, a line is
    too long or its quoting is broken.
    """
    header, rows = stream_of(path, needed, separator)
    return header, list(rows)


def stream_of(path: Path, needed: Sequence[str] = (), separator: str = ",") -> tuple[list[str], Iterator[Line]]:
    """As ``lines_of``, a row at a time."""
    header, rows = _parquet(path) if is_parquet(path) else _csv(path, separator)
    for name in needed:
        if name not in header:
            near = get_close_matches(name, header, 1)
            found = near[0] if near else ", ".join(header)
            raise TableError(path.name, 1, name, found, f"this column is needed{'; is it misspelt?' if near else ''}")
    return header, rows


def physical_lines(path: Path) -> Iterator[str]:
    """The file's lines as text, none of them longer than MOST_LINE."""
    with opened(path) as handle:
        coding = _coding(head := handle.read(4096))
        if coding == "utf-16":
            yield from text_of(path).splitlines(keepends=True)
            return
        yield from _decoded(path.name, chain([head], iter(lambda: handle.read(CHUNK), b"")))


def _decoded(file: str, chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines of some chunks of UTF-8."""
    left, row = b"", 0
    for chunk in chain(chunks, [b"\n"]):
        *whole, left = (left + chunk).split(b"\n")
        for raw in (*whole, *((left,) if len(left) > MOST_LINE else ())):
            row += 1
            if len(raw) > MOST_LINE:
                raise TableError(file, row, None, f"a line of over {MOST_LINE >> 20} MiB", "this is no table of rows")
            try:
                yield raw.decode("utf-8-sig" if row == 1 else "utf-8").removesuffix("\r") + "\n"
            except UnicodeDecodeError as trouble:
                raise TableError(file, row, None, str(trouble), "save it as UTF-8") from None


def _coding(raw: bytes) -> str:
    return "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _csv(path: Path, separator: str) -> tuple[list[str], Iterator[Line]]:
    reader = csv.reader(physical_lines(path), delimiter=separator, skipinitialspace=True,
                        quoting=csv.QUOTE_NONE if separator == "|" else csv.QUOTE_MINIMAL)  # fmt: skip
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as trouble:
        raise TableError(path.name, 1, None, str(trouble), "mend the quoting") from None
    twice = next((name for i, name in enumerate(header) if name and name in header[:i]), None)
    if twice is not None:
        raise TableError(path.name, 1, twice, "a column that stands twice", "give each column a name of its own")
    return header, _rows(path.name, header, reader)


def _parquet(path: Path) -> tuple[list[str], Iterator[Line]]:
    from jevons.account.readers import parquet

    header = parquet.columns_of(path)
    cells = parquet.rows_of(path)
    return header, (Line(path.name, row, dict(zip(header, words, strict=True))) for row, words in enumerate(cells, 1))


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    return head_of(path, 4) == b"PAR1"


def _rows(file: str, header: Sequence[str], reader: Iterable[list[str]]) -> Iterator[Line]:
    try:
        for cells in reader:
            row = int(reader.line_num)  # type: ignore[attr-defined]
            if not "".join(cells).strip():
                continue
            if len(cells) != len(header):
                raise TableError(file, row, None, f"{len(cells)} cells", f"its header names {len(header)} columns")
            yield Line(file, row, dict(zip(header, cells, strict=True)))
    except csv.Error as trouble:
        row = int(reader.line_num)  # type: ignore[attr-defined]
        raise TableError(file, row, None, str(trouble), "mend the quoting of this row") from None


def unknown_columns(header: Sequence[str], known: Iterable[str]) -> tuple[Assumption, ...]:
    """One assumption for each column that this reader does not know and so leaves out."""
    foreign = [name for name in header if name not in set(known)]
    return tuple(Assumption(f"column {name}", "left out", "unknown to this reader", "stated") for name in foreign)
