"""Device-hours of a run, however they were found, and the share of them that advances it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import UNDATED
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws
from jevons.world.defaults import default

Z80 = 1.2815515655446004  # half-width of the central 80 % of a standard normal


@dataclass(frozen=True)
class Hours:
    """Device-hours with draws, productive and lost to restarts, and how they were found."""

    productive: Any
    lost: Any | None
    tier: str
    assumptions: tuple[Assumption, ...]
    sources: tuple[str, ...] = ()
    wall_h: Any | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def goodput_of(goodput: Any, sampler: Draws) -> tuple[Any, tuple[Assumption, ...]]:
    """Share of device-hours that advance the training, with draws, and the note it leaves where not given."""
    usual = default("goodput")
    if goodput is None:
        return sampler.of(usual.uncertain), (usual.assumed(),)
    value = units.read(goodput, "", "goodput")
    if np.ndim(value) or not 0 < value <= 1:
        raise BadInput("goodput", goodput, "give a share above 0 and at most 1")
    return sampler.of(value), ()


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
