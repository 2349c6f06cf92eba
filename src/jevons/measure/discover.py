"""Which sensors this machine offers, and for those it does not: why not, and the one command that mends it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from jevons.measure.sensor import Found, Sensor

ROOMS = ("nvml", "amd", "intel_gpu", "rapl", "apple", "jetson", "hwmon", "cray")
"""Counters in the order they are asked; what they leave uncovered is modelled."""
COVERED_BY_MODEL = ("processor", "memory")


def look(root: Path = Path("/"), rooms: Sequence[str] = ROOMS) -> list[Found]:
    """Ask every room what it offers under ``root``; a room that fails says so and stops nobody."""
    found = []
    for room in rooms:
        try:
            module = importlib.import_module(f"jevons.measure.sensors.{room}")
        except ModuleNotFoundError:
            continue
        try:
            found.append(module.discover(root))
        except Exception as trouble:  # a sensor's fault is never the user's
            found.append(Found(room, [], f"{type(trouble).__name__}: {trouble}"))
    return found


def sensors_found(root: Path = Path("/"), rooms: Sequence[str] = ROOMS) -> list[Sensor]:
    """The sensors a tracker uses: every counter, and models for processor and memory where no counter covers them."""
    from jevons.measure.sensors import model

    sensors = apart([sensor for found in look(root, rooms) for sensor in found.sensors])
    covered = {meter.component for sensor in sensors for meter in sensor.meters}
    missing = [c for c in COVERED_BY_MODEL if c not in covered and "system" not in covered]
    return sensors + (model.discover(root, missing).sensors if missing else [])


def apart(sensors: Sequence[Sensor]) -> list[Sensor]:
    """Sensors that count no joule twice, the earlier before the later; those left out are closed.

    A meter of the whole system holds every other, so it stands alone. Two kinds of sensor may both meter
    accelerators (cards of two makers); any other component is left to the first kind that has it.
    """
    kept: list[Sensor] = []
    by: dict[str, str] = {}
    for sensor in sensors:
        parts = {meter.component: meter.sensor for meter in sensor.meters}
        doubled = any(by.get(part, kind) != kind for part, kind in parts.items() if part != "accelerator")
        whole = "system" in parts
        if doubled or (whole and set(by) - {"system"}) or ("system" in by and not whole):
            sensor.close()
            continue
        kept.append(sensor)
        by.update(parts)
    return kept
