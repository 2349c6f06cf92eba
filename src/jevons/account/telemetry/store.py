"""What a close keeps in its folder: the energy of each part, and every version of every day; nothing is ever overwritten.

    lock                            held by the one who closes
    parts/<key>.parquet, .json      energy of one part by cell; the key names its files, rules, jobs and places
    days/2026-01-05/v0001.parquet   accounts of the day;  v0001-hours.parquet  completeness by device and hour
    days/2026-01-05/v0001.json      written last: a version is there when this file is, so a kill leaves the one before
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jevons.account.telemetry.batches import Batch
from jevons.account.telemetry.expression import SCHEMAS
from jevons.account.telemetry.rules import DAY_US, FIRST, HOUR_US
from jevons.account.telemetry.samples import one, text
from jevons.core.errors import BadInput, UnknownName
from jevons.core.files import put, replacing

FORMAT = 1
FOOTER_BYTES = 1 << 16


@dataclass
class Store:
    """The folder of a close. ``read``: the batches that had to be read, by key."""

    folder: Path
    read: dict[str, Batch] = field(default_factory=dict)

    @contextmanager
    def locked(self, wait_s: float = 60.0) -> Iterator[None]:
        """Nobody else closes meanwhile. Errors: BadInput where another holds the folder for longer than ``wait_s``."""
        import fcntl

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = (self.folder / "lock").open("a")
        except OSError as trouble:
            raise BadInput("state", str(self.folder), f"name a folder that can be written ({trouble.strerror})") from None
        until = time.monotonic() + wait_s
        with handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > until:
                        raise BadInput("state", str(self.folder), "another process closes it: wait until it has ended") from None
                    time.sleep(0.05)
            yield

    def key(self, con: Any, fleet: Any, batch: Batch) -> str:
        """A part's name: the same files (size, time, footer), devices, rules, jobs and places give the same energy."""
        rules = fleet.rules
        said = {"format": FORMAT, "files": [identity(f.path) for f in batch.files], "devices": batch.devices,
                "columns": asdict(fleet.columns), "rules": [rules.unit, rules.max_gap_s, rules.max_w, rules.wrap],
                "tables": {name: fingerprint(con, name, batch) for name in ("jobs", "placement", "offsets") if name in fleet.given}}  # fmt: skip
        if any(f.to_us is None or f.to_us > rules.latest_us for f in batch.files):
            said["latest"] = rules.latest_us  # what lies in the future today is a sample tomorrow
        return digest(said)[:32]

    def has(self, key: str) -> bool:
        """Whether that part is there, whole."""
        return (self.folder / "parts" / f"{key}.json").is_file()

    def save(self, con: Any, key: str, numbers: Sequence[int], batch: Batch) -> None:
        """Keep the energy of the parts of these numbers under one key."""
        chosen = f"FROM energy WHERE part IN ({', '.join(map(str, numbers))})"
        path = self.folder / "parts" / f"{key}.parquet"
        copy(con, f"SELECT * {chosen} ORDER BY part, device, from_us, kind", path)
        days = con.execute(f"SELECT from_us // {DAY_US} AS day, sum(samples)::BIGINT {chosen} GROUP BY day HAVING sum(samples) > 0 ORDER BY day").fetchall()
        span = one(con, f"SELECT min(t_us) FILTER (kind = {FIRST}), max(t_us) FILTER (last) {chosen}")
        edges = one(con, f"SELECT md5(string_agg(concat_ws('|', device, kind, last, t_us, value), chr(10) ORDER BY device, t_us, last, value)) "
                         f"{chosen} AND (kind = {FIRST} OR last)")[0]  # fmt: skip
        write(path.with_suffix(".json"), {"files": [f.path for f in batch.files], "rows": batch.rows, "span_us": span,
                                          "days": [day for day, _ in days], "edges": edges})  # fmt: skip
        self.read[key] = batch

    def told(self, key: str) -> dict[str, Any]:
        """What is known of a part: files, rows, days, span, and the hash of its devices' first and last samples."""
        found: dict[str, Any] = json.loads((self.folder / "parts" / f"{key}.json").read_text(encoding="utf-8"))
        return found

    def load(self, con: Any, key: str, numbers: Iterator[int]) -> list[int]:
        """Put a kept part into ``energy``, under numbers of its own."""
        path = text(str(self.folder / "parts" / f"{key}.parquet"))
        held = [row[0] for row in con.execute(f"SELECT DISTINCT part FROM read_parquet({path}) ORDER BY part").fetchall()]
        taken = [next(numbers) for _ in held]
        for old, new in zip(held, taken):
            con.execute(f"INSERT INTO energy SELECT {new}, {', '.join(SCHEMAS['energy'])} FROM read_parquet({path}) WHERE part = {old}")
        return taken

    def versions(self, day: str) -> list[dict[str, Any]]:
        """The versions of a day, oldest first."""
        found = sorted((self.folder / "days" / day).glob("v*.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in found]

    def days(self) -> list[str]:
        """The days that have been closed."""
        return sorted(path.parent.name for path in (self.folder / "days").glob("*/v0001.json"))

    def keep(self, con: Any, day: str, record: Mapping[str, Any], accounts: str, hours: str) -> dict[str, Any]:
        """Write the next version of a day: its tables, then the record that makes it count."""
        number = len(self.versions(day)) + 1
        base = self.folder / "days" / day / f"v{number:04d}"
        tables = {"accounts": base.with_suffix(".parquet"), "hours": base.with_name(base.name + "-hours.parquet")}
        for name, sql in (("accounts", accounts), ("hours", hours)):
            copy(con, sql, tables[name])
        whole = {"day": day, "version": number, "supersedes": number - 1 or None, **record,
                 "sha256": {name: hashed(path) for name, path in tables.items()}}  # fmt: skip
        write(base.with_suffix(".json"), whole)
        return whole

    def version(self, day: str, number: int | None = None) -> tuple[dict[str, Any], Path, Path]:
        """The record, accounts and hours of a version (None: the last). Errors: UnknownName; BadInput for altered files."""
        found = {record["version"]: record for record in self.versions(day)}
        wanted = number if number is not None else max(found, default=0)
        if wanted not in found:
            raise UnknownName("closed day", f"{day} version {wanted}" if number else day, self.days()[-3:])
        base = self.folder / "days" / day / f"v{wanted:04d}"
        paths = base.with_suffix(".parquet"), base.with_name(base.name + "-hours.parquet")
        for name, path in zip(("accounts", "hours"), paths):
            if not path.is_file() or hashed(path) != found[wanted]["sha256"][name]:
                raise BadInput("closed day", str(path), "it is not what was closed: restore it, or close the day again")
        return found[wanted], *paths


def identity(path: str) -> list[Any]:
    """A file as it is now: path, size, time of change, and the hash of its end, where Parquet keeps its footer."""
    at = Path(path)
    stat = at.stat()
    with at.open("rb") as handle:
        handle.seek(max(stat.st_size - FOOTER_BYTES, 0))
        return [str(at.resolve()), stat.st_size, stat.st_mtime_ns, hashlib.sha256(handle.read()).hexdigest()]


def fingerprint(con: Any, name: str, batch: Batch) -> str:
    """The hash of the jobs (places, offsets) that can touch a batch, cut to its hours: one that ends later is the same."""
    if name == "offsets" or any(f.from_us is None or f.to_us is None for f in batch.files):
        sql = f"SELECT * FROM {name}"
    else:
        low = min(f.from_us for f in batch.files) // HOUR_US * HOUR_US - HOUR_US  # type: ignore[type-var,operator]
        high = max(f.to_us for f in batch.files) // HOUR_US * HOUR_US + 2 * HOUR_US  # type: ignore[type-var,operator]
        sql = (f"SELECT * REPLACE (greatest(start_us, {low}) AS start_us, least(end_us, {high}) AS end_us) FROM {name} "
               f"WHERE start_us < {high} AND end_us > {low}{devices(batch)}")  # fmt: skip
    borders = "device, offset_us" if name == "offsets" else "device, start_us, end_us"
    found = one(con, f"SELECT md5(string_agg(concat_ws('|', {borders}), chr(10) ORDER BY {borders})) FROM (SELECT DISTINCT {borders} FROM ({sql}))")
    return str(found[0])


def devices(batch: Batch) -> str:
    """SQL: which devices a batch can hold, by its footers."""
    if any(f.least is None or f.greatest is None for f in batch.files):
        return ""
    low, high = min(f.least for f in batch.files), max(f.greatest for f in batch.files)  # type: ignore[type-var]
    return f" AND device BETWEEN {text(str(low))} AND {text(str(high))}"


def copy(con: Any, sql: str, path: Path) -> None:
    """An answer as a Parquet file, there whole or not at all. Errors: BadInput where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            con.execute(f"COPY ({sql}) TO {text(str(part))} (FORMAT parquet, COMPRESSION zstd)")
    except Exception as trouble:
        raise BadInput("state", str(path), f"it cannot be written: {str(trouble).splitlines()[0]}") from None


def write(path: Path, record: Mapping[str, Any]) -> None:
    """A record as JSON, there whole or not at all. Errors: BadInput where it cannot be written."""
    try:
        put(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    except OSError as trouble:
        raise BadInput("state", str(path), f"it cannot be written: {trouble.strerror}") from None


def hashed(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
