"""What a command writes, read beside it: its output goes where it went, and nothing here can hold it up or lose a byte.

A file is written by the command itself and only looked at. A pipe, or a terminal (which stays one for the command, so that
bars are drawn), is passed on by a small program (`relay`) that outlives us. Output and errors that go to one place keep
their order.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jevons.measure import relay

STREAMS = (1, 2)
MOST = 1 << 16


class Stream(Protocol):
    """One place that a command writes to."""

    child: int | None  # what the command is given; None: our own

    def read(self) -> bytes:
        """What was written since the last call, its end where that is much."""
        ...

    def close(self) -> None:
        """The command has ended: wait until all it wrote has arrived."""
        ...


@dataclass
class InFile:
    """A file, looked at from where it ended when the command began."""

    handle: int
    at: int
    child: int | None = None

    def read(self) -> bytes:
        """What was added; a file cut short meanwhile is read from its start."""
        size = os.fstat(self.handle).st_size
        self.at = self.at if self.at <= size else 0
        begin = max(self.at, size - MOST)
        found = os.pread(self.handle, size - begin, begin)
        lead = b"\n" if begin > self.at else b""
        self.at = begin + len(found)
        return lead + found

    def close(self) -> None:
        """Give the file back."""
        os.close(self.handle)


@dataclass
class Relayed:
    """A pipe or a terminal before the real one, and the program that passes on."""

    target: int
    terminal: bool
    child: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        source, self.child = _terminal(self.target) if self.terminal else os.pipe()
        self._name = os.ttyname(self.child) if self.terminal else ""
        self._told, told = os.pipe()
        over, self._over = os.pipe()
        os.set_blocking(self._told, False)
        words = [sys.executable, "-I", "-S", relay.__file__, str(told), str(over)]
        self._program = subprocess.Popen(words, stdin=source, stdout=self.target, stderr=subprocess.DEVNULL, cwd="/",
                                         pass_fds=(told, over), start_new_session=True)  # fmt: skip
        for end in (source, told, over):
            os.close(end)

    def read(self) -> bytes:
        """What was shown since the last call."""
        found = b""
        with suppress(BlockingIOError):
            while len(found) < MOST and (more := os.read(self._told, MOST)):
                found += more
        return found

    def resized(self) -> None:
        """The real terminal has another size: so has the command's."""
        if self._name:
            with suppress(OSError):
                theirs = os.open(self._name, os.O_RDWR | os.O_NOCTTY)
                _same_size(self.target, theirs)
                os.close(theirs)

    def close(self) -> None:
        """Wait for the last byte to be passed on; what the command left running is passed on without us."""
        os.close(self._over)
        os.set_blocking(self._told, True)
        while os.read(self._told, MOST):
            pass
        os.close(self._told)


class Output:
    """A command's output and errors: ``given`` goes to ``subprocess.Popen``; call ``launched`` once it is there."""

    def __init__(self, streams: Sequence[int] = STREAMS):
        _hold_standard_descriptors()
        self._by_place: dict[tuple[int, int], Stream] = {}
        self._of = {number: self._stream(number) for number in streams}

    @property
    def given(self) -> dict[str, int | None]:
        """Where the command is to write, as keywords of Popen."""
        return {name: self._of[number].child for name, number in zip(("stdout", "stderr"), STREAMS, strict=True)}

    def launched(self) -> None:
        """The command has its ends (or cannot be started): ours are closed."""
        for stream in self._by_place.values():
            if stream.child is not None:
                os.close(stream.child)

    def read(self) -> dict[int, str]:
        """What was written since the last call, by place; an empty text where nothing was."""
        return {i: stream.read().decode(errors="replace") for i, stream in enumerate(self._by_place.values())}

    def resized(self) -> None:
        """Pass on the size of the terminal."""
        for stream in self._by_place.values():
            if isinstance(stream, Relayed):
                stream.resized()

    def close(self) -> None:
        """The command has ended: nothing it wrote is lost."""
        for stream in self._by_place.values():
            stream.close()

    def _stream(self, number: int) -> Stream:
        found = os.fstat(number)
        place = found.st_dev, found.st_ino
        if place not in self._by_place:
            self._by_place[place] = (_in_file(number) if stat.S_ISREG(found.st_mode) else None) or Relayed(number, os.isatty(number))
        return self._by_place[place]


def _hold_standard_descriptors() -> None:
    """Where input, output or errors are closed, none of our pipes may take their numbers."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= max(STREAMS):
        os.set_inheritable(handle, True)
    os.close(handle)


def _in_file(number: int) -> InFile | None:
    """The file behind a descriptor, opened to be read; None where it may not."""
    try:
        handle = os.open(Path("/proc/self/fd") / str(number), os.O_RDONLY)
        return InFile(handle, os.fstat(handle).st_size)
    except OSError:
        return None


def _terminal(like: int) -> tuple[int, int]:
    """(our end, the command's) of a terminal as wide as another, which changes nothing of what passes."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    _same_size(like, ours)
    return ours, theirs


def _same_size(like: int, of: int) -> None:
    import fcntl
    import termios

    with suppress(OSError):
        fcntl.ioctl(of, termios.TIOCSWINSZ, fcntl.ioctl(like, termios.TIOCGWINSZ, b"\0" * 8))
