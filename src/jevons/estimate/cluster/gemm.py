"""Time a device spends on one transformer block: matrix products, attention, and the memory-bound rest.

All functions are pure and broadcast; sizes in elements, times in seconds, rates in FLOP/s and byte/s.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Number = Any


def saturating_efficiency(
    ceiling: Number, width: Number, tokens: Number, half_width: Number, half_tokens: Number
) -> Number:
    """Share of peak a matrix product reaches: e = e0 · w/(w + w½) · k/(k + k½).

    e0 the ceiling of large products on this generation, w the width one tensor-parallel rank holds, k the tokens of
    a micro-batch. Narrow or short products do not fill the device (Narayanan 2021, arXiv 2104.04473).
    """
    return ceiling * width / (width + half_width) * tokens / (tokens + half_tokens)


def gemm_s(flops: Number, peak_flops: Number, efficiency: Number) -> Number:
    """t = F / (peak · e), seconds."""
    return flops / (peak_flops * efficiency)


def layer_flops(tokens: Number, layer_weights: Number, tensor: Number) -> Number:
    """Forward FLOP of the matrix products of one block on one rank: 2·k·W/t (24·b·s·h²/t for a GPT block;
    Narayanan 2021)."""
    return 2 * tokens * layer_weights / tensor


def attention_flops(tokens: Number, seq_len: Number, hidden: Number, tensor: Number) -> Number:
    """Forward FLOP of scores and weighted sums of one block on one rank, masked half included: 4·k·s·h/t
    (Narayanan 2021)."""
    return 4 * tokens * seq_len * hidden / tensor


def score_traffic_bytes(tokens: Number, seq_len: Number, heads: Number, tensor: Number, bytes_each: Number) -> Number:
    """Bytes that unfused attention moves for its score matrix: k·s·a/t scores, `bytes_each` a score
    (softmax, dropout and mask read and write it; FlashAttention, Dao 2022, arXiv 2205.14135, never stores it)."""
    return bytes_each * tokens * seq_len * heads / tensor


def vector_traffic_bytes(
    tokens: Number, hidden: Number, tensor: Number, sharded: Number, replicated: Number, sequence_parallel: Any
) -> Number:
    """Bytes of norms, activations, dropout and residuals in one block: k·h·(v_s/t + v_r).

    v_s the bytes a hidden element inside the tensor-parallel region, v_r outside it, where every rank repeats the
    work unless the sequence is split too (Korthikanti 2022, arXiv 2205.05198).
    """
    outside = np.where(sequence_parallel, replicated / tensor, replicated)
    return tokens * hidden * (sharded / tensor + outside)


def fused_softmax_refused(micro_batch: Number, heads: Number, tensor: Number) -> Any:
    """Whether Megatron's fused masked softmax falls back to separate kernels: its blocks take four (sequence, head)
    pairs, so b·a/t must be a multiple of 4 (NVIDIA/Megatron-LM, fused_softmax.py, is_kernel_available)."""
    return np.asarray(micro_batch) * heads / tensor % 4 != 0


def odd_width(vocab: Number, tensor: Number) -> Any:
    """Whether a rank's slice of the vocabulary has an odd width: 16-bit rows then start off any alignment and tensor
    cores cannot be fed at full rate (NVIDIA, Matrix Multiplication Background User's Guide)."""
    return np.asarray(vocab) // tensor % 2 == 1


def soft_floor(work_s: Number, floor_s: Number, sharpness: Number) -> Number:
    """(workᵖ + floorᵖ)^(1/p): the greater of the two, rounded where they meet.

    A device waits for the host to launch its kernels, so a block takes at least the time of its launches; p → ∞ gives
    the sharp maximum, p = 1 the sum.
    """
    high, low = np.maximum(work_s, floor_s), np.minimum(work_s, floor_s)
    return high * (1 + (low / high) ** sharpness) ** (1 / sharpness)
