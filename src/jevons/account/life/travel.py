"""Travel to a meeting: who came from where, as kilometres by mode and distance.

    travel("attendees.csv", to="San Francisco")                   E = Σ 2 · n · d · f(d)     (Klöwer et al. 2020)
    travel("attendees.csv", to=["Chicago", "Paris", "Tokyo"])     each to the nearest of these

A file has a row a place of origin: ``N`` (or people), ``lat`` and ``lon`` in degrees or ``dist`` in km one way;
optional ``country`` and ``mode`` (air, train, car ...: its own factor at every distance).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption
from jevons.world import catalog
from jevons.world import travel as ways

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NAMES = {  # a field -> what its column may be called, in lower case
    "people": ("n", "people", "attendees", "participants", "count"), "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "long", "longitude"), "km": ("dist", "dist_km", "distance", "distance_km", "km"),
    "origin": ("country", "origin"), "mode": ("mode",),
}  # fmt: skip
LIMITS = {"people": (0.0, 1e8), "lat": (-90.0, 90.0), "lon": (-180.0, 180.0), "km": (0.0, 20_040.0)}
BOTH_WAYS = 2


@dataclass(frozen=True, eq=False)
class Travellers:
    """Groups of people: how many, whence (degrees, NaN where not known) or how far one way (km), origin and mode."""

    people: Array
    lat: Array
    lon: Array
    km: Array
    origin: tuple[str, ...]
    mode: tuple[str, ...]
    file: str = "travellers"

    def __len__(self) -> int:
        return len(self.people)


def travel(travellers: str | Path | Travellers | Iterable[Mapping[str, Any]],
           to: str | Sequence[str] | None = None) -> Activity:  # fmt: skip
    """Activity of everybody's way there and back, person-km by mode and distance (flows ``travel/<tier>``).

    ``travellers``: a CSV file, or rows as mappings. ``to``: a city, "lat,lon", or several, of which each group takes the
    nearest; None: the distances given. Labels: origin, destination. Errors: TableError naming file, row and column;
    UnknownName for a city; BadInput where neither a place nor a distance is known.
    """
    groups = travellers if isinstance(travellers, Travellers) else read(travellers)
    hubs = [ways.where(name) for name in ([to] if isinstance(to, str) else to or ())]
    km, hub = _distances(groups, hubs)
    rows = _rows(groups, km, hub, [name for name, _, _ in hubs] or [""])
    if not rows:
        raise BadInput("travellers", 0, "give at least one person who travels")
    people = float(groups.people.sum())
    note = Assumption("travel", "there and back by the shortest way", "no detours or stops known", "klower-2020")
    return Activity.of(rows, served={"person": people}, assumptions=(note,), sources=("klower-2020",))


def read(given: str | Path | Iterable[Mapping[str, Any]]) -> Travellers:
    """The groups in a CSV file or in rows. Errors: TableError naming file, row, column, value and mend."""
    import numpy as np

    name = Path(given).name if isinstance(given, (str, Path)) else "travellers"
    if isinstance(given, (str, Path)) and not Path(given).is_file():
        raise BadInput("travellers", str(given), "name a CSV file that is there")
    rows = list(catalog.read_csv(Path(given)) if isinstance(given, (str, Path)) else given)
    if not rows:
        raise TableError(name, None, None, "no rows", "give one row a place of origin")
    columns = _columns(rows[0], name)
    numbers = {field: np.array([_number(row, columns.get(field), field, name, i) for i, row in enumerate(rows, 2)])
               for field in LIMITS}  # fmt: skip
    words = {f: tuple(str(row.get(columns.get(f, ""), "") or "").strip() for row in rows) for f in ("origin", "mode")}
    return Travellers(**numbers, **words, file=name)


def _columns(row: Mapping[str, Any], name: str) -> dict[str, str]:
    """field → the column of the file that holds it."""
    held = {str(column).strip().lower(): column for column in row}
    found = {field: held[n] for field, names in NAMES.items() for n in reversed(names) if n in held}
    if not ({"lat", "lon"} <= set(found) or "km" in found):
        raise TableError(name, 1, None, ", ".join(map(str, row)), "give columns lat and lon (degrees), or dist (km one way)")
    return found


def _number(row: Mapping[str, Any], column: str | None, field: str, file: str, at: int) -> float:
    """A cell in its domain; 1 person where no column counts them, NaN where a place or distance is not given."""
    usual = 1.0 if field == "people" else float("nan")
    cell = row.get(column) if column else None
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        if field == "people" and column:
            raise TableError(file, at, column, cell, "say how many people, 0 if none")
        return usual
    low, high = LIMITS[field]
    try:
        value = float(units.read(cell, "km" if field == "km" else "", field, minimum=low))
    except BadInput as trouble:
        raise TableError(file, at, column, cell, trouble.mend) from None
    if value > high:
        raise TableError(file, at, column, cell, f"give at most {high:,g}")
    return value


def _distances(groups: Travellers, hubs: Sequence[tuple[str, float, float]]) -> tuple[Array, NDArray[np.int64]]:
    """One-way km of each group and which hub it takes; a stated distance stands where the place of origin is not known."""
    import numpy as np

    stated, none = groups.km, np.zeros(len(groups), np.int64)
    if not hubs:
        return _known(groups, stated, "name where they travel to, or give a column dist (km one way)"), none
    by_hub = np.stack([ways.distance_km(groups.lat, groups.lon, lat, lon) for _, lat, lon in hubs])
    hub = np.where(np.isnan(by_hub[0]), 0, by_hub.argmin(axis=0))
    km = by_hub[hub, np.arange(len(groups))]
    if len(hubs) == 1:
        km = np.where(np.isnan(km), stated, km)
    return _known(groups, km, "give lat and lon (degrees) for every origin"), hub


def _known(groups: Travellers, km: Array, mend: str) -> Array:
    import numpy as np

    for row in np.flatnonzero(np.isnan(km))[:1]:
        raise TableError(groups.file, int(row) + 2, None, groups.origin[row] or "no place", mend)
    return km


def _rows(groups: Travellers, km: Array, hub: NDArray[np.int64], hubs: Sequence[str]) -> list[dict[str, Any]]:
    """Person-km, both ways, summed by destination, origin, mode and tier."""
    import numpy as np

    amount, sums = BOTH_WAYS * groups.people * km, {}
    for mode in dict.fromkeys(groups.mode):
        own = np.array([m == mode for m in groups.mode])
        choices = _tiers(groups, mode)
        tier = ways.tier_of(km, choices)
        for i in np.flatnonzero(own & (groups.people > 0)):
            key = (hubs[hub[i]], groups.origin[i], choices[tier[i]])
            sums[key] = sums.get(key, 0.0) + float(amount[i])
    return [
        {"flow": f"travel/{tier.id}", "component": tier.mode, "stage": "travel", "boundary": "facility",
         "method": "declared", "amount": total, "origin": origin, "destination": place, "tier_km": _said(tier)}
        for (place, origin, tier), total in sums.items()
    ]  # fmt: skip


def _tiers(groups: Travellers, mode: str) -> list[ways.Tier]:
    """The factors of a mode. Errors: TableError naming the first row of a mode that has none."""
    try:
        return ways.tiers(mode)
    except BadInput as trouble:
        raise TableError(groups.file, groups.mode.index(mode) + 2, "mode", mode, trouble.mend) from None


def _said(tier: ways.Tier) -> str:
    """The distances of a tier in words."""
    if tier.to_km == float("inf"):
        return f"{tier.from_km:,.0f} km and more" if tier.from_km else "any distance"
    return f"{tier.from_km:,.0f} to {tier.to_km:,.0f} km" if tier.from_km else f"under {tier.to_km:,.0f} km"
