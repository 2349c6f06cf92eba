"""Requests to an API: what they consume at the provider, from the tokens that its reply counts.

    kWh of a stage = Σ_term amount of the term × rate of the term         `terms` here, rates in `api.rates`

Inputs count cached tokens and outputs count reasoning tokens, as the usage fields of APIs do.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.estimate.api.rates import ENCODER_PACE, Rates, encoder_work, rates
from jevons.estimate.api.seen import seen_of
from jevons.estimate.server.lengths import requests_of
from jevons.estimate.server.rows import SEEING
from jevons.estimate.server.shape import Array
from jevons.world.deployments import deployment as deployment_of
from jevons.world.deployments import stated

Terms = Mapping[str, Array]
TOKENS = {"prefill": "input", "seen": "image", "cached": "cached input", "reasoning": "reasoning", "decode": "output", "idle": ""}
STAGES = {"prefill": "prefill", "seen": SEEING, "cached": "prefill", "reasoning": "decode", "decode": "decode", "idle": "idle"}


def request(provider: str, model: str, input_tokens: Any = None, output_tokens: Any = None, *, cached_tokens: Any = 0,
            reasoning_tokens: Any = 0, requests: Any = 1, summed: bool = False,
            deployment: Mapping[str, Any] | None = None, images: Any = None, image_tokens: Any = None, image_size: Any = None,
            videos: Any = None, frames: Any = None, sound: Any = None, seen_tokens: Any = None, lengths: Any = None,
            year: int | None = None, draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of ``requests`` of one size, answered by ``model`` at ``provider``.

    Tokens are of one request, or a distribution ("500 sd 400", "p50 300, p90 1200"; ``lengths``: a CSV of requests,
    see `server.distribution`); ``cached_tokens`` are part of the input, ``reasoning_tokens`` of the output. Numbers may
    be arrays of scenarios (with ``draws=0`` for many), or, ``summed``, of requests of many sizes. ``deployment``: how
    it is served, where you know (`jevons.world.deployments.stated`); then any provider and model will do.
    ``images`` a request, of ``image_size`` pixels ("1024x768") or ``image_tokens`` each, ``videos`` of ``frames`` and
    seconds of ``sound`` come on top of ``input_tokens``, counted as the provider does; ``seen_tokens``: those of the
    ``input_tokens`` that are of such things already, where the provider's count holds them. Their encoder is priced
    either way. ``year`` dates the rows.
    Errors: UnknownName with the nearest names and how to state a deployment; BadInput naming the field.
    """
    seen = seen_of(provider, model, images, image_tokens, image_size, videos, frames, sound, seen_tokens)
    many = np.asarray(units.read(requests, "", "requests"), float)
    spread = requests_of(input_tokens, output_tokens, cached_tokens, reasoning_tokens, lengths)
    if spread is None:
        tokens = tokens_of(_with(seen.added, input_tokens), output_tokens, cached_tokens, reasoning_tokens)
    else:
        if many.ndim or summed:
            raise BadInput("requests", requests, "beside a distribution of lengths give one number of requests")
        tokens = tokens_of(spread.input + seen.added, spread.output, spread.cached, spread.reasoning)
        many, summed = many * spread.weight, True
    r = _rates(provider, model, deployment, draws, seed)
    kinds = terms(*tokens, seen.within(tokens[0] + tokens[1]))
    served = _served(tokens, many)
    if summed:
        kinds = {kind: {name: np.sum(x * many) for name, x in parts.items()} for kind, parts in kinds.items()}
        served, many = {name: np.sum(x, axis=0, keepdims=x.ndim == 1) for name, x in served.items()}, np.ones(())
    found = _activity(r, kinds, many, served, (provider, model), _span(year), seed)
    notes = (*(spread.said() if spread else ()), *seen.notes, *(_encoder(r) if "seen" in kinds else ()))
    return found.assume(*notes) if notes else found


def _with(added: Any, input_tokens: Any) -> Any:
    """Tokens taken in, those of images added. Errors: BadInput."""
    if not np.any(added):
        return input_tokens
    if input_tokens is None:
        raise BadInput("input_tokens", None, "say how many tokens of text a request has beside its images, e.g. 50")
    return np.asarray(units.read(input_tokens, "", "input_tokens"), float) + added


def rated(kinds: Mapping[str, Terms], provider: str, model: str, deployment: Mapping[str, Any] | None, draws: int,
          seed: int) -> Activity:  # fmt: skip
    """Activity of given amounts of terms, for whoever prices them one by one."""
    r = _rates(provider, model, deployment, draws, seed)
    return _activity(r, kinds, np.ones(()), {}, (provider, model), _span(None), seed)


def _rates(provider: str, model: str, deployment: Mapping[str, Any] | None, draws: int, seed: int) -> Rates:
    return rates(deployment_of(provider, model) if deployment is None else stated(deployment, model), draws, seed)


def terms(new: Any, cached: Any, reasoning: Any, output: Any, seen: Any = 0.0) -> dict[str, Terms]:
    """Amounts of each term by kind of token; numbers or arrays. Reasoning stays in the cache of the answer.

    ``seen``: tokens of the prompt that images, video or sound became.
    """
    before = new + cached
    found: dict[str, Any] = {"prefill": {"request": 1.0 + 0.0 * new, "token": new, "pair": 0.5 * new * new}}
    if np.any(seen > 0):
        found["seen"] = {"seen": seen + 0.0 * new}
    if np.any(cached > 0):
        found["cached"] = {"read": cached, "pair": new * cached}
    if np.any(reasoning > 0):
        found["reasoning"] = {"output": reasoning, "read": reasoning * (before + 0.5 * reasoning)}
    if np.any(output > 0):
        found["decode"] = {"output": output, "read": output * (before + reasoning + 0.5 * output)}
    return found


def tokens_of(input_tokens: Any, output_tokens: Any, cached_tokens: Any, reasoning_tokens: Any
              ) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """New, cached, reasoning and answering tokens, as arrays of one shape; BadInput naming the field."""
    given = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cached_tokens": cached_tokens,
             "reasoning_tokens": reasoning_tokens}  # fmt: skip
    read = [np.asarray(units.read(value, "", name), float) for name, value in given.items()]
    taken, made, cached, reasoning = np.broadcast_arrays(*read)
    if np.any(cached > taken):
        raise Contradiction("cached_tokens", cached_tokens, "they are part of input_tokens: at most as many")
    if np.any(reasoning > made):
        raise Contradiction("reasoning_tokens", reasoning_tokens, "they are part of output_tokens: at most as many")
    if not np.all(taken + made > 0):
        raise BadInput("input_tokens", input_tokens, "a request has at least one token")
    return taken - cached, cached, reasoning, made - reasoning


def _served(tokens: tuple[Array, ...], many: Array) -> dict[str, Array]:
    new, cached, reasoning, output = tokens
    many, taken, out = (x[..., None] for x in np.broadcast_arrays(many, new + cached, reasoning + output))
    return {"request": many, "token": many * (taken + out), "input token": many * taken, "output token": many * out}


def _activity(r: Rates, kinds: Mapping[str, Terms], many: Array, served: Mapping[str, Array], asked: tuple[str, str],
              span: tuple[float, float], seed: int) -> Activity:  # fmt: skip
    count = many[..., None]
    electricity = [_sum(parts, r.kwh) * count for parts in kinds.values()]
    hours = [_sum(parts, r.hours) * count for parts in kinds.values()]
    names = (*kinds, "idle") if np.any(r.idle_h > 0) else tuple(kinds)
    if len(names) > len(kinds):
        hours.append(functools.reduce(np.add, hours) * r.idle_h)
        electricity.append(hours[-1] * r.idle_kw)
    used = [i for i, share in enumerate(r.shares) if share.any()]
    made = [h * r.shares[i] if len(used) > 1 else h for h in hours for i in used for _ in range(2)]
    tiers = tuple("guess" if kind == "seen" and not r.deployment.tower else r.tier for kind in names)
    amount = _stack([*electricity, *[h * r.host_kw for h in hours], *made])
    machines = tuple(r.machines[i].id for i in used)
    return Activity(
        np.full(len(amount), span[0]), np.full(len(amount), span[1]), _texts(names, machines, *asked, tiers), amount,
        served=served, assumptions=r.assumptions, sources=r.sources, drivers=r.drivers, seed=seed,
    )  # fmt: skip


def _encoder(r: Rates) -> tuple[Assumption, ...]:
    """What encodes images, video and sound, said."""
    work, tower = encoder_work(r.deployment), r.deployment.tower
    span = f"{work.best:.2g}e9 parameters × patches a token" + ("" if tower else f" ({work.low:.2g} to {work.high:.2g})")
    why = f"that of {tower}" if tower else "not published: the span of the encoders of open models"
    pace = f"{ENCODER_PACE.best:g} ({ENCODER_PACE.low:g} to {ENCODER_PACE.high:g}) times a prompt's energy a parameter"
    return (Assumption("encoder of images, video or sound", span, why, "vision-configs"),
            Assumption("pace of the encoder", pace, "none was measured in a server", "jevons-rule"))  # fmt: skip


def _sum(parts: Terms, rate: Mapping[str, Array]) -> Array:
    """Σ amount × rate over the terms, (*scenarios, 1 + draws)."""
    return functools.reduce(np.add, (amount[..., None] * rate[name] for name, amount in parts.items()))


def _stack(rows: list[Array]) -> Array:
    shape = np.broadcast_shapes(*{row.shape for row in rows})
    stacked = np.empty((len(rows), *shape))
    for i, row in enumerate(rows):
        stacked[i] = row
    return stacked


@functools.lru_cache(maxsize=1024)
def _texts(kinds: tuple[str, ...], machines: tuple[str, ...], provider: str, model: str, tiers: tuple[str, ...]
           ) -> Mapping[str, Any]:  # fmt: skip
    """The text columns: electricity by kind, the host by kind, then hardware time by kind and machine."""
    from jevons.world import devices

    hosts = {m: getattr(devices.host_of(m), "id", "unknown") for m in machines}
    rows = [(k, "accelerator", "chip", "electricity", "operation", "") for k in kinds]
    rows += [(k, "host", "server", "electricity", "operation", "") for k in kinds]
    for k in kinds:
        for m in machines:
            rows.append((k, "accelerator manufacture", "server", f"device_hours/{m}", "manufacture", m))
            rows.append((k, "host manufacture", "server", f"device_hours/server:{hosts[m]}", "manufacture", m))
    names = ("kind", "component", "boundary", "flow", "lifecycle", "device")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    kind = columns.pop("kind")
    same = {"site": "", "method": "modelled", "share": "whole", "provider": provider, "model": model}
    tier = dict(zip(kinds, tiers, strict=True))
    words = {**columns, "tier": [tier[k] for k in kind], "stage": [STAGES[k] for k in kind], "tokens": [TOKENS[k] for k in kind],
             **{name: [word] * len(rows) for name, word in same.items()}}  # fmt: skip
    return {name: np.array(column, dtype=object) for name, column in words.items()}


def _span(year: int | None) -> tuple[float, float]:
    found = units.calendar_year(year)
    if found is None:
        return float("nan"), float("nan")
    return tuple(datetime(y, 1, 1, tzinfo=UTC).timestamp() for y in (found, found + 1))  # type: ignore[return-value]


