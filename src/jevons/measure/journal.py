"""The journal: one append-only file a process, a header first, a record each flush, a last word at stop.

Lines of JSON, each synced to disk when written. A file that ends without its last word was cut short; what it
holds up to the last whole line stands. Integers of microjoules; UTC stamps beside the monotonic clock.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError
from jevons.measure.cells import HOUR_S, UJ_PER_KWH, Cell, to_activity
from jevons.measure.home import home, made
from jevons.measure.sensor import Meter
from jevons.measure.well_formed import is_header, is_record

if TYPE_CHECKING:
    from jevons.core.activity import Activity

VERSION = 1
SUFFIX = ".jsonl"
LAST_MARK = b'{"kind":"closed"'
HOUR_MARK = b'{"kind":"hour"'
TAIL_BYTES = 1 << 16
UNKNOWN = 0
MOST_LISTED = 5000
SILENT_S = 86400.0
"""A journal of another machine that was silent for so long (and ten flushes) is taken for cut short."""


@dataclass
class Journal:
    """An open journal. ``append`` writes one record and syncs it; it raises OSError if the disk will not take it."""

    path: Path
    run: str
    handle: Any = field(repr=False, default=None)
    written: int = 0

    def append(self, record: Mapping[str, Any], sync: bool = True) -> None:
        """Write a record whole and have it on the disk before returning (unless ``sync`` is left to the caller); what
        fits by half is taken back."""
        line = (json.dumps(record, separators=(",", ":")) + "\n").encode()
        if not os.fstat(self.handle).st_nlink:
            raise OSError(errno.ENOENT, "its file was removed")
        try:
            if os.write(self.handle, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                self.sync()
        except OSError:
            with suppress(OSError):
                os.ftruncate(self.handle, self.written)
            raise
        self.written += len(line)

    def sync(self) -> None:
        """Have on the disk what was written."""
        os.fsync(self.handle)

    def close(self, record: Mapping[str, Any] | None = None) -> None:
        """Write the last word (unless the process was forked away from it) and give the file back."""
        if self.handle is None:
            return
        try:
            if record is not None:
                self.append(record)
        finally:
            os.close(self.handle)
            self.handle = None


def create(header: Mapping[str, Any], folder: Path | None = None, sync: bool = True) -> Journal:
    """A new journal with its header written (on the disk, unless ``sync`` is left to the caller); BadInput with the mend
    where its folder cannot be written."""
    where = folder or home() / "journal"
    run = os.urandom(8).hex()
    path = where / f"{run}{SUFFIX}"
    try:
        made(where, where.parent)
        handle = _apart(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644))
    except OSError as trouble:
        mend = f"name a folder that can be written, e.g. export JEVONS_HOME=/a/folder/of/yours ({trouble.strerror})"
        raise BadInput("JEVONS_HOME", str(where), mend) from None
    journal = Journal(path, run, handle)
    start = {"kind": "header", "v": VERSION, "run": run, "host": host(), "boot": boot_id(), "group": _folder_id(where),
             "pid": os.getpid(), **header}  # fmt: skip
    try:
        journal.append(start, sync)
    except OSError as trouble:
        journal.close()
        raise BadInput("JEVONS_HOME", str(where), f"make room on its disk ({trouble.strerror})") from None
    return journal


def _apart(handle: int) -> int:
    """The same file under a number that is not that of input, output or errors, where these are closed."""
    if handle > 2 or os.name == "nt":
        return handle
    import fcntl

    try:
        return fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Written:
    """A journal as read back: header, records in order, whether its last word is there, and lines that cannot be read."""

    path: Path
    header: Mapping[str, Any]
    records: tuple[Mapping[str, Any], ...]
    closed: bool
    broken: int = 0

    @property
    def run(self) -> str:
        """The run's id."""
        return str(self.header["run"])

    @property
    def group(self) -> str:
        """The trackers that saw each other: one folder of live files on one machine."""
        return f"{self.header.get('boot') or self.header.get('host')}:{self.header.get('group', '')}"

    @property
    def cells(self) -> dict[Cell, int]:
        """Microjoules by hour, device and window: flushes add, an hour's record and the last word stand. What a broken line
        told is known by its device's total alone: it stands in the last hour, in no window."""
        spent: dict[Cell, int] = {}
        for record in self.records:
            for hour, device, window, energy in record.get("d", []):
                cell = (hour, device, window)
                spent[cell] = energy + (spent.get(cell, 0) if record["kind"] == "flush" else 0)
        for device, total in self.last.get("e", {}).items() if self.broken else ():
            left = total - sum(energy for cell, energy in spent.items() if cell[1] == device)
            cell = (int(self.last["t"]) // HOUR_S * HOUR_S, device, "")
            if left > 0:
                spent[cell] = spent.get(cell, 0) + left
        return spent

    @property
    def activity(self) -> Activity:
        """The run as an Activity, as far as it was written."""
        meters = meters_of(self.header)
        labels = {"run": self.run, "share": self.header.get("share", "whole"), **self.header.get("labels", {})}
        return to_activity(self.cells, meters, float(self.header["t"]), float(self.last["t"]), labels)

    @property
    def last(self) -> Mapping[str, Any]:
        """The last record, or the header where there is none."""
        return self.records[-1] if self.records else self.header


def read(path: Path) -> Written:
    """A journal from disk; a torn last line is left out, one broken before is counted. TableError where the header itself
    cannot be read, or is of a newer jevons.

    A record of an hour stands for the flushes before it, so that a year is read without parsing each of them.
    """
    with path.open("rb") as handle:
        return parsed(handle, path)


def parsed(written: Iterable[bytes], path: Path) -> Written:
    """A journal from its lines, each with its end; ``path``: the file to be named. Errors: as ``read``."""
    header, kept, pending = b"", [], []
    for line in written:
        if not line.endswith(b"\n"):
            break
        if not header:
            header = line
        elif line.startswith(HOUR_MARK):
            kept.append(line)
            pending.clear()
        else:
            pending.append(line)
    first = _parsed(header)
    if first is None or not is_header(first):
        raise TableError(path.name, 1, None, "no header", "this is no journal of jevons, or it was cut at its start")
    if _is_newer(first):
        raise TableError(path.name, 1, "v", first["v"], f"it was written by a newer jevons: update this one (it reads up to {VERSION})")
    lines = [*kept, *pending]
    devices = {meter["device"] for meter in first["meters"]}
    records = tuple(r for r in map(_parsed, lines) if r is not None and is_record(r, devices))
    return Written(path, first, records, bool(records) and records[-1].get("kind") == "closed", len(lines) - len(records))


def _is_newer(header: Mapping[str, Any]) -> bool:
    return not isinstance(header.get("v", VERSION), int) or header.get("v", VERSION) > VERSION


def meters_of(header: Mapping[str, Any]) -> list[Meter]:
    """The meters a header names; what this version knows no word for is left out."""
    known = Meter.__dataclass_fields__
    return [Meter(**{name: value for name, value in meter.items() if name in known}) for meter in header["meters"]]


def totals_of(path: Path) -> dict[str, int]:
    """Microjoules by device as the last whole record of a journal tells; empty where none does."""
    try:
        with path.open("rb") as handle:
            handle.seek(max(handle.seek(0, os.SEEK_END) - TAIL_BYTES, 0))
            lines = handle.read().split(b"\n")[:-1]
    except OSError:
        return {}
    found = (record["e"] for line in reversed(lines) if (record := _parsed(line)) is not None and "e" in record and is_record(record))
    return dict(next(found, {}))


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def written(folder: Path | None = None) -> Iterator[Written]:
    """Every readable journal of the folder, oldest first."""
    where = folder or home() / "journal"
    files = sorted(where.glob(f"*{SUFFIX}"), key=lambda p: p.stat().st_mtime) if where.is_dir() else []
    for path in files:
        try:
            yield read(path)
        except (TableError, OSError):
            continue


def left_open(folder: Path | None = None, most: int | None = 100) -> list[Path]:
    """Journals whose process is gone without a last word, oldest first; only their beginnings and ends are read. Those of
    other users, which are theirs to close, are left out.

    ``most``: look at so many of the newest alone (of the first thousands that a crowded folder names); None: at all.
    """
    where = folder or home() / "journal"
    stamped = []
    with suppress(OSError), os.scandir(where) as entries:
        for entry in itertools.islice(entries, None if most is None else MOST_LISTED):
            with suppress(OSError):
                if entry.name.endswith(SUFFIX):
                    stamped.append((entry.stat().st_mtime, entry.path))
    newest = sorted(stamped)[-most if most else 0 :]
    return [Path(path) for _, path in newest if os.access(path, os.W_OK) and _cut(Path(path))]


def _cut(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            header, last = _parsed(handle.readline()), _last_line(handle)
    except OSError:
        return False
    known = header is not None and is_header(header) and not _is_newer(header)
    return known and header is not None and not last.startswith(LAST_MARK) and not _alive(header, path)


def _last_line(handle: Any) -> bytes:
    """The last whole line of a file, however long."""
    end, size = handle.seek(0, os.SEEK_END), TAIL_BYTES
    while True:
        handle.seek(max(end - size, 0))
        lines = handle.read().split(b"\n")
        if len(lines) > 2 or size >= end:
            return lines[-2] if len(lines) > 1 else b""
        size *= 8


def recover(folder: Path | None = None) -> list[dict[str, Any]]:
    """Close every journal whose process is gone without a last word, and say what each one saved."""
    saved = []
    for path in left_open(folder, None):
        try:
            journal = read(path)
        except (TableError, OSError):
            continue
        known = {k: v for k, v in journal.last.items() if k in ("t", "m", "e")}
        rows = [[*cell, energy] for cell, energy in journal.cells.items()]
        record = {"kind": "closed", **known, "d": rows, "why": "recovered"}
        with journal.path.open("rb+") as handle:
            _cut_torn_line(handle)
            handle.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
        saved.append(summary(read(journal.path)))
    return saved


def _cut_torn_line(handle: Any) -> None:
    """Leave the file ending in a whole line."""
    handle.seek(0)
    whole = handle.read()
    keep = whole.rfind(b"\n") + 1
    handle.truncate(keep)
    handle.seek(keep)


def summary(journal: Written) -> dict[str, Any]:
    """What a journal holds, in one mapping."""
    first, last = float(journal.header["t"]), float(journal.last.get("t", journal.header["t"]))
    energy = journal.last.get("e", {})
    methods = sorted({m["method"] for m in journal.header.get("meters", []) if m["device"] in energy})
    return {
        "run": journal.run, "started_utc": _iso(first), "last_record_utc": _iso(last), "duration_s": last - first,
        "energy_kwh": sum(energy.values()) / UJ_PER_KWH, "method": "+".join(methods) or "none",
    }  # fmt: skip


def _iso(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _alive(header: Mapping[str, Any], path: Path) -> bool:
    """Whether the process that wrote a journal still runs, or may: on another host all that tells is how long it was silent."""
    if header.get("host") != host():
        longest_s = max(SILENT_S, 10 * header.get("flush_s", 0.0))
        with suppress(OSError):
            return time.time() - path.stat().st_mtime < longest_s
        return True
    if header.get("boot") and boot_id() and header["boot"] != boot_id():
        return False
    return runs(int(header["pid"]), header.get("pid_start"))


def runs(pid: int, start: int | None) -> bool:
    """Whether the process of that start is there; one that may not be looked at (another user's) counts as there."""
    now = process_start(pid)
    return now is not None and start is not None and (now in (start, UNKNOWN) or start == UNKNOWN)


def _folder_id(folder: Path) -> str:
    """What tells a folder from any other of the machine, also where containers give it one name."""
    stat = folder.stat()
    return f"{stat.st_dev}-{stat.st_ino}-{sight()}"


def sight() -> str:
    """What processes that can see one another have in common: a machine's start, and a namespace of process ids."""
    try:
        return f"{boot_id()}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return boot_id() or host()


def host() -> str:
    """This machine's name."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # here, for it costs a tenth of the import

    return socket.gethostname()


def boot_id() -> str:
    """What tells this start of this machine's kernel from any other, also inside containers; empty where unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def process_start(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None where it is gone, UNKNOWN where it is hidden. A pid alone may be
    reused."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None if _gone(pid) else UNKNOWN


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
