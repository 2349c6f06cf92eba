"""The chains: each entry of a run carries the hash of the one before it; the heads of closed runs make one chain more.

    hashₙ = SHA-256(text of [hashₙ₋₁, run, position, kind, sequence, version, at, written by, why], line break, body)
    hash₀ = 64 zeros

The text is canonical JSON, which holds no line break; the body is hashed as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jevons.account.ledger.canonical import digest

LINKED = ("previous", "run", "position", "kind", "sequence", "version", "at_s", "written_by", "why")
SEALED = ("previous", "position", "run", "entries", "head", "at_s")


def hash_of(row: Mapping[str, Any]) -> str:
    """The hash of an entry, from all its other columns."""
    return digest(*(row[name] for name in LINKED), body=row["body"])


def seal_of(row: Mapping[str, Any]) -> str:
    """The hash of a link in the chain of runs."""
    return digest(*(row[name] for name in SEALED))


def link_trouble(row: Mapping[str, Any], expected: int, previous: str) -> str:
    """What is wrong with an entry that should stand at position ``expected`` behind hash ``previous``; empty if nothing is."""
    if row["position"] > expected:
        missing = f"position {expected}" if row["position"] == expected + 1 else f"positions {expected} to {row['position'] - 1}"
        return f"dropped: {missing} is not there"
    if row["position"] < expected:
        return "inserted: its position is taken by another entry"
    if hash_of(row) != row["hash"]:
        return "altered: its content does not give its hash"
    if row["previous"] != previous:
        return "inserted, reordered or re-written: it does not follow the entry before it"
    return ""
