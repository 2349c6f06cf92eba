"""Histories of a device's power as experiment trackers keep them: (device, seconds, watts) become a row a device and hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jevons.account.readers.integral import LONGEST_S, hours_of, integrated, require_span
from jevons.core import units
from jevons.core.errors import TableError
from jevons.core.source import Assumption

PAUSE_STEPS = 4.0
"""Power is bridged over so many of a history's usual steps, and over LONGEST_S at least."""
Points = list[tuple[float, float]]


def rows_of(file: str, histories: Mapping[str, Points], common: Mapping[str, str],
            notes: list[Assumption]) -> list[dict[str, Any]]:  # fmt: skip
    """Energy rows of each device's (UTC seconds, watts); what had to be left out goes into ``notes``."""
    rows: list[dict[str, Any]] = []
    for device, points in histories.items():
        t_s, power_w = _in_order(points)
        if power_w.size and power_w.min() < 0:
            raise TableError(file, None, device, float(power_w.min()), "power cannot be negative")
        if len(t_s) < 2:
            notes.append(_note(device, "one sample, left out", "one reading of power is no energy"))
            continue
        require_span(file, device, t_s)
        joules, paused_s = integrated(t_s, power_w, max(LONGEST_S, PAUSE_STEPS * float(np.median(np.diff(t_s)))))
        if paused_s:
            notes.append(_note(device, f"{paused_s:.0f} s without samples", "left out"))
        rows += [{**common, "start_s": a, "end_s": b, "amount": j / units.JOULES_PER_KWH, "device": device,
                  "component": "accelerator", "boundary": "chip", "method": "integrated", "lifecycle": "operation"}
                 for a, b, j in hours_of(t_s, joules)]  # fmt: skip
    return rows


def _in_order(points: Iterable[tuple[float, float]]) -> tuple[Any, Any]:
    """Samples in order of time, one a stamp, without those that are no number."""
    found = np.array([p for p in points if p[1] == p[1]], float).reshape(-1, 2)
    _, first = np.unique(found[:, 0], return_index=True)
    return found[first, 0], found[first, 1]


def _note(device: str, value: str, why: str) -> Assumption:
    return Assumption(f"power of {device}", value, why, "stated")
