"""The end and the total of a command are foreseen from what it writes, and a budget ends it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios

import pytest

LONG_S = 90
QUICK = """
import sys
from jevons.cli.measure import measuring
measuring.TOLD_EVERY_S = 0.5
from jevons.cli.app import app
app(sys.argv[1:])
"""
WORKS = """
import os, sys, time
for i in range(1, 100000):
    sys.stderr.write(f"\\r  0%| | {i}/100000 [00:00<00:10, 10.0it/s]")
    sys.stderr.flush()
    time.sleep(0.05)
    if os.path.exists(sys.argv[1]):
        break
sys.stdout.write("the last byte")
sys.exit(5)
"""


def home(tmp_path):
    return {**os.environ, "JEVONS_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}


def started(tmp_path, *words, **more):
    return subprocess.Popen([sys.executable, "-c", QUICK, "run", "--at", "France", *words], env=home(tmp_path), cwd=tmp_path,
                            text=True, **more)  # fmt: skip


def call(tmp_path, *words):
    return subprocess.run([sys.executable, "-m", "jevons", "run", *words], env=home(tmp_path), cwd=tmp_path, text=True,
                          capture_output=True, timeout=LONG_S)  # fmt: skip


def journals(tmp_path):
    return [*(tmp_path / "home").rglob("*.jsonl"), *(tmp_path / "home").rglob("*.live")]


def test_end_and_total_of_any_command_are_foreseen_with_an_interval(tmp_path):
    process = started(tmp_path, "--progress", "bar", "--", sys.executable, "-c", WORKS, str(tmp_path / "enough"),
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    said = next(line for line in process.stderr if "jevons: " in line and " left [" in line)
    (tmp_path / "enough").touch()
    out, _ = process.communicate(timeout=LONG_S)
    assert "in all" in said
    assert "kg CO2e [" in said
    assert out == "the last byte"
    assert process.returncode == 5


def test_what_is_drawn_on_a_terminal_is_drawn_there_and_read(tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 200))
    process = started(tmp_path, "--progress", "bar", "--", sys.executable, "-c", f"import sys; assert sys.stderr.isatty()\n{WORKS}",
                      str(tmp_path / "enough"), stdout=theirs, stderr=theirs)  # fmt: skip
    os.close(theirs)
    got = b""
    while b" left [" not in got:
        got += os.read(ours, 4096)
    (tmp_path / "enough").touch()
    try:
        while more := os.read(ours, 4096):
            got += more
    except OSError:
        pass
    assert process.wait(LONG_S) == 5
    assert b"\r\x1b[Kjevons: " in got
    assert b"the last byte" in got
    os.close(ours)


ENDS = """
import signal, sys, time
def end(number, frame):
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
for i in range(1, 100000):
    print(f"step {i}/100000", flush=True)
    time.sleep(0.05)
"""


def test_a_spent_budget_asks_the_command_to_end_and_lets_it_save(tmp_path):
    done = call(tmp_path, "--at", "France", "--progress", r"step (\d+)/(\d+)", "--budget", "1e-9 kg", "--stop", "--period", "0.1", "--",
                sys.executable, "-c", ENDS)  # fmt: skip
    assert done.stdout.splitlines()[-1] == "saved"
    assert "its budget is 1e-09 kg" in done.stderr
    assert done.returncode == 130


def test_a_budget_that_will_not_hold_is_told_while_the_command_goes_on(tmp_path):
    process = started(tmp_path, "--progress", "bar", "--budget", "0.001 kg", "--", sys.executable, "-c", WORKS,
                      str(tmp_path / "enough"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert any("is on its way to" in line for line in process.stderr)
    (tmp_path / "enough").touch()
    process.communicate(timeout=LONG_S)
    assert process.returncode == 5


@pytest.mark.parametrize(
    ("words", "mend"),
    [(["--", "no-such-program-at-all"], "name a program"), (["--", "./no-program"], "Exec format error"), (["--", "./"], "name a program"),
     (["--progress", "((", "--", "ls"], "regular expression"), (["--progress", r"(\d+)", "--", "ls"], "say the work in all"),
     (["--total", "30", "--", "ls"], "--progress"), (["--progress", "bar", "--pid", "1"], "started here"),
     (["--budget", "5 apples", "--", "ls"], "budget"), (["--listen", "203.0.113.1:9", "--at", "France", "--", "ls"], "port"),
     (["--container", "x", "--budget", "5 kg", "--stop"], "runtime")],
)  # fmt: skip
def test_what_cannot_begin_leaves_no_journal(tmp_path, words, mend):
    (tmp_path / "no-program").write_bytes(b"\x00\x01\x02")
    (tmp_path / "no-program").chmod(0o755)
    done = call(tmp_path, *words)
    assert done.returncode == 2
    assert mend in done.stderr
    assert journals(tmp_path) == []


def test_without_progress_in_the_output_none_is_foreseen_and_nothing_changes(tmp_path):
    done = call(tmp_path, "--json", "--at", "France", "--progress", "bar", "--", sys.executable, "-c", "print('hello')")
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert json.loads(done.stderr)["footprint"]["indicators"]


def test_what_goes_wrong_in_the_telling_costs_neither_the_exit_code_nor_what_was_measured(tmp_path):
    done = call(tmp_path, "--at", "France", "--save", str(tmp_path / "no" / "such" / "folder.json"), "--", "sh", "-c", "exit 6")
    assert done.returncode == 6
    assert "name a place that can be written" in done.stderr
    assert "is kept in the journal of run" in done.stderr
    assert len(journals(tmp_path)) == 1


def test_where_no_meter_answers_that_is_said(monkeypatch, tmp_path, capsys):
    from jevons.cli.measure import track
    from jevons.measure import start

    track.told(start(sensors=[], home=tmp_path).stop(), {})
    assert "nothing was measured, for no meter here gave a reading" in capsys.readouterr().err


def test_where_the_output_cannot_be_read_the_command_runs_as_ever(monkeypatch, tmp_path, capsys):
    from jevons.cli.measure import command
    from jevons.measure import start

    def broken(*args):
        raise OSError("no more descriptors")

    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setattr("jevons.measure.output.Output", broken)
    run = start(sensors=[], home=tmp_path, live={"site": "France"})
    made = command.Command(run, ["sh", "-c", "exit 3"], {"progress": "bar"})
    made.wait()
    assert made.close() == 3
    assert "progress is not read (no more descriptors)" in capsys.readouterr().err
    run.stop()
