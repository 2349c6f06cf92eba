"""Hardware by name: the accelerator a person means, and the host it usually sits in."""

from __future__ import annotations

import functools

from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.world import catalog
from jevons.world.hardware import Device, Server


def device(name: str) -> tuple[Device, tuple[Assumption, ...]]:
    """The accelerator of that name and a note where the match was not exact; UnknownName with the three nearest."""
    if not isinstance(name, str):
        raise BadInput("on", name, "name an accelerator, e.g. 'h100'")
    return _device(name)


@functools.lru_cache(maxsize=512)
def _device(name: str) -> tuple[Device, tuple[Assumption, ...]]:
    row, match = catalog.table("accelerators").find(name)
    note = () if match.score == 1.0 else (Assumption("accelerator", row["name"], match.how, row["source"]),)
    return Device.from_row(row), note


@functools.lru_cache(maxsize=512)
def host_of(device_id: str) -> Server | None:
    """The first host in the table built around a device, or around its siblings of the same generation and form."""
    rows = list(catalog.table("servers"))
    for row in rows:
        if row["device"] == device_id:
            return Server.from_row(row)
    table = catalog.table("accelerators").index
    kin = table[device_id]
    for row in rows:
        other = table.get(row["device"])
        if other and (other["generation"], other["form"]) == (kin["generation"], kin["form"]):
            return Server.from_row(row)
    return None


for _cache in (_device, host_of):
    catalog.on_overlay(_cache.cache_clear)
