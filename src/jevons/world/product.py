"""Which embodied figure a piece of hardware gets: a published footprint, else the screening rule, else a stand-in."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from jevons.core.errors import UnknownName
from jevons.core.source import Assumption
from jevons.world import catalog
from jevons.world.catalog import Row
from jevons.world.defaults import default
from jevons.world.embodied import accelerator_rule_kg
from jevons.world.hardware import Device, Server

MM2_PER_CM2 = 100.0


@dataclass(frozen=True, slots=True)
class Embodied:
    """Impact of making one unit, by indicator (climate in kg CO2e), with the method and its spread."""

    impacts: Mapping[str, float]
    gsd: float
    method: str
    source: str
    year: int | None = None
    quality: str = ""
    assumptions: tuple[Assumption, ...] = ()


@functools.lru_cache(maxsize=1024)
def of_device(device_id: str) -> Embodied:
    """One accelerator: its published product footprint, else the screening rule, else another device's."""
    row = catalog.table("accelerators").index.get(device_id)
    if row is None:
        raise UnknownName("accelerator", device_id, mend="a device-hour needs the id of a row of accelerators")
    device = Device.from_row(row)
    published = _published(device_id)
    if published is not None:
        return published
    if device.silicon_mm2 is not None and device.memory_gb is not None:
        return _by_rule(device, device.silicon_mm2, device.memory_gb)
    usual = default("embodied-accelerator")
    note = Assumption(f"embodied carbon of {device_id}", f"{usual.value:g} kg",
                      "neither a product footprint nor die area and memory are published", usual.source)  # fmt: skip
    return Embodied({"climate": usual.value}, 2.0, "stand-in", usual.source, None, "43443", (note,))


def _by_rule(device: Device, silicon_mm2: float, memory_gb: float) -> Embodied:
    kg = accelerator_rule_kg(memory_gb, silicon_mm2 / MM2_PER_CM2)
    note = Assumption(f"embodied carbon of {device.id}", f"{kg:.0f} kg", "screening rule from memory and die area",
                      "jevons-rule")  # fmt: skip
    return Embodied({"climate": kg}, 1.5, "screening rule", device.source, device.year, "33232", (note,))


def _published(subject: str) -> Embodied | None:
    rows = catalog.table("embodied_product").where(product=subject, default="yes")
    return _figure(rows[0]) if rows else None


def _figure(row: Row) -> Embodied:
    """A published figure, for one device of however many it covers."""
    share = 1.0 / (catalog.number(row, "devices") or 1.0)
    impacts = {name: share * float(row[column]) for name, column in _COLUMNS.items() if row.get(column)}
    year = catalog.number(row, "year")
    return Embodied(impacts, catalog.number(row, "gsd", 1.3) or 1.3, f"{row['method']} figure", row["source"],
                    int(year) if year else None, row["quality"])  # fmt: skip


_COLUMNS = {
    "climate": "climate_kg", "abiotic_depletion": "abiotic_depletion_kgsb", "primary_energy": "primary_energy_mj",
    "water_embodied": "water_l",
}  # fmt: skip


@functools.lru_cache(maxsize=1024)
def of_host(host_id: str) -> Embodied:
    """The share of one device in its host: the host's own figure, else the usual server divided among eight."""
    row = catalog.table("servers").index.get(host_id)
    server = Server.from_row(row) if row is not None else None
    if server is not None and (kg := server.host_embodied_kg_per_device()) is not None:
        return Embodied({"climate": kg}, 2.0, "server figure", server.source, None, server.quality)
    usual = catalog.table("embodied_product").where(kind="host", default="yes")[0]
    devices = server.devices if server is not None else catalog.number(usual, "devices") or 8
    made = _figure({**usual, "devices": str(devices)})
    note = Assumption(f"embodied carbon of host {host_id}", f"{usual['climate_kg']} kg for {devices:g} devices",
                      "no figure of its own; its memory decides, within a factor of four", usual["source"])  # fmt: skip
    return Embodied(made.impacts, made.gsd, "server stand-in", made.source, made.year, made.quality, (note,))


def of_storage(medium_id: str) -> tuple[Embodied, float]:
    """One TB of a storage medium, and the years it serves."""
    row = catalog.table("storage_media").index[medium_id]
    impacts = {"climate": float(row["embodied_kg_per_tb"])}
    made = Embodied(impacts, float(row["gsd"]), "drive figure", row["source"], int(row["year"]), row["quality"])
    return made, float(row["life_years"])


for _cache in (of_device, of_host):
    catalog.on_overlay(_cache.cache_clear)
