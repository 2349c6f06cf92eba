"""The daily close: only new files are read; late data re-opens a day as a new version, and the old one stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.telemetry import batches, duck, samples
from jevons.account.telemetry.batches import Batch
from jevons.account.telemetry.duck import Fleet
from jevons.account.telemetry.rules import DAY_US
from jevons.account.telemetry.samples import text
from jevons.account.telemetry.store import Store, digest, identity
from jevons.account.telemetry.survey import AMOUNTS, Survey, require_words, rows_of, ruled, summed
from jevons.core.errors import BadInput
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Closed:
    """What became of one day: its version, whether it is new, why, and what this close had to read for it."""

    day: str
    version: int
    new: bool
    why: str
    energy_kwh: float
    imputed_kwh: float
    complete: float
    files_read: int
    rows_read: int


def close(where: Any, state: str | Path, *, days: Sequence[str] | None = None, jobs: Any = None, placement: Any = None,
          offsets: Any = None, by: Sequence[str] = ("owner",), boundary: str = "chip", unit: str | None = None,
          columns: Mapping[str, str] | None = None, site: str = "", component: str = "accelerator", threads: int = 2,
          memory: str = "1GB", wait_s: float = 60.0, **rules: Any) -> list[Closed]:  # fmt: skip
    """Close the days (UTC) that the files hold and that are over, or those named; a day whose inputs are the same stays.

    ``state``: the folder that keeps what was read and every version. A file that came or changed, and jobs or places
    that moved a border, re-open the days they touch, and only they are read. The other arguments are those of
    ``telemetry``; ``wait_s``: how long to wait for another who closes. Errors: as ``telemetry``; BadInput where the
    folder is held or cannot be written.
    """
    require_words(by, boundary)
    store = Store(Path(state))
    with store.locked(wait_s):
        paths = samples.found(where)
        con = duck.connect(memory, threads)
        chosen = samples.columns_of(con, paths, unit, columns)
        names = duck.loaded(con, {"jobs": jobs, "placement": placement, "offsets": offsets})

        def fleet() -> Fleet:
            return Fleet(con, chosen, ruled(chosen.unit, rules), names, threads, site, component, store=store)

        parts = [Batch((file,)) for file in batches.measured(con, paths, chosen)]
        keys = fleet().ensure(parts)
        told = {key: store.told(key) for key in keys}
        numbers = _asked(days, told, fleet().rules.latest_us)
        return [_close_day(store, fleet(), number, keys, told, by, boundary) for number in numbers]


def closed(state: str | Path, day: str | None = None, version: int | None = None) -> Activity:
    """The accounts of a closed day (None: of all days, their last version) as Activity.

    Errors: UnknownName for a day or version that was not closed; BadInput where its files have been altered.
    """
    from jevons.core.activity import joined

    store = Store(Path(state))
    wanted = [day] if day else store.days()
    if not wanted:
        raise BadInput("state", str(state), "no day has been closed there")
    return joined([_activity(*store.version(one, version)[:2]) for one in wanted])


def hours(state: str | Path, day: str, version: int | None = None) -> Mapping[str, Any]:
    """Completeness by device and hour of a closed day, a column each."""
    path = Store(Path(state)).version(day, version)[2]
    told: Mapping[str, Any] = duck.connect().execute(f"SELECT * FROM read_parquet({text(str(path))})").fetchnumpy()
    return told


def history(state: str | Path) -> list[dict[str, Any]]:
    """Every version of every day, as recorded: what it supersedes and why, files, counts, hashes."""
    store = Store(Path(state))
    return [record for day in store.days() for record in store.versions(day)]


def _asked(days: Sequence[str] | None, told: Mapping[str, Mapping[str, Any]], latest_us: int) -> list[int]:
    """Days as numbers since 1970: those named, or those that have samples and are over."""
    if days is None:
        held = {day for part in told.values() for day in part["days"]}
        return sorted(day for day in held if (day + 1) * DAY_US <= latest_us)
    try:
        return sorted({(date.fromisoformat(day) - EPOCH).days for day in days})
    except (TypeError, ValueError):
        raise BadInput("days", list(days), "give dates as 2026-01-31") from None


def _close_day(store: Store, fleet: Fleet, number: int, keys: Mapping[str, Batch], told: Mapping[str, Mapping[str, Any]],
               by: Sequence[str], boundary: str) -> Closed:  # fmt: skip
    day, begin_us, end_us = (EPOCH + timedelta(days=number)).isoformat(), number * DAY_US, (number + 1) * DAY_US
    reach = fleet.rules.reach_us
    touched = [key for key, part in told.items() if part["span_us"][0] is not None
               and part["span_us"][0] <= end_us + reach and part["span_us"][1] >= begin_us - reach]  # fmt: skip
    inside = {key: f"edges {told[key]['edges']}" if number not in told[key]["days"] else key for key in touched}
    inputs = _inputs(fleet, inside, keys, by, boundary, begin_us, end_us)
    versions = store.versions(day)
    if versions and versions[-1]["inputs"] == inputs:
        last = versions[-1]
        return _closed(last, False, "unchanged", 0, 0)
    before = set(store.read)
    fleet.load([keys[key] for key in touched], touched)
    fleet.join()
    fleet.settle(begin_us, end_us)
    found = summed(fleet, by, boundary)
    why = _why(versions, inputs)
    record = store.keep(fleet.con, day, _record(found, inputs, why, by, boundary), _ordered(fleet.accounts(by), by),
                        f"SELECT * FROM ({fleet.completeness()}) ORDER BY device, hour_us")  # fmt: skip
    read = [batch for key, batch in store.read.items() if key in touched or key not in before]
    return _closed(record, True, why, len({f.path for b in read for f in b.files}), sum(b.rows for b in read))


def _inputs(fleet: Fleet, parts: Mapping[str, str], keys: Mapping[str, Batch], by: Sequence[str], boundary: str,
            begin_us: int, end_us: int) -> dict[str, Any]:  # fmt: skip
    """Everything a version of a day follows from; of a part that only touches it at midnight, its edges alone."""
    rules = fleet.rules
    rows = {name: digest(fleet.ask(f"SELECT * EXCLUDE (start_us, end_us), greatest(start_us, {begin_us}), least(end_us, {end_us}) FROM {name} "
                                   f"WHERE start_us < {end_us} AND end_us > {begin_us} ORDER BY ALL"))
            for name in ("jobs", "placement") if name in fleet.given}  # fmt: skip
    files = sorted(f.path for key in parts for f in keys[key].files)
    return {"parts": sorted(parts.values()), "files": files, "tables": rows, "by": list(by), "boundary": boundary,
            "policy": [rules.describe(), rules.max_w, rules.wrap, rules.impute, fleet.site, fleet.component]}  # fmt: skip


def _why(versions: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]) -> str:
    """What makes this version differ from the one before."""
    if not versions:
        return "first close"
    before = versions[-1]["inputs"]
    came = sorted(set(inputs["files"]) - set(before["files"]))
    went = sorted(set(before["files"]) - set(inputs["files"]))
    told = [f"{len(came)} new: {', '.join(Path(f).name for f in came[:3])}"] if came else []
    told += [f"{len(went)} gone: {', '.join(Path(f).name for f in went[:3])}"] if went else []
    if not came and not went and inputs["parts"] != before["parts"] and inputs["tables"] == before["tables"]:
        told.append("a file changed")
    told += [f"{name} changed" for name in inputs["tables"] if inputs["tables"][name] != before["tables"].get(name)]
    told += ["another policy"] if any(inputs[k] != before[k] for k in ("by", "boundary", "policy")) else []
    return "; ".join(told) or "a part was read anew"


def _record(found: Survey, inputs: Mapping[str, Any], why: str, by: Sequence[str], boundary: str) -> dict[str, Any]:
    """The record of a version: plain values."""
    return {"why": why, "closed_at": datetime.now(UTC).isoformat(timespec="seconds"), "inputs": inputs, "by": list(by),
            "boundary": boundary, "method": found.fleet.rules.method, "quality": found.quality.record(),
            "assumptions": [[a.what, a.value, a.why, a.source] for a in found.assumptions],
            "files": [identity(path) for path in inputs["files"]]}  # fmt: skip


def _closed(record: Mapping[str, Any], new: bool, why: str, files: int, rows: int) -> Closed:
    told = record["quality"]
    return Closed(record["day"], record["version"], new, why, told["measured_kwh"], told["imputed_kwh"], told["complete"], files, rows)


def _ordered(accounts: str, by: Sequence[str]) -> str:
    keys = ", ".join(("site", "hour_us", "component", *by))
    return f"SELECT {keys}, {', '.join(AMOUNTS)} FROM ({accounts}) ORDER BY {keys}"


def _activity(record: Mapping[str, Any], path: Path) -> Activity:
    table = duck.connect().execute(f"SELECT * FROM read_parquet({text(str(path))})").fetchnumpy()
    notes = tuple(Assumption(*row) for row in record["assumptions"])
    version = Assumption(f"close of {record['day']}", f"version {record['version']}", record["why"], "jevons-rule")
    measured = rows_of(table, "energy_kwh", record["boundary"], record["method"], "", (version, *notes))
    imputed = rows_of(table, "imputed_kwh", record["boundary"], "modelled", "guess", ())
    return measured + imputed if len(imputed) else measured

