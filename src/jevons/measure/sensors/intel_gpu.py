"""Intel GPUs (i915 and xe): the driver's energy counter by hwmon, in microjoules.

xe labels the card and the package inside it; the card is taken, for it holds the package.
"""

from __future__ import annotations

from pathlib import Path

from jevons.measure.sensor import Found, Sensor
from jevons.measure.sensors import hwmon

DRIVERS = ("i915", "xe")


def discover(root: Path = Path("/")) -> Found:
    """Every Intel GPU whose driver shows its energy."""
    sensors: list[Sensor] = []
    for _, rails in hwmon.chips(root, only=DRIVERS):
        counted = [rail for rail in rails if rail.counts]
        card = [rail for rail in counted if rail.label == "card"] or counted[:1] or rails[:1]
        sensors.append(hwmon.sensor([hwmon.Rail(r.chip, "gpu", r.ask, r.counts) for r in card]))
    why = "" if sensors else "no i915 or xe driver with an energy counter (discrete cards, Linux 6.2 and newer)"
    return Found("intel_gpu", sensors, why)
