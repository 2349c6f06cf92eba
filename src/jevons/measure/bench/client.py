"""One streamed chat request to an OpenAI-compatible endpoint, with the moment of every piece of its answer.

HTTP/1.1 by hand on asyncio: a request is a connection, a time-out holds for the whole of it, and whatever goes wrong
is a word in the exchange, never an exception.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from jevons.core.errors import BadInput
from jevons.measure.bench.prompts import Prompt

STRANGE = (OSError, EOFError, ValueError, AttributeError, TypeError, RecursionError, asyncio.LimitOverrunError)
"""What a broken connection, or an answer of another shape than it should have, makes the code below raise."""
LINE_BYTES = 1 << 20
ERROR_BYTES = 2000
MOST_HEADERS = 200
WORDS = ("content", "reasoning_content", "reasoning")
"""Where servers put what a model says; the last two hold its reasoning."""


@dataclass(frozen=True)
class Endpoint:
    """Where chat requests go: ``POST {path}`` at ``host:port``."""

    host: str
    port: int
    path: str
    tls: bool
    key: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The address, for messages."""
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}{self.path}"


@dataclass(slots=True)
class Exchange:
    """A request and its answer. Moments are nanoseconds of the monotonic clock; ``pieces_ns`` one for each piece of text."""

    prompt: Prompt
    asked_ns: int
    ended_ns: int = 0
    pieces_ns: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    input_tokens: int | None = None
    output_tokens: int | None = None
    finished: bool = False
    trouble: str = ""

    @property
    def ok(self) -> bool:
        """Whether a whole answer came."""
        return not self.trouble

    @property
    def tokens(self) -> int:
        """Output tokens as the server counts them; where it does not, the pieces of its stream."""
        return len(self.pieces_ns) if self.output_tokens is None else self.output_tokens

    @property
    def stay_s(self) -> float:
        """Seconds from asking to the end."""
        return (self.ended_ns - self.asked_ns) / 1e9

    @property
    def ttft_s(self) -> float:
        """Seconds from asking to the first piece of text."""
        return (self.pieces_ns[0] - self.asked_ns) / 1e9

    @property
    def s_per_token(self) -> float | None:
        """Mean seconds between tokens after the first; None for an answer of one token."""
        if self.tokens < 2 or len(self.pieces_ns) < 2:
            return None
        return (self.pieces_ns[-1] - self.pieces_ns[0]) / 1e9 / (self.tokens - 1)


def endpoint(url: str, key: str = "") -> Endpoint:
    """The chat endpoint under an address such as http://127.0.0.1:8000/v1. Errors: BadInput for one that cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise BadInput("url", url, "give an address such as http://127.0.0.1:8000/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or set(url) & set(" \r\n\t"):
        raise BadInput("url", url, "give an address such as http://127.0.0.1:8000/v1")
    if not key.isascii() or set(key) & set("\r\n"):
        raise BadInput("key", "(hidden)", "give a key of one line of ASCII")
    path = parts.path.rstrip("/")
    path = path if path.endswith("/chat/completions") else path + "/chat/completions"
    return Endpoint(parts.hostname, port, path, parts.scheme == "https", key)


async def ask(to: Endpoint, model: str, prompt: Prompt, max_tokens: int, timeout_s: float,
              asked_ns: int | None = None) -> Exchange:  # fmt: skip
    """Send a prompt and follow the stream of its answer to the end; ``asked_ns``: when it arrived, if before now."""
    exchange = Exchange(prompt, time.monotonic_ns() if asked_ns is None else asked_ns)
    try:
        async with asyncio.timeout(timeout_s):
            await _converse(to, _body(model, prompt, max_tokens), exchange)
        exchange.trouble = exchange.trouble or _unfinished(exchange)
    except TimeoutError:
        exchange.trouble = f"no whole answer within {timeout_s:g} s"
    except STRANGE as trouble:
        exchange.trouble = _said(trouble)
    exchange.ended_ns = time.monotonic_ns()
    return exchange


def _body(model: str, prompt: Prompt, max_tokens: int) -> bytes:
    messages = [{"role": role, "content": text} for role, text in prompt.messages]
    return json.dumps({"model": model, "messages": messages, "max_tokens": max_tokens, "stream": True,
                       "stream_options": {"include_usage": True}}).encode()  # fmt: skip


def _unfinished(exchange: Exchange) -> str:
    if not exchange.finished:
        return "the stream ended in the middle of an answer"
    return "" if exchange.pieces_ns else "an answer without text"


def _said(trouble: Exception) -> str:
    if isinstance(trouble, ConnectionRefusedError):
        return "connection refused"
    if isinstance(trouble, (ConnectionError, EOFError)):
        return "the connection was cut before the answer was whole"
    if isinstance(trouble, OSError):
        return f"no connection: {trouble.strerror or trouble}"
    return "an answer that is no HTTP with server-sent events"


# ---- HTTP


async def _converse(to: Endpoint, body: bytes, exchange: Exchange) -> None:
    context = ssl.create_default_context() if to.tls else None
    reader, writer = await asyncio.open_connection(to.host, to.port, ssl=context, limit=LINE_BYTES)
    try:
        writer.write(_head(to, len(body)) + body)
        await writer.drain()
        status, headers = await _answer_head(reader)
        if status != 200:
            exchange.trouble = f"HTTP {status}{await _reason(reader, headers)}"
            return
        async for event in _events(_lines(reader, headers)):
            if _take(event, exchange):
                return
        if not exchange.pieces_ns and "json" in headers.get("content-type", ""):
            exchange.trouble = "an answer that is not streamed: the endpoint must stream"
    finally:
        writer.close()


def _head(to: Endpoint, length: int) -> bytes:
    key = f"Authorization: Bearer {to.key}\r\n" if to.key else ""
    return (f"POST {to.path} HTTP/1.1\r\nHost: {to.host}:{to.port}\r\nContent-Type: application/json\r\n"
            f"Accept: text/event-stream\r\n{key}Content-Length: {length}\r\nConnection: close\r\n\r\n").encode()  # fmt: skip


async def _answer_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    words = (await _line(reader)).split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/"):
        raise ValueError("no HTTP")
    lines: list[str] = []
    while (line := await _line(reader)).strip():
        lines.append(line.decode("latin-1"))
        if len(lines) > MOST_HEADERS:
            raise ValueError("no end of headers")
    pairs = (line.partition(":") for line in lines)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _line(reader: asyncio.StreamReader) -> bytes:
    """A whole line; EOFError where the connection ends before."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


async def _pieces(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """The body as it comes, whichever way its length is told."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await _line(reader)).split(b";")[0], 16):
            if size > LINE_BYTES:
                raise ValueError("a piece without end")
            yield (await reader.readexactly(size + 2))[:size]
        return
    left = int(headers["content-length"]) if "content-length" in headers else -1
    while left and (piece := await reader.read(min(left, 65536) if left > 0 else 65536)):
        left -= len(piece) if left > 0 else 0
        yield piece


async def _lines(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in _pieces(reader, headers):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
        if len(rest) > LINE_BYTES:
            raise ValueError("a line without end")


async def _events(lines: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    """The data of each server-sent event; None for the word that the stream is done."""
    async for line in lines:
        if line.startswith(b"data:"):
            data = line[5:].strip()
            yield None if data == b"[DONE]" else json.loads(data)


async def _reason(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> str:
    text = b""
    async for piece in _pieces(reader, headers):
        text += piece
        if len(text) > ERROR_BYTES:
            break
    return f": {_message(text)}" if text else ""


def _message(text: bytes) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return " ".join(text.decode(errors="replace").split())[:120]
    return _error_words(found.get("error", found) if isinstance(found, dict) else found)


def _error_words(error: Any) -> str:
    word = error.get("message", error) if isinstance(error, dict) else error
    return " ".join(str(word).split())[:120]


# ---- what an event says


def _take(event: Any, exchange: Exchange) -> bool:
    """Keep what an event says; True once the answer is over."""
    if event is None:
        exchange.finished = True
        return True
    if not isinstance(event, dict):
        raise ValueError("no event")
    if event.get("error"):
        exchange.trouble = f"an error in the middle of the stream: {_error_words(event['error'])}"
        return True
    _usage(event.get("usage"), exchange)
    for choice in event.get("choices") or []:
        delta = choice.get("delta") or {}
        said = "".join(delta[word] for word in WORDS if isinstance(delta.get(word), str))
        if said:
            exchange.pieces_ns.append(time.monotonic_ns())
            exchange.text.append(said)
        exchange.finished = exchange.finished or bool(choice.get("finish_reason"))
    return False


def _usage(usage: Any, exchange: Exchange) -> None:
    if isinstance(usage, dict):
        counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
        exchange.input_tokens, exchange.output_tokens = (n if isinstance(n, int) and n >= 0 else None for n in counts)
