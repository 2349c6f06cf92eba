"""Runs of many ranks and nodes as one Activity, each joule once, whoever else wrote it down too.

    total of a device in an interval = max( max over groups (whole + shared), Σ over groups shared )

A group is the trackers that saw each other (one folder of live files on one machine): these already share a device, so
within it they add up. Groups that did not see each other (containers with a home each) all saw the same device whole, so
only the greatest stands. ``shared``: runs of a process or control group; ``whole``: of the machine. The machine is told by
its kernel's boot id, not by a name that a container may change. Each run's rows are then scaled to its device's total.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.core.errors import BadInput
from jevons.measure.cells import HOUR_S, Cell, to_activity
from jevons.measure.journal import Written, meters_of, read, written
from jevons.measure.live import IDLE

if TYPE_CHECKING:
    from jevons.core.activity import Activity

Key = tuple[str, str, int]  # host, device, hour


@dataclass(frozen=True, slots=True)
class Span:
    """What one run says of a device in an hour: its energy, spread evenly over the time it ran."""

    begin_s: float
    end_s: float
    energy_uj: int
    group: str
    shared: bool

    def within(self, begin_s: float, end_s: float) -> float:
        """Its microjoules in a part of that time."""
        if self.end_s <= self.begin_s:
            return float(self.energy_uj) if begin_s <= self.begin_s < end_s else 0.0
        met = min(self.end_s, end_s) - max(self.begin_s, begin_s)
        return self.energy_uj * max(met, 0.0) / (self.end_s - self.begin_s)


def merged(runs: Iterable[Written | Path] | Path) -> Activity:
    """The runs of these journals, or of a folder's, as one Activity; a column ``host`` tells the nodes apart.

    A journal given twice counts once. Errors: BadInput where there is none; TableError for a file that is none.
    """
    from jevons.core.activity import joined

    books = _books(runs)
    share = shares({book.run: book for book in books}.values())
    parts = [_one(book, share) for book in books]
    return joined([part for part in parts if len(part)] or parts[:1])


def shares(books: Iterable[Written]) -> dict[Key, float]:
    """By host, device and hour: what is to be kept of each run's energy, from 0 to 1."""
    said: dict[Key, list[Span]] = {}
    for book in books:
        for key, span in spans(book):
            said.setdefault(key, []).append(span)
    return {key: total_uj(found) / told for key, found in said.items() if (told := sum(s.energy_uj for s in found))}


def remainder(own: Mapping[Key, Span], coming: Mapping[Key, Sequence[Span]],
              standing: Mapping[Key, Sequence[tuple[Span, float]]]) -> dict[Key, float]:  # fmt: skip
    """What is kept of one run, from 0 to 1, where others were kept before it: (total − Σ kept) / (own + still to come).

    ``coming``: of runs that will be kept after it; ``standing``: of those that are kept, each with the share that stands. As a
    total never falls by one run more, none is counted twice in whatever order and company runs come in.
    """
    found = {}
    for key, span in own.items():
        later, others = coming.get(key, ()), standing.get(key, ())
        told = span.energy_uj + sum(s.energy_uj for s in later)
        if not told or {s.group for s in (*later, *(s for s, _ in others))} <= {span.group}:
            found[key] = 1.0
            continue
        left_uj = total_uj([span, *later, *(s for s, _ in others)]) - sum(share * s.energy_uj for s, share in others)
        found[key] = min(max(left_uj / told, 0.0), 1.0)
    return found


def total_uj(said: Iterable[Span]) -> float:
    """Energy of one device by the module's equation, interval by interval between the times at which runs begin or end."""
    said = list(said)
    edges = sorted({t for s in said for t in (s.begin_s, s.end_s)})
    if len(edges) == 1:
        edges.append(edges[0] + 1.0)
    return sum(_in_interval(said, a, b) for a, b in itertools.pairwise(edges))


def _in_interval(said: Iterable[Span], begin_s: float, end_s: float) -> float:
    both: dict[str, float] = {}
    shared = 0.0
    for span in said:
        energy = span.within(begin_s, end_s)
        both[span.group] = both.get(span.group, 0.0) + energy
        shared += energy if span.shared else 0.0
    return max(shared, *both.values())


def host_of(header: Mapping[str, object]) -> str:
    """The machine a journal was written on: its kernel's boot id, else its name."""
    return str(header.get("boot") or header.get("host") or "")


def _books(runs: Iterable[Written | Path] | Path) -> list[Written]:
    found = written(runs) if isinstance(runs, Path) else (r if isinstance(r, Written) else read(r) for r in runs)
    books = list({book.run: book for book in found}.values())
    if not books:
        raise BadInput("runs", str(runs) if isinstance(runs, Path) else "none", "name at least one journal")
    return books


def spans(book: Written) -> Iterable[tuple[Key, Span]]:
    """What a run says, by host, device and hour; an idle device's energy is the device's."""
    host, start, end = host_of(book.header), float(book.header["t"]), float(book.last["t"])
    shared = book.header.get("share", "whole") != "whole"
    sums: dict[tuple[int, str], int] = {}
    for (hour, device, _), energy in book.cells.items():
        place = hour, device.removesuffix(IDLE)
        sums[place] = sums.get(place, 0) + energy
    for (hour, device), energy in sums.items():
        begin = max(float(hour), start)
        yield (host, device, hour), Span(begin, max(min(hour + HOUR_S, end), begin), energy, book.group, shared)


def _one(book: Written, share: Mapping[Key, float]) -> Activity:
    host, meters = host_of(book.header), meters_of(book.header)
    kept: dict[Cell, int] = {}
    for (hour, device, window), energy in book.cells.items():
        kept[hour, device, window] = round(energy * share.get((host, device.removesuffix(IDLE), hour), 1.0))
    labels = {"run": book.run, "host": str(book.header.get("host", "")), "share": book.header.get("share", "whole"),
              **book.header.get("labels", {})}  # fmt: skip
    return to_activity(kept, meters, float(book.header["t"]), float(book.last["t"]), labels)
