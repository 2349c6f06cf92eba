"""Coefficient packs of the measure door: what was fitted, when, on which rows, with which residuals."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def coefficient_pack(name: str) -> dict[str, Any]:
    """The pack ``<name>.json`` of this folder."""
    pack: dict[str, Any] = json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
    return pack
