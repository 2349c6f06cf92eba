"""What a meter's energy was for: work, waiting, what all share, and the building around it.

    active     the rest
    idle       a row labelled so, or idle watts · time of the row where they are given
    shared     network, storage, whatever serves all
    overhead   the building: cooling, losses, what no sub-meter saw
    device hours:  busy = min(hours held, Σ busy hours of its users);  idle = the rest
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jevons.account.readers.metering import RESIDUAL
from jevons.core import units
from jevons.core.activity import Activity, joined, places_of
from jevons.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("active", "idle", "shared", "overhead")
IDLE_ENDING = " idle"
SHARED = ("network", "storage", "switch", "login", "shared")
OVERHEAD = ("overhead", "facility overhead", "cooling", "lighting", "losses", RESIDUAL)


def split(metered: Activity, idle_w: Mapping[str, float] | None = None) -> Activity:
    """The activity with a column ``part``: rows that name theirs keep it, rows of components in ``idle_w`` become two.

    ``idle_w``: component → watts that a device of it draws when nothing runs. Errors: BadInput for an unknown part or component.
    """
    told = metered.text.get("part")
    words = np.array([_part(c, w) for c, w in zip(metered.text["component"], told if told is not None else [""] * len(metered),
                                                  strict=True)], dtype=object)  # fmt: skip
    whole = replace(metered, text={**metered.text, "part": words})
    return _with_baseline(whole, idle_w) if idle_w else whole


def _part(component: str, told: str) -> str:
    if told and told not in PARTS:
        raise BadInput("part", told, f"label rows {', '.join(PARTS)}")
    if told:
        return told
    if component.endswith(IDLE_ENDING):
        return "idle"
    return "overhead" if component in OVERHEAD else "shared" if component in SHARED else "active"


def _with_baseline(whole: Activity, idle_w: Mapping[str, float]) -> Activity:
    """Active electricity of some components in two: idle watts over the row's time, never more than the row, and the rest."""
    for component in idle_w:
        if component not in whole.text["component"]:
            raise UnknownName("component", component, list(dict.fromkeys(whole.text["component"])), "idle watts are of what was metered")
    watts = np.array([units.read(idle_w.get(c, 0.0), "W", f"idle_w[{c}]") for c in whole.text["component"]], float)
    watts *= (whole.text["part"] == "active") & whole.flow_mask("electricity")
    hours = (whole.end_s - whole.start_s) / units.SECONDS_PER_HOUR
    if np.isnan(hours[watts > 0]).any():
        raise BadInput("idle_w", dict(idle_w), "idle watts need dated rows: say from when to when each was metered")
    return in_two(whole, watts * np.nan_to_num(hours) / units.W_PER_KW * _share_of_meter(whole), "idle")


def _share_of_meter(whole: Activity) -> NDArray[np.float64]:
    """Each row's part of what its device used in its interval: rows may tell one meter's stages apart."""
    best = whole.amount.reshape(len(whole), -1)[:, 0]
    device = whole.text["device"] if "device" in whole.text else whole.text["component"]
    share = np.ones(len(whole))
    for at in places_of(list(zip(device, whole.text["component"], whole.text["part"], whole.start_s.tolist(), whole.end_s.tolist(),
                                 strict=True))).values():  # fmt: skip
        total = best[at].sum()
        share[at] = best[at] / total if total > 0 else 1 / len(at)
    return share


def in_two(whole: Activity, first: NDArray[np.float64], name: str) -> Activity:
    """Rows of which up to ``first`` (rows,) becomes part ``name`` and the rest stays; amounts are conserved."""
    best = whole.amount.reshape(len(whole), -1)[:, 0]
    portion = np.where(best > 0, np.minimum(first, best) / np.where(best > 0, best, 1.0), 0.0)
    touched = np.flatnonzero(portion > 0)
    shape = (-1, *[1] * (whole.amount.ndim - 1))
    cut = whole.take(touched)
    cut = replace(cut, amount=cut.amount * portion[touched].reshape(shape), served={}).label(part=name)
    rest = replace(whole, amount=whole.amount * (1 - portion).reshape(shape))
    return joined([rest, cut]) if len(touched) else whole
