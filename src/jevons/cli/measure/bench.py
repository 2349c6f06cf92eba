"""``jevons bench``: measure a model that is being served, instead of guessing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import show
from jevons.cli.options import FORM, taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.measure.bench.bench import Bench, Plan
    from jevons.measure.bench.export import Deployment
    from jevons.measure.bench.window import Level

app = typer.Typer(no_args_is_help=True, help="Measure a model that is being served.")
LOAD, WHERE, OUT = "How it is asked", "Where it runs", "What comes out"
ENERGY = ("in flight", "busy", "J/request", "J/token", "J/prompt token", "J/answer token", "W", "best")
SPEED = ("in flight", "first token s", "p99", "ms/token", "p99 ", "tokens/s", "requests/s", "failed")


@app.callback()
def group() -> None:
    """Measure a model that is being served."""


@app.command(no_args_is_help=True)
@taking(FORM)
def serve(
    url: Annotated[str, typer.Option(metavar="URL", help="OpenAI-compatible endpoint: http://127.0.0.1:8000/v1.")],
    model: Annotated[str, typer.Option(metavar="NAME", help="The model as the endpoint names it.")],
    requests: Annotated[int, typer.Option(metavar="COUNT", help="Requests at each level.", rich_help_panel=LOAD)] = 64,
    concurrency: Annotated[str, typer.Option(metavar="LEVELS", help="Requests in flight, comma between.", rich_help_panel=LOAD)] = "1,4,16",
    arrivals: Annotated[str, typer.Option(metavar="HOW", help="closed (a new one for each answer) or poisson.", rich_help_panel=LOAD)] = "closed",
    rate: Annotated[float | None, typer.Option(metavar="PER SECOND", help="Poisson arrivals a second.", rich_help_panel=LOAD, show_default=False)] = None,
    prompts: Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help="Your prompts, one JSON object a line: prompt, or messages.", rich_help_panel=LOAD, show_default=False)] = None,
    max_tokens: Annotated[int, typer.Option(metavar="COUNT", help="Longest answer.", rich_help_panel=LOAD)] = 128,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="Longest wait for a whole answer.", rich_help_panel=LOAD)] = 300.0,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the arrivals.", rich_help_panel=LOAD)] = 0,
    key_env: Annotated[str, typer.Option(metavar="VARIABLE", help="Environment variable that holds the endpoint's key.", rich_help_panel=LOAD, show_default=False)] = "",
    at: Annotated[str, typer.Option(metavar="SITE", help="Price the energy there: cloud region, country.", rich_help_panel=WHERE, show_default=False)] = "",
    here: Annotated[bool, typer.Option("--here", help="The endpoint runs on this machine, whatever its address says.", rich_help_panel=WHERE)] = False,
    period: Annotated[float, typer.Option(metavar="SECONDS", help="Between readings of the sensors.", rich_help_panel=WHERE)] = 0.1,
    on: Annotated[str, typer.Option(metavar="DEVICE", help="Accelerator, for the exports; else as its sensor names it.", rich_help_panel=WHERE, show_default=False)] = "",
    n: Annotated[int, typer.Option(metavar="COUNT", help="How many of them serve; else all that are metered.", rich_help_panel=WHERE, show_default=False)] = 0,
    precision: Annotated[str, typer.Option(metavar="FORMAT", help="Format of the weights, for the exports: bf16, fp8.", rich_help_panel=WHERE, show_default=False)] = "",
    table_model: Annotated[str, typer.Option(metavar="NAME", help="The model's name in the tables, for the exports.", rich_help_panel=WHERE, show_default=False)] = "",
    save: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="ML.ENERGY's layout, as validate serving reads it.", rich_help_panel=OUT, show_default=False)] = None,
    points: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Points for jevons calibrate serving.", rich_help_panel=OUT, show_default=False)] = None,
    melodi: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="MELODI's columns, a row a request.", rich_help_panel=OUT, show_default=False)] = None,
    energy_score: Annotated[Path | None, typer.Option(metavar="FILE.json", help="In the style of AI Energy Score; not an official score.", rich_help_panel=OUT, show_default=False)] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="The frontier: a page (.html) or a drawing (.svg).", rich_help_panel=OUT, show_default=False)] = None,
    **given: Any,
) -> None:  # fmt: skip
    """Drive an OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama, TGI) and meter it in its steady state.

    jevons bench serve --url http://127.0.0.1:8000/v1 --model llama-3.1-8b --concurrency 1,4,16
    """
    from jevons.measure import bench
    from jevons.measure.bench.export import Deployment

    if report is not None and report.suffix not in (".html", ".svg"):
        raise BadInput("--report", report.name, "end the name in .html or .svg")
    if energy_score is not None and 1 not in levels(concurrency):
        raise BadInput("--concurrency", concurrency, "AI Energy Score asks one query at a time: add level 1")
    site = priced_at(at)
    plan = bench.Plan(url, model, requests, levels(concurrency), arrivals, rate, max_tokens, timeout, period, seed, here,
                      key_of(key_env), own_prompts(prompts))  # fmt: skip
    found = bench.serve(plan, told=show.say)
    deployed = Deployment(model=table_model, gpu=on, count=n, precision=precision)
    tell(found, footprints(found, site), given)
    write_files(found, deployed, save, points, melodi, energy_score, report)
    if not any(level.window_s for level in found.levels):
        raise BadInput("url", plan.url, "no level reached a steady state; what went wrong is above")


def levels(text: str) -> tuple[int, ...]:
    """Levels of concurrency from text: 1,4,16."""
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise BadInput("--concurrency", text, "give whole numbers with commas: 1,4,16") from None


def key_of(variable: str) -> str:
    """The key that an environment variable holds; none where no variable is named."""
    if variable and not os.environ.get(variable):
        raise BadInput("--key-env", variable, "set that environment variable to the endpoint's key")
    return os.environ[variable] if variable else ""


def own_prompts(path: Path | None) -> tuple[Any, ...]:
    """A user's prompts; none where the bundled ones will do."""
    from jevons.measure.bench.prompts import read

    return tuple(read(path)) if path is not None else ()


def priced_at(at: str) -> Any:
    """The site, found before anything is run; None where no price is asked for."""
    import jevons

    return jevons.site(at) if at else None


def footprints(found: Bench, site: Any) -> list[Any]:
    """The footprint of each level per request; None where nothing was metered or no site was named."""
    import jevons

    return [jevons.footprint(found.activity_of(level), site).per("request") if site and level.energy_j else None
            for level in found.levels]  # fmt: skip


def write_files(found: Bench, deployed: Deployment, save: Path | None, points: Path | None, melodi: Path | None,
                score: Path | None, report: Path | None) -> None:  # fmt: skip
    """The files that were asked for; one that cannot be made keeps none of the others from being written.

    Errors: BadInput of the first that could not be made, once all others lie there.
    """
    from jevons.measure.bench import export, plot

    tables = [(ENERGY, list(map(energy_line, found.levels))), (SPEED, list(map(speed_line, found.levels)))]
    wanted = (
        (save, "ML.ENERGY rows", lambda: export.as_csv(export.MLENERGY, export.mlenergy(found, deployed))),
        (points, "points of calibration", lambda: export.as_csv(export.POINTS, export.points(found, deployed))),
        (melodi, "MELODI rows", lambda: export.as_csv(export.MELODI, export.melodi(found))),
        (score, "AI-Energy-Score-style export", lambda: show.as_text(export.energy_score(found, deployed)) + "\n"),
        (report, "report", lambda: plot.svg(found) if report and report.suffix == ".svg" else plot.page(found, tables)),
    )
    troubles = []
    for path, what, made in wanted:
        try:
            if path is not None:
                show.write(path, made(), what)
        except BadInput as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]


# ---- telling


def tell(found: Bench, prints: list[Any], given: Mapping[str, Any]) -> None:
    """What was found, as JSON or as a table."""
    if show.wants_json(given):
        show.out_json(record(found, prints))
        return
    from jevons.measure.bench.plot import said

    screen = show.console()
    screen.print(f"{found.plan.model}: {said(found)}")
    screen.print(show.rows(ENERGY, map(energy_line, found.levels), right=ENERGY))
    screen.print()
    screen.print(show.rows(SPEED, map(speed_line, found.levels), right=SPEED))
    for level, footprint in zip(found.levels, prints):
        if footprint is not None:
            screen.print(f"{level.concurrency} in flight, a request: {footprint.say('climate')} CO2e")
    screen.print(show.bullets([("note", note) for note in notes(found)]))


def notes(found: Bench) -> list[str]:
    """What a reader must know: of the whole, of each level, and what failed how often."""
    of_levels = [(x, note) for x in found.levels for note in [*x.notes, *(f"{n} × {why}" for why, n in x.failed.items())]]
    return [*found.notes, *(f"{level.concurrency} in flight: {note}" for level, note in of_levels)]


def energy_line(level: Level) -> list[str]:
    """A level's energies as cells."""
    busy = f"{level.in_flight:.1f}" if level.window_s else "–"
    return [str(level.concurrency), busy, *figures(level.energy_per_request_j, level.energy_per_output_token_j,
            level.prompt_energy_per_input_token_j, level.answer_energy_per_output_token_j, level.power_w),
            "*" if level.on_frontier else ""]  # fmt: skip


def speed_line(level: Level) -> list[str]:
    """A level's speeds as cells."""
    first, token = level.ttft_s, level.s_per_token
    return [str(level.concurrency), *figures(first.get("median"), first.get("p99"), ms(token.get("median")),
            ms(token.get("p99")), level.tokens_per_s, level.requests_per_s), str(sum(level.failed.values()))]  # fmt: skip


def figures(*values: float | None) -> list[str]:
    """Three digits of each; a dash for what is not known."""
    return ["–" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in values]


def ms(seconds: float | None) -> float | None:
    """Milliseconds."""
    return None if seconds is None else 1000 * seconds


KEPT = ("concurrency", "sent", "failed", "finished", "window_s", "in_flight", "input_tokens", "output_tokens", "energy_j",
        "power_w", "energy_per_request_j", "energy_per_output_token_j", "prompt_energy_per_input_token_j",
        "answer_energy_per_output_token_j", "unshared_j", "tokens_per_s", "requests_per_s", "ttft_s", "s_per_token",
        "between_tokens_s", "lengths", "on_frontier", "notes")  # fmt: skip


def record(found: Bench, prints: list[Any]) -> dict[str, Any]:
    """The whole as plain values."""
    import jevons
    from jevons.report.record import as_json
    from jevons.world import catalog

    told = [{**{name: getattr(level, name) for name in KEPT},
             "footprint_per_request": footprint and as_json(footprint, jevons.__version__, catalog.version())}
            for level, footprint in zip(found.levels, prints)]  # fmt: skip
    return {"schema": "jevons.bench/1", "jevons": jevons.__version__, "plan": asked(found.plan), "method": found.method,
            "meters": [{"device": m.device, "component": m.component, "method": m.method, "note": m.note} for m in found.meters],
            "levels": told, "notes": found.notes}  # fmt: skip


def asked(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, without the key."""
    names = ("url", "model", "requests", "concurrency", "arrivals", "rate", "max_tokens", "timeout_s", "period_s", "seed")
    return {**{name: getattr(plan, name) for name in names}, "prompts": len(plan.prompts) or "bundled"}
