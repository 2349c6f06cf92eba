"""What journals of one machine said of its devices, hour by hour: so that a home imported later counts no joule again.

One chain a machine, of entries kind "metered" numbered by the hour: which run, of which group of trackers, how much energy of
each device between which times, and the share of it that the run's windows keep. The last entry of a run and hour stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jevons.account.ledger import canonical
from jevons.account.ledger.drawn import chunks
from jevons.account.ledger.pen import Pen
from jevons.account.ledger.schema import MARK, entry

KIND = "metered"


@dataclass(frozen=True, slots=True)
class Said:
    """What one run's journal says of a device in an hour (counted from 1970), and the ``share`` of it that is kept."""

    run: str
    hour: int
    device: str
    group: str
    shared: bool
    begin_s: float
    end_s: float
    energy_uj: int
    share: float = 1.0


class Machine:
    """The chain of one machine within a transaction; nobody else writes to it meanwhile."""

    def __init__(self, connection: Connection, host: str):
        self.name = f"{MARK}machine {hashlib.sha256(host.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
        self.connection, self._pen = connection, Pen(connection, [self.name])

    def standing(self, hours: Iterable[int]) -> list[Said]:
        """What was said of these hours, by every run the last word."""
        bodies: dict[tuple[int, str], Mapping[str, Any]] = {}
        for part in chunks(sorted(set(hours))):
            told = self.connection.execute(select(entry.c.sequence, entry.c.body).where(
                entry.c.run == self.name, entry.c.kind == KIND, entry.c.sequence.in_(part)).order_by(entry.c.position))  # fmt: skip
            for hour, text in told:
                body = canonical.read(text)
                bodies[hour, body["run"]] = body
        return [Said(body["run"], hour, device, body["group"], body["shared"], *cell)
                for (hour, _), body in bodies.items() for device, *cell in body["cells"]]  # fmt: skip

    def keep(self, said: Iterable[Said]) -> None:
        """Add what a run says of its hours, as far as it is news."""
        told = _bodies(said)
        known = _bodies(self.standing(hour for hour, _ in told))
        for (hour, run), body in told.items():
            if known.get((hour, run)) != body:
                if not self._pen.state(self.name).entries:
                    self._pen.add(self.name, "open", {})
                self._pen.add(self.name, KIND, body, sequence=hour)
        self._pen.put()


def _bodies(said: Iterable[Said]) -> dict[tuple[int, str], dict[str, Any]]:
    bodies: dict[tuple[int, str], dict[str, Any]] = {}
    for one in sorted(said, key=lambda one: (one.hour, one.run, one.device)):
        body = bodies.setdefault((one.hour, one.run), {"run": one.run, "group": one.group, "shared": one.shared, "cells": []})
        body["cells"].append([one.device, one.begin_s, one.end_s, one.energy_uj, one.share])
    return bodies
