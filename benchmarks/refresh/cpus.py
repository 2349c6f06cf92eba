"""Compare the processors' power with the newest packaged AMD and Intel tables; the table itself is never rewritten."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from .packages import wheel
from .tables import Row

MEMBER = "codecarbon/data/hardware/cpu_power.csv"
TOLERANCE_W = 0.5


def differences(rows: list[Row], cache: Path) -> list[str]:
    """One line for each processor whose TDP differs from the packaged one; packaged cells that are no number are shown."""
    with wheel("codecarbon", cache) as archive:
        packaged = list(csv.DictReader(io.TextIOWrapper(archive.open(MEMBER), encoding="utf-8")))
    texts = {_plain(row["Name"]): row["TDP"] for row in packaged}
    pairs = [
        (row, texts[_plain(row["name"])]) for row in rows if row.get("tdp_w") and _plain(row["name"]) in texts
    ]
    return [
        f"? {row['name']}  tdp_w: {row['tdp_w']} here, {text} in codecarbon"
        for row, text in pairs
        if _differs(row, text)
    ]


def _differs(row: Row, text: str) -> bool:
    try:
        return abs(float(text) - float(row["tdp_w"])) > TOLERANCE_W
    except ValueError:
        return True


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(r\)|\(tm\)|processor|®|™", "", name.lower()))
