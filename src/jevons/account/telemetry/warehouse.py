"""The expression as the SQL of a warehouse: ClickHouse, BigQuery, Trino, Spark, DuckDB. Nothing is connected to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jevons.account.telemetry import expression as parts
from jevons.account.telemetry import shares
from jevons.account.telemetry.expression import SCHEMAS
from jevons.account.telemetry.rules import Rules
from jevons.core.errors import MissingExtra, UnknownName

DIALECTS = {"duckdb": "duckdb", "spark": "pyspark", "clickhouse": "clickhouse", "bigquery": "bigquery", "trino": "trino"}
MICROS = {  # engine → its expression for whole microseconds since 1970 of a stamp
    "duckdb": "EPOCH_US({})", "spark": "UNIX_MICROS({})", "bigquery": "UNIX_MICROS({})",
    "clickhouse": "toUnixTimestamp64Micro(toDateTime64({}, 6, 'UTC'))", "trino": "CAST(ROUND(TO_UNIXTIME({}) * 1000000) AS BIGINT)",
}  # fmt: skip
SETTINGS = {"clickhouse": "SETTINGS join_use_nulls = 1"}
"""What an engine must be told: ClickHouse fills a left join with zeros and empty words, and what no job held would be lost."""


def sql(engine: str, rules: Rules, *, table: str = "samples", device: str = "device", time: str = "time", value: str = "power_w",
        jobs: bool = True, placement: bool = True, offsets: bool = False, grid: bool = False, by: Sequence[str] = ("owner",),
        site: str = "", component: str = "accelerator") -> str:  # fmt: skip
    """The query for an engine, over ``table`` (device, a stamp in UTC, value) and the tables jobs, placement, offsets, grid.

    Those are to hold the columns of ``SCHEMAS``, times in µs since 1970. With ``grid`` each row has climate_kg too.
    Errors: UnknownName for another engine; MissingExtra.
    """
    if engine not in DIALECTS:
        raise UnknownName("engine", engine, list(DIALECTS))
    of = parts.ibis()
    if engine == "spark":
        from jevons.account.telemetry.spark import to_sql

        to_sql(parts.table("readings"))  # its compiler wants the backend's options
    whole = shares.whole(rules, jobs=jobs, placement=placement, offsets=offsets, grid=grid, by=by, site=site, component=component)
    body = of.to_sql(whole, dialect=DIALECTS[engine])
    return "\n".join([with_readings(str(body), engine, table, (device, time, value)), *filter(None, [SETTINGS.get(engine)])])


def with_readings(body: str, engine: str, table: str, columns: tuple[str, str, str]) -> str:
    """The query with ``readings`` made of the caller's own table and columns."""
    try:
        import sqlglot
    except ImportError:
        raise MissingExtra("sqlglot", "fleet", "SQL for a warehouse") from None
    dialect = "spark" if engine == "spark" else engine
    device, time, value = (sqlglot.exp.column(name, quoted=True).sql(dialect) for name in columns)
    double = {"bigquery": "FLOAT64", "clickhouse": "Float64"}.get(engine, "DOUBLE")
    named = sqlglot.exp.to_table(table, dialect=dialect).sql(dialect)
    readings = f"SELECT {device} AS device, {MICROS[engine].format(time)} AS t_us, CAST({value} AS {double}) AS value FROM {named}"
    parsed: Any = sqlglot.parse_one(body, dialect=dialect)
    held = parsed.args.get("with_") or parsed.args.get("with")
    first = sqlglot.parse_one(f"WITH readings AS ({readings}) SELECT 1", dialect=dialect)
    begun = (first.args.get("with_") or first.args.get("with")).expressions
    if held is None:
        return f"WITH readings AS ({readings})\n{body}"
    held.set("expressions", [*begun, *held.expressions])
    return str(parsed.sql(dialect=dialect, pretty=True))


def head(engine: str, jobs: bool, placement: bool, offsets: bool, grid: bool) -> str:
    """What the query expects to find, as a comment."""
    wanted = [name for name, asked in (("jobs", jobs), ("placement", placement), ("offsets", offsets), ("grid", grid)) if asked]
    lines = [f"-- {name}({', '.join(f'{c} {t}' for c, t in SCHEMAS[name].items())})" for name in wanted]
    return "\n".join([f"-- jevons fleet telemetry for {engine}; times are µs since 1970, UTC; beside the samples it reads:", *lines])
