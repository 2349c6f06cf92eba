"""Memory a training step takes on its fullest device.

Weights and states: mixed-precision Adam, 2 + gradient + 12 bytes a parameter, split as ZeRO does (Rajbhandari 2020,
arXiv 1910.02054). Activations: Korthikanti 2022 (arXiv 2205.05198).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jevons.estimate.cluster.parallelism import Array, Block, Layout, Machine, floats

GB = 1e9
WEIGHT_BYTES = 2  # the 16-bit copy
ADAM_BYTES = 12  # 32-bit master copy, momentum and variance


@dataclass(frozen=True)
class Memory:
    """GB on the fullest device, by what fills them."""

    weights_gb: Array
    gradients_gb: Array
    optimizer_gb: Array
    activations_gb: Array

    @property
    def total_gb(self) -> Array:
        """All of it; the framework's own buffers and fragmentation come on top."""
        return self.weights_gb + self.gradients_gb + self.optimizer_gb + self.activations_gb


def memory(model: Block, layout: Layout) -> Memory:
    """Memory of the fullest device of a layout, GB."""
    held = stage_params(model, layout) / GB
    return Memory(
        weights_gb=WEIGHT_BYTES * held / layout.shards("zero3"),
        gradients_gb=floats(layout.gradient_bytes) * held / layout.shards("zero2", "zero3"),
        optimizer_gb=ADAM_BYTES * held / layout.shards("zero1", "zero2", "zero3"),
        activations_gb=activation_bytes(model, layout) / GB,
    )


def memory_gb(model: Block, layout: Layout) -> Array:
    """Total of `memory`, GB."""
    return memory(model, layout).total_gb


def memory_share(model: Block, layout: Layout, machine: Machine) -> Array:
    """Memory needed over memory there is. Above 1 it does not fit; above about 0.9 expect surprises: allocator retries
    made measured steps up to 30 % slower than their neighbours there (llm-foundry's tables)."""
    return floats(memory_gb(model, layout) / machine.mem_gb)


def stage_params(model: Block, layout: Layout) -> Array:
    """Weights a device of the fullest pipeline stage holds before sharding: its blocks and one vocabulary matrix."""
    blocks = (model.all_params - model.embedding_weights) / layout.pipeline
    one = floats(model.vocab) * model.hidden
    return floats((blocks + np.where(floats(layout.pipeline) > 1, one, model.embedding_weights)) / layout.tensor)


def layer_activation_bytes(model: Block, layout: Layout) -> Array:
    """Activations one block keeps for the backward pass of one micro-batch when nothing is recomputed.

    s·b·h·(10 + (8 + 4·f/h)/t + 5·a·s/(h·t)): 24/t for a GPT block (f = 4h); gated blocks keep 8·f/h. The last term,
    the scores, is absent with fused attention or selective recomputation; a split sequence divides the 10 by t.
    """
    t = floats(layout.tensor)
    outside = 10 / np.where(layout.sequence_parallel, t, 1)
    inside = (4 + 4 * model.kv_share + np.where(model.gated, 8, 4) * model.ffn_ratio) / t
    stored = (np.asarray(layout.attention) == "unfused") & (np.asarray(layout.recompute) == "none")
    scores = np.where(stored, 5 * floats(model.heads) * model.seq_len / (floats(model.hidden) * t), 0)
    return _elements(model, layout) * (outside + inside + scores)


def activation_bytes(model: Block, layout: Layout) -> Array:
    """Activations on the first pipeline stage, which keeps up to p micro-batches alive at once.

    Full recomputation keeps each block's input (2·s·b·h) and the working set of one block. A stage that also holds
    the head adds the fp32 logits, 4·s·b·(h + V)/t.
    """
    p, v = floats(layout.pipeline), floats(layout.interleave)
    alive = np.minimum(layout.micro_batches, p * np.where(p > 1, 1 + (p - 1) / (p * v) * (v > 1), 1))
    each = layer_activation_bytes(model, layout)
    inputs = 2 * _elements(model, layout) / np.where(layout.sequence_parallel, layout.tensor, 1)
    full = np.asarray(layout.recompute) == "full"
    kept = np.where(full, inputs, each) * floats(model.layers) / p * alive + np.where(full, each, 0)
    tokens = floats(layout.micro_batch) * model.seq_len
    head = 4 * tokens * (floats(model.hidden) + model.vocab) / layout.tensor
    return kept + np.where(p == 1, head, 0)


def _elements(model: Block, layout: Layout) -> Array:
    return floats(floats(model.seq_len) * layout.micro_batch * model.hidden)
