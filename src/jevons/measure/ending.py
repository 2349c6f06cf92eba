"""A process is asked to end, with all it started; what does not within its grace is ended.

SIGTERM goes to the process alone, for its helpers are its own to end; then to whatever it left behind; SIGKILL to what is
still there after the grace. Only processes seen below it are touched, told by pid and start.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from jevons.measure.process_tree import Key, descendants, read_stat, scan

PROC = Path("/proc")
LOOK_S = 0.1


def end(pid: int, grace_s: float) -> bool:
    """End a process and its descendants; whether they all ended within ``grace_s`` seconds. Linux; elsewhere the process
    alone is sent SIGTERM."""
    found = read_stat(PROC / str(pid))
    if found is None:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
        return True
    root, until, told = found[0], time.monotonic() + grace_s, False
    tree = descendants(scan(Path("/")), {root}).keys() | {root}
    _send({root}, signal.SIGTERM)
    while left := {key for key in tree if _lives(key)}:
        if root not in left and not told:
            _send(left, signal.SIGTERM)
            told = True
        if time.monotonic() > until:
            _send(left, signal.SIGKILL)
            return False
        time.sleep(LOOK_S)
        tree = left | set(descendants(scan(Path("/")), left))
    return True


def _lives(key: Key) -> bool:
    """Whether it is there and no zombie."""
    folder = PROC / str(key[0])
    found = read_stat(folder)
    with suppress(OSError):
        return found is not None and found[0] == key and b") Z " not in (folder / "stat").read_bytes()
    return False


def _send(keys: set[Key], number: signal.Signals) -> None:
    for key in keys:
        if _lives(key):
            with suppress(OSError):
                os.kill(key[0], number)
