"""Models that answer by one forward pass: embeddings, classification, speech encoders, and the input of a request.

    work   = items · length · forward FLOP a token, without the vocabulary's head
    energy = that work at the pace and power measured for diffusion transformers, which are such passes too

No embedding server was measured: the interval is wide, and the tier is physics. Weights that few tokens share bind a
matrix product by their bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, DoesNotFit, UnknownName
from jevons.core.source import Assumption
from jevons.core.uncertain import Z80, Z90, Draws
from jevons.estimate.diffusion import work as kernels
from jevons.estimate.diffusion.cost import Cost, Rates, cost, generation_pack, rates_of
from jevons.estimate.diffusion.interval import coefficients
from jevons.estimate.diffusion.rows import cost_rows, whole
from jevons.estimate.diffusion.work import HALF, Array, Work
from jevons.estimate.flops import forward_flops_per_token, score_flops_per_token
from jevons.world import devices, models
from jevons.world.architecture import Architecture, active_parameters, parameters
from jevons.world.hardware import Device

SPREAD = 0.6
"""Log half-width (80 %): judgement. Servers of embeddings fuse kernels that the law launches one by one, and pad less."""
WHISPER_WINDOW_S, WHISPER_TOKENS = 30.0, 1500
"""Whisper's encoder sees windows of 30 s as 1500 positions (Radford et al. 2022, arXiv 2212.04356; its configuration)."""


def one_pass(model: Any, on: str, n: Any = 1, *, items: Any = None, tokens: Any = None, length: Any = None, batch: Any = 32,
             utilisation: Any = 1.0, stage: str = "one pass", draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of ``items`` sequences of ``length`` tokens (or ``tokens`` in all) through ``model``, ``batch`` at once.

    Each of ``n`` devices works alone. ``length`` defaults to the model's context, 512 at most. For speech and images
    give the length that `audio_tokens` and `image_tokens` count. Numbers may be arrays of scenarios.
    Errors: UnknownName with the nearest models, DoesNotFit, BadInput naming the field.
    """
    arch, notes, source = _architecture(model)
    machine, matched = devices.device(on)
    long = min(arch.context or 512, 512) if length is None else whole(length, "length")
    if length is None:
        notes.append(Assumption("length", f"{long} tokens", "not given", source))
    if arch.positions and arch.context and np.any(np.asarray(long) > arch.context):
        raise BadInput("length", length, f"{arch.name} has positions for {arch.context} tokens; cut the text in pieces")
    count = _items(items, tokens, long)
    at_once, sampler = whole(batch, "batch"), Draws(draws, seed)
    _require_fit(arch, at_once, long, machine)
    found, stands_in = pass_cost(arch, at_once, long, machine, stage)
    half = half_width(stands_in)
    why = Assumption("pace of one pass", "that of diffusion transformers", "no embedding server was measured",
                     generation_pack()["name"])  # fmt: skip
    return cost_rows(
        found, count / at_once, 1, sampler.multiplier(np.exp(-half), np.exp(half), "cost of one pass"), machine,
        utilisation, sampler, tier="guess" if stands_in else "physics", labels={"model": arch.name},
        served={"item": count, "token": count * long}, n=whole(n, "n"),
        assumptions=(*notes, *matched, why), sources=(source,),
    )  # fmt: skip


def pass_cost(arch: Architecture, batch: Any, length: Any, machine: Device, stage: str = "one pass") -> tuple[Cost, bool]:
    """Seconds and joules of one batch through the model on one device, and whether another device's pace stands in."""
    c, stands_in = coefficients(machine.generation, generation_pack())
    rates = rates_of(machine)
    found = cost(pass_work(arch, batch, length, rates), 1, 1, 1, rates, c)
    return Cost({stage: found.seconds["denoising"]}, {stage: found.joules["denoising"]}, found.guessed), stands_in


def half_width(stands_in: bool) -> Array:
    """Log half-width (90 %) of a pass's cost: `SPREAD`, and more where another device's pace stands in."""
    return np.asarray(np.hypot(SPREAD, generation_pack()["spread"]["stand_in"] * stands_in) * Z90 / Z80)


def pass_work(arch: Architecture, batch: Any, length: Any, rates: Rates) -> Work:
    """The work of one pass of ``batch`` sequences of ``length`` tokens, counted as `diffusion.work` counts."""
    tokens = np.asarray(batch, float) * length
    causal, head = arch.kind != "encoder", 2.0 * arch.vocab * (arch.embedding_hidden or arch.hidden)
    scores = score_flops_per_token(arch, length, causal)
    linear = tokens * (forward_flops_per_token(arch, length, causal) - scores - head)
    bound = HALF * active_parameters(arch) * rates.flops / rates.memory_bytes
    widths = kernels.BLOCK + kernels.ROTARY * (not arch.positions and not arch.relative_buckets)
    ffn = (arch.active_experts + arch.shared_experts) * arch.expert_ffn_hidden if arch.experts else arch.ffn_hidden
    widths += (kernels.GATED_ACTIVATION if arch.gated else kernels.ACTIVATION) * ffn / arch.hidden
    zero = np.zeros(())
    return Work(
        linear_flops=np.maximum(linear, bound), attention_flops=np.asarray(tokens * scores),
        traffic_bytes=np.asarray(tokens * arch.layers * arch.hidden * HALF * widths),
        calls=np.asarray(arch.layers * widths), blocks=np.asarray(float(arch.layers)),
        exchange_bytes=zero, ring_bytes=zero, text_flops=zero, decode_flops=zero,
    )  # fmt: skip


def image_tokens(height: Any, width: Any, patch: int = 14, merge: int = 2) -> Array:
    """Tokens of an image in a request: ⌈H/(p·m)⌉·⌈W/(p·m)⌉; p = 14 and m = 2 are Qwen2-VL's (28 × 28 pixels a token)."""
    side = whole(patch, "patch") * whole(merge, "merge")
    sides = [np.ceil(np.asarray(whole(size, name), float) / side) for size, name in ((height, "height"), (width, "width"))]
    return np.asarray(sides[0] * sides[1])


def video_tokens(frames: Any, height: Any, width: Any, patch: int = 14, merge: int = 2, patch_time: int = 2) -> Array:
    """Tokens of a video in a request: ⌈f/p_t⌉ images' worth; p_t = 2 is Qwen2-VL's."""
    pairs = np.ceil(np.asarray(whole(frames, "frames"), float) / whole(patch_time, "patch_time"))
    return np.asarray(pairs * image_tokens(height, width, patch, merge))


def audio_tokens(seconds: Any, window_s: float = WHISPER_WINDOW_S, window_tokens: int = WHISPER_TOKENS) -> Array:
    """Positions of a speech encoder: whole windows, filled up with silence; the defaults are Whisper's."""
    time = np.asarray(units.read(seconds, "s", "seconds"), float)
    if np.any(time <= 0):
        raise BadInput("seconds", seconds, "give a time above 0")
    return np.asarray(np.ceil(time / window_s) * window_tokens)


def _architecture(model: Any) -> tuple[Architecture, list[Assumption], str]:
    try:
        found = models.find(model)
    except UnknownName as unknown:
        raise UnknownName("model", str(model), unknown.nearest, "or give the path of its config.json") from None
    if found.architecture is None:
        raise BadInput("model", model, "name a model of the table or give its config.json: the shape is needed")
    if found.encoder_decoder:
        raise BadInput("model", model, "one pass runs one stack; describe its encoder alone, kind='encoder'")
    return found.architecture, list(found.assumptions), found.source


def _items(items: Any, tokens: Any, length: Any) -> Any:
    """How many sequences; BadInput where both or none are said."""
    if (items is None) == (tokens is None):
        raise BadInput("items", items, "say how many items, or how many tokens in all (not both)")
    return units.read(items, "", "items") if tokens is None else np.asarray(units.read(tokens, "", "tokens")) / length


def _require_fit(arch: Architecture, batch: Any, length: Any, machine: Device) -> None:
    weights = HALF * parameters(arch) / units.BYTES_PER_GB
    width = 10 * arch.hidden + arch.ffn_hidden
    each = float(np.max(HALF * np.asarray(length, float) * width)) / units.BYTES_PER_GB
    need, have = weights + each * float(np.max(np.asarray(batch))), machine.memory_gb or 0.0
    if need > have:
        fits = int((have - weights) / each) if have > weights else 0
        raise DoesNotFit(f"{arch.name}, batch {batch} on {machine.id}", need - have, f"batch {fits}" if fits else None)
