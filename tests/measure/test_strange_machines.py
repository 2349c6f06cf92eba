"""Strange machines and stranger programs: measuring goes on, disturbs nobody, and what it kept can be read."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from steady import Steady

import jevons
from jevons.core.errors import TableError
from jevons.measure import journal, live, start, track
from jevons.measure.sensor import Meter, Reading
from jevons.measure.sensors.replay import Replay

J = 1_000_000
LONG_S = 90
HERE = str(Path(__file__).parent)
METER = Meter("gpu-0", "accelerator", "chip", "counter", "replay")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))


def played(*joules, **options):
    """A run over a recorded meter, read only when asked."""
    record = [[Reading("gpu-0", int(j * J), time.monotonic_ns())] for j in joules]
    return start(sensors=[Replay([METER], record)], period_s=86400, **options)


def joules(run):
    return {stage: float(amount[0]) * 3.6e6 for stage, amount in run.activity.by("stage").items()}


def ran(code, tmp_path, *flags, **environment):
    """A program that tracks, in an interpreter of its own."""
    env = {**os.environ, "JEVONS_HOME": str(tmp_path), "PYTHONPATH": HERE, **environment}
    return subprocess.run([sys.executable, *flags, "-c", code], env=env, capture_output=True, text=True, timeout=LONG_S)


def books(tmp_path):
    return list(journal.written(tmp_path / "journal"))


# -- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps_s", [(-3 * 86400,), (3 * 86400,), (3 * 86400, 0), (-7200, 7200, 0)])
def test_a_clock_that_is_set_anew_loses_no_record_even_to_a_kill(monkeypatch, steps_s):
    run = played(0, 10, 20, 30, 40, 50)
    now = time.time()
    for step_s in steps_s:
        monkeypatch.setattr("jevons.measure.tracker.time.time", lambda step_s=step_s: now + step_s)
        run.flush()
    monkeypatch.undo()
    kept = journal.read(run.journal.path)  # as a kill would leave it
    assert sum(kept.cells.values()) == 10 * len(steps_s) * J
    assert now - 5 <= kept.last["t"] <= time.time() + 1
    run.stop()


def test_a_machine_that_slept_goes_on_at_the_hour_it_woke(monkeypatch):
    slept_ns = [0]
    monkeypatch.setattr("jevons.measure.tracker.asleep_ns", lambda: slept_ns[0])
    run = played(0, 10, 20)
    slept_ns[0] = 7 * 3600 * 10**9
    run.flush()
    assert run.ended_s - run.started_s == pytest.approx(7 * 3600, abs=60)
    run.stop()


# -- windows that do not nest --------------------------------------------------------------------------------------


def test_threads_may_end_their_windows_in_any_order(caplog):
    run = played(0, 1, 2, 3, 4, 5, 6)
    opened, closed = threading.Event(), threading.Event()

    def first():
        with run.window("first"):
            opened.set()
            closed.wait(LONG_S)

    def second():
        opened.wait(LONG_S)
        with run.window("second"):
            closed.set()
            one.join(LONG_S)

    with ThreadPoolExecutor(2) as pool:
        one = threading.Thread(target=first)
        one.start()
        pool.submit(second).result(LONG_S)
    run.stop()
    assert sum(joules(run).values()) == pytest.approx(6, abs=2)  # all that was read, in whatever window
    assert run._windows == []
    assert sum("overlapped without nesting" in record.message for record in caplog.records) == 1


def test_many_threads_with_windows_keep_every_joule():
    run = start(sensors=[Steady(watts=100.0)], period_s=0.05)

    def work(number):
        for _ in range(50):
            with run.window(f"thread {number}"):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    run.stop()
    assert run._windows == []
    assert sum(joules(run).values()) == pytest.approx(run.energy_kwh * 3.6e6)


def test_tasks_of_one_event_loop_may_overlap():
    async def task(run, name, begun, waits_for):
        with run.window(name):
            begun.set()
            await waits_for.wait()

    async def main():
        a, b = asyncio.Event(), asyncio.Event()
        with track(sensors=[Steady(watts=100.0)], period_s=0.05) as run:
            await asyncio.gather(task(run, "a", a, b), task(run, "b", b, a))
        return run

    run = asyncio.run(main())
    assert run.over
    assert run._windows == []


# -- ends ----------------------------------------------------------------------------------------------------------


def test_a_second_ctrl_c_while_a_run_ends_loses_nothing(monkeypatch):
    run = played(0, 25)

    def interrupted(timeout=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(run._thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.stop()
    assert journal.read(run.journal.path).closed
    assert run.energy_kwh * 3.6e6 == pytest.approx(25)


POOL = """
import multiprocessing, sys, time
from jevons.measure import start

def work(n):
    from steady import Steady
    run = start(sensors=[Steady(watts=100.0)], period_s=0.05, flush_s=3600)
    time.sleep(0.1)
    return run.id

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2, maxtasksperchild=1) as pool:
        print(*pool.map(work, range(4), chunksize=1))
        pool.close()
        pool.join()
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_a_run_that_a_workers_end_ends_has_its_last_word(tmp_path, method):
    (tmp_path / "pool.py").write_text(POOL)
    env = {**os.environ, "JEVONS_HOME": str(tmp_path), "PYTHONPATH": HERE}
    done = subprocess.run([sys.executable, tmp_path / "pool.py", method], env=env, capture_output=True, text=True, timeout=LONG_S)
    assert sorted(done.stdout.split()) == sorted(book.run for book in books(tmp_path))
    assert len(done.stdout.split()) == 4
    assert all(book.closed and sum(book.cells.values()) > 1 * J for book in books(tmp_path))


PLAIN = "from jevons.measure import track\nfrom steady import Steady\nimport time\nwith track(sensors=[Steady(100.0)]) as run: time.sleep(0.05)"


@pytest.mark.parametrize("flags", [("-O",), ("-OO",), ("-S",), ("-B",), ("-W", "error"), ("-X", "dev")])
def test_any_flag_of_the_interpreter_will_do(tmp_path, flags):
    paths = os.pathsep.join([HERE, str(Path(jevons.__file__).parents[1])])
    done = ran(PLAIN, tmp_path, *flags, PYTHONPATH=paths)
    assert (done.returncode, done.stderr) == (0, "")
    assert [book.closed for book in books(tmp_path)] == [True]


def test_with_input_output_and_errors_closed_nothing_is_written_into_the_journal_but_records(tmp_path):
    code = f"import os\nfor n in (0, 1, 2): os.close(n)\n{PLAIN}\n    assert run.journal.handle > 2\n    os.system('echo hello; echo you >&2')"
    ran(code.replace("time.sleep(0.05)", "\n    time.sleep(0.05)"), tmp_path)
    (book,) = books(tmp_path)
    assert (book.closed, book.broken) == (True, 0)
    assert "hello" not in book.path.read_text()


# -- other people, other machines ----------------------------------------------------------------------------------


def header(**more):
    return {"t": 1000.0, "m": 0, "pid_start": -1, "labels": {}, "meters": [
        {"device": "cpu", "component": "processor", "boundary": "chip", "method": "counter", "sensor": "test"}], **more}  # fmt: skip


def test_a_process_that_may_not_be_looked_at_counts_as_there(tmp_path, monkeypatch):
    monkeypatch.setattr("jevons.measure.journal.process_start", lambda pid: journal.UNKNOWN)
    journal.create(header(pid_start=4711), tmp_path / "journal")
    assert journal.recover(tmp_path / "journal") == []


def test_a_hidden_users_tracker_is_neither_removed_nor_counted_twice(tmp_path, monkeypatch):
    other = live.Live("theirs", ["steady"], tmp_path / "live")
    monkeypatch.setattr("jevons.measure.journal.process_start", lambda pid: journal.UNKNOWN)
    mine = live.Live("mine", ["steady"], tmp_path / "live")
    mine.look()
    assert len(mine.others) == 1
    assert other.path.exists()


def test_a_journal_of_before_the_last_start_of_the_machine_was_cut_though_its_pid_is_taken(tmp_path):
    start_ticks = journal.process_start(os.getpid())
    journal.create(header(pid=os.getpid(), pid_start=start_ticks, boot="another start"), tmp_path)
    assert len(journal.recover(tmp_path)) == (1 if journal.boot_id() else 0)


def test_a_journal_of_another_machine_is_closed_once_it_was_silent_for_a_day(tmp_path):
    book = journal.create(header(host="a pod that is gone", flush_s=10.0), tmp_path)
    assert journal.recover(tmp_path) == []
    os.utime(book.path, (time.time() - 2 * 86400,) * 2)
    assert [row["run"] for row in journal.recover(tmp_path)] == [book.run]


def test_one_that_writes_less_often_than_daily_is_given_ten_of_its_flushes(tmp_path):
    book = journal.create(header(host="elsewhere", flush_s=86400.0), tmp_path)
    os.utime(book.path, (time.time() - 2 * 86400,) * 2)
    assert journal.recover(tmp_path) == []


# -- journals that were hurt ---------------------------------------------------------------------------------------


def flush(t, total, *rows):
    return {"kind": "flush", "t": t, "e": {"cpu": total}, "d": [list(row) for row in rows]}


@pytest.mark.parametrize("hurt", [b'{"kind":"flu\x00\xff', b'{"kind":"flush","t":"noon","e":{},"d":[]}', b'{"kind":"flush","t":1,"d":7}',
                                  b'{"kind":"flush","t":1,"e":{"cpu":"x"},"d":[]}', b'{"kind":"flush","t":1,"e":{},"d":[[0,"cpu","",1.5]]}', b"[]", b""])  # fmt: skip
def test_what_a_broken_line_told_is_made_good_from_the_totals(tmp_path, hurt):
    book = journal.create(header(), tmp_path)
    book.append(flush(1010.0, 5, (0, "cpu", "", 5)))
    book.append(flush(1020.0, 9, (0, "cpu", "", 4)))
    book.append(flush(1030.0, 12, (0, "cpu", "w", 3)))
    first, second, _third, fourth = book.path.read_bytes().splitlines(keepends=True)
    book.path.write_bytes(first + second + hurt + b"\n" + fourth)
    read = journal.read(book.path)
    assert read.broken == 1
    assert read.cells == {(0, "cpu", ""): 9, (0, "cpu", "w"): 3}
    (saved,) = journal.recover(tmp_path)
    assert saved["energy_kwh"] * 3.6e12 == pytest.approx(12)
    assert journal.read(book.path).cells == {(0, "cpu", ""): 9, (0, "cpu", "w"): 3}


def test_one_bad_journal_keeps_none_from_being_recovered(tmp_path):
    good, bad = (journal.create(header(), tmp_path) for _ in range(2))
    good.append(flush(1010.0, 5, (0, "cpu", "", 5)))
    told = {"kind": "header", "run": "r", "pid": 1, "pid_start": -1, "t": 1, "meters": [7], "v": 1, "host": journal.host()}
    bad.path.write_text(json.dumps(told) + '\n{"kind":\n')
    assert good.run in [row["run"] for row in journal.recover(tmp_path)]


def test_a_journal_of_a_newer_jevons_is_left_as_it_is_and_says_what_to_do(tmp_path):
    book = journal.create(header(v=journal.VERSION + 1), tmp_path)
    before = book.path.read_bytes()
    with pytest.raises(TableError, match="written by a newer jevons: update this one"):
        journal.read(book.path)
    assert (journal.recover(tmp_path), journal.left_open(tmp_path), list(journal.written(tmp_path))) == ([], [], [])
    assert book.path.read_bytes() == before


def test_a_word_of_a_meter_that_this_version_does_not_know_is_left_out(tmp_path):
    book = journal.create(header(meters=[{**header()["meters"][0], "colour": "red"}]), tmp_path)
    book.append(flush(1010.0, 5, (0, "cpu", "", 5)))
    assert len(journal.read(book.path).activity) == 1


def test_a_start_never_lists_all_of_a_crowded_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("jevons.measure.journal.MOST_LISTED", 20)
    looked = []
    monkeypatch.setattr("jevons.measure.journal._cut", lambda path: looked.append(path) or True)
    for i in range(50):
        (tmp_path / f"{i}.jsonl").write_text("{}\n")
    assert len(journal.left_open(tmp_path, 10)) == 10
    assert len(journal.left_open(tmp_path)) == 20
    assert len(journal.left_open(tmp_path, None)) == 50


def test_recovering_reads_the_whole_of_those_alone_that_were_cut(tmp_path, monkeypatch):
    for i in range(5):
        book = journal.create(header(), tmp_path)
        book.append(flush(1010.0, 5, (0, "cpu", "", 5)))
        if i:
            book.append({"kind": "closed", "t": 1020.0, "e": {"cpu": 5}, "d": [[0, "cpu", "", 5]]})
    looked, read = [], journal.read
    monkeypatch.setattr("jevons.measure.journal.read", lambda path: looked.append(path) or read(path))
    assert len(journal.recover(tmp_path)) == 1
    assert len(set(looked)) == 1


def test_fifty_thousand_windows_are_kept(tmp_path):
    run = played(*range(0, 4))
    run.sensors[0].close()
    run.sensors.clear()  # what is asked here is the bookkeeping
    for i in range(50_000):
        run.cells.add(run.started_s, "gpu-0", f"window {i}", 1)
    run.stop()
    assert len(journal.read(run.journal.path).cells) == 50_000
    assert len(run.of_window("window 77")) == 1
    assert json.loads(run.journal.path.read_text().splitlines()[-1])["kind"] == "closed"
