"""Charges of a cloud bill become hours of accelerators and money, whatever form the bill had.

    device-hours = hours of the machine · accelerators in it        (cloud_instances.csv)

A machine the table does not know keeps its hours under its own name: it is listed, and no factor prices it. Corrections
and credits are netted within the day, owner and service they belong to.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jevons.account.devices import accelerator
from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.world import catalog

if TYPE_CHECKING:
    from jevons.core.activity import Activity

TIMES_H = {"hour": 1.0, "hr": 1.0, "h": 1.0, "minute": 1 / 60, "min": 1 / 60, "second": 1 / units.SECONDS_PER_HOUR,
           "sec": 1 / units.SECONDS_PER_HOUR, "s": 1 / units.SECONDS_PER_HOUR, "day": 24.0}  # fmt: skip
MACHINE = re.compile(r"\b(?:standard_[a-z]+\d\w*|[a-z]+\d[a-z0-9-]*\.(?:\d*x?large|medium|small|micro|nano|metal[\w-]*)"
                     r"|(?:[a-z]\d[a-z]?|ct\d[a-z]*|tpu\d[a-z]?)-(?:(?:high|mega|ultra|edge|max)gpu|hightpu|standard|highmem|highcpu)-\d+[gt]?(?:-metal)?"
                     r"|[bv]m\.gpu\d?[\w.-]*\.\d+|gpu_\d+x_\w+)\b", re.IGNORECASE)  # fmt: skip
CARD = re.compile(r"\b((?:nvidia|amd)[ \w-]{2,40}?) gpu\b", re.IGNORECASE)
"""A line for the cards themselves, as Google bills them: "Nvidia Tesla A100 GPU running in Americas"."""
CARDS = "card:"
BOTH_WAYS = 1e-9
NO_USAGE = "hours given back"


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill: when, whose, for what, how many machine-hours (None: no machine), and how much money."""

    start_s: float
    end_s: float
    labels: tuple[tuple[str, str], ...]
    site: str
    machine: str
    hours: float | None
    cost: float
    currency: str


def activity_of(charges: Iterable[Charge], usd_per: Mapping[str, float]) -> Activity:
    """Rows of device hours and of money. ``usd_per``: USD for one unit of another currency."""
    from jevons.core.activity import Activity

    hours, money, foreign = _netted(charges, usd_per)
    notes: list[Assumption] = [_note(f"charges in {code}", f"{total:,.2f} {code} left out", "name its worth by usd_per")
                               for code, total in foreign.items()]  # fmt: skip
    rows, unknown, less = [], dict[str, float](), 0.0
    for (start_s, end_s, labels, site, machine), amount in hours.items():
        if amount < -BOTH_WAYS:
            less -= amount
        elif amount > BOTH_WAYS:
            kind, count = accelerators_of(machine)
            if kind.startswith("instance:"):
                unknown[machine] = unknown.get(machine, 0.0) + amount
            rows.append({**dict(labels), "start_s": start_s, "end_s": end_s, "site": site, "flow": f"device_hours/{kind}",
                         "component": "accelerator" if ":" not in kind else "machine", "device": kind, "machine": machine,
                         "amount": amount * count, "method": "declared", "lifecycle": "manufacture"})  # fmt: skip
    rows += _money_rows(money, notes)
    notes += _told(unknown, less)
    return Activity.of(rows, served={"machine hour": sum(h for h in hours.values() if h > 0)}, assumptions=tuple(notes))


def _netted(charges: Iterable[Charge], usd_per: Mapping[str, float]) -> tuple[dict[Any, float], dict[Any, float], dict[str, float]]:
    hours: dict[Any, float] = {}
    money: dict[Any, float] = {}
    foreign: dict[str, float] = {}
    for c in charges:
        if c.hours is not None and c.machine:
            key = (c.start_s, c.end_s, c.labels, c.site, c.machine)
            hours[key] = hours.get(key, 0.0) + c.hours
        worth = 1.0 if c.currency in ("", "USD") else usd_per.get(c.currency)
        if worth is None:
            foreign[c.currency] = foreign.get(c.currency, 0.0) + c.cost
        elif c.cost:
            place = (c.start_s // 86400 * 86400, c.labels, c.site)
            money[place] = money.get(place, 0.0) + c.cost * worth
    return hours, money, foreign


def _money_rows(money: Mapping[Any, float], notes: list[Assumption]) -> list[dict[str, Any]]:
    credits = -sum(usd for usd in money.values() if usd < 0)
    if credits > BOTH_WAYS:
        notes.append(_note("credits beyond their day's charges", f"{credits:,.2f} USD left out", "an activity holds no negative amount"))
    return [{**dict(labels), "start_s": day, "end_s": day + 86400.0, "site": site, "flow": "money", "component": "bill",
             "amount": usd, "method": "declared"} for (day, labels, site), usd in money.items() if usd > 0]  # fmt: skip


def _told(unknown: Mapping[str, float], less: float) -> Iterable[Assumption]:
    yield _note("energy of the machines", "not in a bill", "hours of accelerators are kept, to be modelled")
    if unknown:
        listed = ", ".join(f"{name} ({hours:,.6g} h)" for name, hours in sorted(unknown.items(), key=lambda x: -x[1])[:20])
        yield _note(f"{len(unknown)} machine types not in cloud_instances", listed, "no factor prices them; add rows, or leave them out")
    if less:
        yield _note(NO_USAGE, f"{less:,.6g} h left out", "corrections beyond the hours of their own period")


@functools.lru_cache(maxsize=4096)
def accelerators_of(machine: str) -> tuple[str, float]:
    """(accelerator id, how many) of a cloud machine, or of a card billed alone; ("instance:<name>", 1) for one the table
    does not know."""
    if machine.startswith(CARDS):
        kind, known = accelerator(machine.removeprefix(CARDS))
        return (kind if known else f"instance:{kind}"), 1.0
    row = catalog.table("cloud_instances").index.get(machine.lower().removeprefix("ml."))
    return (row["accelerator"], float(row["devices"])) if row is not None else (f"instance:{machine.lower()}", 1.0)


catalog.on_overlay(accelerators_of.cache_clear)


def machine_in(*words: str) -> str:
    """The first machine type (or card) that some words hold, in small letters; "" for none."""
    for word in words:
        if found := MACHINE.search(word):
            return found[0].lower()
    for word in words:
        if found := CARD.search(word):
            return CARDS + found[1].lower()
    return ""


def hours_in(quantity: float, unit: str) -> float | None:
    """Hours of a quantity in a bill's unit of time ("Hrs", "Hours", "1 Hour", "Seconds"); None for another unit."""
    word = re.sub(r"^[\d.]+\s*", "", unit.strip().lower()).rstrip("s") or unit.strip().lower()
    size = TIMES_H.get(word)
    return None if size is None else quantity * size


def site_of(provider: str, region: str) -> str:
    """The table's cloud region, else the region as the bill writes it."""
    short = {"amazon web services": "aws", "microsoft": "azure", "google cloud": "gcp", "google": "gcp"}
    name = f"{short.get(provider.lower(), provider.lower())}/{region}" if region else ""
    return name if name in catalog.table("cloud_regions").index else region


def usd_worth(usd_per: Mapping[str, float] | None) -> dict[str, float]:
    """Checked worth of currencies. Errors: BadInput."""
    return {code.upper(): float(units.read(worth, "", f"usd_per[{code}]")) for code, worth in (usd_per or {}).items()}


def require(value: str, allowed: Iterable[str], field: str) -> None:
    """BadInput for a choice that is not offered."""
    if value not in allowed:
        raise BadInput(field, value, f"choose one of {', '.join(allowed)}")


def _note(what: str, value: str, why: str) -> Assumption:
    return Assumption(what, value, why, "stated")
