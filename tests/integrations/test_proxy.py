"""The proxy: what it adds to replies, what it leaves alone, and what it does when the endpoint fails."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from llm_server import INPUT, OUTPUT, serving

from jevons.core.errors import BadInput, UnknownName
from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.llm_adapters import Usage
from jevons.integrations.proxy import Proxy
from jevons.integrations.proxy_http import BadMessage, Chunks
from jevons.integrations.proxy_meter import MODELS_AT_MOST, Events, Totals, model_asked, usage_in
from means import means_missing


@contextlib.contextmanager
def running(upstream: str, **options) -> Iterator[Proxy]:
    """A proxy in a thread of its own."""
    one, loop = Proxy(upstream, port=0, **{"provider": "openai", "at": "FRA", **options}), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(one.start(), loop).result(5)
    try:
        yield one
    finally:
        asyncio.run_coroutine_threadsafe(one.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


@pytest.fixture(scope="module")
def url():
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def proxied(url):
    with running(url) as one:
        yield one


def asked(port: int, body: dict, path: str = "/v1/chat/completions", method: str = "POST", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, json.dumps(body) if method == "POST" else None, {"content-type": "application/json", **headers})
    reply = connection.getresponse()
    return reply, reply.read()


def raw_bytes(port: int, body: dict) -> bytes:
    """The whole answer as it comes over the wire, after its head."""
    text = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
        got = b""
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(65536):
                got += piece
                if got.endswith(b"0\r\n\r\n"):
                    break
    return got.partition(b"\r\n\r\n")[2]


def totals(one: Proxy) -> str:
    return asked(one.port, {}, "/metrics", "GET")[1].decode()


CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
STREAM = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}


# ---- replies


def test_a_reply_gains_its_footprint_in_headers(proxied):
    reply, _ = asked(proxied.port, CHAT)
    found = CallFootprint("openai", "gpt-4o", Usage(INPUT, OUTPUT, 20, 8), "FRA")
    assert float(reply.headers["X-Jevons-Energy-Wh"]) == pytest.approx(found.energy_kwh * 1000, rel=1e-4)
    assert float(reply.headers["X-Jevons-CO2e-g"]) == pytest.approx(found.climate_kg * 1000, rel=1e-4)
    assert float(reply.headers["X-Jevons-Water-mL"]) == pytest.approx(found.water_l * 1000, rel=1e-4)


def test_the_body_stays_as_it_came(proxied, url):
    bare = asked(int(url.rsplit(":", 1)[1]), CHAT)[1]
    assert asked(proxied.port, CHAT)[1] == bare


def test_a_stream_passes_byte_for_byte_without_headers_of_ours(proxied, url):
    bare = raw_bytes(int(url.rsplit(":", 1)[1]), STREAM)
    assert raw_bytes(proxied.port, STREAM) == bare
    assert b"[DONE]" in bare
    assert not [name for name in asked(proxied.port, STREAM)[0].headers if name.lower().startswith("x-jevons")]


def test_a_streams_footprint_is_in_the_totals(url):
    with running(url) as one:
        raw_bytes(one.port, STREAM)
        text = totals(one)
    assert 'jevons_requests_total{provider="openai",model="gpt-4o",outcome="ok"} 1.0' in text
    assert f'jevons_tokens_total{{provider="openai",model="gpt-4o",kind="output"}} {float(OUTPUT)}' in text
    assert "# TYPE jevons_energy_joules_total counter" in text


def test_the_totals_are_what_prometheus_reads(url):
    try:
        from prometheus_client import parser
    except ImportError:
        means_missing("the package prometheus-client is not installed")
    with running(url) as one:
        asked(one.port, CHAT)
        families = {f.name: f for f in parser.text_string_to_metric_families(totals(one))}
    assert families["jevons_co2e_grams"].samples[0].value > 0
    assert families["jevons_co2e_grams"].samples[0].labels["basis"] == "location"


def test_a_reply_without_usage_says_so(proxied):
    reply, _ = asked(proxied.port, {**CHAT, "model": "gpt-4o-x-silent"})
    assert "X-Jevons-Energy-Wh" not in reply.headers
    assert "no usage" in reply.headers["X-Jevons-Note"]


def test_an_unknown_model_says_so_and_the_reply_passes(proxied):
    reply, body = asked(proxied.port, {**CHAT, "model": "gpt-99"})
    assert reply.status == 200
    assert "no model of openai of that name" in reply.headers["X-Jevons-Note"]
    assert json.loads(body)["model"] == "gpt-99"


def test_several_requests_go_over_one_connection(proxied):
    connection = http.client.HTTPConnection("127.0.0.1", proxied.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/v1/chat/completions", json.dumps(CHAT))
        assert connection.getresponse().read()


def test_a_request_in_chunks_passes(proxied):
    connection = http.client.HTTPConnection("127.0.0.1", proxied.port, timeout=10)
    text = json.dumps(CHAT).encode()
    connection.request("POST", "/v1/chat/completions", iter([text[:10], text[10:]]), encode_chunked=True)
    assert json.loads(connection.getresponse().read())["model"] == "gpt-4o"


def test_a_client_that_asks_whether_to_go_on_is_told_so(proxied):
    connection = http.client.HTTPConnection("127.0.0.1", proxied.port, timeout=10)
    connection.putrequest("POST", "/v1/chat/completions")
    connection.putheader("content-length", str(len(json.dumps(CHAT))))
    connection.putheader("expect", "100-continue")
    connection.endheaders(json.dumps(CHAT).encode())
    assert connection.getresponse().status == 200


def test_a_path_of_the_upstream_goes_before_the_clients(url):
    with running(f"{url}/v1") as one:
        assert asked(one.port, CHAT, "/chat/completions")[0].status == 200
        assert asked(one.port, CHAT, "/v1/chat/completions")[0].status == 200


# ---- an endpoint that fails


def test_an_endpoint_that_is_down_is_a_502_that_says_so():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(f"http://127.0.0.1:{port}") as one:
        reply, body = asked(one.port, CHAT)
        assert reply.status == 502
        assert "cannot be reached" in json.loads(body)["error"]["message"]
        assert 'outcome="unreachable"' in totals(one)


def test_an_endpoint_that_is_slow_is_a_504(url):
    with running(url, answer_s=0.2) as one:
        reply, body = asked(one.port, {**CHAT, "model": "gpt-4o-x-slow"})
        assert reply.status == 504
        assert json.loads(body)["error"]["type"] == "upstream_timeout"


def test_an_error_of_the_endpoint_passes_as_it_is(proxied):
    reply, body = asked(proxied.port, {**CHAT, "model": "x-error"})
    assert reply.status == 500
    assert json.loads(body)["error"]["message"] == "out of order"
    assert "X-Jevons-Energy-Wh" not in reply.headers


def test_a_stream_that_breaks_off_breaks_off_for_the_client_too(url):
    with running(url) as one:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            asked(one.port, {**STREAM, "model": "gpt-4o-x-broken"})
        assert 'outcome="broken"' in totals(one)
        assert asked(one.port, CHAT)[0].status == 200


def test_a_reply_that_is_cut_short_is_a_502(proxied):
    reply, body = asked(proxied.port, {**CHAT, "model": "gpt-4o-x-cut"})
    assert reply.status == 502
    assert json.loads(body)["error"]["type"] == "upstream_broke_off"


def test_a_kept_connection_that_the_endpoint_closed_is_replaced(url):
    with running(url) as one:
        asked(one.port, CHAT)
        for line in one._idle:
            line.writer.close()
        assert asked(one.port, CHAT)[0].status == 200


def test_bytes_that_are_no_request_are_a_400(proxied):
    with socket.create_connection(("127.0.0.1", proxied.port), timeout=5) as line:
        line.sendall(b"nonsense\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("upstream", ["localhost:8000", "ftp://x", ""])
def test_an_address_that_is_none_is_refused(upstream):
    with pytest.raises(BadInput, match="upstream"):
        Proxy(upstream)


@pytest.mark.parametrize(("options", "said"), [({"provider": "opennai"}, "nearest: openai"), ({"provider": "openai", "at": "Nowhereland"}, "place")])
def test_a_provider_or_site_that_prices_nothing_is_refused_before_it_listens(options, said):
    with pytest.raises(UnknownName, match=said):
        Proxy("http://127.0.0.1:1", **options)
    assert Proxy("http://127.0.0.1:1", deployment={"on": "h100", "batch": 8, "params": "8B"}).meter.provider == "stated"


# ---- its parts


def test_chunks_are_followed_however_they_are_cut():
    whole = b"5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nT: v\r\n\r\n"
    for step in (1, 2, 3, 7, 100):
        chunks = Chunks()
        assert b"".join(chunks.feed(whole[i : i + step]) for i in range(0, len(whole), step)) == b"hello world"
        assert chunks.done


def test_a_chunk_of_no_size_is_refused():
    with pytest.raises(BadMessage, match="size of a chunk"):
        Chunks().feed(b"zz\r\n")


def test_events_are_read_however_they_are_cut():
    text = b'data: {"model": "m", "choices": []}\r\n\r\ndata: {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\ndata: [DONE]\n\n'
    for step in (1, 5, 500):
        seen = Events()
        for i in range(0, len(text), step):
            seen.feed(text[i : i + step])
        assert (seen.model, seen.counts["output_tokens"]) == ("m", 4)


def test_a_packed_reply_is_unpacked_to_be_read():
    import gzip

    packed = gzip.compress(b'{"model": "m", "usage": {"prompt_tokens": 3}}')
    assert usage_in(packed, b"gzip") == ({"input_tokens": 3.0}, "m")
    assert usage_in(packed, b"br") == ({}, "")


def test_the_model_asked_for_stands_in_where_the_reply_names_none():
    assert model_asked(b'{"a": 1, "model" : "x-y"}') == "x-y"
    assert model_asked(b"{}") == ""


def test_models_beyond_two_hundred_are_counted_together():
    found = Totals()
    for i in range(MODELS_AT_MOST + 50):
        found.add("jevons_requests_total", 1.0, provider="p", model=f"m{i}", outcome="ok")
    assert found.text().count("jevons_requests_total{") == MODELS_AT_MOST + 1
    assert 'model="other",outcome="ok"} 50.0' in found.text()


def test_labels_are_quoted():
    found = Totals()
    found.add("jevons_requests_total", 1.0, model='a"b\\c\nd')
    assert r'model="a\"b\\c\nd"' in found.text()
