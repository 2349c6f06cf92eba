"""What is appended: each window once, corrections as rows that supersede, and the activity back as it was."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_sample import START_S, told, window

import jevons
from jevons.account.ledger.append import Window
from jevons.core.activity import Activity, joined
from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, interval


def test_a_window_appended_twice_is_kept_once(book):
    first = book.append("run-1", 1, window(), project="search", owner="ana", tags=["nightly"])
    again = book.append("run-1", 1, window(), project="search", owner="ana", tags=["nightly"])
    assert (first.new, first.same) == (1, 0)
    assert (again.new, again.same) == (0, 1)
    assert [e.kind for e in book.history("run-1")] == ["open", "activity"]


def test_other_content_under_the_same_key_is_refused_unless_it_says_why(book):
    book.append("run-1", 1, window(1.0))
    with pytest.raises(BadInput, match="run-1, sequence 1: .*say why"):
        book.append("run-1", 1, window(2.0))
    assert book.append("run-1", 1, window(2.0), why="the meter was read twice").corrected == 1
    assert book.activity("run-1").total()[0] == window(2.0).total()[0]
    kept = [e for e in book.history("run-1") if e.kind == "activity"]
    assert [(e.version, e.why) for e in kept] == [(1, ""), (2, "the meter was read twice")]
    assert book.run("run-1").windows == 1
    assert told(book) == []


def test_a_batch_is_kept_whole_or_not_at_all(book):
    book.append("run-1", 1, window(1.0))
    with pytest.raises(BadInput):
        book.append_all([Window("run-2", 1, window()), Window("run-1", 1, window(5.0))])
    with pytest.raises(UnknownName):
        book.history("run-2")
    assert told(book) == []


def test_an_activity_comes_back_with_its_rows_words_and_draws(book):
    drawn = Draws(200, seed=7)
    given_ = Activity.of(
        [{"amount": 2.0 * drawn.multiplier(0.5, 2.0, "a"), "component": "x", "model": "m"},
         {"amount": 0.0, "start_s": START_S, "end_s": START_S + 5, "flow": "device_hours/a100", "note": "ü'; DROP TABLE entry;--\x00\ud800"}],
        served={"token": 5.0 * drawn.multiplier(0.9, 1.1, "t"), "run": 1.0}, seed=7, drivers=dict(drawn.drivers),
        assumptions=(Assumption("pue", "1.2", "none given", "s"),), sources=("a", "b"),
    )  # fmt: skip
    book.append("run-1", 1, given_)
    back = book.activity("run-1")
    assert (back.amount[:, 0] == given_.amount[:, 0]).all()
    np.testing.assert_allclose(back.amount, given_.amount, rtol=1.2e-7)
    np.testing.assert_array_equal(back.start_s, given_.start_s)
    assert {n: c.tolist() for n, c in back.text.items()} == {n: c.tolist() for n, c in given_.text.items()}
    assert back.assumptions == given_.assumptions
    assert (back.sources, back.seed) == (("a", "b"), 7)
    np.testing.assert_allclose(back.served["token"], given_.served["token"], rtol=1.2e-7)
    assert set(back.drivers) == {"a", "t"}
    assert all((back.drivers[n] == given_.drivers[n]).all() for n in back.drivers)


def test_draws_that_many_windows_share_are_kept_once_and_stay_together(file_book):
    file_book.append_all([Window("run-1", i, window(0.1 * i, hour=i)) for i in range(1, 50)])
    with file_book.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM spread").scalar() < 6
    whole, back = joined([window(0.1 * i, hour=i) for i in range(1, 50)]), file_book.activity("run-1")
    np.testing.assert_allclose(interval(back.total()), interval(whole.total()), rtol=1e-7)
    assert back.total()[0] == whole.total()[0]


AMOUNTS = st.lists(st.floats(0, 1e12, allow_subnormal=True), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(AMOUNTS, min_size=1, max_size=4), seed=st.integers(0, 5))
def test_the_sum_of_what_is_kept_is_the_sum_of_what_was_given(file_book, parts, seed):
    drawn = Draws(8, seed)
    given_ = [Activity.of([{"amount": a * drawn.multiplier(0.7, 1.9, f"k{i % 2}")} for i, a in enumerate(part)], seed=seed) for part in parts]
    run = f"run-{abs(hash((str(parts), seed)))}"
    file_book.append_all([Window(run, i + 1, part) for i, part in enumerate(given_)])
    assert file_book.activity(run).total()[0] == joined(given_).total()[0]
    assert file_book.run(run).energy_kwh == pytest.approx(float(joined(given_).total()[0]), rel=1e-12)


def test_energy_of_the_list_counts_electricity_alone(file_book):
    file_book.append("run-1", 1, Activity.of([{"amount": 3.0}, {"amount": 9.0, "flow": "device_hours/a100"}]))
    assert file_book.run("run-1").energy_kwh == 3.0


def test_scenarios_are_refused(file_book):
    with pytest.raises(BadInput, match="one scenario"):
        file_book.append("run-1", 1, Activity.of([{"amount": np.ones((3, 1))}]))


@pytest.mark.parametrize("run", ["", " ", "a\nb", "a\x00b", "@ledger", "x" * 501, None, 7])
def test_a_run_s_name_is_printable_text_that_is_not_the_ledger_s_own(file_book, run):
    with pytest.raises(BadInput):
        file_book.append(run, 1, window())


@pytest.mark.parametrize("sequence", [0, -1, 1.5, True, "1", 2**31])
def test_a_sequence_counts_from_one(file_book, sequence):
    with pytest.raises(BadInput):
        file_book.append("run-1", sequence, window())


HOSTILE = ("'; DROP TABLE entry; --", '" OR 1=1 --', "%s %(x)s :name {0} $1", "=HYPERLINK(1)", "'||(SELECT 1)||'", "\\'; SELECT 1", "ж漢🙂")


@pytest.mark.parametrize("word", HOSTILE)
def test_sql_in_any_field_is_just_text(book, word):
    book.append(word, 1, window(site=word, device=word), project=word, owner=word, tags=[word], spec={word: word},
                environment={word: word})  # fmt: skip
    book.append(word, 1, window(2.0, site=word), why=word)
    book.tag(word, tags=[word, "b"])
    found = book.runs(project=word, owner=word, tag=word)
    assert [(r.run, r.project, r.owner, r.tags) for r in found] == [(word, word, word, tuple(sorted((word, "b"))))]
    assert book.sums(by="project", project=word)[0].group == word
    assert set(book.activity(word).column("site")) == {word}
    assert book.runs(project="x' OR '1'='1") == []
    assert told(book) == []


def test_a_closed_run_takes_nothing_unless_it_is_told_why(book):
    book.append("run-1", 1, window())
    book.close("run-1")
    with pytest.raises(BadInput, match="a closed run"):
        book.append("run-1", 2, window(hour=1))
    book.append("run-1", 2, window(hour=1), why="a rank came late")
    assert not book.run("run-1").closed
    head = book.close("run-1")
    assert book.close("run-1") == head
    report = book.verify()
    assert (report.sealed, report.sound) == (2, True)


def test_labels_change_by_an_entry_and_what_is_not_said_stays(book):
    book.append("run-1", 1, window(), project="a", owner="ana", tags=["x", "y"])
    book.append("run-1", 2, window(hour=1))
    book.tag("run-1", project="b")
    run = book.run("run-1")
    assert (run.project, run.owner, run.tags) == ("b", "ana", ("x", "y"))
    assert [e.kind for e in book.history("run-1")] == ["open", "activity", "activity", "label"]
    book.tag("run-1", tags=[])
    assert book.runs(tag="x") == []


def test_what_is_planned_never_stands_among_what_ran(book):
    book.append("plan", 1, window(100.0), estimate=True, spec={"estimate": "training"})
    book.append("run-1", 1, window(1.0))
    assert [r.run for r in book.runs()] == ["run-1"]
    assert [r.run for r in book.runs(estimates=True)] == ["plan"]
    assert book.sums()[0].runs == 1
    with pytest.raises(BadInput, match="planned and what ran"):
        book.append("plan", 2, window())


def test_runs_are_listed_latest_first_and_undated_ones_last(book):
    for i, name in enumerate(["b", "c", "a"]):
        book.append(name, 1, window(hour=i))
    book.append("undated", 1, Activity.of([{"amount": 1.0}]))
    assert [r.run for r in book.runs()] == ["a", "c", "b", "undated"]
    assert [r.run for r in book.runs(limit=2)] == ["a", "c"]
    assert [r.run for r in book.runs(limit=None)] == ["a", "c", "b", "undated"]
    assert [r.run for r in book.runs(period="2026-01-01/2026-01-02")] == ["a", "c", "b"]
    assert book.runs(period="2025") == []


def test_sums_are_by_project_owner_month_and_year(book):
    book.append_all([Window("r1", 1, window(1.0), project="a", owner="x"), Window("r2", 1, window(2.0, hour=24 * 40), project="a", owner="y"),
                     Window("r3", 1, window(4.0), project="b", owner="x")])  # fmt: skip
    by = {one.group: round(one.energy_kwh * 3 / 4, 9) for one in book.sums(by="project")}
    assert by == {"a": 3.0, "b": 4.0}
    assert {one.group: one.runs for one in book.sums(by="month")} == {"2026-01": 2, "2026-02": 1}
    assert [one.group for one in book.sums(by="year")] == ["2026"]
    assert book.sums()[0].unpriced == 3
    with pytest.raises(BadInput, match="sum by project"):
        book.sums(by="colour")


def test_an_unknown_run_is_refused_with_the_nearest(book):
    book.append("training-1", 1, window())
    with pytest.raises(UnknownName, match="nearest: training-1"):
        book.activity("trainig-1")


def test_a_growing_source_supersedes_its_earlier_state_and_an_older_copy_is_no_news(book):
    grown = [Window("live", 1, window(kwh), growing=True) for kwh in (1.0, 2.0, 1.5, 2.0)]
    told_ = [book.append_all([w]) for w in grown]
    assert [(d.new, d.same, d.corrected) for d in told_] == [(1, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 0)]
    assert book.activity("live").total()[0] == window(2.0).total()[0]
    with pytest.raises(BadInput, match="say why"):
        book.append_all([Window("live", 1, window(1.0, hour=3), growing=True)])


def test_the_word_of_the_package_is_the_function_also_after_its_rooms_were_entered(tmp_path):
    importlib.import_module("jevons.account.ledger.book")
    assert jevons.account.ledger(tmp_path / "x.db").runs() == []
