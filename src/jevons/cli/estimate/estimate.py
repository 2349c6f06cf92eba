"""``jevons estimate``: what a computation will cost, before it runs (or after, where its hours are known)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import options
from jevons.cli.options import chosen, taking
from jevons.cli.outcome import carry_out
from jevons.cli.report import papers
from jevons.core.errors import BadInput
from jevons.world import spec as specs
from jevons.world.spec import Spec

app = typer.Typer(no_args_is_help=True, help="What a computation will cost, before it runs.")
COMMON = (options.SPEC, options.SITE, options.STUDY, options.DRAWS, options.FORM, options.PER, options.FILES)
File = Annotated[Path | None, typer.Argument(metavar="SPEC", help="A spec: YAML, TOML or JSON. Flags win over it.",
                                             show_default=False)]  # fmt: skip
Final = Annotated[Path, typer.Argument(metavar="FINAL", help="The final run: a spec, or a result kept by --save.",
                                      show_default=False)]  # fmt: skip
TRAINING = (options.MODEL, options.HARDWARE, options.WORK, options.SPEED, options.STEP, options.LAYOUT, options.RECORDED)
TUNING = (options.MODEL, options.HARDWARE, options.ADAPT, options.SPEED, options.STEP, options.LAYOUT)


@app.command(no_args_is_help=True)
@taking(*TRAINING, *COMMON)
def training(file: File = None, **given: Any) -> None:
    """Training a model; with --hours or --energy, a training that is over.

    jevons estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France
    """
    ask("training", file, given, TRAINING)


@app.command(name="fine-tuning", no_args_is_help=True)
@taking(*TUNING, *COMMON)
def fine_tuning(file: File = None, **given: Any) -> None:
    """Fine-tuning (full, LoRA, QLoRA), or distillation with --teacher.

    jevons estimate fine-tuning --model llama-3-8b --tokens 20M --on h100 --method lora
    """
    ask("fine-tuning", file, given, TUNING)


@app.command(no_args_is_help=True)
@taking(options.GENERIC, *COMMON)
def generic(file: File = None, **given: Any) -> None:
    """Any computation: cores, memory and time.

    jevons estimate generic --hours 12 --cpu "epyc 7763" --memory 64 --at Germany
    """
    ask("generic", file, given, (options.GENERIC,))


@app.command(no_args_is_help=True)
@taking(options.GENERIC, *COMMON)
def data(file: File = None, **given: Any) -> None:
    """Preparing data: collecting, filtering and tokenising, as any computation.

    jevons estimate data --hours 300 --cpu "epyc 7763" --memory 512 --at Germany
    """
    ask("data", file, given, (options.GENERIC,))


@app.command(no_args_is_help=True)
@taking(options.TRIALS, options.SITE, options.STUDY, options.DRAWS, options.FORM, options.FILES)
def experimentation(final: Final, **given: Any) -> None:
    """The trials around a final run, whose spec or saved result is given.

    jevons estimate experimentation run.yaml --multiplier 2.7
    """
    asked, written = from_flags("experimentation", given, (options.TRIALS,)), specs.read(final)
    if written.kind != asked.kind:
        written = Spec(asked.kind, {"final": Spec(written.kind, written.arguments).record()}, written.site, written.study)
    papers.answer(carry_out(asked.over(written)), given)


@app.command(no_args_is_help=True)
@taking(options.STORAGE, *COMMON)
def storage(file: File = None, **given: Any) -> None:
    """Keeping data: terabytes for months.

    jevons estimate storage --terabytes 40 --months 12 --medium hdd --at Ireland
    """
    ask("storage", file, given, (options.STORAGE,))


@app.command(no_args_is_help=True)
@taking(options.TRANSFER, *COMMON)
def transfer(file: File = None, **given: Any) -> None:
    """Moving data over a network.

    jevons estimate transfer --gigabytes 800 --at Germany
    """
    ask("transfer", file, given, (options.TRANSFER,))


@app.command(no_args_is_help=True)
@taking(options.MODEL, options.HARDWARE, options.SERVING, *COMMON)
def serving(file: File = None, **given: Any) -> None:
    """Serving a language model on your own machines.

    jevons estimate serving --model llama-3.1-70b --on h100 --n 4 --batch 32 --input-tokens 500 --output-tokens 300
    """
    ask("serving", file, given, (options.MODEL, options.HARDWARE, options.SERVING))


@app.command(no_args_is_help=True)
@taking(options.MODEL, options.HARDWARE, options.FRONTIER, options.FORM)
def frontier(
    batches: Annotated[str, typer.Option(metavar="SIZES", help="Requests in flight, comma between.", show_default=False)] = "",
    report: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="A drawing.", show_default=False)] = None,
    **given: Any,
) -> None:
    """Energy against latency of a deployment, batch by batch.

    jevons estimate frontier --model llama-3.1-8b --on h100 --n 1 --input-tokens 500 --output-tokens 300
    """
    from jevons.cli.estimate.frontier import draw

    draw(batches, report, given, {k: row for k, row in options.MODEL.items() if k != "tokens"}, options.HARDWARE, options.FRONTIER)


@app.command(no_args_is_help=True)
@taking(options.REQUEST, *COMMON)
def request(file: File = None, **given: Any) -> None:
    """Requests to somebody's API, closed models included.

    jevons estimate request --provider openai --model gpt-4o --input-tokens 500 --output-tokens 300
    """
    ask("request", file, given, (options.REQUEST,))


@app.command(no_args_is_help=True)
@taking(options.EDGE, *COMMON)
def edge(file: File = None, **given: Any) -> None:
    """Prompts on a board, phone or laptop.

    jevons estimate edge --model llama-3.2-1b --on jetson-orin-nano --input-tokens 100 --output-tokens 100
    """
    ask("edge", file, given, (options.EDGE,))


@app.command(no_args_is_help=True)
@taking(options.GENERATION, *COMMON)
def generation(file: File = None, **given: Any) -> None:
    """Images or videos by diffusion.

    jevons estimate generation --model flux.1-dev --on h100 --images 1000 --steps 28
    """
    ask("generation", file, given, (options.GENERATION,))


@app.command(name="one-pass", no_args_is_help=True)
@taking(options.ONE_PASS, *COMMON)
def one_pass(file: File = None, **given: Any) -> None:
    """Embeddings, classification: one forward pass, nothing generated.

    jevons estimate one-pass --model bert-base --on a100 --tokens 1B --length 256
    """
    ask("one-pass", file, given, (options.ONE_PASS,))


@app.command(no_args_is_help=True)
@taking(options.SPEECH, *COMMON)
def speech(file: File = None, **given: Any) -> None:
    """Speech written down.

    jevons estimate speech --model whisper-large-v3 --on a100 --seconds "1 h"
    """
    ask("speech", file, given, (options.SPEECH,))


def ask(kind: str, file: Path | None, given: Mapping[str, Any], groups: tuple[options.Group, ...]) -> None:
    """The spec of flags and file, carried out and shown."""
    asked, path = from_flags(kind, given, groups), file or given.get("spec")
    if file and given.get("spec"):
        raise BadInput("--spec", str(given["spec"]), f"one spec at a time: {file} is given too")
    if path is not None:
        written = specs.read(path, kind)
        asked = Spec(written.kind, asked.arguments, asked.site, asked.study).over(written)
    papers.answer(carry_out(asked), given)


def from_flags(kind: str, given: Mapping[str, Any], groups: tuple[options.Group, ...]) -> Spec:
    """What the flags say. ``--year`` holds for the run and for the site."""
    arguments = chosen(given, *groups, options.DRAWS)
    site, study = chosen(given, options.SITE), chosen(given, options.STUDY)
    if "at" in site:
        site["name"] = str(site.pop("at"))
    if kind in ("training", "fine-tuning") and "year" in site:
        arguments["year"] = site["year"]
    for name in ("indicators", "cutoffs"):
        if name in study:
            study[name] = [word.strip() for word in study[name].split(",")]
    return shaped(kind, arguments, site, study)


def shaped(kind: str, arguments: dict[str, Any], site: dict[str, Any], study: dict[str, Any]) -> Spec:
    """Flags whose names differ from the door's: the layout is one argument, a teacher makes it distillation."""
    laid_out = () if kind == "serving" else options.LAYOUT  # a server's tensor is its own argument
    layout = {name: arguments.pop(name) for name in laid_out if name in arguments}
    if layout:
        arguments["layout"] = layout
    if "network" in arguments:
        arguments["accounting"] = arguments.pop("network")
    if isinstance(arguments.get("deployment"), str):
        arguments["deployment"] = pairs_of(arguments["deployment"])
    if kind == "edge" and "use_hours_per_day" in arguments and "life" in site:
        site, arguments["life"] = {k: v for k, v in site.items() if k != "life"}, site["life"]
    if "busy" in arguments:
        arguments["utilisation"] = arguments.pop("busy")
    if isinstance(arguments.get("earlier_run"), str):
        arguments["earlier_run"] = pairs("earlier_run", arguments["earlier_run"])
    if "teacher" in arguments:
        if "model" not in arguments:
            raise BadInput("model", None, "name the student with --model")
        arguments["student"] = arguments.pop("model")
        kind = "distillation"
    return Spec(kind, arguments, site, study)


def pairs(field: str, text: str) -> dict[str, Any]:
    """``a=1,b=2`` as a mapping. Errors: BadInput."""
    words = [part.partition("=") for part in text.split(",")]
    if not all(mark and key.strip() and value.strip() for key, mark, value in words):
        raise BadInput(field, text, "write key=value, comma between, e.g. 'device_hours=368640,params=13B,tokens=2T'")
    return {key.strip().replace("-", "_"): options.number_or_text(value.strip()) for key, _, value in words}


def pairs_of(text: str) -> dict[str, Any]:
    """``on=h100,batch=32`` as a mapping. Errors: BadInput."""
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    if not parts or not all(equals and name.strip() and value.strip() for name, equals, value in parts):
        raise BadInput("--deployment", text, "write names and values: on=h100,together=8,batch=32,params=176B")
    return {name.strip(): options.number_or_text(value.strip()) for name, _, value in parts}
