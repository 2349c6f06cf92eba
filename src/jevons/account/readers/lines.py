"""A foreign file as numbered lines, so that every trouble is named by file, row and column."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jevons.core.errors import BadInput, TableError
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

    def moment(self, column: str, zone: str) -> float:
        """UTC seconds of a stamp; one without a zone is taken to be of ``zone``."""
        place(zone)
        try:
            return moment(self.text(column), zone)
        except ValueError:
            raise self.trouble(column, "give a date and time, e.g. 2026-11-23T08:30:00") from None

    def trouble(self, column: str | None, mend: str) -> TableError:
        """The error that names this row and the column."""
        return TableError(self.file, self.row, column, self.cells.get(column, "") if column else dict(self.cells), mend)


def text_of(path: Path, most: int = -1) -> str:
    """The file's text (UTF-8, or UTF-16 as PowerShell redirects; ``.gz`` unpacked), its first ``most`` bytes."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as handle:
        raw = handle.read(most)
    try:
        wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        return raw.decode("utf-16" if wide else "utf-8-sig", "ignore" if most > 0 else "strict").replace("\r\n", "\n")
    except UnicodeDecodeError as trouble:
        raise TableError(path.name, None, None, str(trouble), "save it as UTF-8") from None


def lines_of(path: Path, needed: Sequence[str]) -> tuple[list[str], list[Line]]:
    """The header and the rows of a CSV; TableError where a needed column is absent or a row has too few cells."""
    reader = csv.reader(text_of(path).splitlines(), skipinitialspace=True)
    header = [name.strip() for name in next(reader, [])]
    for name in needed:
        if name not in header:
            near = get_close_matches(name, header, 1)
            found = near[0] if near else ", ".join(header)
            raise TableError(path.name, 1, name, found, f"this column is needed{'; is it misspelt?' if near else ''}")
    return header, list(_rows(path.name, header, reader))


def _rows(file: str, header: Sequence[str], reader: Iterable[list[str]]) -> Iterator[Line]:
    for cells in reader:
        row = int(reader.line_num)  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise TableError(file, row, None, f"{len(cells)} cells", f"its header names {len(header)} columns")
        yield Line(file, row, dict(zip(header, cells, strict=True)))


def moment(text: str, zone: str) -> float:
    """UTC seconds of an ISO or slashed stamp; ValueError where it is none."""
    stamp = datetime.fromisoformat(text.strip().replace("/", "-"))
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=place(zone))).timestamp()


def place(zone: str) -> ZoneInfo:
    """The time zone of that name; BadInput where there is none."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput("zone", zone, "name a time zone, e.g. UTC or Europe/Paris") from None


def zone_assumed(tool: str, zone: str) -> Assumption:
    """What is assumed where a tool writes stamps without their zone."""
    return Assumption("time zone of the stamps", zone, f"{tool} writes none; name it by zone=", "stated")


def unknown_columns(header: Sequence[str], known: Iterable[str]) -> tuple[Assumption, ...]:
    """One assumption for each column that this reader does not know and so leaves out."""
    foreign = [name for name in header if name not in set(known)]
    return tuple(Assumption(f"column {name}", "left out", "unknown to this reader", "stated") for name in foreign)
