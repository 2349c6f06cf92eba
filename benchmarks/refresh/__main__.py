"""Rebuild every table whose source a package or an open checkout gives; show what changed; write on request.

    python -m benchmarks.refresh                 show the differences
    python -m benchmarks.refresh --write         write them and raise the factor-set version
    python -m benchmarks.refresh --act FOLDER    with a checkout of facebookresearch/ACT, its tables too;
                                                 --mlco2 and --green-algorithms likewise

Packages are pinned in packages.py: raise a pin there first, then refresh.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import act, compat, cpus, grid, gwp, places, share_alike, water
from .packages import PackageError
from .tables import DATA, Row, diff, read, write

CHECKOUTS = {"act": "facebookresearch/ACT", "mlco2": "mlco2/impact", "green-algorithms": "GreenAlgorithms/green-algorithms-tool"}
VERSION = DATA / "VERSION"
Built = tuple[Path, tuple[str, ...], list[Row]]


def built(cache: Path, checkouts: dict[str, Path]) -> Iterator[Built]:
    """(file, key columns, rows) of each table; a mix is yielded before the water that is computed from it."""
    yield DATA / "places.csv", ("iso3",), places.build(cache)
    yield DATA / "grid_annual.csv", ("place", "year"), grid.build_annual(cache)
    mixes = grid.build_mix(cache)
    yield DATA / "grid_mix.csv", ("place",), mixes
    offsite = water.build_offsite(mixes, read(DATA / "water_fuel.csv"))
    yield DATA / "water_offsite.csv", ("place", "method", "hydro_evaporation"), offsite
    yield DATA / "water_scarcity.csv", ("place",), water.build_scarcity(cache)
    yield DATA / "gwp.csv", ("id",), gwp.build(cache, read(DATA / "gwp.csv"))
    yield share_alike.FOLDER / "grid_zone.csv", ("zone", "year"), share_alike.build_zones(cache)
    ember = share_alike.FOLDER / "grid_ember.csv"
    yield ember, ("place",), share_alike.build_annual(cache, read(ember))
    yield share_alike.FOLDER / "grid_marginal.csv", ("place",), share_alike.build_marginal(cache)
    yield DATA / "grid_us_state.csv", ("id",), grid.build_states(cache)
    yield DATA / "cpus.csv", ("id",), cpus.build(cache, read(DATA / "cpus.csv"))
    codes = places.iso3_of_iso2(cache)
    yield DATA / "compat_grid.csv", ("id",), compat.build_grid(cache, checkouts, read(DATA / "compat_grid.csv"), codes)
    yield DATA / "compat_power.csv", ("id",), compat.build_power(checkouts, read(DATA / "compat_power.csv"))
    if "act" in checkouts:
        for name, build in (("embodied_node", act.build_nodes), ("embodied_memory", act.build_memory)):
            yield DATA / f"{name}.csv", ("id",), build(checkouts["act"], read(DATA / f"{name}.csv"))


def next_version(old: str, today: datetime.date) -> str:
    """YYYY.MM.DD.N: N counts the releases of one day from 1."""
    day = today.strftime("%Y.%m.%d")
    count = int(old.rsplit(".", 1)[1]) + 1 if old.startswith(f"{day}.") else 1
    return f"{day}.{count}"


def refresh(cache: Path, checkouts: dict[str, Path], writing: bool, today: datetime.date) -> int:
    """Print the differences and return how many rows moved; with ``writing``, store them and raise the version."""
    moved = 0
    for path, key, rows in built(cache, checkouts):
        lines = diff(read(path), rows, key)
        moved += len(lines)
        print(f"{path.stem}: {len(rows)} rows, {len(lines)} moved", *lines, sep="\n  ")
        if writing and lines:
            write(path, rows)
    if writing and moved:
        VERSION.write_text(next_version(VERSION.read_text().strip(), today) + "\n", encoding="utf-8")
    print(f"{moved} rows moved; factor set {VERSION.read_text().strip()}")
    return moved


def main() -> None:
    """Read the command line and refresh."""
    words = argparse.ArgumentParser(prog="refresh", description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--write", action="store_true", help="store the new rows and raise the version")
    words.add_argument(
        "--cache", type=Path, help="folder for the downloaded packages (default: a temporary one)"
    )
    for name, repository in CHECKOUTS.items():
        words.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=f"checkout of {repository}")
    given = words.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            checkouts = {name: folder for name in CHECKOUTS if (folder := getattr(given, name.replace("-", "_"))) is not None}
            refresh(given.cache or Path(temporary), checkouts, given.write, datetime.date.today())
    except PackageError as trouble:
        raise SystemExit(
            f"refresh: a source could not be downloaded ({trouble}); nothing more was written"
        ) from None


if __name__ == "__main__":
    main()
