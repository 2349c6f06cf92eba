"""Accelerators and cloud machines by the names that schedulers, exporters and bills give them."""

from __future__ import annotations

import functools

from jevons.core.errors import UnknownName
from jevons.world import catalog


@functools.lru_cache(maxsize=1024)
def accelerator(name: str) -> tuple[str, bool]:
    """(the table's id, True) of "NVIDIA A100-SXM4-80GB", "a100" ..., or (the name in small letters, False)."""
    for word in (name, name.replace("_", " "), name.replace("Tesla ", "").replace("NVIDIA ", "")):
        try:
            return catalog.table("accelerators").find(word)[0]["id"], True
        except UnknownName:
            continue
    return name.strip().lower().replace(" ", "-") or "unknown", False


catalog.on_overlay(accelerator.cache_clear)
