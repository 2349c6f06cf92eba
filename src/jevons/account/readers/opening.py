"""A foreign file opened with bounds: unpacked where it is packed, and never more than can be held.

A packed file may hold one file, at most MOST_RATIO times its own size. Nothing a file names is ever opened: the names
inside an archive, and paths written in a file, are words.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from jevons.core.errors import TableError

if TYPE_CHECKING:
    from zipfile import ZipFile

MOST_BYTES = 2 << 30
"""A file is read up to this size, unpacked."""
MOST_DOCUMENT_BYTES = 512 << 20
"""A document that must be held whole (JSON, plist, a log) is read up to this size."""
MOST_RATIO = 250
FREE_BYTES = 16 << 20
"""Up to this size no ratio is asked."""
MOST_LINE = 1 << 20
"""Characters of one line of a table."""
CHUNK = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where its name ends in .gz or .zip. TableError for a bomb or a broken archive."""
    import zipfile

    ending = path.suffix.lower()
    try:
        if ending == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(_only_member(path, archive)) as handle:
                yield _bounded(handle, path)
        elif ending == ".gz":
            with gzip.open(path, "rb") as handle:
                yield _bounded(handle, path)
        else:
            with path.open("rb") as handle:
                yield handle
    except (zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as trouble:
        raise TableError(path.name, None, None, str(trouble), "give a whole archive") from None
    except OSError as trouble:
        raise TableError(path.name, None, None, trouble.strerror or str(trouble), "give a file that can be read") from None


def bytes_of(path: Path, most: int = MOST_DOCUMENT_BYTES) -> bytes:
    """The whole file; TableError where it is larger than ``most`` bytes."""
    with opened(path) as handle:
        raw = handle.read(most + 1)
    if len(raw) > most:
        raise TableError(path.name, None, None, f"more than {most >> 20} MiB", "split it into smaller files")
    return raw


def head_of(path: Path, most: int) -> bytes:
    """The first ``most`` bytes."""
    with opened(path) as handle:
        return handle.read(most)


def require_inside(root: Path, file: Path) -> None:
    """TableError for a file that a link leads out of its folder."""
    if not file.resolve().is_relative_to(root.resolve()):
        raise TableError(file.name, None, None, str(file.resolve()), f"it leads out of {root.name}; copy the file itself")


def fingerprint(path: Path) -> str:
    """Sixteen digits of the SHA-256 of a file's content, unpacked (of a folder's files): the same content gives the same."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        with opened(file) as handle:
            while chunk := handle.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:16]


def _only_member(path: Path, archive: ZipFile) -> Any:
    """The one file in an archive; its name is not used for anything."""
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise TableError(path.name, None, None, f"{len(members)} files", "give an archive of one file")
    name = PurePosixPath(members[0].filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts:
        raise TableError(path.name, None, None, str(name), "the archive names a path outside itself; pack the file alone")
    if members[0].flag_bits & 1:
        raise TableError(path.name, None, None, "an archive with a password", "unpack it first")
    return members[0]


def _bounded(handle: Any, path: Path) -> Any:
    return _Bounded(handle, path)


class _Bounded:
    """A handle that stops where a packed file grows beyond all reason."""

    def __init__(self, handle: Any, path: Path):
        self._handle, self._path = handle, path
        self._size, self._read = path.stat().st_size, 0

    def read(self, most: int = -1) -> bytes:
        """So many bytes, or all that are left."""
        parts, left = [], MOST_BYTES + 1 if most < 0 else most
        while left > 0 and (chunk := self._checked(self._handle.read(min(left, CHUNK)))):
            parts.append(chunk)
            left -= len(chunk)
        return b"".join(parts)

    def _checked(self, chunk: bytes) -> bytes:
        self._read += len(chunk)
        if self._read > MOST_BYTES or self._read > max(MOST_RATIO * self._size, FREE_BYTES):
            packed, grown = f"{self._size:,} bytes", f"{self._read:,} bytes"
            raise TableError(self._path.name, None, None, f"{packed} that unpack to over {grown}",
                             f"unpack it yourself if you trust it (a file may grow {MOST_RATIO} times)")  # fmt: skip
        return chunk
