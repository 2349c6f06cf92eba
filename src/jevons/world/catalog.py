"""The tables: rows with an id, a source and a quality, read once, overlaid by packs and by the user's own rows.

Order of precedence: the user's overlay, then packs (entry points in the group ``jevons.packs``, each naming a
package with a ``data`` folder), then the tables carried here.
"""

from __future__ import annotations

import functools
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jevons.core.errors import UnknownName
from jevons.core.source import UNSOURCED, Source
from jevons.world.lookup import Match, resolve
from jevons.world.overlay import check
from jevons.world.rows import DATA, Row, number, read_csv, read_toml

__all__ = ["DATA", "METHODS", "Row", "Table", "folders", "number", "on_overlay", "overlay", "overlays", "read_csv", "read_toml",
           "source", "table", "version"]  # fmt: skip
METHODS = {"climate": "GWP100 AR6", "water_scarcity": "AWARE 2.0", "abiotic_depletion": "ADPe", "primary_energy": "CED"}
"""The impact method of the tables' values. Figures of 100 years from AR4 and AR5 stand for AR6: for grids and hardware,
where CO2 is nearly all, the assessments differ by less than the figures' own spread."""
_overlays: list[Path] = []
_listeners: list[Callable[[], None]] = []


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one table, in order of precedence; ``index`` holds those that have an id."""

    name: str
    rows: tuple[Row, ...]
    index: Mapping[str, Row] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, name: str) -> tuple[Row, Match]:
        """The row a person means by ``name``, and how it was matched; UnknownName with the three nearest."""
        match = resolve(name, self.index, _aliases(self.name), kind=_singular(self.name))
        return self.index[match.id], match

    def where(self, **words: str) -> list[Row]:
        """The rows whose columns hold exactly these words."""
        return [row for row in self.rows if all(row.get(k) == v for k, v in words.items())]


@functools.lru_cache(maxsize=64)
def table(name: str) -> Table:
    """The table of that name with packs and overlays applied; UnknownName if there is none."""
    rows: list[Row] = []
    for folder in reversed(folders()):
        rows = [*_toml_rows(folder, name), *_csv_rows(folder, name), *rows]
    if not rows:
        raise UnknownName("table", name, sorted(p.stem for p in DATA.glob("*.csv")))
    index: dict[str, Row] = {}
    for row in rows:
        if row.get("id"):
            index.setdefault(row["id"], row)
    return Table(name, tuple(rows), index)


def _csv_rows(folder: Path, name: str) -> list[Row]:
    """The rows of a folder's table; columns that a user's own table leaves out are empty."""
    path = folder / f"{name}.csv"
    rows = list(read_csv(path)) if path.exists() else []
    return rows if folder == DATA else [defaultdict(str, row) for row in rows]


def _toml_rows(folder: Path, name: str) -> list[Row]:
    """Rows of an overlay written as ``[[table]]`` entries of any TOML file in it."""
    paths = sorted(folder.glob("*.toml")) if folder != DATA else []
    return [row for path in paths for row in read_toml(path).get(name, [])]


def source(ids: str) -> Source:
    """The (first of the) sources named in a row's ``source`` cell; text of a user's own row stands for itself."""
    first = ids.split(";")[0].strip()
    row = table("sources").index.get(first)
    if row is None:
        return Source(first or UNSOURCED.id, first or UNSOURCED.title)
    year = number(row, "year")
    return Source(row["id"], row["title"], row["publisher"], int(year) if year else None, row["locator"],
                  row["licence"], row["terms"], row["retrieved"], row["note"])  # fmt: skip


def version() -> str:
    """The factor-set version that every output carries; a pack adds its name, an overlay its name and a mark of what it holds."""
    own = (DATA / "VERSION").read_text().strip() if (DATA / "VERSION").exists() else "unversioned"
    packs = [folder.parent.name if folder.name == "data" else folder.name for folder in _packs()]
    return "+".join([own, *(f"{folder.name}.{_mark(folder)}" for folder in _overlays), *packs])


@functools.lru_cache(maxsize=16)
def _mark(folder: Path) -> str:
    """Six digits that change with the tables in a folder."""
    from hashlib import blake2b

    digest = blake2b(digest_size=3)
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.toml")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def folders() -> list[Path]:
    """Folders that hold tables, first wins: overlays, packs, then those carried here."""
    return [*_overlays, *_packs(), DATA]


def overlay(folder: Path | None) -> None:
    """Put a folder of CSV tables before all others (None: remove every overlay). Errors: as ``world.overlay.check``."""
    if folder is None:
        _overlays.clear()
    elif folder not in _overlays:
        check(folder, table("schema"))
        _overlays.insert(0, folder)
    for cached in (table, _aliases, _mark):
        cached.cache_clear()
    for forget in _listeners:
        forget()


def overlays() -> tuple[Path, ...]:
    """The folders put before all others, the first wins."""
    return tuple(_overlays)


def on_overlay(forget: Callable[[], None]) -> None:
    """Have ``forget`` called whenever the overlays change: for whoever caches what the tables say."""
    _listeners.append(forget)


@functools.lru_cache(maxsize=1)
def _packs() -> tuple[Path, ...]:
    if not any(map(_may_hold_packs, sys.path)):
        return ()  # without importlib.metadata, which loads the e-mail parser to read what is installed
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found = []
    for entry in entry_points(group="jevons.packs"):
        spec = find_spec(entry.module)
        if spec is not None and spec.origin:
            found.append(Path(spec.origin).parent / "data")
    return tuple(found)


def _may_hold_packs(folder: str) -> bool:
    """Whether something installed in a folder of the import path may announce a pack: a cheap look before the full one."""
    place = Path(folder or ".")
    if place.is_file() or any(place.glob("*.egg*")):
        return True
    notes = place.glob("*.dist-info/entry_points.txt")
    return any("jevons.packs" in note.read_text(encoding="utf-8", errors="replace") for note in notes)


@functools.lru_cache(maxsize=64)
def _aliases(name: str) -> dict[str, str]:
    if not (DATA / "aliases.csv").exists():
        return {}
    return {row["alias"]: row["id"] for row in table("aliases") if row.get("table", name) in ("", name)}


def _singular(name: str) -> str:
    return {"accelerators": "accelerator", "cpus": "CPU", "models": "model", "cloud_regions": "cloud region",
            "places": "place", "servers": "server", "cities": "city"}.get(name, name)  # fmt: skip
