"""What may be wrong with a board's measurements, found before anything is fitted to them.

Each check names lines of the file: zero readings, energies in another unit, answers that stopped early, and power
readings that lag behind short runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jevons.estimate.validation.readings import JOULES_AS, other_unit

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

EARLY = 0.6
"""An answer that took less than this share of the usual time for its tokens stopped before its recorded end."""
SHORT_S = 2.0
"""Runs shorter than this are over before a slow power sensor has caught up."""
LAG = 0.5
"""Rank correlation of a short run's power with that of the run before, from which the sensor is taken to lag."""
FEWEST = 6


@dataclass(frozen=True)
class Measured:
    """A board's runs in recorded order, one element each; ``pair`` numbers the prompt, ``later`` counts tokens after
    the first."""

    line: NDArray[np.int64]
    model: NDArray[np.object_]
    pair: NDArray[np.object_]
    later: Array
    seconds: Array
    joules: Array


def zero_readings(m: Measured) -> Flags:
    """Runs whose sensor read nothing."""
    return np.asarray(m.joules == 0)


def other_units(m: Measured) -> dict[str, Flags]:
    """Unit → runs whose power seems to be the usual one in that unit (`readings.other_unit`)."""
    power = np.where(m.joules > 0, m.joules, np.nan) / m.seconds
    ratio = power / np.nanmedian(power)
    seems = np.array([other_unit(float(each)) for each in ratio], object)
    return {unit: np.asarray(seems == unit, bool) for unit in JOULES_AS}


def early_stops(m: Measured) -> Flags:
    """Full runs whose answer took under `EARLY` of the model's usual time a token: the model ended before the count."""
    each = decode_seconds(m)
    stopped = np.zeros(len(each), bool)
    for model in set(m.model):
        here = (m.model == model) & np.isfinite(each)
        if here.sum() >= 3:
            stopped |= here & (each < EARLY * np.median(each[here]))
    return stopped


def early_by_law(m: Measured, prefill_s: Array, decode_s: Array) -> Flags:
    """Full runs without a prefill beside them that took under `EARLY` of the decode time a law expects."""
    alone = (m.later > 0) & ~np.isfinite(decode_seconds(m))
    return np.asarray(alone & (m.seconds - prefill_s < EARLY * decode_s))


def decode_seconds(m: Measured) -> Array:
    """Seconds a token after the first, NaN where a full run has no prefill beside it."""
    ahead = {pair: seconds for pair, seconds, later in zip(m.pair, m.seconds, m.later) if later == 0}
    prefill = np.array([ahead.get(pair, np.nan) for pair in m.pair], dtype=float)
    return np.where(m.later > 0, (m.seconds - prefill) / np.maximum(m.later, 1.0), np.nan)


def lagging(m: Measured) -> tuple[bool, Flags]:
    """Whether the power of short runs follows the run before rather than the run itself, and which runs are short.

    The power of a short run is compared with the run recorded just before it, in ranks (Spearman).
    """
    short = (m.seconds < SHORT_S) & (m.joules > 0)
    power = np.where(m.joules > 0, m.joules, np.nan) / m.seconds
    previous = np.concatenate(([np.nan], power[:-1]))
    both = short & np.isfinite(previous)
    if both.sum() < FEWEST or np.ptp(power[both]) < 0.1 * np.median(power[both]):
        return False, short
    now, before = (_ranks(v[both]) for v in (power, previous))
    if now.std() == 0 or before.std() == 0:
        return False, short
    return bool(np.corrcoef(now, before)[0, 1] >= LAG), short


def _ranks(values: Array) -> Array:
    return np.argsort(np.argsort(values)).astype(float)
