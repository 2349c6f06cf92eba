"""A model and a machine of the tables, in the step-time model's terms; every stand-in is noted."""

from __future__ import annotations

from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.estimate.cluster.parallelism import Block, Machine
from jevons.estimate.cluster.step_time import step_time_pack
from jevons.world.architecture import Architecture, active_parameters, parameters
from jevons.world.hardware import Device, Server

USUAL_SEQUENCE = 4096
"""Tokens a sequence in the main phase of pre-training, where none is given and the context is longer."""
NETWORK_GB_S = 25.0
"""One direction a device between nodes where the host names none: one 200 Gb/s port."""
STAND_INS = {"volta": "ampere", "pascal": "ampere", "ada": "ampere", "turing": "ampere"}


def block_of(arch: Architecture, sequence: Any, notes: list[Assumption]) -> Block:
    """The architecture as a stack of equal blocks, in the step-time model's terms."""
    usual = min(arch.context or USUAL_SEQUENCE, USUAL_SEQUENCE)
    length = usual if sequence is None else _length(sequence)
    if sequence is None:
        notes.append(Assumption("sequence", f"{length} tokens", "not given: longer contexts come late in training",
                                "jevons-rule"))  # fmt: skip
    width = arch.ffn_hidden
    if arch.experts:
        width = (arch.active_experts + arch.shared_experts) * arch.expert_ffn_hidden
        notes.append(Assumption("expert exchange", "all-to-all by bytes over bandwidth", "no measured step of a "
                                "mixture of experts is in the fit", "jevons-rule"))  # fmt: skip
    return Block(layers=arch.layers + arch.encoder_layers, hidden=arch.hidden, heads=arch.heads, seq_len=length,
                 vocab=arch.vocab, kv_heads=arch.kv_heads, ffn_hidden=width, gated=arch.gated, tied=arch.tied,
                 params=float(parameters(arch)), params_active=float(active_parameters(arch)))  # fmt: skip


def _length(sequence: Any) -> int:
    length = units.read(sequence, "", "sequence", minimum=1)
    if not isinstance(length, float) or length % 1:
        raise BadInput("sequence", sequence, "give one whole number of tokens")
    return int(length)


def machine_of(device: Device, host: Server | None, precision: str, notes: list[Assumption]) -> Machine:
    """The device in its host, in the step-time model's terms; stand-ins are noted."""
    generation = device.generation
    if generation not in ("ampere", "hopper"):
        generation = "hopper" if precision == "fp8" else STAND_INS.get(generation, "hopper")
        notes.append(Assumption(f"kernel efficiency of {device.generation}", f"that of {generation}",
                                "no measured training steps of this generation", step_time_pack()["name"]))  # fmt: skip
    if device.memory_gb is None or device.memory_bw_gb_s is None:
        raise BadInput("on", device.id, "its memory or bandwidth is not published; name another, or leave out layout")
    link = (host.link_gb_s if host else None) or device.link_gb_s or device.memory_bw_gb_s / 32
    network = host.network_gb_s if host else None
    if network is None:
        network = NETWORK_GB_S
        notes.append(Assumption("network", f"{network:g} GB/s a device", "the host names none", "jevons-rule"))
    peak = device.peak(precision)
    return Machine(generation, peak.tflops * 1e12, device.memory_bw_gb_s, link, network, device.memory_gb,
                   host.devices if host else 8, device.peak("bf16").tflops * 1e12)  # fmt: skip
