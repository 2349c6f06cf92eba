"""Fleet telemetry and the ledger: how fast, in how much memory, beside DuckDB's own SQL and polars on the same files.

    python benchmarks/fleet.py [--runs N] [--large] [--only-fleet] [--folder DIR] [--json FILE] [--write]

``--large`` adds 1e9 samples and a day of 10,000 devices at 1 Hz (some 6 GB in ``--folder`` or a temporary folder).
``--write`` keeps results/fleet.json and fleet.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bars import fleet, record
from benchmarks.bars.bar import Bar

TITLE = "jevons fleet and ledger"


def main() -> None:
    """Print the table and leave the results asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=10, help="runs of each engine, in turn")
    asked.add_argument("--large", action="store_true", help="1e9 samples too")
    asked.add_argument("--only-fleet", action="store_true", help="leave out the ledger")
    asked.add_argument("--folder", type=Path, metavar="DIR", help="keep the made-up files here")
    asked.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    asked.add_argument("--write", action="store_true", help="keep results/fleet.json and fleet.md")
    given = asked.parse_args()
    found = fleet.bars(given.runs, given.folder, given.large)
    if not given.only_fleet:
        found += ledger_bars()
    known = record.facts(("duckdb", "ibis-framework", "polars", "sqlalchemy"))
    record.leave("fleet", TITLE, found, known, given.json, given.write)


def ledger_bars() -> list[Bar]:
    """The rows of the ledger; none, said aloud, where what it stands on is not installed."""
    try:
        from benchmarks.bars import ledger

        return ledger.bars()
    except ImportError as missing:  # MissingExtra is one
        print(f"the ledger is left out: {missing}", file=sys.stderr)
        return []


if __name__ == "__main__":
    main()
