"""``jevons ledger``: the group; its commands stand in ``ledger_runs`` (runs) and ``ledger_keeping`` (the ledger in order)."""

from __future__ import annotations

from jevons.cli import ledger_keeping, ledger_runs

app = ledger_runs.app

__all__ = ["app", "ledger_keeping"]
