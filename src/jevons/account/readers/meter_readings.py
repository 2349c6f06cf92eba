"""Readings of meters become kWh of common intervals.

    energy of an interval    kWh as read
    register                 ΔE = next reading − this reading              a register never runs backwards
    mean power               E = P · Δt
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jevons.account.readers.meter_columns import REGISTER, UNITS, Gathered, of_file
from jevons.core import units
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

ENOUGH = 96
"""Readings that must all rise before a column without a word for it is taken for a register: a day of quarter-hours."""


def kwh_of(file: str, gathered: Gathered, readings: str, stamp: str) -> tuple[Amount, Amount, dict[str, Amount], list[Assumption]]:
    """(start_s, end_s, kWh by meter, notes) over the union of all meters' intervals, NaN where a meter says nothing.

    Errors: TableError for a stamp that stands twice with different readings, a register that runs backwards, or a
    meter of one reading.
    """
    notes: list[Assumption] = []
    spans: dict[str, tuple[Amount, Amount, Amount]] = {}
    for meter in gathered.values:
        t_s, value, rows, twice = _ordered(file, meter, gathered)
        if twice:
            notes.append(_note(f"rows of {meter} that stand twice", f"{twice} left out", "the same stamp and reading"))
        spans[meter] = _intervals(file, meter, t_s, value, rows, gathered.units[meter], readings, stamp, notes)
    start_s = np.unique(np.concatenate([a for a, _, _ in spans.values()]))
    end_s = np.full(len(start_s), np.nan)
    kwh = {}
    for meter, (a, b, energy) in spans.items():
        at = np.searchsorted(start_s, a)
        clash = ~np.isnan(end_s[at]) & (np.abs(end_s[at] - b) > 1.0)
        if clash.any():
            raise TableError(file, None, meter, f"{float((b - a)[clash][0]):g} s", "its intervals are not those of the other meters; "
                             "give meters of one interval a file")  # fmt: skip
        end_s[at] = b
        column = np.full(len(start_s), np.nan)
        column[at] = energy
        kwh[meter] = column
    return start_s, end_s, kwh, notes


def _ordered(file: str, meter: str, gathered: Gathered) -> tuple[Amount, Amount, NDArray[np.int64], int]:
    """Stamps, values and rows in order of time, and how many rows merely stand twice."""
    t_s, value = np.array(gathered.times[meter]), np.array(gathered.values[meter])
    rows = np.array(gathered.rows[meter], np.int64)
    order = np.argsort(t_s, kind="stable")
    t_s, value, rows = t_s[order], value[order], rows[order]
    again = np.concatenate(([False], np.diff(t_s) == 0))
    differs = again & np.concatenate(([False], np.diff(value) != 0))
    if differs.any():
        at = int(np.argmax(differs))
        raise of_file(file, meter, int(rows[at]), float(value[at]), f"this stamp stands in row {rows[at - 1]} too, with another reading")
    return t_s[~again], value[~again], rows[~again], int(again.sum())


def _intervals(file: str, meter: str, t_s: Amount, value: Amount, rows: NDArray[np.int64], unit: str, readings: str, stamp: str,
               notes: list[Assumption]) -> tuple[Amount, Amount, Amount]:  # fmt: skip
    if len(t_s) < 2:
        raise of_file(file, meter, int(rows[0]), float(value[0]), "one reading makes no interval; give two at least")
    kind, size = UNITS[unit.lower()]
    if kind == "energy" and _is_register(meter, value, readings, notes):
        return _register(file, meter, t_s, value * size, rows)
    step_s = float(np.median(np.diff(t_s)))
    gaps = int((np.diff(t_s) > 1.5 * step_s).sum())
    if gaps:
        notes.append(_note(f"gaps of {meter}", str(gaps), f"nothing is known of {_lost_h(t_s, step_s):,.4g} h; left out"))
    notes += [n for n in (_note("stamps of the readings", f"{stamp} of the interval", "name the other by stamp="),) if n not in notes]
    a = t_s if stamp == "start" else t_s - step_s
    hours = step_s / units.SECONDS_PER_HOUR
    return a, a + step_s, value * size * (hours if kind == "power" else 1.0)


def _lost_h(t_s: Amount, step_s: float) -> float:
    over = np.diff(t_s) - step_s
    return float(over[over > 0.5 * step_s].sum()) / units.SECONDS_PER_HOUR


def _is_register(meter: str, value: Amount, readings: str, notes: list[Assumption]) -> bool:
    """Whether a column runs on: it is said so, its name says so, or a day and more of readings only rise."""
    if readings != "auto":
        return readings == "cumulative"
    rising = bool((np.diff(value) >= 0).all() and value[-1] > value[0])
    if REGISTER.search(meter):
        return True
    if len(value) >= ENOUGH and rising:
        notes.append(_note(f"readings of {meter}", "a register that runs on", "they only rise; say readings='interval' if not"))
        return True
    return False


def _register(file: str, meter: str, t_s: Amount, kwh: Amount, rows: NDArray[np.int64]) -> tuple[Amount, Amount, Amount]:
    step = np.diff(kwh)
    if (step < 0).any():
        at = int(np.argmax(step < 0)) + 1
        raise of_file(file, meter, int(rows[at]), float(kwh[at]), "a register cannot run backwards; was the meter changed? split the file")
    return t_s[:-1], t_s[1:], step


def _note(what: str, value: str, why: str) -> Assumption:
    return Assumption(what, value, why, "stated")
