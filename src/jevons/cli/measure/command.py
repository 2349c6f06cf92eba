"""The command of ``jevons run -- CMD``: started, its output read beside it where asked, signals passed on, its exit code kept."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from shutil import which
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.measure import Run
    from jevons.measure.output import Output
    from jevons.measure.progress import Following, Progress

PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Schedulers and terminals send them to us; what they mean is the command's to know."""
CUT_SHORT = 130
PATIENCE_S, GRACE_S = 5.0, 60.0


def refuse_absent(command: Sequence[str]) -> None:
    """A program that is not there is said before anything is measured."""
    if which(command[0]) is None:
        raise BadInput("command", command[0], "name a program that can be run")


def progress(given: Mapping[str, Any]) -> Progress | None:
    """How the command's output tells how far it has come; None where that was not asked for."""
    from jevons.measure.progress import Progress

    if given.get("progress") and sys.platform == "win32":
        raise BadInput("--progress", given["progress"], "it reads pipes and terminals as Unix has them: leave it out here")
    if not given.get("progress"):
        if given.get("total"):
            raise BadInput("--total", given["total"], "say how progress is told: --progress bar, or a pattern")
        return None
    return Progress(given["progress"], given.get("total"))


class Command:
    """A command that is measured. Errors: BadInput where it cannot be started; then no journal is left."""

    def __init__(self, run: Run, words: Sequence[str], given: Mapping[str, Any]):
        from jevons.measure.progress import Following

        self.run, self.child, self._early = run, None, list[int]()
        told = progress(given)
        self.output = _output() if told is not None else None
        self.following: Following | None = None
        if told is not None and self.output is not None and run.report is not None:
            self.following = Following(run.report, told, self.output.read)
        self._take_signals()
        self.child = self._started(words)
        for number in self._early:
            self.child.send_signal(number)

    child: subprocess.Popen[bytes] | None

    def look(self) -> bool:
        """Whether it still runs; how far it has come is read."""
        if self.following is not None:
            self.following.look()
        return self.child is not None and self.child.poll() is None

    def wait(self) -> None:
        """Until it has ended."""
        assert self.child is not None
        self.child.wait()

    def close(self) -> int:
        """The last byte passed on; its exit code, 128 and the number where a signal ended it."""
        assert self.child is not None
        if self.output is not None:
            self.look()
            self.output.close()
        code = self.child.wait()
        return code if code >= 0 else 128 - code

    def end(self) -> int:
        """End it after a Ctrl-C, which a terminal has sent to it already, or because its budget is spent."""
        assert self.child is not None
        if self.run.report is not None and any(excess.kind == "spent" for excess in self.run.report.told):
            return self._spent(self.child)
        try:
            self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.send_signal(signal.SIGINT)
            self.child.wait()
        self.close()
        return CUT_SHORT

    def _spent(self, child: subprocess.Popen[bytes]) -> int:
        from jevons.measure.ending import end

        if not end(child.pid, GRACE_S):
            show.say(f"jevons: the command did not end within {GRACE_S:g} s of SIGTERM and was killed")
        return self.close() or CUT_SHORT

    def _started(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        given: dict[str, Any] = self.output.given if self.output is not None else {}
        try:
            return subprocess.Popen(words, **given)
        except OSError as trouble:
            self.run.drop()
            raise BadInput("command", words[0], f"name a program that can be run ({trouble.strerror})") from None
        finally:
            if self.output is not None:
                self.output.launched()

    def _take_signals(self) -> None:
        for name in PASSED_ON:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._pass_on)
        if self.output is not None and hasattr(signal, "SIGWINCH"):
            signal.signal(signal.SIGWINCH, self._resized)

    def _pass_on(self, number: int, frame: object) -> None:
        if self.child is None:
            self._early.append(number)
        else:
            self.child.send_signal(number)

    def _resized(self, number: int, frame: object) -> None:
        if self.output is not None:
            self.output.resized()
        self._pass_on(number, frame)


def _output() -> Output | None:
    """The command's output, read beside it; None, and that is said, where it cannot be: the work comes first."""
    from jevons.measure.output import Output

    try:
        return Output()
    except OSError as trouble:
        show.say(f"jevons: progress is not read ({trouble}); the command runs as ever")
        return None


def tell(line: str) -> None:
    """A word on stderr; a bar that is being drawn there is wiped first, and draws itself again."""
    with suppress(OSError):
        show.say(f"\r\x1b[K{line}" if sys.stderr.isatty() else line)
