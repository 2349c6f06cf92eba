"""Closed days as runs of a ledger: one an owner and day, whose name stays when the day is closed again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.account.telemetry.daily import closed
from jevons.account.telemetry.store import Store
from jevons.core.activity import places_of
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.core.activity import Activity


@dataclass(frozen=True)
class DayRun:
    """What one owner had of one closed day. ``owner``: empty where the days were not closed by owner. ``why``: what made this
    version supersede the one before; empty for the first."""

    run: str
    owner: str
    activity: Activity
    why: str


def holds_days(folder: str | Path) -> bool:
    """Whether a folder is one of closed days."""
    return Path(folder, "days").is_dir() and Path(folder, "lock").is_file()


def day_runs(state: str | Path) -> Iterator[DayRun]:
    """The last version of every closed day, by owner; together they are the whole of it, ``unallocated`` included.

    A run is named by owner, day and a mark of the day's first version, which two fleets never share. An owner whose share a
    later version took away keeps a row of nothing, so that what was kept of it before is superseded. Errors: BadInput where no
    day was closed, or files were altered.
    """
    store = Store(Path(state))
    if not store.days():
        raise BadInput("state", str(state), "no day has been closed there")
    for day in store.days():
        yield from _of_day(store, day)


def _of_day(store: Store, day: str) -> Iterator[DayRun]:
    mark = hashlib.sha256((store.folder / "days" / day / "v0001.json").read_bytes()).hexdigest()[:8]
    *before, last = store.versions(day)
    why = f"version {last['version']} of the day: {last['why']}" if before else ""
    parts = _by_owner(closed(store.folder, day))
    for record in before:
        for owner, part in _by_owner(closed(store.folder, day, record["version"])).items():
            if owner not in parts:
                parts[owner] = replace(part.take([0]), amount=part.amount[:1] * 0.0)
    for owner, part in sorted(parts.items()):
        said = owner if owner and not owner.startswith("@") else f"fleet {owner}".strip()  # @ marks the ledger's own names
        yield DayRun(f"{said}:{day}:{mark}", owner, part, why)


def _by_owner(activity: Activity) -> dict[str, Activity]:
    owners = activity.text.get("owner")
    return {"": activity} if owners is None else {str(word): activity.take(index) for word, index in places_of(owners).items()}
