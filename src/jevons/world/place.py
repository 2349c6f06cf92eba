"""Where: a name becomes a chain of places, narrow to wide, along which factors are looked for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
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

    A country goes before a state of its name. Errors: UnknownName with the three nearest names, or with all regions
    that the name could mean.
    """
    found = _spelled().get(_spelling(name)) or _known().get(normalise(name)) or ()
    found = tuple(place for place in found if place[0] == found[0][0])
    if len(found) > 1:
        raise UnknownName("place", name, [identifier for _, identifier in found], "say which")
    if not found:
        near = [*_there(name), *nearest(name, sorted(set(_shown_names())))]
        raise UnknownName("place", name, near[:3], "or give the intensity yourself: site(intensity='400 g/kWh')")
    ((level, identifier),) = found
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


Places = dict[str, tuple[tuple[str, str], ...]]
"""A form of a name → the (level, id) of each place it may stand for."""


@functools.lru_cache(maxsize=1)
def _spelled() -> Places:
    """By spelling, which tells Google's us-east1 from Amazon's us-east-1."""
    return _by(_spelling)


@functools.lru_cache(maxsize=1)
def _known() -> Places:
    """By letters and digits alone."""
    return _by(normalise)


def _by(form: Callable[[str], str]) -> Places:
    found: dict[str, dict[tuple[str, str], None]] = {}
    for level, identifier, names in _named():
        for name in names:
            found.setdefault(form(name), {})[level, identifier] = None
    return {name: tuple(places) for name, places in found.items()}


def _spelling(name: str) -> str:
    """Lower case, whatever stands between two words one hyphen: us_east_1 is us-east-1, but not us-east1."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


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


def _there(name: str) -> list[str]:
    """The cloud regions that lie in a city or land of that name: an estimate wants the region, or its country."""
    said = name.strip().lower()
    regions = catalog.table("cloud_regions").index.items()
    return [region for region, row in regions if len(said) > 2 and said in row["location"].lower()]


def _shown_names() -> list[str]:
    place = {"country": 2, "state": 1}
    return [names[min(place.get(level, 0), len(names) - 1)] for level, _, names in _named()]


for _cache in (_spelled, _known, locate):
    catalog.on_overlay(_cache.cache_clear)
