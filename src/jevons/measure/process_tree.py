"""A process and everything it started: processor time that is never lost when a child exits, and resident memory.

    Δ = Σ Δown (both scans) + Σ own (new) + max(Σ Δwaited − Σ (own + waited) (gone), 0)

``own``: user and system time of a process; ``waited``: that of the children it has waited for, into which a child's
time moves when it exits. One pass over /proc; where a process has no children, two calls of getrusage do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from jevons.core.errors import BadInput

Key = tuple[int, int]  # pid and start: a pid alone may be reused
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Stat(NamedTuple):
    """One process of a scan: its parent, processor seconds of its own and of children waited for, resident bytes."""

    parent: int
    own_s: float
    waited_s: float
    resident_bytes: int


def spent_s(before: Mapping[Key, Stat], now: Mapping[Key, Stat]) -> float:
    """Processor seconds of a tree between two scans (the module's equation), at least 0."""
    own = waited = gone = 0.0
    for key, stat in now.items():
        was = before.get(key)
        own += max(stat.own_s - was.own_s, 0.0) if was else stat.own_s
        waited += max(stat.waited_s - was.waited_s, 0.0) if was else stat.waited_s
    for key, was in before.items():
        if key not in now:
            gone += was.own_s + was.waited_s
    return own + max(waited - gone, 0.0)


@dataclass
class ProcessTree:
    """The process ``pid`` and its descendants, also those that outlive their parent once they were seen."""

    pid: int = 0
    root: Path = Path("/")
    cpu_s: float = field(default=0.0, init=False)
    resident_bytes: int = field(default=0, init=False)
    members: dict[Key, Stat] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.pid = self.pid or os.getpid()
        self._is_self = self.pid == os.getpid() and self.root == Path("/")
        found = read_stat(self.root / "proc" / str(self.pid))
        if found is None:
            raise BadInput("pid", self.pid, "name a process that runs here (its /proc/<pid>/stat must be readable)")
        self.key: Key = found[0]
        self.members = self._scan()

    @property
    def pids(self) -> set[int]:
        """The process ids of its members at the last scan."""
        return {pid for pid, _ in self.members}

    @property
    def gone(self) -> bool:
        """Whether its root has ended; one that nobody waited for has."""
        folder = self.root / "proc" / str(self.pid)
        found = read_stat(folder)
        try:
            return found is None or found[0] != self.key or b") Z " in (folder / "stat").read_bytes()
        except OSError:
            return True

    def update(self) -> None:
        """Take what was spent since the last call."""
        now = self._scan()
        self.cpu_s += spent_s(self.members, now)
        self.members = now
        self.resident_bytes = sum(stat.resident_bytes for stat in now.values())

    def ancestors(self) -> list[Key]:
        """The processes above it, nearest first."""
        above, pid = [], self.pid
        while found := read_stat(self.root / "proc" / str(pid)):
            if found[0] != self.key:
                above.append(found[0])
            pid = found[1].parent
        return above

    def _scan(self) -> dict[Key, Stat]:
        if self._is_self and set(self.members) <= {self.key} and childless():
            return {self.key: self._itself()}
        table = scan(self.root)
        if self._is_self:
            table[self.key] = self._itself()
        return descendants(table, {self.key, *self.members})

    def _itself(self) -> Stat:
        """This process to the microsecond, where /proc counts ticks."""
        import resource  # here, for it is not on every platform

        own, waited = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        resident = int((self.root / "proc/self/statm").read_bytes().split()[1]) * PAGE_BYTES
        return Stat(os.getppid(), own.ru_utime + own.ru_stime, waited.ru_utime + waited.ru_stime, resident)


def childless() -> bool:
    """Whether this process has no child, running or waiting to be waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def descendants(table: Mapping[Key, Stat], roots: set[Key]) -> dict[Key, Stat]:
    """The roots that live and all below them."""
    below: dict[int, list[Key]] = {}
    for key, stat in table.items():
        below.setdefault(stat.parent, []).append(key)
    found: dict[Key, Stat] = {}
    open_keys = [key for key in roots if key in table]
    while open_keys:
        key = open_keys.pop()
        if key not in found:
            found[key] = table[key]
            open_keys += below.get(key[0], [])
    return found


def scan(root: Path) -> dict[Key, Stat]:
    """Every process that can be read."""
    table = {}
    for entry in os.scandir(root / "proc"):
        if entry.name.isdigit() and (found := read_stat(entry.path)):
            table[found[0]] = found[1]
    return table


def read_stat(folder: str | Path) -> tuple[Key, Stat] | None:
    """A process from its folder in /proc; None where it is gone or cannot be read."""
    try:
        handle = os.open(f"{folder}/stat", os.O_RDONLY)
        try:
            text = os.read(handle, 4096)
        finally:
            os.close(handle)
        words = text[text.rindex(b")") + 2 :].split()
        own, waited = int(words[11]) + int(words[12]), int(words[13]) + int(words[14])
        key = int(text[: text.index(b" ")]), int(words[19])
        return key, Stat(int(words[1]), own / TICKS_PER_S, waited / TICKS_PER_S, int(words[21]) * PAGE_BYTES)
    except (OSError, ValueError, IndexError):
        return None
