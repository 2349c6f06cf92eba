"""Load: when requests are sent. Both kinds are bounded in number, in flight and in time.

closed    C workers, each asking again as soon as it is answered: C in flight until the last are sent
poisson   requests arrive at random, R a second, as from many users; at most C in flight, the others wait their turn
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from jevons.measure.bench.client import Exchange
from jevons.measure.bench.prompts import Prompt

Send = Callable[[Prompt, int], Awaitable[Exchange]]
"""Sends a prompt that arrived at a moment (monotonic nanoseconds)."""
GIVE_UP = 8  # failures in a row beyond those in flight, after which the rest is not sent


class Failing:
    """Counts failures in a row; true once there is no sense in going on."""

    def __init__(self, most: int):
        self.most, self.row = most, 0

    def note(self, exchange: Exchange) -> None:
        """Take the outcome of one more request."""
        self.row = 0 if exchange.ok else self.row + 1

    def __bool__(self) -> bool:
        return self.row >= self.most


async def closed(send: Send, prompts: Sequence[Prompt], concurrency: int) -> list[Exchange]:
    """Send all prompts, ``concurrency`` in flight."""
    waiting, done, failing = iter(prompts), list[Exchange](), Failing(GIVE_UP + concurrency)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(prompts))):
            group.create_task(_work(send, waiting, done, failing))
    return done


async def _work(send: Send, waiting: Iterator[Prompt], done: list[Exchange], failing: Failing) -> None:
    for prompt in waiting:
        if failing:
            return
        done.append(await send(prompt, time.monotonic_ns()))
        failing.note(done[-1])


async def poisson(send: Send, prompts: Sequence[Prompt], concurrency: int, rate: float, seed: int) -> list[Exchange]:
    """Send prompts as they arrive, ``rate`` a second; waiting for one's turn counts as waiting for the answer."""
    dice, free, done = random.Random(seed), asyncio.Semaphore(concurrency), list[Exchange]()
    failing, due = Failing(GIVE_UP + concurrency), time.monotonic()

    async def turn(prompt: Prompt, asked_ns: int) -> None:
        async with free:
            if not failing:
                done.append(await send(prompt, asked_ns))
                failing.note(done[-1])

    async with asyncio.TaskGroup() as group:
        for prompt in prompts:
            due += dice.expovariate(rate)
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            if failing:
                break
            group.create_task(turn(prompt, time.monotonic_ns()))
    return done
