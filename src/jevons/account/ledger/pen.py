"""One transaction's writing: entries are linked as they come, and put down together or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, insert, select

from jevons.account.ledger import canonical, drawn, rows
from jevons.account.ledger.chain import hash_of, seal_of
from jevons.account.ledger.drawn import RunState
from jevons.account.ledger.schema import closing, entry, spread

MANY = 100
FEW = 32
"""Up to so many runs PostgreSQL locks one by one, so that writers of different runs do not wait; more lock the ledger."""
LEDGER, RUN = 74, 75  # classes of advisory locks


class Pen:
    """Adds entries to runs within one transaction; nobody else writes to these runs meanwhile."""

    def __init__(self, connection: Connection, names: Iterable[str], whole: bool = False):
        self.connection, names = connection, sorted(set(names))
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
            _lock(connection, names, whole)
        self.states = drawn.states(connection, names)
        self.spreads: rows.Spreads = {}
        self._entries: list[dict[str, Any]] = []
        self._corrected: set[str] = set()

    def state(self, name: str) -> RunState:
        """What the run comes to so far; empty for one that is new."""
        return self.states.setdefault(name, RunState(name))

    def add(self, name: str, kind: str, body: Mapping[str, Any], *, text: str = "", sequence: int | None = None,
            version: int | None = None, why: str = "") -> int:  # fmt: skip
        """Link one entry behind the run's last; its position. ``text``: the canonical body, where it is there already."""
        state = self.state(name)
        row: dict[str, Any] = {"previous": state.head, "run": name, "position": state.entries + 1, "kind": kind, "sequence": sequence,
               "version": version, "at_s": time.time(), "written_by": f"jevons {canonical.code_version()}", "why": canonical.reason(why),
               "body": text or canonical.text(body)}  # fmt: skip
        row["hash"] = hash_of(row)
        self._entries.append(row)
        state.follow(kind, body, sequence, row["hash"])
        if version is not None and version > 1:
            self._corrected.add(name)
        return state.entries

    def put(self) -> None:
        """Write down all that was added."""
        self._put_spreads()
        if self._entries:
            put_entries(self.connection, self._entries)
        for name in self._corrected:
            self.state(name).again(standing(self.connection, name))
        names = dict.fromkeys(row["run"] for row in self._entries)
        drawn.write(self.connection, [self.states[name] for name in names])
        for name in names:
            if self.states[name].closed and self.states[name].sealed:  # what is added to a closed run is sealed at once
                self.seal(name)

    def seal(self, name: str) -> None:
        """Put the head of a run into the chain of runs; its entries must be put down already."""
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(sa.text("SELECT pg_advisory_xact_lock(:ledger, 2)"), {"ledger": LEDGER})
        state = self.state(name)
        if state.id is None:
            state.id = drawn.ids_of(self.connection, [name])[name]
        last = self.connection.execute(select(closing.c.position, closing.c.hash).order_by(closing.c.position.desc()).limit(1)).first()
        row = {"position": last.position + 1 if last else 1, "run": name, "entries": state.entries, "head": state.head,
               "at_s": time.time(), "previous": last.hash if last else canonical.GENESIS}  # fmt: skip
        self.connection.execute(insert(closing), {**row, "hash": seal_of(row)})
        state.sealed = state.entries
        drawn.write(self.connection, [state])

    def _put_spreads(self) -> None:
        held = {mark for part in drawn.chunks(self.spreads)
                for mark in self.connection.execute(select(spread.c.hash).where(spread.c.hash.in_(part))).scalars()}  # fmt: skip
        new = [spread_row(mark, data) for mark, data in self.spreads.items() if mark not in held]
        if new:
            self.connection.execute(unless_there(self.connection), new)


def spread_row(mark: str, data: bytes) -> dict[str, Any]:
    """The row of table ``spread`` for multipliers and their hash."""
    low, high = rows.bounds_of(data)
    return {"hash": mark, "draws": len(data) // 4, "low": low, "high": high, "data": data}


def put_entries(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Insert entries; many of them by COPY, where the database has it."""
    if connection.dialect.name != "postgresql" or len(rows) < MANY:
        connection.execute(insert(entry), rows)
        return
    columns = list(rows[0])
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY entry ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in columns])


def standing(connection: Connection, name: str) -> dict[int, rows.Summary]:
    """Sequence → summary of the windows of a run that stand: of each the last version."""
    told = connection.execute(select(entry.c.sequence, entry.c.body).where(entry.c.run == name, entry.c.kind == "activity")
                              .order_by(entry.c.sequence, entry.c.version))  # fmt: skip
    return {sequence: rows.summary_of(canonical.read(body)) for sequence, body in told}


def unless_there(connection: Connection) -> Any:
    """The insertion of a spread that is passed over where its hash is kept already."""
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(spread).on_conflict_do_nothing(index_elements=["hash"])


def _lock(connection: Connection, names: list[str], whole: bool) -> None:
    if whole or len(names) > FEW:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:ledger, 1)"), {"ledger": LEDGER})
        return
    connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:ledger, 1)"), {"ledger": LEDGER})
    for name in names:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:run, hashtext(:name))"), {"run": RUN, "name": name})
