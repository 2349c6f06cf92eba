"""Meters that count the same joule refuse to be added."""

from __future__ import annotations

from jevons.core.activity import BOUNDARIES, Activity
from jevons.core.errors import OverlappingMeters


def refuse_overlap(activity: Activity) -> Activity:
    """``activity`` itself, or OverlappingMeters where one electricity meter lies inside another's boundary.

    Two rows overlap when site, stage and run agree, their intervals meet (undated rows always do), and either
    one's boundary contains the other's, or both meter the same component inside the same boundary.
    """
    rows = activity.where(flow="electricity").rows()
    for i, outer in enumerate(rows):
        for inner in rows[i + 1 :]:
            if _same_thing(outer, inner) and _meet(outer, inner):
                raise OverlappingMeters(
                    f"{_say(outer)} and {_say(inner)} count the same energy; keep the wider meter, or subtract "
                    f"the narrower one first and state the remainder as its own component"
                )
    return activity


def _same_thing(a: dict[str, object], b: dict[str, object]) -> bool:
    if any(a.get(k, "") != b.get(k, "") for k in ("site", "stage", "run")):
        return False
    if a["boundary"] == b["boundary"]:
        return a["component"] == b["component"]
    wide, narrow = sorted((a, b), key=lambda r: -BOUNDARIES.index(str(r["boundary"])))
    return wide["component"] in ("", "all") or wide["component"] == narrow["component"]


def _meet(a: dict[str, object], b: dict[str, object]) -> bool:
    starts, ends = (a["start_s"], b["start_s"]), (a["end_s"], b["end_s"])
    disjoint = max(starts) >= min(ends)  # type: ignore[type-var,operator]
    return not disjoint  # NaN compares false, so undated rows always meet


def _say(row: dict[str, object]) -> str:
    return f"the {row['boundary']} meter of {row['component'] or 'everything'} ({row['stage'] or 'any stage'})"
