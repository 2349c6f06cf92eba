"""``--grid``: who is asked for the carbon intensity of the hour, while a run goes on. Nobody, unless it is given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jevons.core.errors import BadInput

KEYS = {"electricity-maps": "ELECTRICITY_MAPS_KEY", "entsoe": "ENTSOE_TOKEN", "uk": ""}
"""Who publishes averages, and the environment's word for the key."""


def place(given: Mapping[str, Any]) -> Any:
    """The site's name, or a place priced by the hour; what was opened for it ends with the process."""
    if not given.get("grid"):
        if given.get("zone"):
            raise BadInput("--zone", given["zone"], "say whose zone: --grid")
        return given.get("at") or ""
    import jevons
    from jevons.world.grid_clients import live

    client, zone = _client(given["grid"]), given.get("zone") or ("GB" if given["grid"] == "uk" else "")
    if not zone and given["grid"] in KEYS:
        raise BadInput("--zone", "", f"say which zone of {given['grid']}, e.g. --zone FR")
    return live(jevons.site(given.get("at") or ""), client, zone).__enter__()


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
