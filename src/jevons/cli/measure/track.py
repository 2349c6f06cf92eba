"""``jevons run``, ``jevons watch`` and ``jevons recover``: measure a command, a process, a container or the machine, and
close what a kill left open."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from jevons.cli import show
from jevons.cli.options import COMMANDED, FORM, MEASURED, WATCHED, taking

if TYPE_CHECKING:
    from jevons.measure import Run

run_app, watch_app, recover_app = typer.Typer(), typer.Typer(), typer.Typer()


@run_app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@taking(MEASURED, COMMANDED, WATCHED, FORM)
def run(context: typer.Context, **given: Any) -> None:
    """Measure a command: jevons run -- python train.py. Its exit code becomes ours. Or what runs already: --pid, --container."""
    from jevons.cli.measure import measuring

    command = [word for word in context.args if word != "--"] if context.args[:1] == ["--"] else context.args
    measuring.refuse_both(command, given)
    tracked = measuring.begin(given, command)
    if not command:
        code = measuring.follow(tracked, given)
    else:
        code = measuring.launched(tracked, command, given)
    told(tracked.stop(), given)
    raise typer.Exit(code)


@watch_app.command()
@taking(MEASURED, WATCHED, FORM)
def watch(**given: Any) -> None:
    """Measure the machine, a process or a container until Ctrl-C, with a page of its power and carbon as they go."""
    from jevons.cli.measure import measuring

    given = {**given, "live": True, "listen": given.get("listen") or measuring.LISTEN}
    tracked = measuring.begin(given, [])
    code = measuring.follow(tracked, given)
    told(tracked.stop(), given)
    raise typer.Exit(code)


def told(tracked: Run, given: dict[str, Any]) -> None:
    """Tell it; what goes wrong there is said, and the exit code of a command that ran for days stands."""
    try:
        if len(tracked.activity):
            tell_run(tracked, given)
        else:
            show.say("jevons: nothing was measured, for no meter here gave a reading; jevons doctor says why")
    except Exception as trouble:
        show.say(f"jevons: {trouble}; what was measured is kept in the journal of run {tracked.id}")


def tell_run(tracked: Run, given: dict[str, Any]) -> None:
    """What a tracked run used and cost, as tables or JSON on stderr, beside the command's own output."""
    import jevons
    from jevons.cli import measured
    from jevons.world import catalog

    live = tracked.report
    where, study = (live.site, live.study) if live is not None else (jevons.site(given.get("at") or ""), None)
    footprint = jevons.footprint(tracked.activity, where, study)
    record = measured.record(tracked, footprint, given.get("at") or "")
    if given.get("save") is not None:
        show.write(given["save"], show.as_text(record) + "\n", "result")
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
