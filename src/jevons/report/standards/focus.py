"""A footprint as columns of a FOCUS bill (FinOps Open Cost and Usage Specification 1.2), so that it stands beside the money.

FOCUS has no column for emissions; columns of one's own begin with ``x_`` and come last. Rows carry the keys by which a
bill is joined: ChargePeriodStart, ChargePeriodEnd (UTC, end exclusive), RegionId, ResourceId, Tags.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jevons.core.activity import places_of
from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.footprint import Footprint
from jevons.report import figures

VERSION = "1.2"
OURS = {"energy": "x_EnergyKwh", "climate": "x_CarbonEmissionsKg", "water_on_site": "x_WaterOnSiteLitres",
        "water_off_site": "x_WaterOffSiteLitres", "cost": "x_EstimatedCostUsd"}  # fmt: skip
KEYS = ("ChargePeriodStart", "ChargePeriodEnd", "RegionId", "ResourceId", "Tags")
MEASURED = "x_MeasuredShare"
HOW = (MEASURED, "x_AccountingBasis", "x_FactorSet")
RESOURCE_LABELS = ("resource", "run", "job", "device")
TAG_LABELS = ("owner", "project", "model", "stage", "job")


def rows(footprint: Footprint, factor_set: str = "") -> list[dict[str, Any]]:
    """One row a period, place, resource and tags: FOCUS keys, then our columns; sums of the columns are the totals.

    Undated rows have null periods. ``x_MeasuredShare``: share of the row's energy read from a meter.
    """
    figures.single(footprint)
    inventory = footprint.inventory
    keys = [_key(row) for row in inventory.rows()]
    impacts = {name: _by_row(footprint, name) for name in OURS if name in footprint.indicators}
    found = []
    for key, at in places_of(keys).items():
        sums = {OURS[name]: float(values[at].sum()) for name, values in impacts.items()}
        found.append({**dict(zip(KEYS, key, strict=True)), **sums, MEASURED: _measured(footprint, at),
                      "x_AccountingBasis": f"{footprint.study.accounting}-based", "x_FactorSet": factor_set or None})  # fmt: skip
    return found


def beside(bill: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A bill's rows with our columns added, matched by ResourceId and region, shared out by EffectiveCost.

    What matches no row of the bill follows at the end with null costs, so that every column still sums to the footprint.
    Errors: BadInput where a bill's row names no ResourceId or EffectiveCost column, or a cost is not a number.
    """
    columns = [c for c in dict.fromkeys(c for row in ours for c in row) if c.startswith("x_")]
    made = [{**row, **dict.fromkeys(columns)} for row in bill]
    for row in bill:
        if "ResourceId" not in row or "EffectiveCost" not in row:
            raise BadInput("bill", sorted(row)[:8], "its columns must hold ResourceId and EffectiveCost, as FOCUS names them")
    left, billed = [], places_of([row["ResourceId"] for row in bill])
    for row in ours:
        alike = billed.get(row["ResourceId"], ()) if row["ResourceId"] else ()
        same = [i for i in alike if bill[i].get("RegionId") in (None, "", row["RegionId"])]
        if not same:
            left.append(dict(row))
        for i, share in zip(same, _shares([bill[i]["EffectiveCost"] for i in same]), strict=True):
            made[i] = {**made[i], **_joined(made[i], row, share, columns)}
    return made + left


def _joined(held: Mapping[str, Any], row: Mapping[str, Any], share: float, columns: Sequence[str]) -> dict[str, Any]:
    """Our columns of a bill's row with a share of one more row of ours: amounts add up, the share measured is their mean by energy.

    Errors: StudyMismatch where the two are of another accounting.
    """
    amounts = [c for c in columns if c in OURS.values()]
    for name in (c for c in HOW if c != MEASURED and held.get(c)):
        if held[name] != row.get(name):
            raise StudyMismatch(f"{row['ResourceId']}: {name} is {held[name]!r} and {row.get(name)!r}; report them apart")
    sums = {c: (held.get(c) or 0.0) + row[c] * share if c in row else held.get(c) for c in amounts}
    return {**{c: row.get(c) for c in columns}, **sums, MEASURED: _mean_measured(held, row, share)}


def _mean_measured(held: Mapping[str, Any], row: Mapping[str, Any], share: float) -> float | None:
    parts = [(held.get(OURS["energy"]) or 0.0, held.get(MEASURED)), ((row.get(OURS["energy"]) or 0.0) * share, row.get(MEASURED))]
    known = [(kwh, part) for kwh, part in parts if kwh and part is not None]
    whole = sum(kwh for kwh, _ in known)
    return sum(kwh * part for kwh, part in known) / whole if whole else row.get(MEASURED)


def _shares(costs: Sequence[Any]) -> list[float]:
    try:
        numbers = [float(c or 0) for c in costs]
        if not all(map(math.isfinite, numbers)):
            raise ValueError
    except ValueError:
        raise BadInput("EffectiveCost", costs, "give finite numbers") from None
    numbers = [max(0.0, n) for n in numbers]
    whole = sum(numbers)
    return [n / whole if whole else 1 / len(costs) for n in numbers]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    resource = next((row[name] for name in RESOURCE_LABELS if row.get(name)), None)
    tags = {name: row[name] for name in TAG_LABELS if row.get(name)}
    return (_stamp(row["start_s"]), _stamp(row["end_s"]), row["site"] or None, resource, json.dumps(tags) if tags else None)


def _stamp(seconds: float) -> str | None:
    return None if math.isnan(seconds) else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _by_row(footprint: Footprint, indicator: str) -> Any:
    """Best estimate of each row of the inventory, (rows,)."""
    import numpy as np

    values = np.zeros(len(footprint.inventory))
    for priced in footprint.priced:
        if priced.indicator == indicator:
            impact = footprint.inventory.amount[priced.rows].reshape(len(priced.rows), -1)[:, 0]
            rate = np.broadcast_to(priced.rate.reshape(len(priced.rate), -1)[:, 0], impact.shape)
            np.add.at(values, priced.rows, impact * rate * priced.spread[0])
    return values


def _measured(footprint: Footprint, at: Any) -> float | None:
    part = footprint.inventory.take(at).where(flow="electricity")
    whole = float(part.total().reshape(-1)[0]) if len(part) else 0.0
    if not whole:
        return None
    read = part.where(lambda row: row["method"] in ("counter", "integrated"))
    return float(read.total().reshape(-1)[0]) / whole
