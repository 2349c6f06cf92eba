"""Put the measured figures of benchmarks/results into the README's comparison, and nothing that was not measured.

    python docs/results.py --write      after make bench
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
START, END = "<!-- --8<-- [start:compare] -->\n", "<!-- --8<-- [end:compare] -->"
SHOWN = ("LLMCarbon's five rows, tCO2e MAPE", "device-hours MAPE", "vTrain, up to 8 A100: step time MAPE",
         "vTrain, up to 512 A100: step time MAPE", "Mosaic FSDP: MFU MAPE",
         "jevons estimate training ..., whole call, JSON")  # fmt: skip
ALONE = {"ML.ENERGY, unseen families: MAPE": "serving, joules an output token (ML.ENERGY)",
         "image, unseen families: MAPE": "images, joules each (ML.ENERGY)",
         "video, unseen families: MAPE": "video, joules each (ML.ENERGY)",
         "Orin, leave one model out, totals: mean of two MAPE": "prompts on a Jetson Orin (CO2-Meter)",
         "RK3588, leave one model out, totals: mean of two MAPE": "prompts on an RK3588 (CO2-Meter)"}  # fmt: skip
HEAD = """Figures of `make bench`, the rivals on the same rows in the same run; errors are shares, lower is better, in brackets the
90 % interval. Each prediction used coefficients fitted without its own model or family of models.

| what | n | jevons | rival | jevons − rival |
|---|---|---|---|---|
"""
INFERENCE = """
Inference, each row predicted without its own model or family of models (mean absolute error):

| what | n | jevons |
|---|---|---|
"""
FOOT = """
A difference whose interval excludes zero is a win; n below 10 is shown and proves nothing. Every bar, those that were
missed too, stands in `benchmarks/results/`.
"""


def comparison() -> str:
    """The section: the main bars that have a rival measured on the same rows."""
    held = {bar["name"]: bar for name in ("accuracy", "speed") for bar in bars(name)}
    rows = [row for name in SHOWN if name in held for row in rows_of(held[name])]
    alone = [alone_of(held[name], what) for name, what in ALONE.items() if name in held]
    return HEAD + "\n".join(rows) + "\n" + INFERENCE + "\n".join(alone) + "\n" + FOOT


def bars(name: str) -> list[dict[str, Any]]:
    """The bars of a result file; none where it is not there."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["bars"] if path.exists() else []


def rows_of(bar: Mapping[str, Any]) -> Iterator[str]:
    """One line a rival that has a paired difference or ratio."""
    unit = bar["unit"]
    for rival in bar["rivals"]:
        if rival["interval_90"] is None:
            continue
        own = f"{say(bar['figure'], unit)} {span(bar['interval_90'], unit)}"
        cells = (bar["name"], f"{bar['n']:,}", own, f"{rival['name']}: {say(rival['figure'], unit)}", gap(rival, unit))
        yield "| " + " | ".join(cells) + " |"


def alone_of(bar: Mapping[str, Any], what: str) -> str:
    """The line of a bar that has no rival."""
    return f"| {what} | {bar['n']:,} | {say(bar['figure'], bar['unit'])} {span(bar['interval_90'], bar['unit'])}".rstrip() + " |"


def gap(rival: Mapping[str, Any], unit: str) -> str:
    """The paired difference in points, or the paired ratio, with its interval."""
    low, high = rival["interval_90"]
    if rival["difference"] is None:
        behind = "" if rival["wins"] else ", the rival is ahead"
        return f"rival / jevons {rival['ratio']:.2g} [{low:.2g}, {high:.2g}]{behind}"
    words = [f"{100 * x:+.1f}" if unit == "%" else f"{x:+.3g}" for x in (rival["difference"], low, high)]
    points = " points" if unit == "%" else f" {unit}"
    return f"{words[0]} [{words[1]}, {words[2]}]{points}".replace("-", "−")


def say(value: float, unit: str) -> str:
    """A figure in its unit; shares as percent."""
    return f"{100 * value:.1f} %" if unit == "%" else f"{value:,.3g} {unit}"


def span(interval: list[float] | None, unit: str) -> str:
    """An interval in brackets, without its unit."""
    if interval is None:
        return ""
    return "[" + ", ".join(say(x, unit).rsplit(" ", 1)[0] for x in interval) + "]"


def written(readme: str) -> str:
    """The README with the section as the results give it."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return before + START + comparison() + END + after


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--write" in sys.argv[1:]:
        README.write_text(written(text), encoding="utf-8")
    sys.exit(0 if "--write" in sys.argv[1:] or written(text) == text else "README.md shows other figures than benchmarks/results")
