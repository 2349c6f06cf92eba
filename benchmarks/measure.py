"""What tracking costs, and that joules add up, each bar with n runs and the 90 % interval of the median.

    python benchmarks/measure.py [--rivals] [--json FILE] [--write]

``--rivals`` installs CodeCarbon, carbontracker and Zeus from the package index into a throw-away environment and runs them in
turn with us. ``--write`` keeps results/measure.json and results/measure.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core: the figures are CPU seconds
if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bars import measure, record

TITLE = "jevons measure"


def main() -> None:
    """Print the table and leave the results asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rivals", action="store_true", help="install and run the other trackers beside us (needs the network)")
    asked.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    asked.add_argument("--write", action="store_true", help="keep results/measure.json and measure.md")
    given = asked.parse_args()
    record.leave("measure", TITLE, measure.bars(given.rivals), record.facts(), given.json, given.write)


if __name__ == "__main__":
    main()
