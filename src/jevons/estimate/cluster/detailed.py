"""Levels 1 and 2: batch and layout are known or searched for, and the step time gives the hours.

    device-hours = T_step · (tokens / tokens a step) · n / goodput / 3600
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Z80, Z90, Draws
from jevons.estimate.cluster import layout as layouts
from jevons.estimate.cluster.calibrate import Calibration, known_device, load, note
from jevons.estimate.cluster.experts import Experts
from jevons.estimate.cluster.hours import Hours, goodput_of
from jevons.estimate.cluster.machine import block_of, machine_of
from jevons.estimate.cluster.parallelism import Layout, Machine
from jevons.estimate.cluster.step_time import regime, spread, step_time_pack
from jevons.world.hardware import Device, Server
from jevons.world.models import Model

TOKENS_A_STEP = 4e6
"""Tokens in a batch where none is given: published runs of 7B to 540B models use 1 to 16 million."""
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
    cluster = _cluster(calibration, device.id, notes)
    plan, step = layouts.plan(job, layouts.parse(layout), cluster.coefficients() if cluster else None)
    notes.append(Assumption("layout", str(plan), f"fastest that fits: {plan.memory_gb:.0f} of {device.memory_gb:g} GB, "
                            f"step {plan.step_s:.2f} s, MFU {plan.mfu:.3f}", step_time_pack()["name"]))  # fmt: skip
    streams = 2 if found.encoder_decoder else 1  # a source and a target, each through its half: 3 N D
    steps = np.asarray(count, float) / (size * block.seq_len * streams)
    share, note = goodput_of(goodput, sampler)
    noise = _noise(plan.shape(devices, size, precision), machine, device, sampler, cluster)
    productive = (np.asarray(step.total_s) * steps * devices / units.SECONDS_PER_HOUR)[..., None] * noise
    lost = productive * (1 / share - 1)
    return Hours(productive, lost, "calibrated" if cluster and known_device(cluster, device.id) else "physics", (*notes, *note), ("step-time",), (productive + lost) / devices)


def _count(n: Any) -> int:
    if n is None:
        raise BadInput("n", n, "say how many devices: a batch or layout needs them")
    if np.ndim(n) or n != int(n):
        raise BadInput("n", n, "give one whole number of devices; for scenarios take jevons.estimate.sweep")
    return int(n)


def _batch(batch: Any, sequence: int, devices: int, notes: list[Assumption]) -> int:
    if batch is None:
        size = max(int(TOKENS_A_STEP // sequence), devices)
        notes.append(Assumption("batch", f"{size} sequences", "not given: about 4 million tokens a step", "jevons-rule"))
        return size
    size = units.read(batch, "", "batch", minimum=1)
    if np.ndim(size) or size != int(size):
        raise BadInput("batch", batch, "give one whole number of sequences a step; for scenarios take jevons.estimate.sweep")
    return int(size)


def _cluster(calibration: Any, device: str, notes: list[Assumption]) -> Calibration | None:
    """The calibration given as a file or as itself, noted; None where there is none."""
    if calibration is None:
        return None
    cluster = calibration if isinstance(calibration, Calibration) else load(calibration)
    notes.append(note(cluster, device))
    return cluster


def _noise(shape: Layout, machine: Machine, device: Device, sampler: Draws,
           cluster: Calibration | None = None) -> Any:  # fmt: skip
    """Multiplier about 1: residuals of models left out of the fit, the unknown cluster, and any stand-in."""
    low, high = spread(regime(shape, machine), step_time_pack()["residuals"])
    other = CLUSTER_LOG_SD if device.generation == machine.generation else float(np.hypot(CLUSTER_LOG_SD, STAND_IN_LOG_SD))
    if cluster is not None and known_device(cluster, device.id):
        other = max(cluster.residual_log_sd, CALIBRATED_LOG_SD)
    down, up = np.hypot(np.log(float(low)), other * Z80), np.hypot(np.log(float(high)), other * Z80)
    widen = Z90 / Z80
    return sampler.multiplier(np.exp(-down * widen), np.exp(up * widen), f"step time of {machine.generation}")
