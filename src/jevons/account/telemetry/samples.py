"""Which files hold samples, which column says what, and in which unit: settled once, before anything is read.

A column's name tells its unit (``power_w``, ``energy_j``, ``time_ms``); a unit that is said as well must agree. Every file
must hold the same columns, with stamps of one kind. Stamps without a zone are taken as UTC, which is an assumption.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jevons.account.telemetry.rules import US_PER_S
from jevons.core.errors import BadInput, Contradiction, TableError
from jevons.core.source import Assumption

DEVICE = ("device", "device_id", "gpu", "gpu_id", "gpu_uuid", "uuid", "sensor", "meter", "host")
TIME = ("time", "timestamp", "ts", "datetime", "time_s", "time_ms", "time_us", "time_ns", "timestamp_s",
        "timestamp_ms", "timestamp_us", "timestamp_ns")  # fmt: skip
KNOWN = {"dcgm_fi_dev_power_usage": "W", "dcgm_fi_dev_total_energy_consumption": "mJ"}
SUFFIX = {"w": "W", "watts": "W", "kw": "kW", "j": "J", "joules": "J", "kj": "kJ", "wh": "Wh", "kwh": "kWh", "mwh": "MWh"}
AMBIGUOUS = {"mw": ("mW", "MW"), "mj": ("mJ", "MJ")}
PER_S = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
STAMPS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
ZONED = "TIMESTAMP WITH TIME ZONE"
ZONED_NS = "TIMESTAMPTZ_NS"  # what pandas writes; read as ZONED, to the microsecond
INTEGERS = ("INTEGER", "BIGINT", "UBIGINT", "UINTEGER", "HUGEINT")
NUMBERS = (*INTEGERS, "FLOAT", "DOUBLE", "SMALLINT", "TINYINT", "USMALLINT", "UTINYINT")


@dataclass(frozen=True)
class Columns:
    """The three columns of the files, the unit of the value, and what kind of stamp (a DuckDB type) they carry."""

    device: str
    time: str
    value: str
    unit: str
    stamp: str

    @property
    def duckdb(self) -> str:
        """device, t_us, value as DuckDB selects them."""
        time = quoted(self.time) + ("::TIMESTAMPTZ" if self.stamp == ZONED else "")
        return f"{quoted(self.device)}::VARCHAR AS device, {self.micros(time)} AS t_us, {quoted(self.value)}::DOUBLE AS value"

    @property
    def spark(self) -> tuple[str, str, str]:
        """The same for Spark SQL (whose session keeps UTC), a column each."""
        device, time, value = ("`" + name.replace("`", "``") + "`" for name in (self.device, self.time, self.value))
        stamp = f"CAST({time} AS TIMESTAMP)" if self.stamp in STAMPS else time
        micros = self.micros(stamp, "unix_micros")
        return f"CAST({device} AS STRING) AS device", f"CAST({micros} AS BIGINT) AS t_us", f"CAST({value} AS DOUBLE) AS value"

    def micros(self, source: str, function: str = "epoch_us") -> str:
        """SQL for whole µs since 1970 of a stamp, by the kind of stamp and the unit its column's name tells."""
        if self.stamp in (*STAMPS, ZONED):
            return f"{function}({source})"
        per_s = PER_S[self.time.lower().rsplit("_", 1)[-1]]
        if per_s > US_PER_S:
            return f"CAST(floor({source} / {per_s // US_PER_S}) AS BIGINT)"
        if self.stamp in INTEGERS:
            return f"CAST({source} AS BIGINT) * {US_PER_S // per_s}"
        return f"CAST(round({source} * {US_PER_S // per_s}) AS BIGINT)"

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the files leave open."""
        if self.stamp not in STAMPS:
            return ()
        return (Assumption("zone of the samples' stamps", "UTC", "the files carry stamps without a zone", "jevons-rule"),)


def found(where: str | Path | Sequence[str | Path]) -> list[str]:
    """The Parquet files of a pattern, a folder, or a list of them, sorted. Errors: BadInput where there is none."""
    asked = [where] if isinstance(where, (str, Path)) else list(where)
    files: list[str] = []
    for one in map(str, asked):
        pattern = str(Path(one) / "**" / "*.parquet") if Path(one).is_dir() else one
        hits = [one] if Path(one).is_file() else sorted(glob.glob(pattern, recursive=True))
        if not hits:
            raise BadInput("samples", one, "name Parquet files that exist: a file, a folder, or a pattern such as 'power/*.parquet'")
        files += hits
    for file in files:
        if any(mark in file for mark in "*?["):
            raise BadInput("samples", file, "rename the file: * ? and [ stand for others in a name")
    return sorted(dict.fromkeys(files))


def columns_of(con: Any, files: Sequence[str], unit: str | None, named: Mapping[str, str] | None) -> Columns:
    """The columns that hold device, time and value. Errors: TableError naming file and column; Contradiction for a unit
    that disagrees with the column's name, or files whose stamps are of two kinds."""
    types = _one_schema(con, files)
    file, chosen = Path(files[0]).name, dict(named or {})
    for key in set(chosen) - {"device", "time", "value"}:
        raise BadInput("columns", key, "name the columns of device, time and value")
    device = _pick(types, chosen.get("device"), DEVICE, "device", file)
    time = _pick(types, chosen.get("time"), TIME, "time", file)
    value = chosen.get("value") or _value(types, {device, time}, file)
    _require_numbers(types, value, file)
    return Columns(device, time, value, unit_of(value, unit, file), _stamp(types, time, file))


def unit_of(column: str, said: str | None, file: str) -> str:
    """The unit a column's name tells, or the one said; they must agree."""
    name = column.lower()
    tail = name.rsplit("_", 1)[-1]
    told = KNOWN.get(name) or (SUFFIX.get(tail) if "_" in name or name in ("watts", "joules", "kwh") else None)
    choice = AMBIGUOUS.get(tail) if "_" in name else None
    if told and said and told != said:
        raise Contradiction("unit", said, f"column {column} of {file} says {told} by its name; rename the column or leave out the unit")
    if choice and said not in choice:
        raise TableError(file, None, column, said, f"say the unit, '{choice[0]}' or '{choice[1]}': the name may mean either")
    if not (told or said):
        raise TableError(file, None, column, None, "its name tells no unit: say unit='W' for power, or 'J', 'mJ', 'kWh' for a counter")
    return told or said or ""


def refused(files: Sequence[str], con: Any) -> TableError:
    """The first file that cannot be read as Parquet, by name."""
    for file in files:
        try:
            one(con, "SELECT count(*) FROM parquet_file_metadata(?)", [file])
        except Exception as trouble:
            why = str(trouble).splitlines()[0]
            return TableError(file, None, None, why, "it is no whole Parquet file: write it anew, or leave it out")
    return TableError(files[0], None, None, "unreadable", "check the files")


def one(con: Any, sql: str, values: Sequence[Any] = ()) -> Any:
    """The first row of an answer, read to its end; None where there is none."""
    rows = con.execute(sql, list(values)).fetchall()
    return rows[0] if rows else None


def quoted(name: str) -> str:
    """A column's name as SQL writes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A word as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def reading(files: Sequence[str]) -> str:
    """The DuckDB table function over these files."""
    return f"read_parquet([{', '.join(map(text, files))}])"


def is_number(kind: str) -> bool:
    """Whether a DuckDB type holds numbers."""
    return kind in NUMBERS or kind.startswith("DECIMAL")


def _one_schema(con: Any, files: Sequence[str]) -> dict[str, str]:
    try:
        rows = con.execute(
            f"SELECT file_name, string_agg(concat_ws(':', name, type, logical_type, converted_type), ';' ORDER BY column_order) "
            f"FROM (SELECT *, row_number() OVER () AS column_order FROM parquet_schema([{', '.join(map(text, files))}]) "
            f"WHERE num_children IS NULL) GROUP BY file_name").fetchall()  # fmt: skip
        first_of = {signature: name for name, signature in sorted(rows, reverse=True)}
        kinds = {name: dict(con.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {reading([name])})").fetchall())
                 for name in sorted(first_of.values())}  # fmt: skip
    except Exception as trouble:
        raise refused(files, con) from trouble
    kinds = {name: {c: ZONED if kind == ZONED_NS else kind for c, kind in types.items()} for name, types in kinds.items()}
    (first, types), *others = kinds.items()
    for name, other in others:
        _require_alike(first, types, name, other)
    return types


def _require_alike(first: str, types: Mapping[str, str], name: str, other: Mapping[str, str]) -> None:
    for column, kind in types.items():
        if column not in other:
            raise TableError(name, None, column, None, f"{Path(first).name} has this column: give all files the same")
        mixed = {kind, other[column]}
        if ZONED in mixed and mixed & set(STAMPS):
            raise Contradiction("time zones", column, f"{Path(first).name} holds {kind}, {Path(name).name} holds {other[column]}: "
                                "write all stamps in UTC, with their zone")  # fmt: skip
        if kind != other[column] and not all(map(is_number, mixed)):
            raise TableError(name, None, column, other[column], f"{Path(first).name} holds {kind}: give all files the same")


def _pick(types: Mapping[str, str], said: str | None, names: Sequence[str], what: str, file: str) -> str:
    if said:
        if said not in types:
            raise TableError(file, None, said, None, f"no such column; it has {', '.join(types)}")
        return said
    hits = [column for name in names for column in types if column.lower() == name]
    if not hits:
        raise TableError(file, None, what, ", ".join(types), f"name the column: columns={{'{what}': ...}}")
    return hits[0]


def _value(types: Mapping[str, str], others: set[str], file: str) -> str:
    left = [c for c in types if c not in others]
    named = [c for c in left if c.lower() in KNOWN or re.match(r"(power|energy)(_|$)|.*_(watts|joules)$|(watts|joules|value)$", c.lower())]
    told = [c for c in named if is_number(types[c])] or named
    if len(told) == 1:
        return told[0]
    raise TableError(file, None, "value", ", ".join(told or filter(lambda c: is_number(types[c]), left)), "name the column of power or energy: columns={'value': ...}")


def _require_numbers(types: Mapping[str, str], column: str, file: str) -> None:
    if column not in types:
        raise TableError(file, None, column, None, f"no such column; it has {', '.join(types)}")
    if not is_number(types[column]):
        raise TableError(file, None, column, types[column], "write the samples as numbers")


def _stamp(types: Mapping[str, str], column: str, file: str) -> str:
    kind = types[column]
    if kind in (*STAMPS, ZONED):
        return kind
    if kind in NUMBERS and column.lower().rsplit("_", 1)[-1] in PER_S:
        return kind
    if kind in NUMBERS:
        raise TableError(file, None, column, kind, "a number may be seconds or milliseconds: name the column time_s, time_ms, time_us or time_ns")
    raise TableError(file, None, column, kind, "write stamps as timestamps in UTC, or as time_s, time_ms, time_us, time_ns since 1970")
