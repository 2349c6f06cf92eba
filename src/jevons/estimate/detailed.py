"""Levels 1 and 2: batch and layout are known or searched for, and the step time gives the hours.

    device-hours = T_step · (tokens / tokens a step) · n / goodput / 3600
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Z90, Draws
from jevons.estimate import layout as layouts
from jevons.estimate.experts import Experts
from jevons.estimate.parallelism import Block, Layout, Machine
from jevons.estimate.step_time import regime, spread, step_time_pack
from jevons.estimate.training import Z80, Hours, goodput_of
from jevons.world.architecture import Architecture, active_parameters, parameters
from jevons.world.hardware import Device, Server
from jevons.world.models import Model

TOKENS_A_STEP = 4e6
"""Tokens in a batch where none is given: published runs of 7B to 540B models use 1 to 16 million."""
USUAL_SEQUENCE = 4096
"""Tokens a sequence in the main phase of pre-training, where none is given and the context is longer."""
NETWORK_GB_S = 25.0
"""One direction a device between nodes where the host names none: one 200 Gb/s port."""
STAND_INS = {"volta": "ampere", "pascal": "ampere", "ada": "ampere", "turing": "ampere"}
CLUSTER_LOG_SD = 0.18
"""A cluster nobody measured: coefficients of one set miss another by 18 to 30 % before a joint fit."""
CALIBRATED_LOG_SD = 0.05
"""The least that is left when steps of the very cluster were measured: the noise of a measured mean."""
STAND_IN_LOG_SD = 0.25
"""Widening where a generation has no measured steps: the spread between Ampere's and Hopper's coefficients."""


def detailed_hours(found: Model, count: Any, device: Device, host: Server | None, n: Any, precision: str,
                   sequence: Any, batch: Any, layout: Any, goodput: Any, sampler: Draws,
                   calibration: Any = None) -> Hours:  # fmt: skip
    """Device-hours from the step time of the layout given, or of the fastest one that fits.

    Errors: BadInput where the architecture, the tokens or the device count is missing; DoesNotFit.
    """
    devices = _count(n)
    if found.architecture is None or count is None:
        raise BadInput("model", found.name, "a batch or layout needs an architecture: name a model or a config.json")
    notes: list[Assumption] = []
    block = block_of(found.architecture, sequence, notes)
    peak = device.peak(precision)
    precision = peak.precision
    if peak.assumption:
        notes.append(peak.assumption)
    machine = machine_of(device, host, precision, notes)
    size = _batch(batch, int(block.seq_len), devices, notes)
    job = layouts.Job(block, machine, devices, size, precision, Experts.of(found.architecture))
    cluster = _cluster(calibration, notes)
    plan, step = layouts.plan(job, layouts.parse(layout), cluster.coefficients() if cluster else None)
    notes.append(Assumption("layout", str(plan), f"fastest that fits: {plan.memory_gb:.0f} of {device.memory_gb:g} GB, "
                            f"step {plan.step_s:.2f} s, MFU {plan.mfu:.3f}", step_time_pack()["name"]))  # fmt: skip
    steps = np.asarray(count, float) / (size * block.seq_len)
    share, note = goodput_of(goodput, sampler)
    noise = _noise(plan.shape(devices, size, precision), machine, device, sampler, cluster)
    productive = (np.asarray(step.total_s) * steps * devices / units.SECONDS_PER_HOUR)[..., None] * noise
    lost = productive * (1 / share - 1)
    return Hours(productive, lost, "calibrated" if cluster else "physics", (*notes, *note), ("step-time",), (productive + lost) / devices,
                 {"plan": plan, "step": step, "mfu": plan.mfu})  # fmt: skip


def _count(n: Any) -> int:
    if n is None:
        raise BadInput("n", n, "say how many devices: a batch or layout needs them")
    if np.ndim(n) or n != int(n):
        raise BadInput("n", n, "give one whole number of devices; arrays of scenarios need level 0")
    return int(n)


def _batch(batch: Any, sequence: int, devices: int, notes: list[Assumption]) -> int:
    if batch is None:
        size = max(int(TOKENS_A_STEP // sequence), devices)
        notes.append(Assumption("batch", f"{size} sequences", "not given: about 4 million tokens a step", "jevons-rule"))
        return size
    size = units.read(batch, "", "batch", minimum=1)
    if np.ndim(size) or size != int(size):
        raise BadInput("batch", batch, "give one whole number of sequences a step")
    return int(size)


def block_of(arch: Architecture, sequence: Any, notes: list[Assumption]) -> Block:
    """The architecture as a stack of equal blocks, in the step-time model's terms."""
    usual = min(arch.context or USUAL_SEQUENCE, USUAL_SEQUENCE)
    length = int(units.read(sequence, "", "sequence", minimum=1)) if sequence is not None else usual
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


def machine_of(device: Device, host: Server | None, precision: str, notes: list[Assumption]) -> Machine:
    """The device in its host, in the step-time model's terms; stand-ins are noted."""
    generation = device.generation
    if generation not in ("ampere", "hopper"):
        generation = STAND_INS.get(generation, "hopper")
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


def _cluster(calibration: Any, notes: list[Assumption]) -> Any:
    """The calibration given as a file or as itself, noted; None where there is none."""
    if calibration is None:
        return None
    from jevons.estimate.calibrate import Calibration, load, note

    cluster = calibration if isinstance(calibration, Calibration) else load(calibration)
    notes.append(note(cluster))
    return cluster


def _noise(shape: Layout, machine: Machine, device: Device, sampler: Draws, cluster: Any = None) -> Any:
    """Multiplier about 1: residuals of models left out of the fit, the unknown cluster, and any stand-in."""
    low, high = spread(regime(shape, machine), step_time_pack()["residuals"])
    other = CLUSTER_LOG_SD if device.generation == machine.generation else float(np.hypot(CLUSTER_LOG_SD, STAND_IN_LOG_SD))
    if cluster is not None:
        other = max(cluster.residual_log_sd, CALIBRATED_LOG_SD)
    down, up = np.hypot(np.log(float(low)), other * Z80), np.hypot(np.log(float(high)), other * Z80)
    widen = Z90 / Z80
    return sampler.multiplier(np.exp(-down * widen), np.exp(up * widen), f"step time of {machine.generation}")
