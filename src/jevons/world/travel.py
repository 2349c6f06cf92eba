"""People who travel: kilometres by mode and distance, each with a factor of travel_factors.

    distance   great circle over a sphere (haversine), or over the WGS 84 ellipsoid (Lambert)
    factor     ground under 400 km, then air by 400, 1,500 and 8,000 km one way   (Klöwer et al. 2020)
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.factor import Factor, Factors, When
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.world import catalog

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MEAN_RADIUS_KM = 6371.0088  # (2a + b)/3 of WGS 84
EQUATOR_KM, FLATTENING = 6378.137, 1 / 298.257223563  # WGS 84
NEAR_ANTIPODE = 3.1  # rad: beyond it Lambert's correction diverges


def central_angle(lat: Any, lon: Any, to_lat: Any, to_lon: Any) -> Array:
    """Angle between two points seen from the centre of a sphere, rad (haversine formula, Sinnott 1984).

        sin²(σ/2) = sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)        φ latitude, λ longitude, both given in degrees
    """
    import numpy as np

    phi, lam, phi2, lam2 = (np.radians(np.asarray(x, float)) for x in (lat, lon, to_lat, to_lon))
    half = np.sin((phi2 - phi) / 2) ** 2 + np.cos(phi) * np.cos(phi2) * np.sin((lam2 - lam) / 2) ** 2
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def great_circle_km(lat: Any, lon: Any, to_lat: Any, to_lon: Any) -> Array:
    """d = R σ, km, over a sphere of the Earth's mean radius: within 0.6 % of the ellipsoid. Degrees; arrays broadcast."""
    return MEAN_RADIUS_KM * central_angle(lat, lon, to_lat, to_lon)


def distance_km(lat: Any, lon: Any, to_lat: Any, to_lon: Any) -> Array:
    """Great circle over the WGS 84 ellipsoid, km (Lambert 1942): within half a kilometre; degrees, arrays broadcast.

        d = a (σ − f/2 (X + Y)),  tan β = (1 − f) tan φ,  σ by haversine on β,  P, Q = (β₂ ± β₁)/2
        X = (σ − sin σ) sin²P cos²Q / cos²(σ/2),  Y = (σ + sin σ) cos²P sin²Q / sin²(σ/2)

    Beyond 3.1 rad (the far side of the globe) the sphere of mean radius answers instead.
    """
    import numpy as np

    beta, beta2 = (np.arctan((1 - FLATTENING) * np.tan(np.radians(np.asarray(x, float)))) for x in (lat, to_lat))
    sigma = central_angle(np.degrees(beta), lon, np.degrees(beta2), to_lon)
    mean, half = (beta + beta2) / 2, (beta2 - beta) / 2
    near = sigma < NEAR_ANTIPODE
    safe = np.where(near & (sigma > 0), sigma, 1.0)
    x = (safe - np.sin(safe)) * (np.sin(mean) * np.cos(half) / np.cos(safe / 2)) ** 2
    y = (safe + np.sin(safe)) * (np.cos(mean) * np.sin(half) / np.sin(safe / 2)) ** 2
    ellipsoid = np.where(sigma > 0, EQUATOR_KM * (sigma - FLATTENING / 2 * (x + y)), 0.0)
    return np.where(near, ellipsoid, great_circle_km(lat, lon, to_lat, to_lon))


@dataclass(frozen=True, slots=True)
class Tier:
    """A row of travel_factors: its flow is ``travel/<id>``, it holds from ``from_km`` up to below ``to_km`` one way."""

    id: str
    mode: str
    from_km: float
    to_km: float
    source: str


def tiers(mode: str = "") -> list[Tier]:
    """The rows that distance chooses among, shortest first; of one ``mode`` where it is named. BadInput for no such mode."""
    table = catalog.table("travel_factors")
    rows = [row for row in table if (row["mode"] == mode if mode else row["default"] == "yes")]
    if not rows:
        raise BadInput("mode", mode, f"choose one of {', '.join(sorted({row['mode'] for row in table}))}")
    found = [Tier(row["id"], row["mode"], catalog.number(row, "from_km") or 0.0,
                  catalog.number(row, "to_km") or float("inf"), row["source"]) for row in rows]  # fmt: skip
    return sorted(found, key=lambda tier: tier.from_km)


def tier_of(one_way_km: Array, choices: list[Tier]) -> NDArray[np.int64]:
    """The index among ``choices`` for each distance: the last that begins at or below it."""
    import numpy as np

    return np.searchsorted([tier.from_km for tier in choices], one_way_km, side="right").clip(1) - 1


@functools.lru_cache(maxsize=256)
def factors(kind: str) -> Mapping[str, Factor]:
    """indicator → Factor a person and km of ``travel/<kind>``; empty where no row has that id (see ``tiers``)."""
    row = catalog.table("travel_factors").index.get(kind)
    if row is None:
        return {}
    spread = Uncertain.lognormal(1.0, float(row["gsd"]), f"factor of {kind}", "travel factors")
    return {"climate": Factor(f"travel/{kind}", "climate", float(row["kg_per_km"]), catalog.source(row["source"]),
                              int(row["year"]), spread=spread, quality=row["quality"], method=catalog.METHODS["climate"])}  # fmt: skip


catalog.on_overlay(factors.cache_clear)


@dataclass(frozen=True)
class OnTheWay:
    """Where travel alone is priced: no grid, no facility (a Place)."""

    name: str = "on the way"

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        """The demand itself."""
        return demand

    def factors(self, study: Study) -> Factors:
        """The factors of travel under any study."""
        return self

    def of(self, flow: str, when: When) -> Mapping[str, Factor]:
        """Those of ``travel/<id>``; nothing for other flows, so that these are refused."""
        family, _, kind = flow.partition("/")
        return factors(kind) if family == "travel" else {}


def where(name: str) -> tuple[str, float, float]:
    """A city of the table, or "lat,lon" in degrees: its name, latitude and longitude.

    Errors: UnknownName with the three nearest cities; BadInput for coordinates off the globe.
    """
    if not isinstance(name, str) or not name.strip():
        raise BadInput("place", name, "name a city, e.g. 'San Francisco', or give '37.77,-122.42'")
    numbers = name.split(",")
    try:
        lat, lon = (float(x) for x in numbers)
    except ValueError:
        row, _ = catalog.table("cities").find(name)
        return row["name"], float(row["lat"]), float(row["lon"])
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise BadInput("place", name, "give degrees: latitude -90 to 90, then longitude -180 to 180")
    return name, lat, lon
