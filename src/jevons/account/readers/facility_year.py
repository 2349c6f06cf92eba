"""A calendar year of a building's meters, summed as those ask who rate data centres: all it used, its computers, heat handed on.

    E_DC    = import + generation − export          E_on-site = PV · (1 − export / generation)
    E_IT    = Σ of the meters named for it          E_reuse   = Σ of the heat meters named for it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from jevons.account.readers.metering import GENERATES, Meters
from jevons.core import units
from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

WHOLE = 0.999
SECONDS_PER_DAY = units.convert(1.0, "day", "s")


@dataclass(frozen=True, eq=False)
class FacilityYear:
    """kWh of one calendar year (UTC); None where no meter is of it. ``covered``: share of the year with readings; ``bought``: what contracts may cover."""

    year: int
    used_kwh: float
    computers_kwh: float
    on_site_kwh: float | None
    reused_kwh: float | None
    covered: float
    bought: Activity
    notes: tuple[Assumption, ...] = ()


def facility_year(meters: Meters, computers: Sequence[str], reused: Sequence[str] = (), year: int | None = None) -> FacilityYear:
    """The sums of a year; ``computers`` and ``reused``: names of the meters of IT equipment and of heat handed to others.

    ``year``: by default the one that all readings are in. Errors: UnknownName for a meter that is none, BadInput for one
    counted twice, for none of the computers, no main meter, heat that is no heat meter, readings of another or several years.
    """
    if not computers:
        raise BadInput("it", "no meter", f"name the meters of the IT equipment (--it); there are {', '.join(meters.kwh)}")
    if "main" not in meters.role.values():
        raise BadInput("roles", ", ".join(meters.role), "none meters what the site imports; name its column Main or Grid import")
    _require_apart(meters, computers)
    _require_heat(meters, reused)
    at, held = _year(meters, year)
    share = held.of("export") / np.where(held.of(*GENERATES) > 0, held.of(*GENERATES), 1.0)
    on_site = held.of("pv") * np.clip(1 - share, 0.0, 1.0)
    bought = np.maximum(held.consumption - on_site, 0.0)  # rounding alone could take it below
    return FacilityYear(
        at, float(held.consumption.sum()), _sum(held, computers), float(on_site.sum()) if "pv" in held.role.values() else None, _sum(held, reused) if reused else None,
        float((held.end_s - held.start_s).sum()) / (SECONDS_PER_DAY * _days(at)), _bought(held, bought), tuple(_notes(held, computers, reused, at)),
    )  # fmt: skip


def _require_apart(meters: Meters, names: Sequence[str]) -> None:
    """Each meter is there, and none lies behind another of them."""
    for name in names:
        if name not in meters.kwh:
            raise UnknownName("meter", name, list(meters.kwh))
        if meters.role[name] not in ("main", "sub"):
            raise BadInput("it", name, f"its role is {meters.role[name]}: name meters of consumption")
        above, seen = meters.above.get(name), set[str]()
        while above is not None and above not in seen:
            if above in names:
                raise BadInput("it", name, f"it lies behind {above}, which is named too: its energy would count twice")
            seen.add(above)
            above = meters.above.get(above)
    if len(set(names)) < len(names):
        raise BadInput("it", ", ".join(names), "name each meter once")


def _require_heat(meters: Meters, names: Sequence[str]) -> None:
    for name in names:
        if name not in meters.kwh:
            raise UnknownName("meter", name, list(meters.kwh))
        if meters.role[name] != "heat":
            raise BadInput("reused", name, f"its role is {meters.role[name]}, not heat: name the meter of the heat that is handed on")


def _year(meters: Meters, year: int | None) -> tuple[int, Meters]:
    """The year meant, and the meters within it."""
    middle = (meters.start_s + meters.end_s) / 2
    years = middle.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    found = sorted({int(y) for y in years})
    if year is None and len(found) > 1:
        raise BadInput("year", f"{found[0]} to {found[-1]}", "the readings are of several years: say which (--year)")
    at = found[0] if year is None else year
    if at not in found:
        raise BadInput("year", at, f"the readings are of {', '.join(map(str, found))}")
    keep = years == at
    kwh: Mapping[str, np.ndarray] = {name: values[keep] for name, values in meters.kwh.items()}
    return at, replace(meters, start_s=meters.start_s[keep], end_s=meters.end_s[keep], kwh=kwh)


def _days(year: int) -> int:
    return int((np.datetime64(f"{year + 1}-01-01") - np.datetime64(f"{year}-01-01")).astype(int))


def _sum(held: Meters, names: Sequence[str]) -> float:
    return float(sum(np.nan_to_num(held.kwh[name]).sum() for name in names))


def _bought(held: Meters, kwh: np.ndarray) -> Activity:
    from jevons.core.activity import Activity

    rows = [{"start_s": a, "end_s": b, "amount": float(x), "component": "meter", "site": held.site, "boundary": "facility", "method": "counter"}
            for a, b, x in zip(held.start_s.tolist(), held.end_s.tolist(), kwh, strict=True)]  # fmt: skip
    return Activity.of(rows)


def _notes(held: Meters, computers: Sequence[str], reused: Sequence[str], year: int) -> list[Assumption]:
    """What a reader must know: a year with gaps, readings missing, plants that burn."""
    notes = list(held.notes)
    covered = float((held.end_s - held.start_s).sum()) / (SECONDS_PER_DAY * _days(year))
    if covered < WHOLE:
        notes.append(Assumption(f"readings of {year}", f"{covered:.1%} of the year", "the sums are of what was read; nothing is added for the rest", "stated"))
    for name in (*(m for m, role in held.role.items() if role == "main"), *computers, *reused):
        if missing := int(np.isnan(held.kwh[name]).sum()):
            notes.append(Assumption(f"readings of {name}", f"{missing} missing", "counted as nothing", "stated"))
    if "pv" in held.role.values():
        notes.append(Assumption("on-site renewables", "generated less exported", "their own guarantees of origin must be held and retired", "stated"))
    if "chp" in held.role.values():
        notes.append(Assumption("cogeneration", "its electricity", "Annex II (d) counts the fuel at its input where it stands inside the boundary", "stated"))
    return notes
