"""What is drawn from the record: one row a run, folded from its entries, and so always possible to draw again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from jevons.account.ledger import canonical, rows
from jevons.account.ledger.canonical import GENESIS
from jevons.account.ledger.schema import MARK, closing, entry, run, run_tag

CHUNK = 500
"""Most values in one IN (...), far below what SQLite allows."""
WATERS = ("water_on_site", "water_off_site", "water_embodied")


@dataclass(slots=True)
class RunState:
    """What the entries of a run come to so far. ``standing``: sequence → (version, summary) of the windows that stand."""

    run: str
    id: int | None = None
    project: str = ""
    owner: str = ""
    tags: frozenset[str] = frozenset()
    kind: str = "run"
    started_s: float | None = None
    ended_s: float | None = None
    energy_kwh: float = 0.0
    figures: dict[str, float | None] = field(default_factory=dict)
    factor_set: str = ""
    entries: int = 0
    windows: int = 0
    last_sequence: int = 0
    changed: int = 0
    priced: int = 0
    sealed: int = 0
    closed: bool = False
    head: str = GENESIS

    def follow(self, kind: str, body: Mapping[str, Any], sequence: int | None, digest: str) -> None:
        """Take in the next entry, unless it is a correction: those are folded by ``fold`` from all entries."""
        self.entries += 1
        self.head = digest
        if kind in ("open", "label"):
            self.project, self.owner = body.get("project", self.project), body.get("owner", self.owner)
            self.tags = frozenset(body.get("tags", self.tags))
            if kind == "open":
                self.kind = "ledger" if self.run.startswith(MARK) else "estimate" if body.get("estimate") else "run"
        elif kind == "activity":
            self.changed, self.closed = self.entries, False
            self._add(rows.summary_of(body), sequence or 0)
        elif kind == "footprint" and body["stands"]:
            self.priced, self.factor_set, self.figures = self.entries, body["factor_set"], figures_of(body)
        elif kind == "close":
            self.closed = True

    def _add(self, window: rows.Summary, sequence: int) -> None:
        self.energy_kwh += window.energy_kwh
        self.started_s = min((t for t in (self.started_s, window.started_s) if t is not None), default=None)
        self.ended_s = max((t for t in (self.ended_s, window.ended_s) if t is not None), default=None)
        self.windows, self.last_sequence = self.windows + 1, max(self.last_sequence, sequence)

    def again(self, windows: Mapping[int, rows.Summary]) -> None:
        """Sums and span from the windows that stand, in the order of their number."""
        self.energy_kwh, self.started_s, self.ended_s, self.windows = 0.0, None, None, 0
        for sequence, window in sorted(windows.items()):
            self._add(window, sequence)

    @property
    def stale(self) -> int:
        """1 where the activity was changed after it was priced."""
        return int(0 < self.priced < self.changed)

    def row(self) -> dict[str, Any]:
        """The row of table ``run``."""
        figures = {name: self.figures.get(name) for name in FIGURES}
        kept = {name: getattr(self, name) for name in COLUMNS}
        return {**kept, **figures, "stale": self.stale}


FIGURES = ("climate_kg", "water_l", "cost_usd", "supplied_kwh", "climate_low_kg", "climate_high_kg")
COLUMNS = ("run", "project", "owner", "kind", "started_s", "ended_s", "energy_kwh", "factor_set", "entries", "windows",
           "last_sequence", "changed", "priced", "sealed", "closed", "head")  # fmt: skip


def figures_of(body: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of a footprint that a list of runs shows; None where it was not priced."""
    told = body["indicators"]
    waters = [told[name]["best"] for name in WATERS if name in told]
    climate, cost, energy = told.get("climate", {}), told.get("cost", {}), told.get("energy", {})
    return {"climate_kg": climate.get("best"), "climate_low_kg": climate.get("low"), "climate_high_kg": climate.get("high"),
            "water_l": sum(waters) if waters else None, "cost_usd": cost.get("best"), "supplied_kwh": energy.get("best")}  # fmt: skip


def state_of(row: Any, tags: Iterable[str]) -> RunState:
    """The state a row of table ``run`` tells."""
    figures = {name: row[name] for name in FIGURES}
    return RunState(id=row["id"], tags=frozenset(tags), figures=figures, **{name: row[name] for name in COLUMNS})


def states(connection: Connection, names: Iterable[str]) -> dict[str, RunState]:
    """The states of the runs of these names, as far as they exist."""
    found: dict[str, RunState] = {}
    for part in chunks(names):
        told = connection.execute(select(run).where(run.c.run.in_(part))).mappings().all()
        ids = {row["id"]: row["run"] for row in told}
        tags: dict[str, list[str]] = {}
        for tag, run_id in connection.execute(select(run_tag.c.tag, run_tag.c.run_id).where(run_tag.c.run_id.in_(ids))):
            tags.setdefault(ids[run_id], []).append(tag)
        found |= {row["run"]: state_of(row, tags.get(row["run"], ())) for row in told}
    return found


def chunks(names: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Lists of at most ``size``."""
    listed = list(names)
    return (listed[i : i + size] for i in range(0, len(listed), size))


def fold(name: str, entries: Iterable[Any], sealed: int = 0, marks: set[str] | None = None) -> RunState:
    """A run's state from all its entries in order (kind, sequence, body, hash of each); ``marks`` gathers the spreads named."""
    state, standing, corrected = RunState(name, sealed=sealed), {}, False
    for row in entries:
        body = canonical.read(row["body"])
        state.follow(row["kind"], body, row["sequence"], row["hash"])
        if row["kind"] == "activity":
            corrected |= row["sequence"] in standing
            standing[row["sequence"]] = rows.summary_of(body)
            if marks is not None:
                marks |= rows.marks_of(body)
    if corrected:
        state.again(standing)
    return state


def draw_all(connection: Connection) -> int:
    """Draw every run from the record anew; how many there are."""
    connection.execute(delete(run_tag))
    connection.execute(delete(run))
    seals = connection.execute(select(closing.c.run, closing.c.entries).order_by(closing.c.position))
    sealed = {row.run: row.entries for row in seals}
    told = connection.execute(
        select(entry.c.run, entry.c.kind, entry.c.sequence, entry.c.body, entry.c.hash).order_by(entry.c.run, entry.c.position)
        .execution_options(yield_per=1000))  # fmt: skip
    drawn = 0
    for name, own in groupby(told.mappings(), key=lambda row: row["run"]):
        write(connection, [fold(name, own, sealed.get(name, 0))])
        drawn += not name.startswith(MARK)
    return drawn


def write(connection: Connection, changed: Iterable[RunState]) -> None:
    """Put the rows of these runs into ``run`` and ``run_tag``, new or in place of the old ones."""
    new = [state for state in changed if state.id is None]
    old = [state for state in changed if state.id is not None]
    if new:
        connection.execute(insert(run), [state.row() for state in new])
        tagged = [state for state in new if state.tags]
        ids = ids_of(connection, [state.run for state in tagged])
        _tag(connection, {ids[state.run]: state.tags for state in tagged})
    for state in old:
        connection.execute(run.update().where(run.c.id == state.id), state.row())
        connection.execute(delete(run_tag).where(run_tag.c.run_id == state.id))
        _tag(connection, {state.id: state.tags})


def ids_of(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Run → the number of its row."""
    return {name: number for part in chunks(names)
            for number, name in connection.execute(select(run.c.id, run.c.run).where(run.c.run.in_(part)))}  # fmt: skip


def _tag(connection: Connection, tags: Mapping[Any, frozenset[str]]) -> None:
    listed = [{"run_id": number, "tag": tag} for number, own in tags.items() for tag in sorted(own)]
    if listed:
        connection.execute(insert(run_tag), listed)
