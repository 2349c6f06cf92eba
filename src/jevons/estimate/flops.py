"""Floating-point operations of training and of a forward pass, counted from the architecture.

A multiply-add is 2 FLOP; only matrix products are counted (norms, softmax and activations are not).
A backward pass costs twice its forward pass, so training is three forwards (Kaplan et al. 2020,
arXiv 2001.08361, section 2.1). These are model FLOP: what recomputation repeats is `recompute_factor`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core.errors import BadInput
from jevons.world.architecture import (
    Architecture,
    attention_layers,
    attention_weights,
    ffn_weights,
    mamba_weights,
    moe_layers,
    windowed_share,
)

Number = Any  # a float or an array of floats; every function here broadcasts


def visible_keys(seq_len: Number, window: int = 0, causal: bool = True) -> Number:
    """Keys a query meets, averaged over a sequence of `seq_len` tokens.

    Causal: (s + 1) / 2. Causal with a window w < s: w - w (w - 1) / 2s. Else every key of the
    sequence, or of the window. With causal=False the masked half counts too, as in Narayanan 2021.
    """
    s = np.asarray(seq_len, dtype=float)
    if np.any(~(s >= 1)):
        raise BadInput("seq_len", seq_len, "give a sequence length of at least 1 token")
    w = np.minimum(s, window) if window else s
    return w - w * (w - 1) / (2 * s) if causal else w


def score_flops_per_token(arch: Architecture, seq_len: Number, causal: bool = True) -> Number:
    """Forward FLOP of self-attention's scores and weighted sums, one token through all decoder blocks.

    2·H·(d_qk + d_v) for each key met; windowed blocks meet at most their window.
    """
    bidirectional = arch.kind == "encoder" or not causal
    share = windowed_share(arch)
    keys = (1 - share) * visible_keys(seq_len, 0, not bidirectional)
    keys = keys + share * visible_keys(seq_len, arch.window, not bidirectional)
    return (attention_layers(arch) - arch.encoder_layers) * _pair_flops(arch) * keys


def forward_flops_per_token(
    arch: Architecture, seq_len: Number, causal: bool = True, target_len: Number | None = None
) -> Number:
    """Forward FLOP for one token of a sequence of `seq_len` tokens.

    Twice every weight the token meets (attention, FFN or its top-k and shared experts, router, Mamba,
    vocabulary head; never the embedding look-up), plus the attention scores. For an encoder-decoder
    `seq_len` is the source, `target_len` the target (default: as long), and the result is the mean
    over source and target tokens together: about half the weights each, hence 3ND in training.
    """
    if arch.kind == "encoder-decoder":
        target = seq_len if target_len is None else target_len
        return _pair_of_sequences_flops(arch, seq_len, target, causal) / (np.asarray(seq_len) + target)
    attention, mamba = attention_layers(arch), arch.layers - attention_layers(arch)
    weights = attention * attention_weights(arch) + mamba * mamba_weights(arch)
    weights += _ffn_weights_met(arch, arch.layers, moe_layers(arch)) + _head_weights(arch)
    return 2 * weights + mamba * _scan_flops(arch) + score_flops_per_token(arch, seq_len, causal)


def training_flops_per_token(
    arch: Architecture, seq_len: Number, causal: bool = True, target_len: Number | None = None
) -> Number:
    """Forward and backward FLOP for one training token: three forward passes, nothing recomputed."""
    return 3 * forward_flops_per_token(arch, seq_len, causal, target_len)


def six_nd(active_parameters: Number, tokens: Number) -> Number:
    """C = 6·N·D, FLOP to train N (active) parameters on D tokens.

    Kaplan et al. 2020 (arXiv 2001.08361), equation 2.2 ff.; Hoffmann et al. 2022 (arXiv 2203.15556).
    Leaves out the attention scores; N with or without embeddings is the caller's choice.
    """
    return 6.0 * np.asarray(active_parameters) * tokens


def encoder_decoder_flops(parameters: Number, tokens: Number) -> Number:
    """C = 3·N·D: a token meets the encoder or the decoder, about half of N (Brown et al. 2020, table D.1)."""
    return 3.0 * np.asarray(parameters) * tokens


def gpt_block_step_flops(
    batch: Number, seq_len: Number, layers: Number, hidden: Number, vocab: Number
) -> Number:
    """F = 72·B·s·L·h²·(1 + s/6h + V/12Lh), FLOP of one training step of a GPT without recomputation.

    Narayanan et al. 2021 (arXiv 2104.04473), equation 3 and appendix (with recomputation: 96, V/16Lh).
    B sequences, s tokens each, L blocks, h hidden, V vocabulary; FFN is 4h wide, scores unmasked.
    """
    b, s, n, h, v = (np.asarray(x, dtype=float) for x in (batch, seq_len, layers, hidden, vocab))
    return 72 * b * s * n * h**2 * (1 + s / (6 * h) + v / (12 * n * h))


def lora_flops(parameters: Number, tokens: Number, adapter_parameters: Number) -> Number:
    """C = 4·N·D + 6·A·D: frozen weights need forward and input gradients only, the adapter all three."""
    return (4.0 * np.asarray(parameters) + 6.0 * np.asarray(adapter_parameters)) * tokens


def distillation_flops(student: Number, teacher: Number, tokens: Number) -> Number:
    """C = 6·S·D + 2·T·D: the student trains, the teacher's forward pass labels every token.

    Of an encoder-decoder half the parameters are meant: those a token meets.
    """
    return (6.0 * np.asarray(student) + 2.0 * np.asarray(teacher)) * tokens


def recompute_factor(kind: str, score_share: Number = 0.0) -> Number:
    """Hardware FLOP over model FLOP when activations are recomputed.

    none 1; full 4/3 (every forward twice, Narayanan 2021); selective 1 + score_share / 3: only the
    attention scores again (Korthikanti et al. 2022, arXiv 2205.05198), `score_share` being their share
    of the forward FLOP, `score_flops_per_token / forward_flops_per_token`.
    """
    share = np.asarray(score_share, dtype=float)
    if np.any(~((share >= 0) & (share <= 1))):
        raise BadInput("score_share", score_share, "give a share between 0 and 1")
    factors = {"none": 1.0 + 0 * share, "selective": 1 + share / 3, "full": 4 / 3 + 0 * share}
    if kind not in factors:
        raise BadInput("recompute", kind, f"use one of {', '.join(factors)}")
    return factors[kind]


def _pair_flops(arch: Architecture) -> int:
    """Forward FLOP of one query meeting one key and one value, all heads of one block."""
    if arch.kv_lora_rank:
        return 2 * arch.heads * (arch.qk_nope_head_dim + arch.qk_rope_head_dim + arch.v_head_dim)
    return 4 * arch.heads * arch.head_dim


def _ffn_weights_met(arch: Architecture, layers: int, moe: int) -> int:
    """FFN and router weights one token meets in `layers` blocks, `moe` of them mixtures."""
    experts = arch.active_experts + arch.shared_experts
    mixture = experts * ffn_weights(arch, arch.expert_ffn_hidden)
    mixture += arch.hidden * (arch.experts + arch.shared_gate)
    return (layers - moe) * ffn_weights(arch, arch.ffn_hidden) + moe * mixture


def _head_weights(arch: Architecture) -> int:
    width = arch.embedding_hidden or arch.hidden
    return arch.vocab * width + (2 * width * arch.hidden if arch.embedding_hidden else 0)


def _scan_flops(arch: Architecture) -> int:
    """Convolution (2·k) and recurrence (discretise A and B, update, read: 6·state) a channel."""
    return arch.ssm_expand * arch.hidden * (2 * arch.ssm_conv + 6 * arch.ssm_state)


def _pair_of_sequences_flops(arch: Architecture, source: Number, target: Number, causal: bool) -> Number:
    """Forward FLOP of one example: source through the encoder, target through the decoder and the head.

    The cross-attention's key and value matrices read the source, its query and output the target.
    """
    s, t = np.asarray(source, dtype=float), np.asarray(target, dtype=float)
    moe_share = moe_layers(arch) / (arch.layers + arch.encoder_layers)
    ffn = [_ffn_weights_met(arch, n, round(n * moe_share)) for n in (arch.encoder_layers, arch.layers)]
    cross_kv = 2 * arch.hidden * arch.kv_heads * arch.head_dim
    cross_q = attention_weights(arch) - cross_kv
    encoder = arch.encoder_layers * attention_weights(arch) + ffn[0] + arch.layers * cross_kv
    decoder = arch.layers * (attention_weights(arch) + cross_q) + ffn[1] + _head_weights(arch)
    pairs = arch.encoder_layers * s * s + arch.layers * t * (visible_keys(t, 0, causal) + s)
    return 2 * (s * encoder + t * decoder) + _pair_flops(arch) * pairs
