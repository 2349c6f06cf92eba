"""A proxy before any OpenAI-compatible endpoint: replies say what they cost, streams pass untouched.

    jevons proxy --upstream https://api.openai.com          then point the client's base URL at http://127.0.0.1:8790

A whole reply in JSON gains X-Jevons-Energy-Wh, X-Jevons-CO2e-g, X-Jevons-Water-mL, or X-Jevons-Note where nothing can be
said; its body stays as it came. Of a stream no byte is changed: its footprint is in the totals at /metrics. Nothing that
passes is kept or logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.integrations.call_footprint import frozen
from jevons.integrations.llm_adapters import host_provider
from jevons.integrations.proxy_http import HEAD_LIMIT, HOP, BadMessage, Head, pieces, read_head
from jevons.integrations.proxy_meter import Events, Meter, model_asked, usage_in

WHOLE_AT_MOST = 32 * 1024 * 1024  # bytes of a reply that are kept to be read before its head goes on
ASKED_AT_MOST = 256 * 1024 * 1024  # bytes of a request
BODILESS = (204, 304)


class UpstreamDown(Exception):
    """The endpoint cannot be reached, or ended before it answered."""


@dataclass
class _Client:
    """The client's side; ``begun``: whether a reply of the endpoint is on its way, so that no other can be given."""

    writer: asyncio.StreamWriter
    begun: bool = False

    def send(self, data: bytes) -> None:
        self.begun = True
        self.writer.write(data)


@dataclass
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    fresh: bool


class Proxy:
    """One proxy: ``await start()``, then it answers at ``port`` until ``await stop()``."""

    def __init__(self, upstream: str, *, host: str = "127.0.0.1", port: int = 8790, provider: str = "", at: Any = None,
                 deployment: Mapping[str, Any] | None = None, year: int | None = None, metrics_path: str = "/metrics",
                 connect_s: float = 10.0, answer_s: float = 600.0) -> None:  # fmt: skip
        """``connect_s``: patience to connect; ``answer_s``: for the first byte and between bytes. Errors: BadInput, UnknownName
        for a provider or site that no table holds."""
        found = urlsplit(upstream)
        if found.scheme not in ("http", "https") or not found.hostname:
            raise BadInput("upstream", upstream, "give the endpoint's address, e.g. https://api.openai.com")
        self._secure, self._name = found.scheme == "https", found.hostname
        self._port = found.port or (443 if self._secure else 80)
        self._netloc, self._prefix = found.netloc.rsplit("@", 1)[-1].encode(), found.path.rstrip("/").encode()
        self._metrics, self._connect_s, self._answer_s = metrics_path.encode(), connect_s, answer_s
        self.host, self.port = host, port
        self.meter = Meter(provider or host_provider(upstream) or ("stated" if deployment else ""), at, frozen(deployment), year)
        self.meter.check()
        self._idle: list[_Line] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen; ``port`` 0 takes a free one, found in ``port`` afterwards."""
        self._server = await asyncio.start_server(self._client, self.host, self.port, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and let go of every connection kept."""
        if self._server is not None:
            self._server.close()
        while self._idle:
            self._idle.pop().writer.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client: requests one after another."""
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            try:
                while (head := await read_head(reader)) is not None:
                    if not await self._request(head, reader, writer):
                        break
            except BadMessage as trouble:
                await _say(writer, 400, "invalid_request", str(trouble))
        writer.close()

    async def _request(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass on one request; whether the client may send another."""
        words = head.start.split(b" ")
        if len(words) != 3:
            raise BadMessage(f"{head.start[:60]!r} is no request line")
        if words[1].split(b"?")[0] == self._metrics:
            writer.write(_reply(200, b"text/plain; version=0.0.4; charset=utf-8", self.meter.totals.text().encode()))
            return not head.closes
        if head.get(b"expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _body(reader, head)
        if head.get(b"upgrade"):
            self._outcome("refused")
            await _say(writer, 501, "unsupported", "no other protocol (websocket) is passed on: use the endpoint's HTTP or SSE calls")
            return not head.closes
        try:
            line, answer = await self._answer(self._rewritten(head, words), body)
        except UpstreamDown as trouble:
            self._outcome("unreachable")
            await _say(writer, 502, "upstream_unreachable", str(trouble))
            return not head.closes
        except TimeoutError:
            self._outcome("timeout")
            await _say(writer, 504, "upstream_timeout", f"the endpoint did not answer within {self._answer_s:g} s")
            return not head.closes
        return await self._passed(line, answer, body, words[0], _Client(writer)) and not head.closes

    def _rewritten(self, head: Head, words: list[bytes]) -> bytes:
        path = words[1] if words[1].startswith(self._prefix) else self._prefix + words[1]
        kept = [pair for pair in head.headers if pair[0].lower() not in HOP]
        return Head(b" ".join((words[0], path, b"HTTP/1.1")), [(b"Host", b" " + self._netloc), *kept]).bytes_()

    async def _answer(self, head: bytes, body: bytes) -> tuple[_Line, Head]:
        """Send, and read the head of the answer; a kept connection that turns out closed is replaced once."""
        while True:
            line = self._idle.pop() if self._idle else await self._connected()
            try:
                line.writer.write(head + body)
                await line.writer.drain()
                async with asyncio.timeout(self._answer_s):
                    answer = await read_head(line.reader)
                    while answer is not None and answer.status == 100:
                        answer = await read_head(line.reader)
            except (ConnectionError, BadMessage) as trouble:
                answer, why = None, str(trouble)
            except TimeoutError:
                line.writer.close()
                raise
            else:
                why = "it closed the connection without an answer"
            if answer is not None:
                return line, answer
            line.writer.close()
            if line.fresh:
                raise UpstreamDown(f"{self._name}:{self._port}: {why}")

    async def _connected(self) -> _Line:
        secure = ssl.create_default_context() if self._secure else None
        try:
            async with asyncio.timeout(self._connect_s):
                reader, writer = await asyncio.open_connection(self._name, self._port, ssl=secure, limit=HEAD_LIMIT)
        except TimeoutError:
            raise UpstreamDown(f"{self._name}:{self._port} does not take connections within {self._connect_s:g} s") from None
        except OSError as trouble:
            raise UpstreamDown(f"{self._name}:{self._port} cannot be reached: {trouble}") from None
        return _Line(reader, writer, True)

    async def _passed(self, line: _Line, answer: Head, asked: bytes, method: bytes, client: _Client) -> bool:
        """Give the answer to the client; whether its connection goes on."""
        kind = answer.get(b"content-type")
        try:
            if method == b"HEAD" or answer.status in BODILESS:
                client.send(answer.bytes_())
            elif kind.startswith(b"application/json") and (answer.length or 0) <= WHOLE_AT_MOST:
                await self._whole(line, answer, asked, client)
            else:
                await self._streamed(line, answer, asked, client, b"event-stream" in kind)
        except (BadMessage, ConnectionError, TimeoutError) as trouble:
            self._outcome("broken")
            line.writer.close()
            if client.begun:  # the client must see that the reply is not whole
                client.writer.transport.abort()
            else:
                await _say(client.writer, 502, "upstream_broke_off", f"{self._name}: {trouble or 'too slow'}")
            return False
        self._kept(line, answer)
        return not answer.closes and (answer.chunked or answer.length is not None or answer.status in BODILESS)

    async def _whole(self, line: _Line, answer: Head, asked: bytes, client: _Client) -> None:
        """A reply read whole, so that its head can say what it cost."""
        raws, payloads, size = [], [], 0
        source = _patient(pieces(line.reader, answer, reply=True), self._answer_s)
        async for raw, payload in source:
            raws.append(raw)
            payloads.append(payload)
            size += len(raw)
            if size > WHOLE_AT_MOST:
                await self._too_large(source, answer, raws, client)
                return
        encoding = answer.get(b"content-encoding")
        found, model = usage_in(b"".join(payloads), encoding)
        extra = self._priced(found, model or model_asked(asked), encoding) if answer.status < 300 else []
        if answer.status >= 300:
            self._outcome("error")
        client.send(answer.bytes_(extra) + b"".join(raws))
        await client.writer.drain()

    async def _too_large(self, source: Any, answer: Head, raws: list[bytes], client: _Client) -> None:
        """A reply of no stated length that turns out too large to be kept: passed on unread."""
        client.send(answer.bytes_([(b"X-Jevons-Note", b"the reply is too large to be read")]) + b"".join(raws))
        async for raw, _ in source:
            client.send(raw)
            await client.writer.drain()
        self._outcome("unpriced" if answer.status < 300 else "error")

    async def _streamed(self, line: _Line, answer: Head, asked: bytes, client: _Client, events: bool) -> None:
        """A reply passed on as it comes."""
        client.send(answer.bytes_())
        seen = Events(answer.get(b"content-encoding"))
        async for raw, payload in _patient(pieces(line.reader, answer, reply=True), self._answer_s):
            client.send(raw)
            if events:
                seen.feed(payload)
            await client.writer.drain()
        if events and answer.status < 300:
            self._priced(seen.counts, seen.model or model_asked(asked), answer.get(b"content-encoding"))
        else:
            self._outcome("ok" if answer.status < 300 else "error")

    def _priced(self, found: Mapping[str, float], model: str, encoding: bytes) -> list[tuple[bytes, bytes]]:
        values, note = self.meter.price(found, model, encoding)
        self._outcome("ok" if values else "unpriced", model)
        if not values:
            return [(b"X-Jevons-Note", note.encode("ascii", "replace").replace(b"\n", b" "))]
        shown = [(b"X-Jevons-Energy-Wh", units.convert(values["energy_kwh"], "kWh", "Wh")),
                 (b"X-Jevons-CO2e-g", units.convert(values["climate_kg"], "kg", "g"))]  # fmt: skip
        if "water_l" in values:
            shown.append((b"X-Jevons-Water-mL", units.convert(values["water_l"], "L", "mL")))
        return [(name, b"%.6g" % value) for name, value in shown]

    def _outcome(self, outcome: str, model: str = "") -> None:
        self.meter.totals.add("jevons_requests_total", 1.0, provider=self.meter.provider, model=model, outcome=outcome)

    def _kept(self, line: _Line, answer: Head) -> None:
        if answer.closes or not (answer.chunked or answer.length is not None):
            line.writer.close()
        else:
            line.fresh = False
            self._idle.append(line)


def proxy(upstream: str, *, told: Callable[[str], None] | None = None, **options: Any) -> None:
    """Serve until interrupted. Options as `Proxy`; ``told`` hears the address once it listens.

    Errors: BadInput for an address that is none, UnknownName for a provider or site that no table holds.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_forever(Proxy(upstream, **options), told))


async def _forever(one: Proxy, told: Callable[[str], None] | None) -> None:
    await one.start()
    if told is not None:
        told(f"http://{one.host}:{one.port}")
    try:
        await asyncio.Event().wait()
    finally:
        await one.stop()


async def _body(reader: asyncio.StreamReader, head: Head) -> bytes:
    """A request's body as it came. Errors: BadMessage beyond what is kept in memory."""
    raws, size = [], 0
    async for raw, _ in pieces(reader, head, reply=False):
        raws.append(raw)
        size += len(raw)
        if size > ASKED_AT_MOST:
            raise BadMessage(f"a request of more than {ASKED_AT_MOST} bytes")
    return b"".join(raws)


async def _patient(source: Any, patience_s: float) -> Any:
    """The items of a source; TimeoutError where the next one takes too long."""
    while True:
        try:
            async with asyncio.timeout(patience_s):
                item = await anext(source)
        except StopAsyncIteration:
            return
        yield item


async def _say(writer: asyncio.StreamWriter, status: int, kind: str, message: str) -> None:
    """An error of the proxy's own, in the shape that OpenAI's clients read."""
    text = json.dumps({"error": {"message": f"jevons proxy: {message}", "type": kind, "code": None, "param": None}})
    writer.write(_reply(status, b"application/json", text.encode()))
    await writer.drain()


def _reply(status: int, kind: bytes, body: bytes) -> bytes:
    from http import HTTPStatus

    phrase = HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (status, phrase, kind, len(body)) + body
