"""What a kWh costs at a place: the resolver that walks from the zone to the world and says where it stopped."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import exp, log

from jevons.core import units
from jevons.core.errors import MissingFactor
from jevons.core.factor import Factor
from jevons.core.source import Assumption
from jevons.core.study import INDICATORS, Study
from jevons.core.uncertain import Z90, Uncertain
from jevons.world import catalog
from jevons.world.catalog import Row
from jevons.world.defaults import default
from jevons.world.place import Location

_INDICATORS = {"water": "water_off_site", "water scarcity": "water_scarcity", "electricity price": "cost"}
WATER_METHOD = ("macknick-2012", "included")
RESOURCES = {  # indicator -> columns of fuel_resource: value, spread
    "primary_energy": ("primary_energy_mj_per_kwh", "gsd_primary"),
    "abiotic_depletion": ("abiotic_depletion_kgsb_per_kwh", "gsd_abiotic"),
}
INVENTORY_SPREAD = {"abiotic_depletion": "abiotic-inventory"}  # indicator -> the default by which inventories differ
NEGLIGIBLE_SHARE = 0.01  # a fuel below it may lack a value: the mean is then that of the others


@dataclass(frozen=True, slots=True)
class Found:
    """A factor's row as found along a chain of places: value, place, and what the finding cost in certainty."""

    value: float
    place: str
    year: int | None
    gsd: float
    source: str
    quality: str
    tried: tuple[str, ...]
    assumptions: tuple[Assumption, ...] = ()


Look = Callable[[str, str, int | None], Found | None]


def climate(location: Location, study: Study, year: int | None, strict: bool = False) -> Factor:
    """kg CO2e per kWh at the place, of the study's accounting, grid and scope; MissingFactor if none is held."""
    look = _LOOKS.get(study.kind)
    if look is None:
        mend = "marginal intensities count direct emissions: ask for scope direct too" if study.grid == "marginal" else ""
        raise MissingFactor("electricity", f"climate ({'/'.join(study.kind)})", location.name, mend=mend)
    if study.grid == "marginal" and not _held("grid_marginal"):
        raise MissingFactor("electricity", f"climate ({'/'.join(study.kind)})", location.name, mend="marginal intensities "
                            "are share-alike and come with the pack jevons-share-alike; install it, or give the "
                            "intensity yourself")  # fmt: skip
    found = _along(location, look, year, strict, "climate")
    return _factor("climate", found, found.value / units.G_PER_KG, study.kind)


def water_off_site(location: Location, year: int | None, strict: bool = False) -> Factor:
    """Litres consumed at power plants per kWh: generation shares × Macknick 2012 medians, hydro evaporation in."""
    return _factor("water_off_site", found := _along(location, _look_water, year, strict, "water"), found.value)


def scarcity(location: Location, strict: bool = False) -> Found:
    """AWARE 2.0 characterisation factor (world-equivalent litres per litre, non-irrigation) of the country."""
    return _along(location, _look_scarcity, None, strict, "water scarcity")


def electricity_price(location: Location, year: int | None, strict: bool = False) -> Factor:
    """USD per kWh for a non-household consumer of the place."""
    return _factor("cost", found := _along(location, _look_price, year, strict, "electricity price"), found.value)


def primary_energy(location: Location, year: int | None, strict: bool = False) -> Factor:
    """MJ drawn from nature per kWh generated, renewable and not: generation shares × the content of each fuel.

    Fuel extraction, plant building and grid losses are not counted. MissingFactor names a fuel without a value.
    """
    return _resource("primary_energy", location, year, strict)


def abiotic_depletion(location: Location, year: int | None, strict: bool = False) -> Factor:
    """kg antimony equivalent of minerals and metals per kWh generated: generation shares × that of each fuel.

    Its spread is mostly that between inventories, common to all fuels. MissingFactor names a fuel without a value.
    """
    return _resource("abiotic_depletion", location, year, strict)


def _resource(indicator: str, location: Location, year: int | None, strict: bool) -> Factor:
    found = _along(location, functools.partial(_look_resource, indicator), year, strict, indicator)
    if indicator in INVENTORY_SPREAD:
        between = default(INVENTORY_SPREAD[indicator])
        note = between.assumed("no second inventory holds every fuel")
        found = replace(found, gsd=combined_gsd(found.gsd, between.value), assumptions=(*found.assumptions, note))
    return _factor(indicator, found, found.value)


def _along(location: Location, look: Look, year: int | None, strict: bool, what: str) -> Found:
    """The first row found from the narrowest place outwards; strict forbids the world and old factors."""
    tried: list[str] = []
    for level, identifier in location.chain:
        if level == "region":
            continue
        tried.append(identifier)
        if level == "world" and strict and len(location.chain) > 1:
            break
        found = look(level, identifier, year)
        if found is not None:
            if strict and _too_old(found.year, year):
                raise MissingFactor("electricity", f"{_INDICATORS.get(what, what)} of {year}", location.name,
                                    (f"{identifier} {found.year}",))  # fmt: skip
            return _with_chain(found, tuple(tried), level, location, what)
    raise MissingFactor("electricity", _INDICATORS.get(what, what), location.name, tried)


def _too_old(of: int | None, year: int | None) -> bool:
    """Whether a factor's year lies further from the activity's than strict resolution allows."""
    return of is not None and year is not None and abs(of - year) > default("strict-vintage").value


def _with_chain(found: Found, tried: tuple[str, ...], level: str, location: Location, what: str) -> Found:
    steps, notes, spread = len(tried) - 1, list(found.assumptions), [found.gsd]
    spread += [default("grid-step").value] * steps
    if level == "world" and len(location.chain) > 1 and what != "electricity price":
        spread.append(default("world-fallback").value)
    if steps:
        why = f"no {what} row for {' or '.join(tried[:-1])}"
        notes.append(Assumption(f"{what} at {location.name}", f"that of {found.place}", why, found.source))
    return Found(found.value, found.place, found.year, combined_gsd(*spread), found.source, found.quality, tried,
                 tuple(notes))  # fmt: skip


def combined_gsd(*gsds: float) -> float:
    """Geometric standard deviation of a product of independent lognormal errors: exp √Σ ln² gsd."""
    return exp(sum(log(g) ** 2 for g in gsds) ** 0.5)


def _factor(indicator: str, found: Found, value: float, kind: tuple[str, ...] = ()) -> Factor:
    spread = Uncertain.lognormal(1.0, found.gsd, f"{indicator} of {found.place} grid", f"{indicator} by {found.source}")
    return Factor("electricity", indicator, value, catalog.source(found.source), found.year, found.place, kind,
                  spread, found.quality, found.tried, found.assumptions, catalog.METHODS.get(indicator, ""))  # fmt: skip


def vintage(rows: list[Row], year: int | None) -> Row | None:
    """The row of the year, else the nearest earlier one, else the nearest; the latest where no year is asked."""
    if not rows:
        return None
    years: dict[int, Row] = {}
    for row in rows:
        years.setdefault(int(row["year"]), row)
    if year is None:
        return years[max(years)]
    earlier = [y for y in years if y <= year]
    return years[max(earlier)] if earlier else years[min(years)]


def _dated(row: Row, year: int | None, value: float, place: str, extra: tuple[Assumption, ...] = ()) -> Found:
    of = int(row["year"])
    gap = abs(of - year) if year is not None else 0
    gsd = catalog.number(row, "gsd", 1.0) or 1.0
    notes = extra
    if gap:
        notes += (Assumption(f"vintage of {place}", str(of), f"no row for {year}", row["source"]),)
    widened = combined_gsd(gsd, default("vintage-year").value ** gap)
    return Found(value, place, of, widened, row["source"], row["quality"], (), notes)


@functools.lru_cache(maxsize=32)
def _rows_by(table: str, column: str) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for row in catalog.table(table):
        rows.setdefault(row[column], []).append(row)
    return rows


def _held(table: str) -> bool:
    return any((folder / f"{table}.csv").exists() for folder in catalog.folders())


def _look_lifecycle(level: str, identifier: str, year: int | None) -> Found | None:
    if level == "zone":
        row = vintage([r for r in _rows_by("grid_zone", "zone").get(identifier, []) if r["ci_g_per_kwh"]], year)
        return _dated(row, year, float(row["ci_g_per_kwh"]), identifier) if row else None
    if level in EGRID:
        return _egrid_lifecycle(level, identifier, year)
    if level == "world":
        return _world_mean()
    row = vintage(_annual().get(identifier, []), year)
    return _dated(row, year, float(row["ci_g_per_kwh"]), identifier) if row else None


@functools.lru_cache(maxsize=2)
def _annual(scope: str = "lifecycle") -> dict[str, list[Row]]:
    """place → rows of grid_annual that are averages of a scope: a user's own rows may be of either."""
    return {place: [r for r in rows if (r["accounting"] or "average", r["scope"] or "lifecycle") == ("average", scope)]
            for place, rows in _rows_by("grid_annual", "place").items()}  # fmt: skip


EGRID = {"subregion": "grid_us_subregion", "state": "grid_us_state"}


def _egrid_lifecycle(level: str, identifier: str, year: int | None) -> Found | None:
    """eGRID's direct value times the ratio of the US life-cycle mean to the US direct mean."""
    row = vintage(_rows_by(EGRID[level], "id").get(identifier, []), year)
    country = vintage(_annual().get("USA", []), int(row["year"]) if row else None)
    if row is None or country is None:
        return None
    ratio = float(country["ci_g_per_kwh"]) / default("egrid-us-direct").value
    note = Assumption(f"life-cycle intensity of {identifier}", f"eGRID direct × {ratio:.3f}",
                      "eGRID counts stack emissions only; scaled by the US life-cycle mean over the US direct mean",
                      f"{row['source']};{country['source']}")  # fmt: skip
    return _dated(row, year, float(row["ci_g_per_kwh"]) * ratio, identifier, (note,))


def _look_direct(level: str, identifier: str, year: int | None) -> Found | None:
    if level in EGRID:
        row = vintage(_rows_by(EGRID[level], "id").get(identifier, []), year)
        return _dated(row, year, float(row["ci_g_per_kwh"]), identifier) if row else None
    if level == "country" and (own := vintage(_annual("direct").get(identifier, []), year)):
        return _dated(own, year, float(own["ci_g_per_kwh"]), identifier)
    mix = vintage(_rows_by("grid_mix", "place").get(identifier, []), year) if level == "country" else None
    if mix is None:
        return None
    value = sum(share * _direct_fuels().get(fuel, 0.0) for fuel, share in shares(mix))
    note = Assumption(f"direct intensity of {identifier}", f"{value:.0f} g/kWh",
                      "generation shares × direct emissions of each fuel", mix["source"])  # fmt: skip
    found = _dated(mix, year, value, identifier, (note,))
    return Found(value, identifier, found.year, combined_gsd(found.gsd, 1.3), found.source, found.quality, (),
                 found.assumptions)  # fmt: skip


def shares(mix: Row) -> Iterator[tuple[str, float]]:
    """(fuel, share of generation) of a row of grid_mix."""
    for column, text in mix.items():
        if column.endswith("_share"):
            yield column.removesuffix("_share"), float(text or 0)


@functools.lru_cache(maxsize=1)
def _direct_fuels() -> dict[str, float]:
    rows = [r for r in catalog.table("grid_fuel") if r["scope"] == "direct" and r["mix_default"] == "yes"]
    return {r["fuel"]: float(r["ci_g_per_kwh"]) for r in rows}


@functools.lru_cache(maxsize=1)
def _world_mean() -> Found | None:
    """Generation-weighted mean of the countries' life-cycle intensities."""
    pairs = [(vintage(mixes, None), vintage(_annual().get(place, []), None))
             for place, mixes in _rows_by("grid_mix", "place").items()]  # fmt: skip
    held = [(float(mix["generation_twh"]), row) for mix, row in pairs if mix and row and mix["generation_twh"]]
    if not held:
        return None
    years = sorted(int(row["year"]) for _, row in held)
    value = sum(twh * float(row["ci_g_per_kwh"]) for twh, row in held) / sum(twh for twh, _ in held)
    note = Assumption("intensity of the world", f"mean of {len(held)} countries", f"weighted by generation; the newest "
                      f"row of each, {years[0]} to {years[-1]}", held[-1][1]["source"])  # fmt: skip
    return Found(value, "WLD", years[len(years) // 2], 1.1, held[-1][1]["source"], "21212", (), (note,))


def _look_water(level: str, identifier: str, year: int | None) -> Found | None:
    if level == "world":
        return _world_water()
    rows = [r for r in _rows_by("water_offsite", "place").get(identifier, [])
            if (r["method"], r["hydro_evaporation"]) == WATER_METHOD]  # fmt: skip
    row = vintage(rows, year)
    return _dated(row, year, float(row["ewif_l_per_kwh"]), identifier) if row else None


@functools.lru_cache(maxsize=1)
def _world_water() -> Found | None:
    weighted, whole, row = 0.0, 0.0, None
    for place, mixes in _rows_by("grid_mix", "place").items():
        mix = vintage(mixes, None)
        found = _look_water("country", place, None)
        if mix and found and mix["generation_twh"]:
            weighted += float(mix["generation_twh"]) * found.value
            whole += float(mix["generation_twh"])
            row = found
    return Found(weighted / whole, "WLD", None, row.gsd, row.source, row.quality, ()) if whole and row else None


def _look_resource(indicator: str, level: str, identifier: str, year: int | None) -> Found | None:
    if level == "world":
        return mean_of_mix(indicator, _world_mix(), "WLD")
    row = vintage(_rows_by("grid_mix", "place").get(identifier, []), year) if level == "country" else None
    if row is None:
        return None
    mean = mean_of_mix(indicator, dict(shares(row)), identifier)
    note = Assumption(f"{indicator} at {identifier}", f"{mean.value:.3g} {INDICATORS[indicator][0]}/kWh",
                      "generation shares × the value of each fuel", f"{row['source']};{mean.source}")  # fmt: skip
    dated = _dated(row, year, mean.value, identifier, (note, *mean.assumptions))
    return replace(dated, gsd=combined_gsd(dated.gsd, mean.gsd), source=mean.source, quality=mean.quality)


def mean_of_mix(indicator: str, mix: Mapping[str, float], place: str) -> Found:
    """Σ share · value / Σ share over the fuels that have one; ln² gsd = Σ (part · ln gsd)², part of the sum.

    The source is that of the largest part. MissingFactor if a fuel of more than NEGLIGIBLE_SHARE has no value.
    """
    held = _resource_of_fuel(indicator)
    lacking = [fuel for fuel, share in mix.items() if share > NEGLIGIBLE_SHARE and fuel not in held]
    if lacking:
        raise MissingFactor("electricity", indicator, place, (f"fuel_resource has no value for {', '.join(lacking)}",))
    known = {fuel: share for fuel, share in mix.items() if fuel in held}
    parts = {fuel: share * held[fuel].value for fuel, share in known.items()}
    whole, largest = sum(parts.values()), held[max(parts, key=parts.__getitem__)]
    spread = sum((part / (whole or 1.0) * log(held[fuel].gsd)) ** 2 for fuel, part in parts.items()) ** 0.5
    missed = ", ".join(fuel for fuel, share in mix.items() if share and fuel not in held)
    why = f"without a value, together little; the mean of the others stands for {place}"
    notes = (Assumption(f"{indicator} of {missed}", "left out", why, largest.source),) if missed else ()
    return replace(largest, value=whole / sum(known.values()), place=place, gsd=exp(spread), assumptions=notes)


@functools.lru_cache(maxsize=len(RESOURCES))
def _resource_of_fuel(indicator: str) -> dict[str, Found]:
    column, spread = RESOURCES[indicator]
    held: dict[str, Found] = {}
    for row in catalog.table("fuel_resource"):
        if (value := catalog.number(row, column)) is not None:
            gsd = catalog.number(row, spread, 1.0) or 1.0
            held.setdefault(row["fuel"], Found(value, "", None, gsd, row["source"], row["quality"], ()))
    return held


@functools.lru_cache(maxsize=1)
def _world_mix() -> dict[str, float]:
    """fuel → share of the generation of all countries, each in its latest year."""
    latest = [mix for rows in _rows_by("grid_mix", "place").values() if (mix := vintage(rows, None))]
    generated = [float(mix["generation_twh"] or 0) for mix in latest]
    world: dict[str, float] = {}
    for mix, twh in zip(latest, generated, strict=True):
        for fuel, share in shares(mix):
            world[fuel] = world.get(fuel, 0.0) + share * twh / sum(generated)
    return world


def _look_scarcity(level: str, identifier: str, year: int | None) -> Found | None:
    if level == "world":
        return _world_scarcity()
    row = vintage(_rows_by("water_scarcity", "place").get(identifier, []), None)
    return _dated(row, None, float(row["cf_non_irrigation"]), identifier) if row else None


@functools.lru_cache(maxsize=1)
def _world_scarcity() -> Found | None:
    """Generation-weighted mean of the countries' factors: where electricity is made, not the mean of all land (1.0)."""
    weighted, whole, found = 0.0, 0.0, None
    for place, mixes in _rows_by("grid_mix", "place").items():
        mix, row = vintage(mixes, None), vintage(_rows_by("water_scarcity", "place").get(place, []), None)
        if mix and row and mix["generation_twh"]:
            weighted += float(mix["generation_twh"]) * float(row["cf_non_irrigation"])
            whole += float(mix["generation_twh"])
            found = _dated(row, None, 1.0, "WLD")
    return replace(found, value=weighted / whole, quality="31433") if whole and found else None


def _look_price(level: str, identifier: str, year: int | None) -> Found | None:
    if level == "world":
        usual = default("electricity-price")
        return Found(usual.value, "WLD", None, (usual.high / usual.low) ** (0.5 / Z90), usual.source, "44444", ())
    rows = [r for r in _rows_by("prices", "item").get("electricity", []) if r["place"] == identifier]
    row = vintage(rows, year)
    return _dated(row, year, float(row["value"]), identifier) if row else None


def _look_marginal(level: str, identifier: str, year: int | None) -> Found | None:
    if level != "country" or not _held("grid_marginal"):
        return None
    row = vintage(_rows_by("grid_marginal", "place").get(identifier, []), year)
    return _dated(row, year, float(row["ci_g_per_kwh"]), identifier) if row else None


_LOOKS: dict[tuple[str, str, str], Look] = {
    ("location", "average", "lifecycle"): _look_lifecycle,
    ("location", "average", "direct"): _look_direct,
    ("location", "marginal", "direct"): _look_marginal,
}
for _cache in (_rows_by, _annual, _direct_fuels, _world_mean, _world_water, _resource_of_fuel, _world_mix, _world_scarcity):
    catalog.on_overlay(_cache.cache_clear)
