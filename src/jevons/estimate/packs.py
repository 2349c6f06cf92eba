"""Coefficient packs: what was fitted, when, on which rows, with which residuals; shipped as JSON, or saved by a user."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from jevons.core.errors import BadInput
from jevons.core.files import put

Made = TypeVar("Made")


@cache
def coefficient_pack(name: str) -> dict[str, Any]:
    """The pack ``coefficients/<name>.json`` as shipped with jevons."""
    text = files("jevons.estimate").joinpath(f"coefficients/{name}.json").read_text(encoding="utf-8")
    pack: dict[str, Any] = json.loads(text)
    return pack


def save(calibration: Any, path: str | Path) -> Path:
    """Write a calibration, a dataclass, as JSON and name the file."""
    target = Path(path)
    put(target, json.dumps(asdict(calibration), indent=1) + "\n")
    return target


def saved(path: str | Path, kind: str, make: Callable[[dict[str, Any]], Made]) -> Made:
    """What ``make`` makes of the calibration of that kind saved at ``path``; BadInput for a file that holds none."""
    try:
        return make(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise BadInput("calibration", str(path), f"give a file saved by 'jevons calibrate {kind}' ({trouble})") from None
