"""Where nothing can be read: processor and memory power from a law, labelled as modelled, with its band.

    processor  P = TDP · (a + b · u)        u: share of processor time not idle, from /proc/stat
    memory     P = GB · W/GB

Coefficients: world/data/defaults.csv. A figure from TDP is good to a factor of about two either way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jevons.measure.counter import Integrator
from jevons.measure.discover import Found
from jevons.measure.sensor import Meter, Reading

IDLE_SHARE, LOAD_SHARE = 0.10, 0.70
"""a and b of the linear law, between the sweeps' 0.07 + 0.60 u and published full-load ratios nearer 1."""
W_PER_GB = 0.3725
VM_W_PER_CPU = 4.0
"""A bare virtual processor at full load where its model is hidden: cloud tables give 0.7 idle to 3.5 W busy."""
BAND = (0.41, 2.2)
"""5 and 95 % of true over modelled, one machine left out (CodeCarbon's published load sweeps)."""
MEMORY_BAND = (0.5, 2.0)


@dataclass
class Model:
    """Modelled devices, each a power law evaluated when read and integrated over the monotonic clock."""

    laws: list[tuple[Meter, Callable[[], float | None]]]
    integrators: list[Integrator] = field(init=False)

    def __post_init__(self) -> None:
        self.integrators = [Integrator(longest_s=3600.0) for _ in self.laws]

    @property
    def meters(self) -> Sequence[Meter]:
        """What is modelled."""
        return [meter for meter, _ in self.laws]

    def read(self) -> Sequence[Reading]:
        """Energy so far by the laws."""
        readings = []
        for (meter, power_w), integrator in zip(self.laws, self.integrators, strict=True):
            t_ns = time.monotonic_ns()
            status = integrator.update(power_w(), t_ns)
            readings.append(Reading(meter.device, integrator.total_uj, t_ns, status))
        return readings

    def close(self) -> None:
        """Nothing is held open."""


def discover(root: Path = Path("/"), components: Sequence[str] = ("processor", "memory")) -> Found:
    """Models for the components that no counter covers."""
    laws: list[tuple[Meter, Callable[[], float | None]]] = []
    if "processor" in components:
        tdp_w, why = tdp(root)
        load = Load(root / "proc/stat")
        meter = Meter("processor-model", "processor", "chip", "modelled", "model", "guess", why, *BAND)
        laws.append((meter, lambda: _linear(tdp_w, load())))
    if "memory" in components:
        gigabytes = memory_gb(root)
        meter = Meter("memory-model", "memory", "chip", "modelled", "model", "guess", f"{gigabytes:.1f} GB", *MEMORY_BAND)
        laws.append((meter, lambda: gigabytes * W_PER_GB))
    return Found("model", [Model(laws)] if laws else [])


def _linear(tdp_w: float, load: float | None) -> float | None:
    return None if load is None else tdp_w * (IDLE_SHARE + LOAD_SHARE * load)


class Load:
    """Share of processor time that was not idle since the last call, from the first line of /proc/stat."""

    def __init__(self, file: Path):
        self.file, self.before = file, _jiffies(file)

    def __call__(self) -> float | None:
        """0 to 1, None where the file cannot be read."""
        now, before = _jiffies(self.file), self.before
        self.before = now
        if now is None or before is None:
            return None
        whole = now[0] - before[0]
        return min(max((now[1] - before[1]) / whole, 0.0), 1.0) if whole > 0 else 0.0


def _jiffies(file: Path) -> tuple[int, int] | None:
    """(all, busy) processor time in ticks; waiting for a disk is idle, a guest's time is already in its host's."""
    try:
        with file.open("rb") as handle:
            fields = [int(x) for x in handle.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    whole = sum(fields)
    return whole, whole - fields[3] - fields[4]


def tdp(root: Path = Path("/")) -> tuple[float, str]:
    """Watts at full load of the processors here and how they were found: by name from the table, else by count."""
    name, sockets = processor_name(root)
    count = os.cpu_count() or 1
    from jevons.world import catalog

    try:
        row, match = catalog.table("cpus").find(name)
        watts = catalog.number(row, "tdp_w")
    except LookupError:
        watts, row, match = None, {}, None
    if watts and match is not None:
        cores = catalog.number(row, "threads") or catalog.number(row, "cores") or count
        share = min(count / (cores * sockets), 1.0)
        return watts * sockets * share, f"{row['name']} ({match.how}), {share:.0%} of its threads"
    return VM_W_PER_CPU * count, f"{name or 'unnamed processor'}: {VM_W_PER_CPU:g} W for each of {count} threads"


def processor_name(root: Path = Path("/")) -> tuple[str, int]:
    """Model name and number of sockets from /proc/cpuinfo; the platform's word elsewhere."""
    try:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
    except OSError:
        import platform

        return platform.processor(), 1
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    sockets = {line.partition(":")[2].strip() for line in lines if line.startswith("physical id")}
    return names[0] if names else "", max(len(sockets), 1)


def memory_gb(root: Path = Path("/")) -> float:
    """Memory of the machine in GB, from /proc/meminfo."""
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) * 1024 / 1e9
    except (OSError, ValueError):
        pass
    return 0.0
