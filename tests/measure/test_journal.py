"""The journal loses at most one flush, whatever happens to its process."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jevons.core.errors import BadInput, TableError
from jevons.measure import journal
from jevons.measure.home import made

METER = {"device": "cpu", "component": "processor", "boundary": "chip", "method": "counter", "sensor": "test"}
WORK = """
import sys, time
from jevons.measure import start
from steady import Steady
run = start(sensors=[Steady(watts=100.0)], period_s=0.05, flush_s=0.2)
print(run.id, flush=True)
{what}
"""


def header(**more):
    return {"t": 1000.0, "m": 0, "pid_start": -1, "labels": {}, "meters": [METER], **more}


def lines(folder):
    return [json.loads(line) for path in (folder / "journal").glob("*.jsonl") for line in path.read_text().splitlines()]


def launched(tmp_path, what):
    """A process that tracks a steady 100 W and then does ``what``."""
    here = str(Path(__file__).parent)
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path), "PYTHONPATH": here}
    return subprocess.Popen([sys.executable, "-c", WORK.format(what=what)], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)  # fmt: skip


def test_flushes_add_and_an_hour_stands_for_them(tmp_path):
    book = journal.create(header(), tmp_path)
    book.append({"kind": "flush", "t": 1010.0, "e": {"cpu": 5}, "d": [[0, "cpu", "", 5]]})
    book.append({"kind": "hour", "t": 1020.0, "e": {"cpu": 7}, "d": [[0, "cpu", "", 7]]})
    book.append({"kind": "flush", "t": 1030.0, "e": {"cpu": 9}, "d": [[0, "cpu", "", 2]]})
    assert journal.read(book.path).cells == {(0, "cpu", ""): 9}


def test_a_torn_last_line_is_left_out(tmp_path):
    book = journal.create(header(), tmp_path)
    book.append({"kind": "flush", "t": 1010.0, "e": {"cpu": 5}, "d": [[0, "cpu", "", 5]]})
    with book.path.open("a") as handle:
        handle.write('{"kind":"flush","t":1020.0,"e":{"cp')
    assert journal.read(book.path).cells == {(0, "cpu", ""): 5}


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "x.jsonl").write_text("hello\n")
    with pytest.raises(TableError, match="this is no journal of jevons"):
        journal.read(tmp_path / "x.jsonl")


def test_recovering_closes_what_was_cut_and_says_what_was_saved(tmp_path):
    book = journal.create(header(), tmp_path)
    book.append({"kind": "flush", "t": 1010.0, "e": {"cpu": 3_600_000_000_000}, "d": [[0, "cpu", "", 3_600_000_000_000]]})
    with book.path.open("a") as handle:
        handle.write('{"kind":"fl')
    (saved,) = journal.recover(tmp_path)
    assert saved == {"run": book.run, "started_utc": "1970-01-01T00:16:40Z", "last_record_utc": "1970-01-01T00:16:50Z",
                     "duration_s": 10.0, "energy_kwh": 1.0, "method": "counter"}  # fmt: skip
    assert journal.read(book.path).closed
    assert journal.recover(tmp_path) == []


def test_a_run_that_still_lives_is_not_recovered(tmp_path):
    journal.create(header(pid_start=journal.process_start(os.getpid())), tmp_path)
    assert journal.recover(tmp_path) == []


def test_a_run_that_another_user_left_is_theirs_to_close(tmp_path, monkeypatch):
    journal.create(header(pid_start=1), tmp_path)
    monkeypatch.setattr(os, "access", lambda path, how: False)
    assert journal.recover(tmp_path) == []
    monkeypatch.undo()
    assert len(journal.recover(tmp_path)) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
@pytest.mark.parametrize(("mode", "inside"), [(0o1777, 0o1777), (0o2775, 0o2775), (0o755, 0o755)])
def test_a_home_that_many_users_may_write_in_lets_them_in_everywhere(tmp_path, mode, inside):
    place = tmp_path / "home"
    place.mkdir()
    place.chmod(mode)
    before = os.umask(0o022)
    try:
        made(place / "live" / "machine", place)
        made(tmp_path / "new" / "journal", tmp_path / "new")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o7777 for path in (place / "live", place / "live" / "machine")} == {inside}
    assert not (tmp_path / "new").stat().st_mode & 0o022
    assert not (tmp_path / "new" / "journal").stat().st_mode & 0o022


def test_a_read_only_folder_is_said_at_the_start(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BadInput, match="JEVONS_HOME: .* name a folder that can be written, e.g. export JEVONS_HOME="):
        journal.create(header(), blocked / "journal")


ACKNOWLEDGED = """
while True:
    with run._lock:  # no sample comes between the record and what is told of it
        run.flush()
        print(sum(run.cells.totals().values()), flush=True)
    time.sleep(0.005)
"""


def told_and_kept(folder, chance):
    """Microjoules that a process told as flushed before it was killed at a random moment, and those its journal holds."""
    process = launched(folder, ACKNOWLEDGED)
    process.stdout.readline()
    time.sleep(chance.uniform(0.1, 0.6))
    process.send_signal(signal.SIGKILL)
    told = [int(line) for line in process.communicate(timeout=60)[0].splitlines(keepends=True) if line.endswith("\n")]
    journal.recover(folder / "journal")
    (book,) = journal.written(folder / "journal")
    return max(told, default=0), sum(book.cells.values())


def test_twenty_kills_at_random_moments_lose_nothing_that_was_flushed(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: told_and_kept(tmp_path / str(i), random.Random(i)), range(20)))
    assert all(kept >= told for told, kept in found)
    assert max(told for told, _ in found) > 0


def killed_at_random(folder, chance):
    """Share that is kept of the 100 W a process drew, from when it said it was up until it is killed."""
    process = launched(folder, "time.sleep(600)")
    process.stdout.readline()
    began = time.monotonic()
    time.sleep(chance.uniform(0.8, 1.6))
    process.send_signal(signal.SIGKILL)
    lived = time.monotonic() - began
    process.wait()
    (saved,) = journal.recover(folder / "journal")
    return saved["energy_kwh"] * 3.6e6 / (100.0 * lived)


def test_twenty_kills_at_random_moments_leave_twenty_journals_with_most_of_the_energy(tmp_path):
    """How much at the worst is a matter of the disk and its load: the benchmark tells."""
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda i: killed_at_random(tmp_path / str(i), random.Random(i)), range(20)))
    assert sorted(kept)[len(kept) // 2] >= 0.5  # each lived 0.8 s and more, and flushed every 0.2 s
    assert all(book.closed for i in range(20) for book in journal.written(tmp_path / str(i) / "journal"))


@pytest.mark.parametrize(
    "what",
    ["time.sleep(0.5); sys.exit(3)", "time.sleep(0.5); raise RuntimeError('boom')", "time.sleep(0.5)",
     "import os, signal; time.sleep(0.5); os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)"],
)  # fmt: skip
def test_an_exit_of_any_kind_writes_the_last_word(tmp_path, what):
    process = launched(tmp_path, what)
    process.communicate(timeout=60)
    assert lines(tmp_path)[-1]["kind"] == "closed"
    (book,) = journal.written(tmp_path / "journal")
    assert book.closed
    assert sum(book.cells.values()) > 40 * 1_000_000


def test_sigterm_still_ends_the_process_by_sigterm(tmp_path):
    process = launched(tmp_path, "time.sleep(600)")
    process.stdout.readline()
    process.terminate()
    assert process.wait(timeout=60) == -signal.SIGTERM


FULL = """
import os, resource, sys, time
from jevons.measure import start
from steady import Steady
run = start(sensors=[Steady(watts=100.0)], period_s=0.05, flush_s=0.1)
time.sleep(0.35)
with run._lock:  # between records: one written by half, or just before the disk fills, would be another size
    size = os.path.getsize(run.journal.path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, resource.RLIM_INFINITY))
while not run._told:  # a flush was refused
    time.sleep(0.01)
with run._lock:
    print(os.path.getsize(run.journal.path) == size, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
time.sleep(0.35)
with run._lock:  # nothing is read or written between the record and what is told
    run.flush()
    print(sum(run.cells.totals().values()), flush=True)
    os._exit(0)
"""


def test_a_disk_that_was_full_for_a_while_costs_nothing_and_leaves_no_torn_line(tmp_path):
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", FULL], env=environment, capture_output=True, text=True, check=True)
    whole, told = done.stdout.split()
    (book,) = journal.written(tmp_path / "journal")
    assert whole == "True"
    assert sum(book.cells.values()) == int(told)
    assert "the journal cannot be written" in done.stderr
    assert all(line["kind"] for line in lines(tmp_path))


def test_a_disk_with_no_room_for_the_header_is_said_at_the_start(tmp_path):
    code = ("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
            "from jevons.measure import start\nfrom steady import Steady\nstart(sensors=[Steady(watts=1.0)])")  # fmt: skip
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "JEVONS_HOME" in done.stderr.splitlines()[-1]
    assert "make room on its disk" in done.stderr


def test_a_journal_that_is_removed_under_a_run_is_told(tmp_path):
    book = journal.create(header(), tmp_path)
    book.path.unlink()
    with pytest.raises(OSError, match="its file was removed"):
        book.append({"kind": "flush"})


@pytest.mark.parametrize("text", ["", "hello\n", '{"kind":"header"}\n', '{"kind":"header","run":"r","pid":"x","t":1,"meters":[]}\n', "\x00\xff" * 900])
def test_files_that_are_no_journals_are_passed_over(tmp_path, text):
    (tmp_path / "x.jsonl").write_bytes(text.encode("latin-1"))
    (tmp_path / "folder.jsonl").mkdir()
    assert journal.recover(tmp_path) == []
    assert journal.left_open(tmp_path) == []
