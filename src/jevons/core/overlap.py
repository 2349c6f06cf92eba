"""Meters that count the same joule refuse to be added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jevons.core.activity import BOUNDARIES, DEFAULTS, Activity, joined, places_of
from jevons.core.errors import OverlappingMeters

LONGEST = 20_000
EVERYTHING = ("", "all")


def refuse_overlap(activity: Activity) -> Activity:
    """``activity`` itself, or OverlappingMeters where one electricity meter lies inside another's boundary.

    Two rows overlap when they are of one site, their intervals meet (undated rows always do), stage and labels
    (run, device ...) agree as far as both name them, and the wider boundary counts the narrower one's component.
    """
    electricity = activity.take(activity.flow_mask("electricity").nonzero()[0])
    for index in places_of(electricity.text["site"]).values():
        _refuse_among(electricity.take(index).rows())
    return activity


def may_overlap(first: Activity, second: Activity) -> bool:
    """Whether dated meters of two activities, each sound by itself, would be refused side by side.

    Activities of more than LONGEST rows together are not compared (False).
    """
    dated = [a.take((a.start_s == a.start_s).nonzero()[0]) for a in (first, second)]
    if not _meet(*dated) or sum(map(len, dated)) > LONGEST or _refused(dated[0]) or _refused(dated[1]):
        return False
    return _refused(joined(dated))


def _meet(first: Activity, second: Activity) -> bool:
    """Whether two dated activities share a site and, from first start to last end, any time."""
    if not (len(first) and len(second) and set(first.text["site"]) & set(second.text["site"])):
        return False
    return bool(first.start_s.min() < second.end_s.max() and second.start_s.min() < first.end_s.max())


def _refused(activity: Activity) -> bool:
    try:
        refuse_overlap(activity)
    except OverlappingMeters:
        return True
    return False


def repeated(activities: Sequence[Activity]) -> tuple[int, int] | None:
    """The first two activities that hold the same row: dated, of the same labels, interval, flow and amount (not 0), wherever priced.

    Rows without a label (run, job, device ...) are passed over: two machines may do the same at once.
    """
    seen: dict[tuple[Any, ...], int] = {}
    for at, activity in enumerate(activities if len(activities) > 1 else ()):
        for key in _identities(activity):
            if (earlier := seen.setdefault(key, at)) != at:
                return earlier, at
    return None


def _identities(activity: Activity) -> Iterator[tuple[Any, ...]]:
    """What tells each dated and labelled row that has an amount from every other."""
    labels = sorted(name for name in activity.text if name not in DEFAULTS)
    best = activity.amount.reshape(len(activity), -1)[:, 0]
    words = list(zip(*(activity.text[name] for name in labels), strict=True)) or [()] * len(activity)
    columns = list(zip(*(activity.text[name] for name in DEFAULTS if name != "site"), strict=True))  # FRA and France are one
    for row, said in enumerate(words):
        if any(said) and best[row] and activity.start_s[row] == activity.start_s[row]:
            told = tuple((name, word) for name, word in zip(labels, said, strict=True) if word)
            yield activity.start_s[row], activity.end_s[row], best[row], columns[row], told


def _refuse_among(rows: list[dict[str, Any]]) -> None:
    """Sweep by time, undated rows first: each row meets those still open when it starts."""
    open_rows: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda r: r["start_s"] if r["start_s"] == r["start_s"] else float("-inf")):
        open_rows = [r for r in open_rows if not r["end_s"] <= row["start_s"]]
        for other in open_rows:
            if _same_thing(other, row):
                raise OverlappingMeters(
                    f"{_say(other)} and {_say(row)} count the same energy; keep the wider meter, or subtract "
                    f"the narrower one first and state the remainder as its own component"
                )
        open_rows.append(row)


def _same_thing(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    labels = set(a) - set(DEFAULTS) - {"start_s", "end_s", "amount"}
    if any(a[n] and b[n] and a[n] != b[n] for n in {"stage", *labels}):
        return False
    if a["boundary"] == b["boundary"]:
        return a["component"] == b["component"] or a["component"] in EVERYTHING or b["component"] in EVERYTHING
    wide, narrow = sorted((a, b), key=lambda r: -BOUNDARIES.index(r["boundary"]))
    return wide["component"] in EVERYTHING or wide["component"] == narrow["component"]


def _say(row: Mapping[str, Any]) -> str:
    return f"the {row['boundary']} meter of {row['component'] or 'everything'} ({row['stage'] or 'any stage'})"
