"""What comes from files: split into runs and windows, each with a name that it keeps however often the file is read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.core.activity import places_of
from jevons.core.errors import BadInput, TableError
from jevons.core.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from jevons.core.activity import Activity

MOST_LINE = 16 << 20
"""A line longer than this many bytes is refused before it is read."""
BEGINS = 2
"""So many lines tell a file from others of its kind: the header and the first row, which do not change when it grows."""


def bounded(path: Path) -> Path:
    """The file itself, where no line of it is longer than MOST_LINE. Errors: BadInput, TableError naming the line."""
    try:
        with path.open("rb") as handle:
            number = 1
            while line := handle.readline(MOST_LINE):
                if len(line) == MOST_LINE and not line.endswith(b"\n"):
                    raise TableError(path.name, number, None, "a line of more than 16 MiB", "this is none of the files we read")
                number += 1
    except OSError as trouble:
        raise BadInput("file", str(path), f"name a file that can be read ({trouble.strerror})") from None
    return path


def by_run(activity: Activity, fallback: str) -> dict[str, Activity]:
    """The rows of each run that the column ``run`` names; those that name none are of the run ``fallback``."""
    if "run" not in activity.text:
        return {fallback: activity}
    parts = {word or fallback: activity.take(index) for word, index in places_of(activity.text["run"]).items()}
    return {name: _serving(part, len(parts)) for name, part in parts.items()}


def by_hour(activity: Activity, start_s: float) -> dict[int, Activity]:
    """The rows of each hour (UTC), numbered from the hour of ``start_s`` as 1; undated rows are of the first.

    What was served is told once, with the first. So a run that grows changes its last hour and none before.
    """
    import numpy as np

    hours = np.nan_to_num(activity.start_s // SECONDS_PER_HOUR - start_s // SECONDS_PER_HOUR, nan=0.0).astype(int).clip(0) + 1
    parts = {int(hour): activity.take(index) for hour, index in sorted(places_of(hours.tolist()).items())}
    first = min(parts, default=1)
    return {hour: part if hour == first else _serving(part, 0) for hour, part in parts.items()}


def name_of(path: Path, kind: str) -> str:
    """A name for the run of a file that names none: its kind, and a mark of its first lines; of a folder its own name."""
    if path.is_dir():
        return f"{kind}-{path.resolve().name}"
    with path.open("rb") as handle:
        begin = b"".join(handle.readline(MOST_LINE) for _ in range(BEGINS))
    return f"{kind}-{hashlib.sha256(begin).hexdigest()[:12]}"


def word_of(activity: Activity, column: str) -> str | None:
    """The one word of a column; None where there is no such column, no word, or several."""
    words = set(activity.text.get(column, ())) - {""}
    return str(words.pop()) if len(words) == 1 else None


def _serving(activity: Activity, parts: int) -> Activity:
    """Its served counts kept by a single part; where a file held several runs, each served one."""
    from dataclasses import replace

    if parts == 1:
        return activity
    import numpy as np

    served = {"run": np.ones(1)} if parts and "run" in activity.served else {}
    return replace(activity, served=served)
