"""What the user chose once for all: a default site, strictness, tables of their own. Read when first asked for.

Looked for in this order: the file named by JEVONS_SETTINGS, ``jevons.toml`` in the working folder, then
``settings.toml`` in the user's configuration folder. No file means every default.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from jevons.core.errors import BadInput, TableError
from jevons.world import catalog


@dataclass(frozen=True, slots=True)
class Settings:
    """``site``: where work runs unless said otherwise. ``strict``: no fallback to the world mean.
    ``overlay``: a folder of CSV tables whose rows come before all others. ``also``: what a measured run models beside
    processor and memory: disk, nic."""

    site: str = ""
    strict: bool = False
    overlay: str = ""
    also: tuple[str, ...] = ()
    file: str = ""


@functools.lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings in force; BadInput names an unknown key, TableError a file that is not TOML."""
    path = _file()
    if path is None:
        return Settings()
    import tomllib  # here, for it compiles its patterns: most runs have no settings

    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise TableError(path.name, None, None, str(trouble), "mend the TOML") from None
    known = [f.name for f in fields(Settings) if f.name != "file"]
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise BadInput(f"{path.name}: {key}", given[key], f"did you mean {near[0]!r}?" if near else f"use {known}")
    also = given.get("also", [])
    if not isinstance(also, list) or not all(isinstance(word, str) for word in also):
        raise BadInput(f"{path.name}: also", also, 'give a list: also = ["disk", "nic"]')
    chosen = Settings(**{**given, "also": tuple(also)}, file=str(path))
    if chosen.overlay:
        catalog.overlay((path.parent / chosen.overlay).resolve())
    return chosen


def _file() -> Path | None:
    named = os.environ.get("JEVONS_SETTINGS")
    if named and not Path(named).is_file():
        raise BadInput("JEVONS_SETTINGS", named, "name an existing TOML file, or unset it")
    home = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "jevons" / "settings.toml"
    for path in (Path(named) if named else None, Path("jevons.toml"), home):
        if path is not None and path.is_file():
            return path
    return None
