"""The daily close: only what is new is read, late data makes a new version, and nothing already closed is ever lost."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fleet_files import BEGAN_US, HOUR_US, by_owner, job, place, steady, write
from reference_integrator import sums

from jevons.account.telemetry.daily import close, closed, history, hours
from jevons.account.telemetry.survey import telemetry
from jevons.core.errors import BadInput, UnknownName

DAY_US = 24 * HOUR_US
PER_W_US = 1 / 3.6e12
D1, D2 = "2026-01-01", "2026-01-02"


def day(device, number, watts=100.0, step_s=300, seed=0):
    """A day's samples of one device, every ``step_s`` seconds, a little noise."""
    draw = random.Random(f"{device}{number}{seed}")
    return [(device, BEGAN_US + number * DAY_US + s * 1_000_000, watts + draw.random()) for s in range(0, 86_400, step_s)]


@pytest.fixture
def fleet(tmp_path):
    """Two devices over two days, a file a device and day, in power/."""
    for number in (0, 1):
        for device in ("a", "b"):
            write(tmp_path / "power" / f"{device}-{number}.parquet", day(device, number))
    return tmp_path


def test_days_add_up_to_the_whole_and_midnight_is_cut(fleet):
    close(fleet / "power", fleet / "state")
    together = by_owner(closed(fleet / "state"))
    whole = by_owner(telemetry(fleet / "power"))
    assert together == pytest.approx(whole, rel=1e-9)
    assert sum(by_owner(closed(fleet / "state", D1)).values()) < sum(whole.values())


def test_a_second_close_reads_nothing_and_makes_no_version(fleet):
    first = close(fleet / "power", fleet / "state")
    again = close(fleet / "power", fleet / "state")
    assert [(c.day, c.version, c.new) for c in first] == [(D1, 1, True), (D2, 1, True)]
    assert all(c.files_read for c in first)
    assert [(c.day, c.version, c.new, c.files_read) for c in again] == [(D1, 1, False, 0), (D2, 1, False, 0)]


def test_a_late_file_is_read_alone_and_supersedes_only_its_day(fleet):
    close(fleet / "power", fleet / "state")
    before = closed(fleet / "state", D2).total()[0]
    write(fleet / "power" / "late.parquet", day("c", 1)[10:200])
    again = close(fleet / "power", fleet / "state")
    assert [(c.day, c.version, c.new, c.files_read) for c in again] == [(D1, 1, False, 0), (D2, 2, True, 1)]
    assert "late.parquet" in again[1].why
    assert closed(fleet / "state", D2).total()[0] > before
    assert closed(fleet / "state", D2, version=1).total()[0] == before
    assert [r["supersedes"] for r in history(fleet / "state") if r["day"] == D2] == [None, 1]


def test_late_samples_between_those_already_read_give_the_same_as_if_they_had_been_there(fleet):
    days = {number: day("a", number) for number in (0, 1)}
    for number, rows in days.items():
        write(fleet / "power" / f"a-{number}.parquet", [row for i, row in enumerate(rows) if i % 7])
    close(fleet / "power", fleet / "state")
    for number, rows in days.items():
        write(fleet / "power" / f"late-{number}.parquet", [row for i, row in enumerate(rows) if not i % 7])
    assert [c.new for c in close(fleet / "power", fleet / "state")] == [True, True]
    expected = sums([row for device in ("a", "b") for number in (0, 1) for row in day(device, number)])
    found = by_owner(closed(fleet / "state"))
    assert found == pytest.approx({key: joules * PER_W_US for key, joules in expected.items()}, rel=1e-9)


def test_late_data_at_the_end_of_a_day_moves_the_seam_of_the_next(fleet):
    rows = day("a", 0)
    write(fleet / "power" / "a-0.parquet", rows[:-1])
    close(fleet / "power", fleet / "state")
    write(fleet / "power" / "a-0-end.parquet", rows[-1:])
    assert [c.new for c in close(fleet / "power", fleet / "state")] == [True, True]
    assert by_owner(closed(fleet / "state")) == pytest.approx(by_owner(telemetry(fleet / "power")), rel=1e-9)


def test_a_changed_job_reopens_only_the_days_it_touches(fleet):
    jobs = [job("1", "a", BEGAN_US + HOUR_US, BEGAN_US + 2 * HOUR_US, "ann")]
    close(fleet / "power", fleet / "state", jobs=jobs)
    jobs.append(job("2", "b", BEGAN_US + DAY_US + HOUR_US, BEGAN_US + DAY_US + 2 * HOUR_US, "bob"))
    again = close(fleet / "power", fleet / "state", jobs=jobs)
    assert [(c.new, c.files_read) for c in again] == [(False, 0), (True, 1)]
    assert "jobs" in again[1].why
    assert {row["owner"] for row in closed(fleet / "state", D2).rows()} == {"bob", "unallocated"}


def test_another_owner_of_the_same_job_needs_no_sample_read_again(fleet):
    jobs = [job("1", "a", BEGAN_US + HOUR_US, BEGAN_US + 2 * HOUR_US, "ann")]
    close(fleet / "power", fleet / "state", jobs=jobs)
    again = close(fleet / "power", fleet / "state", jobs=[{**jobs[0], "owner": "eve"}])
    assert [(c.new, c.files_read) for c in again] == [(True, 0), (False, 0)]
    assert {row["owner"] for row in closed(fleet / "state", D1).rows()} == {"eve", "unallocated"}


def test_a_day_that_is_not_over_waits_until_it_is_named(fleet):
    now = (BEGAN_US + DAY_US + 3 * HOUR_US) / 1e6
    assert [c.day for c in close(fleet / "power", fleet / "state", latest_s=now, most_bad=1)] == [D1]
    assert [c.day for c in close(fleet / "power", fleet / "state", latest_s=now, most_bad=1, days=[D2])] == [D2]


def test_a_placed_device_that_is_silent_all_day_is_shown_as_missing(fleet):
    found = close(fleet / "power", fleet / "state", placement=[place(d, "fr") for d in ("a", "b", "silent")])
    assert found[0].complete == pytest.approx(2 / 3, abs=0.01)
    told = hours(fleet / "state", D1)
    assert sum(told["missing_s"][told["device"] == "silent"]) == 86_400


def test_an_altered_version_is_refused(fleet):
    close(fleet / "power", fleet / "state")
    path = fleet / "state" / "days" / D1 / "v0001.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadInput, match="not what was closed"):
        closed(fleet / "state", D1)


def test_a_day_nobody_closed_is_told(fleet):
    with pytest.raises(UnknownName, match="2026-05-05"):
        closed(fleet / "state", "2026-05-05")


def test_two_closers_at_once_make_one_version_each_day(fleet):
    go = multiprocessing.get_context("spawn")
    running = [go.Process(target=close, args=(str(fleet / "power"), str(fleet / "state"))) for _ in range(2)]
    for process in running:
        process.start()
    for process in running:
        process.join(120)
    assert [process.exitcode for process in running] == [0, 0]
    assert [r["version"] for r in history(fleet / "state")] == [1, 1]
    assert by_owner(closed(fleet / "state")) == pytest.approx(by_owner(telemetry(fleet / "power")), rel=1e-9)


def test_one_who_waits_too_long_for_the_folder_is_told(fleet):
    from jevons.account.telemetry.store import Store

    with Store(fleet / "state").locked(), pytest.raises(BadInput, match="another process closes"):
        close(fleet / "power", fleet / "state", wait_s=0.1)


KILLED = """
import os, signal, sys
from jevons.account.telemetry import daily
from jevons.core import files
settle, left = files.settle, [int(sys.argv[3])]
def settled(beside, place):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    settle(beside, place)
files.settle = settled
daily.close(sys.argv[1], sys.argv[2])
"""


def test_a_closer_killed_before_any_of_its_files_leaves_the_last_good_version_and_the_next_one_ends_the_work(fleet):
    close(fleet / "power", fleet / "state")
    good = closed(fleet / "state", D2).total()[0]
    write(fleet / "power" / "late.parquet", day("c", 1))
    for file in (1, 2, 3, 2, 3):  # the new samples and their record, which then are kept; two tables of the day, its record
        words = [str(fleet / "power"), str(fleet / "state"), str(file)]
        done = subprocess.run([sys.executable, "-c", KILLED, *words], timeout=120, check=False)
        assert done.returncode == -signal.SIGKILL
        assert closed(fleet / "state", D2).total()[0] == good
    close(fleet / "power", fleet / "state")
    assert len([r for r in history(fleet / "state") if r["day"] == D2]) == 2
    assert closed(fleet / "state", D2).total()[0] > good


def test_a_version_whose_record_was_never_written_does_not_count(fleet):
    close(fleet / "power", fleet / "state")
    (fleet / "state" / "days" / D1 / "v0002.parquet").write_bytes(b"half")
    assert len([r for r in history(fleet / "state") if r["day"] == D1]) == 1
    write(fleet / "power" / "late.parquet", steady("c", 50, BEGAN_US, 7200))
    assert close(fleet / "power", fleet / "state")[0].version == 2
    assert closed(fleet / "state", D1).total()[0] > 0


def test_a_folder_that_cannot_be_written_is_told(fleet):
    Path(fleet / "state").write_text("a file, no folder")
    with pytest.raises(BadInput, match="folder that can be written"):
        close(fleet / "power", fleet / "state")


def test_the_record_of_a_version_says_files_hashes_and_what_was_imputed(fleet):
    close(fleet / "power", fleet / "state", impute="device mean")
    record = json.loads((fleet / "state" / "days" / D1 / "v0001.json").read_text())
    assert len(record["files"]) == 4
    assert set(record["sha256"]) == {"accounts", "hours"}
    assert record["quality"]["imputed_kwh"] >= 0


def test_a_place_that_cannot_be_written_leaves_no_version(fleet):
    (fleet / "state").mkdir()
    (fleet / "state" / "days").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        close(fleet / "power", fleet / "state")
    assert history(fleet / "state") == []
    (fleet / "state" / "days").unlink()
    assert [c.version for c in close(fleet / "power", fleet / "state")] == [1, 1]
