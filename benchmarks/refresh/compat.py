"""What other tools take for a place or a device: EcoLogits from its wheels, mlco2 and Green Algorithms from checkouts.

Rows of a tool whose source is not at hand stay as they are.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from jevons.core import units

from .packages import json_in_wheel, wheel
from .tables import Row, number

TINY = 1e-3
"""Differences under this are those of rounding: tables hold six figures."""
GREEN_ALGORITHMS = Path("data/v3.0")
CITED = {"ecologits": "ecologits-code", "ecologits-0-9": "ecologits-code-0-9", "green-algorithms": "green-algorithms-v3",
         "mlco2": "mlco2-impact"}  # fmt: skip


def build_grid(cache: Path, checkouts: dict[str, Path], old: list[Row], iso3_of: dict[str, str]) -> list[Row]:
    """compat_grid.csv: the intensity each tool takes for a place, in g/kWh."""
    countries = set(iso3_of.values())  # it also holds means of the world and of Europe
    found = {tool: {place: value for place, value in read(cache).items() if place in countries}
             for tool, read in (("ecologits", ecologits), ("ecologits-0-9", ecologits_0_9))}  # fmt: skip
    if "mlco2" in checkouts:
        rows = _csv(checkouts["mlco2"] / "data/impact.csv")
        found["mlco2"] = {f"{row['provider']}/{row['region']}": float(row["impact"]) for row in rows if row["impact"]}
    if "green-algorithms" in checkouts:
        rows = _csv(checkouts["green-algorithms"] / GREEN_ALGORITHMS / "CI_aggregated.csv", skip=1)
        codes = {**iso3_of, "WORLD": "WLD"}
        found["green-algorithms"] = {codes[row["location"]]: float(row["carbonIntensity"]) for row in rows if row["location"] in codes}
    return _merged(old, found, "place", "ci_g_per_kwh")


def build_power(checkouts: dict[str, Path], old: list[Row]) -> list[Row]:
    """compat_power.csv: the watts each tool takes for a device; only for devices that are there already."""
    files = {"mlco2": ("data/gpus.csv", 0, "name", "tdp_watts"),
             "green-algorithms": (str(GREEN_ALGORITHMS / "TDP_gpu.csv"), 1, "model", "TDP_per_core")}  # fmt: skip
    found: dict[str, dict[str, float]] = {}
    for tool, (file, skip, name, watts) in files.items():
        if tool in checkouts:
            rows = _csv(checkouts[tool] / file, skip)
            known = {row["device"] for row in old if row["tool"] == tool}
            named = ((_device(row[name]), row[watts]) for row in rows)
            found[tool] = {device: float(text) for device, text in named if device in known}
    return _merged(old, found, "device", "power_w")


def ecologits(cache: Path) -> dict[str, float]:
    """Intensities of EcoLogits by iso3, g/kWh."""
    mixes = json_in_wheel("ecologits", "ecologits/data/electricity_mixes.json", cache)["electricity_mixes"]
    return {row["name"]: row["gwp"] * units.G_PER_KG for row in mixes}


def ecologits_0_9(cache: Path) -> dict[str, float]:
    """The same of its edition 0.9, which is often cited."""
    with wheel("ecologits-0.9", cache) as archive:
        text = archive.read("ecologits/data/electricity_mixes.csv").decode()
    return {row["name"]: float(row["gwp"]) * units.G_PER_KG for row in csv.DictReader(io.StringIO(text))}


def _merged(old: list[Row], found: dict[str, dict[str, float]], subject: str, column: str) -> list[Row]:
    """The old rows, moved to the value of their source where it holds one, and what is new in it."""
    rows = [{**row, **_moved(found.get(row["tool"], {}).get(row[subject]), row[column], column)} for row in old]
    held = {(row["tool"], row[subject]) for row in old}
    new = [_row(tool, place, value, subject, column, old[0]) for tool, values in found.items()
           for place, value in values.items() if (tool, place) not in held]  # fmt: skip
    return [*rows, *new]


def _moved(value: float | None, text: str, column: str) -> Row:
    """The cell to write; nothing where the source is silent or says the same number."""
    return {} if value is None or abs(value - float(text)) < TINY else {column: number(value)}


def _row(tool: str, place: str, value: float, subject: str, column: str, like: Row) -> Row:
    known = {"id": f"{tool}/{place.lower()}", "tool": tool, subject: place, column: number(value), "source": CITED[tool],
             "quality": "11111"}  # fmt: skip
    return {**dict.fromkeys(like, ""), **known}


def _csv(path: Path, skip: int = 0) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        for _ in range(skip):
            next(handle)
        return list(csv.DictReader(handle))


def _device(name: str) -> str | None:
    from jevons.core.errors import BadInput
    from jevons.world import devices

    try:
        return devices.device(name)[0].id
    except BadInput:
        return None
