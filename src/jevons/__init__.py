"""jevons: what AI work costs the planet, before, while and after it runs. footprint = activity × factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Activity", "Footprint", "Study", "Uncertain", "account", "assess", "estimate", "footprint",
           "integrations", "measure", "report", "settings", "site", "world"]  # fmt: skip

_WHERE = {
    "Activity": ("jevons.core.activity", "Activity"),
    "Footprint": ("jevons.core.footprint", "Footprint"),
    "Study": ("jevons.core.study", "Study"),
    "Uncertain": ("jevons.core.uncertain", "Uncertain"),
    "assess": ("jevons.core.assess", "assess"),
    "footprint": ("jevons.world.site", "footprint"),
    "site": ("jevons.world.site", "site"),
    "settings": ("jevons.world.settings", "settings"),
    "estimate": ("jevons.estimate", None),
    "measure": ("jevons.measure", None),
    "account": ("jevons.account", None),
    "integrations": ("jevons.integrations", None),
    "report": ("jevons.report", None),
    "world": ("jevons.world", None),
}

if TYPE_CHECKING:
    from jevons import account, estimate, integrations, measure, report, world
    from jevons.core.activity import Activity
    from jevons.core.assess import assess
    from jevons.core.footprint import Footprint
    from jevons.core.study import Study
    from jevons.core.uncertain import Uncertain
    from jevons.world.settings import settings
    from jevons.world.site import footprint, site


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module 'jevons' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, attribute = _WHERE[name]
    loaded = importlib.import_module(module)
    value = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
