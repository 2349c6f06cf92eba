"""How right jevons is, each bar with n and 90 % interval, the rivals beside it on the same rows.

    python benchmarks/accuracy.py [--rivals] [--json FILE] [--write]

Evaluation data: the folder $JEVONS_SHARED (default ../shared). What needs it is left out, saying so, where absent.
``--rivals`` installs EcoLogits from the package index into a throw-away environment and scores it on the same rows.
``--write`` keeps results/accuracy.json and results/accuracy.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bars import audit, factors, golden, inference, record, step_time, training
from benchmarks.bars.bar import Bar

TITLE = "jevons accuracy"
ROOT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path | None:
    """The folder of evaluation data, None where there is none."""
    folder = Path(os.environ.get("JEVONS_SHARED", ROOT.parent / "shared"))
    return folder if (folder / "data").is_dir() else None


def bars(shared: Path | None, rivals: bool = False) -> list[Bar]:
    """Every row of the table; without evaluation data those that need none."""
    predicted = [*training.bars(training.read(shared / training.FILE)), *step_time.bars(shared)] if shared else []
    predicted += inference.bars(shared, rivals) if shared else []
    return [*predicted, *audit.bars(shared), *golden.bars(), *factors.bars(shared)]


def main() -> None:
    """Print the table and leave the results asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rivals", action="store_true", help="install and score EcoLogits beside us (needs the network)")
    asked.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    asked.add_argument("--write", action="store_true", help="keep results/accuracy.json and accuracy.md")
    given = asked.parse_args()
    shared = shared_folder()
    if shared is None:
        print("no evaluation data (set JEVONS_SHARED to its folder): training, step time and inference cannot be scored, nor OWID compared")
    record.leave("accuracy", TITLE, bars(shared, given.rivals), record.facts(), given.json, given.write)


if __name__ == "__main__":
    main()
