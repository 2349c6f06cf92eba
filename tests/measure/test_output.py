"""A command's output is read beside it: untouched, to its last byte, in order, and nothing of ours can hold it up."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from jevons.measure import relay
from jevons.measure.ending import end
from jevons.measure.journal import process_start

LONG_S = 60
AROUND = """
import subprocess, sys
from jevons.measure.output import Output
output = Output()
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], **output.given)
output.launched()
child.wait()
{before}
seen = "".join(output.read().values())
output.close()
with open(sys.argv[2], "w", newline="") as file:
    file.write(seen)
sys.exit(child.returncode)
"""


def around(code, seen, before="", **more):
    """A program that runs ``code`` in a child under Output; what was shown lands in the file ``seen``."""
    words = [sys.executable, "-c", AROUND.format(before=before), code, str(seen)]
    return subprocess.Popen(words, **more)


def drained(terminal):
    """All that comes out of a pseudo-terminal until its other end is closed."""
    got = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            return got
        if not chunk:
            return got
        got += chunk


BYTES = "import os\nfor i in range(3000): os.write(1, bytes(range(256)))"


def test_every_byte_passes_a_pipe_untouched_and_the_exit_code_is_the_commands(tmp_path):
    process = around(BYTES + "\nraise SystemExit(7)", tmp_path / "seen", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=LONG_S)
    assert out == bytes(range(256)) * 3000
    assert err == b""
    assert process.returncode == 7


def test_a_file_is_written_by_the_command_itself_and_only_its_news_are_read(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"37/100 of an earlier day\n")
    with log.open("ab") as handle:
        code = "import os, sys; print(os.readlink('/proc/self/fd/1')); print('news', file=sys.stderr)"
        process = around(code, tmp_path / "seen", stdout=handle, stderr=handle)
        assert process.wait(LONG_S) == 0
    first, *rest = log.read_text().splitlines()
    assert first == "37/100 of an earlier day"
    assert sorted(rest) == sorted([str(log), "news"])
    assert sorted((tmp_path / "seen").read_text().split()) == sorted([str(log), "news"])


def test_only_the_end_of_a_file_that_grew_much_is_read(tmp_path):
    with (tmp_path / "log").open("wb") as handle:
        process = around("import os\nfor _ in range(100): os.write(1, b'x' * 9999 + b'\\n')\nprint('last')", tmp_path / "seen", stdout=handle)
        assert process.wait(LONG_S) == 0
    assert (tmp_path / "log").stat().st_size == 1_000_005
    seen = (tmp_path / "seen").read_text()
    assert seen.endswith("last\n")
    assert len(seen) < 70_000


def test_errors_and_output_of_one_place_keep_their_order(tmp_path):
    code = "import os\nfor i in range(500): os.write(1 + i % 2, b'%d\\n' % i)"
    process = around(code, tmp_path / "seen", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.communicate(timeout=LONG_S)[0].split() == [b"%d" % i for i in range(500)]


def test_a_terminal_stays_one_for_the_command_and_its_bytes_pass_unchanged(tmp_path):
    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    termios.tcsetwinsize(theirs, (31, 101))
    code = ("import os, sys; print(sys.stdout.isatty(), sys.stderr.isatty(), os.get_terminal_size(1).columns, flush=True);"
            "os.write(2, b'\\r 37%\\x1b[K\\tbar\\n' * 2000); os.write(1, b'the last byte')")  # fmt: skip
    process = around(code, tmp_path / "seen", stdout=theirs, stderr=theirs)
    os.close(theirs)
    got = drained(ours)
    assert process.wait(LONG_S) == 0
    assert got == b"True True 101\n" + b"\r 37%\x1b[K\tbar\n" * 2000 + b"the last byte"


def test_what_the_command_leaves_running_holds_nobody_up_and_goes_on_writing(tmp_path):
    code = ("import subprocess, sys\nprint('mine', flush=True)\n"
            "subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read(); print(\"later\")'])")  # fmt: skip
    process = around(code, tmp_path / "seen", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.wait(LONG_S) == 0  # though what it started lives, until its input ends
    assert process.stdout.readline() == b"mine\n"
    process.stdin.close()
    assert process.stdout.read() == b"later\n"
    process.stdout.close()


def test_a_command_whose_measuring_was_killed_goes_on_and_its_output_arrives(tmp_path):
    code = "import sys\nprint('up', flush=True)\nsys.stdin.readline()\nprint('and on', flush=True)"
    process = around(code, tmp_path / "seen", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.kill()
    process.wait(LONG_S)
    process.stdin.write(b"go\n")
    process.stdin.close()
    assert process.stdout.read() == b"and on\n"
    process.stdout.close()


def test_a_reader_that_goes_away_ends_the_command_as_it_would_have(tmp_path):
    code = "import os\nwhile True: os.write(1, b'y' * 4096)"
    process = around(f"import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n{code}", tmp_path / "seen", stdout=subprocess.PIPE)
    assert process.stdout.read(10) == b"y" * 10
    process.stdout.close()
    assert process.wait(LONG_S) != 0


def test_a_measurer_that_stands_still_never_holds_the_command_up(tmp_path):
    before = "import time"  # what is shown is read only after the command has ended: far more than a pipe holds
    process = around("import os\nfor _ in range(200): os.write(1, b'z' * 65536)\nos.write(1, b'\\nend\\n')", tmp_path / "seen", before,
                     stdout=subprocess.PIPE)  # fmt: skip
    out, _ = process.communicate(timeout=LONG_S)
    assert len(out) == 200 * 65536 + 5
    assert len((tmp_path / "seen").read_bytes()) <= 1 << 17


def test_what_was_not_shown_is_the_end_of_a_line():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    missed, shown = False, 0
    while not missed:
        missed, shown = not relay.shown(writer, b"3" * 4000, missed), shown + 1
    assert os.read(reader, 1 << 20) == b"3" * 4000 * (shown - 1)
    assert relay.shown(writer, b"7/100 [", missed)
    assert os.read(reader, 100) == b"\n7/100 ["
    os.close(reader), os.close(writer)


def test_closed_output_is_no_fault():
    code = ("import os, sys; os.close(1)\nfrom jevons.measure.output import Output\nimport subprocess\noutput = Output()\n"
            "child = subprocess.Popen([sys.executable, '-c', 'pass'], **output.given)\noutput.launched()\n"
            "sys.exit(child.wait())")  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], timeout=LONG_S).returncode == 0


# -- ending ------------------------------------------------------------------------------------------------------------

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def lives(pid, start):
    stat = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return process_start(pid) == start is not None and not stat.startswith("Z")


def test_a_process_that_ends_when_asked_is_given_its_time():
    code = ("import signal, sys, time\ndef last(*_): print('kept', flush=True); sys.exit(0)\nsignal.signal(signal.SIGTERM, last)\n"
            "print('up', flush=True)\ntime.sleep(600)")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        assert end(process.pid, LONG_S)
        assert process.stdout.read() == "kept\n"
    assert process.returncode == 0


def test_one_that_does_not_is_killed_after_its_grace():
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        assert not end(process.pid, 0.2)
    assert process.returncode == -signal.SIGKILL


def test_what_a_shell_leaves_behind_is_ended_too():
    words = ["sh", "-c", f'{sys.executable} -c "import os, time; print(os.getpid(), flush=True); time.sleep(600)"; true']
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as shell:
        pid = int(shell.stdout.readline())
        start = process_start(pid)
        assert lives(pid, start)
        assert end(shell.pid, LONG_S)
        assert not lives(pid, start)


def test_a_process_that_is_gone_needs_no_end():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert end(process.pid, 0.0)


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGTERM, signal.SIGHUP)])
def test_the_relay_is_out_of_reach_of_the_terminals_signals(tmp_path, signals):
    """It lives in a session of its own: what is sent to our group does not reach it."""
    code = ("import signal, sys\nfor n in ('SIGINT', 'SIGTERM', 'SIGHUP'): signal.signal(getattr(signal, n), signal.SIG_IGN)\n"
            "print('up', flush=True)\nsys.stdin.readline()\nprint('still here', flush=True)")  # fmt: skip
    process = around(code, tmp_path / "seen", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout.readline() == b"up\n"
    for number in signals:
        os.killpg(process.pid, number)
    process.stdin.write(b"go\n")
    process.stdin.close()
    assert process.stdout.read() == b"still here\n"
    process.wait(LONG_S)
