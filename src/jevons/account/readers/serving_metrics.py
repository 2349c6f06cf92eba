"""What a server of language models says of its work (vLLM): tokens, requests, and the seconds of its two phases.

    served       Δ prompt_tokens_total, Δ generation_tokens_total, Δ request_success_total
    by phase     E_prefill = E · s_prefill / (s_prefill + s_decode)      s: Δ of the phase's seconds over the hour

The seconds of all requests are added up, so a phase in which many are in flight at once weighs as many times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from jevons.account.readers.integral import counted
from jevons.account.readers.series import Series
from jevons.core.errors import TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SERVED = {"vllm:prompt_tokens": "prompt token", "vllm:generation_tokens": "output token", "vllm:request_success": "request"}
PHASES = {"vllm:request_prefill_time_seconds_sum": "prefill", "vllm:request_decode_time_seconds_sum": "decode"}
SCRAPED_TWICE = ("replica", "prometheus", "prometheus_replica")
METRICS = (*SERVED, *(f"{name}_total" for name in SERVED), *PHASES)


class Says(Protocol):
    """Whoever keeps assumptions."""

    def say(self, what: str, value: str, why: str) -> None:
        """Keep one."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Serving:
    """Units served, and each phase's running seconds as (stamps, totals) of its series."""

    served: Mapping[str, float]
    phases: Mapping[str, Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]] = field(default_factory=dict)

    def seconds(self, phase: str, start_s: float, end_s: float) -> float:
        """Seconds of a phase in an interval; of the whole record where it is not dated."""
        edges = [start_s, end_s]
        return sum(float(np.diff(np.interp(edges, t_s, total))[0]) if start_s == start_s else float(total[-1])
                   for t_s, total in self.phases.get(phase, ()))  # fmt: skip


def read(file: str, found: Iterable[Series]) -> Serving:
    """What vLLM's series tell. Errors: TableError for a negative counter."""
    served: dict[str, float] = {}
    phases: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
    seen: set[tuple[Any, ...]] = set()
    for one in found:
        same = (one.name, *sorted((k, v) for k, v in one.labels.items() if k not in SCRAPED_TWICE))
        if same in seen:
            continue
        seen.add(same)
        unit, phase = SERVED.get(one.name.removesuffix("_total")), PHASES.get(one.name)
        if unit is None and phase is None:
            continue
        if (one.value < 0).any():
            raise TableError(file, None, one.name, float(one.value.min()), "a counter cannot be negative")
        total = counted(one.t_s, one.value)[0] if len(one.value) > 1 else one.value
        if unit:
            served[unit] = served.get(unit, 0.0) + float(total[-1])
        else:
            phases.setdefault(str(phase), []).append((one.t_s, total))
    if {"prompt token", "output token"} <= set(served):
        served["token"] = served["prompt token"] + served["output token"]
    return Serving(served, phases if len(phases) == len(PHASES) else {})


def by_phase(rows: Iterable[dict[str, Any]], serving: Serving, told: Says) -> list[dict[str, Any]]:
    """Rows of accelerators split into the stages prefill and decode; an hour without either stays whole."""
    split, touched = [], False
    for row in rows:
        seconds = {phase: serving.seconds(phase, row["start_s"], row["end_s"]) for phase in serving.phases}
        whole = sum(seconds.values())
        if row["component"] != "accelerator" or not whole > 0:
            split.append(row)
            continue
        touched = True
        split += [{**row, "stage": phase, "amount": row["amount"] * part / whole} for phase, part in seconds.items()]
    if touched:
        told.say("energy by phase", "by the seconds of prefill and decode", "vLLM's servers share the accelerators' meters")
    return split
