"""Joules and seconds of served requests become Activity: stages, kinds of tokens, idle time, hardware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.uncertain import Draws
from jevons.estimate.server.physics import Step
from jevons.world import devices

if TYPE_CHECKING:
    from jevons.estimate.server.deployment import Deployment

SEEING = "image encoder"


@dataclass
class Spent:
    """One request: joules of all accelerators of its replica, seconds the replica gives it, by what they go to."""

    prefill_j: Any
    cached_j: Any
    reasoning_j: Any
    output_j: Any
    prefill_s: Any
    replica_s: Any
    idle_over_busy: Any
    encoder_j: Any = 0.0
    encoder_s: Any = 0.0

    @classmethod
    def of(cls, d: Deployment, found: Step, batch: Any, weight: Any, factor: Any, idle_over_busy: Any,
           summed: bool = False) -> Spent:  # fmt: skip
        """From steps: with ``batch`` in flight a request takes output/batch of each; ``weight`` mixes states."""
        part = weight * d.lengths.output / batch

        def request(value: Any) -> Any:
            mixed = value * part
            return np.atleast_1d(mixed.sum(axis=-1)) if summed else mixed

        prefill, total = request(found.prefill_j * factor), request(found.energy_j * factor)
        cached = request(found.cache_j * factor) * d.lengths.cached_share
        decode = total - prefill - cached
        reasoning = decode * (d.lengths.reasoning / d.lengths.output)
        seen_s, seen_j = (d.encoder.seconds, d.encoder.joules) if d.encoder else (0.0, 0.0)
        return cls(prefill, cached, reasoning, decode - reasoning, request(found.prefill_s), request(found.total_s) + seen_s,
                   idle_over_busy, seen_j, seen_s)  # fmt: skip

    def scale(self, factor: Any) -> None:
        """All joules of the language model times a factor."""
        for name in ("prefill_j", "cached_j", "reasoning_j", "output_j"):
            setattr(self, name, getattr(self, name) * factor)


def activity(d: Deployment, spent: Spent, requests: Any, spread: Any, tier: str, host_w: Any, draws: Draws,
             year: int | None) -> Activity:  # fmt: skip
    """The rows of ``requests`` such requests."""
    host = draws.of(host_w)
    n, lengths = d.machine.devices, d.lengths
    label = {"tier": tier, "device": d.device.id, "model": d.model.name, **({"year": str(year)} if year else {})}
    server = devices.host_of(d.device.id)
    kinds = [("prefill", "input", spent.prefill_j), ("decode", "output", spent.output_j)]
    kinds += [("decode", "cached input", spent.cached_j)] if np.any(np.asarray(lengths.cached) > 0) else []
    kinds += [("decode", "reasoning", spent.reasoning_j)] if np.any(np.asarray(lengths.reasoning) > 0) else []
    rows: list[dict[str, Any]] = [
        {**label, "stage": stage, "tokens": kind, "component": "accelerator", "boundary": "chip", "lifecycle": "operation",
         "amount": joules * requests * spread / units.JOULES_PER_KWH} for stage, kind, joules in kinds
    ]  # fmt: skip
    stages = {"prefill": spent.prefill_s, "decode": spent.replica_s - spent.prefill_s - spent.encoder_s}
    if d.encoder is not None:
        stages[SEEING] = spent.encoder_s
        wide = draws.multiplier(np.exp(-d.encoder.half_width), np.exp(d.encoder.half_width), "encoder of images")
        rows.append({**label, "tier": "physics", "stage": SEEING, "tokens": "image", "component": "accelerator", "boundary": "chip",
                     "lifecycle": "operation", "amount": spent.encoder_j * requests * wide / units.JOULES_PER_KWH})  # fmt: skip
    if np.any(np.asarray(spent.idle_over_busy) > 0):
        stages["idle"] = spent.replica_s * spent.idle_over_busy
        idle_h = stages["idle"] * requests * n / units.SECONDS_PER_HOUR
        rows.append({**label, "stage": "idle", "component": "accelerator", "boundary": "chip", "lifecycle": "operation",
                     "amount": idle_h * d.device.idle_power().best_w / units.W_PER_KW})  # fmt: skip
    for stage, seconds in stages.items():
        hours = seconds * requests * n / units.SECONDS_PER_HOUR
        made = {**label, "stage": stage, "lifecycle": "manufacture", "amount": hours}
        rows.append({**label, "stage": stage, "component": "host", "lifecycle": "operation", "amount": hours * host / units.W_PER_KW})
        rows.append({**made, "component": "accelerator manufacture", "flow": f"device_hours/{d.device.id}"})
        rows.append({**made, "component": "host manufacture", "flow": f"device_hours/server:{server.id if server else 'unknown'}"})
    sources = tuple(s for s in (d.device.source, d.model.source, d.pack["name"]) if s)
    return Activity.of(rows, served=_served(d, requests), assumptions=tuple(d.notes), sources=sources,
                       drivers=dict(draws.drivers), seed=draws.seed)  # fmt: skip


def _served(d: Deployment, requests: Any) -> dict[str, Any]:
    given, made = (np.asarray(x, float)[..., None] for x in (d.lengths.input, d.lengths.output))
    return {"request": requests, "token": requests * (given + made), "input token": requests * given,
            "output token": requests * made}  # fmt: skip
