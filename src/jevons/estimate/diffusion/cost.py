"""Time and energy of a batch of images or videos: work over what the machine could do at best, times what was measured.

    t_step = (t_work⁴ + t_launch⁴)^¼        t_work = Σ slowness_i · work_i / rate_i     (the GPU waits for its host, or not)
    t      = steps · t_step + t_text + t_decode
    E      = P_tdp · [n · waiting · t + Σ draw_i · work_i / rate_i]

Rates are the device's dense peak, memory and link bandwidths, so that the coefficients are ratios near one, and a
device that was never measured takes those of a kin. All fields may be arrays and broadcast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from jevons.core.errors import BadInput
from jevons.estimate.diffusion.work import Array, Work
from jevons.estimate.packs import coefficient_pack
from jevons.world.hardware import Device

STAGES = ("text encoder", "denoising", "decode")


@dataclass(frozen=True)
class Rates:
    """What one GPU could do at best: FLOP/s, byte/s, and the power it may draw, W."""

    flops: Any
    memory_bytes: Any
    link_bytes: Any
    tdp_w: Any


@dataclass(frozen=True)
class Coefficients:
    """Slowness (time over the ideal), draw (energy over TDP for the ideal time) and launch times, s."""

    linear: Any
    attention: Any
    traffic: Any
    exchange: Any
    ring: Any
    decode: Any
    call_s: Any
    ring_hop_s: Any
    exchange_s: Any
    waiting: Any
    linear_draw: Any
    attention_draw: Any
    traffic_draw: Any
    decode_draw: Any

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Coefficients:
        """Those of a pack."""
        return cls(**{f.name: values[f.name] for f in fields(cls)})


@dataclass(frozen=True)
class Cost:
    """Of one batch: seconds of wall time by stage, joules of all GPUs by stage, and how much of it is less than counted.

    ``guessed``: share of a step's work, by time, that is neither matrix product nor attention: traffic of unfused
    kernels and exchange between GPUs, whose bytes are estimated and depend on the software.
    """

    seconds: Mapping[str, Array]
    joules: Mapping[str, Array]
    guessed: Array

    @property
    def total_s(self) -> Array:
        """Wall time of the batch, s."""
        return np.asarray(sum(self.seconds.values()))

    @property
    def total_j(self) -> Array:
        """Energy of all GPUs, J."""
        return np.asarray(sum(self.joules.values()))


def generation_pack() -> dict[str, Any]:
    """The coefficient pack shipped with jevons."""
    return coefficient_pack("diffusion")


def rates_of(device: Device) -> Rates:
    """The device's rates; BadInput where one is not published."""
    for name in ("memory_bw_gb_s", "tdp_w", "memory_gb"):
        if getattr(device, name) is None:
            raise BadInput("on", device.id, f"its {name} is not published; name another accelerator")
    link = device.link_gb_s or (device.memory_bw_gb_s or 0.0) / 32
    return Rates(device.peak("bf16").tflops * 1e12, (device.memory_bw_gb_s or 0.0) * 1e9, link * 1e9, device.tdp_w)


def cost(work: Work, steps: Any, ulysses: Any, ring: Any, rates: Rates, c: Coefficients, decode_everywhere: Any = False
         ) -> Cost:  # fmt: skip
    """Time and energy of one batch on ulysses × ring GPUs."""
    u, r = np.asarray(ulysses, float), np.asarray(ring, float)
    n, s = u * r, np.asarray(steps, float)
    linear, attention = work.linear_flops / rates.flops, work.attention_flops / rates.flops
    traffic, decode = work.traffic_bytes / rates.memory_bytes, work.decode_flops / rates.flops
    text = work.text_flops / rates.flops
    counted = (c.linear * linear + c.attention * attention) / n
    guessed = c.traffic * traffic / n + (c.exchange * work.exchange_bytes + c.ring * work.ring_bytes) / rates.link_bytes
    busy = counted + guessed
    launch = work.calls * c.call_s + work.blocks * ((r - 1) * c.ring_hop_s + (u > 1) * c.exchange_s)
    seconds = dict(zip(STAGES, (c.linear * text, s * (busy**4 + launch**4) ** 0.25, c.decode * decode)))
    draw = (n * c.linear_draw * text,
            s * (c.linear_draw * linear + c.attention_draw * attention + c.traffic_draw * traffic),
            np.where(decode_everywhere, n, 1) * c.decode_draw * decode)  # fmt: skip
    joules = {k: np.asarray(rates.tdp_w * (n * c.waiting * seconds[k] + d)) for k, d in zip(STAGES, draw)}
    return Cost({k: np.asarray(v) for k, v in seconds.items()}, joules, np.asarray(guessed / busy))
