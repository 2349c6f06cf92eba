"""carbontracker's logs. The one named ..._carbontracker.log tells mean power and duration of each epoch and component:

    E = P̄ · t          P̄ in W by device, t in s, without PUE

The one named ..._carbontracker_output.log tells the total alone, its PUE inside. A prediction is never read. Stamps
are local time, without a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.clock import Clock, NoSuchHour
from jevons.account.readers.lines import text_of
from jevons.core import units
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

STAMPED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (.*)")
EPOCH = re.compile(r"Epoch (\d+):")
DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
POWER = re.compile(r"Average power usage \((\w+)\) for (\w+): (.*)", re.DOTALL)
FOUND = re.compile(r"(\w+) with device\(s\) (.*?)\.(?:\s|$)")
ACTUAL = re.compile(
    r"Actual consumption[^\n]*:\s*Time:\s*(\d+):(\d\d):(\d\d(?:\.\d+)?)\s*Energy:\s*([\d.eE+-]+|nan) (\w+)"
)
COMPONENTS = {"cpu": "processor", "gpu": "accelerator"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One stamped message; it may go on over several lines of the file."""

    row: int
    stamp: str
    text: str


def recognises(head: str) -> bool:
    """Whether this is a log of carbontracker."""
    return bool(STAMPED.match(head)) and "carbontracker" in head.lower()


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row an epoch, component and device, or one row of the whole where the log tells no more."""
    from jevons.core.activity import Activity

    entries = list(_entries(text_of(path)))
    clock = Clock(zone)
    rows, missed = _epochs(path.name, entries, clock)
    if not rows:
        rows = _actual(path.name, entries, clock)
    if not rows:
        raise TableError(path.name, None, None, f"{len(entries)} messages", "no epoch ended and no consumption is told in it")
    notes = [*clock.notes("carbontracker")]
    if missed:
        notes.append(Assumption("epochs without a power reading", ", ".join(missed), "their energy is not known", "stated"))
    return Activity.of(rows, served={"run": 1.0}, assumptions=tuple(notes))


def _entries(text: str) -> Iterator[Entry]:
    """Messages with the number of the line where each begins."""
    row, stamp, parts = 0, "", list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        found = STAMPED.match(line)
        if found:
            if stamp:
                yield Entry(row, stamp, "\n".join(parts))
            row, stamp, parts = number, found[1], [found[2]]
        else:
            parts.append(line)
    if stamp:
        yield Entry(row, stamp, "\n".join(parts))


def _epochs(file: str, entries: list[Entry], clock: Clock) -> tuple[list[dict[str, Any]], list[str]]:
    rows: list[dict[str, Any]] = []
    missed: list[str] = []
    devices: dict[str, list[str]] = {}
    epoch, span = "", (0.0, 0.0)
    for entry in entries:
        if entry.text.startswith("The following components"):
            devices = {part.lower(): [d.strip() for d in names.split(", ")] for part, names in FOUND.findall(entry.text)}
        elif found := EPOCH.match(entry.text):
            epoch = found[1]
        elif found := DURATION.match(entry.text):
            end_s = _moment(file, entry, clock)
            span = (end_s - _seconds(found), end_s)
        elif found := POWER.match(entry.text):
            powers = _powers(file, entry, found)
            rows += [_row(span, epoch, found[2], *pair) for pair in _named(powers, devices.get(found[2], []))]
            missed += [] if powers else [f"{epoch} ({found[2]})"]
    return rows, missed


def _powers(file: str, entry: Entry, found: re.Match[str]) -> list[float]:
    """Watts of each device; none where no reading fell into the epoch."""
    if found[1] != "W":
        raise TableError(file, entry.row, f"power ({found[1]})", found[3], "this reader knows W")
    if found[2] not in COMPONENTS:
        raise TableError(file, entry.row, found[2], found[3], f"this reader knows {', '.join(COMPONENTS)}")
    if found[3].strip() in ("None", "nan", "[nan]"):
        return []
    try:
        return [float(word) for word in found[3].strip().strip("[]").split()]
    except ValueError:
        raise TableError(file, entry.row, "power (W)", found[3], "give numbers") from None


def _named(powers: list[float], names: list[str]) -> list[tuple[str, float]]:
    given = names if len(names) == len(powers) else [str(i) for i in range(len(powers))]
    return [(f"{i}: {name}", power) for i, (name, power) in enumerate(zip(given, powers, strict=True))]


def _row(span: tuple[float, float], epoch: str, part: str, device: str, power_w: float) -> dict[str, Any]:
    return {
        "start_s": span[0], "end_s": span[1], "amount": power_w * (span[1] - span[0]) / units.JOULES_PER_KWH,
        "component": COMPONENTS[part], "device": device, "boundary": "chip", "stage": f"epoch {epoch}",
        "method": "integrated" if part == "gpu" else "declared", "lifecycle": "operation",
    }  # fmt: skip


def _actual(file: str, entries: list[Entry], clock: Clock) -> list[dict[str, Any]]:
    """The last total told; several are told where monitoring went on."""
    told = [(entry, found) for entry in entries if (found := ACTUAL.search(entry.text))]
    if not told:
        return []
    entry, found = told[-1]
    if found[5] != "kWh" or found[4] == "nan":
        raise TableError(file, entry.row, "Energy", f"{found[4]} {found[5]}", "this reader knows a number of kWh")
    end_s = _moment(file, entry, clock)
    return [{"start_s": end_s - _seconds(found), "end_s": end_s, "amount": float(found[4]), "component": "all",
             "boundary": "facility", "method": "declared", "lifecycle": "operation"}]  # fmt: skip


def _moment(file: str, entry: Entry, clock: Clock) -> float:
    try:
        return clock.moment(entry.stamp, clock.last_s)
    except NoSuchHour as trouble:
        raise TableError(file, entry.row, "time", entry.stamp, str(trouble)) from None
    except (ValueError, OverflowError):
        raise TableError(file, entry.row, "time", entry.stamp, "give a date and time, e.g. 2026-11-23 08:30:00") from None


def _seconds(found: re.Match[str]) -> float:
    return float(found[1]) * 3600 + float(found[2]) * 60 + float(found[3])
