"""Commands of ``jevons ledger`` for runs: listed, kept, priced, compared, exported, checked, closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import exits, show
from jevons.cli.account.account import Cpu, Given, Kind, Model, Power, Zone, pairs
from jevons.cli.ledger import tables, taking_in
from jevons.cli.options import FORM, SITE, chosen, taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.ledger.book import Ledger

app = typer.Typer(no_args_is_help=True, help="Runs kept in a file or a team's PostgreSQL: append-only, chained, priced, checked.")
Where = Annotated[str, typer.Option("--ledger", metavar="FILE", show_default=False,
                                    help="A file, or postgresql://...; by default JEVONS_LEDGER, else ledger.db in JEVONS_HOME.")]  # fmt: skip
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, as ledger ls shows it.", show_default=False)]
RunNames = Annotated[list[str], typer.Argument(metavar="RUN...", help="Names of runs, as ledger ls shows them.", show_default=False)]
AnyRuns = Annotated[list[str] | None, typer.Argument(metavar="RUN...", help="Names of runs; none for all.", show_default=False)]
Project = Annotated[str | None, typer.Option(metavar="NAME", help="Of this project.", show_default=False)]
Owner = Annotated[str | None, typer.Option(metavar="NAME", help="Of this owner.", show_default=False)]
Tag = Annotated[str | None, typer.Option(metavar="WORD", help="With this tag.", show_default=False)]
Over = Annotated[str | None, typer.Option("--period", metavar="WHEN", show_default=False,
                                          help="Begun in 2026, 2026-Q1, 2026-03, or 2026-01-01/2026-02-15.")]  # fmt: skip
Estimates = Annotated[bool, typer.Option("--estimates", help="What was planned, in place of what ran.")]


def reading(where: str) -> Ledger | None:
    """The ledger, to be read; None where none was named and there is none yet."""
    from jevons.account.ledger import ledger
    from jevons.account.ledger.engine import place_of

    place = place_of(where)
    if not where and "://" not in place and not Path(place).exists():
        return None
    return ledger(place, create=False, read_only=True)


def existing(where: str) -> Ledger:
    """The ledger, to be read. Errors: BadInput where there is none yet."""
    book = reading(where)
    if book is None:
        raise BadInput("ledger", "empty", "keep a run first: jevons ledger import FILE")
    return book


def writing(where: str, create: bool = False) -> Ledger:
    """The ledger, to be written."""
    from jevons.account.ledger import ledger

    return ledger(where, create=create)


def asked(project: str | None, owner: str | None, tag: str | None, period: str | None, estimates: bool = False) -> dict[str, Any]:
    """The filter as ``Ledger.runs`` takes it."""
    return {"project": project, "owner": owner, "tag": tag, "period": period, "estimates": estimates}


@app.command()
@taking(FORM)
def ls(
    project: Project = None, owner: Owner = None, tag: Tag = None, period: Over = None, estimates: Estimates = False,
    by: Annotated[str, typer.Option(metavar="COLUMN", help="Sums by project, owner, month, year or factor_set.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many runs; 0 for all.")] = 50,
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """The runs, latest first, and what they sum to."""
    book, wanted = reading(ledger), asked(project, owner, tag, period, estimates)
    if book is None:
        tables.tell_empty(given, {"runs": [], "sums": []})
        return
    runs = [] if by else book.runs(limit=limit or None, **wanted)
    sums = book.sums(by=by, **wanted)
    if show.wants_json(given):
        show.out_json({"runs": [asdict(run) for run in runs], "sums": [asdict(one) for one in sums]})
    else:
        tables.tell_runs(runs, sums, by)


@app.command(name="show")
@taking(FORM)
def show_run(run: RunName, ledger: Where = "", **given: Any) -> None:
    """One run: whose it is, what it used, what stands of its price, and every entry of its chain."""
    from jevons.cli.outcome import summary

    book = existing(ledger)
    run = tables.named(book, run)
    history, activity = book.history(run), book.activity(run)
    if show.wants_json(given):
        show.out_json({"run": run, "activity": summary(activity), "entries": [asdict(entry) for entry in history]})
    else:
        tables.tell_run(run, history, summary(activity), activity)


@app.command()
@taking(FORM)
def diff(
    run: RunName,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another run; none: the run's own earlier price.", show_default=False)] = "",
    of: Annotated[int | None, typer.Option("--from", help="Position of the earlier footprint.", show_default=False)] = None,
    to: Annotated[int | None, typer.Option(help="Position of the later one.", show_default=False)] = None,
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """What moved between two prices of a run (or between two runs), and which amount, factor, source or year moved it."""
    from jevons.account.ledger import difference

    book = existing(ledger)
    other = tables.named(book, other) if other else ""
    before, after = tables.two_prices(book, tables.named(book, run), other, of, to)
    told = {"before": before.position, "after": after.position, "because": difference.circumstances(before.record, after.record),
            "totals": difference.totals(before.record, after.record),
            "lines": [line.record() for line in difference.moved(before.record, after.record)]}  # fmt: skip
    if show.wants_json(given):
        show.out_json(told)
    else:
        tables.tell_diff(told)


@app.command()
def tag(
    run: RunName,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG...", help="Tags to add.", show_default=False)] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="TAG", help="A tag to take away.", show_default=False)] = None,
    project: Annotated[str | None, typer.Option(metavar="NAME", help="The project it belongs to.", show_default=False)] = None,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Who answers for it.", show_default=False)] = None,
    ledger: Where = "",
) -> None:
    """Say whose a run is, and tag it."""
    book = writing(ledger)
    run = tables.named(book, run)
    held = set(book.run(run).tags)
    new = (held | set(tags or ())) - set(remove or ())
    book.tag(run, project=project, owner=owner, tags=sorted(new) if new != held else None)
    show.say(f"{run}: {', '.join(sorted(new)) or 'no tags'}")


@app.command()
@taking(SITE, FORM)
def price(
    runs: AnyRuns = None, project: Project = None, owner: Owner = None, tag: Tag = None, period: Over = None,
    again: Annotated[bool, typer.Option("--again", help="Those priced under other factors, or changed since, where they were priced.")] = False,
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """Price runs under the factors of today, beside what was kept before. None named: those not priced yet.

    A run that cannot be priced is named with its reason, and the exit code is 1; the others are priced.
    """
    at, book, wanted = sited(given), writing(ledger), asked(project, owner, tag, period)
    names = tables.to_price(book, runs, wanted, again)
    moved, refused = tables.priced(book, names, None if again else at)
    if show.wants_json(given):
        show.out_json({"priced": list(moved), "moved": [name for name, other in moved.items() if other], "refused": refused})
    elif moved or not refused:
        tables.tell_priced(book, moved, again)
    _refused(refused)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".csv, .jsonl or .parquet: one table; .zip: a bundle; a folder: all, as Parquet.",
                                         show_default=False)],
    runs: AnyRuns = None,
    table: Annotated[str, typer.Option(metavar="TABLE", help="Which: runs, windows, activity, footprints, lines, ...")] = "runs",
    ledger: Where = "",
) -> None:  # fmt: skip
    """Write the ledger out; a bundle holds runs whole, to be handed on, imported elsewhere and reproduced."""
    from jevons.account.ledger import bundle
    from jevons.account.ledger import export as exporting

    with existing(ledger).reading() as connection:
        if file.suffix == ".zip":
            names = runs or tables.all_runs(connection)
            told = tables.counted(len(bundle.write(connection, names, file)["runs"]), "run")
        elif file.suffix:
            told = f"{exporting.table(connection, table, file)} rows of {table}"
        else:
            told = ", ".join(f"{count} {name}" for name, count in exporting.every(connection, file).items())
    show.say(f"{told} written to {file}")


@app.command(name="import")
@taking(SITE, FORM)
def take_in(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", show_default=False,
                     help="Journals, files of other tools, results of --save, bundles; none: the journals in JEVONS_HOME.")] = None,
    project: Annotated[str | None, typer.Option(metavar="NAME", help="The project they belong to.", show_default=False)] = None,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Who answers for them.", show_default=False)] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="WORD", help="A tag.", show_default=False)] = None,
    run: Annotated[str, typer.Option(metavar="NAME", help="A name for the run, where the file says none.")] = "",
    zone: Zone = "UTC", kind: Kind = "", option: Given = None, power: Power = None, cpu: Cpu = "", model: Model = False,
    why: Annotated[str, typer.Option(metavar="REASON", help="Supersede what stands, for this reason.")] = "",
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """Keep what files hold. Read again, a file adds nothing; one that has grown supersedes what was kept of it.

    With --at, what came in is priced too.
    """
    labels = {"project": project, "owner": owner, "tags": tags, "why": why}
    how = taking_in.How(run, zone, kind, pairs("--option", option), power or (), cpu, model)
    at = sited(given)
    told = taking_in.take_in(writing(ledger, create=True), files, labels, how, at)
    if show.wants_json(given):
        show.out_json(told)
    else:
        tables.tell_imported(told)
    _refused({name: why for one in told for name, why in one.get("refused", {}).items()})


@app.command()
@taking(FORM)
def verify(
    anchor: Annotated[str, typer.Option(metavar="FILE", help="An anchor kept outside: a file, or git:TAG.")] = "",
    signers: Annotated[Path | None, typer.Option(metavar="FILE", help="Who may sign it (FILE.sig), as ssh-keygen reads.", show_default=False)] = None,
    authority: Annotated[Path | None, typer.Option(metavar="PEM", help="Certificates of who stamped it (FILE.tsr).", show_default=False)] = None,
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """Check every hash and every sum. Exit code 1 where anything was altered, dropped, inserted or reordered."""
    from jevons.account.ledger import anchor as anchors

    held = anchors.load(anchor) if anchor else None
    vouched = tables.vouched(anchor, signers, authority)
    book = reading(ledger)
    if book is None and held is None:
        tables.tell_empty(given, {"sound": True, "entries": 0, "troubles": []})
        return
    report = (book or existing(ledger)).verify(held)
    if not report.entries and report.sound and show.wants_json(given):
        show.say(tables.EMPTY)
    if show.wants_json(given):
        show.out_json({"sound": report.sound, **{k: v for k, v in asdict(report).items() if k != "spreads"}, "vouched": vouched})
    else:
        tables.tell_report(report, vouched)
    raise typer.Exit(exits.OK if report.sound else exits.FINDING)


@app.command()
def close(runs: RunNames, ledger: Where = "") -> None:
    """Close runs that are over: nothing is appended to them unasked, and their heads enter the chain of runs."""
    book = writing(ledger)
    for name in (tables.named(book, run) for run in runs):
        show.say(f"{name} closed, head {book.close(name)[:16]}")


def sited(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of jevons.site that were given; where --at says SITE=PLACE,SITE=PLACE, those of each. Errors: those of jevons.site."""
    place = chosen(given, SITE)
    at = place.pop("at", "")
    if "=" in at:
        pairs = [word.partition("=") for word in at.split(",")]
        if any(not (name.strip() and where.strip()) for name, _, where in pairs):
            raise BadInput("--at", at, "name a place for each site: par=France,osl=Norway")
        sites = {name.strip(): {"name": where.strip(), **place} for name, _, where in pairs}
    else:
        sites = {"": ({"name": at} if at else {}) | place}
    import jevons

    for named in sites.values():
        if named:
            jevons.site(**named)
    return sites.get("", sites)


def _refused(runs: Mapping[str, str]) -> None:
    """Name the runs that could not be priced and why, and end in exit code 1 where there are any."""
    for name, why in runs.items():
        show.say(f"{name} is not priced: {why}")
    raise typer.Exit(exits.FINDING if runs else exits.OK)
