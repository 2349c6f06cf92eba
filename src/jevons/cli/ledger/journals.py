"""Journals as windows of the ledger, an hour each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.cli.ledger import homes
from jevons.core.errors import BadInput
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.account.ledger.append import Appended, Window
    from jevons.account.ledger.book import Ledger
    from jevons.core.activity import Activity
    from jevons.measure.journal import Written

FACTS = ("host", "boot", "python", "period_s")  # of a journal's header, kept with the run
WHOLE = 1 - 1e-9
"""A share from here on is rounding."""
ONCE = Assumption("energy of devices that several homes metered", "each joule once",
                  "trackers that do not see each other each wrote down the whole device", "jevons-rule")  # fmt: skip
Shares = Mapping[tuple[str, str, int], float]  # host, device, hour → what is kept


def journals() -> list[Path]:
    """The journals in JEVONS_HOME. Errors: BadInput where there is none."""
    from jevons.measure.home import home
    from jevons.measure.journal import SUFFIX

    found = sorted((home() / "journal").glob(f"*{SUFFIX}"))
    if not found:
        raise BadInput("files", str(home() / "journal"), "no journal is there; name a file, or measure a run: jevons run -- COMMAND")
    return found


def take_in(ledger: Ledger, path: Path, labels: Mapping[str, Any], pending: dict[str, Written]) -> Appended:
    """Keep one journal, beside what other homes said of its machine; closed where it has its last word and anything was metered.

    ``pending``: journals that come after it (see ``homes.coming``); it is taken out of them.
    """
    from jevons.account.ledger import append
    from jevons.account.ledger.machines import Machine
    from jevons.measure.journal import read
    from jevons.measure.merge import host_of

    book = read(path)
    with ledger.writing() as connection:
        machine = Machine(connection, host_of(book.header))
        told = homes.said(book, machine, pending)
        found = windows(book, labels, homes.shares(book, told))
        done = append.append(connection, found)
        machine.keep(told)
    pending.pop(book.run, None)
    if book.closed and found:
        ledger.close(book.run)
    return done


def windows(book: Written, labels: Mapping[str, Any], share: Shares) -> list[Window]:
    """The windows of a journal, an hour each, with what is left of them where other homes metered the same."""
    from jevons.account.ledger.append import Window
    from jevons.account.ledger.incoming import by_hour

    said = book.header.get("labels", {})
    own = {**labels, **{key: labels[key] or said.get(key) for key in ("project", "owner")}}
    facts = {name: book.header[name] for name in FACTS if name in book.header}
    found, left_kwh = [], 0.0
    for hour, part in by_hour(book.activity, float(book.header["t"])).items():
        kept = once(book, part, share)
        left_kwh += best(part) - best(kept)
        why = own["why"] or ("" if kept is part else "another home metered the same devices")
        found.append(Window(book.run, hour, kept, environment=facts, growing=True, **{**own, "why": why}))
    if left_kwh:
        show.say(f"{book.path.name}: {left_kwh:.3g} kWh left out, which journals of another home hold of the same devices")
    return found


def once(book: Written, part: Activity, share: Shares) -> Activity:
    """The rows as far as they are theirs; the same object where all of it is."""
    import numpy as np

    kept = np.array(_kept(book, part, share))
    if not len(kept) or kept.min() > WHOLE:
        return part
    return replace(part, amount=part.amount * kept.reshape(-1, *(1,) * (part.amount.ndim - 1))).assume(ONCE)


def _kept(book: Written, part: Activity, share: Shares) -> Sequence[float]:
    from jevons.measure.cells import HOUR_S
    from jevons.measure.live import IDLE
    from jevons.measure.merge import host_of

    host = host_of(book.header)
    return [share.get((host, device.removesuffix(IDLE), int(start_s // HOUR_S * HOUR_S)), 1.0)
            for device, start_s in zip(part.text["device"], part.start_s, strict=True)] if share else []  # fmt: skip


def best(part: Activity) -> float:
    """Its electricity, kWh."""
    return float(part.total().ravel()[0])
