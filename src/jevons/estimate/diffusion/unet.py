"""Work of a U-Net that denoises: residual convolutions at falling and rising resolution, transformers between them.

Ho et al. 2020 (arXiv 2006.11239); with text by cross-attention Rombach et al. 2022 (arXiv 2112.10752), figure 3;
the counts follow `UNet2DConditionModel` of Diffusers. Level i has a quarter of the cells of level i - 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.estimate.diffusion.work import BLOCK, CROSS, GATED_ACTIVATION, HALF, Array, Work, decode_flops
from jevons.world.diffusion import DiffusionModel

RESIDUAL = 14.0
"""Widths read or written for one cell of a residual block outside its convolutions: two norms with activation, the
time step's shift, the residual."""
FFN = 4  # width of a transformer's FFN over its channels


@dataclass(frozen=True)
class Piece:
    """Some layers of one level: weights a cell meets in convolutions, residual blocks, and transformers behind them."""

    level: int
    channels: int
    weights: int
    residual: int
    stacks: int
    transformers: int


def pieces(model: DiffusionModel) -> Iterator[Piece]:
    """The U-Net from its input to its output; each step to another resolution counts on the finer side going up."""
    channels, last = model.unet_channels, len(model.unet_channels) - 1
    skips, width = [channels[0]], channels[0]
    for i, c in enumerate(channels):
        for _ in range(model.unet_resnets):
            yield _piece(model, i, width, c)
            skips.append(c)
            width = c
        if i < last:
            yield Piece(i + 1, c, 9 * c * c, 0, 0, 0)
            skips.append(c)
    deepest = next(t for t in reversed(model.unet_transformers) if t)
    yield Piece(last, width, 4 * 9 * width**2, 2, 1, deepest)
    for i in range(last, -1, -1):
        for _ in range(model.unet_resnets + 1):
            yield _piece(model, i, width + skips.pop(), channels[i])
            width = channels[i]
        if i:
            yield Piece(i - 1, width, 9 * width**2, 0, 0, 0)


def unet_work(model: DiffusionModel, batch: Any, height: Any, width: Any, passes: Any) -> Work:
    """All work of ``batch`` images on one GPU, ``passes`` evaluations a step; sizes may be arrays."""
    cells = np.ceil(np.asarray(height, float) / model.downsample) * np.ceil(np.asarray(width, float) / model.downsample)
    many, text, zero = np.asarray(batch, float) * passes, model.text_tokens, np.zeros(())
    linear, attention, traffic, calls, blocks = np.zeros(()), np.zeros(()), np.zeros(()), 0.0, 0.0
    for p in pieces(model):
        here, c = cells / 4**p.level, p.channels
        block = (4 + 2 + 3 * FFN) * c**2
        linear = linear + 2 * here * (p.weights + p.stacks * 2 * c**2 + p.transformers * block)
        attention = attention + p.transformers * 4 * c * here * (here + text)
        widths = RESIDUAL * p.residual + (BLOCK + CROSS + GATED_ACTIVATION * FFN) * p.transformers
        traffic, calls, blocks = traffic + here * c * HALF * widths, calls + widths, blocks + p.residual + p.transformers
    return Work(
        linear_flops=linear * many, attention_flops=attention * many, traffic_bytes=traffic * many,
        calls=np.asarray(calls), blocks=np.asarray(blocks), exchange_bytes=zero, ring_bytes=zero,
        text_flops=2.0 * model.text_encoder_parameters * text * many,
        decode_flops=decode_flops(model, height, width, 1) * batch,
    )  # fmt: skip


def unet_parameters(model: DiffusionModel) -> Array:
    """Weights of convolutions and transformers; the text's keys and values and the time step's layers come beside."""
    counted = [p.weights + p.stacks * 2 * p.channels**2 + p.transformers * (6 + 3 * FFN) * p.channels**2 for p in pieces(model)]
    return np.asarray(float(sum(counted)))


def _piece(model: DiffusionModel, level: int, before: int, channels: int) -> Piece:
    """A residual block (3×3 twice, 1×1 where the width changes) with the level's transformers."""
    weights = 9 * (before * channels + channels**2) + before * channels * (before != channels)
    blocks = model.unet_transformers[level]
    return Piece(level, channels, weights, 1, int(blocks > 0), blocks)
