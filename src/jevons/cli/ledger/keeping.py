"""``jevons ledger anchor``, ``lock``, ``sign``, ``base-year`` and what else keeps a ledger in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import exits, show
from jevons.cli.ledger import tables
from jevons.cli.ledger.runs import Where, app, existing, writing
from jevons.cli.options import FORM, taking

Period = Annotated[str, typer.Argument(metavar="PERIOD", help="2026, 2026-Q1, 2026-03, or 2026-01-01/2026-02-15.", show_default=False)]
By = Annotated[str, typer.Option(metavar="NAME", help="Who decides.")]
Why = Annotated[str, typer.Option(metavar="REASON", help="For what reason.")]
OfProject = Annotated[str, typer.Option("--project", metavar="NAME", help="Of this project alone.")]


@app.command()
def anchor(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to keep it.", show_default=False)],
    sign: Annotated[Path | None, typer.Option(metavar="KEY", help="Sign it with this SSH key: FILE.sig.", show_default=False)] = None,
    request: Annotated[bool, typer.Option("--request", help="Write what a time-stamping authority wants (RFC 3161): FILE.tsq.")] = False,
    git_tag: Annotated[str, typer.Option(metavar="TAG", help="Keep it in this annotated tag of the repository here, too.")] = "",
    ledger: Where = "",
) -> None:
    """Take the heads of all chains, to be kept where nobody who writes the ledger can reach it."""
    from jevons.account.ledger import anchor as anchors
    from jevons.account.ledger.schema import MARK

    with existing(ledger).reading() as connection:
        taken = anchors.taken(connection)
    anchors.save(taken, file)
    runs = sum(not name.startswith(MARK) for name in taken["open"])
    show.say(f"{tables.counted(taken['position'], 'seal')} and {tables.counted(runs, 'open run')} anchored in {file}")
    if git_tag:
        anchors.tag(taken, git_tag)
        show.say(f"kept in the tag {git_tag}: verify with --anchor git:{git_tag}")
    if sign is not None:
        show.say(f"signed: {anchors.sign(file, sign)}")
    if request:
        show.say(f"send {anchors.request(file)} to an authority, keep its answer as {file}.tsr")


@app.command()
def lock(period: Period, project: OfProject = "", by: By = "", why: Why = "", ledger: Where = "") -> None:
    """Lock a period: what lies in it is no longer appended to, corrected or moved; new prices stand beside the old."""
    from jevons.account.ledger import periods

    with writing(ledger).writing() as connection:
        show.say(f"{periods.lock(connection, period, project, by, why).name} is locked{f' for {project}' if project else ''}")


@app.command()
def unlock(period: Period, project: OfProject = "", by: By = "", why: Why = "", ledger: Where = "") -> None:
    """Open a locked period again; the reason is kept."""
    from jevons.account.ledger import periods

    with writing(ledger).writing() as connection:
        show.say(f"{periods.unlock(connection, period, project, by, why).name} is open again{f' for {project}' if project else ''}")


@app.command()
def sign(
    period: Period, by: Annotated[str, typer.Option(metavar="NAME", help="Who signs.", show_default=False)],
    statement: Annotated[str, typer.Option(metavar="TEXT", help="What is vouched for.")] = "",
    project: OfProject = "", ledger: Where = "",
) -> None:  # fmt: skip
    """Sign off a locked period: its figures and the head of the chain of runs are kept with the name."""
    from jevons.account.ledger import periods

    with writing(ledger).writing() as connection:
        signed = periods.sign_off(connection, period, by, statement, project)
    show.say(f"{signed['period']} signed off by {by}: {tables.said_figures(signed['figures'])}")


@app.command()
@taking(FORM)
def periods(ledger: Where = "", **given: Any) -> None:
    """What was decided of periods: locks, sign-offs, base years."""
    from jevons.account.ledger.schema import OWN

    kinds = ("lock", "unlock", "sign-off", "base-year")
    found = [entry for entry in existing(ledger).history(OWN) if entry.kind in kinds]
    if show.wants_json(given):
        show.out_json([{"kind": entry.kind, "at_s": entry.at_s, "why": entry.why, **entry.body} for entry in found])
    else:
        tables.tell_decisions(found)


@app.command()
@taking(FORM)
def base_year(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="Fix this year; none: compare with the one fixed.", show_default=False)] = "",
    threshold: Annotated[float, typer.Option(help="Share of its climate figure past which it is recalculated.")] = 0.05,
    project: OfProject = "", by: By = "", ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """Fix the base year; or say whether what was added, corrected or priced anew calls for its recalculation (exit code 1)."""
    from jevons.account.ledger import periods as deciding

    if period:
        with writing(ledger).writing() as connection:
            fixed = deciding.base_year(connection, period, threshold, project, by)
        show.say(f"base year {fixed['period']}: {tables.said_figures(fixed['figures'])}, recalculated past {threshold:.3g}")
        return
    with existing(ledger).reading() as connection:
        told = deciding.recalculation(connection, project)
    if show.wants_json(given):
        show.out_json(told)
    else:
        tables.tell_base_year(told)
    raise typer.Exit(exits.FINDING if told["due"] else exits.OK)


@app.command()
def upgrade(ledger: Where = "") -> None:
    """Bring a ledger of an older jevons to this version; a SQLite file is copied beside itself first."""
    from jevons.account.ledger import ledger as opened

    book = opened(ledger, create=False, upgrade=True)
    show.say(f"{book!r} is of this version")


@app.command()
def redraw(ledger: Where = "") -> None:
    """Draw the list of runs anew from the entries, where verify says that the two disagree."""
    from jevons.account.ledger.drawn import draw_all

    with writing(ledger).writing() as connection:
        show.say(f"{tables.counted(draw_all(connection), 'run')} drawn anew")
