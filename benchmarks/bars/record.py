"""What a benchmark leaves behind: the table on the screen, JSON where asked, and the kept results."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.bars.bar import LEGEND, Bar, lines, markdown

RESULTS = Path(__file__).resolve().parents[1] / "results"


def facts(packages: Sequence[str] = ("numpy",)) -> dict[str, Any]:
    """When, on what machine and with which versions."""
    import jevons
    from jevons.world import catalog

    found = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(),
             "load before": round(os.getloadavg()[0], 1), "machine": platform.machine(),
             "python": platform.python_version(), "jevons": jevons.__version__, "factor set": catalog.version()}  # fmt: skip
    return found | {name: version_of(name) for name in packages}


def version_of(package: str) -> str:
    """The installed version of a package, or that it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def leave(name: str, title: str, bars: Sequence[Bar], known: dict[str, Any], json_file: Path | None, write: bool) -> None:
    """Print the table; write ``json_file`` where given, and results/<name>.json and .md where ``write``."""
    print(title, "·", "; ".join(f"{k} {v}" for k, v in known.items()))
    print("\n".join(lines(bars)))
    print(f"\n{LEGEND}\n{tally(bars)}")
    record = json.dumps({"facts": known, "bars": [bar.to_dict() for bar in bars]}, indent=1, ensure_ascii=False) + "\n"
    files = {json_file: record} if json_file else {}
    if write:
        files |= {RESULTS / f"{name}.json": record, RESULTS / f"{name}.md": markdown(title, bars, known)}
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(f"written: {file.name}", file=sys.stderr)


def tally(bars: Sequence[Bar]) -> str:
    """How many bars are met, missed and shown; the missed by name."""
    words = [bar.verdict.split(",")[0].split(" ")[0].rstrip("*") for bar in bars]
    missed = [bar.name for bar, word in zip(bars, words) if word == "missed" or bar.verdict.startswith("shown (past")]
    return f"{words.count('met')} met, {words.count('missed')} missed, {words.count('shown')} shown" + (
        f"; past the bar: {'; '.join(missed)}" if missed else "")  # fmt: skip
