"""What the ledger holds, read back: runs and their sums, one run's activity, footprints and history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from jevons.account.ledger import canonical, rows
from jevons.account.ledger.drawn import chunks
from jevons.account.ledger.schema import MARK, OWN, entry, run, run_tag, spread
from jevons.account.ledger.span import period
from jevons.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from jevons.core.activity import Activity

BY = ("", "project", "owner", "factor_set", "month", "year")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs. Words must be equal; ``period``: those that began in it; ``estimates``: what was planned, not what ran."""

    project: str | None = None
    owner: str | None = None
    tag: str | None = None
    period: str | None = None
    closed: bool | None = None
    priced: bool | None = None
    estimates: bool = False

    def conditions(self) -> list[Any]:
        """As conditions on table ``run``."""
        asked = [run.c.kind == ("estimate" if self.estimates else "run")]
        asked += [run.c[name] == word for name in ("project", "owner", "closed") if (word := getattr(self, name)) is not None]
        if self.tag is not None:
            asked.append(run.c.id.in_(select(run_tag.c.run_id).where(run_tag.c.tag == self.tag)))
        if self.priced is not None:
            asked.append((run.c.priced > 0) == self.priced)
        if self.period is not None:
            span = period(self.period)
            asked += [run.c.started_s >= span.start_s, run.c.started_s < span.end_s]
        return asked


@dataclass(frozen=True, slots=True)
class Run:
    """One run as a list shows it; figures are best estimates, None where it was not priced."""

    run: str
    project: str
    owner: str
    tags: tuple[str, ...]
    started_s: float | None
    ended_s: float | None
    windows: int
    energy_kwh: float
    supplied_kwh: float | None
    climate_kg: float | None
    climate_low_kg: float | None
    climate_high_kg: float | None
    water_l: float | None
    cost_usd: float | None
    factor_set: str
    estimate: bool
    closed: bool
    priced: bool
    stale: bool
    """Whether its activity was changed after the footprint that stands."""


LISTED = ("id", "kind", "closed", "priced", "stale", "run", "project", "owner", "started_s", "ended_s", "windows", "energy_kwh",
          "supplied_kwh", "climate_kg", "climate_low_kg", "climate_high_kg", "water_l", "cost_usd", "factor_set")  # fmt: skip
"""The columns of a ``Run``: first what is not shown as it stands, then in the order of its fields."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Runs summed. ``unpriced``: those without a footprint, whose climate, water and cost are missing from the sum; ``stale``:
    those whose activity was changed after they were priced."""

    group: str
    runs: int
    unpriced: int
    stale: int
    energy_kwh: float
    climate_kg: float | None
    water_l: float | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a run's chain."""

    position: int
    kind: str
    sequence: int | None
    version: int | None
    at_s: float
    written_by: str
    why: str
    body: Any
    hash: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A footprint as it was kept: where in the chain, when, and the record."""

    position: int
    at_s: float
    record: dict[str, Any]


def require(connection: Connection, names: Iterable[str]) -> None:
    """Raise UnknownName, with the nearest, for the first run that is not there."""
    wanted = list(dict.fromkeys(names))
    held: set[str] = set()
    for part in chunks(wanted):
        held |= set(connection.execute(select(run.c.run).where(run.c.run.in_(part))).scalars())
    for name in wanted:
        if name not in held or name.startswith(MARK):
            from difflib import get_close_matches

            like = connection.execute(select(run.c.run).where(run.c.kind != "ledger").order_by(run.c.id.desc()).limit(2000)).scalars().all()
            raise UnknownName("run", name, get_close_matches(name, like, 3, 0.4), "list them: jevons ledger ls")


def find(connection: Connection, name: str) -> str:
    """The run of that name, or the only one whose name begins so. Errors: UnknownName."""
    begin = name.rstrip("…")
    if begin and connection.execute(select(run.c.id).where(run.c.run == name)).first() is None:
        like = connection.execute(select(run.c.run).where(run.c.run.startswith(begin, autoescape=True)).limit(2)).scalars().all()
        if len(like) == 1:
            return str(like[0])
    require(connection, [name])
    return name


def runs(connection: Connection, asked: Filter, limit: int | None) -> list[Run]:
    """Runs, latest first, undated ones last; at most ``limit``."""
    if limit is not None and limit < 0:
        raise BadInput("limit", limit, "give a count of at least 0, or None for all")
    wanted = select(*(run.c[name] for name in LISTED)).where(*asked.conditions())
    dated = wanted.where(run.c.started_s.is_not(None)).order_by(run.c.started_s.desc(), run.c.id.desc())
    told = list(connection.execute(dated.limit(limit)).all())
    if limit is None or len(told) < limit:
        undated = wanted.where(run.c.started_s.is_(None)).order_by(run.c.id.desc())
        told += connection.execute(undated.limit(None if limit is None else limit - len(told))).all()
    tags = tags_of(connection, [row[0] for row in told])
    return [_run(row, tags.get(row[0], ())) for row in told]


def names(connection: Connection, asked: Filter) -> list[str]:
    """The names of the runs asked for, in the order they came."""
    return list(connection.execute(select(run.c.run).where(*asked.conditions()).order_by(run.c.id)).scalars())


def one(connection: Connection, name: str) -> Run:
    """A run that is there, as a list shows it."""
    row = connection.execute(select(*(run.c[column] for column in LISTED)).where(run.c.run == name)).one()
    return _run(row, tags_of(connection, [row[0]]).get(row[0], ()))


def tags_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tags of the runs of these numbers, sorted."""
    found: dict[int, tuple[str, ...]] = {}
    for part in chunks(ids):
        for number, tag in connection.execute(select(run_tag.c.run_id, run_tag.c.tag).where(run_tag.c.run_id.in_(part)).order_by(run_tag.c.tag)):
            found[number] = (*found.get(number, ()), tag)
    return found


def _run(row: Any, tags: tuple[str, ...]) -> Run:
    _, kind, closed, priced, stale, name, project, owner, *figures = row
    return Run(name, project, owner, tags, *figures, kind == "estimate", closed, priced > 0, bool(stale))


def sums(connection: Connection, asked: Filter, by: str = "") -> list[Sum]:
    """Sums over the runs asked for, greatest energy first."""
    if by not in BY:
        raise BadInput("by", by, f"sum by {', '.join(BY[1:])}")
    figures = [func.sum(run.c[name]) for name in ("energy_kwh", "climate_kg", "water_l", "cost_usd")]
    told = [func.count(), func.count() - func.count(run.c.climate_kg), func.coalesce(func.sum(run.c.stale), 0), *figures]
    if not by:
        row = connection.execute(select(*told).where(*asked.conditions())).one()
        return [Sum("", row[0], row[1], row[2], row[3] or 0.0, *row[4:])]
    group = _group(connection, by)
    found = connection.execute(select(group, *told).where(*asked.conditions()).group_by(group).order_by(sa.desc(sa.literal_column("5"))))
    return [Sum(str(word or ""), *rest) for word, *rest in found]


def unmetered(connection: Connection, asked: Filter) -> int:
    """Of the runs asked for, those whose energy nothing tells: hours alone, say."""
    return connection.execute(select(func.count()).where(*asked.conditions(), run.c.energy_kwh == 0)).scalar_one()


def _group(connection: Connection, by: str) -> Any:
    if by not in ("month", "year"):
        return run.c[by]
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m" if by == "month" else "%Y", run.c.started_s, "unixepoch")
    stamp = func.timezone("UTC", func.to_timestamp(run.c.started_s))
    return func.to_char(stamp, "YYYY-MM" if by == "month" else "YYYY")


def activity(connection: Connection, name: str) -> Activity:
    """The windows of a run that stand, joined in the order of their number."""
    from jevons.core.activity import Activity, joined

    require(connection, [name])
    try:
        standing = bodies(connection, name)
        spreads = spreads_of(connection, standing.values())
        parts = [rows.activity_of(body, spreads) for body in standing.values()]
    except (KeyError, ValueError, TypeError, AttributeError):
        raise BadInput("run", name, "an entry of it cannot be read; see which: jevons ledger verify") from None
    return joined(parts) if parts else Activity.of([])


def bodies(connection: Connection, name: str) -> dict[int, Any]:
    """Sequence → body of the windows of a run that stand."""
    told = connection.execute(select(entry.c.sequence, entry.c.body).where(entry.c.run == name, entry.c.kind == "activity")
                              .order_by(entry.c.sequence, entry.c.version))  # fmt: skip
    return {sequence: canonical.read(body) for sequence, body in dict(map(tuple, told)).items()}


def spreads_of(connection: Connection, held: Iterable[Any]) -> dict[str, bytes]:
    """The multipliers that these bodies name."""
    marks = sorted({mark for body in held for mark in rows.marks_of(body)})
    return {mark: bytes(data) for part in chunks(marks)
            for mark, data in connection.execute(select(spread.c.hash, spread.c.data).where(spread.c.hash.in_(part)))}  # fmt: skip


def footprints(connection: Connection, name: str) -> list[Kept]:
    """Every footprint kept of a run, oldest first."""
    require(connection, [name])
    told = connection.execute(select(entry.c.position, entry.c.at_s, entry.c.body).where(
        entry.c.run == name, entry.c.kind == "footprint").order_by(entry.c.position))  # fmt: skip
    return [Kept(position, at_s, canonical.read(body)) for position, at_s, body in told]


def history(connection: Connection, name: str) -> list[Entry]:
    """Every entry of a run, in order."""
    if name != OWN:
        require(connection, [name])
    told = connection.execute(select(entry).where(entry.c.run == name).order_by(entry.c.position)).mappings()
    return [Entry(**{f: canonical.read(row[f]) if f == "body" else row[f] for f in Entry.__slots__}) for row in told]


def last_footprint(connection: Connection, name: str) -> Any:
    """The latest footprint's record of a run; None where there is none."""
    told = connection.execute(select(entry.c.body).where(entry.c.run == name, entry.c.kind == "footprint")
                              .order_by(entry.c.position.desc()).limit(1)).scalar()  # fmt: skip
    return canonical.read(told) if told is not None else None
