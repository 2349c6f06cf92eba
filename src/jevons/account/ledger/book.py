"""The ledger as one object: what a user calls."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.ledger import append as appending
from jevons.account.ledger import engine as engines
from jevons.account.ledger import pricing, query
from jevons.account.ledger.append import Appended, Window
from jevons.account.ledger.pen import Pen
from jevons.account.ledger.verify import Report, verified

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint
    from jevons.core.study import Study


class Ledger:
    """Every run and what it cost. Each call is one transaction: it is kept whole, or not at all."""

    def __init__(self, engine: Engine, place: str):
        self.engine, self.place = engine, place
        weakref.finalize(self, engine.dispose)  # a file whose last connection is closed holds all of it, and can be moved

    @classmethod
    def at(cls, where: str | Path = "", *, create: bool = True, upgrade: bool = False, read_only: bool = False) -> Ledger:
        """As ``jevons.account.ledger``, which see."""
        place = engines.place_of(where)
        engine = engines.connect(place, create, read_only)
        engines.prepare(engine, place, create and not read_only, upgrade)
        return cls(engine, place)

    def __repr__(self) -> str:
        return f"Ledger({engines.shown(self.place)!r})"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the ledger."""
        with engines.told(self.place), self.engine.connect() as connection:
            still = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {"reading": True}
            yield connection.execution_options(**still)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; what is written in it is kept when it ends well."""
        with engines.told(self.place), self.engine.begin() as connection:
            yield connection

    def append(self, run: str, sequence: int, activity: Activity, **given: Any) -> Appended:
        """Keep one window of a run. (run, sequence) tells it from all others: the same again changes nothing.

        ``given``: project, owner, tags, spec, environment, estimate, and ``why``, with which another content supersedes.
        Errors: BadInput for another content without ``why``, a closed run, a locked period, scenarios, a name that will not do.
        """
        return self.append_all([Window(run, sequence, activity, **given)])

    def append_all(self, windows: Iterable[Window]) -> Appended:
        """Keep many windows in one transaction: all of them, or none."""
        with self.writing() as connection:
            return appending.append(connection, windows)

    def tag(self, run: str, *, project: str | None = None, owner: str | None = None, tags: Sequence[str] | None = None) -> None:
        """Change whose a run is and its tags (all of them); None keeps what it has. Errors: UnknownName, BadInput."""
        appending.check_labels(project, owner, tags)
        with self.writing() as connection:
            query.require(connection, [run])
            pen = Pen(connection, [run])
            appending.label(pen, run, project, owner, tags)
            pen.put()

    def close(self, run: str) -> str:
        """Close a run and seal its head in the chain of runs; the head. A closed one is sealed again where it has grown."""
        with self.writing() as connection:
            query.require(connection, [run])
            pen = Pen(connection, [run])
            state = pen.state(run)
            if not state.closed:
                pen.add(run, "close", {"energy_kwh": state.energy_kwh, "windows": state.windows})
                pen.put()
            if state.sealed < state.entries:
                pen.seal(run)
            return state.head

    def price(self, run: str, at: str | Mapping[str, Any] | None = None, study: Study | None = None, draws: int = 1000) -> Footprint:
        """Price a run under the present factors and keep the result beside earlier ones.

        ``at``: a place, or the arguments of ``jevons.site`` (name, year, pue ...); by default the sites its rows name, else the
        settings'. In a locked period the result is kept, and the one before it goes on standing.
        """
        with self.writing() as connection:
            return pricing.price(connection, run, at, study, draws)

    def price_again(self, runs: Iterable[str]) -> dict[str, bool]:
        """Price runs where and as they were priced last; run → whether the result is another. Unpriced ones are left out."""
        with self.writing() as connection:
            return pricing.reprice(connection, runs)

    def activity(self, run: str) -> Activity:
        """The windows of a run that stand, as one Activity. Errors: UnknownName with the nearest runs."""
        with self.reading() as connection:
            return query.activity(connection, run)

    def footprints(self, run: str) -> list[query.Kept]:
        """Every footprint kept of a run, oldest first."""
        with self.reading() as connection:
            return query.footprints(connection, run)

    def history(self, run: str) -> list[query.Entry]:
        """Every entry of a run, in order."""
        with self.reading() as connection:
            return query.history(connection, run)

    def run(self, name: str) -> query.Run:
        """One run as the list shows it. Errors: UnknownName with the nearest runs."""
        with self.reading() as connection:
            query.require(connection, [name])
            return query.one(connection, name)

    def runs(self, limit: int | None = 50, **asked: Any) -> list[query.Run]:
        """Runs, latest first. ``asked``: project, owner, tag, period ("2026-Q1"), closed, estimates (True: those instead).

        ``limit``: at most so many; None for all, held in memory together (over a kilobyte each): ``sums`` adds up a million
        in the time that this takes for some twenty thousand.
        """
        with self.reading() as connection:
            return query.runs(connection, query.Filter(**asked), limit)

    def sums(self, by: str = "", **asked: Any) -> list[query.Sum]:
        """Energy, carbon, water and cost over the runs asked for, by project, owner, month or year ("": one sum)."""
        with self.reading() as connection:
            return query.sums(connection, query.Filter(**asked), by)

    def verify(self, anchor: Mapping[str, Any] | None = None) -> Report:
        """Check every chain, every sum drawn from it, and an anchor kept outside. Each trouble is named."""
        with self.reading() as connection:
            return verified(connection, anchor)
