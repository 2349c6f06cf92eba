"""Memory that making images or video takes on its fullest GPU, GB."""

from __future__ import annotations

import numpy as np

from jevons.core.errors import DoesNotFit
from jevons.core.units import BYTES_PER_GB
from jevons.estimate.diffusion.interval import Setting
from jevons.estimate.diffusion.work import HALF, Array, latent_tokens
from jevons.world.diffusion import DiffusionModel
from jevons.world.hardware import Device

STREAMS = 10.0
"""Copies of the residual stream alive at once in a block: input, norm, queries, keys, values, their rotated copies
and the mixed values; the FFN's own width comes beside."""
DECODED = 2.0
"""Copies of the decoder's finest level alive at once: what a convolution reads and what it writes."""
CHUNK = 8
"""Frames a video decoder holds at its finest level: it walks along the frames of one video after the other (CogVideoX:
two latent frames of four)."""


def memory_gb(model: DiffusionModel, s: Setting) -> Array:
    """Weights + the greater of denoising and decoding; weights stay whole on each GPU (sequence parallelism)."""
    weights = HALF * (model.parameters + model.text_encoder_parameters)
    tokens = (latent_tokens(model, s.height, s.width, s.frames) + model.text_tokens) * s.batch
    calls = 1.0 if model.separate_passes else s.passes
    denoising = HALF * tokens * calls * (STREAMS * model.hidden + model.ffn_hidden) / (np.asarray(s.ulysses) * s.ring)
    pixels = np.asarray(s.height, float) * s.width / model.decoder_patch**2 * np.minimum(s.frames, CHUNK)
    at_once = s.batch if model.output == "image" else 1.0
    decoding = DECODED * HALF * pixels * model.decoder_channels[0] * at_once
    return np.asarray((weights + np.maximum(denoising, decoding)) / BYTES_PER_GB)


def require_fit(model: DiffusionModel, s: Setting, device: Device) -> None:
    """DoesNotFit, naming the largest batch that fits, where a batch exceeds the device's memory."""
    have = device.memory_gb or 0.0
    short = float(np.max(memory_gb(model, s))) - have
    if short <= 0:
        return
    least = float(np.max(memory_gb(model, _with_batch(s, 0.0))))
    each = float(np.max(memory_gb(model, _with_batch(s, 1.0)))) - least
    fits = int((have - least) / each) if have > least else 0
    raise DoesNotFit(f"{model.id}, batch {np.max(s.batch):g} on {device.id}", short, f"batch {fits}" if fits else None)


def _with_batch(s: Setting, batch: float) -> Setting:
    return Setting(batch, s.height, s.width, s.frames, s.steps, s.passes, s.ulysses, s.ring)
