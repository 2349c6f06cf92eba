"""What a report is made from: kept results, specs, journals, files of other tools. Each becomes an activity that can be priced anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import measured, show
from jevons.cli.report.selected import Selected, at_site, named_sites, together
from jevons.cli.report.twice import doubts, refuse_copies
from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.study import INDICATORS, Study
from jevons.world import spec as specs

if TYPE_CHECKING:
    from jevons.account.market.matching import Matching
    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint
    from jevons.report.standards.scopes import Boundary, Sides

SPECS = (".json", ".yaml", ".yml", ".toml")
LEDGER = "ledger:"
JOURNAL = ".jsonl"
DATED = ("training", "fine-tuning")  # kinds whose estimate asks for the year too


def selected(sources: Sequence[str], at: str = "", year: int | None = None, tenure: str = "owned") -> list[Selected]:
    """Every source in turn: ``PATH`` or ``ledger:QUERY``, with ``service:`` before it where its machines are held otherwise.

    Errors: BadInput where one is named twice, and those of the readers.
    """
    found: list[Selected] = []
    for one in (one for source in sources for one in _each(source, at, year, tenure)):
        if any(held.path == one.path for held in found):
            raise BadInput("results", one.path, "name each result once: it would be counted twice")
        others = {held.name for held in found if (held.file, held.data) != (one.file, one.data)}
        name = one.name if one.name not in others else f"{len(found) + 1}-{one.name}"
        title = one.title if one.title not in {held.title for held in found} else f"{one.title} ({name})"
        found.append(replace(one, name=name, title=title))
    refuse_copies(found)
    return [replace(one, activity=one.activity.assume(*notes)) if (notes := doubts(one, found[:at])) else one for at, one in enumerate(found)]


def single(source: str, at: str = "", year: int | None = None) -> Selected:
    """One source for a paper that is of one result; the runs and sites that it holds, together."""
    found = selected([source], at, year)
    return together(found, f"{len(found)} results of {source}")


def footprints_of(sources: Sequence[str], at: str = "", year: int | None = None) -> dict[str, Footprint]:
    """Title → Footprint, each under its own study."""
    return {one.title: one.footprint() for one in selected(sources, at, year)}


def sides_of(chosen: Sequence[Selected], contracts: str | Path | None, boundary: Boundary,
             strict: bool = False) -> tuple[list[Sides], Matching | None]:  # fmt: skip
    """Each activity priced life-cycle, direct and, where a contract ledger is given, market-based."""
    from jevons.report.standards.scopes import Sides

    priced = [Sides(one.title, one.of_scope("lifecycle"), one.of_scope("direct"), None, one.tenure, one.year) for one in chosen]
    if contracts is None:
        stated = [one.at_stated_market() if "market_intensity" in one.site else None for one in chosen]
        return [replace(s, market=m if boundary.owns(s.tenure) else None) for s, m in zip(priced, stated, strict=True)], None
    used = {one.title: best_electricity(one, s, boundary) for one, s in zip(chosen, priced, strict=True) if boundary.owns(one.tenure)}
    matching = matched(list(used.values()), Path(contracts), strict)
    sides = [replace(s, market=one.at_market(matching.intensity(one.place, by_year(used[one.title])))) if one.title in used else s
             for one, s in zip(chosen, priced, strict=True)]  # fmt: skip
    return sides, matching


def matched(used: Sequence[Activity], ledger: Path, strict: bool) -> Matching:
    """The electricity of own operations, all of it together, against one contract ledger: no MWh serves two of them."""
    from jevons.account.market.contract_file import contracts
    from jevons.account.market.matching import match
    from jevons.core.activity import joined

    if not used:
        raise BadInput("contracts", str(ledger), "contracts cover the electricity of machines of your own; none is reported")
    return match(joined(used), contracts(ledger), None, strict)


def by_year(used: Activity) -> dict[int, float]:
    """kWh by calendar year (UTC)."""
    from jevons.account.market.contracts import split_at_new_year, years_of

    rows, sums = split_at_new_year(used), dict[int, float]()
    for year, kwh in zip(years_of(rows, None), rows.amount[:, 0], strict=True):
        sums[int(year)] = sums.get(int(year), 0.0) + float(kwh)
    return sums


def best_electricity(one: Selected, sides: Sides, boundary: Boundary) -> Activity:
    """Best estimates of the electricity, overhead included, as much as is consolidated; undated rows take the site's year."""
    import numpy as np

    from jevons.account.market.matching import best_of

    rows = best_of(sides.any.inventory)
    start_s, end_s, undated = rows.start_s, rows.end_s, np.isnan(rows.start_s)
    if undated.any():
        if one.year is None:
            raise BadInput("year", None, f"say when {one.title} ran (--year): a contract is matched by vintage")
        first, last = (np.datetime64(f"{y}-01-01", "s").astype(float) for y in (one.year, one.year + 1))
        start_s, end_s = np.where(undated, first, start_s), np.where(undated, last, end_s)
    return replace(rows, start_s=start_s, end_s=end_s, amount=rows.amount * boundary.counts(one.tenure)).label(site=one.place)


def _each(source: str, at: str, year: int | None, tenure: str) -> list[Selected]:
    from jevons.report.standards.scopes import TENURES

    word, colon, rest = source.partition(":")
    held, place = (word, rest) if colon and word in TENURES else (tenure, source)
    if place.startswith(LEDGER):
        from jevons.cli.report.from_ledger import of_ledger

        return of_ledger(place.removeprefix(LEDGER), held, at, year)
    path = Path(place)
    if not path.is_file():
        raise BadInput("result", place, "name a file that is there and can be read, or ledger:RUN")
    if measured.kept(path) is not None:
        return [_of_run(path, held, at, year)]
    if path.suffix.lower() in SPECS:
        return [_of_spec(path, held, at, year)]
    return _of_rows(path, _journal(path) or _log(path), held, at, year)


def _of_spec(path: Path, tenure: str, at: str, year: int | None) -> Selected:
    """The spec carried out; ``at`` and ``year`` fill in what it leaves open."""
    from jevons.cli.outcome import carry_out, load

    read = specs.read(path)
    place = {"name": at} if at else {}
    when = {"year": year} if year is not None and not {"year", "start"} & {*read.arguments, *read.site} else {}
    asked = read.over(specs.Spec(read.kind, when if read.kind in DATED else {}, {**place, **when}))
    outcome = carry_out(asked)
    spec, kept = outcome.spec, load(path) if path.suffix.lower() == ".json" and asked == read else None
    moved = list(_moved(path, kept, outcome.footprint))
    site = dict(spec.site)
    return Selected(outcome.title, path.name, str(path.resolve()), outcome.activity.assume(*moved), site, Study(**spec.study), spec.arguments.get("draws", 1000),
                    tenure, spec=spec, file=path)  # fmt: skip


def _of_run(path: Path, tenure: str, at: str, year: int | None) -> Selected:
    """A measured run that was kept, at its own place, else at ``at``."""
    found = measured.outcome(path, at)
    moved = list(_moved(path, measured.kept(path), found.footprint))
    site = {**({"year": year} if year is not None else {}), **found.spec.site}
    return Selected(f"{found.title} {found.spec.arguments['run']}", path.name, str(path.resolve()), found.activity.assume(*moved), site,
                    Study(**found.spec.study), 1000, tenure, file=path)  # fmt: skip


def _journal(path: Path) -> Activity | None:
    """The rows of a measured run's journal; None where the file is none."""
    from jevons.cli.ledger.homes import header

    if path.suffix.lower() != JOURNAL or header(path) is None:
        return None
    from jevons.measure.journal import read

    return read(path).activity


def _log(path: Path) -> Activity:
    """The rows of a file of another tool."""
    from jevons import account

    return account.read(path)


def _of_rows(path: Path, activity: Activity, tenure: str, at: str, year: int | None) -> list[Selected]:
    sites = named_sites(activity.text["site"].tolist(), at)
    whole = Selected(path.name, path.name, str(path.resolve()), activity, {}, Study(), 1000, tenure, file=path)
    return [at_site(whole, word, given, len(sites), year) for word, given in sites.items()]


def _moved(path: Path, kept: Any, now: Footprint) -> Iterator[Assumption]:
    """A kept result is computed again; where it comes out otherwise than it was kept, that is said, and told in the paper."""
    from math import isclose

    from jevons.world import catalog

    held = kept if isinstance(kept, Mapping) else {}
    if (tables := held.get("factor_set")) and tables != catalog.version():
        show.say(f"{path.name}: kept under factor set {tables}, computed again under {catalog.version()}")
    for name in (i for i in ("energy", "climate") if i in now.indicators):
        was, unit, best = _inside(held, "footprint", "indicators", name, "best"), INDICATORS[name][0], now.best(name)
        if isinstance(was, (int, float)) and not isclose(was, best, rel_tol=1e-9):
            said = f"{name}: kept as {units.show(was, unit, 4)}, computed again as {units.show(best, unit, 4)}"
            show.say(f"{path.name}: {said}")
            yield Assumption(f"{path.name}", said, "the tables or the fitted numbers have moved since it was kept", path.name)


def _inside(value: Any, *names: str) -> Any:
    """What lies under these keys, one in the other; None where one is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
