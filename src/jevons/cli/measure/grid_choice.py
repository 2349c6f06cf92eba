"""``--grid``: who is asked for the carbon intensity of the hour, while a run goes on. Nobody, unless it is given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jevons.core.errors import BadInput

KEYS = {"electricity-maps": "ELECTRICITY_MAPS_KEY", "entsoe": "ENTSOE_TOKEN", "uk": ""}
"""Who publishes averages, and the environment's word for the key."""
BRITAIN = "GBR"


def place(given: Mapping[str, Any]) -> Any:
    """The site's name, or a place priced by the hour; what was opened for it ends with the process."""
    if not given.get("grid"):
        if given.get("zone"):
            raise BadInput("--zone", given["zone"], "say whose zone: --grid")
        return given.get("at") or ""
    import jevons
    from jevons.world.grid_clients import live

    client, zone = _client(given["grid"]), given.get("zone") or ("GB" if given["grid"] == "uk" else "")
    where = jevons.site(given.get("at") or (BRITAIN if given["grid"] == "uk" else ""))
    if given["grid"] == "uk" and where.location.country != BRITAIN:
        raise BadInput("--grid", "uk", f"it knows Great Britain alone, and {where.name} is elsewhere: leave --at out, or say who knows it")
    if not zone and given["grid"] in KEYS:
        raise BadInput("--zone", "", f"say which zone of {given['grid']}, e.g. --zone FR")
    return live(where, client, zone).__enter__()


def study(place: Any) -> Any:
    """The study that prices there: of what the provider counts, where one is asked (generation alone, or its life cycle)."""
    from jevons.core.study import Study

    if not hasattr(place, "signal"):
        return Study()
    accounting, grid, scope = place.signal().kind
    return Study(accounting=accounting, grid=grid, scope=scope)


def _client(named: str) -> Any:
    from jevons.world import grid_clients

    if named not in KEYS:
        try:
            return grid_clients.CsvFile(named)
        except BadInput:
            raise BadInput("--grid", named, f"use one of {', '.join(KEYS)}, or name a CSV file of hours") from None
    if named == "uk":
        return grid_clients.UnitedKingdom()
    key = os.environ.get(KEYS[named])
    if not key:
        raise BadInput("--grid", named, f"put its key into the environment: export {KEYS[named]}=...")
    return grid_clients.ElectricityMaps(key) if named == "electricity-maps" else grid_clients.Entsoe(key)
