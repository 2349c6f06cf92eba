"""Processors' thermal design power from AMD's and Intel's tables as codecarbon packages them; it holds no core counts,
clocks or years, so those cells stay as they were read from the makers' pages."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from .packages import wheel
from .tables import Row, number

MEMBER = "codecarbon/data/hardware/cpu_power.csv"
TOLERANCE_W = 0.5
RANGES = ((155, 170), (35, 54))
"""Printed by AMD as a range, W: the table holds the lower end, the power as shipped; the package holds the upper."""


def build(cache: Path, old: list[Row]) -> list[Row]:
    """cpus.csv with the packaged power where a processor of that name is packaged."""
    with wheel("codecarbon", cache) as archive:
        packaged = list(csv.DictReader(io.TextIOWrapper(archive.open(MEMBER), encoding="utf-8")))
    watts = {_plain(row["Name"]): row["TDP"] for row in packaged}
    return [row | _moved(row, watts.get(_plain(row["name"]), "")) for row in old]


def _moved(row: Row, text: str) -> Row:
    """The cell to write; nothing where the packaged cell is no number or the same one."""
    return {"tdp_w": number(float(text))} if row.get("tdp_w") and _is_number(text) and _differs(row, text) else {}


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d+(?:\.\d+)?", text))


def _differs(row: Row, text: str) -> bool:
    return (float(row["tdp_w"]), float(text)) not in RANGES and abs(float(text) - float(row["tdp_w"])) > TOLERANCE_W


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(r\)|\(tm\)|processor|®|™", "", name.lower()))
