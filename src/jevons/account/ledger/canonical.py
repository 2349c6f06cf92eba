"""How a row is written down before it is hashed: one text for one content, on every machine."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from jevons.core.errors import BadInput

GENESIS = "0" * 64
MOST_NAME = 500
MOST_BYTES = 1000
"""Of a name in UTF-8: two of them fit into a row of PostgreSQL's index."""
MOST_REASON = 10_000
LAST_S = 253_402_300_800
"""The end of the year 9999: what lies beyond is no time that a calendar holds."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def text(value: Any) -> str:
    """Canonical JSON: keys sorted, no blanks, ASCII, floats by their shortest exact digits. Errors: BadInput for NaN."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as trouble:
        raise BadInput("ledger entry", str(trouble), "keep plain values: text, finite numbers, lists, mappings") from None


def read(body: str) -> Any:
    """What a canonical text says; ValueError for what is none (NaN, a broken text, one nested without end)."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None


def digest(*parts: str | int | float | None, body: str = "") -> str:
    """SHA-256, in hex, over the canonical text of a list of parts and, behind a line break, a text that is there already."""
    return hashlib.sha256(f"{text(parts)}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def code_version() -> str:
    """The version of jevons at work."""
    return str(sys.modules["jevons"].__version__)  # imported it would look like a step up to the doors


def name(field: str, word: Any) -> str:
    """A run, project, owner or tag as a database holds it: text, not blank, without control characters."""
    if not isinstance(word, str) or not word.strip():
        raise BadInput(field, word, "give it as text")
    if len(word) > MOST_NAME:
        raise BadInput(field, word, f"keep it under {MOST_NAME} characters")
    if not word.isprintable():
        raise BadInput(field, word, "leave out control characters and line breaks")
    if len(word.encode()) > MOST_BYTES:
        raise BadInput(field, word, f"keep it under {MOST_BYTES} bytes (UTF-8)")
    return word


def reason(word: str) -> str:
    """Why something was written, as a database holds it: text of any lines, without NUL, not without end."""
    if len(word) > MOST_REASON:
        raise BadInput("why", word, f"keep it under {MOST_REASON:,} characters")
    if "\0" in word or (not word.isascii() and word.encode("utf-8", "ignore").decode() != word):
        raise BadInput("why", word, "leave out characters that no database holds")
    return word


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number")
