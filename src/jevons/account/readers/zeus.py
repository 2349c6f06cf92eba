"""The log_file of Zeus' ZeusMonitor: one line a window, joules by GPU.

    start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy,...

Windows may lie inside one another; then the outer keeps what the inner ones did not use. Early versions stamp with a
monotonic clock, so their windows are not dated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.lines import Line, lines_of, unknown_columns
from jevons.core import units
from jevons.core.activity import UNDATED
from jevons.core.errors import OverlappingMeters, TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

FIXED = ("start_time", "window_name", "elapsed_time")
GPU = re.compile(r"gpu(\d+)_energy$")
DATED_S = 1e9
"""A stamp below this (the year 2001) is no clock of the calendar."""
SLACK_S = 1e-3
METHOD = Assumption("method of the GPU energy", "counter", "Zeus integrates power before Volta only", "stated")


@dataclass(slots=True)
class Window:
    """A window, the path of those around it, and its own energy by GPU in joules."""

    line: Line
    start_s: float
    end_s: float
    stage: str
    energy_j: dict[str, float] = field(default_factory=dict)


def recognises(head: str) -> bool:
    """Whether the header is that of a Zeus log."""
    return head.startswith("start_time,window_name,elapsed_time,gpu")


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a window and GPU, the window's name as its stage ("outer/inner"). ``zone`` is not needed."""
    from jevons.core.activity import Activity

    header, lines = lines_of(path, FIXED)
    gpus = {name: f"gpu-{found[1]}" for name in header if (found := GPU.match(name))}
    if not gpus:
        raise TableError(path.name, 1, None, ", ".join(header), "no column gpu<number>_energy")
    rows = [row for window in nested([_window(line, gpus) for line in lines]) for row in _rows(window)]
    notes = (METHOD, *unknown_columns(header, (*FIXED, *gpus)))
    return Activity.of(rows, served={"window": float(len(lines))}, assumptions=notes)


def _window(line: Line, gpus: dict[str, str]) -> Window:
    start_s, name = line.needed("start_time"), line.text("window_name")
    energy_j = {gpu: line.needed(column) for column, gpu in gpus.items()}
    return Window(line, start_s, start_s + line.needed("elapsed_time"), name, energy_j)


def nested(windows: Sequence[Window]) -> list[Window]:
    """Windows in order of time, each less those inside it; OverlappingMeters where two cross each other."""
    placed: list[Window] = []
    around: list[Window] = []
    for window in sorted(windows, key=lambda w: (w.start_s, -w.end_s)):
        while around and around[-1].end_s <= window.start_s + SLACK_S:
            around.pop()
        if around:
            _put_inside(window, around[-1])
        around.append(window)
        placed.append(window)
    return placed


def _put_inside(inner: Window, outer: Window) -> None:
    if inner.end_s > outer.end_s + SLACK_S:
        raise OverlappingMeters(
            f"{inner.line.file}, rows {outer.line.row} and {inner.line.row}: windows {outer.stage!r} and {inner.stage!r} "
            f"cross each other, so their energy cannot be told apart; keep one of them"
        )
    inner.stage = f"{outer.stage}/{inner.stage}"
    for gpu, energy_j in inner.energy_j.items():
        outer.energy_j[gpu] = max(outer.energy_j[gpu] - energy_j, 0.0)


def _rows(window: Window) -> list[dict[str, Any]]:
    dated = window.start_s >= DATED_S
    common = {
        "start_s": window.start_s if dated else UNDATED, "end_s": window.end_s if dated else UNDATED,
        "component": "accelerator", "boundary": "chip", "method": "counter", "stage": window.stage,
        "lifecycle": "operation",
    }  # fmt: skip
    return [{**common, "device": gpu, "amount": joules / units.JOULES_PER_KWH} for gpu, joules in window.energy_j.items()]
