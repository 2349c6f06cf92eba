"""The small tables beside the samples: jobs, placement, clock offsets, hourly grid factors; read, checked, made uniform.

Each may be a CSV, Parquet or JSON file, a data frame, an Arrow table or a list of mappings. Times are ISO text or stamps
(UTC unless they say otherwise, but never both ways in one table), or seconds since 1970 in a column that ends in ``_s``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jevons.account.telemetry.samples import STAMPS, ZONED, ZONED_NS, one, quoted, text
from jevons.core.errors import BadInput, Contradiction, MissingExtra, TableError

SQL_TYPES = {"text": "VARCHAR", "time": "BIGINT", "number": "DOUBLE", "clock": "BIGINT"}
FOREVER_US = 4_102_444_800_000_000  # 2100-01-01
MOST_WEIGHT = 1e12  # a few thousand of them still add up to a number
MOST_KG_PER_KWH = 3.0  # oil burnt badly gives 1.2; more is a value in g/kWh under a name that says kg


@dataclass(frozen=True)
class Field:
    """One column as we call it: the names it goes by, its kind (text, time, number, clock: seconds to µs) and what stands in for nothing.

    ``absent``: SQL for a missing column or cell; None where there must be a value.
    """

    names: tuple[str, ...]
    kind: str
    absent: str | None = None


TABLES: dict[str, dict[str, Field]] = {
    "jobs": {
        "job": Field(("job", "job_id", "jobid", "id", "run"), "text"),
        "device": Field(("device", "device_id", "gpu", "gpu_id", "gpu_uuid", "uuid", "sensor", "meter", "host"), "text"),
        "start_us": Field(("start", "start_s", "start_time", "begin"), "time"),
        "end_us": Field(("end", "end_s", "end_time", "stop"), "time", str(FOREVER_US)),
        "owner": Field(("owner", "user", "account", "team", "tenant"), "text", "''"),
        "weight": Field(("weight", "share", "cores", "slices"), "number", "1.0"),
    },
    "placement": {
        "device": Field(("device", "device_id", "gpu", "gpu_id", "gpu_uuid", "uuid", "sensor", "meter", "host"), "text"),
        "start_us": Field(("start", "start_s", "from", "since"), "time", "0"),
        "end_us": Field(("end", "end_s", "to", "until"), "time", str(FOREVER_US)),
        "site": Field(("site", "zone", "region", "place"), "text"),
        "component": Field(("component",), "text", "''"),
    },
    "offsets": {
        "device": Field(("device", "device_id", "gpu", "gpu_id", "gpu_uuid", "uuid", "sensor", "meter", "host"), "text"),
        "offset_us": Field(("offset_s",), "clock"),
    },
    "grid": {
        "site": Field(("site", "zone", "region", "place"), "text"),
        "hour_us": Field(("hour", "time", "datetime", "hour_s"), "time"),
        "kg_per_kwh": Field(("kg_per_kwh",), "number"),
    },
}  # fmt: skip


def load(con: Any, name: str, given: Any) -> int:
    """Make the uniform table ``name`` of what was given; its number of rows. Errors: TableError naming file, row, column."""
    label = str(given) if isinstance(given, (str, Path)) else name
    _raw(con, given, label)
    types = dict(con.execute("SELECT column_name, column_type FROM (DESCRIBE raw)").fetchall())
    chosen = {field: _source(types, spec, field, label) for field, spec in TABLES[name].items()}
    told = [c for field, c in chosen.items() if c and TABLES[name][field].kind == "time" and types[c] == "VARCHAR" and not c.lower().endswith("_s")]
    _require_one_clock(con, told, label)
    exprs = {field: _expression(con, chosen[field], spec, types, label) for field, spec in TABLES[name].items()}
    lines = ", ".join(f"CAST({sql} AS {SQL_TYPES[TABLES[name][field].kind]}) AS {field}" for field, sql in exprs.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE checked AS SELECT line, {lines} FROM raw")
    for field, column in chosen.items():
        _require_values(con, field, column, label)
    _CHECKS[name](con, label)
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT DISTINCT * EXCLUDE (line) FROM checked")
    con.execute("DROP TABLE checked; DROP TABLE raw")
    return int(one(con, f"SELECT count(*) FROM {name}")[0])


def _raw(con: Any, given: Any, label: str) -> None:
    if isinstance(given, (str, Path)):
        if not Path(given).is_file():
            raise BadInput("table", label, "name a CSV, Parquet or JSON file that exists")
        kind = Path(given).suffix.lower()
        reader = {".parquet": "read_parquet({})", ".json": "read_json_auto({})", ".jsonl": "read_json_auto({})"}
        source = reader.get(kind, "read_csv({}, all_varchar = true, header = true)").format(text(str(given)))
        first = 2 if kind not in reader else 1
    else:
        con.register("given", _arrow(given, label))
        source, first = "given", 1
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE raw AS SELECT row_number() OVER () + {first - 1} AS line, * FROM {source}")
    except Exception as trouble:
        raise TableError(label, None, None, str(trouble).splitlines()[0], "give a CSV, Parquet or JSON table with a row of names") from None


def _arrow(given: Any, label: str) -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtra("pyarrow", "fleet", f"a table given as {type(given).__name__}") from None
    if isinstance(given, Sequence) and all(isinstance(row, Mapping) for row in given):
        return pa.Table.from_pylist([dict(row) for row in given])
    if hasattr(given, "__arrow_c_stream__"):
        return pa.table(given)
    if hasattr(given, "__dataframe__") or type(given).__module__.startswith("pandas"):
        return pa.Table.from_pandas(given)
    raise BadInput(label, given, "give a file, a data frame, an Arrow table or a list of mappings")


def _source(types: Mapping[str, str], spec: Field, field: str, label: str) -> str | None:
    hits = [column for name in spec.names for column in types if column.lower() == name]
    if not hits and spec.absent is None:
        raise TableError(label, None, spec.names[0], ", ".join(c for c in types if c != "line"), f"give a column {' or '.join(spec.names[:3])}")
    return hits[0] if hits else None


def _expression(con: Any, column: str | None, spec: Field, types: Mapping[str, str], label: str) -> str:
    if column is None:
        return str(spec.absent)
    name, kind = quoted(column), types[column]
    empty = f"trim({name}::VARCHAR) = ''" if kind == "VARCHAR" else "false"
    if spec.kind == "text":
        read = f"trim({name}::VARCHAR)"
    elif spec.kind == "number":
        read = f"try_cast({name} AS DOUBLE)"
    elif spec.kind == "clock":
        read = f"try_cast(round(try_cast({name} AS DOUBLE) * 1000000) AS BIGINT)"
    else:
        read = _moment(con, column, kind, label)
    absent = f"WHEN {name} IS NULL OR {empty} THEN {spec.absent or 'NULL'} "
    return f"CASE {absent}ELSE {read} END"


def _moment(con: Any, column: str, kind: str, label: str) -> str:
    name = quoted(column)
    if kind == '"NULL"':
        return "NULL"
    if kind in (*STAMPS, ZONED, ZONED_NS, "DATE"):
        return f"epoch_us({name}::{'TIMESTAMPTZ' if kind in (ZONED, ZONED_NS) else 'TIMESTAMP'})"
    if column.lower().endswith("_s"):
        return f"try_cast(round(try_cast({name} AS DOUBLE) * 1000000) AS BIGINT)"
    if kind != "VARCHAR":
        raise TableError(label, None, column, kind, "write times as ISO text or stamps, or name the column with _s for seconds since 1970")
    return f"epoch_us(try_cast({name} AS TIMESTAMPTZ))"  # the session keeps UTC


def _require_one_clock(con: Any, columns: Sequence[str], label: str) -> None:
    """The stamps of these text columns all tell their zone, or none does."""
    ways: dict[bool, str] = {}
    for column in columns:
        name = quoted(column)
        zoned = f"regexp_matches({name}, '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$') AND length({name}) > 10"
        for (has,) in con.execute(f"SELECT DISTINCT {zoned} FROM raw WHERE regexp_matches({name}, '^[0-9]{{4}}-')").fetchall():
            ways.setdefault(has, column)
    if len(ways) > 1:
        held = ", ".join(dict.fromkeys((ways[True], ways[False])))
        raise Contradiction("time zones", held, f"{label} holds times with a zone and times without one: write all in UTC")


def _require_values(con: Any, field: str, column: str | None, label: str) -> None:
    finite = f" OR NOT isfinite({field})" if field in ("weight", "kg_per_kwh") else ""
    found = one(con, f"SELECT line FROM checked WHERE {field} IS NULL{finite} ORDER BY line LIMIT 1")
    if found:
        value = one(con, f"SELECT {quoted(column)} FROM raw WHERE line = {found[0]}")[0] if column else None
        raise TableError(label, found[0], column, value, "give a value that can be read: text, an ISO time, a number")


def _first(con: Any, condition: str) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = one(con, f"SELECT * FROM checked WHERE {condition} ORDER BY line LIMIT 1")
    return found


def _check_jobs(con: Any, label: str) -> None:
    if bad := _first(con, "end_us < start_us"):
        raise TableError(label, bad[0], "end", bad[1], "a job ends after it starts")
    if bad := _first(con, f"weight <= 0 OR weight > {MOST_WEIGHT}"):
        raise TableError(label, bad[0], "weight", bad[-1], f"give weights over 0, up to {MOST_WEIGHT:g}: a job without a share is no job")


def _check_placement(con: Any, label: str) -> None:
    if bad := _first(con, "end_us <= start_us"):
        raise TableError(label, bad[0], "end", bad[1], "a device leaves a place after it came")
    twice = one(con, "SELECT device, first(site), first(other) FROM (SELECT device, site, end_us, "
        "lead(start_us) OVER w AS next_us, lead(site) OVER w AS other FROM (SELECT DISTINCT * EXCLUDE (line) FROM checked) "
        "WINDOW w AS (PARTITION BY device ORDER BY start_us, end_us, site)) WHERE next_us < end_us GROUP BY device ORDER BY device LIMIT 1")  # fmt: skip
    if twice:
        raise Contradiction("placement", twice[0], f"{label} has it in two places at once ({twice[1]}, {twice[2]}): say when it moved")


def _check_offsets(con: Any, label: str) -> None:
    if twice := one(con, "SELECT device FROM checked GROUP BY device HAVING count(DISTINCT offset_us) > 1 ORDER BY 1"):
        raise Contradiction("offsets", twice[0], f"{label} gives this clock two offsets: leave one")


def _check_grid(con: Any, label: str) -> None:
    if bad := _first(con, f"kg_per_kwh < 0 OR kg_per_kwh > {MOST_KG_PER_KWH}"):
        raise TableError(label, bad[0], "kg_per_kwh", bad[-1], "give kg of CO2e per kWh, from 0 to 3")
    if bad := _first(con, "hour_us % 3600000000 <> 0"):
        raise TableError(label, bad[0], "hour", bad[2], "give the beginning of each whole hour, UTC")
    twice = one(con, "SELECT site FROM checked GROUP BY site, hour_us HAVING count(DISTINCT kg_per_kwh) > 1 ORDER BY 1")
    if twice:
        raise Contradiction("grid", twice[0], f"{label} gives one hour two factors: leave one")


_CHECKS = {"jobs": _check_jobs, "placement": _check_placement, "offsets": _check_offsets, "grid": _check_grid}
