"""``jevons validate``: how well the engine predicts runs and steps that were measured."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import taking
from jevons.core.errors import TableError

app = typer.Typer(no_args_is_help=True, help="How well the engine predicts what was measured.")
KINDS = ("training", "step-time", "serving", "diffusion", "edge")
ENGINES = dict(zip(KINDS, (f"jevons.estimate.{room}" for room in (
    "cluster.validate", "cluster.validate_step_time", "server.validate", "diffusion.validate", "board.validate")), strict=True))  # fmt: skip
File = Annotated[Path, typer.Argument(metavar="FILE.csv", help="Measured rows.", show_default=False)]
PerRow = Annotated[bool, typer.Option("--rows", help="Each row too.")]
Only = Annotated[str, typer.Option(metavar="TEXT", help="Only rows whose scope_note contains this.", show_default=False)]


@app.command()
@taking(options.FORM)
def training(file: File, rows: PerRow = False, only: Only = "", **given: Any) -> None:
    """Score device-hours and tCO2e of published runs, predicted only from what is known before a run."""
    validate("training", file, rows, only, given)


@app.command(name="step-time")
@taking(options.FORM)
def step_time(file: File, rows: PerRow = False, only: Only = "", **given: Any) -> None:
    """Score step time and MFU of measured training steps, predicted only from their configuration."""
    validate("step-time", file, rows, only, given)


@app.command()
@taking(options.FORM)
def serving(file: File, rows: PerRow = False, only: Only = "", **given: Any) -> None:
    """Score energy per output token of served language models, predicted only from how they are deployed."""
    validate("serving", file, rows, only, given)


@app.command()
@taking(options.FORM)
def diffusion(file: File, rows: PerRow = False, only: Only = "", **given: Any) -> None:
    """Score energy per image or video, predicted only from model, hardware, size and steps."""
    validate("diffusion", file, rows, only, given)


@app.command()
@taking(options.FORM)
def edge(file: File, rows: PerRow = False, only: Only = "", **given: Any) -> None:
    """Score energy of prompts on edge boards, predicted only from board, model and token counts."""
    validate("edge", file, rows, only, given)


def validate(kind: str, file: Path, per_row: bool, only: str, given: Mapping[str, Any]) -> None:
    """Read, recognise, predict, score, print."""
    engine = import_module(ENGINES[kind])
    prediction = engine.predict(table(kind, file, only), file=file.name)
    told = dict(prediction.scores())
    if per_row:
        told["rows"] = by_row(prediction)
    if show.wants_json(given):
        show.out_json(told)
    else:
        tell(told)


def table(kind: str, file: Path, only: str) -> list[Mapping[str, str]]:
    """The rows of a CSV of this kind's layout. Errors: TableError naming file, row and column."""
    from jevons.world.catalog import read_csv

    if not file.is_file():
        raise TableError(file.name, None, None, str(file), "name a CSV file that exists")
    rows = list(read_csv(file))
    if not rows:
        raise TableError(file.name, None, None, "no rows", "give at least one row below the header")
    require_layout(kind, file, list(rows[0]))
    kept = [row for row in rows if only in (row.get("scope_note") or "")]
    if not kept:
        raise TableError(file.name, None, "scope_note", only, "no row's scope_note contains it")
    return kept


def require_layout(kind: str, file: Path, header: list[str]) -> None:
    """TableError where the header is not of this kind, naming the command or the columns that would do."""
    if import_module(ENGINES[kind]).recognise(header):
        return
    for other, module in ENGINES.items():
        if import_module(module).recognise(header):
            raise TableError(file.name, 1, None, f"a table of {other}", f"run: jevons validate {other} {file}")
    missing = min(([name for name in layout if name not in header] for layout in layouts(kind)), key=len)
    raise TableError(file.name, 1, missing[0] if missing else None, ",".join(header)[:60],
                     f"the header lacks {', '.join(missing)}")  # fmt: skip


def layouts(kind: str) -> list[tuple[str, ...]]:
    """The columns that each layout of this kind is known by."""
    engine = import_module(ENGINES[kind])
    return [tuple(engine.LAYOUT)] if hasattr(engine, "LAYOUT") else [tuple(each) for each in engine.LAYOUTS.values()]


def by_row(prediction: Any) -> dict[str, list[dict[str, Any]]]:
    """Target → one mapping a row: what it is, observed (None where nothing was), predicted, 10–90 %."""
    return {name: [{"row": t.names[i], "family": t.families[i], "fit": t.fit[i],
                    "observed": float(t.observed[i]) if t.observed[i] == t.observed[i] else None,
                    "predicted": float(t.best[i]), "p10": float(t.p10[i]), "p90": float(t.p90[i])}
                   for i in range(len(t.best))] for name, t in prediction.targets.items()}  # fmt: skip


def tell(told: Mapping[str, Any]) -> None:
    """The scores as a table, a column a target; rows below where asked for."""
    screen = show.console()
    targets = {name: score for name, score in told["targets"].items() if score}
    if targets:
        fields = next(iter(targets.values()))
        cells = [[field, *(said(field, score[field]) for score in targets.values())] for field in fields]
        screen.print(show.rows(["", *targets], cells, right=list(targets)))
    else:
        screen.print("no row holds an observation to compare with")
    tell_left_out(told["left_out"])
    for name, lines in told.get("rows", {}).items():
        screen.print(f"\n{name}", style="bold")
        cells = [[said(key, value) for key, value in line.items()] for line in lines]
        screen.print(show.rows(list(lines[0]), cells, right=("observed", "predicted", "p10", "p90")) if lines else "none")


def tell_left_out(left_out: Mapping[str, Any]) -> None:
    """Which rows could not be scored, and why."""
    reasons = {why: found for why, found in left_out.items() if "n" in found}
    reasons |= {f"{target}: {why}": found for target, whys in left_out.items() if "n" not in whys
                for why, found in whys.items()}  # fmt: skip
    if reasons:
        cells = [(why, str(found["n"]), few(found["rows"])) for why, found in reasons.items()]
        show.console().print()
        show.console().print(show.rows(("left out", "n", "rows"), cells, right=("n",)))


FEW = 12


def few(rows: list[Any]) -> str:
    """The first rows by name, and how many more."""
    more = f", and {len(rows) - FEW} more" if len(rows) > FEW else ""
    return ", ".join(map(str, rows[:FEW])) + more


PERCENT = ("mape", "mape_90", "median_ape", "bias", "within_2x", "coverage_80")


def said(field: str, value: Any) -> str:
    """A score for a reader: shares in percent, ratios plain."""
    if isinstance(value, list):
        return "–".join(said(field, v) for v in value)
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.1%}" if field in PERCENT else f"{value:.4g}"
    return str(value)
