"""A statement for a reader: electricity by place and how it is known; lines summed by place where there are too many to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jevons.core import units
from jevons.report import figures
from jevons.report.standards.scopes import Boundary, Sides

MOST_LINES = 40
OVERHEAD = "facility overhead"
SUMS = ("location_t_co2e", "low", "high", "market_t_co2e")
ALIKE = ("place", "scope", "category", "what", "iso_14064_1", "tenure", "note")


def electricity(entries: Sequence[Sides], boundary: Boundary) -> list[dict[str, Any]]:
    """By place, greatest first: MWh as consolidated, of these the facility's overhead, and MWh by how they are known.

    Keys: place, mwh, overhead_mwh, by_method {measured, modelled, declared}. What is bought as a service is in it too.
    """
    sums: dict[str, dict[str, float]] = {}
    for entry in entries:
        for (place, flow, component, method), kwh in figures.cells(entry.any, "energy", "site", "flow", "component", "method").items():
            if flow.split("/")[0] != "electricity":
                continue
            mwh = units.convert(kwh, "kWh", "MWh") * boundary.counts(entry.tenure)
            held = sums.setdefault(place, {"mwh": 0.0, "overhead_mwh": 0.0, "measured": 0.0, "modelled": 0.0, "declared": 0.0})
            for name in ("mwh", figures.METHODS[method], *(["overhead_mwh"] if component == OVERHEAD else [])):
                held[name] += mwh
    found = [{"place": place, "mwh": x["mwh"], "overhead_mwh": x["overhead_mwh"],
              "by_method": {name: x[name] for name in ("measured", "modelled", "declared")}} for place, x in sums.items()]  # fmt: skip
    return sorted(found, key=lambda x: -x["mwh"])


def readable(lines: Sequence[Mapping[str, Any]], most: int = MOST_LINES) -> list[dict[str, Any]]:
    """The lines themselves, or, where there are more than ``most``, their sums by place, category and what they are of."""
    if len(lines) <= most:
        return [dict(line) for line in lines]
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for line in lines:
        groups.setdefault(tuple(line[name] for name in ALIKE), []).append(line)
    summed = [_summed(dict(zip(ALIKE, key, strict=True)), held) for key, held in groups.items()]
    return sorted(summed, key=lambda line: (line["scope"], -(line["location_t_co2e"] or 0.0)))


def _summed(alike: Mapping[str, Any], held: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    known = {line["known_by"] for line in held}
    sums = {name: None if any(line[name] is None for line in held) else sum(line[name] for line in held) for name in SUMS}
    entry = f"{len(held)} entries at {alike['place'] or 'no place named'}" if len(held) > 1 else held[0]["entry"]
    return {**alike, **sums, "entry": entry, "known_by": known.pop() if len(known) == 1 else "see electricity by place"}


def percentages(by_method: Mapping[str, float]) -> str:
    """``62 % measured, 38 % modelled``."""
    shares = figures.shares(by_method)
    return ", ".join(f"{figures.percent(share)} {word}" for word, share in shares.items() if share or word == "measured")
