"""A greenhouse gas statement after the GHG Protocol: scopes 1 to 3, location- and market-based side by side.

Corporate Standard (2004), Scope 2 Guidance (2015), Scope 3 Standard (2011); category numbers of ISO 14064-1:2018 beside
them. Carbon credits are told apart and never taken off a figure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.footprint import Footprint
from jevons.core.uncertain import interval
from jevons.report import figures
from jevons.report.standards.digest import electricity
from jevons.report.standards.scopes import ISO_14064_1, NAMES, TENURES, Boundary, Part, Sides, named, parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

STANDARD = "GHG Protocol Corporate Standard (2004), Scope 2 Guidance (2015), Scope 3 Standard (2011)"
NO_SCOPE_1 = "fuel burnt and refrigerants lost on site are not part of this footprint"
NO_MARKET = "no contracts given (--contracts): the market-based figure is not known"
MOST_NAMED = 3
NEVER_NETTED = "shown apart; no figure above is reduced by them"


def statement(entries: Sequence[Sides], boundary: Boundary | None = None, *, organisation: str = "", period: str = "",
              contracts: Mapping[str, Any] | None = None, credits_t: float = 0.0, version: str = "",
              factor_set: str = "") -> dict[str, Any]:  # fmt: skip
    """The statement as plain values, tonnes of CO2 equivalent.

    ``entries``: each activity with its prices; ``contracts``: what the contract ledger says of the market side, printed
    as it is; ``credits_t``: carbon credits cancelled, shown apart. Keys: standard, organisation, period, consolidation,
    gwp, computed_by, scopes, categories, totals, electricity, lines, contracts, carbon_credits, not_known, assumptions, sources. A figure that is
    not known is None and named in ``not_known``; totals are of what is known. Bounds hold nine in ten of the draws of an
    entry; those of several entries add up, which is the widest they can be. A ``period`` that is a year is compared with the
    rows' dates; what ran outside it counts, and is told among the assumptions. Errors: BadInput without entries, or for
    credits that are negative or not finite; StudyMismatch where entries name different impact methods.
    """
    if not entries:
        raise BadInput("footprints", "none", "name at least one result to report")
    if not 0 <= credits_t < math.inf:
        raise BadInput("carbon credits", credits_t, "give tonnes of at least 0")
    bounds = boundary or Boundary()
    held = [(entry, part) for entry in entries for part in parts(entry, bounds)]
    lines = [_line(entry, part) for entry, part in held]
    footprints = [f for entry in entries for f in (entry.lifecycle, entry.direct, entry.market) if f is not None]
    _require_one_method(footprints)
    assumed = [*(a for f in footprints for a in _assumed(f)), *(contracts or {}).get("assumptions", ()), *_outside(entries, period)]
    return {
        "standard": STANDARD, "organisation": organisation or None, "period": period or None,
        "consolidation": {"approach": bounds.approach, "share": bounds.share},
        "gwp": footprints[0].study.impact_method,
        "computed_by": {"jevons": version or None, "factor_set": factor_set or None},
        "scopes": {"1": None, "2": _both(held, "2"), "3": _both(held, "3")},
        "categories": {named(s): _both(held, s) for s in NAMES if any(line["scope"] == s for line in lines)},
        "totals": _both(held, ""), "electricity": electricity(entries, bounds), "lines": lines, "contracts": dict(contracts) if contracts else None,
        "carbon_credits": {"t_co2e": credits_t, "netted": False, "note": NEVER_NETTED},
        "not_known": [*_unknown(lines), *_unmade(entries), *_left_out(entries)],
        "assumptions": list(dict.fromkeys(assumed)),
        "sources": list(dict.fromkeys(p.factor.source.cite() for f in footprints for p in f.priced if p.indicator == "climate")),
    }  # fmt: skip


def _line(entry: Sides, part: Part) -> dict[str, Any]:
    low, high = (None, None) if part.location is None else _bounds(part.location)
    return {
        "entry": entry.title, "place": ", ".join(figures.places(entry.any)), "scope": part.scope, "category": NAMES[part.scope], "what": part.what,
        "iso_14064_1": ISO_14064_1[part.scope], "tenure": TENURES[entry.tenure],
        "location_t_co2e": None if part.location is None else _tonnes(part.location[0]),
        "low": low, "high": high, "market_t_co2e": None if part.market is None else _tonnes(part.market[0]),
        "known_by": figures.said_methods(entry.any), "note": part.note,
    }  # fmt: skip


def _tonnes(kg: Any) -> float:
    return units.convert(float(kg), "kg", "t")


def _bounds(amounts: Amount) -> tuple[float, float]:
    """5 and 95 % in tonnes; what is emitted is not below zero, though the difference of two uncertain factors can be."""
    low, high = interval(amounts)
    return max(0.0, _tonnes(low)), _tonnes(high)


def _require_one_method(footprints: Sequence[Footprint]) -> None:
    methods = list(dict.fromkeys(f.study.impact_method for f in footprints))
    if len(methods) > 1:
        raise StudyMismatch(f"these results name different impact methods ({'; '.join(methods)}); assess them under one, then sum them")


def _outside(entries: Sequence[Sides], period: str) -> list[str]:
    """What ran outside a period that is a calendar year (UTC), in kWh and by whom; rows that are not dated are of the entry's year, if it has one."""
    if not re.fullmatch(r"\d{4}", period.strip()):
        return []
    found = {entry.title: kwh for entry in entries if (kwh := _kwh_outside(entry, int(period)))}
    if not found:
        return []
    whose = ", ".join([*list(found)[:MOST_NAMED], *(["..."] if len(found) > MOST_NAMED else [])])
    whole = units.show(sum(found.values()), "kWh")
    return [f"period {period.strip()}: {whole} of {len(found)} of {len(entries)} entries ({whose}) ran in another year, and are counted"]


def _kwh_outside(entry: Sides, year: int) -> float:
    import numpy as np

    used = entry.any.inventory.where(flow="electricity")
    middle = (used.start_s + used.end_s) / 2
    known = ~np.isnan(middle)
    dated = np.where(known, middle, 0.0).astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    years = np.where(known, dated, entry.year or year)
    return float(used.amount.reshape(len(used), -1)[years != year, 0].sum())


def _both(held: Sequence[tuple[Sides, Part]], scope: str) -> dict[str, float | None]:
    """Both sides of a scope (``""``: of all); the market side is None where a part of it is not known."""
    chosen = [(e.title, p) for e, p in held if p.scope == scope or p.scope.startswith(f"{scope}.") or not scope]
    known: dict[str, list[Part]] = {}
    for title, part in chosen:
        if part.location is not None:
            known.setdefault(title, []).append(part)
    sums = [sum(p.location for p in group) for group in known.values()]  # type: ignore[misc]
    market = [p.market for group in known.values() for p in group]
    lows, highs = zip(*map(_bounds, sums), strict=True) if sums else ((), ())
    return {"location_based": sum(_tonnes(x[0]) for x in sums), "low": sum(lows), "high": sum(highs),
            "market_based": None if any(m is None for m in market) else sum(_tonnes(m[0]) for m in market if m is not None)}  # fmt: skip


def _assumed(footprint: Footprint) -> list[str]:
    """What was assumed, without what only figures of other indicators rest on."""
    return [str(a) for a in footprint.assumptions_of("climate", "energy")]


def _unknown(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    absent = [f"{x['entry']}: {named(x['scope'])}, {x['what']}: {x['note']}" for x in lines if x["location_t_co2e"] is None]
    market = [NO_MARKET] if any(x["scope"] == "2" and x["market_t_co2e"] is None for x in lines) else []
    return [f"1 {NAMES['1']}: {NO_SCOPE_1}", *absent, *market]


def _unmade(entries: Sequence[Sides]) -> list[str]:
    """How many entries count no hardware: their categories 3.1, 3.2 or 3.8 lack its making."""
    bare = sum(not entry.any.inventory.flow_mask(figures.EMBODIED).any() for entry in entries)
    return [f"making the hardware: not counted in {bare} of {len(entries)} entries"] if bare else []


def _left_out(entries: Sequence[Sides]) -> list[str]:
    """What the studies cut off, each once."""
    cut = list(dict.fromkeys(figures.said_left_out(entry.any) for entry in entries if entry.any.study.cutoffs))
    return [f"left out of these results: {'; '.join(cut)}"] if cut else []
