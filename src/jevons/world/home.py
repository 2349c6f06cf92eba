"""Where state lives: JEVONS_HOME, else the platform's data directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def home() -> Path:
    """The folder of journals, live trackers and the ledger; not created here."""
    named = os.environ.get("JEVONS_HOME")
    if named:
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "jevons"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "jevons"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "jevons"
