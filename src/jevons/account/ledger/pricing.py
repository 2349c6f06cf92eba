"""Runs priced from the ledger, and priced anew beside the old result when the factors change."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from jevons.account.allocation.modelled import unpriced
from jevons.account.ledger import canonical, query
from jevons.account.ledger.pen import Pen
from jevons.account.ledger.periods import Locks
from jevons.account.ledger.schema import run
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.study import Study
from jevons.world import catalog
from jevons.world.site import footprint as priced_at
from jevons.world.site import site

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint

At = str | Mapping[str, Any] | None  # a place; the arguments of jevons.site; or those for each site of the rows
Sites = dict[str, dict[str, Any]]  # a row's site → the arguments of jevons.site


def price(connection: Connection, name: str, at: At = None, study: Study | None = None, draws: int = 1000) -> Footprint:
    """Price a run and keep the result; the same result again is kept once. Errors: those of ``jevons.footprint``."""
    pen = Pen(connection, [name])
    activity = query.activity(connection, name)
    sites = sites_of(activity, at)
    found = computed(activity, sites, study, draws)
    keep(pen, name, {**record(found, draws), "at": sites})
    pen.put()
    return found


def keep(pen: Pen, name: str, kept: Mapping[str, Any]) -> bool:
    """Add a footprint's record to a run, unless the last one says the same; whether it was added."""
    state = pen.state(name)
    locked = Locks.of(pen.connection).over(state.project, state.started_s, state.ended_s)
    body = {**kept, "stands": not (locked and state.priced), "of": state.changed}
    last = query.last_footprint(pen.connection, name)
    if last is not None and {**last, "stands": True} == canonical.read(canonical.text({**body, "stands": True})):
        return False
    pen.add(name, "footprint", body)
    return True


def sites_of(activity: Activity, at: At) -> Sites:
    """Where each of the activity's sites is priced: all of them at the place given, each at the one given for it, or the one it names."""
    if isinstance(at, Mapping):
        if not at or not all(isinstance(given, Mapping) for given in at.values()):
            return {"": dict(at)}
        named = list(dict.fromkeys(activity.text["site"].tolist()))
        if lost := [word for word in named if word not in at]:
            raise BadInput("at", ", ".join(at), f"say where {', '.join(word or 'the rows without a site' for word in lost)} is too: SITE=PLACE")
        return {word: dict(at[word]) for word in named}
    if isinstance(at, str) and at:
        return {"": {"name": at}}
    if at is not None and not isinstance(at, str):
        raise BadInput("at", at, "name a place, or give the arguments of jevons.site, so that it can be priced again")
    named = dict.fromkeys(activity.text["site"].tolist())
    return {"": {}} if set(named) <= {""} else {word: {"name": word} if word else {} for word in named}


def computed(activity: Activity, sites: Mapping[str, Mapping[str, Any]], study: Study | None, draws: int) -> Footprint:
    """The footprint of an activity at sites given by their arguments; hours that no factor prices are left out, and told.

    Errors: BadInput where nothing in it can be priced.
    """
    _plain(sites)
    activity = priceable(activity)
    if set(sites) == {""}:
        return priced_at(activity, site(**sites[""]), study, draws)
    return priced_at(activity, {word: replace(site(**given), name=word) for word, given in sites.items()}, study, draws)


def priceable(activity: Activity, name: str = "activity") -> Activity:
    """The rows that factors price; what was left out stands among its assumptions. Errors: BadInput where none is left."""
    rows, left = unpriced(activity)
    if not left:
        return activity
    told = ", ".join(f"{hours:,.4g} h of {kind}" for kind, hours in left.items())
    if not len(rows):
        raise BadInput(name, told, "no factor prices these hours; import the file again with --cpu, --power or --model")
    return rows.assume(Assumption("hours not priced", told, "no factor prices them; model them where the file is read", "stated"))


def _plain(sites: Mapping[str, Mapping[str, Any]]) -> None:
    for given in sites.values():
        for key, value in given.items():
            if not isinstance(value, (str, int, float, bool, type(None))):
                raise BadInput(f"at: {key}", value, "give numbers or text, so that it can be kept and priced again")


def record(footprint: Footprint, draws: int) -> dict[str, Any]:
    """A footprint as plain values: figures, every line behind them, assumptions, and which factors and code made it."""
    return {
        "indicators": {name: _figure(footprint, name) for name in footprint.indicators},
        "lines": [_line(name, line) for name in footprint.indicators for line in footprint.explain(name).lines],
        "assumptions": [[a.what, a.value, a.why, a.source] for a in footprint.assumptions],
        "sources": sorted(source.id for source in footprint.sources),
        "study": {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(footprint.study).items()},
        "factor_set": catalog.version(), "factor_hash": factor_hash(), "jevons": canonical.code_version(), "draws": draws,
    }  # fmt: skip


def _figure(footprint: Footprint, indicator: str) -> dict[str, float]:
    total = footprint.total(indicator)
    low, high = footprint.interval(indicator)
    return {"best": float(total[..., 0].sum()), "low": float(low), "high": float(high)}


def _line(indicator: str, line: Any) -> dict[str, Any]:
    return {"indicator": indicator, "stage": line.stage, "component": line.component, "flow": line.flow, "place": line.place,
            "amount": line.amount, "rate": line.rate, "impact": line.impact, "source": line.source.id, "year": line.year,
            "quality": line.quality, "method": line.method}  # fmt: skip


def study_of(kept: Mapping[str, Any]) -> Study:
    """The study a record was made under."""
    return Study.kept(kept["study"])


def reprice(connection: Connection, names: Iterable[str]) -> dict[str, bool]:
    """Price runs again where and as they were priced last; run → whether the result is another. Unpriced runs are left out."""
    moved = {}
    for name in names:
        last = query.last_footprint(connection, name)
        if last is None or "at" not in last:
            continue
        pen = Pen(connection, [name])
        found = computed(query.activity(connection, name), last["at"], study_of(last), last["draws"])
        moved[name] = keep(pen, name, {**record(found, last["draws"]), "at": last["at"]})
        pen.put()
    return moved


def out_of_date(connection: Connection, asked: query.Filter) -> list[str]:
    """The priced runs whose standing footprint is of another factor set, or older than their activity."""
    told = select(run.c.run).where(*asked.conditions(), run.c.priced > 0,
                                   (run.c.factor_set != catalog.version()) | (run.c.priced < run.c.changed))  # fmt: skip
    return list(connection.execute(told.order_by(run.c.id)).scalars())


def factor_hash() -> str:
    """SHA-256 over every table in force, overlays and packs included, in their order of precedence."""
    files = [path for folder in catalog.folders() for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".gz", ".toml")]
    return _hash_of(tuple((str(path), path.stat().st_mtime_ns) for path in files))


@functools.lru_cache(maxsize=4)
def _hash_of(files: tuple[tuple[str, int], ...]) -> str:
    from pathlib import Path

    total = hashlib.sha256()
    for name, _ in files:
        path = Path(name)
        total.update(f"{path.name}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
