"""Where: a name becomes a chain of places, narrow to wide, along which factors are looked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from jevons.core.errors import UnknownName
from jevons.world import catalog
from jevons.world.catalog import Row
from jevons.world.lookup import Match, nearest, normalise

WORLD = ("world", "WLD")


@dataclass(frozen=True, slots=True)
class Location:
    """A place found by name. ``chain``: (level, id) from narrow to wide, always ending in the world."""

    name: str
    chain: tuple[tuple[str, str], ...]
    region: Row | None = field(compare=False)
    match: Match

    @property
    def country(self) -> str:
        """ISO 3166 alpha-3 code, empty for the world."""
        return dict(self.chain).get("country", "")


@functools.lru_cache(maxsize=1024)
def locate(name: str) -> Location:
    """The place a person means: a cloud region, a country, an eGRID subregion, a US state, or a grid zone of a pack.

    Errors: UnknownName with the three nearest names.
    """
    known = _known()
    level_id = known.get(normalise(name))
    if level_id is None:
        names = sorted(set(_shown_names()))
        raise UnknownName("place", name, nearest(name, names),
                          "or give the intensity yourself: site(intensity='400 g/kWh')")
    level, identifier = level_id
    how = "exact" if name in (identifier, identifier.split("/")[-1]) else f"another name of {identifier}"
    return Location(identifier, _chain(level, identifier), _region(level, identifier), Match(identifier, 1.0, how))


def _chain(level: str, identifier: str) -> tuple[tuple[str, str], ...]:
    if level == "region":
        row = catalog.table("cloud_regions").index[identifier]
        country, zone = row["place"], row["zone"]
        middle = () if zone in ("", country) else (("subregion", zone),)
        return (("region", identifier), *middle, ("country", country), WORLD)
    if level in ("subregion", "state"):
        return ((level, identifier), ("country", "USA"), WORLD)
    if level == "zone":
        country = _zones()[identifier]["iso3"]
        return (("zone", identifier), *((("country", country),) if country else ()), WORLD)
    return (("country", identifier), WORLD) if level == "country" else (WORLD,)


def _region(level: str, identifier: str) -> Row | None:
    return catalog.table("cloud_regions").index[identifier] if level == "region" else None


@functools.lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, str]]:
    """normalised name → (level, id); narrower levels win, a bare region name wins only where it is unique."""
    known: dict[str, tuple[str, str]] = {}
    for level, identifier, names in _named():
        for name in names:
            known.setdefault(normalise(name), (level, identifier))
    return known


def _named() -> list[tuple[str, str, list[str]]]:
    regions = catalog.table("cloud_regions").index
    bare = [r.split("/")[-1] for r in regions]
    named = [("region", r, [r] + ([r.split("/")[-1]] if bare.count(r.split("/")[-1]) == 1 else [])) for r in regions]
    named += [("country", row["iso3"], [row["iso3"], row["iso2"], row["name"], *row["aliases"].split(";")])
              for row in catalog.table("places") if row["iso3"] != "WLD"]
    named += [("subregion", row["id"], [row["id"], row["name"]]) for row in catalog.table("grid_us_subregion")]
    named += [("state", row["id"], [row["id"], row["name"], f"{row['name']}, US"]) for row in catalog.table("grid_us_state")]
    named += [("zone", zone, [zone]) for zone in _zones()]
    named.append(("world", "WLD", ["WLD", "world", "global", "earth"]))
    return [(level, identifier, [n for n in names if n]) for level, identifier, names in named]


def _zones() -> dict[str, Row]:
    try:
        return {row["zone"]: row for row in catalog.table("grid_zone")}
    except UnknownName:
        return {}


def _shown_names() -> list[str]:
    place = {"country": 2, "state": 1}
    return [names[min(place.get(level, 0), len(names) - 1)] for level, _, names in _named()]


for _cache in (_known, locate):
    catalog.on_overlay(_cache.cache_clear)
