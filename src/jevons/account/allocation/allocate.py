"""Sharing a meter out: every kWh and device hour goes to an owner, or to "unallocated"; the sum is the meter.

    share of an owner = w_owner / Σ w        w: the key's amount in the row's interval, by time
    amount            = share · amount of the part, part by part (see ``parts``)

What the interval's usage has no weight for is "unallocated", and so is what was used by nobody in particular.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.account.allocation.parts import PARTS, in_two, split
from jevons.account.allocation.usage import BUSY, ENERGY, OWNED, Usage
from jevons.account.allocation.weights import EQUAL, UNALLOCATED, Weights
from jevons.core import units
from jevons.core.activity import Activity, joined
from jevons.core.errors import BadInput
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

ALLOTTED = "allotted energy"
MATCHED = ("site", "node", "device")
"""Columns by which a meter's row and a row of usage belong together, where both sides tell the same kind of words."""
BUILDING = ("site",)
BY_DEFAULT = {"active": BUSY, "idle": OWNED, "shared": BUSY, "overhead": ALLOTTED}
ALIASES = {"device time": BUSY, "device-time": BUSY}
FALLBACK = (BUSY, ENERGY)
ROUNDING = 1e-12


def allocate(metered: Activity, usage: Usage | Activity | Iterable[Mapping[str, Any]] | str | Path, by: str = "owner", *,
             active: str | None = "", idle: str | None = "", shared: str | None = "", overhead: str | None = "",
             idle_w: Mapping[str, float] | None = None, match: Sequence[str] = MATCHED) -> Activity:  # fmt: skip
    """``metered`` shared out over the owners in ``usage``: its rows with the columns ``by`` and ``part``.

    ``active``, ``idle``, ``shared``, ``overhead``: the key of each part: a column of amounts of the usage ("busy hours",
    "owned hours", "energy", "tokens", "requests"; "device time" is busy hours), "equal" among all owners, "allotted
    energy" (as the other parts fell), or None for nobody. Absent keys: busy hours for work and what is shared, owned
    hours for waiting, allotted energy for the building; where the usage lacks one of these, busy hours, else energy,
    else nobody. ``idle_w``: component → watts of it that are idle. ``match``: columns that must agree. A row of the meter that already names somebody in ``by`` stays theirs. Totals by part, flow
    and row are those of ``metered``. Errors: BadInput for a key or column nobody has.
    """
    used = Usage.of(usage)
    owners = used.column(by).copy()
    owners[owners == ""] = UNALLOCATED
    keys = _keys({"active": active, "idle": idle, "shared": shared, "overhead": overhead}, used)
    whole = _busy_and_idle(split(metered, idle_w), used, match)
    theirs = whole.text[by] != "" if by in whole.text else np.zeros(len(whole), bool)
    pieces = {part: replace(whole.take(np.flatnonzero((whole.text["part"] == part) & ~theirs)), served={}) for part in PARTS}
    first = [replace(whole.take(np.flatnonzero(theirs)), served={})] if theirs.any() else []
    first += [_shared_out(rows, Weights(used, owners, keys[part], rows, match), by)
             for part, rows in pieces.items() if keys[part] != ALLOTTED]  # fmt: skip
    fell = _as_usage(joined(first), by) if first else (used.take(np.zeros(0, int)), owners[:0])
    last = [_shared_out(rows, Weights(*fell, ENERGY, rows, BUILDING), by)
            for part, rows in pieces.items() if keys[part] == ALLOTTED]  # fmt: skip
    found = joined([*first, *last])
    notes = [*_stated(keys, whole), *_nothing(found, owners, by), *_left(found, by)]
    return replace(found, served=metered.served).assume(*notes)


def held(device: str, n: float, start: Any, end: Any, **labels: str) -> Activity:
    """Hours that ``n`` devices were held, busy or idle, as an Activity; its making is shared out over all of them.

    ``device``: an accelerator of the table. ``start``, ``end``: ISO or UTC seconds. Price it with a site whose
    ``utilisation`` is 1, so that over the whole life, idle time included, the hours sum to what was manufactured.
    """
    from jevons.account.devices import accelerator

    kind, known = accelerator(device)
    if not known:
        raise BadInput("device", device, "name an accelerator of the table, e.g. a100")
    start_s, end_s = _seconds("start", start), _seconds("end", end)
    count = float(units.read(n, "", "n"))
    row = {"start_s": start_s, "end_s": end_s, "flow": f"device_hours/{kind}", "component": "accelerator", "device": kind,
           "amount": count * (end_s - start_s) / units.SECONDS_PER_HOUR, "method": "declared", "lifecycle": "manufacture", **labels}  # fmt: skip
    note = Assumption("device hours", "idle hours too", "price them with utilisation=1: each hour held carries its share", "stated")
    return Activity.of([row], assumptions=(note,))


def _keys(given: Mapping[str, str | None], used: Usage) -> dict[str, str | None]:
    """Each part's key; BadInput for one that the usage has no amounts of."""
    keys: dict[str, str | None] = {}
    for part, key in given.items():
        if key == "":
            wanted = BY_DEFAULT[part]
            key = wanted if wanted == ALLOTTED or wanted in used.amount else next((k for k in FALLBACK if k in used.amount), None)
        key = ALIASES.get(str(key), key)
        if key not in (None, EQUAL, ALLOTTED, UNALLOCATED):
            used.key(str(key))
        keys[part] = None if key == UNALLOCATED else key
    return keys


def _shared_out(rows: Activity, weights: Weights, by: str) -> Activity:
    """Each row as rows of its owners; what nobody has a weight for goes to UNALLOCATED."""
    index, share, owner = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0, object)]
    names = np.array([*weights.names, UNALLOCATED], dtype=object)
    for spot, at in weights.spots().items():
        shares = weights.shares(spot)
        shares = np.append(shares, 0.0 if shares.any() else 1.0)
        mine = np.flatnonzero(shares > 0)
        index.append(np.repeat(at, len(mine)))
        share.append(np.tile(shares[mine], len(at)))
        owner.append(np.tile(names[mine], len(at)))
    pieces = rows.take(np.concatenate(index))
    portion = np.concatenate(share).reshape(-1, *[1] * (rows.amount.ndim - 1))
    return replace(pieces, amount=pieces.amount * portion, text={**pieces.text, by: np.concatenate(owner)})


def _busy_and_idle(whole: Activity, used: Usage, match: Sequence[str]) -> Activity:
    """Device hours in two: as many as their users were busy, and the rest idle."""
    active = np.flatnonzero(whole.flow_mask("device_hours") & (whole.text["part"] == "active"))
    if BUSY not in used.amount or not len(active):
        return whole
    hours = whole.take(active)
    held_h = hours.amount.reshape(len(hours), -1)[:, 0]
    weights = Weights(used, np.full(len(used), "", dtype=object), BUSY, hours, match)
    idle = np.zeros(len(whole))
    for spot, at in weights.spots().items():
        kept = float(held_h[at].sum())
        busy = float(np.minimum(weights.amount(spot), kept).sum())
        waiting = max(1 - busy / kept, 0.0) if kept > 0 else 0.0
        idle[active[at]] = held_h[at] * (waiting if waiting > ROUNDING else 0.0)
    return in_two(whole, idle, "idle")


def _as_usage(rows: Activity, by: str) -> tuple[Usage, NDArray[np.object_]]:
    """What was allotted so far and to whom, by which the building is shared; without electricity by the rows' amounts."""
    kwh = rows.flow_mask("electricity")
    taken = rows.take(np.flatnonzero(kwh)) if kwh.any() else rows
    best = taken.amount.reshape(len(taken), -1)[:, 0] if len(taken) else np.zeros(0)
    return Usage(taken.start_s, taken.end_s, taken.text, {ENERGY: best}), taken.text[by]


def _stated(keys: Mapping[str, str | None], whole: Activity) -> Iterable[Assumption]:
    for part in PARTS:
        if (whole.text["part"] == part).any():
            yield Assumption(f"{part} part", f"by {keys[part]}" if keys[part] else "nobody's", "the key of its sharing", "stated")


def _nothing(found: Activity, owners: NDArray[np.object_], by: str) -> Iterable[Assumption]:
    """Owners that nothing fell to."""
    served = set(found.text[by])
    without = [name for name in dict.fromkeys(owners) if name not in served and name != UNALLOCATED]
    if without:
        listed = ", ".join(without[:20]) + (f" and {len(without) - 20} more" if len(without) > 20 else "")
        yield Assumption(f"{by} with no share", listed, "no key gives them any", "stated")


def _left(found: Activity, by: str) -> Iterable[Assumption]:
    """How much nobody had."""
    for flow, unit in (("electricity", "kWh"), ("device_hours", "h")):
        whole = float(found.total(flow).ravel()[0]) if len(found) else 0.0
        left = float(found.where(None, **{by: UNALLOCATED}).total(flow).ravel()[0]) if len(found) else 0.0
        if left > 0 and whole > 0:
            yield Assumption(f"{flow} of nobody", f"{left:,.6g} {unit}, {left / whole:.1%}", f'under "{UNALLOCATED}"', "stated")


def _seconds(field: str, value: Any) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    from datetime import UTC, datetime

    try:
        stamp = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise BadInput(field, value, "give an ISO date or time, or UTC seconds") from None
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
