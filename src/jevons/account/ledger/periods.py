"""Periods: locked against change, signed off, and the base year against which change is judged.

All of it stands in the ledger's own chain, each decision an entry; an unlocking too, with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jevons.account.ledger import canonical, rows
from jevons.account.ledger.pen import Pen
from jevons.account.ledger.schema import OWN, closing, entry
from jevons.account.ledger.span import Period, period
from jevons.core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Locks:
    """The locks in force: (period, project), an empty project for all."""

    held: Sequence[tuple[Period, str]]

    @classmethod
    def of(cls, connection: Connection) -> Locks:
        """As the ledger's own chain tells."""
        held: dict[tuple[str, str], Period] = {}
        for kind, body in decisions(connection, "lock", "unlock"):
            key = body["period"], body["project"]
            if kind == "lock":
                held[key] = period(body["period"])
            else:
                held.pop(key, None)
        return cls([(span, project) for (_, project), span in held.items()])

    def over(self, project: str, start_s: float | None, end_s: float | None) -> Period | None:
        """The lock that an interval of a project falls under, if any."""
        return next((span for span, own in self.held if own in ("", project) and span.meets(start_s, end_s)), None)

    def admit(self, run: str, project: str, body: Mapping[str, Any]) -> None:
        """Raise BadInput where a window falls into a locked period."""
        if self.held:
            window = rows.summary_of(body)
            self.refuse(run, project, window.started_s, window.ended_s)

    def refuse(self, run: str, project: str, start_s: float | None, end_s: float | None) -> None:
        """Raise BadInput where an interval falls into a locked period."""
        if found := self.over(project, start_s, end_s):
            raise BadInput(run, f"a window of the locked period {found.name}",
                           "date the correction into an open period, or unlock it: jevons ledger unlock")  # fmt: skip


def decisions(connection: Connection, *kinds: str) -> list[tuple[str, Any]]:
    """(kind, body) of the ledger's own entries of these kinds, in order."""
    told = connection.execute(select(entry.c.kind, entry.c.body).where(entry.c.run == OWN, entry.c.kind.in_(kinds))
                              .order_by(entry.c.position))  # fmt: skip
    return [(kind, canonical.read(body)) for kind, body in told]


def lock(connection: Connection, text: str, project: str = "", by: str = "", why: str = "") -> Period:
    """Lock a period (of one project, or of all): nothing that lies in it is appended, corrected or moved any more."""
    return _decide(connection, "lock", text, project, by, why)


def unlock(connection: Connection, text: str, project: str = "", by: str = "", why: str = "") -> Period:
    """Lift a lock again; the reason is needed and kept. Errors: BadInput where there is no such lock."""
    if (period(text).name, project) not in {(span.name, own) for span, own in Locks.of(connection).held}:
        raise BadInput("period", text, "there is no such lock; those in force: jevons ledger periods")
    if not why.strip():
        raise BadInput("why", why, "say why a locked period is opened again")
    return _decide(connection, "unlock", text, project, by, why)


def _decide(connection: Connection, kind: str, text: str, project: str, by: str, why: str) -> Period:
    span = period(text)
    write_own(connection, kind, {"period": span.name, "project": project, "by": by}, why)
    return span


def write_own(connection: Connection, kind: str, body: Mapping[str, Any], why: str = "") -> None:
    """Add an entry to the ledger's own chain; no other writer is at work meanwhile."""
    pen = Pen(connection, [OWN], whole=True)
    if not pen.state(OWN).entries:
        pen.add(OWN, "open", {})
    pen.add(OWN, kind, body, why=why)
    pen.put()


def sign_off(connection: Connection, text: str, by: str, statement: str = "", project: str = "") -> dict[str, Any]:
    """Who vouches for the figures of a period: kept with the figures themselves and the head of the chain of runs.

    Errors: BadInput where the period is not locked (for this project or for all), or nobody signs.
    """
    span = period(text)
    if not by.strip():
        raise BadInput("by", by, "name who signs")
    if not Locks.of(connection).over(project, span.start_s, span.end_s):
        raise BadInput("period", text, "lock it first, so that what is signed stays as it is: jevons ledger lock")
    head = connection.execute(select(closing.c.position, closing.c.hash).order_by(closing.c.position.desc()).limit(1)).first()
    body = {"period": span.name, "project": project, "by": by, "statement": statement, "figures": _figures(connection, span.name, project),
            "head": [head.position, head.hash] if head else [0, canonical.GENESIS]}  # fmt: skip
    write_own(connection, "sign-off", body)
    return body


def base_year(connection: Connection, text: str, threshold: float = 0.05, project: str = "", by: str = "") -> dict[str, Any]:
    """Fix the year later ones are compared with, its figures as they stand, and the change that calls for recalculation.

    ``threshold``: share of the base year's climate figure (GHG Protocol, Corporate Standard, chapter 5, leaves it to the
    company to state; 5 % is common). Errors: BadInput where a run of the year is not priced, or none is there.
    """
    if not 0 < threshold < 1:
        raise BadInput("threshold", threshold, "give a share between 0 and 1, e.g. 0.05")
    found = _figures(connection, period(text).name, project)
    if not found["runs"] or found["unpriced"]:
        raise BadInput("base year", text, f"{found['runs']} runs, {found['unpriced']} of them not priced: price them first")
    body = {"period": period(text).name, "project": project, "by": by, "threshold": threshold, "figures": found}
    write_own(connection, "base-year", body)
    return body


def recalculation(connection: Connection, project: str = "") -> dict[str, Any]:
    """The base year then and now: whether what has been added, corrected or priced anew since moves it past its threshold.

    Now: each run's latest footprint, also one kept beside that which stands. Errors: BadInput without a base year.
    """
    kept = [body for _, body in decisions(connection, "base-year") if body["project"] == project]
    if not kept:
        raise BadInput("base year", project or "none", "fix one first: jevons ledger base-year 2025")
    then = kept[-1]
    now = _latest(connection, then["period"], project)
    before, after = then["figures"]["climate_kg"], now["climate_kg"]
    change = (after - before) / before if before else 0.0 if after == before else float("inf")
    return {"period": then["period"], "project": project, "threshold": then["threshold"], "then": then["figures"], "now": now,
            "change": change, "due": abs(change) > then["threshold"] or bool(now["unpriced"])}  # fmt: skip


def _figures(connection: Connection, text: str, project: str) -> dict[str, Any]:
    from jevons.account.ledger import query

    found = query.sums(connection, query.Filter(period=text, project=project or None))[0]
    return {name: getattr(found, name) for name in ("runs", "unpriced", "energy_kwh", "climate_kg", "water_l", "cost_usd")}


def _latest(connection: Connection, text: str, project: str) -> dict[str, Any]:
    from jevons.account.ledger import query
    from jevons.account.ledger.drawn import figures_of
    from jevons.account.ledger.query import last_footprint

    found = {**_figures(connection, text, project), "climate_kg": 0.0, "water_l": 0.0, "cost_usd": 0.0}
    for one in query.runs(connection, query.Filter(period=text, project=project or None), None):
        told = figures_of(last_footprint(connection, one.run)) if one.priced else {}
        for name in ("climate_kg", "water_l", "cost_usd"):
            found[name] += told.get(name) or 0.0
    return found
