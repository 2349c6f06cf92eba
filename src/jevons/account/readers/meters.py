"""Facility meters as CSV: a row an interval and a column a meter (wide), or a row a reading (long).

    wide    time, Main [kWh], Server room (kW), PV_kWh      the unit stands in the name; / in a name is the tree
    long    time, meter, value, unit, parent, role           the last two where they are told
    folder  a file a meter, folders within it the tree: Main/IT/rack1.csv
    HEAPO   Household_ID;Group;AffectsTimePoint;Timestamp;kWh_received_Total;kWh_received_HeatPump;kWh_received_Other

Energy of an interval, a register that runs on, or mean power: all become kWh of intervals. Stamps without a zone are
local: the hour that autumn repeats is told apart by its order, one that spring leaves out is refused.
References: HEAPO, doi:10.5281/zenodo.15056919; smart company building, doi:10.5061/dryad.73n5tb363 (a column a meter).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.account.readers.lines import physical_lines, stream_of, unknown_columns
from jevons.account.readers.meter_columns import (
    DATE,
    GROUPS,
    TIMES,
    UNITS,
    Column,
    Gathered,
    Layout,
    long_columns,
    named,
    roles_of,
    separator_of,
    split_name,
    tree_of,
)  # fmt: skip
from jevons.account.readers.meter_readings import kwh_of
from jevons.account.readers.metering import ACCURACY, Meters, with_tree
from jevons.account.readers.opening import require_inside
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

ENDINGS = (".csv", ".csv.gz")
READINGS = ("auto", "interval", "cumulative")
STAMPS = ("start", "end")


def recognises(head: str) -> bool:
    """Whether the header has a time and at least one column in a unit of energy or power."""
    first, _, rest = head.partition("\n")
    if first == "folder/":
        return any(name.lower().endswith(ENDINGS) for name in rest.split("\n"))
    header = [name.strip().strip('"') for name in first.split(separator_of(first))]
    lower = [name.lower() for name in header]
    if len(header) < 2 or not any(name in TIMES or name == DATE for name in lower):
        return False
    return any(split_name(name)[1] for name in header) or long_columns(header) is not None


def read(path: Path, zone: str = "UTC", tree: Mapping[str, str] | None = None, roles: Mapping[str, str] | None = None,
         unit: str = "", readings: str = "auto", stamp: str = "start", accuracy: float = ACCURACY, site: str = "",
         every_s: float | None = None) -> Activity:  # fmt: skip
    """One Activity: a row a last meter (and what no sub-meter saw) and interval, inside the facility's boundary.

    ``tree``: meter → the meter it lies behind. ``roles``: meter → main, sub, pv, chp, export or heat. ``unit``: of
    columns that name none. ``readings``: interval, cumulative, or auto. ``stamp``: start or end of the interval.
    ``accuracy``: share by which meters may disagree. ``every_s``: rows are summed over so many seconds.
    """
    return meters(path, zone, tree, roles, unit, readings, stamp, site).activity(accuracy, every_s)


def meters(path: str | Path, zone: str = "UTC", tree: Mapping[str, str] | None = None, roles: Mapping[str, str] | None = None,
           unit: str = "", readings: str = "auto", stamp: str = "start", site: str = "") -> Meters:  # fmt: skip
    """The meters of a file; arguments as ``read``. Errors: BadInput, TableError naming row and column, Contradiction."""
    for field, word, allowed in (("readings", readings, READINGS), ("stamp", stamp, STAMPS)):
        if word not in allowed:
            raise BadInput(field, word, f"choose one of {', '.join(allowed)}")
    place = Path(path)
    if not place.exists():
        raise BadInput("path", str(path), "name an existing file")
    gathered, notes = _folder(place, zone, unit) if place.is_dir() else _gathered(place, zone, unit)
    start_s, end_s, kwh, told = kwh_of(place.name, gathered, readings, stamp)
    found_roles, guessed = roles_of(list(kwh), {**gathered.layout.roles, **(roles or {})})
    above, grown = tree_of(list(kwh), found_roles, tree if tree is not None else gathered.layout.parents)
    found = Meters(start_s, end_s, kwh, found_roles, {}, site, (*notes, *told, *guessed, *grown))
    return with_tree(found, above)


def _folder(root: Path, zone: str, unit: str) -> tuple[Gathered, list[Assumption]]:
    """Every reading of a folder's files, each a meter named by its path; of several columns the first of energy."""
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name.lower().endswith(ENDINGS))
    if not files:
        raise TableError(root.name, None, None, "no CSV file", "give a folder of CSV files, one a meter")
    whole: Gathered | None = None
    notes: dict[Assumption, None] = {}
    for file in files:
        require_inside(root, file)
        found, told = _gathered(file, zone, unit)
        first, *others = sorted(found.values, key=lambda m, units=found.units: UNITS[units[m].lower()][0] != "energy")
        name = file.relative_to(root).as_posix()
        name = name[: len(name.lower().removesuffix(".gz").removesuffix(".csv"))]
        whole = whole or Gathered(root.name, zone, found.layout)
        whole.adopt(found, first, name)
        left = Assumption(f"columns of {name}", f"{', '.join(others)} left out", "a file is a meter; its energy is read", "stated")
        notes |= dict.fromkeys([*told, *([left] if others else [])])
    assert whole is not None
    return whole, list(notes)


def _gathered(file: Path, zone: str, unit: str) -> tuple[Gathered, list[Assumption]]:
    """Every reading by meter, in the order of the file."""
    first = next(physical_lines(file), "")
    header, rows = stream_of(file, separator=separator_of(first))
    layout = _layout(file.name, header, unit, separator_of(first))
    gathered = Gathered(file.name, zone, layout)
    for line in rows:
        gathered.take(line)
    if not gathered.values:
        raise TableError(file.name, None, None, "no reading", "give rows of readings")
    known = [layout.time, *layout.identity, *(c.header for c in layout.columns), *(layout.long or ())]
    notes = [*unknown_columns(header, known), *gathered.notes()]
    return gathered, notes


def _layout(file: str, header: list[str], unit: str, separator: str) -> Layout:
    lower = {name.lower(): name for name in header}
    time = next((lower[name] for name in (*TIMES, DATE) if name in lower), "")
    if not time:
        raise TableError(file, 1, "time", ", ".join(header), f"name a column one of {', '.join(TIMES[:6])}")
    clock = lower["time"] if time.lower() == DATE and "time" in lower else ""
    long = long_columns(header)
    if long is not None:
        return Layout(time, clock, (), long, unit, separator, (clock,) if clock else ())
    group = [lower[name] for name in GROUPS if name in lower]
    columns = []
    for name in header:
        label, told = split_name(name)
        if told or (unit and name and name not in (time, clock, *group) and not named(name)):
            columns.append(Column(name, label, told or unit))
    if not columns:
        raise TableError(file, 1, None, ", ".join(header), "name the unit in each meter's column, e.g. Main [kWh], or give unit=")
    return Layout(time, clock, tuple(columns), None, unit, separator, tuple(filter(None, (clock, *group))))
