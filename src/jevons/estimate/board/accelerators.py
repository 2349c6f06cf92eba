"""Accelerators that papers describe, and whether their numbers agree with one another.

    P = v / η        J per token = P / v        E_dense = N · E_mac        E_spiking = N · r · T · E_ac
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jevons.core.errors import BadInput
from jevons.world import catalog

PJ_PER_J = 1e12


def implied_power_w(tokens_per_s: Any, tokens_per_j: Any) -> Any:
    """W drawn by what gives ``tokens_per_s`` at ``tokens_per_j``: P = v / η."""
    return tokens_per_s / tokens_per_j


def energy_per_token_j(power_w: Any, tokens_per_s: Any) -> Any:
    """J a token: P / v."""
    return power_w / tokens_per_s


def dense_energy_j(operations: Any, mac_pj: Any = None) -> Any:
    """J of a dense network: multiply-accumulates · E_mac (4.6 pJ at 45 nm; Horowitz, ISSCC 2014); memory left out."""
    return operations * (_operation("mac_pj") if mac_pj is None else mac_pj) / PJ_PER_J


def spiking_energy_j(operations: Any, spike_rate: Any, timesteps: Any = 1, ac_pj: Any = None) -> Any:
    """J of its spiking twin: operations · spikes a neuron and step · steps · E_ac (0.9 pJ at 45 nm); memory left out.

    An operation count, not a measurement: on a processor the spikes cost what any number costs. Errors: BadInput for
    a negative rate.
    """
    if spike_rate < 0 or timesteps <= 0:
        raise BadInput("spike_rate, timesteps", (spike_rate, timesteps), "give a rate of at least 0 and steps above 0")
    return operations * spike_rate * timesteps * (_operation("ac_pj") if ac_pj is None else ac_pj) / PJ_PER_J


def published(id: str) -> Mapping[str, str]:
    """The row of a published accelerator or method; UnknownName with the three nearest."""
    return catalog.table("edge_accelerators_published").find(id)[0]


def implied(id: str) -> dict[str, float]:
    """What a row's own numbers imply: power_w, joules_per_token, tokens_per_s, prefill_j_low and _high, as far as they go."""
    row = published(id)
    speed, thrift, power = (catalog.number(row, c) for c in ("tokens_s", "tokens_per_j", "power_w"))
    if row["times_gpu_speed"]:
        design = published("hnlpu")
        speed = float(design["tokens_s"]) / float(row["times_gpu_speed"])
        thrift = float(design["tokens_per_j"]) / float(row["times_gpu_tokens_per_j"])
    said: dict[str, float] = {}
    if speed and thrift:
        said |= {"tokens_per_s": speed, "power_w": implied_power_w(speed, thrift), "joules_per_token": 1 / thrift}
    if speed and power:
        said |= {"tokens_per_s": speed, "power_w": power, "joules_per_token": energy_per_token_j(power, speed)}
    if power and row["ttft_low_s"]:
        said |= {"prefill_j_low": power * float(row["ttft_low_s"]), "prefill_j_high": power * float(row["ttft_high_s"])}
    return said


def energy_factor(id: str) -> tuple[float, float]:
    """The range by which a published method multiplies energy, (low, high); BadInput where it states none."""
    row = published(id)
    if not row["energy_factor_low"]:
        raise BadInput("method", id, "its paper states no factor of energy")
    return float(row["energy_factor_low"]), float(row["energy_factor_high"])


def _operation(column: str) -> float:
    return float(catalog.table("edge_accelerators_published").index["operations-45nm"][column])
