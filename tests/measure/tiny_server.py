"""A small OpenAI-compatible server on the loopback that really runs a tiny transformer of random weights.

One causal transformer in numpy with a cache of keys and values, tokens are bytes, greedy choice. Model names choose how
it behaves: ``tiny``, ``tiny-silent`` (no usage), ``tiny-cut`` (every third stream is cut), ``tiny-error`` (every third
stream holds an error), ``tiny-full`` (HTTP 500 but for the first), ``tiny-slow`` (a pause before the first token).
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

WIDTH, LAYERS, HEADS, VOCABULARY, LONGEST = 32, 2, 4, 256, 192


class Transformer:
    """Random weights from a seed, the same at every start."""

    def __init__(self, seed: int = 7):
        dice = np.random.default_rng(seed)
        self.embedding = dice.normal(0, 1, (VOCABULARY, WIDTH)).astype(np.float32)
        shapes = {"qkv": (WIDTH, 3 * WIDTH), "out": (WIDTH, WIDTH), "up": (WIDTH, 4 * WIDTH), "down": (4 * WIDTH, WIDTH)}
        self.layers = [{name: (dice.normal(0, 1, shape) / shape[0] ** 0.5).astype(np.float32)
                        for name, shape in shapes.items()} for _ in range(LAYERS)]  # fmt: skip

    def generate(self, prompt: bytes, count: int) -> Iterator[int]:
        """Greedy tokens after a prompt, each made when asked for."""
        cache: list[Any] = [None] * LAYERS
        tokens = np.frombuffer(prompt[-LONGEST:], np.uint8)
        for _ in range(count):
            token = int(np.argmax(self._logits(tokens, cache)))
            yield token
            tokens = np.array([token], np.uint8)

    def _logits(self, tokens: Any, cache: list[Any]) -> Any:
        x = self.embedding[tokens]
        for i, layer in enumerate(self.layers):
            x = x + self._attention(_normal(x), layer, cache, i)
            x = x + np.maximum(_normal(x) @ layer["up"], 0) @ layer["down"]
        return _normal(x[-1]) @ self.embedding.T

    def _attention(self, x: Any, layer: dict[str, Any], cache: list[Any], i: int) -> Any:
        q, k, v = (part.reshape(len(x), HEADS, -1).transpose(1, 0, 2) for part in np.split(x @ layer["qkv"], 3, axis=1))
        if cache[i] is not None:
            k, v = (np.concatenate([old, new], axis=1) for old, new in zip(cache[i], (k, v)))
        cache[i] = k, v
        scores = q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5
        if len(x) > 1:
            scores += np.triu(np.full(scores.shape[1:], -1e9, np.float32), 1 + k.shape[1] - len(x))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return (weights @ v).transpose(1, 0, 2).reshape(len(x), WIDTH) @ layer["out"]


def _normal(x: Any) -> Any:
    return (x - x.mean(axis=-1, keepdims=True)) / (x.std(axis=-1, keepdims=True) + 1e-5)


MODEL = Transformer()


class Handler(BaseHTTPRequestHandler):
    """Streams chat completions."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    asked = itertools.count()
    bodies: list[dict[str, Any]] = []
    headers_seen: list[str] = []

    def log_message(self, *words: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """One chat completion."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        number, model = next(Handler.asked), body["model"]
        Handler.bodies.append(body)
        Handler.headers_seen.append(self.headers.get("authorization", ""))
        if not model.startswith("tiny"):
            return self._refuse(404, f"the model '{model}' does not exist")
        if model == "tiny-full" and len(Handler.bodies) > 1:
            return self._refuse(500, "out of memory")
        self._head("text/event-stream", ("transfer-encoding", "chunked"))
        with suppress(BrokenPipeError, ConnectionResetError):
            self._stream(body, model, number % 3 == 2)
        return None

    def _stream(self, body: dict[str, Any], model: str, third: bool) -> None:
        prompt = "\n".join(m["content"] for m in body["messages"]).encode()
        if model == "tiny-slow":
            time.sleep(5)
        for made, token in enumerate(MODEL.generate(prompt, body["max_tokens"]), start=1):
            self._event({"choices": [{"index": 0, "delta": {"content": chr(32 + token % 95)}, "finish_reason": None}]})
            if third and made == 2 and model == "tiny-cut":
                self.close_connection = True
                return
            if third and made == 2 and model == "tiny-error":
                self._event({"error": {"message": "the engine died"}})
                break
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
        if model != "tiny-silent":
            usage = {"prompt_tokens": min(len(prompt), LONGEST), "completion_tokens": body["max_tokens"]}
            self._event({"choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, event: dict[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _refuse(self, status: int, why: str) -> None:
        text = json.dumps({"error": {"message": why, "type": "server_error"}}).encode()
        self._head("application/json", ("content-length", str(len(text))), status)
        self.wfile.write(text)

    def _head(self, kind: str, length: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header(*length)
        self.end_headers()


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def served() -> Iterator[str]:
    """The address of a running server."""
    Handler.asked, Handler.bodies, Handler.headers_seen = itertools.count(), [], []
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
