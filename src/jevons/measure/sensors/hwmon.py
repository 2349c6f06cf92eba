"""Power and energy of boards by hwmon (Linux): sockets, rails and supplies, chip by chip.

    energyN_input  µJ        powerN_average, powerN_input  µW        inN_input mV × currN_input mA   where no power is given

Which voltage belongs to which current is said by equal labels, else by the chip (INA3221: same number, 1 to 3;
INA2xx: in1 is the bus, in0 the shunt; LTC2947: in0), else by equal numbers. A channel whose ``_enable`` is 0 is left
out, and so is a core beside its own package. Rules of the chips: the kernel's documentation of each hwmon driver.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jevons.measure.counter import Counter, Integrator
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors.channel import Channel, Channels, number, text, unique

CHIPS = "sys/class/hwmon"
GPUS = ("amdgpu", "i915", "xe", "nouveau")
"""Drivers that have a room of their own, or none that is needed."""
BUS = {"ina226": (1, 1), "ina219": (1, 1), "ina209": (1, 1), "ina238": (1, 1), "ina260": (1, 1), "ina233": (1, 1),
       "ltc2945": (1, 1), "ltc2947": (0, 1), "ltc4260": (1, 1), "ltc4261": (1, 1), "ltc4282": (1, 1)}  # fmt: skip
"""Chips of one channel: (number of the bus voltage, number of the current)."""
LAST = {"ina3221": 3}
"""Chips whose voltages beyond this number are shunts and sums."""
PARTS = ((r"gpu", "accelerator"), (r"^e?core", "core"), (r"cpu|package|socket|pkg|ppt", "processor"),
         (r"ddr|dram|mem|vddq", "memory"), (r"\bv?in\b|_in\b|^vin|total|\bsys|psu|pin\b", "system"))  # fmt: skip
DRIVERS = {"amd_energy": "processor", "k10temp": "processor", "zenpower": "processor", "fam15h_power": "processor",
           "power_meter": "system", "acpi_power_meter": "system", "amdgpu": "accelerator", "i915": "accelerator",
           "xe": "accelerator"}  # fmt: skip
UNKNOWN = "other"


@dataclass(frozen=True, slots=True)
class Rail:
    """One channel of a chip: what it is called, how it is read and whether that is energy (µJ) or power (W)."""

    chip: str
    label: str
    ask: Callable[[], float | None]
    counts: bool

    @property
    def component(self) -> str:
        """The part of the machine it feeds, by its label, else by its chip's driver; "other" where neither says."""
        by_label = next((part for pattern, part in PARTS if re.search(pattern, self.label.lower())), "")
        return by_label or DRIVERS.get(self.chip, UNKNOWN)


def discover(root: Path = Path("/")) -> Found:
    """Chips whose rails say what they feed; the others are named in ``why_not`` and can be had by ``sensor(rails)``."""
    every = chips(root, without=GPUS)
    sensors, unknown = [], []
    for name, rails in every:
        known = [rail for rail in rails if rail.component != UNKNOWN]
        unknown += [f"{name}: {rail.label}" for rail in rails if rail.component == UNKNOWN]
        if known:
            sensors.append(sensor(known))
    if not every:
        return Found("hwmon", [], f"no chip under /{CHIPS} meters power")
    return Found("hwmon", list(sensors), f"nobody says what these rails feed: {', '.join(unknown)}" if unknown else "")


def chips(root: Path, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[tuple[str, list[Rail]]]:
    """(driver's name, its rails) of every chip that meters power, under ``root`` or in it where it is one chip."""
    folder = root / CHIPS if (root / CHIPS).is_dir() else root
    if folder == Path("/"):
        return []
    try:
        folders = [folder] if (folder / "name").exists() else sorted(p for p in folder.iterdir() if p.is_dir())
    except OSError:
        return []
    named = [(text(p / "name") or p.name, p) for p in folders]
    found = [(name, _outermost(list(_rails(name, p)))) for name, p in named
             if name not in without and (not only or name in only)]  # fmt: skip
    return [(name, rails) for name, rails in found if rails]


def sensor(rails: Sequence[Rail]) -> Channels:
    """A sensor of these rails of one chip."""
    names = unique([f"{rail.chip}-{rail.label}" for rail in rails])
    return Channels([_channel(rail, name) for rail, name in zip(rails, names, strict=True)])


def _channel(rail: Rail, device: str) -> Channel:
    component = "processor" if rail.component == "core" else rail.component
    boundary = "server" if component == "system" else "chip"
    method = "counter" if rail.counts else "integrated"
    meter = Meter(device, component, boundary, method, f"hwmon {rail.chip}", note=rail.label)
    return Channel(meter, rail.ask, Counter() if rail.counts else Integrator())


def _outermost(rails: list[Rail]) -> list[Rail]:
    """Without the cores of a package that is metered too; energy before power of one label."""
    counted = {rail.label for rail in rails if rail.counts}
    rails = [rail for rail in rails if rail.counts or rail.label not in counted]
    if any(rail.component == "processor" for rail in rails if rail.label.lower() != rail.chip):
        return [rail for rail in rails if rail.component != "core"]
    return rails


def _rails(chip: str, folder: Path) -> Iterator[Rail]:
    found = [*_direct(chip, folder, "energy"), *_direct(chip, folder, "power")]
    yield from found or _products(chip, folder)


def _direct(chip: str, folder: Path, kind: str) -> Iterator[Rail]:
    for n in _numbers(folder, kind):
        label = text(folder / f"{kind}{n}_label") or f"{kind}{n}"
        files = [folder / f"{kind}{n}_{what}" for what in ("average", "input")]
        file = next((f for f in files if number(f) is not None), None)
        if file is not None:
            yield Rail(chip, label, _microjoules(file) if kind == "energy" else _watts(file), kind == "energy")


def _products(chip: str, folder: Path) -> Iterator[Rail]:
    volts = {n: text(folder / f"in{n}_label") for n in _numbers(folder, "in")}
    amps = {n: text(folder / f"curr{n}_label") for n in _numbers(folder, "curr")}
    for v, a in _pairs(chip, volts, amps):
        files = folder / f"in{v}_input", folder / f"curr{a}_input"
        if number(files[0]) is not None and number(files[1]) is not None:
            yield Rail(chip, volts[v] or amps[a] or f"channel{a}", _product(*files), False)


def _pairs(chip: str, volts: dict[int, str], amps: dict[int, str]) -> list[tuple[int, int]]:
    """(voltage, current) numbers that belong together."""
    by_label = {label: n for n, label in amps.items() if label}
    if by_label:
        return [(v, by_label[label]) for v, label in volts.items() if label in by_label]
    if chip in BUS:
        pair = BUS[chip]
        return [pair] if pair[0] in volts and pair[1] in amps else []
    return [(n, n) for n in volts if n in amps and n <= LAST.get(chip, n)]


def _numbers(folder: Path, kind: str) -> list[int]:
    """The numbers of a kind's channels that are not switched off."""
    pattern = re.compile(rf"{kind}(\d+)_(?:input|average)")
    found = {int(match[1]) for name in _listed(folder) if (match := pattern.fullmatch(name))}
    return [n for n in sorted(found) if number(folder / f"{kind}{n}_enable") != 0]


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _microjoules(file: Path) -> Callable[[], float | None]:
    return lambda: number(file)


def _watts(file: Path) -> Callable[[], float | None]:
    return lambda: None if (read := number(file)) is None else read / 1e6


def _product(millivolts: Path, milliamperes: Path) -> Callable[[], float | None]:
    def ask() -> float | None:
        mv, ma = number(millivolts), number(milliamperes)
        return None if mv is None or ma is None else mv * ma / 1e6

    return ask
