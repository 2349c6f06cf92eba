"""Whether a line of a journal is what its readers take it for: a file may have been edited, damaged, or put there by others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from jevons.measure.sensor import MOST_UJ, Meter

HEADER = {"kind": str, "run": str, "pid": int, "t": (int, float), "meters": list}
NEEDED = {"device", "component", "boundary", "method", "sensor"}
NUMBERS = {name for name, field in Meter.__dataclass_fields__.items() if field.type == "float"}


def is_header(record: Mapping[str, Any]) -> bool:
    """A first line: whose run, from when, and meters that say what they are; labels are text."""
    if record.get("kind") != "header" or not all(isinstance(record.get(name), kind) for name, kind in HEADER.items()):
        return False
    labels = record.get("labels", {})
    texts = isinstance(labels, dict) and all(isinstance(word, str) for word in labels.values())
    return texts and all(map(_is_meter, record["meters"]))


def _is_meter(told: Any) -> bool:
    if not isinstance(told, dict) or not told.keys() >= NEEDED:
        return False
    return all(isinstance(value, (int, float) if name in NUMBERS else str) for name, value in told.items()
               if name in Meter.__dataclass_fields__)  # fmt: skip


def is_record(record: Mapping[str, Any], devices: Collection[str] | None = None) -> bool:
    """A further line: microjoules that can be, by hour, device (one of ``devices``, where these are known) and window."""
    rows, sums = record.get("d", []), record.get("e", {})
    plain = isinstance(record.get("kind"), str) and isinstance(record.get("t"), (int, float)) and isinstance(rows, list)
    if not plain or not isinstance(sums, dict) or not all(isinstance(row, list) and list(map(type, row)) == [int, str, str, int] for row in rows):
        return False
    named = {*sums, *(row[1] for row in rows)}
    amounts = (*sums.values(), *(row[3] for row in rows))
    return (devices is None or named <= set(devices)) and all(isinstance(uj, int) and abs(uj) < MOST_UJ for uj in amounts)
