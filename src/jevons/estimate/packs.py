"""Coefficient packs: what was fitted, when, on which rows, with which residuals; shipped as JSON."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def coefficient_pack(name: str) -> dict[str, Any]:
    """The pack ``coefficients/<name>.json`` as shipped with jevons."""
    text = files("jevons.estimate").joinpath(f"coefficients/{name}.json").read_text(encoding="utf-8")
    pack: dict[str, Any] = json.loads(text)
    return pack
