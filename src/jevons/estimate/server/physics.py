"""One step of a server of language models: its seconds and its joules, part by part.

A step makes one token for each of B sequences and takes in the prompts that arrive meanwhile. On n devices:

    weights      W(B) / (n e_w β)                         β memory bandwidth, e a share reached
    cache        B c κ / (n e_k β),  2 B S / (n e_s β)    κ bytes a token of context c, S recurrent state
    arithmetic   2 N B / (n e_f F) + B c A / (n e_f F)    N active parameters, A attention FLOP, F peak
    prompts      (2 N + A (h + I/2)) I r d^x / (n e_p F)  r prompts a step of I new tokens after h cached; d replicas
                                                          step together and wait for each other
    experts      L_x (a √B + q)                           routing, imbalance; q where experts are narrow
    collectives  L (l + m · 2(n − 1)/n · bytes / link)    n > 1: two all-reduces a layer
    host         L a_L + a_0 + a_B B + a_r r              launches, scheduler, a sequence, a request

    t = (t_device^p + t_host^p)^(1/p)                     the host runs ahead of the device where it can
    E = n P_max (Σ part share × part seconds + launch share × (t − t_device))

P_max is the power limit. The form follows the roofline (Williams et al. 2009); W(B) and the narrow terms are explained
in `server.shape`. All functions are pure; numbers and arrays broadcast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.estimate.server.shape import Array, Number, Precision, Served, context_seen, weights_met_gb

STATE_BYTES = 4.0  # recurrent states are kept in 32 bits (Dao and Gu 2024)
ACTIVATION_BYTES = 2.0
GIGA = 1e9
TERA = 1e12


@dataclass(frozen=True, slots=True)
class Machine:
    """The devices of one deployment; each field a number or an array. Bandwidths in GB/s, one direction a device."""

    devices: Number
    power_limit_w: Number
    memory_bw_gb_s: Number
    peak_tflops: Number
    narrow_ratio: Number = 1.0  # peak of the arithmetic used over the bf16 peak
    link_gb_s: Number = 450.0
    replicas: Number = 1.0  # data-parallel copies of attention that step together


@dataclass(frozen=True, slots=True)
class Load:
    """What a step carries: sequences, their mean context, and the prompts taken in (requests, new tokens of each)."""

    batch: Number
    context: Number
    requests: Number = 0.0
    prompt_tokens: Number = 0.0
    request_host_s: Number = 0.0  # more host work a request: images, video
    cached_tokens: Number = 0.0  # of a prompt, already in the cache
    cache_bytes: Number = 2.0  # of an element of the key-value cache


@dataclass(frozen=True, slots=True)
class Step:
    """Seconds of the parts of a step; ``exposed`` is host time in which the devices wait."""

    weights_s: Array
    cache_s: Array
    arithmetic_s: Array
    prompt_s: Array
    experts_s: Array
    collectives_s: Array
    exposed_s: Array
    total_s: Array
    energy_j: Array
    prefill_s: Array
    prefill_j: Array
    cache_j: Array


def step(model: Served, precision: Precision, machine: Machine, load: Load, c: Mapping[str, Number]) -> Step:
    """Time and energy of one step on all devices together; ``c`` holds the coefficients by name."""
    n, prompt = machine.devices, load.requests * load.prompt_tokens
    w, k = _reading_s(model, precision, machine, load, c)
    f, p = _arithmetic_s(model, machine, load, prompt, c)
    x = model.moe_layers * (c["expert_s"] * np.sqrt(load.batch) + precision.narrow * c["narrow_expert_s"])
    sync, wire = _collectives_s(model, machine, load.batch + prompt, c)
    device = w + k + f + p + x + sync + wire
    arrivals = load.requests * (c["request_s"] + load.request_host_s)
    host = model.layers * c["layer_s"] + c["step_s"] + c["sequence_s"] * load.batch + arrivals
    total = overlapped_s(device, host, c["overlap"])
    exposed = total - device
    peak_j = n * machine.power_limit_w
    cache_j, prompt_j = peak_j * c["cache_power"] * k, peak_j * c["arithmetic_power"] * p
    energy = cache_j + prompt_j + peak_j * (
        c["weight_power"] * w + c["arithmetic_power"] * f + c["expert_power"] * x
        + c["collective_power"] * (sync + wire) + c["launch_power"] * exposed)  # fmt: skip
    carried = prompt / (load.batch + prompt)
    taken_in = exposed * arrivals / host
    prefill_j = prompt_j + peak_j * (c["launch_power"] * taken_in + c["collective_power"] * wire * carried)
    return Step(w, k, f, p, x, sync + wire, exposed, total, energy, p + taken_in + wire * carried, prefill_j, cache_j)


def capped(found: Step, devices: Number, limit_w: Number, idle_w: Number) -> Step:
    """The step under a power limit below its mean power: clocks fall until P = P_idle + (P_0 − P_idle) f³.

    The cube is voltage that follows frequency (Weiser et al. 1994); all parts slow down as 1/f. Nothing changes where
    the limit is above the mean power.
    """
    power = found.energy_j / (found.total_s * devices)
    f = np.minimum(np.maximum(limit_w - idle_w, 1e-9) / np.maximum(power - idle_w, 1e-9), 1.0) ** (1.0 / 3.0)
    energy = np.minimum(limit_w, power) / power / f
    return Step(**{n: getattr(found, n) * (energy if n.endswith("_j") else 1.0 / f) for n in found.__dataclass_fields__})


def overlapped_s(device_s: Number, host_s: Number, sharpness: Number) -> Any:
    """(a^p + b^p)^(1/p): the sum at p = 1, the longer of the two for large p."""
    longer = np.maximum(device_s, host_s)
    ratio = np.minimum(device_s, host_s) / longer
    return longer * (1.0 + ratio**sharpness) ** (1.0 / sharpness)


def _reading_s(model: Served, precision: Precision, machine: Machine, load: Load, c: Mapping[str, Number]
               ) -> tuple[Any, Any]:  # fmt: skip
    """Seconds of reading weights, and of reading cache and states."""
    bandwidth = machine.devices * machine.memory_bw_gb_s
    dense, expert = weights_met_gb(model, precision, load.batch)
    scaled = np.where(np.asarray(precision.narrow) > 0, c["narrow_expert_reading"], 1.0)
    weights = (dense * machine.replicas + expert * scaled) / (c["weight_bandwidth"] * bandwidth)
    seen = context_seen(model, load.context)
    cache = load.batch * seen * model.kv_elements * load.cache_bytes / GIGA / (c["cache_bandwidth"] * bandwidth)
    states = 2.0 * load.batch * model.state_elements * STATE_BYTES / GIGA / (c["state_bandwidth"] * bandwidth)
    return weights, cache + states


def _arithmetic_s(model: Served, machine: Machine, load: Load, prompt: Number, c: Mapping[str, Number]
                  ) -> tuple[Any, Any]:  # fmt: skip
    """Seconds of arithmetic on output tokens and on prompts; narrow numbers gain a power of the ratio of peaks."""
    peak = machine.devices * machine.peak_tflops * TERA
    matrix = peak * np.asarray(machine.narrow_ratio) ** c["narrow_gain"]
    flop = 2.0 * GIGA * model.active_params_b
    attention = load.batch * context_seen(model, load.context) * model.attention_flop / peak
    decode = (flop * load.batch / matrix + attention) / c["decode_peak"]
    lockstep = np.asarray(machine.replicas) ** c["lockstep"]
    seen = context_seen(model, load.cached_tokens + load.prompt_tokens / 2.0)
    return decode, prompt * lockstep * (flop / matrix + seen * model.attention_flop / peak) / c["prompt_peak"]


def _collectives_s(model: Served, machine: Machine, tokens: Number, c: Mapping[str, Number]) -> tuple[Any, Any]:
    """Seconds of starting and of carrying two all-reduces a layer (ring: Thakur et al. 2005)."""
    n = np.asarray(machine.devices, float)
    message = 2.0 * model.layers * tokens * model.hidden * ACTIVATION_BYTES / GIGA
    wire = c["collective_wire"] * 2.0 * (n - 1.0) / n * message / machine.link_gb_s
    return np.where(n > 1, c["collective_s"] * model.layers, 0.0), wire
