"""Site: a grid, a facility and its prices. It supplies what a demand needs beyond itself, and prices every flow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.factor import Factor, Factors, Place, When
from jevons.core.footprint import Footprint
from jevons.core.source import DEFINITION, Assumption, Source
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.world import catalog, facility, grid, manufacture, travel
from jevons.world.hourly import Series, read_series
from jevons.world.place import Location, locate
from jevons.world.settings import settings
from jevons.world.stated import stated

SERIES_GSD = 1.1
"""Spread of a measured hourly series (impact-factor review: 1.1 measured, 1.3 modelled)."""


@dataclass(frozen=True, eq=False)
class Site:
    """Where things run. Numbers given by the user stand; the rest is looked up and noted as an assumption.

    ``pue``: facility energy over IT energy (≥ 1). ``wue_l_per_kwh``: on-site water per IT kWh. ``intensity``:
    kg CO2e per kWh that replaces the grid's. ``life``: years and share of use over which hardware is written off.
    """

    name: str
    location: Location
    year: int | None
    pue: Any
    wue_l_per_kwh: Any
    intensity: Any = None
    series: Series | None = None
    market_intensity: Any = None
    electricity_usd_per_kwh: Any = None
    device_usd_per_hour: Any = None
    life: manufacture.Life = field(default_factory=manufacture.Life)
    strict: bool = False
    assumptions: tuple[Assumption, ...] = ()
    sources: tuple[str, ...] = ()

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        """The demand, then overhead electricity and cooling water for what lies inside no facility meter."""
        extra = facility.overhead(demand, self.pue, draws)
        water = facility.cooling_water(demand, self.pue, self.wue_l_per_kwh, draws)
        used = [a for a in self.assumptions if a.flow != "electricity" or len(extra) or facility.reads_pue(demand)]
        return (demand + extra + water).assume(*used)

    def factors(self, study: Study) -> Factors:
        """This site's factors under the study's accounting."""
        return SiteFactors(self, study)

    def with_(self, **changes: Any) -> Site:
        """A copy in which the named choices of ``site()`` differ, e.g. ``with_(pue=1.1)``; ``life`` is a manufacture.Life.

        Errors: BadInput as for ``site()``, and for a choice that cannot be changed.
        """
        for name, value in changes.items():
            if name not in _CHANGED or (value is None and name in ("pue", "wue", "life")):
                raise BadInput("site", name, f"give a value to one of {', '.join(_CHANGED)}")
        given = {{"pue": "electricity", "wue": "water"}.get(name) for name in changes}
        notes = tuple(a for a in self.assumptions if not a.flow or a.flow not in given)  # what is stated is not assumed
        read = {field: reads(changes[name]) for name, (field, reads) in _CHANGED.items() if name in changes}
        return replace(self, assumptions=notes, **read)


@dataclass(frozen=True, eq=False)
class SiteFactors:
    """The factors of one site under one study, looked up once a flow and year."""

    site: Site
    study: Study

    def of(self, flow: str, when: When) -> Mapping[str, Factor]:
        """indicator → Factor for a flow; years come from the rows, else from the site, else the latest is taken."""
        year = year_of(when) or self.site.year
        family, _, kind = flow.partition("/")
        if family == "electricity":
            return self._electricity(year, when)
        if family == "device_hours":
            found = dict(manufacture.factors(kind, self.site.life))
            if (rental := self._rental(kind)) is not None:
                found["cost"] = rental
            return {name: replace(f, flow=flow) for name, f in found.items()}
        if family == "water":
            return self._water(flow)
        if family == "travel":
            return travel.factors(kind)
        if family == "money":
            return {"cost": Factor(flow, "cost", 1.0, DEFINITION)}
        return {}

    def _electricity(self, year: int | None, when: When) -> dict[str, Factor]:
        looked = {name: look for name, look in _ELECTRICITY.items() if name in self.study.indicators}
        found = {}
        for name, look in looked.items():
            try:
                found[name] = look(self.site, self.study, year)
            except MissingFactor:
                if not self.study.cutoff_of(name, "electricity"):
                    raise
        if self.site.series is not None and "climate" in found and self.study.accounting == "location":
            found["climate"] = _by_the_hour(self.site.series, when, self.study)
        return found

    def _water(self, flow: str) -> dict[str, Factor]:
        found = grid.scarcity(self.site.location, self.site.strict)
        spread = Uncertain.lognormal(1.0, found.gsd, f"scarcity of {found.place}", "AWARE")
        weighted = Factor(flow, "water_scarcity", found.value, catalog.source(found.source), found.year, found.place,
                          (), spread, found.quality, found.tried, found.assumptions, catalog.METHODS["water_scarcity"])  # fmt: skip
        return {"water_on_site": Factor(flow, "water_on_site", 1.0, DEFINITION, place=self.site.name), "water_scarcity": weighted}

    def _rental(self, device: str) -> Factor | None:
        price = self.site.device_usd_per_hour
        if price is None or device.startswith("server:"):
            return None
        return _stated("device_hours", "cost", price, self.site.name)


def _climate(site: Site, study: Study, year: int | None) -> Factor:
    if study.accounting == "market":
        if site.market_intensity is None:
            raise MissingFactor("electricity", "climate", site.name, mend="market-based accounting needs the "
                                "intensity of the contracts: give market_intensity, e.g. '0 g/kWh'")  # fmt: skip
        return replace(_stated("electricity", "climate", site.market_intensity, site.name), kind=study.kind)
    if site.intensity is not None:
        return replace(_stated("electricity", "climate", site.intensity, site.name), kind=study.kind)
    return _cached_climate(site.location, study.kind, year, site.strict)


def _by_the_hour(series: Series, when: When, study: Study) -> Factor:
    source = Source(series.name, f"hourly series {series.name}", terms="fact")
    spread = Uncertain.lognormal(1.0, SERIES_GSD, f"series {series.name}", "hourly series")
    return Factor("electricity", "climate", series.mean(*when), source, year_of(when), series.name, study.kind, spread)


def _water_off(site: Site, study: Study, year: int | None) -> Factor:
    return _cached_water(site.location, year, site.strict)


def _scarce(site: Site, study: Study, year: int | None) -> Factor:
    water, found = _cached_water(site.location, year, site.strict), grid.scarcity(site.location, site.strict)
    gsd = Uncertain.lognormal(1.0, found.gsd, f"scarcity of {found.place}", "AWARE")
    spread = _product(water.spread, gsd)
    return replace(water, indicator="water_scarcity", value=water.value * found.value, spread=spread,
                   source=catalog.source(found.source), quality=found.quality, method=catalog.METHODS["water_scarcity"],
                   assumptions=(*water.assumptions, *found.assumptions))  # fmt: skip


def _primary(site: Site, study: Study, year: int | None) -> Factor:
    return _cached_primary(site.location, year, site.strict)


def _abiotic(site: Site, study: Study, year: int | None) -> Factor:
    return _cached_abiotic(site.location, year, site.strict)


def _cost(site: Site, study: Study, year: int | None) -> Factor:
    if site.device_usd_per_hour is not None and site.electricity_usd_per_kwh is None:
        note = Assumption("electricity price", "0 USD/kWh", "included in the price of the device-hour", "stated")
        return replace(_stated("electricity", "cost", 0.0, site.name), assumptions=(note,))
    if site.electricity_usd_per_kwh is not None:
        return _stated("electricity", "cost", site.electricity_usd_per_kwh, site.name)
    note = Assumption("cost", "electricity alone", "no price of the device-hour given (device_price)", "jevons-rule")
    found = _cached_price(site.location, year, site.strict)
    return replace(found, assumptions=(*found.assumptions, note))


_ELECTRICITY = {"climate": _climate, "water_off_site": _water_off, "water_scarcity": _scarce,
                "primary_energy": _primary, "abiotic_depletion": _abiotic, "cost": _cost}  # fmt: skip


@functools.lru_cache(maxsize=4096)
def _cached_climate(location: Location, kind: tuple[str, str, str], year: int | None, strict: bool) -> Factor:
    study = Study(accounting=kind[0], grid=kind[1], scope=kind[2])
    return grid.climate(location, study, year, strict)


_cached_water = functools.lru_cache(maxsize=4096)(grid.water_off_site)
_cached_primary = functools.lru_cache(maxsize=4096)(grid.primary_energy)
_cached_abiotic = functools.lru_cache(maxsize=4096)(grid.abiotic_depletion)
_cached_price = functools.lru_cache(maxsize=4096)(grid.electricity_price)
for _cache in (_cached_climate, _cached_water, _cached_primary, _cached_abiotic, _cached_price):
    catalog.on_overlay(_cache.cache_clear)


def _product(first: Uncertain, second: Uncertain) -> Uncertain:
    """The spread of a product of two independent multipliers, about 1."""
    from math import exp, log

    width = (log(first.high) ** 2 + log(second.high) ** 2) ** 0.5
    return Uncertain(exp(-width), 1.0, exp(width), f"{first.key} × {second.key}", second.group)


def _stated(flow: str, indicator: str, value: Any, place: str) -> Factor:
    return stated(flow, indicator, value, f"{indicator} of {flow} at {place}", place)


def year_of(when: When) -> int | None:
    """The calendar year (UTC) in the middle of the rows' span; None where no row is dated."""
    import numpy as np

    start, end = np.asarray(when[0], float), np.asarray(when[1], float)
    dated = ~np.isnan(start)
    if not dated.any():
        return None
    middle = float((start[dated].min() + np.where(np.isnan(end[dated]), start[dated], end[dated]).max()) / 2)
    return datetime.fromtimestamp(middle, UTC).year


def site(name: str = "", *, year: int | None = None, pue: Any = None, wue: Any = None, intensity: Any = None,
         series: str | Series | None = None, market_intensity: Any = None, electricity_price: Any = None, device_price: Any = None,
         wet_bulb: Any = None, tower: str = "fixed-approach", life: Any = None, utilisation: Any = None,
         strict: bool | None = None) -> Site:  # fmt: skip
    """The site of that name: a cloud region ("us-central1"), a country, an eGRID subregion, or "" for the settings'.

    ``series``: a CSV of hourly intensities (its dated rows replace the annual mean). ``strict`` forbids the world mean.
    Numbers may be plain, text with a unit ("429 g/kWh"), arrays of scenarios, or Uncertain. Errors: UnknownName
    with the three nearest places; BadInput for a PUE under 1, a negative or non-finite number, a year out of range.
    """
    chosen = settings()
    strict = chosen.strict if strict is None else strict
    if not isinstance(name, str):
        raise BadInput("site", name, "name a place as text, e.g. 'France'")
    hourly = _checked_series(series)
    if strict and not (name or chosen.site):
        raise BadInput("site", name, "strict refuses the mean of the world; name a place, e.g. 'France'")
    location = locate(name or chosen.site or "world")
    notes = [] if name or chosen.site else [Assumption("site", "world mean", "no site given", "jevons-rule")]
    year = units.calendar_year(year)
    facility.require_tower(tower)
    if wet_bulb is not None:
        if wue is not None:
            raise BadInput("wet_bulb", wet_bulb, "wue is given too and stands for itself; leave out the one or the other")
        wue, note = facility.tower_wue(wet_bulb, tower)
        notes.append(note)
    plant = facility.find(location, year, _read(pue, "", "pue", 1.0), _read(wue, "L/kWh", "wue"), strict)
    span = manufacture.life(_read(life, "", "life"), _read(utilisation, "", "utilisation"))
    return Site(
        name or chosen.site or "world", location, year, plant.pue, plant.wue_l_per_kwh,
        _read(intensity, "kg/kWh", "intensity"), hourly,
        _read(market_intensity, "kg/kWh", "market_intensity"),
        _read(electricity_price, "USD/kWh", "electricity_price"), _read(device_price, "USD/h", "device_price"),
        span, strict, (*notes, *plant.assumptions), plant.sources,
    )  # fmt: skip


def _checked_series(series: Any) -> Series | None:
    if not (series is None or isinstance(series, (str, Series))):
        raise BadInput("series", series, "name a CSV file, or give a Series")
    return read_series(series) if isinstance(series, str) else series


def _checked_life(span: Any) -> manufacture.Life:
    if not isinstance(span, manufacture.Life):
        raise BadInput("life", span, "give a manufacture.Life, e.g. life(5.0, 0.8)")
    return manufacture.life(span.years, span.utilisation)


def _read(value: Any, unit: str, field: str, minimum: float = 0.0) -> Any:
    if isinstance(value, Uncertain):
        if value.low < minimum:
            raise BadInput(field, (value.low, value.best, value.high), f"give bounds of at least {minimum:g}")
        return value
    if value is None:
        return value
    if field == "intensity" and isinstance(value, (int, float)) and value > 2:
        raise BadInput(field, value, f"a bare number is kg/kWh; did you mean '{value:g} g/kWh'?")
    return units.read(value, unit, field, minimum=minimum)


_CHANGED: dict[str, tuple[str, Callable[[Any], Any]]] = {  # choice -> field of Site, how its value is read
    "pue": ("pue", lambda value: _read(value, "", "pue", 1.0)),
    "wue": ("wue_l_per_kwh", lambda value: _read(value, "L/kWh", "wue")),
    "intensity": ("intensity", lambda value: _read(value, "kg/kWh", "intensity")),
    "series": ("series", _checked_series), "year": ("year", units.calendar_year), "life": ("life", _checked_life),
}  # fmt: skip


def footprint(activity: Activity, at: str | Place | Mapping[str, Place] | None = None, study: Study | None = None,
              draws: int = 1000) -> Footprint:  # fmt: skip
    """Price an activity: at a site (or its name, or a mapping from the rows' sites), else at the settings' site.

    The one verb for all four doors; see ``jevons.core.assess``.
    """
    place = site(at or "") if at is None or isinstance(at, str) else at
    return assess(activity, place, study, draws)
