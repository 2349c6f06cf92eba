"""``jevons ledger``: the group; its commands stand in ``runs`` (runs) and ``keeping`` (the ledger in order)."""

from __future__ import annotations

from jevons.cli.ledger import keeping, runs

app = runs.app

__all__ = ["app", "keeping"]
