"""A part of a life cycle, as somebody writes it down, read into Activity.

    {what: computing, device_hours: 1082990, power: 400 W, boundary: chip}        electricity: hours × power, or energy
    {what: servers, device_hours: 135374, made: 2500 kg, life: 6 years, utilisation: 0.85}     making, by the hour in use
    {what: spare disks, count: 40, made: 30 kg}                                   making, written off whole
    {what: meeting, travel: {file: people.csv, to: Paris}}                        travel
    {what: deployment, energy: 914 kWh, served: {request: 230768}, site: {name: us-central1, intensity: 394 g/kWh}}

Every part names itself; ``includes`` names the parts whose meters lie inside its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jevons.core import units
from jevons.core.activity import BOUNDARIES, METHODS, Activity
from jevons.core.errors import BadInput, Contradiction
from jevons.core.factor import Factor
from jevons.core.source import Assumption
from jevons.world.spec import require_known
from jevons.world.stated import stated

KINDS = ("energy", "power", "made", "travel", "activity")  # the key by which a part is told apart
KEYS = ("what", "energy", "power", "hours", "device_hours", "boundary", "component", "method", "includes", "site", "start",
        "end", "made", "made_water", "count", "life", "utilisation", "travel", "served", "activity", "note")  # fmt: skip
MADE = {"climate": ("made", "kg"), "water_embodied": ("made_water", "L")}


@dataclass(frozen=True, eq=False)
class Part:
    """One part: its phase and name, the activity, where it stands, what it includes, and factors it states itself."""

    phase: str
    name: str
    activity: Activity
    site: Mapping[str, Any]
    includes: tuple[str, ...] = ()
    rates: Mapping[str, Mapping[str, Factor]] = field(default_factory=dict)
    life: tuple[float, float] | None = None
    note: str = ""


def read(phase: str, given: Any, site: Mapping[str, Any], folder: Path = Path()) -> Part:
    """The part that a mapping (or an Activity) means. Errors: BadInput naming phase, part and key."""
    if isinstance(given, Activity):
        given = {"what": phase, "activity": given}
    if not isinstance(given, Mapping):
        raise BadInput(phase, given, "write each part as a mapping, e.g. {what: computing, energy: 433 MWh}")
    require_known(given, KEYS, phase)
    at = f"{phase}: {given.get('what', '')}"
    name, kind = _name(phase, given), _kind(at, given)
    activity, rates, life = READERS[kind](at, name, given, folder)
    activity = activity.assume(*_usual(at, kind, given))
    begin, end = _interval(at, given)
    if begin is not None and end is not None:
        _require_within(at, given, end - begin)
        import numpy as np

        activity = _with(activity, start_s=np.full(len(activity), begin), end_s=np.full(len(activity), end))
    place = site_of(at, given.get("site"), site)
    served = {str(k): float(units.read(v, "", f"{at}: served")) for k, v in _mapping(at, given, "served").items()}
    activity = _with(activity, served={k: _one(v) for k, v in served.items()} or activity.served)
    labels = {"stage": phase, "part": name, "site": str(place.get("name", ""))}
    return Part(phase, name, activity.label(**labels), place, _names(at, given), rates, life, str(given.get("note", "")))


def _usual(at: str, kind: str, given: Mapping[str, Any]) -> Iterator[Assumption]:
    """What a part leaves to us, said."""
    if kind in ("energy", "power") and "boundary" not in given:
        yield Assumption(f"boundary of {at}", "server", "not given; the facility's overhead (PUE) is added to it", "stated")
    if kind == "made" and "device_hours" in given and "utilisation" not in given:
        yield Assumption(f"utilisation of {at}", "1", "not given; every hour of its life bears the same", "stated")


def _require_within(at: str, given: Mapping[str, Any], span_s: float) -> None:
    """Contradiction where a power is drawn for more hours of the clock than lie between start and end."""
    if "power" in given and "hours" in given:
        hours, span_h = float(units.read(given["hours"], "h", f"{at}: hours")), units.convert(span_s, "s", "h")
        if hours > span_h * (1 + 1e-9):
            raise Contradiction(f"{at}: hours", given["hours"], f"from start to end are {span_h:g} h; give device_hours for several devices")


def _name(phase: str, given: Mapping[str, Any]) -> str:
    name = given.get("what")
    if not isinstance(name, str) or not name.strip() or "/" in name:
        raise BadInput(f"{phase}: what", name, "name each part, without a slash, e.g. what: computing")
    return name.strip()


def _kind(at: str, given: Mapping[str, Any]) -> str:
    kinds = [kind for kind in KINDS if kind in given]
    if "energy" in kinds and "power" in kinds:
        raise BadInput(at, sorted(given), "give energy, or power and hours, not both")
    if len(kinds) != 1:
        raise BadInput(at, sorted(given), f"give one of {', '.join(KINDS)} a part; split it where it has two")
    return kinds[0]


def _electricity(at: str, name: str, given: Mapping[str, Any], folder: Path) -> tuple[Activity, dict[str, Any], None]:
    """kWh as given, or W × h / 1000; a meter of the boundary stated, server where none is."""
    boundary, method = given.get("boundary", "server"), given.get("method", "declared")
    for key, word, allowed in (("boundary", boundary, BOUNDARIES), ("method", method, METHODS)):
        if word not in allowed:
            raise BadInput(f"{at}: {key}", word, f"choose one of {', '.join(allowed)}")
    if "energy" in given:
        kwh = units.read(given["energy"], "kWh", f"{at}: energy")
    else:
        hours = [units.read(given[key], "h", f"{at}: {key}") for key in ("device_hours", "hours") if key in given]
        if len(hours) != 1:
            raise BadInput(f"{at}: hours", sorted(given), "power needs hours, or device_hours")
        kwh = units.convert(units.read(given["power"], "W", f"{at}: power"), "W", "kW") * hours[0]
    component = str(given.get("component", name))
    row = {"amount": float(kwh), "boundary": boundary, "method": method, "component": component, "lifecycle": "operation"}
    return Activity.of([row]), {}, None


def _made(at: str, name: str, given: Mapping[str, Any], folder: Path) -> tuple[Activity, dict[str, Any], tuple[float, float] | None]:
    """Making: kg a piece over the hours it serves, times the hours used; or times a count of pieces."""
    per_piece = {indicator: float(units.read(given[key], unit, f"{at}: {key}"))
                 for indicator, (key, unit) in MADE.items() if key in given}  # fmt: skip
    flow = f"device_hours/stated:{name}"
    if ("count" in given) == ("device_hours" in given):
        raise BadInput(f"{at}: made", sorted(given), "give device_hours with life and utilisation, or count")
    if "count" in given:
        span, life = units.HOURS_PER_YEAR, None  # any span: what is written off whole has no hours of its own
        amount = float(units.read(given["count"], "", f"{at}: count")) * span
    else:
        life = (_years(at, given), float(units.read(given.get("utilisation", 1.0), "", f"{at}: utilisation")))
        if not 0 < life[1] <= 1:
            raise BadInput(f"{at}: utilisation", life[1], "give a share above 0 and at most 1")
        amount = float(units.read(given["device_hours"], "h", f"{at}: device_hours"))
        span = life[0] * units.HOURS_PER_YEAR * life[1]
    row = {"amount": amount, "flow": flow, "component": name, "boundary": "facility", "method": "declared",
           "lifecycle": "manufacture"}  # fmt: skip
    rates = {flow: {i: stated(flow, i, value / span) for i, value in per_piece.items()}}
    return Activity.of([row]), rates, life


def _years(at: str, given: Mapping[str, Any]) -> float:
    """The life in years; a bare number is years."""
    if "life" not in given:
        raise BadInput(f"{at}: life", None, "say over how many years it is written off, e.g. life: 6 years")
    value = given["life"]
    if isinstance(value, str):
        value = units.convert(units.read(value, "year", f"{at}: life"), "year", "year")
    years = float(units.read(value, "", f"{at}: life"))
    if not 0 < years <= 30:
        raise BadInput(f"{at}: life", given["life"], "give years above 0 and at most 30")
    return years


def _travel(at: str, name: str, given: Mapping[str, Any], folder: Path) -> tuple[Activity, dict[str, Any], None]:
    from jevons.account.life.travel import travel

    asked = _mapping(at, given, "travel")
    require_known(asked, ("file", "rows", "to"), f"{at}: travel")
    rows = folder / str(asked["file"]) if "file" in asked else asked.get("rows", ())
    return travel(rows, asked.get("to")).label(lifecycle="operation"), {}, None


def _activity(at: str, name: str, given: Mapping[str, Any], folder: Path) -> tuple[Activity, dict[str, Any], None]:
    activity = given["activity"]
    if not isinstance(activity, Activity):
        raise BadInput(f"{at}: activity", activity, "give an Activity, as the doors return it")
    return activity, {}, None


READERS = {"energy": _electricity, "power": _electricity, "made": _made, "travel": _travel, "activity": _activity}


def _interval(at: str, given: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """UTC seconds of the dates given; both or neither."""
    from datetime import UTC, datetime

    if not ("start" in given or "end" in given):
        return None, None
    try:
        begin, end = (datetime.fromisoformat(str(given[key])) for key in ("start", "end"))
    except (KeyError, ValueError):
        raise BadInput(f"{at}: start", given.get("start"), "give start and end as dates: 2022-03-11") from None
    seconds = [(t if t.tzinfo else t.replace(tzinfo=UTC)).timestamp() for t in (begin, end)]
    if seconds[1] <= seconds[0]:
        raise BadInput(f"{at}: end", str(given["end"]), "give an end after the start")
    return seconds[0], seconds[1]


def site_of(at: str, own: Any, usual: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of a part's site, ``usual`` where it has none of its own; a bare name is one of them. BadInput."""
    if own is None:
        return usual
    if isinstance(own, str):
        return {"name": own}
    if not isinstance(own, Mapping):
        raise BadInput(f"{at}: site", own, "name a place, or give its keys as for jevons.site")
    return dict(own)


def _names(at: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    names = given.get("includes", ())
    if isinstance(names, str) or not all(isinstance(n, str) for n in names):
        raise BadInput(f"{at}: includes", names, "give a list of the names of parts")
    return tuple(names)


def _mapping(at: str, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = given.get(key) or {}
    if not isinstance(found, Mapping):
        raise BadInput(f"{at}: {key}", found, "give a mapping")
    return found


def _one(value: float) -> Any:
    import numpy as np

    return np.array([value])


def _with(activity: Activity, **changes: Any) -> Activity:
    from dataclasses import replace

    return replace(activity, **changes)
