"""Latency that the proxy adds, at 200 requests a second on this machine alone: ``python -m benchmarks.proxy [--rivals] [--write]``.

A bare server answers a small JSON reply at once. The same open-loop schedule of requests goes to it and, interleaved, to
the proxy before it; each has its own connections. Beside it, one estimate of a request: ours, and with ``--rivals`` that of
EcoLogits in a throw-away environment. ``--write`` keeps results/requests.json and .md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bars import clock, record
from benchmarks.bars.bar import Bar, Limit, Rival
from benchmarks.rivals import ecologits_energy

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


def added(bare: list[float], proxied: list[float], rate: float) -> list[Bar]:
    """What the proxy adds to median and p99, in ms, with the 90 % interval of requests drawn again."""
    both = np.array(bare) * 1e3, np.array(proxied) * 1e3
    draw = np.random.default_rng(0)
    out = []
    for share, name, most in ((0.5, "median", MEDIAN_AT_MOST_S), (0.99, "p99", P99_AT_MOST_S)):
        plain, through = (float(np.quantile(x, share)) for x in both)
        again = [np.quantile(x[draw.integers(len(x), size=(500, len(x)))], share, axis=1) for x in both]
        low, high = np.quantile(again[1] - again[0], [0.05, 0.95])
        out.append(Bar("Proxy", f"latency the proxy adds at {rate:g} requests a second, {name}", len(bare), through - plain, "ms",
                       (float(low), float(high)), Limit(high=most * 1e3), None, (Rival("the bare server, in turn", plain),)))  # fmt: skip
    return out


def one_request(rivals: bool, runs: int = 100) -> Bar:
    """CPU time of one estimate of a request to GPT-4o, best estimate alone, EcoLogits' beside it."""
    from jevons import estimate

    def call() -> object:
        return estimate.request("openai", "gpt-4o", 500, 300, draws=0)

    call()
    beside = Rival("EcoLogits' call", None, note="not run: give --rivals to install it into a throw-away environment")
    theirs, version = ecologits_energy.seconds_a_call(runs) if rivals else (None, "")
    ours = clock.of_call(call, runs, loops=5) * 1e3
    if theirs is not None:
        ratio = theirs * 1e3 / clock.median(ours)
        beside = Rival(f"EcoLogits {version}'s call", clock.median(theirs) * 1e3, ratio=clock.median(ratio), interval_90=clock.interval(ratio),
                       note="one figure without draws; input tokens are not among its inputs")  # fmt: skip
    return Bar("CPU time", "one estimate of an API request, warm", runs, clock.median(ours), "ms", clock.interval(ours), Limit(high=1.0), None, (beside,))


def main() -> None:
    """Print the table and leave the results asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--port", type=int, default=18790)
    parser.add_argument("--rivals", action="store_true", help="install and time EcoLogits beside us (needs the network)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", action="store_true", help="keep results/requests.json and requests.md")
    given = parser.parse_args()
    ports = (given.port, given.port + 1)
    context = multiprocessing.get_context("spawn")
    servers = [context.Process(target=_run, args=("bare", ports[0]), daemon=True),
               context.Process(target=_run, args=("proxied", ports[1], ports[0]), daemon=True)]  # fmt: skip
    facts = record.facts()
    for server in servers:
        server.start()
    time.sleep(2.0)
    try:
        bare, proxied = asyncio.run(measure(ports, given.rate, given.seconds))
    finally:
        for server in servers:
            server.terminate()
    bars = [*added(bare, proxied, given.rate), one_request(given.rivals)]
    record.leave("requests", "jevons requests", bars, facts, given.json, given.write)


if __name__ == "__main__":
    main()
