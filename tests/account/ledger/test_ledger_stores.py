"""Where a ledger lies: versions, other files, no right to write, no room left, and writers that are killed."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from benchmarks.bars import ledger_kill
from ledger_sample import told, window

from jevons.account import ledger
from jevons.account.ledger import engine, schema
from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput
from means import needs


def test_the_migrations_make_the_tables_that_the_code_knows(book):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with book.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_a_ledger_of_a_newer_version_is_refused(book, place):
    with book.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInput, match="version 9999.*newer jevons.*upgrade jevons"):
        ledger(place)
    with pytest.raises(BadInput, match="version 9999"):
        ledger(place, upgrade=True)


def test_an_older_ledger_is_upgraded_when_asked_and_its_file_copied_first(new_place):
    place = new_place()
    made = engine.connect(place, True, False)
    with made.begin() as connection:
        engine.migrate(connection, "0001")
    recent = ledger(new_place())
    recent.append("run-1", 1, window(), project="p", tags=["t"])
    recent.close("run-1")
    with recent.reading() as source, made.begin() as target:  # what an 0001 held: the record alone
        for table in schema.RECORD:
            rows = [dict(row) for row in source.execute(sa.select(table)).mappings()]
            target.execute(sa.insert(table), rows)
    with pytest.raises(BadInput, match="version 0001.*jevons ledger upgrade"):
        ledger(place)
    book = ledger(place, upgrade=True)
    assert told(book) == []
    assert book.run("run-1").tags == ("t",)
    if "://" not in place:
        copied = sqlite3.connect(f"{place}.0001.bak")
        assert copied.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert copied.execute("SELECT count(*) FROM entry").fetchone() == (3,)


def test_a_database_of_something_else_is_left_alone(place):
    made = engine.connect(place, True, False)
    with made.begin() as connection:
        connection.execute(sa.text("CREATE TABLE customers (id INTEGER)"))
    with pytest.raises(BadInput, match=r"customers.*give the ledger one of its own"):
        ledger(place)
    with made.begin() as connection:
        assert sa.inspect(connection).get_table_names() == ["customers"]


@pytest.mark.parametrize(("content", "mend"), [(b"not a database at all" * 100, "no ledger"), (b"SQLite format 3\0" + b"\xff" * 4096, "database")])
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_was(tmp_path, content, mend):
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=mend):
        ledger(path)
    assert path.read_bytes() == content


def test_a_ledger_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(BadInput, match="no ledger yet"):
        ledger(tmp_path / "absent.db", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://u:secret@h/x", "postgresql://u:secret@", "oracle://u:secret@h"])
def test_another_kind_of_url_is_refused_without_telling_its_password(url, monkeypatch):
    monkeypatch.setenv("PGHOST", "/nowhere")
    with pytest.raises(BadInput) as caught:
        ledger(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_told_with_the_mend(tmp_path):
    needs("psycopg")
    with pytest.raises(BadInput, match="see that the server runs"):
        ledger(f"postgresql://nobody@/x?host={tmp_path}")


def test_what_is_opened_to_be_read_cannot_be_written(book, place):
    book.append("run-1", 1, window())
    reader = ledger(place, create=False, read_only=True)
    assert reader.run("run-1").windows == 1
    with pytest.raises(BadInput, match="read-only"):
        reader.append("run-1", 2, window(hour=1))
    with pytest.raises(BadInput, match="read-only"):
        reader.append_all([Window("run-1", i, window(hour=i, draws=0)) for i in range(2, 200)])
    assert told(reader) == []


UNPRIVILEGED = """
import os, sys, tempfile
sys.path[:0] = {path!r}
from jevons.account import ledger
from jevons.core.activity import Activity
from jevons.core.errors import BadInput
warm = ledger(tempfile.mkdtemp() + "/warm.db")  # what is imported when it is needed is imported while we may read it
warm.append("run-1", 1, Activity.of([{{"amount": 1.0}}]))
warm.verify()
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
book = ledger({place!r}, create=False, read_only=True)
print(book.run("run-1").windows, book.verify().sound)
try:
    ledger({place!r}).append("run-1", 2, Activity.of([{{"amount": 1.0}}]))
except BadInput as trouble:
    print(trouble)
"""


def test_a_file_that_may_not_be_written_is_read_and_a_write_refused():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        place = Path(folder, "ledger.db")
        book = ledger(place)
        book.append("run-1", 1, window())
        book.engine.dispose()
        place.chmod(0o444)
        Path(folder).chmod(0o555)
        code = UNPRIVILEGED.format(place=str(place), path=sys.path)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        read, refused = done.stdout.splitlines()
        assert read == "1 True"
        assert "will not do" in refused


def copied_while_open(tmp_path, endings, monkeypatch):
    """A ledger copied while its last entry lies in the log alone, to a folder in which nothing can be written."""
    place, copy = tmp_path / "ledger.db", tmp_path / "copy" / "ledger.db"
    book = ledger(place)
    book.append("run-1", 1, window())
    book.engine.dispose()
    held = sqlite3.connect(place)  # who still reads keeps the log from being merged
    held.execute("BEGIN")
    held.execute("SELECT count(*) FROM entry").fetchall()
    book.append("run-2", 1, window())
    copy.parent.mkdir()
    for ending in endings:
        shutil.copy(f"{place}{ending}", f"{copy}{ending}")
    held.close()
    monkeypatch.setattr(engine.os, "access", lambda *_: False)
    return copy


def test_entries_that_lie_in_the_log_are_read_too_where_nothing_can_be_written(tmp_path, monkeypatch):
    copy = copied_while_open(tmp_path, ("", "-wal", "-shm"), monkeypatch)
    assert [run.run for run in ledger(copy, create=False, read_only=True).runs()] == ["run-2", "run-1"]


def test_entries_in_a_log_that_cannot_be_opened_are_told_and_not_left_out(tmp_path, monkeypatch):
    copy = copied_while_open(tmp_path, ("", "-wal"), monkeypatch)
    with pytest.raises(BadInput, match=r"entries still lie in ledger\.db-wal"):
        ledger(copy, create=False, read_only=True)


def test_a_disk_that_is_full_keeps_none_of_a_batch(tmp_path):
    book = ledger(tmp_path / "ledger.db")
    book.append("run-1", 1, window())

    @sa.event.listens_for(book.engine, "connect")
    def _small(connection, record):
        connection.execute("PRAGMA max_page_count = 40")

    book.engine.dispose()
    batch = [Window("run-2", i, window(hour=i, device="d" * 400)) for i in range(1, 400)]
    with pytest.raises(BadInput, match="make room on its disk; nothing of this was kept"):
        book.append_all(batch)
    again = ledger(tmp_path / "ledger.db")
    assert [run.run for run in again.runs()] == ["run-1"]
    assert told(again) == []
    assert again.append_all(batch).new == 399


LIMITED = """
import resource, sys
sys.path[:0] = {path!r}
from ledger_sample import window
from jevons.account import ledger
from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput
book = ledger({place!r})
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    book.append_all([Window("run-2", i, window(hour=i)) for i in range(1, 3000)])
except BadInput as trouble:
    print(trouble)
"""


def test_a_file_that_may_not_grow_keeps_none_of_a_batch(tmp_path):
    place = tmp_path / "ledger.db"
    ledger(place).append("run-1", 1, window())
    code = LIMITED.format(place=str(place), path=sys.path, limit=1 << 20)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nothing of this was kept" in done.stdout
    assert [run.run for run in ledger(place).runs()] == ["run-1"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1 << 20


def test_what_was_acknowledged_is_there_once_whatever_is_killed(place):
    found = ledger_kill.killed(place, writers=3, rows=150, kills=3, pause_s=(0.8, 1.6))
    assert (found.lost, found.doubled, found.absent) == (0, 0, 0)
    assert found.troubles == []
    assert found.acknowledged == found.asked == 450


def _opened_at_once(place):
    return ledger(place).verify().sound


def test_a_ledger_may_be_made_by_several_processes_at_once(place):
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_opened_at_once, [place] * 3) == [True] * 3


def test_two_writers_of_one_run_do_not_fork_its_chain(place):
    first, second = ledger(place), ledger(place)
    for i in range(1, 11):
        (first if i % 2 else second).append("run-1", i, window(hour=i))
    assert [e.position for e in first.history("run-1")] == list(range(1, 12))
    assert told(second) == []
