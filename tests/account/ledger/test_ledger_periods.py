"""Periods locked and signed, the base year, budgets: decisions that stand in the ledger's own chain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ledger_sample import told, window

from jevons.account.ledger import budget, periods, pricing
from jevons.account.ledger.append import Window
from jevons.account.ledger.span import period
from jevons.core.errors import BadInput, UnknownName


def day(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("text", "start", "end"), [
    ("2026", (2026, 1, 1), (2027, 1, 1)), ("2026-Q1", (2026, 1, 1), (2026, 4, 1)), ("2026-Q4", (2026, 10, 1), (2027, 1, 1)),
    ("2024-02", (2024, 2, 1), (2024, 3, 1)), ("2026-12", (2026, 12, 1), (2027, 1, 1)), ("2024-02-29", (2024, 2, 29), (2024, 3, 1)),
    ("2026-01-01/2026-02-15", (2026, 1, 1), (2026, 2, 15)), ("2025-07/2026-07", (2025, 7, 1), (2026, 7, 1)),
])  # fmt: skip
def test_a_period_is_half_open_in_utc(text, start, end):
    span = period(text)
    assert (span.start_s, span.end_s) == (day(*start), day(*end))


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-02-30", "2026-Q5", "2026/2025", "2026-1", "last year", "2026-02-15/", "0000"])
def test_what_is_no_period_is_refused(text):
    if text == "2026-02-15/":
        assert period(text).name == "2026-02-15"
        return
    with pytest.raises(BadInput, match="write 2026|end lies before"):
        period(text)


def test_a_window_belongs_to_every_period_it_touches():
    span = period("2026-01")
    assert span.meets(day(2025, 12, 31), day(2026, 1, 1) + 1)
    assert not span.meets(day(2025, 12, 31), day(2026, 1, 1))
    assert span.meets(day(2026, 1, 1), day(2026, 1, 1))
    assert not span.meets(day(2026, 2, 1), day(2026, 2, 1))
    assert not span.meets(None, None)


@pytest.fixture
def locked(book):
    """Two priced runs of January and one of March; January is locked."""
    book.append_all([Window("jan", 1, window(1.0), project="a"), Window("other", 1, window(2.0), project="b"),
                     Window("mar", 1, window(4.0, hour=24 * 70), project="a")])  # fmt: skip
    for name in ("jan", "other", "mar"):
        book.price(name, at="France")
    with book.writing() as connection:
        periods.lock(connection, "2026-01", by="ana", why="reported")
    return book


def test_nothing_is_appended_to_or_corrected_in_a_locked_period(locked):
    for windows in ([Window("new", 1, window())], [Window("jan", 2, window(hour=2))], [Window("jan", 1, window(9.0), why="oops")],
                    [Window("jan", 1, window(9.0, hour=24 * 50), why="moved out")], [Window("mar", 1, window(4.0, hour=3), why="moved in")]):  # fmt: skip
        with pytest.raises(BadInput, match="locked period 2026-01.*jevons ledger unlock"):
            locked.append_all(windows)
    with pytest.raises(BadInput, match="locked period"):
        locked.tag("jan", project="b")
    locked.append("jan", 1, window(1.0))
    locked.append("mar", 2, window(1.0, hour=24 * 70 + 1))
    locked.tag("jan", tags=["seen"])
    assert told(locked) == []


def test_a_new_price_in_a_locked_period_is_kept_beside_and_does_not_stand(locked):
    before = locked.run("jan").climate_kg
    locked.price("jan", at="Poland")
    kept = locked.footprints("jan")
    assert [k.record["stands"] for k in kept] == [True, False]
    assert locked.run("jan").climate_kg == before
    assert told(locked) == []


def test_a_lock_of_one_project_leaves_the_others_open(book):
    with book.writing() as connection:
        periods.lock(connection, "2026", project="a")
    book.append("b", 1, window(), project="b")
    with pytest.raises(BadInput, match="locked period 2026"):
        book.append("a", 1, window(), project="a")


def test_a_lock_is_lifted_with_a_reason_which_is_kept(locked):
    with pytest.raises(BadInput, match="say why"), locked.writing() as connection:
        periods.unlock(connection, "2026-01")
    with pytest.raises(BadInput, match="no such lock"), locked.writing() as connection:
        periods.unlock(connection, "2026-02", why="late data")
    with locked.writing() as connection:
        periods.unlock(connection, "2026-01", why="late data")
    locked.append("jan", 2, window(hour=2))
    assert [(e.kind, e.why) for e in locked.history("@ledger")] == [("open", ""), ("lock", "reported"), ("unlock", "late data")]
    assert told(locked) == []


def test_a_sign_off_keeps_the_figures_and_the_head_of_the_chain_of_runs(locked):
    with pytest.raises(BadInput, match="lock it first"), locked.writing() as connection:
        periods.sign_off(connection, "2026-03", "ana")
    with pytest.raises(BadInput, match="name who signs"), locked.writing() as connection:
        periods.sign_off(connection, "2026-01", " ")
    locked.close("jan")
    with locked.writing() as connection:
        signed = periods.sign_off(connection, "2026-01", "ana", "complete")
    assert signed["figures"]["runs"] == 2
    assert signed["figures"]["energy_kwh"] == pytest.approx(4.0)
    assert signed["head"][0] == 1


def test_the_base_year_is_recalculated_past_its_threshold_and_not_before(file_book):
    book = file_book
    book.append("a", 1, window(10.0))
    with pytest.raises(BadInput, match="not priced"), book.writing() as connection:
        periods.base_year(connection, "2026")
    book.price("a", at="France")
    with book.writing() as connection:
        periods.base_year(connection, "2026", 0.05)
        assert not periods.recalculation(connection)["due"]
    book.append("b", 1, window(0.4))
    book.price("b", at="France")
    with book.reading() as connection:
        found = periods.recalculation(connection)
    assert found["change"] == pytest.approx(0.04)
    assert not found["due"]
    book.append("c", 1, window(0.2))
    with book.reading() as connection:
        assert periods.recalculation(connection)["due"]  # not priced: nobody can say that it stands
    book.price("c", at="France")
    with book.reading() as connection:
        found = periods.recalculation(connection)
    assert (found["change"], found["due"]) == (pytest.approx(0.06), True)


def test_a_base_year_counts_a_new_price_though_the_locked_one_stands(locked):
    with locked.writing() as connection:
        periods.base_year(connection, "2026-01")
    locked.price("jan", at="Poland")
    with locked.reading() as connection:
        assert periods.recalculation(connection)["due"]
        with pytest.raises(BadInput, match="fix one first"):
            periods.recalculation(connection, "b")


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 2, float("nan")])
def test_a_threshold_is_a_share(locked, threshold):
    with pytest.raises(BadInput, match="share between 0 and 1"), locked.writing() as connection:
        periods.base_year(connection, "2026-01", threshold)


def test_a_budget_says_what_was_used_and_what_is_exceeded(locked):
    with locked.writing() as connection:
        budget.put(connection, "a", {"energy": "10 kWh", "carbon": "1 g", "water": None, "cost": 1000}, project="a", over="2026")
        budget.put(connection, "all", {"energy": "1 kWh"})
    with locked.reading() as connection:
        found = {(s.budget, s.limit): s for s in budget.check(connection)}
    assert found["a", "energy"].used == pytest.approx(20 / 3)
    assert {key: s.exceeded for key, s in found.items()} == {
        ("a", "energy"): False, ("a", "carbon"): True, ("a", "cost"): False, ("all", "energy"): True}  # fmt: skip
    assert not any(s.unknown for s in found.values())


def test_a_budget_is_not_said_to_hold_where_runs_are_not_priced(file_book):
    file_book.append("a", 1, window())
    with file_book.writing() as connection:
        budget.put(connection, "x", {"carbon": "1 t", "energy": "1 MWh"})
    with file_book.reading() as connection:
        carbon, energy = budget.check(connection, "x")
    assert (carbon.unknown, energy.unknown) == (True, False)


@pytest.mark.parametrize(("name", "more"), [("y", {}), ("x", {"project": "a"}), ("x", {"over": "2026"})])
def test_only_a_budget_that_stands_is_lifted_and_by_its_name_alone(file_book, name, more):
    with file_book.writing() as connection:
        budget.put(connection, "x", {"carbon": "1 t"})
        with pytest.raises(BadInput, match="give a limit"):
            budget.put(connection, name, {"carbon": None}, **more)
        assert budget.budgets(connection)["x"]["limits"] == {"carbon": 1000.0}


def test_a_budget_is_replaced_lifted_and_found_by_name(file_book):
    with file_book.writing() as connection:
        budget.put(connection, "x", {"carbon": "1 t"})
        budget.put(connection, "x", {"carbon": "2 t"})
    with file_book.writing() as connection:
        assert budget.budgets(connection)["x"]["limits"] == {"carbon": 2000.0}
        budget.put(connection, "x", {})
    with file_book.reading() as connection:
        assert budget.check(connection) == []
        with pytest.raises(UnknownName, match="jevons budget set"):
            budget.check(connection, "x")


@pytest.mark.parametrize("limits", [{"carbon": "5 kWh"}, {"carbon": -1}, {"carbon": "much"}, {"energy": float("inf")}, {"noise": 1}])
def test_a_limit_that_is_none_is_refused(file_book, limits):
    with pytest.raises(BadInput), file_book.writing() as connection:
        budget.put(connection, "x", limits)


def test_repricing_leaves_runs_that_were_never_priced_alone(file_book):
    file_book.append("a", 1, window())
    with file_book.writing() as connection:
        assert pricing.reprice(connection, ["a"]) == {}
