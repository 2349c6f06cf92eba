"""Words that a store could choke on: kept alike by both, or refused by both with the mend; and a run of many windows."""

from __future__ import annotations

import time

import pytest
from ledger_sample import told, window

from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput


def wide(count, first=0x20000):
    """Letters of four bytes each, none like the one before."""
    return "".join(chr(first + i) for i in range(count))


def test_names_of_the_longest_kind_are_kept_and_longer_ones_refused_before_the_database_is_asked(book):
    words = {"project": wide(250), "owner": wide(250, 0x20200), "tags": [wide(250, 0x21000 + 300 * i) for i in range(3)]}
    book.append(wide(250, 0x22000), 1, window(), **words)
    assert book.runs()[0].project == words["project"]
    for field in ("project", "owner"):
        with pytest.raises(BadInput, match=f"{field}.*1000 bytes"):
            book.append("run-2", 1, window(), **{field: wide(251)})
    with pytest.raises(BadInput, match="tag.*1000 bytes"):
        book.append("run-2", 1, window(), tags=[wide(251)])
    with pytest.raises(BadInput, match="500 characters"):
        book.append("x" * 501, 1, window())


@pytest.mark.parametrize("why", ["a\0b", "\ud800", "x" * 10_001])
def test_a_reason_that_no_database_holds_is_refused_and_one_of_several_lines_is_not(book, why):
    book.append("run-1", 1, window())
    with pytest.raises(BadInput, match="why"):
        book.append("run-1", 1, window(2.0), why=why)
    assert book.append("run-1", 1, window(2.0), why="the meter\nwas read twice \N{BROKEN HEART}").corrected == 1
    assert told(book) == []


@pytest.mark.parametrize("word", ["a\0b", "\ud800", "\u202e", "x" * 200_000])
def test_the_words_of_an_activity_come_back_whatever_they_are(book, word):
    book.append("run-1", 1, window(device=word), spec={word[:10]: word})
    assert set(book.activity("run-1").text["component"]) == {"accelerator", "host"}
    assert word in set(book.append("run-2", 1, window(stage=word)) and book.activity("run-2").text["stage"])
    assert told(book) == []


def test_a_clock_that_jumps_back_while_a_run_is_written_changes_nothing_in_its_order(book, monkeypatch):
    clock = iter([2e9, 1e9, 1.5e9, 1e9, 1e9, 1e9, 1e9, 1e9])
    monkeypatch.setattr(time, "time", lambda: next(clock))
    for sequence in (1, 2, 3):
        book.append("run-1", sequence, window(hour=sequence))
    book.close("run-1")
    monkeypatch.undo()
    assert [e.sequence for e in book.history("run-1")] == [None, 1, 2, 3, None]
    assert told(book) == []


def test_a_run_of_many_windows_grows_and_is_corrected_and_comes_back_whole(file_book):
    n = 5_000
    for first in range(1, n + 1, 2500):
        file_book.append_all(Window("long", i, window(hour=i, draws=0)) for i in range(first, first + 2500))
    file_book.append("long", 7, window(11.0, hour=7, draws=0), why="read again")
    file_book.append("long", n + 1, window(hour=n + 1, draws=0))
    run = file_book.run("long")
    assert (run.windows, run.energy_kwh) == (n + 1, pytest.approx((n + 11) * 4 / 3))
    assert float(file_book.activity("long").total()[0]) == pytest.approx((n + 11) * 4 / 3)
    assert told(file_book) == []
