"""Where nothing can be read: power by a law, labelled as modelled, with its band.

    processor  P = TDP · (a + b · u)         u: share of processor time not idle; named processors
               P = n · (i + (f − i) · u)     W a virtual processor, idle and full: names that say no model; the part
                                             of a cloud server that it stands for, so the boundary is the server
               P = the curve of this host    where it was calibrated (`calibrate_host`)
    memory     P = n_modules · W             where the modules can be counted, else  P = w · GB^k;  a guest has a
               P = w · GB                    slice of its host's
    network    P = s · Σ W(speed)            ports that are up, a share of what the law of servers allows them

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
from jevons.measure.load import Load
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors.channel import Channel, Channels, number, text
from jevons.measure.sensors.surroundings import is_container, is_guest

LONGEST_S = 3600.0
"""A law may be asked seldom: an hour between two readings is no gap."""
SLOWEST_GBIT = 1.0
"""Slower ports have no allowance, and no figure here."""


def discover(root: Path = Path("/"), components: Sequence[str] = ("processor", "memory")) -> Found:
    """Models for the components that no counter covers; a host calibrated at the wall is one model of the whole.

    Disks ("storage") and network ports ("network") are modelled where asked for. What holds the ports already (the part
    of a cloud server that a virtual processor stands for) leaves them out, and where they are not the host's own, or no
    disk is to be seen, they are refused: ``why_not``.
    """
    curve = calibrate_host.stored() if "processor" in components else None
    if curve is not None and curve.boundary == "server":
        held = [f"{c}: the calibrated model of the whole machine holds it" for c in ("storage", "network") if c in components]
        return Found("model", [Channels([processor(root)])], "; ".join(held))
    made = {"processor": (processor, load_known, "the load of the processors cannot be read here (no /proc/stat)"),
            "memory": (memory, lambda root: bool(memory_gb(root)), "the size of the memory cannot be read here")}  # fmt: skip
    asked = [made[component] for component in components if component in made]
    channels = [make(root) for make, known, _ in asked if known(root)]
    reasons = [why for _, known, why in asked if not known(root)]
    if "storage" in components:
        disks, why = storage(root)
        channels, reasons = channels + ([disks] if disks else []), [*reasons, why]
    if "network" in components:
        held_too = any(channel.meter.boundary == "server" for channel in channels)
        ports, why = (None, "the processor's model holds the ports") if held_too else network(root)
        channels, reasons = channels + ([ports] if ports else []), [*reasons, why]
    return Found("model", [Channels(channels)] if channels else [], "; ".join(filter(None, reasons)))


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


def network_power_w(speeds_gbit: Sequence[float]) -> float:
    """Power at the wall of network ports whose links are up at those speeds (Gbit/s), W: s Σ W(speed); see the pack."""
    pack = coefficient_pack("network")
    allowed_w = [max((w for least, w in pack["allowance_w"] if speed >= least), default=0.0) for speed in speeds_gbit]
    return float(pack["share"] * sum(allowed_w))


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


def storage(root: Path) -> tuple[Channel | None, str]:
    """(disks by their size and kind, ""), or (None, why there is none)."""
    from jevons.world import catalog

    sizes = disk_tb(root)
    if not sizes:
        return None, "no disk of this machine is to be seen under /sys/block"
    rows = {row["medium"]: row for row in catalog.table("storage_media") if row["default"] == "yes"}
    power_w = sum(tb * (catalog.number(rows[kind], "power_w_per_tb") or 0.0) for kind, tb in sizes)
    note = f"{len(sizes)} disks, {sum(tb for _, tb in sizes):.3g} TB"
    meter = Meter("storage-model", "storage", "chip", "modelled", "model", "guess", note, 0.4, 2.5, idle_w=power_w)
    return Channel(meter, lambda: power_w, Integrator(LONGEST_S)), ""


def network(root: Path) -> tuple[Channel | None, str]:
    """(network ports by the speed of their links, ""), or (None, why there is none)."""
    if is_guest(root) or is_container(root):
        return None, "the ports seen by a guest or a container are not its own"
    speeds = port_gbit(root)
    known = [speed for speed in speeds if speed >= SLOWEST_GBIT]
    if not known:
        return None, f"{len(speeds)} ports are up, none at a known speed of 1 Gbit/s or more"
    power_w, left = network_power_w(known), len(speeds) - len(known)
    note = f"{len(known)} ports up: {', '.join(f'{speed:g}' for speed in known)} Gbit/s"
    note += f"; {left} slower or of unknown speed left out" if left else ""
    band = coefficient_pack("network")["band"]
    meter = replace(Meter("network-model", "network", "server", "modelled", "model", "guess", note, *band), idle_w=power_w)
    return Channel(meter, lambda: power_w, Integrator(LONGEST_S)), ""


def _channel(meter: Meter, load: Load, law: Callable[[float], float]) -> Channel:
    meter = replace(meter, idle_w=law(0.0))
    return Channel(meter, lambda: None if (u := load()) is None else law(u), Integrator(LONGEST_S))


# ---- what the machine says of itself


def tdp(root: Path = Path("/")) -> tuple[float, str]:
    """(TDP in W of the processors here, how it was found); 0 where the name is no model that the table knows."""
    return tdp_of(*processor_name(root), processors(root))


def tdp_of(name: str, sockets: int, count: int) -> tuple[float, str]:
    """The same of processors of that name, of which ``count`` logical ones are seen."""
    from jevons.world import catalog
    from jevons.world.lookup import WRITTEN

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


def physical_cores(root: Path = Path("/")) -> int | None:
    """How many cores there are, threads of one counted once; None where /proc/cpuinfo does not tell them apart."""
    blocks = [dict(re.findall(r"^(physical id|core id)\s*:\s*(\d+)", block, re.MULTILINE)) for block in
              text(root / "proc/cpuinfo").split("\n\n")]  # fmt: skip
    return len({(b["physical id"], b["core id"]) for b in blocks if len(b) == 2}) or None


def memory_gb(root: Path = Path("/")) -> float:
    """Memory of the machine in GB, from /proc/meminfo, else as the system says; 0 where neither tells."""
    if found := re.search(r"^MemTotal:\s+(\d+)", text(root / "proc/meminfo"), re.MULTILINE):
        return int(found[1]) * 1024 / 1e9
    with suppress(AttributeError, ValueError, OSError):
        if root == Path("/"):
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return 0.0


def load_known(root: Path = Path("/")) -> bool:
    """Whether the machine says how busy its processors are."""
    return Load(root / "proc/stat").before is not None


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


def port_gbit(root: Path = Path("/")) -> list[float]:
    """Speed in Gbit/s of each physical network port whose link is up; 0 where it does not say (wireless).

    Bridges, tunnels and bonds are no device; a card's virtual functions, and what stands for them on its host, are
    parts of a port that is counted.
    """
    found = []
    for folder in sorted((root / "sys/class/net").glob("*")):
        device = folder / "device"
        virtual = (device / "physfn").exists() or re.search(r"pf\d+[vs]f\d", text(folder / "phys_port_name"))
        if device.exists() and not virtual and text(folder / "operstate") == "up":
            found.append(max(number(folder / "speed") or 0, 0) / 1000)
    return found
