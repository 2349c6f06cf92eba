"""What CodeCarbon's keywords say of place and machine, in our words: the site, and the sensors where some are forced."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jevons.core.errors import UnknownName

log = logging.getLogger("codecarbon")
VISIBLE = "CUDA_VISIBLE_DEVICES"
UNKNOWN = (
    "no location is known, so the world average with its wide band is used; say country_iso_code='FRA', "
    "CODECARBON_COUNTRY_ISO_CODE=FRA, or site = \"France\" in jevons.toml"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Where:
    """The place as its columns tell it, and its name for ``jevons.site`` ("" where the settings or nothing name it)."""

    name: str
    country: str = "World"
    iso3: str = "WLD"
    region: str = ""
    provider: str = ""
    cloud_region: str = ""


def where(options: SimpleNamespace) -> Where:
    """Cloud region, else region, else country, else the settings' site, else the world, which is said.

    Errors: UnknownName with the nearest places.
    """
    from jevons.world.place import locate
    from jevons.world.settings import settings

    iso3 = options.country_iso_code or options.country_2letter_iso_code or ""
    if options.cloud_provider:
        found = locate(f"{options.cloud_provider}/{options.cloud_region}")
        return Where(found.name, *_country(found.country), options.region or "", options.cloud_provider, options.cloud_region)
    name = _within(options.region, iso3) or iso3 or settings().site
    if not name:
        if options.force_carbon_intensity_g_co2e_kwh is None:
            log.warning(UNKNOWN)
        return Where("")
    return Where(name, *_country(locate(name).country), options.region or "")


def _within(region: str | None, iso3: str) -> str:
    """The region's name where a table has it inside that country; the country stands for any other, which is said."""
    from jevons.world.place import locate

    if not region or not iso3:
        return ""
    try:
        found = locate(region)
    except UnknownName:
        found = None
    if found is not None and found.country == iso3 and found.chain[0][0] != "country":
        return region
    log.warning("no table knows the region %r of %s; the whole country is used", region, iso3)
    return ""


def _country(iso3: str) -> tuple[str, str]:
    from jevons.world import catalog

    rows = catalog.table("places").where(iso3=iso3)
    return (rows[0]["name"], iso3) if rows else ("World", "WLD")


def site(options: SimpleNamespace, place: Where) -> Any:
    """The site at which a run is priced: the PUE, WUE and intensity given stand."""
    import jevons

    forced = options.force_carbon_intensity_g_co2e_kwh
    return jevons.site(place.name, pue=options.pue, wue=options.wue, intensity=None if forced is None else f"{forced} g/kWh")


def sensors(options: SimpleNamespace) -> list[Any] | None:
    """The sensors where keywords choose or force some; None leaves the choice to the tracker."""
    forced = _forced(options)
    if not forced and options.gpu_ids is None:
        return None
    from jevons.measure.discover import COVERED_BY_MODEL, apart, look
    from jevons.measure.sensors import model
    from jevons.measure.sensors.channel import Channels

    with _visible(options.gpu_ids):
        counters = apart([sensor for found in look() for sensor in found.sensors])
    kept = [s for s in counters if not {m.component for m in s.meters} & set(forced)]
    if options.gpu_ids and not any(m.component == "accelerator" for s in counters for m in s.meters):
        log.warning("gpu_ids=%r names no GPU that can be read here, so none is measured; jevons doctor says why", options.gpu_ids)
    covered = {m.component for s in kept for m in s.meters} | set(forced)
    rest = [c for c in COVERED_BY_MODEL if c not in covered and "system" not in covered]
    own = [Channels(list(forced.values()))] if forced else []
    return [*kept, *own, *(model.discover(components=rest).sensors if rest else [])]


def _forced(options: SimpleNamespace) -> dict[str, Any]:
    """Channels by component: a processor of the TDP given under its load, memory of the power given."""
    from jevons.measure.coefficients import coefficient_pack
    from jevons.measure.counter import Integrator
    from jevons.measure.sensor import Meter
    from jevons.measure.sensors import model
    from jevons.measure.sensors.channel import Channel

    forced, root = {}, Path("/")
    if (tdp_w := options.force_cpu_power) is not None:
        load, band = model.Load(root / "proc/stat"), coefficient_pack("processor")["band"]
        meter = Meter("processor-model", "processor", "chip", "modelled", "model", "family", f"TDP {tdp_w:g} W given", *band)
        ask = lambda: None if (u := load()) is None else model.processor_power_w(tdp_w, u)  # noqa: E731
        forced["processor"] = Channel(meter, ask, Integrator(model.LONGEST_S))
    elif options.force_mode_cpu_load:
        forced["processor"] = model.processor(root)
    if (power_w := options.force_ram_power) is not None:
        meter = Meter("memory-model", "memory", "chip", "modelled", "model", "guess", f"{power_w:g} W given")
        forced["memory"] = Channel(meter, lambda: power_w, Integrator(model.LONGEST_S))
    return forced


@contextmanager
def _visible(gpus: str | None) -> Iterator[None]:
    """While sensors are looked for, these GPUs alone are to be seen."""
    before = os.environ.get(VISIBLE)
    if gpus is not None:
        os.environ[VISIBLE] = gpus
    try:
        yield
    finally:
        if gpus is not None:
            os.environ.pop(VISIBLE)
            if before is not None:
                os.environ[VISIBLE] = before
