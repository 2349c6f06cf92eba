"""Budgets: what a project, owner or tag may use in a period, and whether it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from jevons.account.ledger import canonical, query
from jevons.account.ledger.periods import decisions, write_own
from jevons.account.ledger.span import period
from jevons.core import units
from jevons.core.errors import BadInput, UnknownName

LIMITS = {"energy": ("energy_kwh", "kWh"), "carbon": ("climate_kg", "kg"), "water": ("water_l", "L"), "cost": ("cost_usd", "USD")}
"""What can be limited → the column it is held against, and its unit."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit and what was used by ``runs``. ``unpriced``: those whose share is not known, so that ``used`` is too low."""

    budget: str
    limit: str
    unit: str
    allowed: float
    used: float
    unpriced: int
    runs: int

    @property
    def exceeded(self) -> bool:
        """Whether more was used than allowed."""
        return self.used > self.allowed

    @property
    def unknown(self) -> bool:
        """Whether it holds only as far as is known."""
        return not self.exceeded and self.unpriced > 0


def put(connection: Connection, name: str, limits: Mapping[str, Any], *, project: str = "", owner: str = "", tag: str = "",
        over: str = "") -> dict[str, Any]:  # fmt: skip
    """Set a budget (in place of an earlier one of that name). ``limits``: energy, carbon, water, cost, as numbers or text with
    a unit ("5 t"); none, and nothing else, lifts it. ``over``: the period ("2026"), empty for all time. Errors: BadInput."""
    canonical.name("budget", name)
    read = {key: _limit(key, value) for key, value in limits.items() if value is not None}
    if over:
        period(over)
    if not read and (project or owner or tag or over or name not in budgets(connection)):
        raise BadInput("budget", name, "give a limit: energy, carbon, water or cost; the name alone lifts a budget that stands")
    body = {"name": name, "limits": read, "project": project, "owner": owner, "tag": tag, "period": over}
    write_own(connection, "budget", body)
    return body


def _limit(key: str, value: Any) -> float:
    if key not in LIMITS:
        raise BadInput("limit", key, f"limit one of {', '.join(LIMITS)}")
    return float(units.read(value, LIMITS[key][1], key))


def budgets(connection: Connection) -> dict[str, dict[str, Any]]:
    """The budgets in force, by name."""
    found = {body["name"]: body for _, body in decisions(connection, "budget")}
    return {name: body for name, body in found.items() if body["limits"]}


def check(connection: Connection, name: str = "") -> list[Standing]:
    """Each limit of a budget (or of all) beside what was used. Errors: UnknownName for a budget that is not there."""
    held = budgets(connection)
    if name and name not in held:
        raise UnknownName("budget", name, list(held)[:3], "set it: jevons budget set NAME --carbon '5 t'")
    return [one for body in held.values() if name in ("", body["name"]) for one in _standing(connection, body)]


def _standing(connection: Connection, body: Mapping[str, Any]) -> list[Standing]:
    asked = query.Filter(body["project"] or None, body["owner"] or None, body["tag"] or None, body["period"] or None)
    found, unmetered = query.sums(connection, asked)[0], query.unmetered(connection, asked)
    return [Standing(body["name"], key, LIMITS[key][1], allowed, float(getattr(found, LIMITS[key][0]) or 0.0),
                     unmetered if key == "energy" else found.unpriced, found.runs) for key, allowed in body["limits"].items()]  # fmt: skip
