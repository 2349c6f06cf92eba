"""The SQL for warehouses: run on ClickHouse, which can be had as a package; BigQuery's and Trino's read back and run on DuckDB."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from fleet_files import BEGAN_US, HOUR_US, moment, motley

from jevons.account.telemetry import duck, warehouse
from jevons.account.telemetry.expression import SCHEMAS
from jevons.account.telemetry.rules import Rules
from jevons.core.errors import UnknownName
from means import means_missing

RULES = [Rules(), Rules(impute="device mean"), Rules("J", wrap=1000.0, max_w=700)]
ASKED = [*((rules, ("owner", "job", "device")) for rules in RULES), (Rules(), ())]
GIVEN = ("jobs", "placement", "offsets", "grid")
CLICKHOUSE = """
import json, sys
from chdb.session import Session
asked = json.load(sys.stdin)
session = Session(asked["home"])
for table, file in asked["tables"].items():
    session.query(f"CREATE TABLE {table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{file}', Parquet)")
print(json.dumps([json.loads(str(session.query(text, "JSONCompact")))["data"] for text in asked["queries"]]))
"""  # in a process of its own: a database in this one would stay for all other tests


def query(engine, rules, by):
    return warehouse.sql(engine, rules, table="power", offsets=True, grid=True, by=by)


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """A DuckDB that holds a motley fleet and its tables, and the same as Parquet files by name."""
    folder, jobs, places = motley(tmp_path_factory.mktemp("warehouse"))
    con = duck.connect()
    grid = [{"site": s, "hour": moment(BEGAN_US + i * HOUR_US), "kg_per_kwh": 0.1 * (i + 1)} for s in ("fr", "no") for i in range(5)]
    duck.loaded(con, {"jobs": jobs, "placement": places, "grid": grid, "offsets": [{"device": "d", "offset_s": 5.5}]})
    con.execute(f"CREATE VIEW power AS SELECT * FROM read_parquet('{folder / '*.parquet'}')")
    files = {name: folder / "tables" / f"{name}.parquet" for name in ("power", *GIVEN)}
    (folder / "tables").mkdir()
    for name, file in files.items():
        con.execute(f"COPY (SELECT {', '.join(SCHEMAS.get(name, ['*']))} FROM {name}) TO '{file}' (FORMAT parquet)")
    return con, files


def assert_same(found, con, rules, by):
    """Rows of another engine are DuckDB's, to 1e-9."""
    keys = 3 + len(by)
    wanted = sorted(con.execute(query("duckdb", rules, by)).fetchall(), key=lambda row: list(map(str, row[:keys])))
    told = sorted(found, key=lambda row: list(map(str, row[:keys])))
    assert [list(map(str, row[:keys])) for row in told] == [list(map(str, row[:keys])) for row in wanted]
    assert sum(row[keys] for row in wanted) > 0
    numbers = [np.array([[np.nan if x is None else float(x) for x in row[keys:]] for row in rows]) for rows in (told, wanted)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-9, abs=1e-15, nan_ok=True)


@pytest.mark.slow
def test_clickhouse_runs_the_printed_query_and_gives_the_same_sums(stand, tmp_path):
    if not importlib.util.find_spec("chdb"):
        means_missing("no chdb for ClickHouse")
    con, files = stand
    told = {"home": str(tmp_path / "home"), "tables": {name: str(file) for name, file in files.items()},
            "queries": [query("clickhouse", *one) for one in ASKED]}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", CLICKHOUSE], input=json.dumps(told), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for one, found in zip(ASKED, json.loads(done.stdout), strict=True):
        assert_same(found, con, *one)


@pytest.mark.parametrize("engine", ["bigquery", "trino"])
@pytest.mark.parametrize("rules", RULES)
def test_bigquery_and_trino_say_the_same_as_far_as_duckdb_can_read_them(engine, rules, stand):
    import sqlglot

    con, _ = stand
    con.execute("CREATE OR REPLACE MACRO ieee_divide(a, b) AS a / b")
    text = sqlglot.transpile(query(engine, rules, ("owner", "job")), read=engine, write="duckdb")[0]
    if engine == "bigquery":  # counts an array's places from 0, which sqlglot does not say to DuckDB
        text = re.sub(r'(?<!", )\bpos_2\b', "(pos_2 - 1)", text)
    assert_same(con.execute(text).fetchall(), con, rules, ("owner", "job"))


@pytest.mark.parametrize("engine", list(warehouse.DIALECTS))
@pytest.mark.parametrize("rules", [Rules(), Rules("mJ", wrap=1e12), Rules(impute="device mean")])
def test_every_engine_has_its_query_and_it_parses(engine, rules):
    import sqlglot

    text = warehouse.sql(engine, rules, table="db.power", offsets=True, grid=True, by=("owner", "job"))
    parsed = sqlglot.parse_one(text, dialect=engine)
    tables = {t.name for t in parsed.find_all(sqlglot.exp.Table)}
    assert {"power", "jobs", "placement", "offsets", "grid"} <= tables
    assert "climate_kg" in parsed.named_selects


def test_an_engine_nobody_knows_is_told():
    with pytest.raises(UnknownName, match="oracle"):
        warehouse.sql("oracle", Rules())
