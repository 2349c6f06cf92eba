"""Passes on what a command writes, untouched, and shows the same to whoever measures it, as far as they keep up.

A program of its own, of the standard library alone (``python -I -S relay.py TOLD OVER``, the source on its standard input,
the target on its output): so no work of ours ever holds the command up, and one whose measuring was killed writes on.
TOLD closes once the command has ended (the other end of OVER is closed) and all it wrote was passed on.
"""

from __future__ import annotations

import os
import select
import sys

CHUNK = 1 << 16
WHOLE = 4096
"""A pipe takes so much at once or nothing of it (PIPE_BUF)."""
SOURCE, TARGET = 0, 1


def relay(told: int, over: int) -> None:
    """Pass on until the source ends; where the target takes no more, the source is closed, as the target was."""
    os.set_blocking(told, False)
    poll, missed = select.poll(), False
    poll.register(SOURCE, select.POLLIN)
    poll.register(over, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if SOURCE in ready:
            chunk = taken(SOURCE)
            if not chunk or not passed_on(TARGET, chunk):
                return
            missed = not shown(told, chunk, missed)
        elif over in ready:
            poll.unregister(over)
            os.close(told)
            told = -1  # what the command left running may write on


def taken(source: int) -> bytes:
    """The next bytes; none at its end, which a terminal tells by an error."""
    try:
        return os.read(source, CHUNK)
    except OSError:
        return b""


def passed_on(target: int, chunk: bytes) -> bool:
    """Whether the target took all of it, however long it lets us wait."""
    left = memoryview(chunk)
    while left:
        try:
            left = left[os.write(target, left) :]
        except BlockingIOError:
            select.select([], [target], [])
        except OSError:
            return False
    return True


def shown(told: int, chunk: bytes, missed: bool) -> bool:
    """Show the end of it; False where nobody takes it now. What was left out is a line's end."""
    lead = b"\n" if missed or len(chunk) > WHOLE - 1 else b""
    try:
        return told >= 0 and os.write(told, lead + chunk[-(WHOLE - 1) :]) > 0
    except OSError:
        return False


if __name__ == "__main__":
    relay(int(sys.argv[1]), int(sys.argv[2]))
