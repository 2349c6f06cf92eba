"""A language model as its servers see it: what a step reads, computes and keeps.

    weights met at batch B   W(B) = D + X · (1 − (1 − k/E)^B)      D dense, X routed experts, k of E a token
    context seen             c = (1 − s) · C + s · min(C, w)       s share of windowed blocks, w their window
    cache a token            κ = 2 · K · d a block; latent attention keeps its compressed vector
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import BadInput
from jevons.world.architecture import (
    Architecture,
    attention_layers,
    kv_bytes_per_token,
    moe_layers,
    parameter_table,
    windowed_share,
)

Array = NDArray[np.float64]
Number = Any
NO_WINDOW = 1e12
GIGA = 1e9
STATE_EXPANSION = 2  # Mamba's inner width over the model's (Gu and Dao 2023, arXiv 2312.00752)
STATE_SIZE = 128  # state elements a channel in Mamba-2 models (Dao and Gu 2024, arXiv 2405.21060)
DENSE_OF_ACTIVE = 0.4  # of a mixture of unknown shape; 0.34 to 0.44 in Qwen3-235B, gpt-oss-120B, DeepSeek-V3


@dataclass(frozen=True, slots=True)
class Served:
    """What serving needs to know of a model. Every field is a number, or an array of models.

    Parameters in 1e9 without the input embedding, of which one row a token is read; elements are of the cache.
    """

    layers: Number
    hidden: Number
    dense_params_b: Number
    expert_params_b: Number = 0.0
    experts: Number = 1.0
    active_experts: Number = 1.0
    moe_layers: Number = 0.0
    kv_elements: Number = 0.0
    kv_heads: Number = 1.0
    window_share: Number = 0.0
    window: Number = NO_WINDOW
    attention_flop: Number = 0.0  # a token of output and a token of context, all blocks
    state_elements: Number = 0.0  # of recurrent blocks, a sequence
    embedding_params_b: Number = 0.0
    context_limit: Number = 0.0

    @property
    def active_params_b(self) -> Any:
        """Parameters a token meets, 1e9."""
        return self.dense_params_b + self.expert_params_b * self.active_experts / self.experts


@dataclass(frozen=True, slots=True)
class Precision:
    """How weights are held: bytes a dense and an expert parameter, the arithmetic used, and whether experts are scaled
    by blocks on the fly (``narrow``)."""

    name: str
    dense_bytes: Number
    expert_bytes: Number
    arithmetic: str
    narrow: Number


PRECISIONS = {
    "fp32": Precision("fp32", 4.0, 4.0, "fp32", 0.0),
    "bf16": Precision("bf16", 2.0, 2.0, "bf16", 0.0),
    "fp16": Precision("fp16", 2.0, 2.0, "fp16", 0.0),
    "fp8": Precision("fp8", 1.0, 1.0, "fp8", 1.0),
    "fp8-rows": Precision("fp8-rows", 1.0, 1.0, "fp8", 0.0),
    "fp8-expert-rows": Precision("fp8-expert-rows", 2.0, 1.0, "bf16", 0.0),
    "int8": Precision("int8", 1.0, 1.0, "int8", 1.0),
    "int4": Precision("int4", 0.53125, 0.53125, "bf16", 0.0),
    "fp4": Precision("fp4", 0.5625, 0.5625, "fp4", 1.0),
    "mxfp4": Precision("mxfp4", 2.0, 0.53125, "bf16", 0.0),
}
"""4.25 bits a parameter: 4 and an 8-bit scale for each 32 (OCP Microscaling 1.0, 2023); 4.5 in fp4 (NVFP4: a scale for
each 16). Four-bit integers are widened and multiplied in 16 bits, fp4 at the least peak of at least 4 bits that the
device has; mxfp4 checkpoints keep all but the experts in 16 bits. fp8 has a scale a block of 128 × 128 (DeepSeek-V3,
Qwen3); fp8-rows one a row of weights and a token, applied behind the product (compressed-tensors, fbgemm);
fp8-expert-rows so for the routed experts alone, all else in 16 bits (Llama 4: llama-models, quantization/loader.py)."""
SPELLINGS = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32", "4-bit": "int4",
             "awq": "int4", "gptq": "int4", "w4a16": "int4", "q4_0": "int4", "q4_k_m": "int4", "nf4": "int4", "float8": "fp8",
             "e4m3": "fp8", "fp8_e4m3": "fp8", "float8_e4m3fn": "fp8", "w8a8": "int8", "q8_0": "int8", "8-bit": "int8",
             "nvfp4": "fp4", "fp8-dynamic": "fp8-rows", "fbgemm-fp8": "fp8-rows"}  # fmt: skip


def precision_of(name: str) -> Precision:
    """The precision of that name; BadInput listing those known."""
    if not known_precision(name):
        raise BadInput("precision", name, f"use one of {', '.join(PRECISIONS)}")
    return PRECISIONS[_plain(name)]


def held_as(name: str, arch: Architecture | None) -> Precision:
    """The precision of that name as the checkpoints of a model have it: "fp8" is not held alike in all of them."""
    found = precision_of(name)
    return PRECISIONS[f"fp8-{arch.fp8}"] if arch is not None and arch.fp8 and found.name == "fp8" else found


def known_precision(name: str) -> bool:
    """Whether `precision_of` has it."""
    return _plain(name) in PRECISIONS


def _plain(name: str) -> str:
    word = str(name).strip().lower().removeprefix("torch.")
    return SPELLINGS.get(word, SPELLINGS.get(word.replace("-", "_"), word))


def experts_hit(experts: Number, active: Number, tokens: Number) -> Any:
    """Expected share of experts that a batch meets, 1 − (1 − k/E)^B, if tokens choose k of E independently."""
    return 1.0 - (1.0 - active / experts) ** tokens


def weights_met_gb(model: Served, precision: Precision, tokens: Number) -> tuple[Any, Any]:
    """GB of dense and of expert weights that a step over ``tokens`` tokens reads."""
    hit = experts_hit(model.experts, model.active_experts, tokens)
    return precision.dense_bytes * model.dense_params_b, precision.expert_bytes * model.expert_params_b * hit


def weights_held_gb(model: Served, precision: Precision) -> Any:
    """GB of all weights, the embedding in at least 16 bits."""
    table = np.maximum(precision.dense_bytes, 2.0) * model.embedding_params_b
    return precision.dense_bytes * model.dense_params_b + precision.expert_bytes * model.expert_params_b + table


def context_seen(model: Served, context: Number) -> Any:
    """Tokens that attention reads at a context, mean over blocks: windowed blocks stop at their window."""
    share = model.window_share
    return (1.0 - share) * context + share * np.minimum(context, model.window)


def context_of(model: Served, seen: Number) -> Any:
    """The context at which attention reads ``seen`` tokens: the inverse of `context_seen`, for one model."""
    if model.window_share >= 1.0:
        return seen
    return np.where(np.asarray(seen) <= model.window, seen, (seen - model.window_share * model.window) / (1.0 - model.window_share))


@functools.lru_cache(maxsize=512)
def served(arch: Architecture) -> Served:
    """The shape of an architecture of the table or of a config.json."""
    if arch.kind == "encoder-decoder":
        raise BadInput("model", arch.id, "an encoder-decoder is not served by this law; speech has estimate.speech, price others as generic work")
    parts = parameter_table(arch)
    table = arch.vocab * (arch.embedding_hidden or arch.hidden)
    total = sum(parts.values()) - parts["experts"] - (0 if arch.tied else table)
    blocks = attention_layers(arch)
    return Served(
        layers=float(arch.layers), hidden=float(arch.hidden), dense_params_b=total / GIGA,
        expert_params_b=parts["experts"] / GIGA, experts=float(arch.experts or 1),
        active_experts=float(arch.active_experts or 1), moe_layers=float(moe_layers(arch)),
        kv_elements=kv_bytes_per_token(arch, 1.0), kv_heads=1.0 if arch.kv_lora_rank else float(arch.kv_heads),
        window_share=windowed_share(arch), window=float(arch.window or NO_WINDOW),
        attention_flop=float(_attention_flop(arch) * blocks),
        state_elements=float((arch.layers - blocks) * arch.ssm_expand * arch.hidden * arch.ssm_state),
        embedding_params_b=0.0 if arch.tied else table / GIGA, context_limit=float(arch.context),
    )  # fmt: skip


def _attention_flop(arch: Architecture) -> int:
    """FLOP of one block for a token of output and one of context: scores and values, two each; latent attention works
    on the compressed vector (DeepSeek-AI 2024, arXiv 2405.04434, absorbed form)."""
    if arch.kv_lora_rank:
        return 2 * arch.heads * (2 * arch.kv_lora_rank + arch.qk_rope_head_dim)
    return 4 * arch.heads * arch.head_dim


def spread_experts(shape: Served, replicas: Number) -> Served:
    """The part of a model that one of several replicas holds when one copy of the routed experts is spread over them.

    It keeps 1/s of the experts, and a token of its own meets as many parameters as before. Each sequence's cache then
    lies on one device, so that it takes no room on the others (DeepSeek-AI 2025, inference system overview).
    """
    s = np.minimum(np.maximum(replicas, 1.0), shape.experts / shape.active_experts)
    heads = np.where(s > 1.0, np.inf, shape.kv_heads)
    return replace(shape, expert_params_b=shape.expert_params_b / s, active_experts=shape.active_experts * s, kv_heads=heads)


def from_counts(params_b: float, active_b: float, layers: float, hidden: float, kv_elements: float = 0.0,
                attention_layers: float | None = None, recurrent: bool = False) -> Served:  # fmt: skip
    """A model known only by its counts. Of a mixture of unknown experts the usual share of what is active is dense;
    heads fill the width; of a recurrent hybrid half of the blocks without attention are Mamba-2, the others
    feed-forward."""
    blocks = layers if attention_layers is None else attention_layers
    mixture = active_b < 0.95 * params_b
    dense = DENSE_OF_ACTIVE * active_b if mixture else params_b
    used = (active_b - dense) / (params_b - dense) if mixture else 1.0
    states = (layers - blocks) / 2 * STATE_EXPANSION * hidden * STATE_SIZE if recurrent else 0.0
    return Served(
        layers=layers, hidden=hidden, dense_params_b=dense, expert_params_b=params_b - dense,
        experts=1 / used, active_experts=1.0, moe_layers=layers if mixture else 0.0,
        kv_elements=kv_elements, attention_flop=4 * hidden * blocks, state_elements=states,
    )  # fmt: skip
