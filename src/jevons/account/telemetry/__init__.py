"""Fleet telemetry: samples of a whole fleet, summed where they lie, become Activity by site, hour, component and owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["close", "closed", "day_runs", "history", "series", "telemetry"]

_WHERE = {"telemetry": "survey", "series": "survey", "close": "daily", "closed": "daily", "history": "daily",
          "day_runs": "owners"}  # fmt: skip

if TYPE_CHECKING:
    from jevons.account.telemetry.daily import close, closed, history
    from jevons.account.telemetry.owners import day_runs
    from jevons.account.telemetry.survey import series, telemetry


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module 'jevons.account.telemetry' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"jevons.account.telemetry.{_WHERE[name]}"), name)
