"""``jevons run`` and ``jevons recover``: measure a command, and close what a kill left open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import show
from jevons.cli.options import FORM, taking
from jevons.core.errors import BadInput

run_app, recover_app = typer.Typer(), typer.Typer()


@run_app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@taking(FORM)
def run(
    context: typer.Context,
    at: Annotated[str, typer.Option(metavar="SITE", help="Where it runs: cloud region, country, US subregion.")] = "",
    period: Annotated[float, typer.Option(metavar="SECONDS", help="Between samples.")] = 1.0,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the result.", show_default=False)] = None,
    **given: Any,
) -> None:
    """Measure a command: jevons run -- python train.py. Its exit code becomes ours."""
    from jevons.measure import start

    command = [word for word in context.args if word != "--"] if context.args[:1] == ["--"] else context.args
    if not command:
        raise BadInput("command", "", "say what to run: jevons run -- python train.py")
    tracked = start(period_s=period, labels={"job": Path(command[0]).name})
    try:
        code = subprocess.call(command)
    except OSError as trouble:
        tracked.stop()
        raise BadInput("command", command[0], f"name a program that can be run ({trouble.strerror})") from None
    except KeyboardInterrupt:
        code = 130
    tell_run(tracked.stop(), at, save, given)
    raise typer.Exit(code)


def tell_run(tracked: Any, at: str, save: Path | None, given: dict[str, Any]) -> None:
    """What a tracked run used and cost, as tables or JSON on stderr's side of the command's own output."""
    import jevons
    from jevons.report.record import as_json
    from jevons.world import catalog

    footprint = jevons.footprint(tracked.activity, jevons.site(at))
    record = {"run": tracked.id, **as_json(footprint, jevons.__version__, catalog.version(), "Measured run")}
    if save is not None:
        show.write(save, show.as_text(record) + "\n", "result")
    if given.get("json"):
        print(show.as_text(record), file=sys.stderr)
        return
    from rich.console import Console

    from jevons.report.table import table

    Console(stderr=True, highlight=False).print(table(footprint, "Measured run", catalog.version()))


@recover_app.command()
@taking(FORM)
def recover(**given: Any) -> None:
    """Close the journals of runs that were killed, and say what each one saved."""
    from jevons.measure import recover as close_cut

    saved = close_cut()
    if show.wants_json(given):
        show.out_json(saved)
        return
    columns = ("run", "started_utc", "last_record_utc", "duration_s", "energy_kwh", "method")
    cells = [[f"{row[c]:.6g}" if isinstance(row[c], float) else str(row[c]) for c in columns] for row in saved]
    if saved:
        show.console().print(show.rows(columns, cells, right=("duration_s", "energy_kwh")))
    else:
        print("every run was closed; nothing to recover")
