"""Which sensors this machine offers, and for those it does not: why not, and the one command that mends it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from jevons.core.errors import BadInput
from jevons.measure.sensor import Found, Sensor

ROOMS = ("nvml", "amd", "intel_gpu", "rapl", "apple", "jetson", "hwmon", "cray")
"""Counters in the order they are asked; what they leave uncovered is modelled."""
COVERED_BY_MODEL = ("processor", "memory")
ALSO = {"disk": "storage", "nic": "network"}
"""What is modelled where it is asked for alone, and its component: a law by size or speed, that knows no load."""
WHY_NOT_UNASKED = {
    "disk": "a law by size that knows neither model nor load, true within 0.4 to 2.5 times; and a machine's disks are rarely the run's alone",
    "nic": "a law by the speed of the link, true within 0.2 to 1.0 times, and it draws that at rest too, run or no run",
}


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


def sensors_found(root: Path = Path("/"), rooms: Sequence[str] = ROOMS, also: Sequence[str] | None = None) -> list[Sensor]:
    """The sensors a tracker uses: every counter, and models for processor and memory where no counter covers them.

    ``also``: "disk" and "nic" have their models too where no counter covers them; None: as the settings say. What cannot
    be had is told in the log. Errors: BadInput for another word.
    """
    from jevons.measure.sensors import model

    asked = components(also)
    sensors = apart([sensor for found in look(root, rooms) for sensor in found.sensors])
    covered = {meter.component for sensor in sensors for meter in sensor.meters}
    missing = [c for c in (*COVERED_BY_MODEL, *asked) if c not in covered and "system" not in covered]
    found = model.discover(root, missing) if missing else Found("model")
    if found.why_not or (asked and "system" in covered):
        import logging

        logging.getLogger("jevons").warning("not measured: %s", found.why_not or "a meter of the whole machine holds it")
    return sensors + found.sensors


def components(also: Sequence[str] | None = None) -> list[str]:
    """The components that words of ``also`` (None: the settings') name. Errors: BadInput for an unknown word."""
    if also is None:
        from jevons.world.settings import settings

        also = settings().also
    words = also.split(",") if isinstance(also, str) else also
    found = []
    for word in filter(None, (word.strip() if isinstance(word, str) else word for word in words)):
        if word not in ALSO:
            raise BadInput("also", word, f"name {' or '.join(ALSO)}; processor, memory and accelerators are measured anyway")
        found.append(ALSO[word])
    return list(dict.fromkeys(found))


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
