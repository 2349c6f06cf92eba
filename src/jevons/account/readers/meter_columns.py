"""What the columns of a file of meters mean: time, units, roles and the tree, from their names."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf, nextafter
from typing import NamedTuple

from jevons.account.readers.clock import Clock, NoSuchHour
from jevons.account.readers.lines import Line
from jevons.account.readers.metering import ROLES
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption

TIMES = ("timestamp", "datetime", "utc_timestamp", "date_time", "zeitstempel", "start", "period_start", "time", "utc", "from")
DATE = "date"
GROUPS = ("household_id", "building_id", "building")
METERS, VALUES = ("meter", "meter_id", "channel", "sensor", "meter_name"), ("value", "reading", "energy", "power", "kwh", "kw", "consumption")
UNITS = {"kwh": ("energy", 1.0), "wh": ("energy", 1e-3), "mwh": ("energy", 1e3), "kw": ("power", 1.0), "w": ("power", 1e-3),
         "mw": ("power", 1e3)}  # fmt: skip
"""Unit → energy in kWh or power in kW."""
BRACKETED = re.compile(r"^(.*?)[\s_]*[\[(]\s*([A-Za-z]+)\s*[\])]\s*$")
BEHIND = re.compile(r"^(.+?)[\s_.](MWh|kWh|Wh|MW|kW|W|kwh|kw|KWH|KW)$")
BEFORE = re.compile(r"^(kWh|Wh|MWh|kW|W)_(.+)$")
ROLE_WORDS = (  # heat first: what a CHP or the sun gives as heat is no electricity; a heat pump uses some
    ("heat", re.compile(r"(?<![a-z])heat(?!.?pump|[a-z])|thermal|w(?:ä|ae)rme(?!.?pump)|district.?heat|_th$", re.I)),
    ("export", re.compile(r"export|return|feed.?in|einspeis|outfeed", re.I)),
    ("pv", re.compile(r"(?<![a-z])pv(?![a-z])|photovolt|solar", re.I)),
    ("chp", re.compile(r"(?<![a-z])chp(?![a-z])|bhkw|kwk|cogen", re.I)),
    ("main", re.compile(r"(?<![a-z])(?:main|total|grid|import|utility)(?![a-z])|bezug|haupt|netz", re.I)),
)  # fmt: skip
REGISTER = re.compile(r"cumul|register|counter|reading|index|z(?:ä|ae)hlerstand|increasing", re.I)


class Column(NamedTuple):
    """A meter's column: as the header has it, its name without the unit, the unit."""

    header: str
    meter: str
    unit: str


@dataclass(slots=True)
class Layout:
    """Where time, meters and values stand. ``long``: columns of meter, value, unit, parent and role."""

    time: str
    clock: str
    columns: tuple[Column, ...]
    long: tuple[str, ...] | None
    unit: str
    separator: str
    identity: tuple[str, ...] = ()
    parents: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)


def separator_of(first: str) -> str:
    """The separator of a header: the commonest of semicolon, tab and comma."""
    return max(";\t,", key=first.count)


def split_name(name: str) -> tuple[str, str]:
    """(meter, unit) of "Main [kWh]", "PV_kWh", "kWh_received_Total"; unit "" where the name holds none."""
    for pattern, meter, unit in ((BRACKETED, 1, 2), (BEHIND, 1, 2), (BEFORE, 2, 1)):
        found = pattern.match(name.strip())
        if found and is_unit(found[unit]):
            return found[meter].strip(), _spelt(found[unit])
    return name.strip(), ""


def is_unit(word: str) -> bool:
    """Whether a word is a unit of energy or power this reader knows; mW and mWh, thousandths, are none of them."""
    return word.lower() in UNITS and not word.startswith("m")


def _spelt(unit: str) -> str:
    return {"kwh": "kWh", "wh": "Wh", "mwh": "MWh", "kw": "kW", "w": "W", "mw": "MW"}[unit.lower()]


def named(name: str) -> bool:
    """Whether a column's name says that it is no meter: in brackets stands another unit, or it is an id."""
    return bool(BRACKETED.match(name)) or name.lower().endswith(("_id", "id", "name", "group", "comment"))


def long_columns(header: Sequence[str]) -> tuple[str, ...] | None:
    """(meter, value, unit, parent, role) columns of a long file, "" for those it lacks; None where it is wide."""
    lower = {split_name(name)[0].lower() if name.lower() not in VALUES else name.lower(): name for name in header}
    meter = next((lower[name] for name in METERS if name in lower), "")
    value = next((lower[name] for name in VALUES if name in lower), "")
    return (meter, value, lower.get("unit", ""), lower.get("parent", ""), lower.get("role", "")) if meter and value else None


def roles_of(names: Sequence[str], given: Mapping[str, str]) -> tuple[dict[str, str], list[Assumption]]:
    """Each meter's role: given, else by its name. Errors: BadInput."""
    for name, role in given.items():
        if role not in ROLES:
            raise BadInput(f"roles[{name}]", role, f"choose one of {', '.join(ROLES)}")
        if name not in names:
            raise BadInput("roles", name, f"no meter of that name; there are {', '.join(names)}")
    found = {name: given.get(name) or _role(name) for name in names}
    guessed = [f"{name}: {role}" for name, role in found.items() if name not in given and role != "sub"]
    note = Assumption("roles of the meters", ", ".join(guessed), "by their names; say otherwise by roles=", "stated")
    return found, [note] if guessed else []


def _role(name: str) -> str:
    return next((role for role, word in ROLE_WORDS if word.search(name.rpartition("/")[2])), "sub")


def tree_of(names: Sequence[str], roles: Mapping[str, str], given: Mapping[str, str]) -> tuple[dict[str, str], list[Assumption]]:
    """Meter → the one it lies behind: given, by / in the names, else all behind the one main meter.

    Errors: BadInput where several main meters leave it open which of them the others lie behind.
    """
    if given:
        return {k: v for k, v in given.items() if v}, []
    behind = {n: n.rpartition("/")[0] for n in names if n.rpartition("/")[0] in names}
    if behind:
        return behind, []
    groups: dict[str, list[str]] = {}
    for name in names:
        if roles[name] in ("main", "sub"):
            groups.setdefault(name.rpartition("/")[0], []).append(name)
    found: dict[str, str] = {}
    for group in groups.values():
        found |= _behind_the_main(group, roles)
    if found:
        said = ", ".join(sorted(set(found.values())))
        return found, [Assumption("tree of the meters", f"all behind {said}", "by their names; say otherwise by tree=", "stated")]
    told = Assumption("tree of the meters", "side by side", "none is told; name it by tree= if one holds another", "stated")
    return {}, [told] if sum(map(len, groups.values())) > 1 else []


def _behind_the_main(names: Sequence[str], roles: Mapping[str, str]) -> dict[str, str]:
    """The sub-meters of a group behind its main meter; none where it has no main meter."""
    mains, subs = ([n for n in names if roles[n] == role] for role in ("main", "sub"))
    if mains[1:] and subs:
        raise BadInput("tree", ", ".join(mains), "several main meters; say which meter lies behind which, e.g. tree={'IT': 'Main 1'}")
    return dict.fromkeys(subs, mains[0]) if mains else {}


class Gathered:
    """Readings by meter in the order of the file: UTC seconds, values and row numbers."""

    def __init__(self, file: str, zone: str, layout: Layout):
        self.file, self.layout, self._clock = file, layout, Clock(zone)
        self.zone = zone
        self.units: dict[str, str] = {}
        self.times: dict[str, array[float]] = {}
        self.values: dict[str, array[float]] = {}
        self.rows: dict[str, array[int]] = {}
        self._aware: bool | None = None
        self._stamped: tuple[str, float] = ("", 0.0)

    def take(self, line: Line) -> None:
        """One row of the file."""
        word = f"{line.text(self.layout.time)} {line.text(self.layout.clock)}".strip() if self.layout.clock else line.text(self.layout.time)
        if self.layout.long is not None:
            self._take_long(line, word)
            return
        group = "".join(f"{line.text(name)}/" for name in self.layout.identity if name.lower() in GROUPS)
        for column in self.layout.columns:
            meter = group + column.meter
            value = self._number(line, column.header, column.unit)
            if value is not None:
                self._keep(line, meter, word, value, column.unit)

    def _take_long(self, line: Line, word: str) -> None:
        meter_column, value_column, unit_column, parent, role = self.layout.long or ("",) * 5
        meter = line.text(meter_column)
        named_unit = split_name(value_column)[1] or (value_column if is_unit(value_column) else "")
        unit = line.text(unit_column) or named_unit or self.layout.unit
        if not is_unit(unit):
            raise line.trouble(unit_column or value_column, f"give its unit, one of {', '.join(map(_spelt, UNITS))}, or unit=")
        if named_unit and unit.lower() != named_unit.lower():
            raise line.trouble(unit_column, f"the column is named {value_column}: its unit and this cell disagree")
        value = self._number(line, value_column, unit)
        if line.text(parent):
            self.layout.parents[meter] = line.text(parent)
        if line.text(role):
            self.layout.roles[meter] = line.text(role)
        if value is not None:
            self._keep(line, meter, word, value, _spelt(unit))

    def adopt(self, other: Gathered, meter: str, name: str) -> None:
        """Take another file's meter over under a name of its own."""
        self.units[name], self.times[name] = other.units[meter], other.times[meter]
        self.values[name], self.rows[name] = other.values[meter], other.rows[meter]

    def notes(self) -> list[Assumption]:
        """What was assumed of the stamps."""
        if self._aware:
            return []
        return list(self._clock.notes("the file"))

    def _keep(self, line: Line, meter: str, word: str, value: float, unit: str) -> None:
        if self.units.setdefault(meter, unit) != unit:
            raise line.trouble(None, f"{meter} was in {self.units[meter]} before; one meter has one unit")
        times = self.times.setdefault(meter, array("d"))
        times.append(self._moment(line, word, times[-1] if times else None))
        self.values.setdefault(meter, array("d")).append(value)
        self.rows.setdefault(meter, array("q")).append(line.row)

    def _moment(self, line: Line, word: str, last_s: float | None) -> float:
        if word == self._stamped[0] and (last_s is None or self._stamped[1] > last_s):
            return self._stamped[1]
        try:
            stamp = _parsed(word)
        except (ValueError, OverflowError):
            raise line.trouble(self.layout.time, "give a date and time, e.g. 2026-03-29T01:45") from None
        aware = stamp.tzinfo is not None
        if self._aware is None:
            self._aware = aware
        elif self._aware != aware:
            raise line.trouble(self.layout.time, "some stamps name their zone and some do not; give all the same way")
        moment = self._moment_of(line, stamp, last_s)
        self._stamped = (word, moment)
        return moment

    def _moment_of(self, line: Line, stamp: datetime, last_s: float | None) -> float:
        try:
            return self._clock.of(stamp, -inf if last_s is None else nextafter(last_s, inf))
        except NoSuchHour as trouble:
            raise line.trouble(self.layout.time, str(trouble)) from None
        except (ValueError, OverflowError):
            raise line.trouble(self.layout.time, "give a date from 1970 to 2200") from None

    def _number(self, line: Line, column: str, unit: str) -> float | None:
        word = line.text(column)
        if not word:
            return None
        bare = word.removesuffix(unit).strip()
        if "," in bare and self.layout.separator != ",":
            bare = bare.replace(".", "").replace(",", ".")
        try:
            value = float(bare)
        except ValueError:
            raise line.trouble(column, f"give a number in {unit}") from None
        if value - value != 0:
            raise line.trouble(column, "give a finite number")
        if value < 0:
            raise line.trouble(column, "a meter's reading cannot be negative; what is fed in has a column of its own")
        return value


GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?$")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _parsed(word: str) -> datetime:
    """An ISO stamp, one with day and month first between points, or UTC seconds."""
    if found := GERMAN.match(word):
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second)
    if word.replace(".", "", 1).isdigit() and float(word) > 1e8:
        seconds = float(word)
        return EPOCH + timedelta(seconds=seconds / 1000 if seconds > 1e11 else seconds)
    return datetime.fromisoformat(word.replace("/", "-"))


def of_file(file: str, meter: str, row: int, value: float, mend: str) -> TableError:
    """The error that names a reading of a meter."""
    return TableError(file, row, meter, value, mend)
