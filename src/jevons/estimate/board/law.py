"""The phase law of an edge board: what one prompt and its answer cost, in joules or in seconds, at batch 1.

    prefill(n)    = ((l·c1 + W·c2)^p + (g(n)·(N·m·c3 + l·m·c4 + l·q·m²·c5))^p)^(1/p)   m = n / 512
    decode(n, o)  = o · (l·c6 + W·c7 + l·k·x·c8 + l·q·x·c9 + l·x·c10)                   x = (n + o/2) / 512

l = layers / 24, N parameters without the embedding, W those and the output head (both in 1e9 and weighted by their
bits over those fitted), q and k widths of queries / 2048 and of keys / 1024, n prompt tokens, o tokens after the
first. Launching layers and doing their work overlap in the prefill: a smooth maximum (p = 4). g is the pace of short prompts, which some boards run by smaller and faster programs: one factor
up to 100 tokens, one up to 200, 1 beyond. Every coefficient is
thus the cost of its part for one reference model, of 24 layers, 1e9 parameters and 512 tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import BadInput
from jevons.world.architecture import (
    Architecture,
    active_parameters,
    attention_layers,
    embedding_parameters,
    windowed_share,
)

Array = NDArray[np.float64]

PARTS = ("prefill_layer", "prefill_weight", "prefill_flop", "prefill_token", "prefill_attention",
         "decode_layer", "decode_weight", "decode_key_value", "decode_query", "decode_position")  # fmt: skip
PREFILL = 5
"""The first five parts belong to the prefill."""
SHARPNESS = 4.0
PACES = ("pace_100", "pace_200")
SHORT_PROMPTS = np.array([100.0, 200.0])
"""Prompts up to so many tokens have a pace of their own (on the RK3588 work a token jumps there, for both models)."""
REFERENCE = {"layers": 24, "params_b": 1.0, "query": 2048, "key_value": 1024, "tokens": 512}


@dataclass(frozen=True)
class Shape:
    """What the law needs of a model: floats, or arrays of one element a run."""

    layers: Any
    params_b: Any
    weights_b: Any
    query: Any
    key_value: Any
    window: float = 0.0
    windowed: float = 0.0

    @classmethod
    def of(cls, arch: Architecture) -> Shape:
        """The shape of a decoder; BadInput for another kind."""
        if arch.kind != "decoder":
            raise BadInput("model", arch.id, "the law of edge boards describes models that decode token by token")
        head = arch.vocab * (arch.embedding_hidden or arch.hidden)
        body = active_parameters(arch) - embedding_parameters(arch)
        seeing = attention_layers(arch) / arch.layers
        cache = arch.kv_lora_rank + arch.qk_rope_head_dim if arch.kv_lora_rank else 2 * arch.kv_heads * arch.head_dim
        return cls(float(arch.layers), body / 1e9, (body + head) / 1e9, arch.heads * arch.head_dim * seeing,
                   cache / 2 * seeing, float(arch.window), windowed_share(arch))  # fmt: skip

    def seen(self, context: Any) -> Any:
        """Tokens of a context that an average attention block sees."""
        if not self.window:
            return context
        return self.windowed * np.minimum(context, self.window) + (1 - self.windowed) * np.asarray(context)


def prefill_features(shape: Shape, tokens: Any, bits_ratio: Any = 1.0) -> Array:
    """The five prefill parts in units of the reference, (5, ...)."""
    layer, length = np.asarray(shape.layers) / REFERENCE["layers"], np.asarray(tokens) / REFERENCE["tokens"]
    seen = np.asarray(shape.seen(tokens)) / REFERENCE["tokens"]
    one = np.ones(np.shape(length))
    return np.stack(np.broadcast_arrays(
        layer * one, shape.weights_b * bits_ratio * one, shape.params_b * length, layer * length,
        layer * shape.query / REFERENCE["query"] * length * seen,
    ))  # fmt: skip


def decode_features(shape: Shape, tokens: Any, output: Any, bits_ratio: Any = 1.0) -> Array:
    """The five decode parts in units of the reference, (5, ...); ``output``: tokens after the first."""
    layer, later = np.asarray(shape.layers) / REFERENCE["layers"], np.asarray(output, float)
    context = np.asarray(shape.seen(np.asarray(tokens) + later / 2)) / REFERENCE["tokens"]
    parts = np.stack(np.broadcast_arrays(
        layer * np.ones(np.shape(context)), shape.weights_b * bits_ratio,
        layer * shape.key_value / REFERENCE["key_value"] * context, layer * shape.query / REFERENCE["query"] * context,
        layer * context,
    ))  # fmt: skip
    return np.asarray(later * parts)


def pace(tokens: Any, paces: Array) -> Array:
    """Factor on the work of prompts of so many tokens; ``paces`` (2,): of the two shorter kinds."""
    return np.append(paces, 1.0)[np.searchsorted(SHORT_PROMPTS, np.asarray(tokens, float))]


def prefill(parts: Array, coefficients: Array, paced: Any = 1.0, sharpness: float = SHARPNESS) -> Array:
    """Cost of the prompts: the smooth maximum of launching the layers and of the work; ``parts`` (5, ...), ``paced``
    what `pace` gives."""
    launch = np.tensordot(coefficients[:2], parts[:2], 1)
    work = np.tensordot(coefficients[2:PREFILL], parts[2:], 1) * paced
    most = np.maximum(launch, work)
    return np.asarray(most * ((launch / most) ** sharpness + (work / most) ** sharpness) ** (1 / sharpness))


def decode(parts: Array, coefficients: Array) -> Array:
    """Cost of the tokens after the first; ``parts`` (5, ...)."""
    return np.asarray(np.tensordot(coefficients[PREFILL:], parts, 1))


def vector(named: Mapping[str, float]) -> tuple[Array, Array]:
    """Coefficients in the order of `PARTS`, and the paces (1 where not named)."""
    return np.array([named[part] for part in PARTS], dtype=float), np.array([named.get(p, 1.0) for p in PACES], dtype=float)


def named(values: Array) -> dict[str, float]:
    """Coefficients and paces by name, to six digits."""
    return {part: float(f"{value:.6g}") for part, value in zip((*PARTS, *PACES), values)}
