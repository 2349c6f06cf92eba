"""Where nothing can be read: power by a law, labelled as modelled, with its band.

    processor  P = TDP · (a + b · u)         u: share of processor time not idle; named processors
               P = n · (i + (f − i) · u)     W a virtual processor, idle and full: names that say no model; the part
                                             of a cloud server that it stands for, so the boundary is the server
               P = the curve of this host    where it was calibrated (`calibrate_host`)
    memory     P = n_modules · W             where the modules can be counted, else  P = w · GB^k;  a guest has a
               P = w · GB                    slice of its host's

A processor's name is looked up in the table and what it was taken for is in the meter's note; a name that matches
nothing well enough is refused and falls to the second law. Laws and bands: measure/coefficients, world/data/cpu_power.csv.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jevons.measure import calibrate_host
from jevons.measure.coefficients import coefficient_pack
from jevons.measure.counter import Integrator
from jevons.measure.discover import Found
from jevons.measure.sensor import Meter
from jevons.measure.sensors.channel import Channel, Channels, number, text
from jevons.measure.sensors.surroundings import is_guest

LONGEST_S = 3600.0
"""A law may be asked seldom: an hour between two readings is no gap."""
WRITTEN = re.compile(r"\((?:r|tm)\)|@.*|\bcpu\b|\bprocessor\b|\b\w+-core\b|\b\d+th gen\b", re.IGNORECASE)
"""What makers write into a processor's name beside its model."""


def discover(root: Path = Path("/"), components: Sequence[str] = ("processor", "memory")) -> Found:
    """Models for the components that no counter covers; a host calibrated at the wall is one model of the whole."""
    made = {"processor": processor, "memory": memory, "storage": storage}
    curve = calibrate_host.stored() if "processor" in components else None
    if curve is not None and curve.boundary == "server":
        channels = [processor(root)]
    else:
        channels = [made[component](root) for component in components]
    return Found("model", [Channels(channels)] if channels else [])


# ---- the laws


def processor_power_w(tdp_w: float, load: float) -> float:
    """Power of a processor of that TDP, W, at a load of 0 to 1: TDP (a + b u)."""
    pack = coefficient_pack("processor")
    return float(tdp_w * (pack["idle_share"] + pack["load_share"] * load))


def virtual_power_w(count: int, load: float) -> float:
    """Power of the part of a cloud server, its memory left out, that ``count`` virtual processors of a hidden model
    stand for, W: n (i + (f - i) u)."""
    pack = coefficient_pack("virtual")
    return float(count * (pack["idle_w"] + (pack["full_w"] - pack["idle_w"]) * load))


def memory_power_w(gigabytes: float) -> float:
    """Power of memory of that size, W: w GB^k, rising with size."""
    pack = coefficient_pack("memory")
    return float(pack["w"] * gigabytes ** pack["exponent"])


# ---- channels


def processor(root: Path) -> Channel:
    """The processors: calibrated, by TDP, or by the virtual processor."""
    load, curve = Load(root / "proc/stat"), calibrate_host.stored()
    if curve is not None:
        component = "system" if curve.boundary == "server" else "processor"
        band = coefficient_pack("processor")["calibrated_band"]
        meter = Meter("processor-model", component, curve.boundary, "modelled", "model", "calibrated", curve.note, *band)
        return _channel(meter, load, curve.power_w)
    tdp_w, why = tdp(root)
    if tdp_w:
        band = coefficient_pack("processor")["band"]
        meter = Meter("processor-model", "processor", "chip", "modelled", "model", "family", why, *band)
        return _channel(meter, load, lambda u: processor_power_w(tdp_w, u))
    count, band = processors(root), coefficient_pack("virtual")["band"]
    note = f"{why}; their part of a cloud server without its memory"
    meter = Meter("processor-model", "processor", "server", "modelled", "model", "guess", note, *band)
    return _channel(meter, load, lambda u: virtual_power_w(count, u))


def memory(root: Path) -> Channel:
    """The memory: by its modules where they can be counted, a guest's by the gigabyte, else by its size."""
    modules, gigabytes = dimms(root), memory_gb(root)
    pack, virtual = coefficient_pack("memory"), coefficient_pack("virtual")
    power_w, band, note = memory_power_w(gigabytes), pack["band"], f"{gigabytes:.1f} GB"
    if modules:
        power_w, band, note = modules * pack["dimm_w"], pack["dimm_band"], f"{modules} modules"
    elif is_guest(root):
        power_w, band = gigabytes * virtual["memory_w_per_gb"], virtual["memory_band"]
        note += " of a host's memory"
    meter = Meter("memory-model", "memory", "chip", "modelled", "model", "guess", note, *band)
    return Channel(meter, lambda: power_w, Integrator(LONGEST_S))


def storage(root: Path) -> Channel:
    """Disks by their size and kind."""
    from jevons.world import catalog

    sizes = disk_tb(root)
    rows = {row["medium"]: row for row in catalog.table("storage_media") if row["default"] == "yes"}
    power_w = sum(tb * (catalog.number(rows[kind], "power_w_per_tb") or 0.0) for kind, tb in sizes)
    meter = Meter("storage-model", "storage", "chip", "modelled", "model", "guess", f"{len(sizes)} disks", 0.4, 2.5)
    return Channel(meter, lambda: power_w, Integrator(LONGEST_S))


def _channel(meter: Meter, load: Load, law: Callable[[float], float]) -> Channel:
    meter = replace(meter, idle_w=law(0.0))
    return Channel(meter, lambda: None if (u := load()) is None else law(u), Integrator(LONGEST_S))


# ---- what the machine says of itself


class Load:
    """Share of processor time that was not idle since the last call, from the first line of /proc/stat."""

    def __init__(self, file: Path):
        self.file, self.before, self.last = file, _jiffies(file), 0.0

    def __call__(self) -> float | None:
        """0 to 1; the last share again where no tick has passed; None where the file cannot be read."""
        now, before = _jiffies(self.file), self.before
        self.before = now
        if now is None or before is None:
            return None
        whole = now[0] - before[0]
        if whole > 0:
            self.last = min(max((now[1] - before[1]) / whole, 0.0), 1.0)
        return self.last


def _jiffies(file: Path) -> tuple[int, int] | None:
    """(all, busy) processor time in ticks; waiting for a disk is idle, a guest's time is already in its host's."""
    try:
        with file.open("rb") as handle:
            fields = [int(x) for x in handle.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    if len(fields) < 5:
        return None
    whole = sum(fields)
    return whole, whole - fields[3] - fields[4]


def tdp(root: Path = Path("/")) -> tuple[float, str]:
    """(TDP in W of the processors here, how it was found); 0 where the name is no model that the table knows."""
    from jevons.world import catalog

    name, sockets = processor_name(root)
    count = processors(root)
    model = " ".join(WRITTEN.sub(" ", name).split())
    watts = None
    if any(letter.isdigit() for letter in model):  # a name without a number is a maker's, not a model's
        with suppress(LookupError):
            row, match = catalog.table("cpus").find(model)
            watts = catalog.number(row, "tdp_w")
    if not watts:
        return 0.0, f"{name or 'unnamed processor'}: no model of that name, {count} virtual processors"
    threads = catalog.number(row, "threads") or catalog.number(row, "cores") or count
    share = min(count / (threads * sockets), 1.0)
    return watts * sockets * share, f"{row['name']} ({match.how}, score {match.score:.2f}), {share:.0%} of its threads"


def processor_name(root: Path = Path("/")) -> tuple[str, int]:
    """Model name and number of sockets from /proc/cpuinfo; the platform's word elsewhere."""
    lines = text(root / "proc/cpuinfo").splitlines()
    if not lines:
        import platform

        return platform.processor(), 1
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    sockets = {line.partition(":")[2].strip() for line in lines if line.startswith("physical id")}
    return names[0] if names else "", max(len(sockets), 1)


def processors(root: Path = Path("/")) -> int:
    """How many logical processors there are."""
    lines = text(root / "proc/cpuinfo").splitlines()
    return sum(line.split(":")[0].strip() == "processor" for line in lines) or os.cpu_count() or 1


def memory_gb(root: Path = Path("/")) -> float:
    """Memory of the machine in GB, from /proc/meminfo; 0 where it does not say."""
    found = re.search(r"^MemTotal:\s+(\d+)", text(root / "proc/meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 / 1e9 if found else 0.0


def dimms(root: Path = Path("/")) -> int:
    """Memory modules that the memory controller's driver shows; 0 where it shows none (desktops, virtual machines)."""
    return sum(1 for file in (root / "sys/devices/system/edac/mc").glob("mc*/dimm*/size") if number(file))


def disk_tb(root: Path = Path("/")) -> list[tuple[str, float]]:
    """(ssd or hdd, TB) of each disk; loops, memory disks and partitions are none."""
    found = []
    for folder in sorted((root / "sys/block").glob("*")):
        sectors = number(folder / "size")
        if sectors and (folder / "device").exists():
            found.append(("hdd" if number(folder / "queue/rotational") else "ssd", sectors * 512 / 1e12))
    return found
