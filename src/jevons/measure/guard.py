"""How a process ends, and what becomes of its runs then: flushed at exit and on a signal, forgotten in a forked child."""

from __future__ import annotations

import atexit
import functools
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, Protocol

SIGNALS = ("SIGTERM", "SIGHUP")
"""Signals that end a process without its exit handlers: a scheduler's, and a terminal's that is closed."""


class Stoppable(Protocol):
    """A run, as far as its end goes."""

    _stopped: bool

    def stop(self) -> Any:
        """End it and keep what it has."""
        ...


running: set[Stoppable] = set()
_workers: set[int] = set()


def add(run: Stoppable) -> None:
    """A run that has begun: it ends with its process, also with a worker of multiprocessing, which runs no exit handlers."""
    running.add(run)
    install()
    pools, pid = sys.modules.get("multiprocessing.util"), os.getpid()
    parents = sys.modules.get("multiprocessing.process")
    if pools is not None and parents is not None and parents.parent_process() is not None and pid not in _workers:
        _workers.add(pid)
        pools.Finalize(None, stop_all, exitpriority=100)


def stop_all() -> None:
    """Stop every run of this process."""
    for run in list(running):
        with suppress(Exception):
            run.stop()


def forget_all() -> None:
    """In a forked child: the parent's runs are the parent's."""
    for run in list(running):
        run._stopped = True
    running.clear()


@functools.cache
def install() -> None:
    """Once a process, at its first run."""
    atexit.register(stop_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget_all)
    if threading.current_thread() is threading.main_thread():
        for name in SIGNALS:
            if hasattr(signal, name):
                _before(getattr(signal, name))


def _before(number: int) -> None:
    """Stop all runs before whatever a signal did until now; one that is ignored stays so."""
    then = signal.getsignal(number)
    if then is signal.SIG_IGN or then is None:
        return

    def on_signal(number: int, frame: Any) -> None:
        stop_all()
        if callable(then):
            then(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(number, on_signal)
