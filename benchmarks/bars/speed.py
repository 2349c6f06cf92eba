"""Bars of speed, in CPU seconds: one estimate, a sweep, the layout search, the command line, the import."""

from __future__ import annotations

import compileall
import functools
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.bars import clock
from benchmarks.bars.bar import Bar, Limit, Rival
from benchmarks.rivals import codecarbon_cli

import jevons
from jevons import estimate
from jevons.core.study import Study

SECTION = "CPU seconds (user and system)"
SWEEP = Path(__file__).with_name("sweep_run.py")
CALL = ("estimate", "training", "--model", "gpt-3", "--tokens", "300B", "--on", "v100", "--n", "10000", "--at", "us-central1",
        "--year", "2020")  # fmt: skip
SEARCHES = (("llama-2-7b", 64, 512), ("llama-2-70b", 512, 1024), ("gpt-3", 1024, 1536), ("bloom", 384, 2048),
            ("deepseek-v3", 2048, 15360))  # fmt: skip
MILLI = 1e3


def one_estimate(draws: int) -> tuple[float, ...]:
    """A level-0 estimate of GPT-3, priced: energy, climate, water and cost, with the interval of climate."""
    run = estimate.training("gpt-3", tokens=300e9, on="v100", n=10_000, year=2020, draws=draws)
    footprint = jevons.footprint(run, jevons.site("us-central1", year=2020, pue=1.10), Study(), draws)
    return tuple(footprint.best(name) for name in footprint.indicators) + footprint.interval()


def level_0(runs: int = 100) -> list[Bar]:
    """One estimate, warm, with its thousand draws and without."""
    one_estimate(1000)
    with_draws = clock.of_call(lambda: one_estimate(1000), runs, loops=5) * MILLI
    best_only = clock.of_call(lambda: one_estimate(0), runs, loops=5) * MILLI
    name = "one level-0 estimate with footprint, warm"
    return [
        Bar(SECTION, f"{name}, 1,000 draws", runs, clock.median(with_draws), "ms", clock.interval(with_draws), Limit(high=5), Limit(high=1)),
        Bar(SECTION, f"{name}, best estimate alone", runs, clock.median(best_only), "ms", clock.interval(best_only)),
    ]  # fmt: skip


def served(count: int = 1_000_000, runs: int = 100) -> list[Bar]:
    """One estimate of a served model and of an API request, best estimate and with draws; and a million at once."""
    asked: dict[str, Any] = {"batch": 32, "input_tokens": 500, "output_tokens": 300}
    calls = {
        "one estimate of a served model": lambda n: estimate.serving("llama-3.1-8b", "h100", 1, draws=n, **asked),
        "one estimate of an API request": lambda n: estimate.request("openai", "gpt-4o", 500, 300, draws=n),
    }
    out = []
    for name, call in calls.items():
        for draws, what, must in ((0, "best estimate alone", Limit(high=1.0)), (1000, "1,000 draws", None)):
            call(draws)
            taken = clock.of_call(functools.partial(call, draws), runs, loops=5) * MILLI
            out.append(Bar(SECTION, f"{name}, warm, {what}", runs, clock.median(taken), "ms", clock.interval(taken), must))
    draw = np.random.default_rng(0)
    many = {"batch": draw.integers(1, 65, count).astype(float), "input_tokens": draw.integers(50, 1500, count).astype(float),
            "output_tokens": draw.integers(50, 1000, count).astype(float)}  # fmt: skip
    rate = count / clock.of_call(lambda: estimate.serving("llama-3.1-8b", "h100", 1, draws=0, **many), 5)
    return [*out, Bar(SECTION, f"{count:,} scenarios of a served model, per CPU second", len(rate), clock.median(rate), "million/s",
                      clock.interval(rate), Limit(low=3e5), note="arrays of batch, input and output tokens", proof=True)]  # fmt: skip


def sweep(count: int = 1_000_000, runs: int = 11, rows: int = 100_000) -> list[Bar]:
    """Scenarios a CPU second beside LLMCarbon's loop, and the peak of memory."""
    command = [sys.executable, str(SWEEP), str(count), str(runs), str(rows)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ours = found["scenarios"] / np.array(found["seconds"])
    theirs = found["rows"] / np.array(found["rival_seconds"])
    gain = ours / theirs
    rival = Rival("LLMCarbon's arithmetic, row by row", clock.median(theirs), note=
                  f"ours / theirs {clock.median(gain):.2g} × [{clock.interval(gain)[0]:.2g}, {clock.interval(gain)[1]:.2g}] paired over "
                  f"{runs} runs of {rows:,} rows; its loop in plain Python, without the pandas row access of its script, energy and "
                  "carbon only, efficiency and power handed to it")  # fmt: skip
    return [
        Bar(SECTION, f"sweep of {count:,} scenarios, per CPU second", runs, clock.median(ours), "million/s", clock.interval(ours), Limit(low=1e6),
            None, (rival,), "energy, carbon operation and manufacture, water, cost of each; arrays of tokens, devices, intensity"),
        Bar(SECTION, "its peak of memory, whole process", runs, found["peak_gib"], "GiB", must=Limit(high=2.0)),
    ]  # fmt: skip


def search(runs: int = 11) -> Bar:
    """The slowest of some layout searches, each with the step-time estimate that follows."""
    slowest, counts = np.zeros(runs), []
    for model, devices, batch in SEARCHES:
        def call(model: str = model, devices: int = devices, batch: int = batch) -> object:
            return estimate.training(model, tokens=1e12, on="h100", n=devices, batch=batch)

        call()
        counts.append(weighed(model, devices, batch))
        slowest = np.maximum(slowest, clock.of_call(call, runs))
    note = f"{len(SEARCHES)} searches on {', '.join(f'{n}' for _, n, _ in SEARCHES)} H100; layouts weighed {', '.join(map(str, counts))}"
    return Bar(SECTION, "layout search, at most 2,000 layouts, the slowest", runs, clock.median(slowest), "s", clock.interval(slowest),
               Limit(high=2.0), note=note)  # fmt: skip


def weighed(model: str, devices: int, batch: int) -> int:
    """How many layouts a search weighs."""
    from jevons.estimate.cluster import layout

    seen: list[int] = []
    kept = layout.candidates

    def counting(*given: object, **named: object) -> object:
        grid = kept(*given, **named)  # type: ignore[arg-type]
        seen.append(len(grid["tensor"]))
        return grid

    layout.candidates = counting  # type: ignore[assignment]
    try:
        estimate.training(model, tokens=1e12, on="h100", n=devices, batch=batch)
    finally:
        layout.candidates = kept
    return sum(seen)


def command_line(rivals: bool, runs: int = 11) -> list[Bar]:
    """A whole call, byte-compiled, JSON into a pipe and tables; CodeCarbon's help beside it where asked."""
    compileall.compile_dir(str(Path(jevons.__file__).parent), quiet=1)
    script = [str(Path(sys.executable).with_name("jevons"))]
    commands: dict[str, Sequence[str]] = {"JSON": [*script, *CALL], "tables": [*script, *CALL, "--table"]}
    if not rivals:
        return calls(clock.in_turn(commands, runs), "not run: give --rivals to install it into a throw-away environment")
    with codecarbon_cli.installed() as (help_page, version):
        taken = clock.in_turn({**commands, "codecarbon": help_page}, runs)
    return calls(taken, version)


def calls(taken: dict[str, np.ndarray], rival: str) -> list[Bar]:
    """One row for each form of the answer."""
    out = []
    for form in ("JSON", "tables"):
        ours, beside = taken[form], Rival("codecarbon --help", None, note=rival)
        if "codecarbon" in taken:
            ratio = taken["codecarbon"] / ours
            beside = Rival(f"codecarbon {rival} --help", clock.median(taken["codecarbon"]), ratio=clock.median(ratio),
                           interval_90=clock.interval(ratio))  # fmt: skip
        out.append(Bar(SECTION, f"jevons estimate training ..., whole call, {form}", len(ours), clock.median(ours), "s",
                       clock.interval(ours), Limit(high=0.5), Limit(high=0.3), (beside,)))  # fmt: skip
    return out


def imports(runs: int = 21) -> Bar:
    """``import jevons`` over bare Python, with numpy alone for scale."""
    code = {"bare": "pass", "jevons": "import jevons", "numpy": "import numpy"}
    taken = clock.in_turn({name: [sys.executable, "-c", text] for name, text in code.items()}, runs)
    ours, numpy = (taken[name] - taken["bare"] for name in ("jevons", "numpy"))
    return Bar(SECTION, "import jevons, over bare Python", runs, clock.median(ours), "s", clock.interval(ours), Limit(high=0.05),
               None, (Rival("import numpy alone", clock.median(numpy)),))  # fmt: skip


def bars(rivals: bool, scenarios: int = 1_000_000) -> list[Bar]:
    """Every row of the table."""
    return [*level_0(), *served(scenarios), *sweep(scenarios), search(), *command_line(rivals), imports()]
