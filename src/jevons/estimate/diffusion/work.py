"""Work of making images or video by diffusion, counted from the model's shape and the size asked for.

Symbols: T tokens of the latent, X tokens of text, h width, L blocks, B outputs at once, p passes a step (guidance).
Counts of FLOP take a multiplication and an addition as two. All sizes may be arrays; they broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.world.diffusion import DiffusionModel

Array = NDArray[np.float64]

HALF = 2.0  # bytes of a 16-bit number
BLOCK, PARALLEL, CROSS, NORM, ROTARY, SKIP, DOUBLE, LINEAR = 24.0, 12.0, 8.0, 12.0, 24.0, 20.0, 12.0, 24.0
"""Widths read or written for one token of a block by kernels that are no matrix product, when nothing is fused.

A block in sequence: two norms (2 each), shift and scale (4 each), gate and residual (5 each), rounded up to 24; one
that runs attention and FFN side by side does each once. A cross-attention adds its norm and residual; norms of
queries and keys upcast both; rotary positions split, turn and join both; a skip joins and norms twice the width;
two streams are joined before attention and split behind it; linear attention rectifies, upcasts and divides.
Rounded counts, read off the modules of Diffusers.
"""
ACTIVATION, GATED_ACTIVATION, CONVOLVED = 2.0, 5.0, 6.0
"""FFN widths read or written: by an activation, by one with its gate, and more where the FFN convolves (mix-FFN)."""


@dataclass(frozen=True)
class Work:
    """What one step asks of all GPUs together, and what comes before and behind the steps; B outputs at once."""

    linear_flops: Array  # matrix products, a step
    attention_flops: Array  # scores and mixing, a step
    traffic_bytes: Array  # through memory by all other kernels, a step
    calls: Array  # counted kernels a GPU launches, a step
    blocks: Array  # blocks a GPU runs, a step
    exchange_bytes: Array  # sent by a GPU to split heads (all-to-all), a step
    ring_bytes: Array  # sent by a GPU to pass keys and values around, a step
    text_flops: Array  # reading the prompts, on every GPU
    decode_flops: Array  # pixels from the latent


def latent_tokens(model: DiffusionModel, height: Any, width: Any, frames: Any) -> Array:
    """T = ⌈((f−1)/d_t + 1)/p_t⌉ · (H/d/p) · (W/d/p): patches of the latent, which keeps the first frame apart."""
    side = model.downsample * model.patch
    latent_frames = (np.asarray(frames, float) - 1) // model.downsample_time + 1
    grid = np.ceil(np.asarray(height, float) / side) * np.ceil(np.asarray(width, float) / side)
    return np.asarray(np.ceil(latent_frames / model.patch_time) * grid)


def block_weights(model: DiffusionModel) -> float:
    """Weights an image token meets in one block: 4h² of attention and 2hf (gated 3hf) of FFN."""
    return 4.0 * model.hidden**2 + (3.0 if model.gated else 2.0) * model.hidden * model.ffn_hidden


def held_text(model: DiffusionModel, gpus: Any) -> Array:
    """X summed over GPUs: split among them where it divides, else whole on each (xDiT, `split_text_embed_in_sp`)."""
    n, text = np.asarray(gpus, float), model.text_tokens
    return np.asarray(text * np.where(text % n == 0, 1.0, n))


def linear_flops(model: DiffusionModel, tokens: Any, gpus: Any = 1) -> Array:
    """Matrix products of one pass: joint 2·L·(T+X)·w; cross 2·L·(T·(w + 2h²) + X·2h²); second attentions and skips."""
    h2, w, text = model.hidden**2, block_weights(model), held_text(model, gpus)
    extra = (4 * model.dual_layers + 2 * model.skip_layers) * h2 * np.asarray(tokens, float)
    if model.conditioning == "joint":
        return np.asarray(2 * (model.layers * (tokens + text) * w + extra))
    return np.asarray(2 * (model.layers * (tokens * (w + 2 * h2) + text * 2 * h2) + extra))


def attention_flops(model: DiffusionModel, tokens: Any, gpus: Any = 1) -> Array:
    """Scores and mixing of one pass: 4·h·L·(T+X)², or 4·h·L·(T² + T·X) where text is only looked at.

    Linear attention (Katharopoulos et al. 2020, arXiv 2006.16236) meets a state of h·h/heads in place of T keys.
    """
    t, x = np.asarray(tokens, float), model.text_tokens
    seen = float(model.hidden // model.heads) if model.linear_attention else t
    pairs = (t + held_text(model, gpus)) * (t + x) if model.conditioning == "joint" else t * (seen + x)
    return np.asarray(4.0 * model.hidden * (model.layers * pairs + model.dual_layers * t * t))


def unfused_widths(model: DiffusionModel) -> float:
    """Widths moved for one token of a mean block by kernels that are no matrix product (see `BLOCK`)."""
    alone = (model.layers - model.double_layers) / model.layers if model.parallel else 0.0
    within = (GATED_ACTIVATION if model.gated else ACTIVATION) + CONVOLVED * model.linear_attention
    widths = BLOCK * (1 - alone) + PARALLEL * alone + within * model.ffn_hidden / model.hidden
    widths += LINEAR * model.linear_attention + NORM * model.qk_norm + ROTARY * model.rotary + CROSS * (model.conditioning == "cross")
    return widths + SKIP * (model.skip_layers > 0) + DOUBLE * model.double_layers / model.layers


def decode_flops(model: DiffusionModel, height: Any, width: Any, frames: Any) -> Array:
    """FLOP of the decoder for one output: at each level r residual blocks of two 3×3(×k) convolutions, then a step up.

    Level 0 is the finest; a level's frames double until all are there. Rombach et al. 2022 (arXiv 2112.10752).
    """
    pixels = np.asarray(height, float) * width / model.decoder_patch**2
    latent_frames = (np.asarray(frames, float) - 1) // model.downsample_time
    total, before = np.zeros(()), model.decoder_channels[-1]
    for step, channels in enumerate(reversed(model.decoder_channels)):
        level = len(model.decoder_channels) - 1 - step
        shown = latent_frames * min(2**step, model.downsample_time) + 1
        weights = before * channels + channels**2 * (2 * model.decoder_resnets - 1)
        total = total + 2 * 9 * model.decoder_kernel_time * weights * pixels / 4**level * shown
        if level:
            total = total + 2 * 9 * channels**2 * pixels / 4 ** (level - 1) * shown
        before = channels
    return np.asarray(total)


def work(model: DiffusionModel, batch: Any, height: Any, width: Any, frames: Any, passes: Any, ulysses: Any = 1,
         ring: Any = 1) -> Work:  # fmt: skip
    """All work of ``batch`` outputs made at once, ``passes`` evaluations a step, on ulysses × ring GPUs.

    Sequence parallelism: Ulysses splits heads (Jacobs et al. 2023, arXiv 2309.14509), a ring passes keys and values
    (Liu et al. 2023, arXiv 2310.01889); together Fang and Zhao 2024 (arXiv 2405.07719).
    """
    b, u, r = (np.asarray(x, float) for x in (batch, ulysses, ring))
    p, n = np.asarray(passes, float), u * r
    tokens = latent_tokens(model, height, width, frames)
    beside = tokens + (held_text(model, n) if model.conditioning == "joint" else 0)
    widths, calls = unfused_widths(model), model.layers * (p if model.separate_passes else np.ones(()))
    stream = model.layers * beside * model.hidden * HALF * b * p
    return Work(
        linear_flops=linear_flops(model, tokens, n) * b * p,
        attention_flops=attention_flops(model, tokens, n) * b * p,
        traffic_bytes=stream * widths,
        calls=np.asarray(calls * widths),
        blocks=np.asarray(calls),
        exchange_bytes=4 * stream / n * (u - 1) / u,
        ring_bytes=2 * stream / n * (r - 1),
        text_flops=2.0 * model.text_encoder_parameters * model.text_tokens * b * p,
        decode_flops=decode_flops(model, height, width, frames) * b,
    )
