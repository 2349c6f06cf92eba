"""Runs of the ledger as sources of a report: ``ledger:RUN``, ``ledger:project=search,period=2026-Q1``, or ``ledger:`` for all.

A run's name may hold = and commas: it is a filter only where the first word is one of WORDS; ``ledger:run=NAME`` is always a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, UnknownName
from jevons.core.study import Study

if TYPE_CHECKING:
    from jevons.account.ledger.book import Ledger
    from jevons.cli.report.selected import Selected

WORDS = ("project", "owner", "tag", "period")
RUN = "run="
MOST_RUNS = 10_000  # each is priced by itself; more are summed by the ledger: jevons ledger ls, jevons sql


def of_ledger(query: str, tenure: str, at: str, year: int | None) -> list[Selected]:
    """The runs a query names, each priced where it was priced last, else where its rows say, else at ``at``.

    Errors: BadInput for a word that is none, no ledger, no run, or too many.
    """
    book, names = opened(), query.strip()
    runs = [r.run for r in book.runs(limit=MOST_RUNS + 1, **filters(names))] if is_filter(names) else [_named(book, names)]
    if not runs:
        raise BadInput("ledger", query, "no run is so; list them: jevons ledger ls")
    if len(runs) > MOST_RUNS:
        raise BadInput("ledger", query, f"more than {MOST_RUNS} runs; ask for a project or a period")
    return [one for run in runs for one in _of_run(book, run, tenure, at, year)]


def is_filter(query: str) -> bool:
    """Whether a query asks for all runs that are so, and is no run's name."""
    return not query or query.partition("=")[0] in WORDS


def opened() -> Ledger:
    """The ledger, to be read. Errors: BadInput where there is none."""
    from jevons.cli.ledger.runs import existing

    return existing("")


def filters(query: str) -> dict[str, str]:
    """``project=search,period=2026-Q1`` as a mapping."""
    pairs = [word.partition("=") for word in query.split(",") if word]
    for name, _, value in pairs:
        if name not in WORDS or not value:
            raise BadInput("ledger", query, f"write {', '.join(f'{w}=...' for w in WORDS)}, comma between, or a run's name")
    return {name: value for name, _, value in pairs}


def period_of(sources: Sequence[str]) -> str:
    """The period that every source asks the ledger for; empty where they ask for none, or for several."""
    queries = [query.strip() if mark else RUN for _, mark, query in (s.partition("ledger:") for s in sources)]
    asked = [filters(query).get("period", "") if is_filter(query) else "" for query in queries]
    return asked[0] if len(set(asked)) == 1 else ""


def _named(book: Ledger, query: str) -> str:
    """A run by its name, or by how it begins. Errors: UnknownName; BadInput for what could be a filter with a word that is none."""
    from jevons.cli.ledger.tables import named

    try:
        return named(book, query.removeprefix(RUN))
    except UnknownName:
        if "=" in query and not query.startswith(RUN):
            filters(query)
        raise


def _of_run(book: Ledger, run: str, tenure: str, at: str, year: int | None) -> Iterator[Selected]:
    """One source a site; the bytes it was read from are the head of the run's chain."""
    from jevons.account.ledger.pricing import priceable, study_of
    from jevons.cli.report.selected import Selected, at_site, named_sites

    activity, kept, entries = priceable(book.activity(run), run), book.footprints(run), book.history(run)
    last: Mapping[str, Any] = kept[-1].record if kept else {}
    study = study_of(last) if last else Study()
    head = json.dumps({"run": run, "entries": len(entries), "head": entries[-1].hash}, sort_keys=True).encode()
    kept_at = {word: dict(given) for word, given in (last.get("at") or {}).items()}
    sites = kept_at or named_sites(activity.text["site"].tolist(), at)
    whole = Selected(run, f"{_plain(run)}.json", f"ledger:{run}", activity, {}, study, int(last.get("draws", 1000)), tenure, head)
    for word, given in sites.items():
        yield at_site(whole, word, given, len(sites), year)


def _plain(run: str) -> str:
    """A run's name as a file's."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in run).lstrip(".") or "run"
