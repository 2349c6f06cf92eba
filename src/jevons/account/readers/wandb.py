"""Weights & Biases' system metrics: the power of each GPU, system.gpu.{i}.powerWatts, every 15 seconds by default.

    run.history(stream="events")   as CSV or JSON lines: _timestamp (UTC seconds), _runtime, system.gpu.0.powerWatts
    wandb-events.jsonl             as older clients kept it beside a run
    run-<id>.wandb                 the packed log of an offline run (see ``wandb_log``)

gpu.process.{i} repeats the same device for the run's own process, and powerPercent is no watts: both are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.documents import documents
from jevons.account.readers.lines import lines_of
from jevons.account.readers.opening import head_of
from jevons.account.readers.power_history import Points, rows_of
from jevons.account.readers.wandb_log import MAGIC
from jevons.account.readers.wandb_log import samples as offline
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

POWER = re.compile(r"(?:system[./])?gpu\.(\d+)\.powerWatts$")
TIME, RUNTIME = "_timestamp", "_runtime"


def recognises(head: str) -> bool:
    """Whether the system stream, as text or packed, is in it."""
    return head.startswith(MAGIC.decode()) or (".powerWatts" in head and (TIME in head or RUNTIME in head))


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a GPU and hour. ``zone`` is not needed. TableError where no power is in it."""
    from jevons.core.activity import Activity

    histories: dict[str, Points] = {}
    for row, sample in enumerate(_samples(path), 1):
        stamp = sample.get(TIME)
        for name, value in sample.items():
            if (found := POWER.match(name)) and value not in (None, ""):
                histories.setdefault(f"gpu-{found[1]}", []).append(_point(path.name, row, name, stamp, value))
    notes = [Assumption("the rest of the machine", "not in the file", "W&B logs the power of GPUs alone", "stated")]
    rows = rows_of(path.name, histories, {}, notes)
    if not rows:
        raise TableError(path.name, None, "system.gpu.0.powerWatts", "no history of it", "export run.history(stream='events')")
    return Activity.of(rows, served={"run": 1.0}, assumptions=tuple(notes))


def _point(file: str, row: int, name: str, stamp: Any, value: Any) -> tuple[float, float]:
    try:
        return float(stamp), float(value)
    except (TypeError, ValueError):
        raise TableError(file, row, name, (stamp, value), f"give watts, and UTC seconds in {TIME}") from None


def _samples(path: Path) -> Iterator[Mapping[str, Any]]:
    head = head_of(path, 4)
    if head.startswith(MAGIC):
        yield from offline(path)
    elif head[:1] in (b"{", b"["):
        for number, found in enumerate(documents(path), 1):
            for sample in found if isinstance(found, list) else [found]:
                if not isinstance(sample, Mapping):
                    raise TableError(path.name, number, None, sample, "give one mapping of names and values a line")
                yield sample
    else:
        yield from (line.cells for line in lines_of(path, (TIME,))[1])
