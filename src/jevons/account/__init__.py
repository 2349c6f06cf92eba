"""After it ran: what others recorded, read as Activity; runs kept in a ledger; life cycles, travel and cards accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jevons.core.words import words

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

__getattr__ = words(__name__, _WHERE)
