"""Readers of what other tools recorded: one file a format, each a function ``path -> Activity``.

A module of this folder offers ``recognises(head)``, which tells its format from a file's first 4 kB, and
``read(path, zone="UTC")``. ``zone`` is where the clock stood that wrote stamps without a zone. What a file does not
say is an assumption of the Activity; what cannot be read raises TableError with file, row and column.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError, UnknownName

if TYPE_CHECKING:
    from jevons.core.activity import Activity

FORMATS = {
    "codecarbon": "emissions.csv of CodeCarbon 0.0.9 to 3.3, and its files of tasks",
    "carbontracker": "either log file of carbontracker",
    "zeus": "log_file of Zeus' ZeusMonitor",
    "eco2ai": "emission.csv of eco2AI",
    "nvidia-smi": "nvidia-smi --query-gpu=timestamp,uuid,power.draw --format=csv -l 1",
    "powermetrics": "powermetrics of macOS, text or plist",
}
"""Format → the file it is; the module has the same name, with _ for -."""
HEAD_BYTES = 4096


def read(path: str | Path, kind: str | None = None, *, zone: str = "UTC") -> Activity:
    """What a file recorded, as an Activity; its format is recognised unless ``kind`` names it.

    Errors: UnknownName for a format that is not in FORMATS, BadInput for a file that is absent or of no known
    format, TableError for a row or column that cannot be read.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput("path", str(path), "name an existing file")
    reader = _module(kind or recognise(file))
    activity: Activity = reader.read(file, zone=zone)
    return activity


def recognise(path: str | Path) -> str:
    """The format of a file, by its first lines; TableError where it is none of FORMATS."""
    from jevons.account.readers.lines import text_of

    file = Path(path)
    head = text_of(file, HEAD_BYTES)
    for kind in FORMATS:
        if _module(kind).recognises(head):
            return kind
    first = head.partition("\n")[0]
    raise TableError(file.name, 1, None, first, f"this is none of {', '.join(FORMATS)}; name its kind if it is")


def _module(kind: str) -> Any:
    if kind not in FORMATS:
        from difflib import get_close_matches

        raise UnknownName("format", kind, get_close_matches(kind, FORMATS, 3) or list(FORMATS))
    return importlib.import_module(f"jevons.account.readers.{kind.replace('-', '_')}")
