"""The CSV of nvidia-smi --query-gpu=timestamp,...,power.draw --format=csv -l, integrated over time GPU by GPU.

    2026/11/23 08:30:00.123, GPU-8f3c..., 251.30 W

The header must stand (not noheader), for it names the fields and their unit; units in the cells may be left out
(nounits). Stamps are local time without a zone. Where several fields of power stand, the running mean is preferred:
between two samples it misses nothing.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import inf, nextafter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.account.readers.clock import Clock
from jevons.account.readers.integral import by_hour
from jevons.account.readers.lines import Line, lines_of
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

POWER = ("power.draw.average", "power.draw", "power.draw.instant")
FIELD = re.compile(r"([\w.]+)(?: \[(.+)\])?$")
IDENTITY = ("uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id", "index")


def recognises(head: str) -> bool:
    """Whether the header names a stamp and a field of power."""
    first = head.partition("\n")[0]
    return "timestamp" in first and "power.draw" in first


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a GPU and clock hour, its power integrated by the trapezoid."""
    from jevons.core.activity import Activity

    header, lines = lines_of(path, ("timestamp",))
    column = _power_column(path.name, header)
    identity = next((name for name in IDENTITY if name in header), "")
    by_gpu: dict[str, list[Line]] = {}
    for line in lines:
        by_gpu.setdefault(line.text(identity) if identity else "gpu", []).append(line)
    rows: list[dict[str, Any]] = []
    clock, notes = Clock(zone), list[Assumption]()
    if not identity:
        notes.append(Assumption("GPUs", "one", "no column tells which; query uuid too", "stated"))
    for gpu, those in by_gpu.items():
        clock.last_s = -inf  # each GPU's samples run from the beginning
        found, told = _rows(gpu, those, column, clock)
        rows += found
        notes += told
    return Activity.of(rows, served={"run": 1.0}, assumptions=(*clock.notes("nvidia-smi"), *notes))


def _power_column(file: str, header: list[str]) -> str:
    """The column of power that is read; TableError where its unit is not watts."""
    fields = {found[1]: (name, found[2]) for name in header if (found := FIELD.match(name))}
    for field in POWER:
        if field in fields:
            name, unit = fields[field]
            if unit not in (None, "W"):
                raise TableError(file, 1, name, unit, "this reader knows W")
            return name
    raise TableError(file, 1, "power.draw", ", ".join(header), "query power.draw, and keep the header")


def _rows(gpu: str, lines: list[Line], column: str, clock: Clock) -> tuple[list[dict[str, Any]], list[Assumption]]:
    read = [(line.moment("timestamp", clock, nextafter(clock.last_s, inf)), line.amount(column, "W"), line) for line in lines]
    known = [(t_s, power_w) for t_s, power_w, _ in read if power_w is not None]
    for before, after in pairwise(read):
        if after[0] <= before[0]:
            raise after[2].trouble("timestamp", "each sample must be later than the last (several GPUs? query uuid too)")
    t_s, power_w = np.array(known, float).reshape(-1, 2).T
    hours, paused_s = by_hour(t_s, power_w)
    notes = []
    if len(known) < len(read):
        notes.append(Assumption(f"power of {gpu}", f"{len(read) - len(known)} samples without", "bridged", "stated"))
    if paused_s:
        notes.append(Assumption(f"power of {gpu}", f"{paused_s:.0f} s without samples", "left out", "stated"))
    common = {"component": "accelerator", "device": gpu, "boundary": "chip", "method": "integrated", "lifecycle": "operation"}
    return [{**common, "start_s": h.start_s, "end_s": h.end_s, "amount": h.energy_kwh} for h in hours], notes
