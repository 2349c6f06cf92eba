"""The command line: reads, calls the doors, prices, prints. No arithmetic here."""

from __future__ import annotations


def main() -> None:
    """The console script ``jevons``."""
    from jevons.cli.app import app

    app()
