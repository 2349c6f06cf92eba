"""A host's own power curve: power at idle, half and full load, from a sensor or from a meter at the wall.

    below the middle point   log P is linear in load         (turbo and idle states bend the lower half upwards)
    above it                 P is linear in load

Three points bring the error of the modelled processor from a factor of two to a few percent. The curve is kept in
JEVONS_HOME, a file a host; the model sensor uses it from then on, and attribution its idle power.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from jevons.core.errors import BadInput
from jevons.core.units import UJ_PER_J
from jevons.measure.home import home
from jevons.measure.journal import host as host_name
from jevons.measure.load import Load
from jevons.measure.sensor import Sensor

BURN = "while True: pass"


@dataclass(frozen=True)
class Curve:
    """(load, watts) points in rising order of load; ``boundary``: chip (a sensor's) or server (the wall's)."""

    points: tuple[tuple[float, float], ...]
    boundary: str = "chip"
    note: str = ""
    utc: str = ""
    host: str = ""

    def power_w(self, load: float) -> float:
        """Watts at a load of 0 to 1; the ends stand beyond themselves."""
        points = self.points
        if load <= points[0][0]:
            return points[0][1]
        for i in range(1, len(points)):
            if load <= points[i][0]:
                return _between(points[i - 1], points[i], load, bent=2 * i <= len(points) - 1)
        return points[-1][1]


def _between(low: tuple[float, float], high: tuple[float, float], load: float, bent: bool) -> float:
    share = (load - low[0]) / (high[0] - low[0])
    if bent:
        return math.exp(math.log(low[1]) + share * (math.log(high[1]) - math.log(low[1])))
    return low[1] + share * (high[1] - low[1])


def curve(points: Sequence[tuple[float, float]], boundary: str = "chip", note: str = "") -> Curve:
    """A curve through at least three points; BadInput for fewer, for loads outside 0..1 or power that is not positive."""
    ordered = tuple(sorted((float(load), float(watts)) for load, watts in points))
    loads = [load for load, _ in ordered]
    if len(ordered) < 3 or len(set(loads)) < len(loads):
        raise BadInput("points", points, "give at least three loads, e.g. idle, half and full: 0.02=18 0.5=31 1=44")
    if not all(0 <= load <= 1 and 0 < watts < 1e5 for load, watts in ordered):
        raise BadInput("points", points, "give loads from 0 to 1 and watts above 0")
    if boundary not in ("chip", "server"):
        raise BadInput("boundary", boundary, "say chip (a sensor's watts) or server (the wall's)")
    return Curve(ordered, boundary, note, datetime.now(UTC).isoformat(timespec="seconds"), host_name())


def store(chosen: Curve, folder: Path | None = None) -> Path:
    """Keep a curve for this host; BadInput where the folder cannot be written."""
    path = _file(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(chosen), indent=1), encoding="utf-8")
    except OSError as trouble:
        raise BadInput("JEVONS_HOME", str(path.parent), f"name a folder that can be written ({trouble.strerror})") from None
    return path


def stored(folder: Path | None = None) -> Curve | None:
    """This host's curve; None where there is none, it is another host's, or it cannot be read."""
    try:
        kept = json.loads(_file(folder).read_text(encoding="utf-8"))
        points = tuple((float(load), float(watts)) for load, watts in kept.pop("points"))
        found = Curve(points, **kept)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if len(found.points) >= 3 and found.host == host_name() else None


def _file(folder: Path | None) -> Path:
    """The file of this host: a home may be shared by many."""
    name = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in host_name())
    return (folder or home()) / f"host-{name}.json"


def measure(read_w: Callable[[float], float], shares: Sequence[float] = (0.0, 0.5, 1.0), seconds: float = 20.0,
            root: Path = Path("/")) -> list[tuple[float, float]]:  # fmt: skip
    """(load, watts) with that share of the processors kept busy; ``read_w(seconds)`` answers mean watts meanwhile.

    ``read_w`` may time a sensor, or wait and ask a person what the meter at the wall shows.
    """
    points = []
    for share in shares:
        with busy(round(share * (os.cpu_count() or 1))):
            time.sleep(min(seconds / 4, 5.0))
            load = Load(root / "proc/stat")
            watts = read_w(seconds)
            points.append((load() or share, watts))
    return points


def by_counter(sensors: Sequence[Sensor]) -> Callable[[float], float] | None:
    """A ``read_w`` that times the processor's own counters; None where there are none."""
    metered = {m.device for s in sensors for m in s.meters if m.component == "processor" and m.method != "modelled"}
    if not metered:
        return None

    def read_w(seconds: float) -> float:
        before = _joules(sensors, metered)
        time.sleep(seconds)
        after = _joules(sensors, metered)
        return (after[1] - before[1]) / (after[0] - before[0])

    return read_w


def _joules(sensors: Sequence[Sensor], metered: set[str]) -> tuple[float, float]:
    readings = [r for s in sensors for r in s.read() if r.device in metered]
    return time.monotonic(), sum(r.energy_uj for r in readings) / UJ_PER_J


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep ``count`` processors busy, each by a process of its own."""
    import subprocess

    workers = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(count)]
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
