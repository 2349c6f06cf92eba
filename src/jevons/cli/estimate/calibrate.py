"""``jevons calibrate``: a few measurements of your own machines sharpen the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import taking
from jevons.core.errors import BadInput

app = typer.Typer(no_args_is_help=True, help="Sharpen the engine with measurements of your own machines.")


@app.callback()
def room() -> None:
    """Sharpen the engine with measurements of your own machines."""


@app.command()
@taking(options.FORM)
def training(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Three to five measured steps: model, on, n, batch, "
                                         "step_s, and the layout where known.", show_default=False)],  # fmt: skip
    save: Annotated[Path | None, typer.Option(metavar="PACK.json", help="Keep the pack.", show_default=False)] = None,
    **given: Any,
) -> None:
    """Fit the step-time engine to a cluster; the coefficient pack holds date, rows and residuals."""
    from jevons.cli.progress import steps
    from jevons.estimate.cluster.calibrate import calibrate_training

    with steps("fitting", 1) as step:
        pack = step(calibrate_training, file)
    if show.wants_json(given):
        show.out_json(asdict(pack))
    else:
        show.console().print(show.rows(("", ""), said(asdict(pack))))
    if save is not None:
        pack.save(save)
        show.say(f"pack written to {save}")


@app.command()
@taking(options.FORM)
def edge(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Ten to thirty prompts measured on your board.",
                                         show_default=False)],
    on: Annotated[str, typer.Option(metavar="BOARD", help="The board of the table it is, or is nearest to.")] = "",
    save: Annotated[Path | None, typer.Option(metavar="PACK.json", help="Keep the pack.", show_default=False)] = None,
    **given: Any,
) -> None:
    """Fit the law of edge inference to a board; early stops, mixed units and lagging sensors are found and left out."""
    from jevons.estimate.board.calibrate import calibrate_edge

    pack = calibrate_edge(file, on)
    if show.wants_json(given):
        show.out_json(asdict(pack))
    else:
        show.console().print(show.rows(("", ""), board(asdict(pack))))
    if save is not None:
        pack.save(save)
        show.say(f"pack written to {save}")


@app.command()
@taking(options.FORM)
def serving(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Measured points: model, on, n, precision, batch, "
                                         "input_tokens, output_tokens, energy_per_output_token_j.", show_default=False)],  # fmt: skip
    save: Annotated[Path | None, typer.Option(metavar="PACK.json", help="Keep the pack.", show_default=False)] = None,
    **given: Any,
) -> None:
    """Fit the serving law to your own deployments; zero readings and mixed units are found, left out and counted."""
    from jevons.estimate.server.calibrate import calibrate_serving

    pack = calibrate_serving(file)
    if show.wants_json(given):
        show.out_json(asdict(pack))
    else:
        show.console().print(show.rows(("", ""), served(asdict(pack))))
    if save is not None:
        pack.save(save)
        show.say(f"pack written to {save}")


def board(pack: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pack of a board for a reader."""
    low, high = (math.exp(end) for end in pack["residuals"])
    dropped = [(f"left out: {why}", f"{len(lines)} (lines {', '.join(map(str, lines))})") for why, lines in pack["left_out"].items()]
    units = [(f"a token of {task} ×", f"{ratio:g}") for task, ratio in pack["units"].items()]
    return [("name", pack["name"]), ("board", pack["board"]), ("fitted", pack["fit_date"]), ("runs", str(pack["runs"])),
            ("models", ", ".join(pack["models"])), *([("precision", pack["precision"])] if pack["precision"] else []), *units, *dropped,
            ("mean error", f"{pack['mape']:.1%}"), ("of runs left out of the fit", f"{pack['mape_left_out']:.1%}"),
            ("80 % of runs, over the law", f"{low:.2f} to {high:.2f}"), *(("warning", said) for said in pack["warnings"])]  # fmt: skip


def served(pack: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pack of served models for a reader."""
    moved = [(f"{key} ×", f"{math.exp(one['level']):.3f} (± {math.expm1(one['sd']):.0%}, {one['n']} rows)")
             for key, one in pack["configurations"].items()]  # fmt: skip
    dropped = [(f"left out: {why}", f"{len(lines)} (lines {', '.join(map(str, lines))})") for why, lines in pack["left_out"].items()]
    return [("name", pack["name"]), ("fitted", pack["fit_date"]), *moved, *dropped,
            ("mean error before", f"{pack['before_mape']:.1%}"), ("mean error after", f"{pack['after_mape']:.1%}")]  # fmt: skip


@app.command()
def host(
    points: Annotated[list[str] | None, typer.Argument(metavar="LOAD=WATTS...", help="What a meter showed: 0=18 0.5=31 "
                                                       "1=44. Without any, three loads are run and asked for.",
                                                       show_default=False)] = None,
    wall: Annotated[bool, typer.Option("--wall", help="The watts are the whole machine's, at the wall.")] = False,
    seconds: Annotated[float, typer.Option(metavar="SECONDS", help="How long each load is held.")] = 20.0,
) -> None:
    """Keep this machine's power at idle, half and full load: what no counter reads is modelled from it, and idle power
    is told from work. Counters are read where there are any; else you are asked what a meter shows."""
    from jevons.measure import calibrate_host, sensors_found

    counter = None if points or wall else calibrate_host.by_counter(sensors_found())
    read = [pair(text) for text in points] if points else calibrate_host.measure(counter or ask_watts, seconds=seconds)
    where = calibrate_host.store(calibrate_host.curve(read, "server" if wall else "chip"))
    show.say(f"curve of this host kept in {where}")


def pair(text: str) -> tuple[float, float]:
    """One point as typed."""
    load, _, watts = text.partition("=")
    try:
        return float(load), float(watts)
    except ValueError:
        raise BadInput("points", text, "write load=watts, e.g. 0.5=31") from None


def ask_watts(seconds: float) -> float:
    """What the meter shows while the load is held."""
    import time

    time.sleep(seconds)
    return float(typer.prompt("watts the meter shows now", type=float))


def said(pack: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pack for a reader."""
    moved = [(f"{group} ×", f"{value:.3f}") for group, value in pack["multipliers"].items()]
    return [("cluster", pack["name"]), ("fitted", pack["fit_date"]), ("steps", str(len(pack["rows"]))), *moved,
            ("mean error before", f"{pack['before_mape']:.1%}"), ("mean error after", f"{pack['after_mape']:.1%}")]  # fmt: skip
