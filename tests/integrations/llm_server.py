"""A small server that answers as OpenAI, Anthropic, Google, Mistral, Cohere and Hugging Face do, on a free local port."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INPUT, CACHED, OUTPUT, REASONING = 120, 20, 48, 8
"""Tokens that every reply counts: inputs hold the cached ones, outputs those of reasoning."""
OPENAI = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
          "prompt_tokens_details": {"cached_tokens": CACHED}, "completion_tokens_details": {"reasoning_tokens": REASONING}}  # fmt: skip
ANTHROPIC = {"input_tokens": INPUT - CACHED, "cache_read_input_tokens": CACHED, "cache_creation_input_tokens": 0}
GOOGLE = {"promptTokenCount": INPUT, "cachedContentTokenCount": CACHED, "candidatesTokenCount": OUTPUT - REASONING,
          "thoughtsTokenCount": REASONING, "totalTokenCount": INPUT + OUTPUT}  # fmt: skip
COHERE = {"billed_units": {"input_tokens": INPUT, "output_tokens": OUTPUT}, "tokens": {"input_tokens": INPUT, "output_tokens": OUTPUT}}
RESPONSES = {"input_tokens": INPUT, "output_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
             "input_tokens_details": {"cached_tokens": CACHED}, "output_tokens_details": {"reasoning_tokens": REASONING}}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Answers by path; ``x-silent`` in the model's name leaves usage out, ``x-broken`` cuts a stream, ``x-cut`` a reply,
    ``x-slow`` waits, ``x-error`` fails, ``x-twice-N`` fails the first time, ``x-tool`` calls a tool."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        model = body.get("model") or self.path.split("/models/")[-1].split(":")[0]
        if "x-error" in model:
            return self._json({"error": {"message": "out of order", "type": "server_error"}}, 500)
        if "x-twice" in model and model not in self.server.tried:  # type: ignore[attr-defined]
            self.server.tried.add(model)  # type: ignore[attr-defined]
            return self._json({"error": {"message": "busy", "type": "overloaded"}}, 503)
        if "x-slow" in model:
            time.sleep(1.0)
        if body.get("stream") or "streamGenerateContent" in self.path:
            return self._events(self._stream(model, body), "x-broken" in model)
        return self._json(self._whole(model, body), missing=10 if "x-cut" in model else 0)

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("transfer-encoding") or ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _whole(self, model: str, body: dict[str, Any]) -> Any:
        silent = "x-silent" in model
        if "embed" in self.path.lower():
            return self._embedded(model, silent)
        if "messages" in self.path:
            return {"id": "m", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
                    "stop_sequence": None, "content": [{"type": "text", "text": "hello"}],
                    "usage": {**ANTHROPIC, "output_tokens": OUTPUT}}  # fmt: skip
        if "generateContent" in self.path:
            return _google(model, None if silent else GOOGLE)
        if self.path.startswith("/v2/chat"):
            return {"id": "c", "finish_reason": "COMPLETE", "usage": COHERE,
                    "message": {"role": "assistant", "content": [{"type": "text", "text": "hello"}]}}  # fmt: skip
        if "responses" in self.path:
            return _response(model)
        said: dict[str, Any] = {"role": "assistant", "content": "hello"}
        if "x-tool" in model:
            call = {"id": "t", "type": "function", "function": {"name": "look", "arguments": "{}"}}
            said = {"role": "assistant", "content": None, "tool_calls": [call]}
        reply = {"id": "c", "object": "chat.completion", "created": 1, "model": model.replace("-x-tool", "").split("-x-twice")[0],
                 "choices": [{"index": 0, "finish_reason": "stop", "message": said}]}  # fmt: skip
        return reply if silent else {**reply, "usage": OPENAI}

    def _embedded(self, model: str, silent: bool) -> Any:
        if self.path.startswith("/v2/embed"):
            return {"id": "e", "texts": ["a"], "embeddings": {"float": [[0.1, 0.2]]}, "meta": {"billed_units": {"input_tokens": INPUT}}}
        if "batchEmbed" in self.path or ":embedContent" in self.path:
            return {"embeddings": [{"values": [0.1, 0.2]}]}
        usage = {} if silent else {"usage": {"prompt_tokens": INPUT, "total_tokens": INPUT}}
        return {"id": "e", "object": "list", "model": model, "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}], **usage}

    def _stream(self, model: str, body: dict[str, Any]) -> Iterator[str]:
        if "messages" in self.path:
            yield from _anthropic_events(model)
        elif "streamGenerateContent" in self.path:
            yield _data(_google(model, None))
            yield _data(_google(model, GOOGLE))
        elif self.path.startswith("/v2/chat"):
            yield from _cohere_events()
        elif "responses" in self.path:
            yield _event("response.created", {"type": "response.created", "sequence_number": 0, "response": {**_response(model), "usage": None}})
            yield _event("response.completed", {"type": "response.completed", "sequence_number": 1, "response": _response(model)})
        else:
            head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model}
            for word in ("hel", "lo"):
                yield _data({**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]})
            yield _data({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            if (body.get("stream_options") or {}).get("include_usage") or "x-usage" in model or "mistral" in model:
                yield _data({**head, "choices": [], "usage": OPENAI})
            yield "data: [DONE]\n\n"

    def _json(self, reply: Any, status: int = 200, missing: int = 0) -> None:
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text) + missing))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = self.close_connection or missing > 0

    def _events(self, events: Iterator[str], broken: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(events):
            if broken and number == 1:
                self.close_connection = True
                return
            text = event.encode()
            self.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    """Clients that go away are no matter."""

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.tried: set[str] = set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The base URL of a running server."""
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _data(thing: Any) -> str:
    return f"data: {json.dumps(thing)}\n\n"


def _event(name: str, thing: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(thing)}\n\n"


def _google(model: str, usage: Any) -> dict[str, Any]:
    reply = {"candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}, "index": 0}], "modelVersion": model}
    return reply if usage is None else {**reply, "usageMetadata": usage}


def _response(model: str) -> dict[str, Any]:
    return {"id": "r", "object": "response", "created_at": 1, "model": model, "status": "completed", "error": None,
            "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed",
                        "content": [{"type": "output_text", "text": "hello", "annotations": []}]}],
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": RESPONSES}  # fmt: skip


def _anthropic_events(model: str) -> Iterator[str]:
    message = {"id": "m", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
               "stop_sequence": None, "usage": {**ANTHROPIC, "output_tokens": 1}}  # fmt: skip
    yield _event("message_start", {"type": "message_start", "message": message})
    yield _event("content_block_start", {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    yield _event("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}})
    yield _event("content_block_stop", {"type": "content_block_stop", "index": 0})
    yield _event("message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                                   "usage": {"output_tokens": OUTPUT}})  # fmt: skip
    yield _event("message_stop", {"type": "message_stop"})


def _cohere_events() -> Iterator[str]:
    yield _event("message-start", {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant", "content": []}}})
    yield _event("content-delta", {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "hello"}}}})
    yield _event("message-end", {"type": "message-end", "id": "c", "delta": {"finish_reason": "COMPLETE", "usage": COHERE}})
