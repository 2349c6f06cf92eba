"""The same expression on Spark: its stages as views of one session, nothing but the sums comes back to the driver."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jevons.account.telemetry import expression as parts
from jevons.account.telemetry import shares
from jevons.account.telemetry.expression import SCHEMAS, table
from jevons.account.telemetry.rules import Rules
from jevons.account.telemetry.samples import STAMPS, Columns
from jevons.core.errors import BadInput, MissingExtra

DEFAULTS = {
    "spark.sql.session.timeZone": "UTC", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}  # fmt: skip
SPARK_TYPES = {"string": "string", "int64": "bigint", "float64": "double", "boolean": "boolean"}
STAGES = ("usable", "spans", "cells", "energy", "metered")


def session(master: str = "local[2]", **config: str) -> Any:
    """A Spark session in UTC that listens on this machine alone, or the one that is active. Errors: MissingExtra."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtra("pyspark", "spark", "fleet telemetry on Spark") from None
    if (active := SparkSession.getActiveSession()) is not None:
        return active
    os.environ.setdefault("SPARK_LOCAL_IP", DEFAULTS["spark.driver.host"])
    builder = SparkSession.builder.master(master).appName("jevons")
    for key, value in {**DEFAULTS, **config}.items():
        builder = builder.config(key, value)
    try:
        made = builder.getOrCreate()
    except Exception as trouble:
        raise BadInput("spark", str(trouble).splitlines()[0], "Spark does not start: is Java 17 installed and JAVA_HOME right?") from None
    made.sparkContext.setLogLevel("ERROR")
    return made


@dataclass
class SparkFleet:
    """A Spark session with the small tables as views, and the stages of the expression made one after another."""

    spark: Any
    paths: Sequence[str]
    columns: Columns
    rules: Rules
    given: frozenset[str]
    site: str = ""
    component: str = "accelerator"
    period_us: tuple[int, int] | None = None

    def table(self, name: str) -> Any:
        """The unbound table of that name if it was given, else None."""
        return table(name) if name in self.given else None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        return [tuple(row) for row in self.spark.sql(sql).collect()]

    def everything(self) -> str:
        """The name of a view of all samples, usable or not."""
        return "readings"

    def rows(self) -> int:
        """How many samples the files hold."""
        return int(self.ask("SELECT count(*) FROM readings")[0][0])

    def arrays(self, sql: str, names: Sequence[str], order: Sequence[str]) -> dict[str, Any]:
        """The columns of an answer, by name, in this order of rows."""
        rows = self.ask(f"SELECT {', '.join(names)} FROM ({sql}) AS told ORDER BY {', '.join(order)}")
        return dict(zip(names, zip(*rows) if rows else [()] * len(names)))

    def survey(self, con: Any) -> None:
        """Hand over the small tables from DuckDB, then make every stage a view; those met more than once are kept."""
        if self.columns.stamp in STAMPS and self.spark.conf.get("spark.sql.session.timeZone") != "UTC":
            raise BadInput("spark.sql.session.timeZone", self.spark.conf.get("spark.sql.session.timeZone"),
                           "the files carry stamps without a zone: set it to UTC")  # fmt: skip
        for name in self.given:
            schema = ", ".join(f"{column} {SPARK_TYPES[kind]}" for column, kind in SCHEMAS[name].items())
            rows = con.execute(f"SELECT {', '.join(SCHEMAS[name])} FROM {name}").fetchall()
            self.spark.createDataFrame(rows, schema).createOrReplaceTempView(name)
        self.spark.read.parquet(*self.paths).selectExpr(*self.columns.spark).createOrReplaceTempView("readings")
        for name in STAGES:
            frame = self.spark.sql(to_sql(self.expression(name)))
            (frame if name == "usable" else frame.persist()).createOrReplaceTempView(name)

    def completeness(self) -> str:
        """SQL over the stages: what is known of each device and hour."""
        return to_sql(shares.completeness(shares.metered_table(), table("energy"), self.rules))

    def expression(self, name: str) -> Any:
        """One stage over the ones before it: the same functions that DuckDB runs."""
        usable = parts.ibis().table(SCHEMAS["readings"], name="usable")
        if name == "usable":
            return parts.usable(table("readings"), self.rules, self.table("offsets"))
        if name == "spans":
            return usable.group_by("device").aggregate(from_us=usable.t_us.min(), to_us=usable.t_us.max())
        if name == "cells":
            return parts.cells(table("spans"), self.table("jobs"), self.table("placement"))
        if name == "energy":
            return parts.cell_energy(parts.judged(parts.steps(usable), self.rules), table("cells"), self.rules)
        return shares.metered(table("cells"), table("energy"), table("spans"), self.rules)

    def accounts(self, by: Sequence[str]) -> str:
        """SQL over the stages: the sums by site, hour, component and the labels."""
        spans, cells = table("spans"), table("cells")
        placed = shares.placed(cells, self.table("placement"), spans, self.site, self.component)
        return to_sql(shares.accounts(shares.metered_table(), shares.owned(cells, self.table("jobs"), spans), placed, by))


def of(engine: Any) -> Any:
    """The session a caller means: "spark" makes (or takes the active) one. Errors: BadInput for any other word."""
    if isinstance(engine, str) and engine != "spark":
        raise BadInput("engine", engine, "choose duckdb or spark; others run the SQL that jevons fleet sql prints")
    return session() if engine == "spark" else engine


def to_sql(expression: Any) -> str:
    """What ibis compiles for Spark."""
    of = parts.ibis()
    try:
        _ = of.pyspark  # the backend declares options its compiler reads
    except (ImportError, AttributeError):
        raise MissingExtra("pyspark", "spark", "fleet telemetry on Spark") from None
    return str(of.to_sql(expression, dialect="pyspark"))
