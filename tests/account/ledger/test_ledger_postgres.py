"""A team's ledger on a server in trouble: a disk that fills in the middle of a batch, connections that end, a restart."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from benchmarks.bars import postgres_stand
from ledger_sample import told, window

from jevons.account import ledger
from jevons.account.ledger import pen
from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput
from means import means_missing

DRAW = random.Random(1)


def batch(run, rows):
    """Windows that a database cannot press together: 40 kB each."""
    words = ("".join(chr(DRAW.randrange(33, 127)) for _ in range(40_000)) for _ in range(rows))
    return [Window(run, i, window(hour=i, draws=0, device=word)) for i, word in enumerate(words, start=1)]


def held(book):
    """How many entries each run has, counted in the record itself."""
    with book.reading() as connection:
        return dict(connection.execute(sa.text("SELECT run, count(*) FROM entry GROUP BY run")).all())


@pytest.mark.parametrize("rows", [90, 200], ids=["insert", "copy"])
def test_a_server_whose_disk_is_full_keeps_none_of_a_batch(rows):
    if not postgres_stand.there():
        means_missing("no PostgreSQL (initdb, pg_ctl, psycopg) to keep a ledger in")
    with postgres_stand.cluster(durable=False, most_mib=2 if rows < pen.MANY else 4) as template:
        book = ledger(postgres_stand.database(template, "small"))
        book.append("run-1", 1, window())
        with pytest.raises(BadInput, match="make room on its disk; nothing of this was kept"):
            book.append_all(batch("run-2", rows))
        assert held(book) == {"run-1": 2}
        assert [run.run for run in book.runs()] == ["run-1"]
        assert told(book) == []
        assert book.append("run-2", 1, window()).new == 1
        book.engine.dispose()


@pytest.fixture
def team(cluster):
    """A ledger on the server, and a connection that can end others."""
    import psycopg

    place = postgres_stand.database(cluster, f"team{DRAW.randrange(10**9)}")
    book = ledger(place)
    with psycopg.connect(place, autocommit=True) as boss:
        yield book, lambda: boss.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                         "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    book.engine.dispose()


@pytest.mark.parametrize("rows", [3, 150], ids=["insert", "copy"])
def test_a_connection_that_ends_in_the_middle_of_an_append_keeps_nothing_and_the_next_one_works(team, monkeypatch, rows):
    book, end_all = team
    book.append("run-1", 1, window())
    put, windows = pen.put_entries, [Window("run-2", i, window(hour=i)) for i in range(1, rows)]

    def half(connection, added):
        put(connection, added[: len(added) // 2])
        end_all()
        put(connection, added[len(added) // 2 :])

    monkeypatch.setattr(pen, "put_entries", half)
    with pytest.raises(BadInput, match="the server ended the connection"):
        book.append_all(windows)
    monkeypatch.setattr(pen, "put_entries", put)
    assert held(book) == {"run-1": 2}
    assert book.append_all(windows).new == rows - 1
    assert told(book) == []


def test_connections_that_ended_while_nobody_used_them_are_made_again(team):
    book, end_all = team
    book.append("run-1", 1, window())
    end_all()
    assert book.append("run-1", 2, window(hour=1)).new == 1
