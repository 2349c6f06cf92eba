"""Closed days as runs of a ledger: they come to the meter, keep their names, and are superseded with their day."""

from __future__ import annotations

import shutil

import pytest
from fleet_files import BEGAN_US, HOUR_US, job, steady, write

from jevons.account.telemetry import close, closed, day_runs
from jevons.account.telemetry.owners import holds_days
from jevons.core.errors import BadInput

D1 = "2026-01-01"


@pytest.fixture
def fleet(tmp_path):
    """Two devices at 100 W for a day; a job of ann on one of them."""
    for device in ("a", "b"):
        write(tmp_path / "power" / f"{device}.parquet", steady(device, 100, BEGAN_US, 24 * 3600))
    return tmp_path


def jobs(*owners):
    return [job(f"j{i}", "a", BEGAN_US + i * HOUR_US, BEGAN_US + (i + 1) * HOUR_US, owner) for i, owner in enumerate(owners)]


def shut(fleet, *owners, **asked):
    close(fleet / "power", fleet / "state", jobs=jobs(*owners), days=[D1], **asked)
    return {one.owner: one for one in day_runs(fleet / "state")}


def test_every_owner_has_a_run_of_a_day_and_together_they_are_the_meter(fleet):
    runs = shut(fleet, "ann", "bob")
    assert set(runs) == {"ann", "bob", "unallocated"}
    whole = float(closed(fleet / "state").total()[0])
    assert sum(float(one.activity.total()[0]) for one in runs.values()) == pytest.approx(whole, rel=1e-12)
    assert len({one.run for one in runs.values()}) == 3
    assert all(one.why == "" for one in runs.values())


def test_a_day_closed_again_keeps_its_names_and_says_why(fleet):
    before = shut(fleet, "ann")
    write(fleet / "power" / "c.parquet", steady("c", 50, BEGAN_US, 3600))
    after = shut(fleet, "ann")
    assert {one.run for one in after.values()} == {one.run for one in before.values()}
    assert after["unallocated"].why == "version 2 of the day: 1 new: c.parquet"


def test_an_owner_whose_share_was_taken_away_keeps_a_run_of_nothing(fleet):
    shut(fleet, "ann")
    runs = shut(fleet, "bob")
    assert float(runs["ann"].activity.total()[0]) == 0.0
    assert float(runs["bob"].activity.total()[0]) == pytest.approx(0.1)
    whole = float(closed(fleet / "state").total()[0])
    assert sum(float(one.activity.total()[0]) for one in runs.values()) == pytest.approx(whole, rel=1e-12)


def test_two_fleets_never_share_a_name_and_a_moved_folder_keeps_its_own(fleet):
    first = {one.run for one in shut(fleet, "ann").values()}
    shutil.move(fleet / "state", fleet / "moved")
    assert {one.run for one in day_runs(fleet / "moved")} == first
    write(fleet / "power" / "c.parquet", steady("c", 50, BEGAN_US, 3600))
    assert not first & {one.run for one in shut(fleet, "ann").values()}


def test_days_closed_by_job_alone_are_one_run(fleet):
    runs = shut(fleet, "ann", by=["job"])
    assert list(runs) == [""]
    assert runs[""].run.startswith(f"fleet:{D1}:")


def test_a_folder_without_closed_days_is_none(tmp_path):
    assert not holds_days(tmp_path)
    with pytest.raises(BadInput, match="no day has been closed there"):
        list(day_runs(tmp_path))


def test_an_owner_that_begins_like_the_ledgers_own_names_is_kept_too(fleet):
    assert shut(fleet, "@ops")["@ops"].run.startswith("fleet @ops:")
