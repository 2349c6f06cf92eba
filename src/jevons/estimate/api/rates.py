"""What one request asks of an API's servers, a term at a time.

A server works on the requests of many users at once; each is charged its share of every step it takes part in. Joules
and seconds of a request are then linear in six numbers that its tokens give (`request.terms`):

    request   one prompt taken in                 token    new tokens of input
    pair      pairs of a new token and one before it       (prompt attention)
    read      tokens of cache read to make a token (or to go on from a cached prompt)
    output    tokens made                                 seen     tokens that images, video or sound became

The rates follow from the step of `server.physics` at the deployment's mean load: prompts longer by a token, prompts
after one more cached token, and what is left a sequence. A token seen costs its encoder's parameters times its patches,
each dearer than a parameter that a token of the prompt meets: encoders are small, and run in 16 bits.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, Uncertain, bounds_90
from jevons.estimate.api.replica import Replica, replica
from jevons.estimate.server import pack as packs
from jevons.estimate.server.physics import Load, Step, step
from jevons.estimate.server.shape import Array
from jevons.world import catalog
from jevons.world.deployments import Deployment
from jevons.world.hardware import Device
from jevons.world.picture_rules import unknown_work, work_of
from jevons.world.vision import tower_of

ENCODER_PACE = Uncertain(1.0, 2.5, 6.0, "pace of encoders")
"""Energy of a parameter and patch of an encoder over that of a parameter and token of a prompt: from the same, to what a
single pass in 16 bits takes (`one_pass`, whose pace is that of diffusion transformers), the middle of the two. Judgement."""
TERMS = ("request", "token", "pair", "read", "output", "seen")


@dataclass(frozen=True)
class Rates:
    """kWh of all accelerators and hours of device time by term, arrays over draws; powers in kW.

    ``idle_h``: hours idle an hour at work. ``shares``: of each machine, 0 or 1 a draw.
    """

    deployment: Deployment
    machines: tuple[Device, ...]
    shares: tuple[Array, ...]
    kwh: Mapping[str, Array]
    hours: Mapping[str, Array]
    idle_h: Array
    idle_kw: Array
    host_kw: Array
    tier: str
    assumptions: tuple[Assumption, ...]
    sources: tuple[str, ...]
    drivers: Mapping[str, Array]


@functools.lru_cache(maxsize=256)
def rates(d: Deployment, draws: int, seed: int) -> Rates:
    """The rates of a deployment, computed once."""
    sampler, pack = Draws(draws, seed), packs.serving_pack()
    r = replica(d, sampler)
    joules, seconds = _by_term(d, r, sampler)
    encoder = sampler.of(encoder_work(d)) * sampler.of(ENCODER_PACE) / r.shape.active_params_b
    joules["seen"], seconds["seen"] = joules["token"] * encoder, seconds["token"] * encoder
    tier, spread = _tier(d, r, sampler, pack)
    family = packs.family_of(d.model, pack) if d.model else None
    spread = spread * sampler.of(d.scale)
    factor = spread * np.exp(
        packs.correction(family, r.machines[0].generation, r.precision.name, r.batch, pack))
    n = r.machine.devices
    busy = sampler.of(d.utilisation)
    host, host_note = _host_kw(r, sampler, pack)
    return Rates(
        deployment=d, machines=r.machines, shares=tuple(_share(r.of, i) for i in range(len(r.machines))),
        kwh={k: v * factor / units.JOULES_PER_KWH for k, v in joules.items()},
        hours={k: v * spread * n / units.SECONDS_PER_HOUR for k, v in seconds.items()},
        idle_h=(1.0 - busy) / busy, idle_kw=_idle_kw(r, sampler), host_kw=host, tier=tier,
        assumptions=(*d.assumptions, host_note), sources=(*d.sources, *_sources(d, r.machines), pack["name"]),
        drivers=dict(sampler.drivers),
    )  # fmt: skip


def _by_term(d: Deployment, r: Replica, sampler: Draws) -> tuple[dict[str, Array], dict[str, Array]]:
    """Joules of a replica, and seconds of it, by term."""
    context, prompt = sampler.of(d.context), d.prompt_tokens
    load = Load(r.batch, context, r.batch / d.output_tokens, prompt)
    mean, longer, after = (_step(r, one) for one in (
        load, replace(load, prompt_tokens=2 * prompt), replace(load, cached_tokens=context)))  # fmt: skip
    found = []
    for part, whole, cache in (("prefill_j", "energy_j", "cache_j"), ("prefill_s", "total_s", "cache_s")):
        taken = [getattr(s, part) / load.requests for s in (mean, longer, after)]
        pair = np.maximum(taken[2] - taken[0], 0.0) / (prompt * context)
        token = np.maximum(taken[1] - taken[0] - 1.5 * prompt**2 * pair, 0.0) / prompt
        once = np.maximum(taken[0] - token * prompt - 0.5 * prompt**2 * pair, 0.0)
        reading = getattr(mean, cache)
        made = (getattr(mean, whole) - getattr(mean, part) - reading) / r.batch
        found.append(dict(zip(TERMS, (once, token, pair, reading / (r.batch * context), made))))
    return found[0], found[1]


def encoder_work(d: Deployment) -> Uncertain:
    """Encoding one token (see `picture_rules.work_of`): of the model's own tower where it is open, else a span."""
    tower = tower_of(d.tower)[1] if d.tower else None
    if tower is None:
        return unknown_work()
    work = work_of(tower)
    return Uncertain(work, work, work, f"encoder of {tower.id}")


def _step(r: Replica, load: Load) -> Step:
    return step(r.shape, r.precision, r.machine, load, r.coefficients)


def _tier(d: Deployment, r: Replica, sampler: Draws, pack: Any) -> tuple[str, Array]:
    """The tier, and draws of the law's error beside that of the inputs."""
    known = d.tier != "guess" and not packs.stands_in(r.machines[0].generation, pack)
    tier = d.tier if known else "guess"
    low, high = packs.interval(tier, pack)
    return tier, sampler.multiplier(*bounds_90(low, high), f"serving energy, {tier}", "serving energy")


def _host_kw(r: Replica, sampler: Draws, pack: Any) -> tuple[Array, Assumption]:
    share = pack["host_share"]
    drawn = sampler.of(Uncertain(share["low"], share["best"], share["high"], "host share"))
    span = f"{share['best']:g} ({share['low']:g} to {share['high']:g})"
    note = Assumption("host power over that of its accelerators", span, share["why"], pack["name"])
    return drawn * r.machine.power_limit_w / 1000.0, note


def _idle_kw(r: Replica, sampler: Draws) -> Array:
    each = []
    for m in r.machines:
        watts = m.idle_power()
        each.append(np.broadcast_to(sampler.of(Uncertain(watts.low_w, watts.best_w, watts.high_w, f"idle power of {m.id}")),
                                    (sampler.n + 1,)))  # fmt: skip
    return np.asarray(np.stack(each)[r.of, np.arange(sampler.n + 1)]) / 1000.0


def _share(of: Array, machine: int) -> Array:
    return np.asarray(of == machine, float)


def _sources(d: Deployment, machines: tuple[Device, ...]) -> tuple[str, ...]:
    row = catalog.table("models").index.get(d.model)
    model = () if row is None else (row["source"].split(";")[0],)
    return (*model, *dict.fromkeys(m.source.split(";")[0] for m in machines))


catalog.on_overlay(rates.cache_clear)
