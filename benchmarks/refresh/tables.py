"""Read, write and compare the CSV tables of the factor set."""

from __future__ import annotations

import csv
from pathlib import Path

Row = dict[str, str]
DATA = Path(__file__).parents[2] / "src/jevons/world/data"


def read(path: Path) -> list[Row]:
    """Rows of a table; an absent table has none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[Row]) -> None:
    """Write rows whose first one names the columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def number(value: float, figures: int = 6) -> str:
    """A number as it stands in a table: significant figures, no exponent for ordinary sizes, no trailing zero."""
    return f"{value:.{figures}g}"


def diff(old: list[Row], new: list[Row], key: tuple[str, ...]) -> list[str]:
    """One line for each row that comes, goes or changes."""
    before, after = ({tuple(row.get(k, "") for k in key): row for row in rows} for rows in (old, new))
    lines = [f"- {' '.join(k)}" for k in before.keys() - after.keys()]
    lines += [f"+ {' '.join(k)}" for k in after.keys() - before.keys()]
    for k in before.keys() & after.keys():
        moved = [
            f"{c}: {before[k].get(c, '')} -> {v}" for c, v in after[k].items() if before[k].get(c, "") != v
        ]
        if moved:
            lines.append(f"~ {' '.join(k)}  {'; '.join(moved)}")
    return sorted(lines, key=lambda line: line[2:])
