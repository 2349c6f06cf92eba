"""Homes that metered one machine: what each journal says of it is kept beside its runs, so that no joule is counted again.

A home is a folder of journals whose trackers saw each other. Those of another home (another container) saw the same devices
whole. It does not matter in which order, in which company or on which day their journals are imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jevons.account.ledger.machines import Machine, Said
    from jevons.measure.journal import Written
    from jevons.measure.merge import Key, Span

AGREE = 1e-9
"""A share that differs by less from the one that stands is the same one."""


def header(path: Path) -> Mapping[str, Any] | None:
    """The first record of a journal; None for a file that is none."""
    try:
        with path.open("rb") as handle:
            found = json.loads(handle.readline(1 << 20))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("kind") == "header" else None


def coming(paths: Iterable[Path]) -> dict[str, Written]:
    """By run, the journals of machines that more than one group of trackers wrote of: all of them are still to be kept."""
    from jevons.measure.journal import read
    from jevons.measure.merge import host_of

    groups: dict[str, set[str]] = {}
    files: dict[str, list[Path]] = {}
    for path in paths:
        if (told := header(path)) is not None:
            groups.setdefault(host_of(told), set()).add(str(told.get("group", "")))
            files.setdefault(host_of(told), []).append(path)
    return {book.run: book for host, own in files.items() if len(groups[host]) > 1 for book in map(read, own)}


def said(book: Written, machine: Machine, pending: Mapping[str, Written]) -> list[Said]:
    """What a journal says of its machine, and the share of each device and hour that no other run has been given.

    ``pending``: journals that will be kept after it, by run. An older copy of a journal takes nothing back.
    """
    from jevons.account.ledger.machines import Said
    from jevons.measure.merge import remainder, spans

    own, later = dict(spans(book)), _by_key(pair for run, other in pending.items() if run != book.run for pair in spans(other))
    known = machine.standing(_hour(key) for key in own)
    others = _by_key((_key(book, one), (_span(one), one.share)) for one in known if one.run != book.run and one.run not in pending)
    before = {_key(book, one): one for one in known if one.run == book.run}
    shares = remainder(own, later, others)
    return [_settled(Said(book.run, _hour(key), key[1], span.group, span.shared, span.begin_s, span.end_s, span.energy_uj, shares[key]),
                     before.get(key)) for key, span in own.items()]  # fmt: skip


def shares(book: Written, told: Iterable[Said]) -> dict[Key, float]:
    """The share of each device and hour, by the journal's own names for them."""
    return {_key(book, one): one.share for one in told}


def _settled(now: Said, old: Said | None) -> Said:
    from dataclasses import replace

    if old is None:
        return now
    return old if old.end_s > now.end_s else replace(now, share=old.share) if abs(old.share - now.share) <= AGREE else now


def _by_key(pairs: Iterable[tuple[Key, Any]]) -> dict[Key, list[Any]]:
    found: dict[Key, list[Any]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return found


def _hour(key: Key) -> int:
    from jevons.measure.cells import HOUR_S

    return key[2] // HOUR_S


def _key(book: Written, one: Said) -> Key:
    from jevons.measure.cells import HOUR_S
    from jevons.measure.merge import host_of

    return host_of(book.header), one.device, one.hour * HOUR_S


def _span(one: Said) -> Span:
    from jevons.measure.merge import Span

    return Span(one.begin_s, one.end_s, one.energy_uj, one.group, one.shared)
