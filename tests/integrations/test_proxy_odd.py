"""The proxy and what is not usual: large bodies, packed replies, methods without bodies, other protocols, broken packing."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest
from llm_server import INPUT, OPENAI
from test_proxy import CHAT, asked, running, totals

from jevons.integrations import proxy as proxy_module

REPLY = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "usage": OPENAI,
         "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}]}  # fmt: skip
EVENTS = b"data: %s\n\ndata: [DONE]\n\n" % json.dumps({"model": "gpt-4o", "choices": [], "usage": OPENAI}).encode()


@contextlib.contextmanager
def canned(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """An endpoint that answers each connection with these bytes, whatever it is asked, and closes; and what it was asked."""
    heard: list[bytes] = []

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(_request(self.request))
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", heard
        finally:
            server.shutdown()
            thread.join(60)


def _request(line: socket.socket) -> bytes:
    """One request with a stated length, whole."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += line.recv(1 << 20)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, *headers: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK", chunked: bool = False) -> bytes:
    framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
    head = b"\r\n".join([b"HTTP/1.1 " + status, b"content-type: " + kind, framing, b"connection: close", *headers])
    if chunked:
        body = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 50_000]), body[i : i + 50_000]) for i in range(0, len(body), 50_000)) + b"0\r\n\r\n"
    return head + b"\r\n\r\n" + body


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_pass_both_ways_and_are_priced(chunked):
    large = json.dumps({**REPLY, "filler": "x" * 10_000_000}).encode()
    with canned(answer(large, chunked=chunked)) as (url, heard), running(url) as one:
        reply, body = asked(one.port, {**CHAT, "filler": "y" * 10_000_000})
        assert body == large
        assert float(reply.getheader("X-Jevons-Energy-Wh")) > 0
        assert len(heard[0]) > 10_000_000


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
def test_a_packed_reply_is_priced_and_stays_packed(encoding):
    import zlib

    packed = (gzip.compress if encoding == b"gzip" else zlib.compress)(json.dumps(REPLY).encode())
    with canned(answer(packed, b"content-encoding: " + encoding)) as (url, _), running(url) as one:
        reply, body = asked(one.port, CHAT)
        assert body == packed
        assert float(reply.getheader("X-Jevons-Energy-Wh")) > 0


def test_a_packed_stream_is_counted():
    with canned(answer(gzip.compress(EVENTS), b"content-encoding: gzip", kind=b"text/event-stream", chunked=True)) as (url, _), running(url) as one:
        asked(one.port, CHAT)
        assert f'kind="input"}} {float(INPUT)!r}' in totals(one)


@pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream"])
def test_a_reply_that_is_not_packed_as_it_says_passes_all_the_same(kind):
    body = b"\x1f\x8bnot gzip at all"
    with canned(answer(body, b"content-encoding: gzip", kind=kind)) as (url, _), running(url) as one:
        assert asked(one.port, CHAT)[1] == body
        assert 'outcome="unpriced"' in totals(one)


def test_a_packing_that_is_not_read_is_named():
    with canned(answer(b"whatever", b"content-encoding: br")) as (url, _), running(url) as one:
        assert asked(one.port, CHAT)[0].getheader("X-Jevons-Note") == "the reply is packed in br, which is not read here"


def test_a_small_reply_that_unpacks_into_a_huge_one_is_not_read():
    from jevons.integrations import proxy_meter

    bomb = gzip.compress(json.dumps({**REPLY, "filler": "x" * 3_000_000}).encode())
    with pytest.MonkeyPatch.context() as patched, canned(answer(bomb, b"content-encoding: gzip")) as (url, _), running(url) as one:
        patched.setattr(proxy_meter, "UNPACKED_AT_MOST", 1_000_000)
        reply, body = asked(one.port, CHAT)
        assert body == bomb
        assert "no usage" in reply.getheader("X-Jevons-Note")


def test_a_reply_of_no_stated_length_that_is_too_large_passes_unread():
    large = json.dumps({**REPLY, "filler": "x" * 2_000_000}).encode()
    with pytest.MonkeyPatch.context() as patched, canned(answer(large, chunked=True)) as (url, _), running(url) as one:
        patched.setattr(proxy_module, "WHOLE_AT_MOST", 1_000_000)
        reply, body = asked(one.port, CHAT)
        assert body == large
        assert "too large" in reply.getheader("X-Jevons-Note")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
def test_methods_without_a_body_pass(method):
    empty = b"HTTP/1.1 200 OK\r\nallow: POST\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (7 if method == "HEAD" else 0)
    with canned(empty) as (url, heard), running(url) as one:
        reply, body = asked(one.port, {}, "/v1/models", method)
        assert (reply.status, body) == (200, b"")
        assert heard[0].startswith(method.encode())


def test_another_protocol_is_refused_and_the_connection_goes_on():
    with canned(answer(json.dumps(REPLY).encode())) as (url, heard), running(url) as one:
        reply, body = asked(one.port, {}, "/v1/realtime", "GET", connection="Upgrade", upgrade="websocket")
        assert reply.status == 501
        assert "websocket" in json.loads(body)["error"]["message"]
        assert heard == []
        assert 'outcome="refused"' in totals(one)


def test_an_error_within_a_stream_passes_and_is_not_priced():
    body = b'data: {"model": "gpt-4o", "choices": [{"delta": {"content": "he"}}]}\n\ndata: {"error": {"message": "overloaded"}}\n\n'
    with canned(answer(body, kind=b"text/event-stream", chunked=True)) as (url, _), running(url) as one:
        assert asked(one.port, CHAT)[1] == body
        assert 'outcome="unpriced"' in totals(one)
        assert "jevons_energy_joules_total" not in totals(one)
