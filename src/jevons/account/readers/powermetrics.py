"""macOS powermetrics, as text or as plists (-f plist, one after another with a NUL between): a chip's energy by part.

    text    E = P · elapsed, "CPU Power: 947 mW" under "*** Sampled system activity (date) (104.51ms elapsed) ***"
    plist   processor.cpu_energy, gpu_energy, ane_energy, dram_energy in mJ; else ..._power in mW over elapsed_ns

The lines of clusters and of the package hold or are held by these parts, so they are left out. An Intel Mac's text
tells its package alone.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from jevons.account.readers.lines import text_of
from jevons.core import units
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

SAMPLED = re.compile(r"\*\*\* Sampled system activity \((.+?)\) \(([\d.]+)(\w+) elapsed\) \*\*\*")
POWER = re.compile(r"(CPU|GPU|ANE|DRAM) Power: ([\d.]+) ?(\w+)\s*$")
INTEL = re.compile(r"Intel energy model derived package power .*: ([\d.]+) ?(\w+)\s*$")
STAMP = "%a %b %d %H:%M:%S %Y %z"
PARTS = {"CPU": "processor", "GPU": "accelerator", "ANE": "accelerator", "DRAM": "memory"}
PACKAGE = Assumption("package", "left out", "the powers of CPU, GPU, ANE and DRAM stand; the rest of the chip does not",
                     "stated")  # fmt: skip
Sample = tuple[float, float, dict[str, float]]  # start (UTC seconds), elapsed seconds, kWh by part


def recognises(head: str) -> bool:
    """Whether this is powermetrics' text or one of its plists."""
    return "*** Sampled system activity" in head or ("<plist" in head and "elapsed_ns" in head)


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a part of the chip, over the whole record. ``zone`` is not needed: its stamps name theirs."""
    from jevons.core.activity import Activity

    text = text_of(path)
    samples = list(_plists(path.name, text) if "<plist" in text else _texts(path.name, text))
    if not any(parts for _, _, parts in samples):
        raise TableError(path.name, None, None, f"{len(samples)} samples", "no power is in it; ask --samplers cpu_power,gpu_power")
    start_s, end_s = samples[0][0], samples[-1][0] + samples[-1][1]
    common = {"start_s": start_s, "end_s": max(start_s, end_s), "boundary": "chip", "method": "integrated",
              "lifecycle": "operation"}  # fmt: skip
    names = dict.fromkeys(part for _, _, parts in samples for part in parts)
    rows = [{**common, "component": PARTS[name], "device": name,
             "amount": sum(parts.get(name, 0.0) for _, _, parts in samples)} for name in names]  # fmt: skip
    return Activity.of(rows, served={"run": 1.0}, assumptions=(PACKAGE,))


def _texts(file: str, text: str) -> Iterator[Sample]:
    start_s, elapsed_s, parts = 0.0, 0.0, dict[str, float]()
    for row, line in enumerate(text.splitlines(), 1):
        if found := SAMPLED.search(line):
            if elapsed_s:
                yield start_s, elapsed_s, parts
            elapsed_s = _in(file, row, "elapsed", found[2], found[3], "s")
            start_s, parts = _stamp(file, row, found[1]) - elapsed_s, {}
        elif found := POWER.match(line):
            parts[found[1]] = _in(file, row, f"{found[1]} Power", found[2], found[3], "W") * elapsed_s / units.JOULES_PER_KWH
        elif found := INTEL.match(line):
            parts["CPU"] = _in(file, row, "package power", found[1], found[2], "W") * elapsed_s / units.JOULES_PER_KWH
    if elapsed_s:
        yield start_s, elapsed_s, parts


def _plists(file: str, text: str) -> Iterator[Sample]:
    for number, part in enumerate(filter(str.strip, text.split("\0")), 1):
        try:
            found = plistlib.loads(part.strip().encode())
            stamp, elapsed_s = found["timestamp"], float(found["elapsed_ns"]) * 1e-9
        except (ValueError, KeyError, ExpatError, plistlib.InvalidFileException) as trouble:
            raise TableError(file, number, "plist", str(trouble), "a whole plist with timestamp and elapsed_ns") from None
        end_s = stamp.replace(tzinfo=UTC).timestamp()
        yield end_s - elapsed_s, elapsed_s, _energies(found.get("processor", {}), elapsed_s)


def _energies(processor: Mapping[str, Any], elapsed_s: float) -> dict[str, float]:
    """kWh by part: the energy where it stands (mJ), else the power (mW) over the sample."""
    known = {}
    for part in PARTS:
        name = part.lower()
        if f"{name}_energy" in processor:
            known[part] = float(processor[f"{name}_energy"]) * 1e-3 / units.JOULES_PER_KWH
        elif f"{name}_power" in processor:
            known[part] = float(processor[f"{name}_power"]) * 1e-3 * elapsed_s / units.JOULES_PER_KWH
    return known


def _in(file: str, row: int, column: str, number: str, unit: str, wanted: str) -> float:
    """The number in ``wanted``; TableError naming the line where its unit is another."""
    dimension = units.UNITS[wanted][0]
    if units.UNITS.get(unit, ("", 0.0))[0] != dimension:
        raise TableError(file, row, column, f"{number} {unit}", f"this reader knows units of {dimension}")
    return float(number) * units.UNITS[unit][1]


def _stamp(file: str, row: int, text: str) -> float:
    try:
        return datetime.strptime(text, STAMP).timestamp()
    except ValueError:
        raise TableError(file, row, "date", text, "give it as powermetrics prints it in English") from None
