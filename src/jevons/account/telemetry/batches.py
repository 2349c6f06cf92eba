"""Files in batches that fit in memory, and what must be read together because one device lies in several of them.

A batch is read in the order of its rows, which is right where each device lies in one piece, in order of time; the answer
itself tells (see ``expression.steps``), and what was not in order is sorted, so many devices at a time as fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jevons.account.telemetry.rules import EARLIEST_US, HOUR_US, Rules
from jevons.account.telemetry.samples import Columns, one, reading, refused, text

BATCH_ROWS = 10_000_000
SMALL_ROWS = 1_000_000
SORTED_ROWS = 2_500_000  # sorting holds some 150 bytes a row
MOST_CELLS = 20_000_000


@dataclass(frozen=True)
class File:
    """A Parquet file: how many rows, between which stamps (µs) and devices; None where its footer does not say."""

    path: str
    rows: int
    from_us: int | None
    to_us: int | None
    least: str | None = None
    greatest: str | None = None


@dataclass(frozen=True)
class Batch:
    """Files read at once; ``devices`` limits them to some devices, which then are sorted."""

    files: tuple[File, ...]
    devices: tuple[str, ...] | None = None
    sort: bool = False

    @property
    def rows(self) -> int:
        """Rows of its files."""
        return sum(file.rows for file in self.files)

    def view(self, columns: Columns) -> str:
        """The uniform samples of this batch, as DuckDB SQL."""
        sql = f"SELECT {columns.duckdb} FROM {reading([f.path for f in self.files])}"
        if self.devices is None:
            return sql
        return f"SELECT * FROM ({sql}) WHERE device IN ({', '.join(map(text, self.devices))})"


def measured(con: Any, paths: Sequence[str], columns: Columns) -> list[File]:
    """Each file with its rows and span, from the footers alone. Errors: TableError naming a file that cannot be read."""
    listed = f"[{', '.join(map(text, paths))}]"
    try:
        rows = dict(con.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata({listed})").fetchall())
        spans = {name: (low, high) for name, low, high in con.execute(
            f"SELECT file_name, {_bound('min', columns)}, {_bound('max', columns)} FROM parquet_metadata({listed}) "
            f"WHERE path_in_schema = {text(columns.time)} GROUP BY file_name").fetchall()}  # fmt: skip
        ends = {name: (low, high) for name, low, high in con.execute(
            "SELECT file_name, CASE WHEN count(stats_min_value) = count(*) THEN min(stats_min_value) END, "
            f"CASE WHEN count(stats_max_value) = count(*) THEN max(stats_max_value) END FROM parquet_metadata({listed}) "
            f"WHERE path_in_schema = {text(columns.device)} GROUP BY file_name").fetchall()}  # fmt: skip
    except Exception as trouble:
        raise refused(paths, con) from trouble
    return [File(path, int(rows[path]), *spans.get(path, (None, None)), *ends.get(path, (None, None))) for path in paths]


def _bound(which: str, columns: Columns) -> str:
    """SQL: the least or greatest stamp of a file in µs, NULL where any of its row groups does not say."""
    said = f"stats_{which}_value"
    return f"CASE WHEN count({said}) = count(*) THEN {which}({columns.micros(f'try_cast({said} AS {columns.stamp})')})::BIGINT END"


def grouped(files: Iterable[File], rows: int = BATCH_ROWS) -> list[Batch]:
    """Files in their order, so many a batch as hold at most ``rows`` (at least one).

    A file that may hold a device of the batch before it begins a new one, so that each device lies in one piece (seams
    join the parts); small files are put together all the same, and sorted.
    """
    batches: list[list[File]] = []
    mixed: list[bool] = []
    for file in files:
        held = sum(f.rows for f in batches[-1]) if batches else 0
        meets = bool(batches) and (mixed[-1] or any(may_share(file, other) for other in batches[-1]))
        if not batches or held + file.rows > (min(rows, SMALL_ROWS) if meets else rows):
            batches.append([])
            mixed.append(False)
            meets = False
        batches[-1].append(file)
        mixed[-1] = meets
    return [Batch(tuple(batch), sort=sort) for batch, sort in zip(batches, mixed)]


def may_share(one: File, other: File) -> bool:
    """Whether two files may hold a device in common, by their footers."""
    if None in (one.least, one.greatest, other.least, other.greatest):
        return True
    return one.least <= other.greatest and other.least <= one.greatest  # type: ignore[operator]


def by_devices(files: Mapping[str, Sequence[File]], counts: Mapping[str, int], rows: int = SORTED_ROWS) -> list[Batch]:
    """Devices to be sorted, so many a batch as hold at most ``rows`` samples; each with the files it lies in."""
    batches: list[Batch] = []
    devices: list[str] = []
    held = 0
    for device in sorted(files, key=lambda d: (tuple(f.path for f in files[d]), d)):
        if devices and (held + counts[device] > rows or files[device] != files[devices[-1]]):
            batches.append(Batch(tuple(files[devices[-1]]), tuple(devices), sort=True))
            devices, held = [], 0
        devices.append(device)
        held += counts[device]
    return [*batches, Batch(tuple(files[devices[-1]]), tuple(devices), sort=True)] if devices else batches


def spans(con: Any, batch: Batch, rules: Rules, moved: bool = False) -> None:
    """Make the table ``spans``: between which stamps each device of the batch may have samples.

    The footers' span serves all devices where that makes few cells and no clock is ``moved``; else each device is asked
    for its own. The views ``readings`` and ``usable`` are there.
    """
    known = [] if moved else [file for file in batch.files if file.from_us is not None and file.to_us is not None]
    if len(known) == len(batch.files) > 0:
        low = max(min(f.from_us for f in known), EARLIEST_US)  # type: ignore[type-var]
        high = min(max(f.to_us for f in known), rules.latest_us)  # type: ignore[type-var]
        con.execute(f"CREATE OR REPLACE TEMP TABLE spans AS SELECT device, {low}::BIGINT AS from_us, {max(high, low)}::BIGINT AS to_us "
                    "FROM (SELECT DISTINCT device FROM readings WHERE device IS NOT NULL)")  # fmt: skip
        if one(con, "SELECT count(*) FROM spans")[0] * ((high - low) // HOUR_US + 1) <= batch.rows // 8 + 10_000:
            return
    con.execute("CREATE OR REPLACE TEMP TABLE spans AS SELECT device, min(t_us) AS from_us, max(t_us) AS to_us FROM usable GROUP BY device")
