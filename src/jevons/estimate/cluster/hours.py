"""Device-hours of a run, however they were found, and the share of them that advances it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import UNDATED
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws
from jevons.world.defaults import default
from jevons.world.hardware import Peak


@dataclass(frozen=True)
class Hours:
    """Device-hours with draws, productive and lost to restarts, and how they were found."""

    productive: Any
    lost: Any | None
    tier: str
    assumptions: tuple[Assumption, ...]
    sources: tuple[str, ...] = ()
    wall_h: Any | None = None


def goodput_of(goodput: Any, sampler: Draws) -> tuple[Any, tuple[Assumption, ...]]:
    """Share of device-hours that advance the training, with draws, and the note it leaves where not given."""
    usual = default("goodput")
    if goodput is None:
        return sampler.of(usual.uncertain), (usual.assumed(),)
    return sampler.of(_share("goodput", goodput, "give a share above 0 and at most 1")), ()


def hours_at(work: Any, peak: Peak, mfu: Any, goodput: Any, sampler: Draws) -> Hours:
    """Device-hours of ``work`` [FLOP] at a stated MFU: t = C / (P · MFU), of which goodput is the productive share.

    Errors: BadInput for an MFU of 0 or less, or above 1.
    """
    share = _share("mfu", mfu, "give a share of the dense peak, above 0 and at most 1; vendors' sparse peaks are twice the dense")
    productive = np.asarray(work / (peak.tflops * units.FLOP_PER_TFLOP * share * units.SECONDS_PER_HOUR), float)[..., None]
    advancing, notes = goodput_of(goodput, sampler)
    stated = Assumption("MFU", f"{np.mean(share):.3g} of the dense {peak.asked} peak ({peak.tflops:g} TFLOP/s)", "given", "stated")
    notes = (*notes, stated, *([peak.assumption] if peak.assumption else []))
    return Hours(productive, productive * (1 / advancing - 1), "calibrated", notes)


def _share(field: str, given: Any, mend: str) -> Any:
    value = units.read(given, "", field)
    if np.any(np.asarray(value) <= 0) or np.any(np.asarray(value) > 1):
        raise BadInput(field, given, mend)
    return value


def interval(start: str | None, wall: Any) -> tuple[float, float]:
    """UTC seconds from an ISO date or time and the hours it lasts; NaN where not dated. Errors: BadInput."""
    if start is None:
        return UNDATED, UNDATED
    try:
        begin = datetime.fromisoformat(start)
    except (TypeError, ValueError):
        raise BadInput("start", start, "give an ISO date or time, e.g. 2024-03-01T12:00") from None
    begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    end = begin + timedelta(hours=float(np.max(wall)) if wall is not None else 0.0)
    return begin.timestamp(), end.timestamp()
