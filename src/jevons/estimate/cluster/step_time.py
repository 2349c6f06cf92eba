"""Time of one training step of a transformer, from model, layout and machine.

One device works through its share of blocks for each micro-batch: matrix products, attention, memory-bound vector
work and tensor-parallel all-reduces, never faster than the host launches the kernels. Stages of a pipeline run at the
pace of the slowest, which may be the one with the vocabulary. Gradients (or FSDP's gathers) and the optimizer follow.
Formulas: Narayanan 2021 (arXiv 2104.04473), Korthikanti 2022 (arXiv 2205.05198); coefficients: one joint fit on
measured steps, `coefficients/step_time.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from jevons.core.errors import UnknownName
from jevons.estimate.cluster import communication, gemm
from jevons.estimate.cluster.memory import stage_params
from jevons.estimate.cluster.parallelism import Array, Block, Layout, Machine, Words, floats
from jevons.estimate.packs import coefficient_pack

GB = 1e9
PASSES = 3  # forward, and a backward pass of twice its work
ACTIVATION_BYTES = 2  # 16-bit activations and weights on the wire
EMBEDDING_BYTES = 20  # per token and hidden element: gather, position, sum, and their backward, in 16 and 32 bit


@dataclass(frozen=True)
class Coefficients:
    """What the measured steps decide; meaning and unit of each in the pack's `units`."""

    gemm_efficiency_ampere: float
    gemm_efficiency_hopper: float
    gemm_efficiency_hopper_fp8: float
    gemm_half_width: float
    gemm_half_tokens: float
    odd_width_slowdown: float
    attention_efficiency_unfused: float
    attention_efficiency_ampere: float
    attention_efficiency_hopper: float
    score_bytes: float
    vector_bytes_sharded: float
    vector_bytes_replicated: float
    logit_bytes: float
    recompute_share: float
    recompute_share_attention: float
    launch_s: float
    launch_tensor_share: float
    launch_unfused_softmax_s: float
    launch_fused_share: float
    launch_sharpness: float
    link_share_in_node: float
    link_share_between: float
    collective_latency_s: float
    stage_transfer_exposed: float
    data_overlap: float
    optimizer_bytes: float
    step_overhead_s: float
    waiting_share: float

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Coefficients:
        """The coefficients of a pack entry."""
        return cls(**{field.name: float(values[field.name]) for field in fields(cls)})


@dataclass(frozen=True)
class StepTime:
    """Seconds of one step by what takes them, as a mean over the pipeline stages; they add up to `total_s`."""

    compute_s: Array
    vector_s: Array
    launch_s: Array
    tensor_comm_s: Array
    stage_comm_s: Array
    bubble_s: Array
    data_comm_s: Array
    optimizer_s: Array
    waiting_s: Array
    total_s: Array
    mfu: Array

    def parts(self) -> dict[str, Array]:
        """The components by name, without total and MFU."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("total_s", "mfu")}


@dataclass(frozen=True)
class _Rates:
    """Attained rates of the machine in a layout: byte/s, FLOP/s and efficiencies."""

    memory: Array
    in_node: Array
    between: Array
    efficiency: Array
    attention_flops: Array


def step_time_pack() -> dict[str, Any]:
    """The coefficient pack shipped with jevons."""
    return coefficient_pack("step_time")


@cache
def coefficients() -> Coefficients:
    """The joint fit on all rows."""
    return Coefficients.of(step_time_pack()["coefficients"])


def step_time(model: Block, layout: Layout, machine: Machine, c: Coefficients | None = None) -> StepTime:
    """Time of one training step; every field of the arguments may be an array, and they broadcast together.

    `total_s` = stages + (m - 1)·slowest stage, + data exchange, + optimizer, all stretched by the waiting for the
    slowest of many nodes. `mfu` counts 6·N + 12·L·h·s FLOP a token over the machine's `peak_flops`.
    Errors: UnknownName for a generation without measured coefficients.
    """
    c = coefficients() if c is None else c
    rates = _rates(model, layout, machine, c)
    work, tensor, wait = _layer(model, layout, machine, rates, c)
    head, head_tensor, embedding = _ends(model, layout, machine, rates, c)
    hop = _stage_hop(model, layout, machine, rates, c)
    p, m = floats(layout.pipeline), layout.micro_batches
    depth = floats(model.layers) / p
    layers = depth * (sum(work) + tensor + wait)
    stages, slowest = _stages(layers, head + head_tensor, embedding, hop, p)
    busy = m * stages / p
    pipeline = m * slowest + (stages - slowest) / layout.interleave
    data = _data_exchange(model, layout, machine, rates, c, pipeline)
    optimizer = _optimizer(model, layout, rates, c)
    nodes = np.maximum(floats(layout.devices) / machine.node_size, 1)
    waiting = c.waiting_share * np.log2(nodes) * (pipeline + data + optimizer)
    total = pipeline + data + optimizer + waiting
    flops = model.step_flops_per_token * floats(layout.global_batch) * model.seq_len
    return StepTime(
        compute_s=m * (depth * work[0] + head / p),
        vector_s=m * (depth * work[1] + embedding / p),
        launch_s=m * depth * wait,
        tensor_comm_s=m * (depth * tensor + head_tensor / p),
        stage_comm_s=m * hop * 2 * (p - 1) / p,
        bubble_s=pipeline - busy,
        data_comm_s=data,
        optimizer_s=optimizer,
        waiting_s=waiting,
        total_s=total,
        mfu=flops / (total * layout.devices * machine.peak_flops),
    )


def _rates(model: Block, layout: Layout, machine: Machine, c: Coefficients) -> _Rates:
    ceiling, attention = _efficiencies(machine.generation, layout.precision, layout.attention, c)
    width, tokens = floats(model.hidden) / layout.tensor, floats(layout.micro_batch) * model.seq_len
    return _Rates(
        memory=floats(machine.mem_bw_gb_s) * GB,
        in_node=c.link_share_in_node * floats(machine.link_in_node_gb_s) * GB,
        between=c.link_share_between * floats(machine.link_between_gb_s) * GB,
        efficiency=gemm.saturating_efficiency(ceiling, width, tokens, c.gemm_half_width, c.gemm_half_tokens),
        attention_flops=attention * machine.attention_peak_flops,
    )


def _efficiencies(generation: Words, precision: Words, attention: Words, c: Coefficients) -> tuple[Array, Array]:
    """Ceilings of matrix products and of attention as shares of peak. Errors: UnknownName."""
    gen, fp8 = np.asarray(generation), np.asarray(precision) == "fp8"
    measured = {"ampere": ~fp8 & (gen == "ampere"), "hopper": ~fp8 & (gen == "hopper")}
    measured["hopper in fp8"] = fp8 & (gen == "hopper")
    if not np.all(np.any(list(measured.values()), axis=0)):
        odd = sorted({f"{g} in {p}" for g, p in np.broadcast(gen, np.asarray(precision))} - set(_known()))
        raise UnknownName("measured generation", odd[0], tuple(measured), "name the one that stands in for it")
    ceilings = (c.gemm_efficiency_ampere, c.gemm_efficiency_hopper, c.gemm_efficiency_hopper_fp8)
    fused = np.where(gen == "ampere", c.attention_efficiency_ampere, c.attention_efficiency_hopper)
    unfused = np.asarray(attention) == "unfused"
    return floats(np.select(list(measured.values()), ceilings)), np.where(unfused, c.attention_efficiency_unfused, fused)


def _known() -> tuple[str, ...]:
    return tuple(f"{g} in {p}" for g in ("ampere", "hopper") for p in ("bf16", "fp16")) + ("hopper in fp8",)


def _passes(layout: Layout, share: float, *kinds: str) -> Array:
    """Forward passes' worth of work in one step: 3, and the repeated share where the kind of recompute repeats it."""
    return floats(PASSES + share * np.isin(layout.recompute, kinds))


def _layer(
    model: Block, layout: Layout, machine: Machine, rates: _Rates, c: Coefficients
) -> tuple[tuple[Array, Array], Array, Array]:
    """One block and micro-batch, forward and backward: (compute, vector), tensor all-reduces, wait for launches."""
    t, tokens = floats(layout.tensor), floats(layout.micro_batch) * model.seq_len
    unfused = np.asarray(layout.attention) == "unfused"
    again = _passes(layout, c.recompute_share, "full")
    attention_again = _passes(layout, c.recompute_share_attention, "full", "selective")
    products = gemm.gemm_s(gemm.layer_flops(tokens, model.layer_weights, t), machine.peak_flops, rates.efficiency)
    attention = gemm.attention_flops(tokens, model.seq_len, model.hidden, t) / rates.attention_flops
    scores = gemm.score_traffic_bytes(tokens, model.seq_len, model.heads, t, c.score_bytes) * unfused
    vectors = gemm.vector_traffic_bytes(
        tokens, model.hidden, t, c.vector_bytes_sharded, c.vector_bytes_replicated, layout.sequence_parallel
    )
    compute = again * products + attention_again * attention
    vector = (again * vectors + attention_again * scores) / rates.memory
    reductions = 4 + 2 * (np.asarray(layout.recompute) == "full")
    tensor = reductions * _tensor_all_reduce(model, layout, machine, rates, c.collective_latency_s)
    busy = compute + vector + tensor
    return (compute, vector), tensor, gemm.soft_floor(busy, _launch_s(model, layout, c), c.launch_sharpness) - busy


def _launch_s(model: Block, layout: Layout, c: Coefficients) -> Array:
    """Time the host takes to launch the kernels of one block, forward and backward."""
    unfused = np.asarray(layout.attention) == "unfused"
    kernels = c.launch_s * np.where(unfused, 1, c.launch_fused_share)
    kernels = kernels * (1 + c.launch_tensor_share * (floats(layout.tensor) > 1))
    refused = unfused & gemm.fused_softmax_refused(layout.micro_batch, model.heads, layout.tensor)
    again = np.where(np.asarray(layout.recompute) == "full", (PASSES + 1) / PASSES, 1)
    return floats((kernels + c.launch_unfused_softmax_s * refused) * again)


def _tensor_all_reduce(model: Block, layout: Layout, machine: Machine, rates: _Rates, latency_s: float) -> Array:
    """One all-reduce of a micro-batch's activations, 2·b·s·h bytes, over the tensor-parallel group."""
    message = ACTIVATION_BYTES * floats(layout.micro_batch) * model.seq_len * model.hidden
    bandwidth = communication.tensor_bandwidth(layout.tensor, machine.node_size, rates.in_node, rates.between)
    return floats(communication.all_reduce_s(message, layout.tensor, bandwidth, latency_s))


def _ends(
    model: Block, layout: Layout, machine: Machine, rates: _Rates, c: Coefficients
) -> tuple[Array, Array, Array]:
    """Output head with loss, its all-reduces, and embedding, for one micro-batch, forward and backward."""
    t, tokens = floats(layout.tensor), floats(layout.micro_batch) * model.seq_len
    flops = PASSES * gemm.layer_flops(tokens, floats(model.vocab) * model.hidden, t)
    slow = np.where(gemm.odd_width(model.vocab, t), c.odd_width_slowdown, 1)
    head = slow * gemm.gemm_s(flops, machine.peak_flops, rates.efficiency)
    head = head + c.logit_bytes * tokens * model.vocab / t / rates.memory
    embedding = EMBEDDING_BYTES * tokens * model.hidden / rates.memory
    return head, 2 * _tensor_all_reduce(model, layout, machine, rates, 0.0), embedding


def _stage_hop(model: Block, layout: Layout, machine: Machine, rates: _Rates, c: Coefficients) -> Array:
    """Activations forward and gradients back across one stage boundary, each rank its slice; only what is exposed."""
    message = ACTIVATION_BYTES * floats(layout.micro_batch) * model.seq_len * model.hidden / layout.tensor
    rate = communication.stage_bandwidth(layout.tensor, layout.data, machine.node_size, rates.in_node, rates.between)
    transfer = 2 * layout.interleave * message / rate
    return np.where(floats(layout.pipeline) > 1, c.stage_transfer_exposed * transfer, 0.0)


def _stages(layers: Array, head: Array, embedding: Array, hop: Array, p: Array) -> tuple[Array, Array]:
    """Sum over the stages and the slowest stage, for one micro-batch.

    The first stage embeds, the last has the head; inner stages cross two boundaries, end stages one.
    """
    one = p == 1
    first = layers + embedding + hop
    last = layers + head + hop + np.where(one, embedding, 0)
    inner = layers + 2 * hop
    total = np.where(one, last, first + last + np.maximum(p - 2, 0) * inner)
    slowest = np.maximum(last, np.where(one, 0, np.maximum(first, np.where(p > 2, inner, 0))))
    return total, slowest


def _data_exchange(
    model: Block, layout: Layout, machine: Machine, rates: _Rates, c: Coefficients, work_s: Array
) -> Array:
    """What of the data-parallel traffic is not hidden behind the work.

    Plain and zero1: gradients reduced and weights (or gradients) gathered once, after the work. zero2 and zero3 gather
    weights for each micro-batch (zero3 again for its backward pass) while they compute, and reduce gradients once.
    """
    params, sharding = stage_params(model, layout), np.asarray(layout.sharding)
    gradients = floats(layout.gradient_bytes) * params
    weights = ACTIVATION_BYTES * params
    gathers = np.where(sharding == "zero3", 2, 1) * layout.micro_batches
    streamed = np.isin(sharding, ("zero2", "zero3"))
    second = np.where(sharding == "none", gradients, weights)
    traffic = gradients + np.where(streamed, gathers * weights, second)
    group = (layout.tensor, layout.data, machine.node_size, rates.in_node, rates.between)
    transfer = floats(communication.data_collective_s(traffic, *group))
    return np.where(streamed, floats(communication.exposed_s(transfer, work_s, c.data_overlap)), transfer)


def _optimizer(model: Block, layout: Layout, rates: _Rates, c: Coefficients) -> Array:
    """Adam reads and writes its states once, plus a fixed overhead of the step."""
    states = stage_params(model, layout) / layout.shards("zero1", "zero2", "zero3")
    return floats(c.optimizer_bytes * states / rates.memory + c.step_overhead_s)


def regime(layout: Layout, machine: Machine) -> Words:
    """Under which of the measured circumstances a layout falls; the spread of the residuals is kept for each."""
    many = floats(layout.devices) > machine.node_size
    unfused = np.where(many, "unfused attention, many nodes", "unfused attention, one node")
    return np.where(np.asarray(layout.attention) == "unfused", unfused, "fused attention")


def spread(regimes: Words, residuals: Mapping[str, Mapping[str, float]]) -> tuple[Array, Array]:
    """Factors from the best step time to its 10 % and 90 % quantile, from residuals of models left out of the fit."""

    def factor(quantile: str) -> Array:
        return floats(np.vectorize(lambda name: np.exp(residuals[name][quantile]), otypes=[float])(regimes))

    return factor("log_q10"), factor("log_q90")
