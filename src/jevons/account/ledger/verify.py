"""The whole ledger checked: each chain, what is drawn from it, the chain of runs, and an anchor kept outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from jevons.account.ledger import canonical, drawn
from jevons.account.ledger.chain import link_trouble, seal_of
from jevons.account.ledger.schema import MARK, closing, entry, run, run_tag, spread

DRIFT = 1e-9
"""A drawn sum may differ by this share of it from one folded anew: floats were added in another order."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is not as it was written: in which run, at which position, and what."""

    run: str
    position: int | None
    what: str

    def __str__(self) -> str:
        where = f", position {self.position}" if self.position is not None else ""
        return f"{self.run}{where}: {self.what}"


@dataclass
class Report:
    """What was checked and what was found. ``unsealed``: runs with entries that the chain of runs does not hold yet."""

    entries: int = 0
    runs: int = 0
    sealed: int = 0
    unsealed: int = 0
    head: str = ""
    anchored: str = ""
    troubles: list[Trouble] = field(default_factory=list)
    spreads: set[str] = field(default_factory=set)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.troubles

    def add(self, name: str, position: int | None, what: str) -> None:
        """Note a trouble."""
        self.troubles.append(Trouble(name, position, what))


def verified(connection: Connection, anchor: Mapping[str, Any] | None = None) -> Report:
    """Check everything; ``anchor``: what ``anchor.taken`` gave at an earlier time."""
    report = Report()
    seals: dict[str, list[Any]] = {}
    for row in connection.execute(select(closing).order_by(closing.c.position)).mappings():
        seals.setdefault(row["run"], []).append(row)
    known = anchored_marks(anchor)
    kept = {row["run"]: row for row in connection.execute(select(run)).mappings()} if _few(connection) else None
    tags = _tags(connection)
    seen: set[str] = set()
    for name, own in _by_run(connection):
        seen.add(name)
        _run(report, name, own, seals.get(name, []), known.get(name, []), _kept(connection, kept, name), tags.get(name, frozenset()))
    _spreads(connection, report)
    _absent(connection, report, seen, seals, known)
    _seals(report, [row for rows in seals.values() for row in rows], anchor)
    return report


def anchored_marks(anchor: Mapping[str, Any] | None) -> dict[str, list[tuple[int, str]]]:
    """Run → (position, hash) of the open heads that an anchor holds."""
    return {name: [(int(position), head)] for name, (position, head) in anchor["open"].items()} if anchor else {}


def _few(connection: Connection) -> bool:
    return connection.execute(select(run.c.id).offset(200_000).limit(1)).first() is None


def _kept(connection: Connection, kept: Mapping[str, Any] | None, name: str) -> Any:
    return kept.get(name) if kept is not None else connection.execute(select(run).where(run.c.run == name)).mappings().first()


def _tags(connection: Connection) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, tag in connection.execute(select(run.c.run, run_tag.c.tag).join(run, run.c.id == run_tag.c.run_id)):
        found.setdefault(name, set()).add(tag)
    return {name: frozenset(own) for name, own in found.items()}


def _by_run(connection: Connection) -> Iterator[tuple[str, Iterator[Any]]]:
    told = connection.execute(select(entry).order_by(entry.c.run, entry.c.position, entry.c.id).execution_options(yield_per=2000))
    return groupby(told.mappings(), key=lambda row: row["run"])


def _run(report: Report, name: str, entries: Iterable[Any], seals: list[Any], marks: list[tuple[int, str]], kept: Any,
         tags: frozenset[str]) -> None:  # fmt: skip
    heads: dict[int, str | None] = dict.fromkeys([*(seal["entries"] for seal in seals), *(position for position, _ in marks)])
    walk, state = _walk(report, name, entries, heads), None
    try:
        state = drawn.fold(name, walk, seals[-1]["entries"] if seals else 0, report.spreads)
    except (ValueError, KeyError, TypeError, AttributeError):
        report.add(name, None, "altered: an entry's content cannot be read")
    last = sum(1 for _ in walk) + (state.entries if state else 0)
    own = name.startswith(MARK)
    report.runs += not own
    for seal in seals:
        _holds(report, name, heads, seal["entries"], seal["head"], "the chain of runs")
    for position, head in marks:
        _holds(report, name, heads, position, head, "the anchor")
    report.unsealed += not own and (not seals or seals[-1]["entries"] < last)
    if state is not None:
        _drawn(report, name, state, kept, tags)


def _walk(report: Report, name: str, entries: Iterable[Any], heads: dict[int, str | None]) -> Iterator[Any]:
    """The entries, each checked as it passes; ``heads`` takes the hashes at the positions it asks for."""
    previous, expected = canonical.GENESIS, 1
    for row in entries:
        report.entries += 1
        if trouble := link_trouble(row, expected, previous):
            report.add(name, row["position"], trouble)
        if row["position"] in heads and heads[row["position"]] is None:
            heads[row["position"]] = row["hash"]
        previous, expected = row["hash"], row["position"] + 1
        yield row


def _holds(report: Report, name: str, heads: Mapping[int, str | None], position: int, head: str, whose: str) -> None:
    if heads[position] is None:
        report.add(name, position, f"dropped: {whose} holds this entry, the run does not")
    elif heads[position] != head:
        report.add(name, position, f"re-written: its hash is not the one {whose} holds")


def _drawn(report: Report, name: str, state: drawn.RunState, kept: Any, tags: frozenset[str]) -> None:
    if kept is None:
        report.add(name, None, "its row in the list of runs is gone; draw it again: jevons ledger redraw")
        return
    if kept["entries"] != state.entries or kept["head"] != state.head:
        report.add(name, kept["entries"], f"dropped or added at the end: the list of runs knows {kept['entries']} entries, "
                   f"its chain has {state.entries}")  # fmt: skip
        return
    if isinstance(kept["sealed"], int) and isinstance(state.sealed, int) and kept["sealed"] > state.sealed:
        report.add(name, kept["sealed"], "dropped from the end of the chain of runs: the list of runs knows this entry as sealed")
        return
    wrong = [column for column, value in state.row().items() if not _same(kept[column], value)]
    if tags != state.tags:
        wrong.append("tags")
    if wrong:
        report.add(name, None, f"the list of runs says something else than its chain in {', '.join(wrong)}; "
                   "draw it again: jevons ledger redraw")  # fmt: skip


def _same(kept: Any, folded: Any) -> bool:
    if isinstance(kept, float) and isinstance(folded, (int, float)):
        return abs(kept - folded) <= DRIFT * max(abs(kept), abs(folded))
    return bool(kept == folded)


def _absent(connection: Connection, report: Report, seen: set[str], seals: Mapping[str, list[Any]],
            marks: Mapping[str, list[tuple[int, str]]]) -> None:  # fmt: skip
    listed = set(connection.execute(select(run.c.run)).scalars())
    for name in sorted((listed | set(seals) | set(marks)) - seen):
        who = "the chain of runs" if name in seals else "the anchor" if name in marks else "the list of runs"
        report.add(name, None, f"dropped: {who} knows it, but it has no entries")


def _spreads(connection: Connection, report: Report) -> None:
    held = set()
    for row in connection.execute(select(spread.c.hash, spread.c.data).execution_options(yield_per=500)):
        held.add(row.hash)
        if hashlib.sha256(row.data).hexdigest() != row.hash:
            report.add("spread", None, f"altered: the draws {row.hash[:12]} do not give their hash")
    for mark in sorted(report.spreads - held):
        report.add("spread", None, f"dropped: the draws {mark[:12]} are named by an entry and are not there")


def _seals(report: Report, seals: Iterable[Any], anchor: Mapping[str, Any] | None) -> None:
    previous, expected, heads = canonical.GENESIS, 1, {}
    for row in sorted(seals, key=lambda row: row["position"]):
        if row["position"] != expected:
            report.add("chain of runs", expected, "dropped: this position is not there")
        if seal_of(row) != row["hash"]:
            report.add("chain of runs", row["position"], f"altered: its content ({row['run']}) does not give its hash")
        elif row["previous"] != previous:
            report.add("chain of runs", row["position"], "inserted, reordered or re-written: it does not follow the one before it")
        heads[row["position"]] = previous = row["hash"]
        expected = row["position"] + 1
    report.sealed, report.head = len(heads), previous if heads else ""
    if anchor is not None:
        _anchored(report, heads, anchor)


def _anchored(report: Report, heads: Mapping[int, str], anchor: Mapping[str, Any]) -> None:
    position, head = int(anchor["position"]), anchor["head"]
    if position and position not in heads:
        report.add("chain of runs", position, "dropped: the anchor holds this position, the ledger does not")
    elif position and heads[position] != head:
        report.add("chain of runs", position, "re-written: its hash is not the one the anchor holds")
    report.anchored = f"{position} seals and {sum(not name.startswith(MARK) for name in anchor['open'])} open runs held by the anchor of {anchor['at']}"
