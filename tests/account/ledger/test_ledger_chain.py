"""Whatever is altered, dropped, inserted or reordered is named; and the database itself refuses it first."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from ledger_sample import told, unguarded, window

from jevons.account.ledger import anchor, chain
from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput


@pytest.fixture
def full(book):
    """Three runs of three windows; one is closed, one is priced."""
    book.append_all([Window(f"run-{r}", s, window(0.1 * s + r, hour=s), project="p", tags=["t"]) for r in (1, 2, 3) for s in (1, 2, 3)])
    book.close("run-1")
    book.price("run-2", at="France")
    return book


def test_a_ledger_that_nobody_touched_is_sound(full):
    report = full.verify()
    assert report.sound
    assert (report.entries, report.runs, report.sealed, report.unsealed) == (14, 3, 1, 2)


def test_an_empty_ledger_is_sound(book):
    report = book.verify()
    assert (report.sound, report.entries) == (True, 0)


@pytest.mark.parametrize("statement", [
    "UPDATE entry SET body = '{}' WHERE id = 1", "DELETE FROM entry WHERE id = 1", "UPDATE spread SET low = 0", "DELETE FROM spread",
    "UPDATE closing SET head = hash", "DELETE FROM closing",
])  # fmt: skip
def test_the_database_refuses_to_change_the_record(full, statement):
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), full.engine.begin() as connection:
        connection.execute(sa.text(statement))
    with pytest.raises(BadInput, match="append a correction"), full.writing() as connection:
        connection.execute(sa.text(statement))
    assert told(full) == []


def test_truncate_and_replace_are_refused_too(full):
    sqlite = full.engine.dialect.name == "sqlite"
    columns = "run, position, kind, at_s, written_by, why, body, previous, hash"
    ways = ([f"REPLACE INTO entry ({columns}) SELECT {columns} FROM entry WHERE id = 2",
             "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE id = 2", "REPLACE INTO closing SELECT * FROM closing"]
            if sqlite else ["TRUNCATE entry", "TRUNCATE closing"])  # fmt: skip
    for way in ways:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), full.engine.begin() as connection:
            connection.execute(sa.text(way))
    assert told(full) == []


@pytest.mark.parametrize(("column", "value"), [
    ("body", "replace(body, '1.1', '0.1')"), ("kind", "'label'"), ("at_s", "at_s - 1"), ("why", "'because'"), ("written_by", "'me'"),
    ("sequence", "9"), ("version", "2"), ("run", "'run-9'"),
])  # fmt: skip
def test_an_altered_column_is_named_by_run_and_position(full, column, value):
    unguarded(full, f"UPDATE entry SET {column} = {value} WHERE run = 'run-1' AND position = 2")
    found = told(full)
    assert any("position 2" in line and ("altered" in line or "dropped" in line) for line in found), found


def test_a_dropped_entry_is_named(full):
    unguarded(full, "DELETE FROM entry WHERE run = 'run-2' AND position = 3")
    assert any(line.startswith("run-2, position 4: dropped: position 3 is not there") for line in told(full))


def test_the_last_entries_dropped_are_named(full):
    unguarded(full, "DELETE FROM entry WHERE run = 'run-2' AND position > 3")
    assert any("run-2" in line and "dropped" in line for line in told(full))


def test_a_run_dropped_whole_is_named(full):
    unguarded(full, "DELETE FROM entry WHERE run = 'run-1'", "DELETE FROM entry WHERE run = 'run-3'")
    assert [line for line in told(full) if "run-1" in line and "dropped" in line]
    assert [line for line in told(full) if "run-3" in line and "dropped" in line]


def test_reordered_entries_are_named(full):
    unguarded(full, "UPDATE entry SET position = 99 WHERE run = 'run-2' AND position = 2",
              "UPDATE entry SET position = 2 WHERE run = 'run-2' AND position = 3",
              "UPDATE entry SET position = 3 WHERE run = 'run-2' AND position = 99")  # fmt: skip
    found = told(full)
    assert any("run-2, position 2" in line for line in found), found
    assert any("run-2, position 3" in line for line in found), found


def _rehashed(book, run: str, first: int) -> None:
    """Hash a run's entries anew from a position on, as whoever knows the scheme could."""
    with book.engine.begin() as connection:
        previous = connection.execute(sa.text("SELECT hash FROM entry WHERE run = :r AND position = :p"), {"r": run, "p": first - 1}).scalar()
        rows = connection.execute(sa.text("SELECT * FROM entry WHERE run = :r AND position >= :p ORDER BY position"), {"r": run, "p": first})
        for row in [dict(r) for r in rows.mappings()]:
            row["previous"] = previous
            previous = chain.hash_of(row)
            connection.execute(sa.text("UPDATE entry SET previous = :q, hash = :h WHERE id = :i"), {"q": row["previous"], "h": previous, "i": row["id"]})


def test_an_inserted_entry_is_named_even_with_a_hash_of_its_own(full):
    insert = ("INSERT INTO entry (run, position, kind, sequence, version, at_s, written_by, why, body, previous, hash) "
              "SELECT run, 4, kind, 7, version, at_s, written_by, why, body, previous, hash FROM entry WHERE run = 'run-1' AND position = 5")  # fmt: skip
    unguarded(full, "UPDATE entry SET position = position + 100 WHERE run = 'run-1' AND position > 4",
              "UPDATE entry SET position = 5 WHERE run = 'run-1' AND position = 4", insert,
              "UPDATE entry SET position = position - 99 WHERE run = 'run-1' AND position > 100")  # fmt: skip
    assert any("run-1, position 4" in line for line in told(full))
    _rehashed(full, "run-1", 4)
    found = told(full)
    assert any("the chain of runs" in line for line in found), found


def test_a_chain_written_anew_throughout_is_found_by_an_anchor_kept_outside(full):
    with full.reading() as connection:
        kept = anchor.taken(connection)
    unguarded(full, "UPDATE entry SET body = replace(body, '2.1', '0.1') WHERE run = 'run-2' AND position = 2")
    _rehashed(full, "run-2", 2)
    with full.writing() as connection:
        from jevons.account.ledger.drawn import draw_all

        draw_all(connection)
    assert told(full) == []
    assert [str(t) for t in full.verify(kept).troubles] == ["run-2, position 5: re-written: its hash is not the one the anchor holds"]


def test_the_chain_of_runs_is_checked_and_held_by_the_anchor(full):
    full.close("run-2")
    with full.reading() as connection:
        kept = anchor.taken(connection)
    assert kept["position"] == 2
    assert set(kept["open"]) == {"run-3"}
    assert full.verify(kept).sound
    unguarded(full, "UPDATE closing SET entries = 3 WHERE position = 1")
    assert any(line.startswith("chain of runs, position 1: altered") for line in told(full))
    unguarded(full, "DELETE FROM closing")
    assert any("chain of runs, position 2: dropped" in str(t) for t in full.verify(kept).troubles)


def test_altered_or_absent_draws_are_named(full):
    unguarded(full, "UPDATE spread SET data = (SELECT data FROM spread s WHERE s.hash <> spread.hash LIMIT 1)")
    assert any(line.startswith("spread: altered") for line in told(full))
    unguarded(full, "DELETE FROM spread")
    assert any(line.startswith("spread: dropped") for line in told(full))


@pytest.mark.parametrize("column", ["energy_kwh", "climate_kg", "project", "closed", "windows", "priced"])
def test_a_list_that_says_something_else_than_the_chain_is_named_and_drawn_again(full, column):
    value = {"project": "'other'", "closed": "NOT closed"}.get(column, f"{column} + 1")
    unguarded(full, f"UPDATE run SET {column} = {value} WHERE run = 'run-2'")
    assert any(f"in {column}" in line for line in told(full))
    with full.writing() as connection:
        from jevons.account.ledger.drawn import draw_all

        assert draw_all(connection) == 3
    assert told(full) == []


def test_the_tags_and_the_rows_of_the_list_are_checked(full):
    unguarded(full, "DELETE FROM run_tag WHERE tag = 't'")
    assert any("in tags" in line for line in told(full))
    unguarded(full, "DELETE FROM run WHERE run = 'run-3'")
    assert any("run-3: its row in the list of runs is gone" in line for line in told(full))


def test_a_seal_dropped_from_the_end_of_the_chain_of_runs_is_named_as_dropped(full):
    full.close("run-3")
    unguarded(full, "DELETE FROM closing WHERE position = 2")
    assert [trouble for trouble in told(full) if "run-3" in trouble and "dropped from the end of the chain of runs" in trouble]
