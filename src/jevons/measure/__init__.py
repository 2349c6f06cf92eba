"""While it runs: sensors, a tracker and a journal that loses nothing. Sampling needs the standard library alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Run", "recover", "repeat", "sensors_found", "start", "track"]

_WHERE = {"track": "around", "start": "begin", "Run": "tracker", "recover": "journal", "repeat": "repetition", "sensors_found": "discover"}

if TYPE_CHECKING:
    from jevons.measure.around import track
    from jevons.measure.begin import start
    from jevons.measure.discover import sensors_found
    from jevons.measure.journal import recover
    from jevons.measure.repetition import repeat
    from jevons.measure.tracker import Run


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module 'jevons.measure' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"jevons.measure.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
