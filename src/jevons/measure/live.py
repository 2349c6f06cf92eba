"""Trackers that run at the same time on one machine, so that what they report adds up to it and never to more.

Each keeps a small file: what it claims (the machine, a process tree, a control group), whom it stands inside, and its
devices. Trackers of one claim share a device's energy equally over the time that each was there; a wider one leaves out
what those inside it took. A file outlives its tracker for a minute, so that the others learn when it ended.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from jevons.measure.home import home, made
from jevons.measure.journal import process_start, runs, sight, totals_of

SUFFIX = ".live"
KEPT_NS = 60 * 1_000_000_000
MACHINE = "machine"
IDLE = " idle"


@dataclass(frozen=True)
class Entry:
    """One tracker's file."""

    pid_start: int | None
    devices: tuple[str, ...]
    began_ns: int
    journal: str = ""
    claim: str = MACHINE
    within: tuple[str, ...] = ()
    allotted: dict[str, float] = field(default_factory=dict)
    ended_ns: int | None = None
    energy_uj: dict[str, int] = field(default_factory=dict)  # what it took in all, once it ended

    def overlaps(self, since_ns: int, until_ns: int) -> bool:
        """Whether it was there in any part of the interval."""
        return self.began_ns < until_ns and (self.ended_ns is None or self.ended_ns > since_ns)


class Live:
    """This tracker's file among the others'."""

    def __init__(self, run: str, devices: Sequence[str], folder: Path | None = None, journal: Path | None = None,
                 claim: str = MACHINE, within: Sequence[str] = (), allotted: dict[str, float] | None = None):  # fmt: skip
        self.folder = (folder or home() / "live") / sight()  # a home may be mounted on many machines
        self.path = self.folder / f"{os.getpid()}-{run}{SUFFIX}"
        self.mine = Entry(process_start(os.getpid()), tuple(devices), time.monotonic_ns(), str(journal or ""), claim,
                          tuple(within), allotted or {})  # fmt: skip
        self.others: dict[str, Entry] = {}
        self._known: dict[str, tuple[int, Entry]] = {}
        self._inside: dict[str, tuple[Entry, dict[str, int]]] = {}
        with suppress(OSError):
            made(self.folder, self.folder.parent.parent)
        self._put(self.mine)
        self.look()

    def look(self) -> None:
        """See who is there now, once a sample."""
        self.others = {}
        try:
            entries = [e for e in os.scandir(self.folder) if e.name.endswith(SUFFIX) and e.name != self.path.name]
        except OSError:
            return
        for entry in entries:
            with suppress(OSError, ValueError, TypeError, KeyError):
                found = self._read(entry)
                if found is not None:
                    self.others[entry.name] = found
                    if self.mine.claim in found.within:
                        self._notice(entry.name, found)

    def part(self, device: str, energy_uj: int, since_ns: int, until_ns: int) -> int:
        """This tracker's part of a device's energy in an interval, beside those of the same claim."""
        same = {n: e for n, e in self.others.items()
                if e.claim == self.mine.claim and device in e.devices and e.overlaps(since_ns, until_ns)}  # fmt: skip
        if not same:
            return energy_uj
        if all(e.began_ns <= since_ns and e.ended_ns is None for e in same.values()):
            return portion(energy_uj, len(same) + 1, sorted([*same, self.path.name]).index(self.path.name))
        return int(energy_uj * equal_share(since_ns, until_ns, same.values()))

    def cut(self, kind: str, share: float) -> float:
        """What is left of an allotted share (cores, memory, a device) where several claims side by side want more
        than there is."""
        beside = {e.claim: e.allotted.get(kind, float(kind in e.devices)) for e in self.others.values() if self._beside(e)}
        return share / max(share + sum(beside.values()), 1.0)

    def taken(self) -> dict[str, int]:
        """Microjoules by device that trackers inside this one took since the last call."""
        sums: dict[str, int] = {}
        for name, (entry, before) in list(self._inside.items()):
            now = entry.energy_uj if entry.ended_ns is not None else totals_of(Path(entry.journal))
            for device, energy in now.items():
                outer = device if device in self.mine.devices else device.removesuffix(IDLE)
                if outer in self.mine.devices:
                    sums[outer] = sums.get(outer, 0) + energy - before.get(device, 0)
            self._inside[name] = entry, {**before, **now}
            if name not in self.others:
                del self._inside[name]  # gone, and its last word is taken
        return {device: energy for device, energy in sums.items() if energy > 0}

    def close(self, energy_uj: dict[str, int] | None = None) -> None:
        """Leave; the file stays a while where somebody needs to know."""
        self.look()
        concerned = (self.mine.claim, *self.mine.within)
        if any(e.claim in concerned and e.ended_ns is None for e in self.others.values()):
            self._put(replace(self.mine, ended_ns=time.monotonic_ns(), energy_uj=energy_uj or {}))
            return
        with suppress(OSError):
            self.path.unlink()

    def _put(self, entry: Entry) -> None:
        with suppress(OSError):
            staged = self.path.with_suffix(".new")
            staged.write_text(json.dumps(asdict(entry)))
            staged.replace(self.path)

    def _read(self, entry: os.DirEntry[str]) -> Entry | None:
        """A tracker's file; None (and removed) where its process is gone, or it ended a while ago."""
        stamp = entry.stat().st_mtime_ns
        known = self._known.get(entry.name)
        if known is None or known[0] != stamp:
            read: dict[str, Any] = json.loads(Path(entry.path).read_text())
            read["devices"], read["within"] = tuple(read["devices"]), tuple(read["within"])
            known = stamp, Entry(**read)
            self._known[entry.name] = known
        found = known[1]
        if found.ended_ns is not None:
            stale = not 0 <= time.monotonic_ns() - found.ended_ns <= KEPT_NS
        else:
            stale = not runs(int(entry.name.partition("-")[0]), found.pid_start)
        if stale:
            os.unlink(entry.path)
            self._known.pop(entry.name, None)
        return None if stale else found

    def _notice(self, name: str, entry: Entry) -> None:
        """Keep account of a tracker inside this one: from now where it was there before, else from its start."""
        if name in self._inside:
            self._inside[name] = entry, self._inside[name][1]
        elif entry.began_ns < self.mine.began_ns:
            self._inside[name] = entry, dict(entry.energy_uj) or totals_of(Path(entry.journal))
        else:
            self._inside[name] = entry, {}

    def _beside(self, entry: Entry) -> bool:
        mine = self.mine
        apart = entry.claim not in (mine.claim, MACHINE, *mine.within) and mine.claim not in entry.within
        return apart and entry.ended_ns is None


def portion(energy_uj: int, sharers: int, place: int) -> int:
    """This tracker's part of an interval's energy: equal parts, the remainder to the first places."""
    part, rest = divmod(energy_uj, sharers)
    return part + (1 if place < rest else 0)


def equal_share(since_ns: int, until_ns: int, others: Iterable[Entry]) -> float:
    """Share of an interval that falls to one who was there throughout: ∫ dt / (1 + others there at t), over its length."""
    there = [e for e in others if e.overlaps(since_ns, until_ns)]
    moves = (t for e in there for t in (e.began_ns, e.ended_ns) if t and since_ns < t < until_ns)
    spans = itertools.pairwise(sorted({since_ns, until_ns, *moves}))
    return sum((b - a) / (1 + sum(e.overlaps(a, b) for e in there)) for a, b in spans) / max(until_ns - since_ns, 1)
