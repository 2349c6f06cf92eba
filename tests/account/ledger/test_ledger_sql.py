"""Questions in SQL are answered from a copy that can neither write nor see anything else; exports run nowhere."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import sys
import threading

import pytest
from ledger_sample import window

from jevons.account import ledger
from jevons.account.ledger import export, sql, tables
from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Three runs, one of them planned, one priced, one corrected."""
    book = ledger(tmp_path_factory.mktemp("ledger") / "ledger.db")
    book.append_all([Window("a", 1, window(1.0), project="p", owner="ana", tags=["t", "u"]), Window("b", 1, window(2.0, hour=1), project="q"),
                     Window("plan", 1, window(50.0), estimate=True)])  # fmt: skip
    book.append("b", 1, window(3.0, hour=1), why="corrected")
    book.price("a", at="France")
    book.close("a")
    return book


def ask(book, question):
    with book.reading() as connection:
        return sql.ask(connection, question)


def test_a_question_is_answered_with_columns_and_rows(full):
    columns, rows = ask(full, "SELECT project, sum(energy_kwh) AS kwh FROM runs GROUP BY project ORDER BY 1")
    assert columns == ["project", "kwh"]
    assert rows == [("p", pytest.approx(4 / 3)), ("q", pytest.approx(4.0))]


@pytest.mark.parametrize("name", tables.COLUMNS)
def test_every_table_can_be_asked_and_has_its_columns(full, name):
    columns, rows = ask(full, f"SELECT * FROM {name}")
    assert columns == list(tables.COLUMNS[name])
    assert rows


def test_what_is_planned_stands_in_a_table_of_its_own(full):
    assert ask(full, "SELECT run FROM runs ORDER BY 1")[1] == [("a",), ("b",)]
    assert ask(full, "SELECT run FROM estimates")[1] == [("plan",)]
    for name in ("activity", "windows", "footprints", "lines", "assumptions"):
        assert ask(full, f"SELECT count(*) FROM {name} WHERE run = 'plan'")[1] == [(0,)]


def test_activity_is_what_stands_and_windows_are_all(full):
    assert ask(full, "SELECT sum(amount) FROM activity WHERE run = 'b'")[1][0][0] == pytest.approx(4.0)
    assert ask(full, "SELECT version, stands, why FROM windows WHERE run = 'b' ORDER BY 1")[1] == [(1, False, ""), (2, True, "corrected")]
    low, amount, high = ask(full, "SELECT low, amount, high FROM activity WHERE run = 'a' AND component = 'accelerator'")[1][0]
    assert low == pytest.approx(0.95, abs=0.003)
    assert amount == 1.0
    assert high == pytest.approx(1.05, abs=0.003)


def test_lines_recompute_the_footprint(full):
    found = ask(full, "SELECT f.best, s.impact FROM footprints f JOIN (SELECT run, position, indicator, sum(amount * rate) AS impact "
                "FROM lines GROUP BY ALL) s USING (run, position, indicator)")[1]  # fmt: skip
    assert found
    assert all(best == pytest.approx(impact, rel=1e-12) for best, impact in found)


def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("word\nopen sesame\n")
    return path


ATTACKS = (
    "SELECT * FROM read_csv('{secret}')", "SELECT * FROM '{secret}'", "SELECT * FROM read_text('{secret}')", "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM glob('{folder}/*')", "SELECT * FROM sniff_csv('{secret}')", "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM read_json_auto('{secret}')", "SELECT * FROM read_csv('http://127.0.0.1:{port}/x')", "SELECT * FROM read_parquet('s3://b/x')",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')", "SELECT * FROM query('COPY runs TO ''{folder}/out''')",
    "COPY runs TO '{folder}/out.csv'", "COPY (SELECT 1) TO '{folder}/out.parquet'", "EXPORT DATABASE '{folder}/out'", "IMPORT DATABASE '{folder}'",
    "ATTACH '{folder}/out.db' AS x", "ATTACH ':memory:' AS x", "DETACH memory", "INSTALL httpfs", "LOAD httpfs", "LOAD '{folder}/x.so'",
    "SET enable_external_access = true", "RESET enable_external_access", "SET lock_configuration = false", "SET VARIABLE x = 1",
    "PRAGMA database_list", "CALL pragma_version()", "CREATE TABLE x AS SELECT 1", "CREATE TEMP MACRO f() AS 1", "DROP TABLE runs",
    "INSERT INTO runs SELECT * FROM runs", "UPDATE runs SET run = 'x'", "DELETE FROM runs", "TRUNCATE runs", "ALTER TABLE runs ADD COLUMN x INT",
    "WITH x AS (DELETE FROM runs RETURNING run) SELECT * FROM x", "WITH x AS (INSERT INTO runs SELECT * FROM runs RETURNING run) SELECT * FROM x",
    "SELECT 1; COPY runs TO '{folder}/out.csv'", "SELECT 1; SELECT 2", "EXPLAIN ANALYZE COPY runs TO '{folder}/out.csv'", "PREPARE p AS SELECT 1",
    "BEGIN", "COMMIT", "CHECKPOINT", "VACUUM", "USE memory", "SELECT getenv('HOME')", "SELECT * FROM window", "SELECT * FROM question",
    "SELECT * FROM batch", "", ";", "SELECT", "DELETE FROM entry", "SELECT * FROM sqlite_scan('{secret}', 'x')",
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_question_that_would_write_or_reach_beyond_the_ledger_is_refused(full, attack, tmp_path):
    path, before = secret(tmp_path), full.verify().entries
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        reached = []
        threading.Thread(target=lambda: reached.append(_accepted(listener)), daemon=True).start()
        with pytest.raises(BadInput) as caught:
            ask(full, attack.format(secret=path, folder=tmp_path, port=listener.getsockname()[1]))
    assert "sesame" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["secret.csv"]
    assert reached in ([], [False])
    assert full.verify().entries == before


def _accepted(listener):
    try:
        listener.settimeout(5)
        listener.accept()
    except OSError:
        return False
    return True


def test_an_answer_that_memory_could_not_hold_is_refused(full, monkeypatch):
    monkeypatch.setattr(sql, "MOST_ROWS", 1000)
    assert len(ask(full, "SELECT * FROM range(1000)")[1]) == 1000
    with pytest.raises(BadInput, match="LIMIT"):
        ask(full, "SELECT * FROM range(100000000000)")


ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE hash(a.range, b.range, c.range) = 1"


def test_a_question_without_end_is_stopped_with_the_mend(full):
    with full.reading() as connection, pytest.raises(BadInput, match=r"longer than 0\.2 s.*--timeout"):
        sql.ask(connection, ENDLESS, timeout_s=0.2)


def test_very_many_runs_joined_to_each_other_are_stopped(full, monkeypatch):
    monkeypatch.setattr(sql, "rows_of", lambda connection, name: runs)
    runs = [(f"r{i}", *[None] * (len(tables.COLUMNS["runs"]) - 1)) for i in range(200_000)]
    with full.reading() as connection, pytest.raises(BadInput, match="longer than 1 s"):
        sql.ask(connection, "SELECT count(*) FROM runs a, runs b WHERE hash(a.run, b.run) = 1", timeout_s=1)


def test_a_question_that_memory_cannot_hold_is_refused_with_the_mend(full, monkeypatch):
    monkeypatch.setattr(sql, "MEMORY", "64MB")
    with full.reading() as connection, pytest.raises(BadInput, match="more than 64MB of memory"):
        sql.ask(connection, "SELECT a.range, list(b.range) FROM range(100) a, range(10000000) b GROUP BY 1")


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(full, timeout_s):
    with full.reading() as connection, pytest.raises(BadInput, match="timeout"):
        sql.ask(connection, "SELECT 1", timeout_s=timeout_s)


STOPPED = """
import os, signal, sys, threading
sys.path[:0] = {path!r}
from jevons.account.ledger import sql
duck = sql.opened()
threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    sql._answered(duck, {question!r}, 300)
except KeyboardInterrupt:
    print("stopped")
"""


def test_control_c_stops_a_question():
    code = STOPPED.format(path=sys.path, question=ENDLESS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "stopped\n", done.stderr


def test_exported_parquet_answers_as_the_ledger_does(full, tmp_path):
    with full.reading() as connection:
        counts = export.every(connection, tmp_path / "out")
    assert counts["runs"] == 2
    question = "SELECT run, energy_kwh, started FROM runs ORDER BY run"
    assert sql.ask(None, question, tmp_path / "out") == ask(full, question)
    with pytest.raises(BadInput, match="no runs.parquet"):
        sql.ask(None, question, tmp_path)


def test_a_truncated_parquet_is_refused(full, tmp_path):
    with full.reading() as connection:
        export.every(connection, tmp_path)
    path = tmp_path / "runs.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInput, match=r"runs\.parquet.*cannot be read"):
        sql.ask(None, "SELECT * FROM runs", tmp_path)


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", " =1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")')


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_an_exported_csv_is_a_formula(tmp_path, formula):
    book = ledger(tmp_path / "ledger.db")
    book.append("run-1", 1, window(), project=formula, owner=formula)
    with book.reading() as connection:
        export.table(connection, "runs", tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as handle:
        row = next(csv.DictReader(handle))
    assert row["project"] == row["owner"] == "'" + formula
    assert float(row["energy_kwh"]) == pytest.approx(4 / 3)


def test_a_number_stays_a_number_and_words_stay_as_they_are():
    assert [export.inert(x) for x in (-1.5, "a=b", None, "", "\t=1", "\r=1", "\n@x")] == [-1.5, "a=b", "", "", "'\t=1", "'\r=1", "'\n@x"]


def test_lines_of_json_hold_every_column(full, tmp_path):
    with full.reading() as connection:
        assert export.table(connection, "activity", tmp_path / "a.jsonl") == 4
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert list(rows[0]) == list(tables.COLUMNS["activity"])
    assert rows[0]["started"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(("name", "file"), [("runs", "x.txt"), ("secrets", "x.csv"), ("runs", "no/such/folder/x.csv"), ("runs", "no/such/x.parquet")])
def test_an_export_that_cannot_be_written_is_refused(full, tmp_path, name, file):
    with full.reading() as connection, pytest.raises(BadInput):
        export.table(connection, name, tmp_path / file)
    assert list(tmp_path.iterdir()) == []
