"""The command line: reads, calls the doors, prices, prints. No arithmetic here."""

from __future__ import annotations


def main() -> None:
    """The console script ``jevons``. A pipe gets UTF-8; a terminal that lacks a sign gets a question mark for it."""
    import sys

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    from jevons.cli.app import app

    app()
