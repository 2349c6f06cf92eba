"""HTTP/1.1 as a proxy needs it: heads read and written, bodies passed on byte for byte while their end is watched for.

RFC 9112; only what concerns framing is understood, all else is forwarded as it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from jevons.core.errors import JevonsError

HEAD_LIMIT = 64 * 1024
PIECE = 64 * 1024
CRLF = b"\r\n"
HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"expect", b"host", b"upgrade",
                 b"te", b"trailer"})  # fmt: skip


class BadMessage(JevonsError, ValueError):
    """Bytes that are no HTTP message."""


@dataclass(slots=True)
class Head:
    """The first lines of a message: its start line and its headers, as they came."""

    start: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def get(self, name: bytes) -> bytes:
        """A header's value in lower case; empty where it is absent."""
        return next((value.strip().lower() for key, value in self.headers if key.lower() == name), b"")

    @property
    def length(self) -> int | None:
        """Bytes of the body where they are said; BadMessage for no number."""
        said = self.get(b"content-length")
        if not said:
            return None
        if not said.isdigit():
            raise BadMessage(f"content-length: {said!r} is no number of bytes")
        return int(said)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self.get(b"transfer-encoding").endswith(b"chunked")

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this message."""
        said = self.get(b"connection")
        return b"close" in said or (b"HTTP/1.0" in self.start and b"keep-alive" not in said)

    @property
    def status(self) -> int:
        """Of a reply; BadMessage for none."""
        words = self.start.split(b" ", 2)
        if len(words) < 2 or not words[1].isdigit():
            raise BadMessage(f"{self.start[:60]!r} is no status line")
        return int(words[1])

    def bytes_(self, extra: list[tuple[bytes, bytes]] | None = None) -> bytes:
        """The head as it goes on, with further headers."""
        lines = [self.start, *(b"%s:%s" % pair for pair in self.headers), *(b"%s: %s" % pair for pair in extra or [])]
        return CRLF.join(lines) + CRLF + CRLF


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head; None where the peer has closed between messages. Errors: BadMessage."""
    try:
        raw = await reader.readuntil(CRLF + CRLF)
    except asyncio.IncompleteReadError as ended:
        if ended.partial.strip():
            raise BadMessage("the connection ended within a head") from None
        return None
    except asyncio.LimitOverrunError:
        raise BadMessage(f"a head of more than {HEAD_LIMIT} bytes") from None
    start, *lines = raw.strip(CRLF).split(CRLF)
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or name != name.strip():
            raise BadMessage(f"{line[:60]!r} is no header")
        headers.append((name, value))
    return Head(start, headers)


class Chunks:
    """Follows a chunked body: ``feed`` takes bytes as they come and gives the payload among them; ``done`` at its end."""

    __slots__ = ("_left", "_line", "_state", "done")

    def __init__(self) -> None:
        self._line, self._left, self._state, self.done = b"", 0, "size", False

    def feed(self, data: bytes) -> bytes:
        """The payload in ``data``. Errors: BadMessage for a size that is no number."""
        payload, at = [], 0
        while at < len(data) and not self.done:
            if self._state == "payload":
                piece = data[at : at + self._left]
                payload.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = "end"
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._line += data[at:]
                break
            line, self._line, at = (self._line + data[at:end]).rstrip(b"\r"), b"", end + 1
            self._turn(line)
        return b"".join(payload)

    def _turn(self, line: bytes) -> None:
        if self._state == "end":
            self._state = "size"
        elif self._state == "trailer":
            self.done = not line
        else:
            try:
                self._left = int(line.split(b";")[0], 16)
            except ValueError:
                raise BadMessage(f"{line[:20]!r} is no size of a chunk") from None
            self._state = "payload" if self._left else "trailer"


async def pieces(reader: asyncio.StreamReader, head: Head, reply: bool) -> AsyncIterator[tuple[bytes, bytes]]:
    """The body as (bytes as they came, payload among them). Errors: BadMessage where it ends too early."""
    if head.chunked:
        chunks = Chunks()
        while not chunks.done:
            raw = await reader.read(PIECE)
            if not raw:
                raise BadMessage("the body ended within a chunk")
            yield raw, chunks.feed(raw)
        return
    left = head.length
    if left is None and not reply:
        return
    while left is None or left > 0:
        raw = await reader.read(PIECE if left is None else min(PIECE, left))
        if not raw:
            if left is None:
                return
            raise BadMessage(f"the body ended {left} bytes too early")
        left = None if left is None else left - len(raw)
        yield raw, raw
