"""Hours without a meter become electricity: watts that are given, else those of the tables.

    accelerators    E = h · P_tdp · load            load: the default of a training accelerator
    cores           E = h · (P_core · u + GB a core · P_GB)    Green Algorithms 2021, equation 1; u: the row's core_load, else 1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity, joined
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws
from jevons.world import catalog
from jevons.world.defaults import default

CORE = "core"
FLOW = "device_hours/"
MOST_DRAWN = 5_000
"""Up to so many rows draws are kept; beyond, the best estimate stands alone, and it is told."""
NOT_COUNTED = Assumption("host of the accelerators", "not counted", "only the accelerators' own power is modelled", "stated")
NO_CORE = Assumption("making of the processors", "not counted", "core hours carry no factor", "stated")


@dataclass(slots=True)
class _Powers:
    """Watts by device, looked up once each, and what had to be assumed."""

    given: Mapping[str, Any]
    cpu: str | None
    load: Any
    notes: dict[Assumption, None] = field(default_factory=dict)

    def of(self, device: str, memory_gb: float, cores: float, core_load: float) -> tuple[float, bool] | None:
        """(watts, whether the default load is still to be drawn); None for a device nobody knows."""
        if device in self.given:
            return units.read(self.given[device], "W", f"power[{device}]") * (core_load if device == CORE else 1.0), False
        if device == CORE:
            return (self._core_w() * core_load + self._memory_w(memory_gb, cores), False) if self.cpu else None
        row = catalog.table("accelerators").index.get(device)
        tdp = catalog.number(row, "tdp_w") if row is not None else None
        if tdp is None:
            return None
        usual = default("accelerator-load")
        if self.load is not None:
            return tdp * units.read(self.load, "", "load"), False
        self.notes[usual.assumed("no power of these runs is known")] = None
        return tdp * usual.value, True

    def _core_w(self) -> float:
        row, _ = catalog.table("cpus").find(str(self.cpu))
        tdp, cores = catalog.number(row, "tdp_w"), catalog.number(row, "cores")
        if not tdp or not cores:
            raise BadInput("cpu", self.cpu, f"{row['name']} has no published power or core count; give power={{'core': '10 W'}}")
        self.notes[Assumption("power a core", f"{tdp / cores:.3g} W", f"TDP over cores of {row['name']}", row["source"])] = None
        return tdp / cores

    def _memory_w(self, memory_gb: float, cores: float) -> float:
        if not memory_gb or not cores:
            return 0.0
        usual = default("memory-power")
        self.notes[usual.assumed("no power of memory is known")] = None
        return usual.value * memory_gb / cores


def modelled(activity: Activity, power: Mapping[str, Any] | None = None, cpu: str | None = None, load: Any = None,
             draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """The activity with electricity for the device hours of runs that have none of their own.

    ``power``: device → watts ("core", an accelerator's id, "gpu" where it has no name). ``cpu``: the processor whose
    cores were used. ``load``: mean share of an accelerator's thermal design power. Core hours that could be modelled
    are replaced; hours of accelerators stay, for their making. Errors: BadInput for a power or load that will not do.
    """
    hours = activity.flow_mask("device_hours")
    metered = set(_runs(activity)[activity.flow_mask("electricity")]) - {""}
    wanted = np.flatnonzero(hours & ~np.isin(_runs(activity), list(metered)))
    powers = _Powers(power or {}, cpu, load)
    kinds = [flow.removeprefix(FLOW) for flow in activity.text["flow"][wanted]]
    memory, loads = _numbers(activity, "memory_gb", 0.0)[wanted], _numbers(activity, "core_load", 1.0)[wanted]
    best = activity.amount.reshape(len(activity), -1)[:, 0][wanted]
    span_h = (activity.end_s - activity.start_s)[wanted] / units.SECONDS_PER_HOUR
    told = _numbers(activity, "cores", 0.0)[wanted]
    cores = np.where(told > 0, told, np.where(span_h > 0, best / np.where(span_h > 0, span_h, 1.0), 0.0))
    found = [powers.of(kind, float(gb), float(n), float(u)) for kind, gb, n, u in zip(kinds, memory, cores, loads, strict=True)]
    known = np.array([one is not None for one in found], bool)
    if not known.any():
        return activity
    watts = np.array([one[0] for one in found if one is not None])
    drawn = np.array([one[1] for one in found if one is not None])
    sampler = Draws(draws if known.sum() <= MOST_DRAWN else 0, seed)
    made = _electricity(activity.take(wanted[known]), watts, drawn, sampler)
    core = np.zeros(len(activity), bool)
    core[wanted[known]] = [kind == CORE for kind, sure in zip(kinds, known, strict=True) if sure]
    return joined([activity.take(np.flatnonzero(~core)), made]).assume(*_notes(powers, kinds, known))


def unpriced(activity: Activity) -> tuple[Activity, dict[str, float]]:
    """(the rows that factors can price, hours by kind of the device hours that none can)."""
    left = np.array([_has_no_factor(flow) for flow in activity.text["flow"]], bool)
    best = activity.amount.reshape(len(activity), -1)[:, 0]
    hours: dict[str, float] = {}
    for flow, amount in zip(activity.text["flow"][left], best[left], strict=True):
        hours[flow.removeprefix(FLOW)] = hours.get(flow.removeprefix(FLOW), 0.0) + float(amount)
    return (activity.take(np.flatnonzero(~left)) if left.any() else activity), hours


def _has_no_factor(flow: str) -> bool:
    kind = flow.removeprefix(FLOW)
    return (flow.startswith(FLOW) and ":" not in kind and kind not in catalog.table("accelerators").index) or kind.startswith("instance:")


def _electricity(rows: Activity, watts: Any, drawn: Any, sampler: Draws) -> Activity:
    """E = h · P of some rows; the default load is drawn where it was used."""
    usual = default("accelerator-load")
    spread = sampler.of(usual.uncertain) / usual.value if drawn.any() and sampler.n else np.ones(1)
    times = np.where(drawn[:, None], spread, 1.0) * (watts / units.W_PER_KW)[:, None]
    words = {n: np.full(len(rows), word, dtype=object) for n, word in
             {"flow": "electricity", "boundary": "chip", "method": "modelled", "tier": "physics", "lifecycle": "operation"}.items()}  # fmt: skip
    return replace(rows, amount=rows.amount[..., :1] * times, text={**rows.text, **words}, served={}, seed=sampler.seed,
                   drivers=dict(sampler.drivers))  # fmt: skip


def _notes(powers: _Powers, kinds: list[str], known: Any) -> list[Assumption]:
    told = [*powers.notes]
    modelled_kinds = {kind for kind, sure in zip(kinds, known, strict=True) if sure}
    if modelled_kinds - {CORE}:
        told.append(NOT_COUNTED)
    if CORE in modelled_kinds:
        told.append(NO_CORE)
    if known.sum() > MOST_DRAWN:
        told.append(Assumption("spread of the modelled power", "not drawn", f"there are over {MOST_DRAWN:,} rows", "stated"))
    return told


def _runs(activity: Activity) -> Any:
    return activity.text["run"] if "run" in activity.text else np.full(len(activity), "", dtype=object)


def _numbers(activity: Activity, column: str, blank: float) -> Any:
    words = activity.text.get(column)
    return np.full(len(activity), blank) if words is None else np.array([float(w or blank) for w in words])
