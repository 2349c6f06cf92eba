"""The chain of a machine: what each journal said of it last, by hour, in either store."""

from __future__ import annotations

import threading
from dataclasses import replace

from ledger_sample import told, window

from jevons.account.ledger import drawn
from jevons.account.ledger.machines import Machine, Said

FIRST = Said("aaaa", 490_896, "gpu0", "b:g", False, 1_767_225_600.0, 1_767_229_200.0, 3_600_000_000_000, 1.0)


def kept(book, *said):
    with book.writing() as connection:
        Machine(connection, "boot").keep(said)


def standing(book, *hours, host="boot"):
    with book.reading() as connection:
        return sorted(Machine(connection, host).standing(hours or [FIRST.hour]), key=lambda one: (one.run, one.hour, one.device))


def test_of_each_run_and_hour_the_last_word_stands(book):
    other, later = replace(FIRST, run="bbbb", group="b:h", share=0.25), replace(FIRST, hour=FIRST.hour + 1)
    grown = replace(FIRST, end_s=FIRST.end_s + 1, energy_uj=2**62)
    kept(book, FIRST, replace(FIRST, device="gpu1"))
    kept(book, other, later)
    kept(book, grown)
    assert standing(book) == [grown, other]
    assert standing(book, *range(FIRST.hour - 2000, FIRST.hour + 2)) == [grown, later, other]
    assert standing(book, host="another") == []
    assert told(book) == []


def test_the_same_again_adds_nothing(book):
    kept(book, FIRST)
    entries = book.verify().entries
    kept(book, FIRST)
    assert book.verify().entries == entries


def test_a_machine_is_no_run_and_is_drawn_again_as_none(book):
    kept(book, FIRST)
    book.append("run-1", 1, window())
    with book.writing() as connection:
        assert drawn.draw_all(connection) == 1
    assert [run.run for run in book.runs()] == ["run-1"]
    assert (book.verify().runs, told(book)) == (1, [])


def test_who_comes_second_to_a_machine_sees_what_the_first_one_kept(book):
    seen = []

    def second():
        with book.writing() as connection:
            seen.extend(Machine(connection, "boot").standing([FIRST.hour]))

    with book.writing() as connection:
        machine = Machine(connection, "boot")
        waiting = threading.Thread(target=second)
        waiting.start()
        machine.keep([FIRST])
        assert seen == []
    waiting.join(60)
    assert seen == [FIRST]
