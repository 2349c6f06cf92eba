"""After it ran: what others recorded, read as Activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["FORMATS", "read", "recognise"]

if TYPE_CHECKING:
    from jevons.account.readers import FORMATS, read, recognise


def __getattr__(name: str) -> Any:
    import importlib

    if name not in __all__:
        raise AttributeError(f"module 'jevons.account' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module("jevons.account.readers"), name)
    globals()[name] = value
    return value
