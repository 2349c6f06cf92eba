"""The ledger as plain tables, for queries and exports: each a generator of rows, with the type of every column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from jevons.account.ledger import canonical
from jevons.account.ledger.rows import CERTAIN, every
from jevons.account.ledger.schema import closing, entry, run, run_tag, spread
from jevons.core.activity import DEFAULTS, flow_unit
from jevons.core.study import INDICATORS

TEXT, NUMBER, COUNT, YES, TIME = "VARCHAR", "DOUBLE", "BIGINT", "BOOLEAN", "TIMESTAMP"
Row = tuple[Any, ...]

COLUMNS: dict[str, dict[str, str]] = {
    "runs": {"run": TEXT, "project": TEXT, "owner": TEXT, "closed": YES, "started": TIME, "ended": TIME,
             "windows": COUNT, "energy_kwh": NUMBER, "supplied_kwh": NUMBER, "climate_kg": NUMBER, "climate_low_kg": NUMBER,
             "climate_high_kg": NUMBER, "water_l": NUMBER, "cost_usd": NUMBER, "factor_set": TEXT},
    "tags": {"run": TEXT, "tag": TEXT},
    "windows": {"run": TEXT, "sequence": COUNT, "version": COUNT, "stands": YES, "kept": TIME, "why": TEXT, "rows": COUNT},
    "activity": {"run": TEXT, "sequence": COUNT, "started": TIME, "ended": TIME, **dict.fromkeys(DEFAULTS, TEXT), "device": TEXT,
                 "labels": TEXT, "amount": NUMBER, "unit": TEXT, "low": NUMBER, "high": NUMBER},
    "footprints": {"run": TEXT, "position": COUNT, "kept": TIME, "stands": YES, "indicator": TEXT, "unit": TEXT, "best": NUMBER,
                   "low": NUMBER, "high": NUMBER, "factor_set": TEXT, "jevons": TEXT},
    "lines": {"run": TEXT, "position": COUNT, "indicator": TEXT, "stage": TEXT, "component": TEXT, "flow": TEXT, "place": TEXT,
              "amount": NUMBER, "rate": NUMBER, "impact": NUMBER, "source": TEXT, "year": COUNT, "quality": TEXT, "method": TEXT},
    "assumptions": {"run": TEXT, "position": COUNT, "what": TEXT, "value": TEXT, "why": TEXT, "source": TEXT},
    "entries": {"run": TEXT, "position": COUNT, "kind": TEXT, "sequence": COUNT, "version": COUNT, "kept": TIME, "written_by": TEXT,
                "why": TEXT, "hash": TEXT, "previous": TEXT, "body": TEXT},
    "closings": {"position": COUNT, "run": TEXT, "entries": COUNT, "head": TEXT, "kept": TIME, "hash": TEXT},
}  # fmt: skip
COLUMNS["estimates"] = COLUMNS["runs"]  # what was planned, apart, so that no sum mixes it with what ran
"""Table → column → type, as DuckDB names them."""
STREAM = {"yield_per": 2000}


def rows_of(connection: Connection, name: str) -> Iterator[Row]:
    """The rows of a table of COLUMNS, in its order of columns; a TIME is UTC seconds."""
    return _READ[name](connection)


def _runs(connection: Connection, planned: bool = False) -> Iterator[Row]:
    names = [{"started": "started_s", "ended": "ended_s"}.get(name, name) for name in COLUMNS["runs"]]
    wanted = select(*(run.c[n] for n in names)).where(run.c.kind == ("estimate" if planned else "run")).order_by(run.c.id)
    yield from map(tuple, connection.execute(wanted.execution_options(**STREAM)))


def _tags(connection: Connection) -> Iterator[Row]:
    told = select(run.c.run, run_tag.c.tag).join(run_tag, run.c.id == run_tag.c.run_id).order_by(run.c.id, run_tag.c.tag)
    yield from map(tuple, connection.execute(told.execution_options(**STREAM)))


def _entries_of(connection: Connection, *kinds: str) -> Iterable[Any]:
    asked = select(entry).order_by(entry.c.run, entry.c.sequence, entry.c.version, entry.c.position)
    if kinds:  # of what ran: what was planned has its sums in ``estimates`` and its whole in ``entries``
        asked = asked.where(entry.c.kind.in_(kinds), entry.c.run.in_(select(run.c.run).where(run.c.kind == "run")))
    return connection.execute(asked.execution_options(**STREAM))


def _standing(connection: Connection) -> Iterator[tuple[Any, bool]]:
    """Activities in order of run, sequence and version; whether each is the last of its key, and so stands."""
    held = None
    for row in _entries_of(connection, "activity"):
        if held is not None:
            yield held, (held.run, held.sequence) != (row.run, row.sequence)
        held = row
    if held is not None:
        yield held, True


def _windows(connection: Connection) -> Iterator[Row]:
    for row, stands in _standing(connection):
        n = len(canonical.read(row.body)["amount"])
        yield row.run, row.sequence, row.version, stands, row.at_s, row.why, n


def _activity(connection: Connection) -> Iterator[Row]:
    bounds = {mark: (low, high) for mark, low, high in connection.execute(select(spread.c.hash, spread.c.low, spread.c.high))}
    for row, stands in _standing(connection):
        if stands:
            yield from ((row.run, row.sequence, *cells) for cells in _activity_rows(canonical.read(row.body), bounds))


def _activity_rows(body: Mapping[str, Any], bounds: Mapping[str, tuple[float, float]]) -> Iterator[Row]:
    n = len(body["amount"])
    starts, ends, spreads = (every(body.get(name, CERTAIN), n) for name in ("start_s", "end_s", "spread"))
    text = {name: every(words, n) for name, words in body["text"].items()}
    labels = [name for name in text if name not in DEFAULTS and name != "device"]
    for i, amount in enumerate(body["amount"]):
        low, high = bounds.get(spreads[i], (1.0, 1.0))
        own = {name: text[name][i] for name in labels if text[name][i]}
        yield (starts[i], ends[i], *(text[name][i] for name in DEFAULTS), text["device"][i] if "device" in text else "",
               canonical.text(own), amount, flow_unit(text["flow"][i]), amount * low, amount * high)  # fmt: skip


def _footprints(connection: Connection) -> Iterator[Row]:
    for row in _entries_of(connection, "footprint"):
        body = canonical.read(row.body)
        for name, figure in body["indicators"].items():
            yield (row.run, row.position, row.at_s, body["stands"], name, INDICATORS[name][0], figure["best"], figure["low"],
                   figure["high"], body["factor_set"], body["jevons"])  # fmt: skip


def _lines(connection: Connection) -> Iterator[Row]:
    for row in _entries_of(connection, "footprint"):
        for line in canonical.read(row.body)["lines"]:
            yield row.run, row.position, *(line[name] for name in list(COLUMNS["lines"])[2:])


def _assumptions(connection: Connection) -> Iterator[Row]:
    for row in _entries_of(connection, "activity", "footprint"):
        for told in canonical.read(row.body).get("assumptions", ()):
            yield row.run, row.position, *told


def _entries(connection: Connection) -> Iterator[Row]:
    for row in _entries_of(connection):
        yield (row.run, row.position, row.kind, row.sequence, row.version, row.at_s, row.written_by, row.why, row.hash,
               row.previous, row.body)  # fmt: skip


def _closings(connection: Connection) -> Iterator[Row]:
    for row in connection.execute(select(closing).order_by(closing.c.position)):
        yield row.position, row.run, row.entries, row.head, row.at_s, row.hash


_READ: dict[str, Callable[[Connection], Iterator[Row]]] = {
    "runs": _runs, "tags": _tags, "windows": _windows, "activity": _activity, "footprints": _footprints, "lines": _lines,
    "estimates": partial(_runs, planned=True), "assumptions": _assumptions, "entries": _entries, "closings": _closings,
}  # fmt: skip
