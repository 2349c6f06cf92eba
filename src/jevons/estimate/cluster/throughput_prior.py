"""What is known of training speed before a run: the effective MFU of published runs like it.

Level L0. Only work, active parameters, hardware generation, year and (where known) the device count enter:

    hours = C / (3600 P m) · r^(-w) · (1 + (1 - w) k / max(N, N0)),   w = 1 / (1 + n / n0)

C [FLOP] work, P [FLOP/s] dense bf16 peak of a device, N active parameters, n devices (unknown: many), and from
the coefficient pack m effective MFU of the generation at large scale (restarts, evaluation and stragglers
included), r what a small cluster gains, n0 its size, k [parameters] the cost per token that does not shrink
with the model, and N0 the size below which no run was fitted: the slowdown is not carried on beyond it. The best estimate is near the median of what happens; the interval is 10-90 % and wider upwards,
for real runs err on the slow side. Coefficients, priors and their sources: coefficients/training.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jevons.core.errors import BadInput
from jevons.core.units import SECONDS_PER_HOUR
from jevons.estimate.packs import coefficient_pack

Array = NDArray[np.float64]
Pack = Mapping[str, Any]


@dataclass(frozen=True)
class EarlierRun:
    """A finished run of the same stack (hardware generation, software, people): what it was and took."""

    device_hours: float
    flops: float
    params_active: float
    hardware_generation: str
    peak_flops: float
    year: int | None = None
    devices: float | None = None


@dataclass(frozen=True)
class DeviceHours:
    """Device-hours: `best`, and the factors `low` and `high` on it that bound the 10-90 % interval.

    `prior` names the throughput class used; `stands_in` is true where the generation itself has no published
    runs in the pack, so that a neighbour's or the mean efficiency was taken and the interval widened.
    """

    best: Array
    low: Array
    high: Array
    prior: str
    stands_in: bool


def training_pack() -> dict[str, Any]:
    """The coefficient pack shipped with jevons: priors, coefficients, residuals, rows they were fitted on."""
    return coefficient_pack("training")


def throughput_class(hardware_generation: str, year: int | None, pack: Pack) -> tuple[str, bool]:
    """The class of the pack that speaks for a generation in a year, and whether it only stands in for it.

    A generation may have an older software era (Ampere before fused attention); an unknown year counts as today.
    """
    name = hardware_generation.strip().lower()
    stands_in = name not in pack["coefficients"]["effective_mfu"]
    name = pack["stand_ins"].get(name, "other") if stands_in else name
    era = pack["software_eras"].get(name)
    older = era is not None and year is not None and year < era["before"]
    return (era["class"] if older else name), stands_in


def small_cluster_weight(devices: ArrayLike | None, scale_devices: float) -> Array:
    """w = 1 / (1 + n / n0): 1 for a single device, 0 for a large cluster; unknown (None, NaN) counts as large."""
    n = np.asarray(np.inf if devices is None else devices, dtype=float)
    return np.where(np.isnan(n), 0.0, 1.0 / (1.0 + n / scale_devices))


def effective_mfu(params_active: ArrayLike, prior: str, devices: ArrayLike | None, coefficients: Pack) -> Array:
    """Effective MFU = m · r^w / (1 + (1 - w) k / max(N, N0)): model FLOP over device-hours × peak, nothing subtracted."""
    w = small_cluster_weight(devices, coefficients["small_cluster_devices"])
    slow = 1.0 + per_token_cost(params_active, prior, devices, coefficients)
    gain = np.exp(w * np.log(coefficients["small_cluster_gain"]))
    result: Array = coefficients["effective_mfu"][prior] * gain / slow
    return result


def per_token_cost(params_active: ArrayLike, prior: str, devices: ArrayLike | None, coefficients: Pack) -> Array:
    """(1 - w) k / max(N, N0): what a token costs beside its work, as a share of it; 0 where a class has no such cost."""
    w = small_cluster_weight(devices, coefficients["small_cluster_devices"])
    size = np.maximum(np.asarray(params_active, dtype=float), coefficients["per_token_smallest_params"])
    result: Array = (1.0 - w) * coefficients["per_token_params"].get(prior, 0.0) / size
    return result


def device_hours(
    *,
    flops: ArrayLike,
    params_active: ArrayLike,
    hardware_generation: str,
    peak_flops: ArrayLike,
    year: int | None = None,
    devices: ArrayLike | None = None,
    earlier_run: EarlierRun | None = None,
    coefficients: Pack | None = None,
) -> DeviceHours:
    """Device-hours of a training run from what is known before it; numbers broadcast over arrays.

    `flops` is the model's work (6·N·D and its kin), `peak_flops` the dense bf16 peak of one device [FLOP/s].
    `earlier_run` of the same stack shifts and narrows the answer. `coefficients` is a pack as
    `training_pack()` (the default) or `without_family` gives it.
    Errors: BadInput where a number is not positive, or the earlier run ran on another generation.
    """
    pack = training_pack() if coefficients is None else coefficients
    work, params = _positive("flops", flops), _positive("params_active", params_active)
    peak = _positive("peak_flops", peak_flops)
    if devices is not None:
        _positive("devices", devices, unknown_allowed=True)
    prior, stands_in = throughput_class(hardware_generation, year, pack)
    best = work / (SECONDS_PER_HOUR * peak * effective_mfu(params, prior, devices, pack["coefficients"]))
    scale = relative_spread(params, prior, stands_in, devices, pack)
    if earlier_run is not None:
        shift, narrowing = calibrate(earlier_run, params, prior, pack)
        best, scale = best * shift, scale * narrowing
    low, high = (np.exp(pack["residuals"][end] * scale) for end in ("log_p10", "log_p90"))
    return DeviceHours(best, low, high, prior, stands_in)


def calibrate(earlier: EarlierRun, params_active: ArrayLike, prior: str, pack: Pack) -> tuple[Array, Array]:
    """What one earlier run of the stack teaches: factors on the best estimate and on the log-width.

    Empirical Bayes. With t² the variance of log hours between stacks, s² from run to run within a stack, and
    q = exp(-ln(N/N')² / 2l²) the likeness of sizes, the posterior shift is q t²/(t²+s²) · ln(observed/predicted)
    and the variance left t² (1 - q² t²/(t²+s²)) + s² of t² + s².
    """
    if not isinstance(earlier, EarlierRun):
        raise BadInput("earlier_run", earlier, "give an EarlierRun (jevons.estimate.cluster.throughput_prior)")
    theirs, _ = throughput_class(earlier.hardware_generation, earlier.year, pack)
    if theirs != prior:
        raise BadInput("earlier_run", earlier.hardware_generation, f"give a run of the same stack, {prior}")
    hours = _positive("earlier_run.device_hours", earlier.device_hours)
    mfu = effective_mfu(earlier.params_active, theirs, earlier.devices, pack["coefficients"])
    gap = np.log(hours * SECONDS_PER_HOUR * earlier.peak_flops * mfu / earlier.flops)
    spread = pack["spread"]
    between, within = spread["between_stacks_sd"] ** 2, spread["within_stack_sd"] ** 2
    apart = np.log(np.asarray(params_active, dtype=float) / earlier.params_active) / spread["size_scale"]
    likeness = np.exp(-0.5 * apart**2)
    trust = between / (between + within)
    left = between * (1.0 - likeness**2 * trust) + within
    return np.exp(likeness * trust * gap), np.sqrt(left / (between + within))


def without_family(family: str, pack: Pack) -> dict[str, Any] | None:
    """The pack as fitted without a family of runs; None where the family had no part in the fit."""
    fitted = pack["without"].get(family)
    return None if fitted is None else {**pack, **fitted}


def relative_spread(params: ArrayLike, prior: str, stands_in: bool, devices: ArrayLike | None, pack: Pack) -> Array:
    """Log-width relative to a plain prediction: grows where the per-token cost or the generation is a guess."""
    spread = pack["spread"]
    cost = per_token_cost(params, prior, devices, pack["coefficients"])
    guess = spread["stand_in_sd"] if stands_in else 0.0
    variance = (spread["per_token_log_sd"] * cost / (1.0 + cost)) ** 2 + guess**2
    result: Array = np.sqrt(1.0 + variance / spread["base_sd"] ** 2)
    return result


def _positive(name: str, value: ArrayLike, unknown_allowed: bool = False) -> Array:
    number = np.asarray(value, dtype=float)
    fine = (number > 0) & np.isfinite(number)
    if not np.all(fine | np.isnan(number) if unknown_allowed else fine):
        raise BadInput(name, value, "give a positive number")
    return number
