"""Bars of the factors: a country's default interval beside other sources, an accelerator's making by every method."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.audit_injection import wilson
from benchmarks.bars.bar import Bar, Limit

from jevons.core.errors import JevonsError
from jevons.core.study import Study
from jevons.core.uncertain import Z90
from jevons.world import catalog, embodied, grid
from jevons.world.place import Location, locate

GRID = "A country's default 5–95 % interval of grid intensity holds the other source's value"
EMBODIED = "Making an accelerator, kg CO2e by every method (never averaged)"
PACK = Path(__file__).resolve().parents[2] / "packs/share-alike/src/jevons_share_alike/data"
OWID = "data/factors/grid_annual_country.csv"
MADE = {"nvidia-h100-sxm5-80gb": ("H100 SXM 80 GB", 164.0), "nvidia-b200-sxm-180gb": ("B200 SXM", 284.25),
        "nvidia-a100-sxm4-40gb": ("A100 SXM 40 GB", 127.6)}  # fmt: skip


def bars(shared: Path | None) -> list[Bar]:
    """All rows of both sections; those whose data is absent are left out."""
    return [*grids(shared), *(made(device) for device in MADE)]


def grids(shared: Path | None) -> list[Bar]:
    """Countries against OWID, Electricity Maps and Ember."""
    out = []
    if shared and (shared / OWID).exists():
        owid = [(r["iso3"], int(r["year"]), float(r["ci_g_per_kwh"])) for r in rows(shared / OWID) if r["source_id"] == "owid_codecarbon"]
        out.append(held("OWID", owid, Limit(low=0.95), "the default is OWID's own row: this holds that it is carried over whole"))
    if (PACK / "grid_zone.csv").exists():
        zones = [(r["iso3"], int(r["year"]), float(r["ci_g_per_kwh"])) for r in rows(PACK / "grid_zone.csv")
                 if "-" not in r["zone"] and r["ci_g_per_kwh"]]  # fmt: skip
        for year in (2024, 2025, 2023):
            note = "the spread of a row was set by how far Ember and this source (2024) lie from it: no independent proof"
            out.append(held(f"Electricity Maps {year}", [z for z in zones if z[1] == year],
                            Limit(low=0.90) if year == 2024 else None, note if year == 2024 else ""))  # fmt: skip
    if (PACK / "grid_ember.csv").exists():
        ember = [(r["place"], int(r["year"]), float(r["ci_g_per_kwh"])) for r in rows(PACK / "grid_ember.csv")]
        out.append(held("Ember", ember, None, "the same generation data by other fuel factors; the spread was set with it"))
    return out


def held(name: str, values: list[tuple[str, int, float]], must: Limit | None, note: str) -> Bar:
    """Share of countries whose default interval holds the value of another source, with its Wilson interval."""
    verdicts = dict(contained(values))
    inside, n = sum(verdicts.values()), len(verdicts)
    outside = [place for place, holds in verdicts.items() if not holds]
    said = f"{note}\noutside: {', '.join(outside[:14])}{' …' if len(outside) > 14 else ''}" if outside else note
    return Bar(GRID, name, n, inside / n, "%", wilson(inside, n, Z90), must, note=said)


def contained(values: list[tuple[str, int, float]]) -> Iterator[tuple[str, bool]]:
    """(country, whether its default interval, no year asked, holds the value) for countries that have a row of ours."""
    own = {row["place"] for row in catalog.table("grid_annual")}
    for place, _, grams in values:
        location = place_of(place) if place in own else None
        if location is not None:
            factor = grid.climate(location, Study(), None)
            value, spread = float(factor.value) * 1000, factor.spread
            yield place, value * spread.low <= grams <= value * spread.high


def place_of(code: str) -> Location | None:
    """The country of an ISO code, None where there is none."""
    try:
        return locate(code)
    except JevonsError:
        return None


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def made(device: str) -> Bar:
    """The default beside every method, and whether its 5–95 % interval holds the published figure."""
    name, published = MADE[device]
    default = embodied.of_device(device)
    kg, span = default.impacts["climate"], default.gsd**Z90
    inside = kg / span <= published <= kg * span
    said = "; ".join(f"{method} {value:.4g}" for method, value in embodied.methods(device).items())
    return Bar(EMBODIED, f"{name} ({default.method})", len(embodied.methods(device)), kg, "kg", (kg / span, kg * span),
               note=f"published {published:g}: {'inside' if inside else 'OUTSIDE'} the default interval (the default is the maker's or LCA figure where one is published)\n{said}")  # fmt: skip
