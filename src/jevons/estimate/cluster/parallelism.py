"""What a training step is made of: a stack of transformer blocks, the way it is spread, the machine beneath.

Every field is a number (or a word) or an array of them; arrays broadcast together, so that one call weighs
thousands of layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import BadInput, Contradiction

Number = Any  # a float or an array of floats
Words = Any  # a word or an array of words
Array = NDArray[np.float64]

CHOICES = {
    "recompute": ("none", "selective", "full"),
    "sharding": ("none", "zero1", "zero2", "zero3"),
    "precision": ("fp16", "bf16", "fp8"),
    "attention": ("fused", "unfused"),
}


def floats(value: Number) -> Array:
    """The value as an array of floats."""
    return np.asarray(value, dtype=float)


@dataclass(frozen=True)
class Block:
    """A decoder of `layers` equal blocks and the sequences it is trained on.

    `ffn_hidden` is the width one token meets (top-k plus shared experts together), default 4·hidden; `params` counts
    every weight, `params_active` those one token meets; both default to what the dimensions give.
    """

    layers: Number
    hidden: Number
    heads: Number
    seq_len: Number
    vocab: Number
    kv_heads: Number = None
    ffn_hidden: Number = None
    gated: Any = False
    tied: Any = True
    params: Number = None
    params_active: Number = None

    def __post_init__(self) -> None:
        positive(self, ("layers", "hidden", "heads", "seq_len", "vocab", "kv_heads", "ffn_hidden", "params"))

    @property
    def kv_share(self) -> Array:
        """Key heads per query head: 1 without grouped queries."""
        return floats(1.0) if self.kv_heads is None else floats(self.kv_heads) / floats(self.heads)

    @property
    def ffn_ratio(self) -> Array:
        """Feed-forward width over hidden width."""
        return floats(4.0) if self.ffn_hidden is None else floats(self.ffn_hidden) / floats(self.hidden)

    @property
    def layer_weights(self) -> Array:
        """Weights of one block that one token is multiplied with: 12·h² for a GPT block."""
        ffn = np.where(self.gated, 3, 2) * self.ffn_ratio
        return floats(self.hidden) ** 2 * (2 + 2 * self.kv_share + ffn)

    @property
    def embedding_weights(self) -> Array:
        """Weights of the token embedding and, where it is not the same matrix, of the output head."""
        return floats(self.vocab) * floats(self.hidden) * np.where(self.tied, 1, 2)

    @property
    def all_params(self) -> Array:
        """Every weight of the model."""
        if self.params is not None:
            return floats(self.params)
        return floats(self.layers * self.layer_weights + self.embedding_weights)

    @property
    def step_flops_per_token(self) -> Array:
        """Model FLOP per trained token, 6·N + 12·L·h·s: no causal halving, no recomputation. It is what llm-foundry's
        MFU counts (scripts/train/benchmarking/collect_results.py), after Chowdhery 2022 (arXiv 2204.02311)."""
        active = self.all_params if self.params_active is None else floats(self.params_active)
        return floats(6 * active + 12 * floats(self.layers) * self.hidden * self.seq_len)


@dataclass(frozen=True)
class Layout:
    """How one step is spread over `devices` = tensor · pipeline · data.

    `sharding`: none, zero1 (optimizer), zero2 (and gradients; FSDP's SHARD_GRAD_OP), zero3 (and weights; FULL_SHARD).
    `attention`: fused (FlashAttention) or unfused (scores written to memory). `gradient_bytes`: 2, or 4 where
    gradients are reduced in fp32. `interleave`: model chunks per pipeline stage.
    """

    devices: Number
    global_batch: Number
    micro_batch: Number
    tensor: Number = 1
    pipeline: Number = 1
    data: Number = 1
    interleave: Number = 1
    recompute: Words = "none"
    sharding: Words = "none"
    sequence_parallel: Any = False
    precision: Words = "bf16"
    attention: Words = "fused"
    gradient_bytes: Number = 2

    def __post_init__(self) -> None:
        counts = ("devices", "global_batch", "micro_batch", "tensor", "pipeline", "data", "interleave")
        positive(self, (*counts, "gradient_bytes"))
        for name, allowed in CHOICES.items():
            unknown = set(np.unique(np.asarray(getattr(self, name)))) - set(allowed)
            if unknown:
                raise BadInput(name, str(sorted(unknown)[0]), f"choose one of {', '.join(allowed)}")
        product = floats(self.tensor) * self.pipeline * self.data
        if np.any(product != self.devices):
            raise Contradiction("devices", self.devices, f"tensor x pipeline x data makes {product.max():g}: let them agree")
        if np.any(self.micro_batches < 1):
            raise BadInput("micro_batch", self.micro_batch, "the global batch holds less than one micro-batch a replica")

    @property
    def micro_batches(self) -> Array:
        """Micro-batches of one replica in one step, m = B / (d·b)."""
        return floats(floats(self.global_batch) / (floats(self.data) * self.micro_batch))

    def shards(self, *kinds: str) -> Array:
        """Devices over which a state is split that the given kinds of sharding split, else 1."""
        return np.where(np.isin(self.sharding, kinds), floats(self.data), 1.0)


@dataclass(frozen=True)
class Machine:
    """The devices beneath: dense peaks in FLOP/s, memory, and links in GB/s per device and direction.

    `peak_flops` is that of the layout's precision, `peak_flops_16bit` that of fp16/bf16 (attention runs in it even where
    the matrix products run in fp8); `generation` names the coefficients that were measured on such devices.
    """

    generation: Words
    peak_flops: Number
    mem_bw_gb_s: Number
    link_in_node_gb_s: Number
    link_between_gb_s: Number
    mem_gb: Number
    node_size: Number = 8
    peak_flops_16bit: Number = None

    def __post_init__(self) -> None:
        names = ("peak_flops", "mem_bw_gb_s", "link_in_node_gb_s", "link_between_gb_s", "mem_gb", "node_size")
        positive(self, (*names, "peak_flops_16bit"))

    @property
    def attention_peak_flops(self) -> Array:
        """The 16-bit peak, in which attention runs."""
        return floats(self.peak_flops if self.peak_flops_16bit is None else self.peak_flops_16bit)


def positive(noun: object, names: tuple[str, ...]) -> None:
    """Refuse a field that is given and not a positive, finite number. Errors: BadInput naming the field."""
    for name in names:
        value = getattr(noun, name)
        if value is None:
            continue
        number = floats(value)
        if not np.all(np.isfinite(number) & (number > 0)):
            raise BadInput(name, value, "give a positive number")
