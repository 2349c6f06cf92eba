"""A file written whole or not at all: beside its place first, then renamed, so that a kill or a full disk leaves the old one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def put(path: str | Path, content: str | bytes) -> None:
    """Put text (UTF-8, its line ends kept) or bytes into a file, whole or not at all. Errors: OSError."""
    with replacing(path) as beside:
        beside.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A path to write to; what is there at the end stands at ``path``, and where anything is raised, what stood before does.

    A link is followed, so that it stays a link. A file that may not be written is not replaced either; one that was there
    keeps its permissions. What is no plain file (``/dev/stdout``, a pipe) is written to itself. Errors: OSError.
    """
    place = Path(path).resolve()
    if place.exists() and not place.is_file():
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        yield Path(path)
        return
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    beside = place.with_name(f".{place.name[:200]}.{os.getpid()}.new")
    try:
        yield beside
        settle(beside, place)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def settle(beside: Path, place: Path) -> None:
    """Put a file that is written into its place once it is on disk, with the permissions of the one it replaces. Errors: OSError."""
    with beside.open("rb") as handle:
        os.fsync(handle.fileno())
    with suppress(FileNotFoundError):
        beside.chmod(place.stat().st_mode & 0o7777)
    beside.replace(place)
    with suppress(OSError):  # some systems open no folder
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
