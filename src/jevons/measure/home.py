"""Where state lives; the folder is named in one place for measure and account."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from jevons.world.home import home

__all__ = ["home", "made"]
MODE = 0o7777


def made(folder: Path, place: Path) -> None:
    """Make a folder below the home ``place``; where others may write in that home (a group's, or everybody's) they may here.

    A home that is not there yet is made for its user alone to write. Errors: OSError.
    """
    shared = place.stat().st_mode & MODE if place.is_dir() else 0
    missing = [each for each in (folder, *folder.parents) if place in each.parents and not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if shared & 0o022:
        for each in missing:
            with suppress(OSError):  # another's, who was first
                os.chmod(each, shared)
