"""Serving a language model: what requests will consume, and how fast they are answered.

    energy of a request = Σ_k w_k E(k) o / k       E(k) joules of a step with k in flight, o output tokens
    idle energy         = n P_idle · idle time     what a deployment draws between requests, its own row

The law of a step is in `server.physics`, how many are in flight in `server.queue`. Inputs count cached tokens and
outputs count reasoning tokens, as the usage fields of APIs do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, Uncertain, bounds_90
from jevons.estimate.server import pack as packs
from jevons.estimate.server.calibrate import calibration_of
from jevons.estimate.server.calibrate import interval as own_interval
from jevons.estimate.server.deployment import Deployment, deployment
from jevons.estimate.server.extras import amortised, by_user_month
from jevons.estimate.server.lengths import lengths_of
from jevons.estimate.server.memory import largest_batch
from jevons.estimate.server.physics import Step
from jevons.estimate.server.pictures import pictures, seeing
from jevons.estimate.server.queue import largest_within, occupancy
from jevons.estimate.server.rows import Spent, activity
from jevons.world.vision import tower_of

Array = Any


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured point of a deployment: joules of all its accelerators an output token, at a batch. The law passes through
    it; e^-|ln B/B_m|/reach of its ratio to the law holds at another batch B."""

    energy_per_output_token_j: float
    batch: float


@dataclass(frozen=True, slots=True)
class Speed:
    """How a deployment answers: first token, each next one, a whole request (s), and output tokens a second of all
    replicas; ``batch`` in flight on a replica."""

    first_token_s: Array
    per_token_s: Array
    request_s: Array
    tokens_per_s: Array
    batch: Array


def serving(model: Any = None, on: str = "", n: Any = None, *, params: Any = None, active: Any = None,
            precision: str = "bf16", batch: Any = None, request_rate: Any = None, input_tokens: Any = None,
            output_tokens: Any = None, cached_tokens: Any = 0, reasoning_tokens: Any = 0, output_spread: Any = 1.0,
            lengths: Any = None, tensor: Any = None, expert_spread: Any = 1, requests: Any = None, hours: Any = None,
            utilisation: Any = None, slo_s_per_token: Any = None, max_batch: Any = None, cache_precision: str = "bf16", power_limit: Any = None,
            host_w: Any = None, measured: Measured | None = None, calibration: Any = None, images: Any = None,
            image_tokens: Any = None, image_size: Any = None, videos: Any = None, frames: Any = None,
            training: Activity | None = None, lifetime_requests: Any = None, requests_per_user_month: Any = None,
            year: int | None = None, draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of serving ``requests`` of one kind (default 1), or of a deployment kept for ``hours``.

    ``n`` devices of the kind ``on``, ``tensor`` of them a replica (default: all); ``expert_spread`` replicas hold one
    copy of a mixture's routed experts together. Either ``batch`` in flight a replica,
    or ``request_rate`` a second of the deployment, from which the batch follows under ``slo_s_per_token`` and
    ``max_batch``; neither: 8 to 256 are drawn. ``utilisation``: share of time with work (1: no idle row).
    Tokens are numbers, or a distribution: "500 sd 400", "p50 300, p90 1200"; ``lengths``: a CSV of requests (see
    `server.distribution`). ``host_w``: watts of the host a device. ``calibration``: a pack of `calibrate_serving`, or its
    file. ``images`` a request of ``image_size`` pixels ("1024x768"), or of ``image_tokens`` each, and ``videos`` of
    ``frames``, come on top of ``input_tokens``, and are encoded where the model's tower is known. ``training``, where
    given, is shared out over ``lifetime_requests``. ``requests_per_user_month`` counts the months of a user served.
    Numbers may be arrays of scenarios, with ``draws=0`` for many.
    Errors: BadInput and its kin, naming field and mend; DoesNotFit with the largest batch.
    """
    language, tower = tower_of(model)
    seen = pictures(tower, images, image_tokens, image_size, videos, frames)
    asked = lengths_of(input_tokens, output_tokens, cached_tokens, reasoning_tokens, output_spread, lengths, seen.tokens)
    given = _batch(batch)
    d = seeing(deployment(language, on, n, params, active, precision, tensor, asked, given, cache_precision, power_limit,
                          expert_spread), seen)
    d = d if measured is None else d.measured(measured.energy_per_output_token_j, measured.batch)
    sampler = Draws(draws, seed)
    spent = _spent(d, given, request_rate, slo_s_per_token, max_batch, sampler, utilisation)
    low, high, tier = _band(d, spent, measured, calibration)
    count = _requests(requests, hours, spent, d)
    spread = sampler.multiplier(low, high, f"serving energy, {tier}", "serving energy")
    served = activity(d, spent, count, spread, tier, _host_w(host_w, d), sampler, year)
    return amortised(by_user_month(served, requests_per_user_month), training, lifetime_requests)


def latency(model: Any = None, on: str = "", n: Any = None, *, params: Any = None, active: Any = None,
            precision: str = "bf16", batch: Any = 1, request_rate: Any = None, input_tokens: Any = None,
            output_tokens: Any = None, cached_tokens: Any = 0, output_spread: Any = 1.0, lengths: Any = None, tensor: Any = None,
            expert_spread: Any = 1, slo_s_per_token: Any = None, max_batch: Any = None, cache_precision: str = "bf16", power_limit: Any = None,
            images: Any = None, image_tokens: Any = None, image_size: Any = None, videos: Any = None, frames: Any = None
            ) -> Speed:  # fmt: skip
    """Time to the first token and a token, and throughput, from the same law as the energy; arguments as `serving`."""
    language, tower = tower_of(model)
    seen = pictures(tower, images, image_tokens, image_size, videos, frames)
    asked = lengths_of(input_tokens, output_tokens, cached_tokens, 0, output_spread, lengths, seen.tokens)
    given = None if request_rate is not None else _batch(batch)
    d = seeing(deployment(language, on, n, params, active, precision, tensor, asked, given, cache_precision, power_limit,
                          expert_spread), seen)
    if request_rate is None:
        return _speed(d, given, 0.0)
    states = _states(d, request_rate, slo_s_per_token, max_batch)
    return _speed(d, states.mean_batch, states.wait_s, rate=states.rate * d.copies)


def throughput(*args: Any, **kwargs: Any) -> Any:
    """Output tokens a second of the whole deployment; arguments as `latency`."""
    return latency(*args, **kwargs).tokens_per_s


@dataclass(frozen=True)
class _States:
    """Weights of tokens by number in flight, and what the queue says."""

    batch: Array
    weight: Array
    found: Step
    idle: float
    wait_s: float
    mean_batch: float
    rate: float


def _batch(batch: Any) -> Any:
    if batch is None:
        return None
    given = units.read(batch, "", "batch")
    if np.any(np.asarray(given) < 1):
        raise BadInput("batch", batch, "give at least 1 sequence in flight")
    return given


def _spent(d: Deployment, batch: Any, rate: Any, slo: Any, cap: Any, sampler: Draws, utilisation: Any) -> Spent:
    """Joules and seconds of one request, by stage."""
    if rate is None:
        batch = _drawn_batch(d, sampler) if batch is None else np.asarray(batch)[..., None]
        busy = _busy_share(utilisation)
        axes = _draw_axis(d)
        return Spent.of(axes, axes.step(batch), batch, 1.0, axes.correction(batch), (1.0 - busy) / busy)
    if batch is not None or utilisation is not None:
        raise Contradiction("request_rate", rate, "the rate decides batch and utilisation: give it alone")
    states = _states(d, rate, slo, cap)
    d.notes.append(Assumption("batch", f"{states.mean_batch:.1f} in flight while working", "birth-death queue at this "
                              "rate", packs.serving_pack()["name"]))  # fmt: skip
    return Spent.of(d, states.found, states.batch, states.weight, d.correction(states.batch),
                    states.idle / (1.0 - states.idle), summed=True)  # fmt: skip


def _draw_axis(d: Deployment) -> Deployment:
    """The deployment with a last axis for draws on whatever varies by scenario."""
    def last(value: Any) -> Any:
        return np.asarray(value)[..., None] if np.ndim(value) else value

    lengths = replace(d.lengths, **{f: last(getattr(d.lengths, f)) for f in d.lengths.__dataclass_fields__})
    encoder = d.encoder and replace(d.encoder, seconds=last(d.encoder.seconds), joules=last(d.encoder.joules))
    return replace(d, lengths=lengths, encoder=encoder)


def _drawn_batch(d: Deployment, sampler: Draws) -> Any:
    usual = d.pack["usual_batch"]
    room = _room(d)
    low, best, high = (float(max(1.0, min(usual[k], room))) for k in ("low", "best", "high"))
    d.notes.append(Assumption("batch", f"{best:g} in flight ({low:g} to {high:g})", "neither batch nor request_rate was "
                              "given; it decides more than anything else", d.pack["name"]))  # fmt: skip
    return sampler.of(Uncertain(low, best, high, "batch"))


def _room(d: Deployment) -> float:
    if d.device.memory_gb is None:
        return np.inf
    room = largest_batch(d.shape, d.precision, d.device.memory_gb, d.machine.devices, d.lengths.context, d.cache_bytes)
    return float(np.min(room))


def _busy_share(utilisation: Any) -> Any:
    busy = np.asarray(1.0 if utilisation is None else units.read(utilisation, "", "utilisation"))[..., None]
    if np.any((busy <= 0) | (busy > 1)):
        raise BadInput("utilisation", utilisation, "give the share of time with work, above 0 and at most 1")
    return busy


def _states(d: Deployment, rate: Any, slo: Any, cap: Any) -> _States:
    """The queue of one replica at its share of the rate."""
    if np.ndim(rate) or any(np.ndim(getattr(d.lengths, f)) for f in d.lengths.__dataclass_fields__):
        raise BadInput("request_rate", rate, "a queue is solved for one rate and one kind of request at a time")
    rate = rate.strip().removesuffix("/s") if isinstance(rate, str) else rate
    arrivals = float(units.read(rate, "", "request_rate")) / d.copies
    if not arrivals > 0:
        raise BadInput("request_rate", rate, "give requests a second, above 0")
    most = d.pack["usual_cap"] if cap is None else float(units.read(cap, "", "max_batch", minimum=1.0))
    batch = np.arange(1.0, np.floor(max(1.0, min(most, _room(d)))) + 1.0)
    found = d.step(batch)
    if slo is not None:
        keep = largest_within(found.total_s, float(units.read(slo, "s", "slo_s_per_token")))
        batch = batch[:keep]
        found = Step(**{f: np.broadcast_to(getattr(found, f), found.total_s.shape)[:keep] for f in found.__dataclass_fields__})
    seen_s = d.encoder.seconds if d.encoder else 0.0
    finishing = batch / (found.total_s * d.lengths.output + batch * seen_s)
    if not arrivals < finishing[-1]:
        raise BadInput("request_rate", rate, _too_many(d, arrivals, float(finishing[-1]), slo is not None))
    queue = occupancy(arrivals, finishing)
    weight = queue.busy * finishing
    return _States(batch, weight / weight.sum(), found, queue.idle, queue.wait_s, queue.mean_batch, arrivals)


def _too_many(d: Deployment, arrivals: float, most: float, limited: bool) -> str:
    """The nearest that keeps up, where a rate is too high for what is there."""
    replicas = int(arrivals * d.copies / most) + 1
    slower = ", or a slower token" if limited else ""
    return (f"{d.copies * most:.4g} a second keep {d.copies * d.machine.devices:g} devices busy; {replicas * d.machine.devices:g} "
            f"devices ({replicas} replicas of {d.machine.devices:g}) would keep up{slower}")  # fmt: skip


def _band(d: Deployment, spent: Spent, measured: Measured | None, calibration: Any) -> tuple[Any, Any, str]:
    """The 5-95 % factors on energy and the tier; a calibration moves the best estimate in ``spent``."""
    tier = d.tier
    if measured is not None and calibration is not None:
        raise Contradiction("calibration", str(calibration), "give measured or calibration, not both")
    if calibration is not None:
        own = calibration_of(calibration)
        spent.scale(np.exp(own.of(d).level))
        d.notes.append(own.note(d))
        low, high = own_interval(own.of(d), d.pack)
        return *bounds_90(low, high), "calibrated"
    if measured is not None:
        tier = "calibrated"
    low, high = packs.interval(tier, d.pack, 0.0)
    return *bounds_90(low, high), tier


def _requests(requests: Any, hours: Any, spent: Spent, d: Deployment) -> Any:
    if requests is not None and hours is not None:
        raise Contradiction("requests", requests, "give requests or hours, not both")
    if hours is not None:
        seconds = np.asarray(units.read(hours, "h", "hours"))[..., None] * units.SECONDS_PER_HOUR
        return seconds * d.copies / (spent.replica_s * (1.0 + spent.idle_over_busy))
    return np.asarray(units.read(1 if requests is None else requests, "", "requests"))[..., None]


def _host_w(host_w: Any, d: Deployment) -> Any:
    """Watts of the host a device: stated, or a share of the accelerator's power limit with its range."""
    if host_w is not None:
        return units.read(host_w, "W", "host_w")
    share, limit = d.pack["host_share"], d.device.power_limit_w()
    d.notes.append(Assumption("host power per device", f"{share['best'] * limit:.0f} W ({share['low'] * limit:.0f} to "
                              f"{share['high'] * limit:.0f}), working or idle", share["why"], d.pack["name"]))  # fmt: skip
    return Uncertain(share["low"] * limit, share["best"] * limit, share["high"] * limit, f"host of {d.device.id}", "host share")


def _speed(d: Deployment, batch: Any, wait_s: float, rate: float | None = None) -> Speed:
    """Times at a batch. The step that takes in a prompt gives the first token."""
    found = d.step(batch)
    seen_s = d.encoder.seconds if d.encoder else 0.0
    first = wait_s + seen_s + found.total_s + found.prefill_s * (d.lengths.output / batch)
    each = found.total_s + seen_s * (batch / d.lengths.output)  # the others' images are waited for too
    spoken = d.copies * batch / each if rate is None else rate * d.lengths.output
    return Speed(first, each, first + each * (d.lengths.output - 1.0), spoken, batch)
