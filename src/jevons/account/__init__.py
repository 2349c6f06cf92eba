"""After it ran: what others recorded, read as Activity; runs kept in a ledger; life cycles, travel and cards accounted for."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["FORMATS", "allocate", "contracts", "held", "ledger", "lifecycle", "match", "meters", "modelled", "read", "recognise",
           "telemetry", "travel", "usage"]  # fmt: skip

_WHERE = {"allocate": "allocate", "held": "allocate", "modelled": "modelled", "usage": "usage", "meters": "readers.meters",
          "FORMATS": "readers", "read": "readers", "recognise": "readers", "ledger": "ledger", "lifecycle": "lifecycle",
          "travel": "travel", "contracts": "contracts", "match": "matching", "telemetry": "telemetry"}  # fmt: skip

if TYPE_CHECKING:
    from jevons.account.allocate import allocate, held
    from jevons.account.contracts import contracts
    from jevons.account.ledger import ledger
    from jevons.account.lifecycle import lifecycle
    from jevons.account.matching import match
    from jevons.account.modelled import modelled
    from jevons.account.readers import FORMATS, read, recognise
    from jevons.account.readers.meters import meters
    from jevons.account.telemetry import telemetry
    from jevons.account.travel import travel
    from jevons.account.usage import usage


class _Door(ModuleType):
    """A package whose words are functions, though files of those names exist: see ``jevons.estimate``."""

    def __setattr__(self, name: str, value: Any) -> None:
        is_room = isinstance(value, ModuleType) and name in _WHERE
        super().__setattr__(name, getattr(value, name, value) if is_room else value)


sys.modules[__name__].__class__ = _Door


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module 'jevons.account' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"jevons.account.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
