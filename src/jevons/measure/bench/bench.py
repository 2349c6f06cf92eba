"""Measure a served model instead of guessing: drive an endpoint, meter it, report its steady state.

    found = bench.serve(bench.Plan("http://127.0.0.1:8000/v1", "llama-3.1-8b", concurrency=(1, 4, 16)))
    found.levels[0].energy_per_output_token_j

Energy is what this machine's sensors meter while it answers, idle power and the load generator included. An endpoint
on another machine is driven and timed, and its energy left open.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import BadInput
from jevons.measure.bench import pacing
from jevons.measure.bench.client import Endpoint, Exchange, ask, endpoint
from jevons.measure.bench.prompts import Prompt, bundled, numbered
from jevons.measure.bench.window import Level, Series, mark_frontier, measured
from jevons.measure.cells import HOUR_S, Cell, to_activity
from jevons.measure.sensor import Meter, Sensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jevons.core.activity import Activity

ARRIVALS = ("closed", "poisson")
BOUNDS = {"requests": (3, 100_000), "max_tokens": (1, 131_072), "timeout_s": (0.1, 3600.0), "period_s": (0.005, 60.0)}
MOST_CONCURRENT = 1024
HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


@dataclass(frozen=True)
class Plan:
    """What is to be run: ``requests`` at each level of ``concurrency``.

    ``rate``: arrivals a second, for Poisson ones. ``timeout_s``: the longest one answer may take. ``period_s``:
    between readings of the sensors. ``here``: the endpoint runs on this machine though its address does not say so.
    """

    url: str
    model: str
    requests: int = 64
    concurrency: tuple[int, ...] = (1, 4, 16)
    arrivals: str = "closed"
    rate: float | None = None
    max_tokens: int = 128
    timeout_s: float = 300.0
    period_s: float = 0.1
    seed: int = 0
    here: bool = False
    key: str = field(default="", repr=False)
    prompts: tuple[Prompt, ...] = ()

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS.items():
            _require(name, getattr(self, name), least, most)
        if not isinstance(self.model, str) or not self.model.strip():
            raise BadInput("model", self.model, "give the name under which the endpoint serves it")
        if self.arrivals not in ARRIVALS:
            raise BadInput("arrivals", self.arrivals, f"use one of {', '.join(ARRIVALS)}")
        self._check_concurrency()
        self._check_rate()

    def _check_concurrency(self) -> None:
        if not self.concurrency or len(set(self.concurrency)) < len(self.concurrency):
            raise BadInput("concurrency", self.concurrency, "give levels, each once: 1,4,16")
        for level in self.concurrency:
            _require("concurrency", level, 1, MOST_CONCURRENT)
        least = 2 * max(self.concurrency) + 1
        if self.arrivals == "closed" and self.requests < least:
            raise BadInput("requests", self.requests, f"{max(self.concurrency)} in flight have a steady state from "
                           f"{least} requests on; better ten times as many")  # fmt: skip

    def _check_rate(self) -> None:
        if self.arrivals == "closed" and self.rate is not None:
            raise BadInput("rate", self.rate, "a rate is for arrivals='poisson'")
        if self.arrivals == "poisson":
            if self.rate is None:
                raise BadInput("rate", None, "say how many requests arrive in a second")
            _require("rate", self.rate, 1e-3, 1e4)


@dataclass
class Bench:
    """What was found: the levels in the order they were run, the meters, and what a reader must know."""

    plan: Plan
    levels: list[Level]
    meters: Sequence[Meter]
    notes: list[str]

    @property
    def method(self) -> str:
        """How the energy is known: counter, integrated, modelled, some of them, or none."""
        return "+".join(sorted({meter.method for meter in self.meters})) or "none"

    @property
    def activity(self) -> Activity:
        """Energy of the steady states, a row a level, component and hour; what they served is counted with it."""
        from jevons.core.activity import joined

        return joined([self.activity_of(level) for level in self.levels if level.energy_j])

    def activity_of(self, level: Level) -> Activity:
        """Energy of one level's steady state. Errors: BadInput where none was metered."""
        if not level.energy_j:
            raise BadInput("energy", None, "; ".join([*level.notes, *self.notes]) or "nothing was metered")
        stage = f"concurrency {level.concurrency}"
        hour, spent = int(level.began_s) // HOUR_S * HOUR_S, dict[Cell, int]()
        for component, joules in level.energy_j.items():
            device = next(meter.device for meter in self.meters if meter.component == component)
            spent[hour, device, stage] = round(joules * 1e6)
        found = to_activity(spent, self.meters, level.began_s, level.ended_s, {"model": self.plan.model})
        requests = level.output_tokens / level.lengths["output_mean"]  # those cut by the window's edges count in part
        return replace(found, served=counts(request=requests, token=level.output_tokens))


def counts(**numbers: float) -> dict[str, NDArray[np.float64]]:
    """What was served, as an Activity carries it."""
    return {name: np.array([float(number)]) for name, number in numbers.items()}


def serve(plan: Plan, sensors: Sequence[Sensor] | None = None, told: Callable[[str], None] = lambda line: None) -> Bench:
    """Drive the endpoint at every level of the plan and meter it; ``told`` hears of each level as it ends.

    ``sensors``: by default every counter of this machine, and models where it has none; they are closed at the end.
    Errors: BadInput where the endpoint does not answer a first request, with what it said.
    """
    to = endpoint(plan.url, plan.key)
    asyncio.run(_knock(to, plan))
    used, notes = _sensors(to, plan, sensors)
    try:
        levels = [_level(to, plan, place, used, told) for place in range(len(plan.concurrency))]
    finally:
        for sensor in used:
            sensor.close()
    mark_frontier(levels)
    return Bench(plan, levels, [m for s in used for m in s.meters], [*notes, *_prompt_notes(plan)])


async def _knock(to: Endpoint, plan: Plan) -> None:
    """One request before the first, so that what is wrong is said once and early; it also warms the endpoint."""
    (prompt,) = numbered(plan.prompts or bundled(), 1, f"{plan.seed}-first")
    first = await ask(to, plan.model, prompt, plan.max_tokens, plan.timeout_s)
    if not first.ok:
        raise BadInput("url", to.url, f"a first request failed ({first.trouble}); start the server, or mend address, model or key")


def _sensors(to: Endpoint, plan: Plan, sensors: Sequence[Sensor] | None) -> tuple[list[Sensor], list[str]]:
    if sensors is None and to.host not in HERE and not plan.here:
        why = f"no energy: {to.host} is not known to be this machine, and sensors meter the machine they are on"
        return [], [f"{why}; run the bench there, or say that it is here"]
    from jevons.measure.discover import sensors_found

    used = sensors_found() if sensors is None else list(sensors)
    if not used:
        return [], ["no energy: this machine offers no sensor"]
    notes = ["energy is of the whole machine: its idle power and the load generator are in it"]
    modelled = [meter.device for sensor in used for meter in sensor.meters if meter.method == "modelled"]
    if modelled:
        notes.append(f"modelled, not measured: {', '.join(modelled)} (no counter was found)")
    return used, notes


def _prompt_notes(plan: Plan) -> list[str]:
    if not plan.prompts or len(plan.prompts) >= plan.requests * len(plan.concurrency):
        return []
    return [f"{len(plan.prompts)} prompts were asked more than once: a prefix cache of the endpoint makes repeats cheaper"]


def _level(to: Endpoint, plan: Plan, place: int, sensors: Sequence[Sensor], told: Callable[[str], None]) -> Level:
    """Run one level under the eyes of the sensors."""
    concurrency = plan.concurrency[place]
    series = Series([m for s in sensors for m in s.meters])
    with sampled(sensors, series, plan.period_s):
        exchanges = asyncio.run(_load(to, plan, place))
    level = measured(exchanges, concurrency, plan.arrivals, series)
    level.clock_s = time.time() - time.monotonic()
    level.notes += [f"{count} readings of {what}" for what, count in series.troubles.items()]
    if len(exchanges) < plan.requests:
        level.notes.append(f"given up after {len(exchanges)} of {plan.requests} requests: too many failed in a row")
    told(f"concurrency {concurrency}: {level.sent} requests, {sum(level.failed.values())} failed")
    return level


async def _load(to: Endpoint, plan: Plan, place: int) -> list[Exchange]:
    prompts = numbered(plan.prompts or bundled(), plan.requests, f"{plan.seed}-{place}")

    def send(prompt: Prompt, asked_ns: int) -> Awaitable[Exchange]:
        return ask(to, plan.model, prompt, plan.max_tokens, plan.timeout_s, asked_ns)

    if plan.rate is not None:
        return await pacing.poisson(send, prompts, plan.concurrency[place], plan.rate, plan.seed)
    return await pacing.closed(send, prompts, plan.concurrency[place])


@contextmanager
def sampled(sensors: Sequence[Sensor], series: Series, period_s: float) -> Iterator[None]:
    """Read the sensors into the series, in a thread, before, during and after the block."""
    done = threading.Event()

    def look() -> None:
        if sensors:
            series.add([reading for sensor in sensors for reading in sensor.read()])

    def loop() -> None:
        while not done.wait(period_s):
            look()

    look()
    thread = threading.Thread(target=loop, name="jevons-bench", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        look()


def _require(name: str, value: object, least: float, most: float) -> None:
    whole = isinstance(least, int)
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value) or not least <= value <= most:
        raise BadInput(name, value, f"give a {'whole ' if whole else ''}number from {least:,} to {most:,}")
