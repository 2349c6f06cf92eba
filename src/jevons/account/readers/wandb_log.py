"""The packed log of a W&B run that was kept offline, run-<id>.wandb: records of protobuf in LevelDB's log format.

    file     ":W&B", two bytes of magic, a version, then blocks of 32 KiB
    piece    checksum (4 bytes), length (2), type (1: whole, 2: first, 3: middle, 4: last), the bytes

References: LevelDB, doc/log_format.md; the records are wandb's own messages (wandb/proto), so its package reads them.
Checksums are not checked; a log that was cut off, as a killed run leaves it, is read up to the cut.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jevons.account.readers.opening import bytes_of
from jevons.core.errors import MissingExtra, TableError

MAGIC = b":W&B"
HEADER, BLOCK, PIECE = 7, 32_768, struct.Struct("<IHB")
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(path: Path) -> Iterator[bytes]:
    """The records of a log, one after another; TableError where a piece is of no known type."""
    raw = bytes_of(path)
    at, parts = HEADER, list[bytes]()
    while at + PIECE.size <= len(raw):
        left = BLOCK - at % BLOCK
        if left < PIECE.size:
            at += left
            continue
        _, length, kind = PIECE.unpack_from(raw, at)
        at += PIECE.size
        if kind not in (WHOLE, FIRST, MIDDLE, LAST):
            raise TableError(path.name, None, f"byte {at}", kind, "the log is broken here; sync the run and export its events")
        if at + length > len(raw):
            return
        parts = [raw[at : at + length]] if kind in (WHOLE, FIRST) else [*parts, raw[at : at + length]]
        at += length
        if kind in (WHOLE, LAST):
            yield b"".join(parts)


def samples(path: Path) -> Iterator[Mapping[str, Any]]:
    """The system samples of a log as mappings, with their ``_timestamp``. Errors: MissingExtra, TableError."""
    try:
        from google.protobuf.message import DecodeError
        from wandb.proto.wandb_internal_pb2 import Record
    except ImportError:
        raise MissingExtra("wandb", "full", "reading an offline run of W&B") from None
    for number, raw in enumerate(records(path), 1):
        record = Record()
        try:
            record.ParseFromString(raw)
            if record.HasField("stats"):
                sample = {f"system.{item.key}": json.loads(item.value_json) for item in record.stats.item}
                yield {**sample, "_timestamp": record.stats.timestamp.ToNanoseconds() / 1e9}
        except (DecodeError, ValueError, RecursionError) as trouble:
            raise TableError(path.name, number, None, str(trouble), "the log is broken here; sync the run and export its events") from None
