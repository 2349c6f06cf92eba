"""What the ledger's commands print, and what they look up to print it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.core import units
from jevons.core.errors import BadInput, JevonsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jevons.account.ledger.book import Ledger
    from jevons.account.ledger.query import Entry, Kept, Run, Sum
    from jevons.account.ledger.verify import Report

FIGURES = (("energy_kwh", "kWh", "energy"), ("climate_kg", "kg", "CO₂e"), ("water_l", "L", "water"), ("cost_usd", "USD", "cost"))
EMPTY = "the ledger is empty"
MOST_TROUBLES = 50
MOST_ENTRIES = 30
NAME_CELLS, PROJECT_CELLS, FILE_CELLS = 18, 8, 36
LEAST = {"USD": 0.01, "kg": 1e-7, "L": 1e-4, "kWh": 1e-8}  # what a list still tells apart from nothing


def day(stamp: float | None) -> str:
    """A date for a reader."""
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d") if stamp is not None else "–"


def moment(stamp: float) -> str:
    """A date and time for a reader, UTC."""
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d %H:%M")


def said(value: float | None, unit: str) -> str:
    """An amount, or a dash where it is not known."""
    return "–" if value is None else units.show(value, unit)


def said_figures(figures: Mapping[str, Any]) -> str:
    """Energy, carbon, water and cost in a line."""
    return ", ".join(f"{said(figures[key], unit)}{' CO₂e' if key == 'climate_kg' else ''}" for key, unit, _ in FIGURES
                     if figures[key] is not None)  # fmt: skip


def listed(value: float | None, unit: str) -> str:
    """An amount in a list: a trace of it is said to be one, so that the list stays narrow."""
    return f"<{units.show(LEAST[unit], unit, 1)}" if value and 0 < value < LEAST[unit] else said(value, unit)


def counted(n: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def short(name: str, cells: int = NAME_CELLS) -> str:
    """A name that keeps a table narrow; a run is found by how it begins, too."""
    return name if len(name) <= cells else name[: cells - 1] + "…"


def tell_empty(given: Mapping[str, Any], record: Any) -> None:
    """Say that nothing was kept yet; into a pipe on stderr too."""
    if show.wants_json(given):
        show.out_json(record)
        show.say(EMPTY)
    else:
        print(EMPTY)


def tell_runs(runs: Sequence[Run], sums: Sequence[Sum], by: str) -> None:
    """The runs and their sum, or the sums of groups."""
    names = [name for *_, name in FIGURES]
    if by:
        cells = [(short(one.group) or "–", f"{one.runs:,}", *figures_of(one)) for one in sums]
        show.console().print(show.rows((by, "runs", *names), cells, right=("runs", *names), whole=names))
    elif runs:
        cells = [(short(run.run), day(run.started_s), short(run.project, PROJECT_CELLS) or "–", *figures_of(run)) for run in runs]
        show.console().print(show.rows(("run", "began", "project", *names), cells, right=names, whole=("run", "began", "project", *names)))
    tell_sum(sums, len(runs) if not by else None)


def figures_of(one: Any) -> list[str]:
    """Energy, carbon, water and cost as a list shows them; no energy at all is none that is known."""
    return [listed(getattr(one, key) or None if key == "energy_kwh" else getattr(one, key), unit) for key, unit, _ in FIGURES]


def tell_sum(sums: Sequence[Sum], shown: int | None) -> None:
    """All of them together, and what is missing from that."""
    count, unpriced = sum(one.runs for one in sums), sum(one.unpriced for one in sums)
    if not count:
        print("no run fits")
        return
    whole = {key: sum(values) if (values := [v for one in sums if (v := getattr(one, key)) is not None]) else None for key, *_ in FIGURES}
    more = f", {shown} shown" if shown is not None and shown < count else ""
    show.console().print(f"\n{counted(count, 'run')}{more}: {said_figures(whole)}")
    if unpriced:
        print(f"{unpriced:,} of them not priced, so not in the carbon, water and cost: jevons ledger price")
    if stale := sum(one.stale for one in sums):
        print(f"{stale:,} of them changed since they were priced: jevons ledger price --again")


def tell_run(name: str, history: Sequence[Entry], used: Mapping[str, Any], activity: Any) -> None:
    """Whose, how much, the price that stands, then the chain."""
    screen = show.console()
    labels: dict[str, Any] = {}
    for entry in history:
        labels |= entry.body if entry.kind in ("open", "label") else {}
    whose = [f"{key} {labels[key]}" for key in ("project", "owner") if labels.get(key)]
    screen.print(f"{name}  {', '.join([*whose, *labels.get('tags', ())]) or 'no project, owner or tag'}", style="bold")
    flows = [f"{flow} {units.show(figure['best'], figure['unit'])}" for flow, figure in used["flows"].items()]
    screen.print(f"{used['rows']} rows; {'; '.join(flows)}")
    prices = [entry for entry in history if entry.kind == "footprint"]
    standing = next((entry for entry in reversed(prices) if entry.body["stands"]), None)
    if standing is not None:
        tell_price(standing)
    cells = [(str(e.position), moment(e.at_s), e.kind, said_entry(e), e.hash[:12]) for e in history[-MOST_ENTRIES:]]
    screen.print(f"\nthe last {MOST_ENTRIES} of {len(history):,} entries (--json has all)" if len(history) > MOST_ENTRIES else "")
    screen.print(show.rows(("", "kept, UTC", "what", "", "hash"), cells, right=("",), whole=("kept, UTC", "what", "hash")))


def tell_price(entry: Entry) -> None:
    """The footprint that stands."""
    from jevons.core.study import INDICATORS
    from jevons.report.figures import Figure

    body = entry.body
    figures = [Figure(name, INDICATORS[name][0], f["best"], f["low"], f["high"]) for name, f in body["indicators"].items()]
    show.console().print(f"priced {moment(entry.at_s)}, factors {body['factor_set']}, entry {entry.position}")
    show.console().print(show.bullets((f"{figure.label:28}", str(figure)) for figure in figures))


def said_entry(entry: Entry) -> str:
    """An entry in words."""
    body = entry.body
    if entry.kind == "activity":
        window = f"window {entry.sequence}, {len(body['amount'])} rows"
        return window + (f", version {entry.version}: {entry.why}" if (entry.version or 0) > 1 else "")
    if entry.kind == "footprint":
        climate = body["indicators"].get("climate", {}).get("best")
        beside = "" if body["stands"] else ", beside (the period is locked)"
        return f"{said(climate, 'kg')} CO₂e, factors {body['factor_set']}{beside}"
    if entry.kind in ("open", "label"):
        return ", ".join(f"{key} {', '.join(body[key]) if key == 'tags' else body[key]}" for key in ("project", "owner", "tags") if body.get(key))
    return entry.why


def two_prices(book: Ledger, run: str, other: str, of: int | None, to: int | None) -> tuple[Kept, Kept]:
    """The footprints to compare. Errors: BadInput where there are not two."""
    before = book.footprints(run)
    after = book.footprints(other) if other else before
    if not before or not after or (not other and len(before) < 2 and of is None):
        raise BadInput("run", run, "there are no two prices to compare: price it (again) first, jevons ledger price")
    return at_position(before, of, -1 if other else -2), at_position(after, to, -1)


def at_position(kept: Sequence[Kept], position: int | None, otherwise: int) -> Kept:
    """The footprint at a position of the chain."""
    if position is None:
        return kept[otherwise]
    found = [one for one in kept if one.position == position]
    if not found:
        raise BadInput("position", position, f"footprints stand at {', '.join(str(one.position) for one in kept)}")
    return found[0]


def tell_diff(told: Mapping[str, Any]) -> None:
    """Totals, what else is not the same, then line by line."""
    from jevons.cli.results import figure, label
    from jevons.core.study import INDICATORS

    screen = show.console()
    cells = []
    for name, t in told["totals"].items():
        unit = INDICATORS[name][0]
        both = [figure(name, t[when]) if t[when] else "–" for when in ("before", "after")]
        cells.append((label(name), *both, signed(t["by_activity"], unit), signed(t["by_factor"], unit)))
    screen.print(show.rows(("", "before", "after", "by activity", "by factor"), cells, right=("by activity", "by factor")))
    for line in told["because"]:
        screen.print(f"  {line}")
    if not told["lines"]:
        screen.print("\nnothing moved")
        return
    screen.print()
    moved = [(label(name), ", ".join(dict.fromkeys(parts)), signed(by, INDICATORS[name][0]), because)
             for (name, because), (parts, by) in reasons(told["lines"]).items() if by]  # fmt: skip
    screen.print(show.rows(("moved", "in", "by", "because"), moved, right=("by",), whole=("by",)))


def reasons(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[list[str], float]]:
    """(indicator, because) → the parts it moved, and by how much together."""
    found: dict[tuple[str, str], tuple[list[str], float]] = {}
    for line in lines:
        parts, by = found.get((line["indicator"], line["because"]), ([], 0.0))
        parts.append(line["component"] or line["stage"] or line["flow"])
        found[line["indicator"], line["because"]] = parts, by + line["difference"]
    return found


def signed(value: float, unit: str) -> str:
    """A difference with its sign."""
    return "0" if not value else ("+" if value > 0 else "−") + units.show(abs(value), unit)


def to_price(book: Ledger, runs: Sequence[str] | None, wanted: Mapping[str, Any], again: bool) -> list[str]:
    """The runs to price: those named, else those out of date, else those not priced yet."""
    from jevons.account.ledger import pricing, query
    if runs:
        return [named(book, run) for run in runs]
    with book.reading() as connection:
        if again:
            return pricing.out_of_date(connection, query.Filter(**wanted))
        return query.names(connection, query.Filter(**wanted, priced=False))


def priced(book: Ledger, names: Sequence[str], at: Mapping[str, Any] | None) -> tuple[dict[str, bool], dict[str, str]]:
    """Each run priced, where and as it was before where ``at`` is None; (run → whether the result is another, run → why not)."""
    moved: dict[str, bool] = {}
    refused: dict[str, str] = {}
    for name in names:
        try:
            moved |= book.price_again([name]) if at is None else {name: bool(book.price(name, at or None))}
        except JevonsError as trouble:
            refused[name] = str(trouble)
    return moved, refused


def tell_priced(book: Ledger, moved: Mapping[str, bool], again: bool) -> None:
    """How many were priced, and what stands now."""
    if not moved:
        print("every run is priced under these factors" if again else "every run is priced")
    elif again:
        others = [name for name, other in moved.items() if other]
        print(f"{len(moved)} priced again, {len(others)} now another figure: jevons ledger diff RUN says why")
    else:
        held = [book.run(name) for name in moved]
        cells = [(short(run.run), *figures_of(run)) for run in held]
        show.console().print(show.rows(("priced", *(name for *_, name in FIGURES)), cells, right=[name for *_, name in FIGURES]))
        tell_beside(book, held)


def tell_beside(book: Ledger, held: Iterable[Run]) -> None:
    """The runs of a locked period, whose new price does not stand."""
    from jevons.account.ledger.periods import Locks

    with book.reading() as connection:
        locks = Locks.of(connection)
    for run in held:
        if locks.over(run.project, run.started_s, run.ended_s) and not (last := book.footprints(run.run)[-1].record)["stands"]:
            climate = last["indicators"].get("climate", {}).get("best")
            print(f"{run.run}: its period is locked; {said(climate, 'kg')} CO₂e kept beside what stands")


def all_runs(connection: Connection) -> list[str]:
    """The name of every run, estimates too."""
    from jevons.account.ledger import query

    return [name for planned in (False, True) for name in query.names(connection, query.Filter(estimates=planned))]


def tell_imported(told: Sequence[Mapping[str, Any]]) -> None:
    """A line a file."""
    cells = [(short(Path(row["file"]).name, FILE_CELLS), row["what"], str(len(row["runs"])), str(row["new"]), str(row["same"]), str(row["corrected"]))
             for row in told]  # fmt: skip
    columns = ("file", "what", "runs", "new", "known", "corrected")
    show.console().print(show.rows(columns, cells, right=columns[2:]))


def vouched(anchor: str, signers: Path | None, authority: Path | None) -> dict[str, str]:
    """Who signed an anchor and when it was stamped, as far as asked. Errors: BadInput where that cannot be shown."""
    from jevons.account.ledger import anchor as anchors

    if (signers or authority) and (not anchor or anchor.startswith("git:")):
        raise BadInput("--anchor", anchor, "name the file that was signed or stamped")
    found = {}
    if signers is not None:
        found["signed_by"] = anchors.check_signature(Path(anchor), signers)
    if authority is not None:
        found["stamped_at"] = anchors.check_stamp(Path(anchor), authority)
    return found


def tell_report(report: Report, vouched: Mapping[str, str]) -> None:
    """The verdict, then each trouble."""
    if not report.entries and report.sound:
        print(EMPTY)
        return
    words = {"signed_by": "anchor signed by", "stamped_at": "anchor stamped"}
    print(f"{counted(report.entries, 'entry', 'entries')} of {counted(report.runs, 'run')} checked, {counted(report.sealed, 'seal')}"
          + (f", {counted(report.unsealed, 'run')} not sealed yet" if report.unsealed else ""))  # fmt: skip
    for line in filter(None, (report.anchored, *(f"{words[key]} {value}" for key, value in vouched.items()))):
        print(line)
    if report.sound:
        print("sound: every hash follows from the one before it")
        return
    print(f"NOT SOUND, {len(report.troubles)} found:")
    for trouble in report.troubles[:MOST_TROUBLES]:
        print(f"  {trouble}")
    if len(report.troubles) > MOST_TROUBLES:
        print(f"  and {len(report.troubles) - MOST_TROUBLES} more (--json lists all)")


def tell_decisions(found: Iterable[Entry]) -> None:
    """What was decided of periods, in order."""
    cells = []
    for entry in found:
        body = entry.body
        words = entry.why or body.get("statement", "") or ""
        figures = said_figures(body["figures"]) if "figures" in body else ""
        cells.append((moment(entry.at_s), entry.kind, body["period"], body["project"] or "all", body.get("by", ""),
                      "; ".join(filter(None, (words, figures)))))  # fmt: skip
    if cells:
        show.console().print(show.rows(("when, UTC", "what", "period", "project", "by", ""), cells, whole=("when, UTC", "what", "period")))
    else:
        print("nothing was decided of any period")


def tell_base_year(told: Mapping[str, Any]) -> None:
    """The base year then and now, and the verdict."""
    print(f"base year {told['period']} when it was fixed  {said_figures(told['then'])}")
    print(f"{'':14} now                {said_figures(told['now'])}")
    verdict = "recalculate it" if told["due"] else "it stands"
    missing = f"; {told['now']['unpriced']} of its runs are not priced" if told["now"]["unpriced"] else ""
    print(f"climate moved by {round(told['change'], 6) + 0.0:+.2%}, threshold {told['threshold']:.2%}: {verdict}{missing}")


def named(book: Ledger, name: str) -> str:
    """A run by its name, or by how it begins where no other begins so."""
    from jevons.account.ledger import query

    with book.reading() as connection:
        return query.find(connection, name)
