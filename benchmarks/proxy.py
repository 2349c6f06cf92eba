"""Latency that the proxy adds, at 200 requests a second on this machine alone: ``python -m benchmarks.proxy``.

A bare server answers a small JSON reply at once. The same open-loop schedule of requests goes to it and, interleaved, to
the proxy before it; each has its own connections. Printed: median and p99 of both, and what the proxy adds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import time

REPLY = json.dumps({
    "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello " * 40}}],
    "usage": {"prompt_tokens": 120, "completion_tokens": 48, "total_tokens": 168},
}).encode()  # fmt: skip
ASKED = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello " * 20}]}).encode()
MEDIAN_AT_MOST_S, P99_AT_MOST_S = 1e-3, 5e-3


async def _bare(port: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(REPLY) + REPLY

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", port)
    await server.serve_forever()


async def _proxied(port: int, upstream: int) -> None:
    from jevons.integrations.proxy import Proxy

    await Proxy(f"http://127.0.0.1:{upstream}", port=port, provider="openai", at="FRA").start()
    await asyncio.Event().wait()


def _run(what: str, *ports: int) -> None:
    asyncio.run({"bare": _bare, "proxied": _proxied}[what](*ports))


class Client:
    """Keeps connections to one port and times requests on them."""

    def __init__(self, port: int) -> None:
        self.port, self.idle, self.took = port, [], []

    async def ask(self, due: float) -> None:
        """One request, timed from when it was due."""
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\n"
                     b"content-length: %d\r\n\r\n" % len(ASKED) + ASKED)  # fmt: skip
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        self.took.append(time.perf_counter() - due)
        self.idle.append((reader, writer))


async def measure(ports: tuple[int, int], rate: float, seconds: float) -> tuple[list[float], list[float]]:
    """Seconds of each request, bare and proxied, each at ``rate`` a second."""
    clients = [Client(port) for port in ports]
    for client in clients:
        for _ in range(50):
            await client.ask(time.perf_counter())
        client.took.clear()
    began, tasks = time.perf_counter(), []
    for i in range(int(rate * seconds)):
        for half, client in enumerate(clients):
            due = began + (i + half / 2) / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(client.ask(time.perf_counter())))
    await asyncio.gather(*tasks)
    return clients[0].took, clients[1].took


def main() -> int:
    """Print the figures; 1 where the proxy adds more than its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--port", type=int, default=18790)
    given = parser.parse_args()
    ports = (given.port, given.port + 1)
    context = multiprocessing.get_context("spawn")
    servers = [context.Process(target=_run, args=("bare", ports[0]), daemon=True),
               context.Process(target=_run, args=("proxied", ports[1], ports[0]), daemon=True)]  # fmt: skip
    for server in servers:
        server.start()
    time.sleep(2.0)
    try:
        bare, proxied = asyncio.run(measure(ports, given.rate, given.seconds))
    finally:
        for server in servers:
            server.terminate()
    return _report(bare, proxied, given.rate)


def _report(bare: list[float], proxied: list[float], rate: float) -> int:
    found = {name: (statistics.median(x), statistics.quantiles(x, n=100)[98]) for name, x in (("bare", bare), ("proxied", proxied))}
    median, p99 = (found["proxied"][i] - found["bare"][i] for i in (0, 1))
    print(f"{len(bare)} requests each at {rate:g}/s on loopback")
    for name, (m, q) in found.items():
        print(f"{name:8} median {m * 1e3:6.3f} ms   p99 {q * 1e3:6.3f} ms")
    print(f"added    median {median * 1e3:6.3f} ms   p99 {p99 * 1e3:6.3f} ms")
    return int(median > MEDIAN_AT_MOST_S or p99 > P99_AT_MOST_S)


if __name__ == "__main__":
    sys.exit(main())
