"""`jevons fleet` on a terminal and in a pipe."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jevons.cli.app import app

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def power(tmp_path):
    """Two devices at 360 W for two hours, a pause in one; jobs and places beside them."""
    import duckdb

    duckdb.sql(f"""COPY (SELECT 'gpu-' || d AS device, TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(60 * i) AS time, 360.0::DOUBLE AS power_w
        FROM range(2) a(d), range(121) b(i) WHERE d = 0 OR i NOT BETWEEN 31 AND 59 ORDER BY device, time) TO '{tmp_path / "p.parquet"}' (FORMAT parquet)""")
    (tmp_path / "jobs.csv").write_text("job,device,start,end,owner\n1,gpu-0,2026-01-01T00:00Z,2026-01-01T01:00Z,ann\n")
    (tmp_path / "placement.csv").write_text("device,site\ngpu-0,fr\ngpu-1,no\n")
    (tmp_path / "grid.csv").write_text("site,hour,kg_per_kwh\n" + "".join(f"{s},2026-01-01T0{h}:00Z,{k}\n" for s, k in (("fr", 0.1), ("no", 0.02)) for h in range(3)))
    return tmp_path


def said(*words, code=0):
    """What a command prints."""
    done = CliRunner().invoke(app, ["fleet", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


def test_sum_tells_owners_sites_quality_and_the_price(power):
    beside = ["--jobs", power / "jobs.csv", "--placement", power / "placement.csv"]
    told = json.loads(said("sum", power / "p.parquet", *beside, "--at", "fr=France", "--at", "no=Norway", "--grid", power / "grid.csv", "--json"))
    assert told["by_owner"] == pytest.approx({"unallocated": 0.36 + 0.54, "ann": 0.36})
    assert told["by_site"] == pytest.approx({"fr": 0.72, "no": 0.54})
    assert told["quality"]["missing_s"] == pytest.approx(1800)
    assert told["footprint"]["indicators"]["energy"]["best"] > 1.26


def test_sum_without_places_prices_nothing_and_says_what_is_missing(power):
    told = json.loads(said("sum", power / "p.parquet", "--json", "--impute", "device mean"))
    assert "footprint" not in told
    assert told["quality"]["imputed_kwh"] == pytest.approx(0.18)


def test_sum_on_a_terminal_is_a_table(power):
    told = said("sum", power / "p.parquet", "--jobs", power / "jobs.csv", "--by", "owner,device", "--table")
    assert "ann" in told
    assert "gpu-1" in told
    assert "trapezoid in W" in told


def test_completeness_lists_the_hours_that_are_not_whole(power):
    told = json.loads(said("completeness", power / "p.parquet", "--json"))
    assert [(r["device"], r["hour"], r["complete"], r["gaps"]) for r in told["hours"]] == [("gpu-1", "2026-01-01T00:00:00+00:00", 0.5, 0)] or \
        [(r["device"], r["complete"]) for r in told["hours"]] == [("gpu-1", 0.5)]  # fmt: skip
    assert "gpu-1" in said("completeness", power / "p.parquet", "--table")


def test_days_are_closed_once_and_listed(power):
    done = json.loads(said("close", power / "p.parquet", "--state", power / "closed", "--json"))
    assert [(d["day"], d["version"], d["new"]) for d in done] == [("2026-01-01", 1, True)]
    assert [d["why"] for d in json.loads(said("days", power / "closed", "--json"))] == ["first close"]
    assert "first close" in said("days", power / "closed", "--table")
    assert "unchanged" in said("close", power / "p.parquet", "--state", power / "closed", "--table")


def test_days_of_a_folder_without_closes_are_none(tmp_path):
    assert json.loads(said("days", tmp_path, "--json")) == []


@pytest.mark.parametrize("engine", ["clickhouse", "bigquery", "trino", "duckdb"])
def test_sql_prints_the_query_and_what_it_reads(engine):
    told = said("sql", "--engine", engine, "--table", "my.power", "--grid")
    assert told.startswith(f"-- jevons fleet telemetry for {engine}")
    assert "climate_kg" in told


@pytest.mark.parametrize("words", [
    ("sum", "nowhere/*.parquet"), ("sql", "--engine", "oracle"), ("sum", "{p}", "--unit", "kW"), ("sum", "{p}", "--jobs", "nowhere.csv"),
    ("sum", "{p}", "--at", "Atlantis"), ("sum", "{p}", "--at", "a=France", "--at", "Norway"), ("sum", "{p}", "--by", "colour"), ("sum", "{p}", "--engine", "oracle"),
    ("close", "{p}", "--state", "{p}"), ("close", "{p}", "--state", "{d}", "--day", "yesterday"), ("sum", "{p}", "--memory", "much"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_exit_code_2(power, words):
    told = said(*(w.format(p=power / "p.parquet", d=power / "closed") for w in words), code=2)
    assert told.startswith("jevons: ")
    assert len(told.splitlines()) == 1


def test_the_help_of_the_fleet_loads_no_database():
    import subprocess

    code = "import sys; from typer.testing import CliRunner; from jevons.cli.app import app; CliRunner().invoke(app, ['fleet', '--help']); print({'duckdb', 'ibis', 'pyspark'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()).stdout.strip() == "set()"
