"""After it ran: what others recorded, read as Activity; runs kept in a ledger; life cycles, travel and cards accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jevons.core.words import words

__all__ = ["FORMATS", "allocate", "contracts", "held", "ledger", "lifecycle", "match", "meters", "modelled", "read", "recognise",
           "telemetry", "travel", "usage"]  # fmt: skip

_WHERE = {
    "FORMATS": "readers", "read": "readers", "recognise": "readers", "meters": "readers.meters",
    "allocate": "allocation.allocate", "held": "allocation.allocate", "modelled": "allocation.modelled",
    "usage": "allocation.usage", "lifecycle": "life.lifecycle", "travel": "life.travel",
    "contracts": "market.contract_file", "match": "market.matching", "ledger": "ledger", "telemetry": "telemetry",
}  # fmt: skip

if TYPE_CHECKING:
    from jevons.account.allocation.allocate import allocate, held
    from jevons.account.allocation.modelled import modelled
    from jevons.account.allocation.usage import usage
    from jevons.account.ledger import ledger
    from jevons.account.life.lifecycle import lifecycle
    from jevons.account.life.travel import travel
    from jevons.account.market.contract_file import contracts
    from jevons.account.market.matching import match
    from jevons.account.readers import FORMATS, read, recognise
    from jevons.account.readers.meters import meters
    from jevons.account.telemetry import telemetry

__getattr__ = words(__name__, _WHERE)
