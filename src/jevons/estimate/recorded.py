"""After the fact: hours and power are known, so the estimate is plain arithmetic on what was declared.

    energy = device-hours × power          kWh = h × W / 1000
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import BOUNDARIES, Activity
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws
from jevons.estimate.cluster.hours import interval
from jevons.world import devices

AGREEMENT = 0.03
"""Hours × power and the energy given may differ by this share before they contradict each other."""


def recorded(on: str | None = None, n: Any = None, hours: Any = None, device_hours: Any = None, power: Any = None,
             energy: Any = None, boundary: str = "server", includes_pue: bool = False, stage: str = "training",
             component: str = "", tokens: Any = None, model: str | None = None, start: str | None = None,
             method: str = "declared", draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of a run whose hours and power, or whose energy, are known.

    ``hours`` wall-clock (times ``n`` devices) or ``device_hours``; ``power`` mean watts a device; ``energy`` text
    or kWh. ``boundary``: what the meter saw, chip, server or facility (``includes_pue`` means facility).
    ``start``: ISO date or time, UTC. Where the hardware is named its time is counted too. Errors: BadInput for
    too little or impossible input, Contradiction where hours × power and energy differ by more than 3 %.
    """
    used, wall = _hours(n, hours, device_hours)
    kwh = _energy(used, power, energy)
    if boundary not in BOUNDARIES:
        raise BadInput("boundary", boundary, f"say what the meter saw: {', '.join(BOUNDARIES)}")
    if not isinstance(includes_pue, (bool, np.bool_)):
        raise BadInput("includes_pue", includes_pue, "say True or False")
    begin, end = interval(start, wall)
    common = {"stage": stage, "start_s": begin, "end_s": end, "method": method, "model": model or ""}
    rows: list[dict[str, Any]] = [
        {**common, "component": component or _component(on, boundary), "amount": np.asarray(kwh, float)[..., None],
         "boundary": "facility" if includes_pue else boundary, "lifecycle": "operation", "device": on or ""}
    ]  # fmt: skip
    notes: tuple[Assumption, ...] = ()
    if on is not None and used is not None:
        made, notes = _hardware(on, used, common)
        rows += made
    if boundary == "chip" and not includes_pue:
        notes += (Assumption("host power", "not counted", "it lies outside the chip's meter", "stated"),)
    served = {"run": np.ones(1)}
    if tokens is not None:
        served["token"] = np.asarray(units.read(tokens, "", "tokens"), float)[..., None]
    if used is not None:
        served["device hour"] = np.asarray(used, float)[..., None]
    if wall is not None:
        served["wall hour"] = np.asarray(wall, float)[..., None]
    return Activity.of(rows, served=served, assumptions=notes, seed=Draws(draws, seed).seed)


def _hours(n: Any, hours: Any, device_hours: Any) -> tuple[Any, Any]:
    """Device-hours and wall-clock hours, None where they cannot be known."""
    wall = None if hours is None else units.read(hours, "h", "hours")
    used = None if device_hours is None else units.read(device_hours, "h", "device_hours")
    count = None if n is None else units.read(n, "", "n", minimum=1)
    if used is None and wall is not None:
        used = wall * (1 if count is None else count)
    elif used is not None and wall is not None and count is not None and not _agree(used, wall * count):
        raise Contradiction("device_hours", used, f"hours × n is {wall * count:g}; give two of the three")
    elif used is not None and wall is None and count is not None:
        wall = used / count
    return used, wall


def _energy(used: Any, power: Any, energy: Any) -> Any:
    product = None
    if power is not None:
        if used is None:
            raise BadInput("hours", None, "power alone is no energy; give hours (and n), or device_hours")
        product = used * units.read(power, "W", "power") / 1000.0
    if energy is None:
        if product is None:
            raise BadInput("energy", None, "give energy, or power with hours")
        return product
    kwh = units.read(energy, "kWh", "energy")
    if product is not None and not _agree(kwh, product):
        raise Contradiction(
            "energy", f"{np.max(kwh):.6g} kWh",
            f"hours × power is {np.max(product):.6g} kWh, {_ratio(product, kwh):+.1%} away; check whether one of them "
            f"includes PUE or the host, and give the one you trust",
        )  # fmt: skip
    return kwh


def _agree(first: Any, second: Any) -> bool:
    return bool(np.all(np.abs(np.asarray(first) - second) <= AGREEMENT * np.abs(np.asarray(second))))


def _ratio(first: Any, second: Any) -> float:
    return float(np.max(np.asarray(first) / np.asarray(second)) - 1)


def _component(on: str | None, boundary: str) -> str:
    return {"chip": "accelerator", "server": "accelerator and host" if on else "server",
            "facility": "facility"}[boundary]  # fmt: skip


def _hardware(on: str, used: Any, common: dict[str, Any]) -> tuple[list[dict[str, Any]], tuple[Assumption, ...]]:
    machine, matched = devices.device(on)
    host = devices.host_of(machine.id)
    made = {**common, "amount": np.asarray(used, float)[..., None], "lifecycle": "manufacture", "device": machine.id}
    around = host.id if host is not None else "unknown"
    return [
        {**made, "component": "accelerator manufacture", "flow": f"device_hours/{machine.id}"},
        {**made, "component": "host manufacture", "flow": f"device_hours/server:{around}"},
    ], matched
