"""The expression on DuckDB: batch by batch on a few threads, each with little memory; then seams, sums and completeness."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from jevons.account.telemetry import batches as loads
from jevons.account.telemetry import expression as parts
from jevons.account.telemetry import shares, tables
from jevons.account.telemetry.batches import Batch, File
from jevons.account.telemetry.expression import SCHEMAS, table
from jevons.account.telemetry.rules import BACKWARD, FIRST, HOUR_US, Rules
from jevons.account.telemetry.samples import Columns, one, reading, text
from jevons.account.telemetry.store import Store
from jevons.core.errors import BadInput, MissingExtra

TYPES = {"string": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "boolean": "BOOLEAN"}
EDGES = f"""
SELECT part, device, min(t_us) FILTER (kind = {FIRST}) AS first_us, min(value) FILTER (kind = {FIRST}) AS first_value,
       max(t_us) FILTER (last) AS last_us, max(value) FILTER (last) AS last_value, sum(samples)::BIGINT AS samples
FROM energy WHERE part >= 0 GROUP BY part, device"""
MIXED = """
SELECT DISTINCT device FROM (SELECT device, first_us, max(last_us) OVER (PARTITION BY device ORDER BY first_us, part
       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_us FROM edges) WHERE first_us <= reached_us"""
SEAMS = """
SELECT device, first_us AS t_us, first_value AS value, lag(last_us) OVER w AS t0_us, lag(last_value) OVER w AS value0,
       false AS first, false AS last, part FROM edges WINDOW w AS (PARTITION BY device ORDER BY first_us)
QUALIFY t0_us IS NOT NULL"""


def connect(memory: str = "1GB", threads: int = 2) -> Any:
    """A DuckDB in memory, in UTC, that spills to a temporary folder. Errors: MissingExtra."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("duckdb", "fleet", "fleet telemetry") from None
    folder = Path(tempfile.gettempdir()) / f"jevons-duckdb-{os.getpid()}"
    try:
        con = duckdb.connect(config={"threads": threads, "memory_limit": memory, "temp_directory": str(folder)})
    except duckdb.Error:
        raise BadInput("memory, threads", f"{memory}, {threads}", "give a size such as '1GB' and a count of threads") from None
    con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true; SET enable_progress_bar = false")
    return con


@dataclass
class Fleet:
    """One database with the small tables loaded and, batch by batch, the energy of every cell.

    ``columns`` and ``rules`` say how samples are read; ``given`` names the small tables that are there. ``parts``: what
    each batch was made of.
    """

    con: Any
    columns: Columns
    rules: Rules
    given: frozenset[str]
    threads: int = 2
    site: str = ""
    component: str = "accelerator"
    parts: dict[int, Batch] = field(default_factory=dict)
    numbers: Any = field(default_factory=count)
    store: Store | None = None
    period_us: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        body = ", ".join(f"{name} {TYPES[kind]}" for name, kind in SCHEMAS["energy"].items())
        self.con.execute(f"CREATE OR REPLACE TABLE energy (part BIGINT, {body})")
        self._sql: dict[str, str] = {}

    def table(self, name: str) -> Any:
        """The unbound table of that name if it was given, else None."""
        return table(name) if name in self.given else None

    def sql(self, name: str) -> str:
        """The DuckDB text of one part of the expression, compiled once."""
        if name not in self._sql:
            self._sql[name] = parts.ibis().to_sql(self._expression(name), dialect="duckdb")
        return self._sql[name]

    def _expression(self, name: str) -> Any:
        rules = self.rules
        if name == "usable":
            return parts.usable(table("readings"), rules, self.table("offsets"))
        if name == "cells":
            return parts.cells(table("spans"), self.table("jobs"), self.table("placement"))
        if name == "seams":
            return parts.cell_energy(parts.judged(table("steps"), rules), table("cells"), rules)
        numbered = [parts.ibis().table({**SCHEMAS[of], "device": "int64"}, name=named)
                    for of, named in (("readings", "numbered"), ("cells", "cells"))]  # fmt: skip
        judged = parts.judged(parts.steps(numbered[0], streamed=name == "streamed"), rules)
        return parts.cell_energy(judged, numbered[1], rules)

    def read(self, batches: Sequence[Batch]) -> list[int]:
        """Integrate these batches, a thread each, or take what the store keeps of them; the parts they became."""
        with ThreadPoolExecutor(self.threads) as pool:
            return [number for numbers in pool.map(self._obtain, batches) for number in numbers]

    def ensure(self, batches: Sequence[Batch]) -> dict[str, Batch]:
        """Read what the store does not keep yet; every batch under its key."""
        assert self.store is not None
        keys = {self.store.key(self.con, self, batch): batch for batch in batches}
        self.read([batch for key, batch in keys.items() if not self.store.has(key)])
        return keys

    def load(self, batches: Sequence[Batch], keys: Sequence[str]) -> None:
        """Put kept parts into ``energy``."""
        assert self.store is not None
        for batch, key in zip(batches, keys):
            for number in self.store.load(self.con, key, self.numbers):
                self.parts[number] = batch

    def _obtain(self, batch: Batch) -> list[int]:
        if self.store is None:
            return self._read(batch)
        cursor = self.con.cursor()
        key = self.store.key(cursor, self, batch)
        if not self.store.has(key):
            numbers = self._read(batch)
            self.store.save(cursor, key, numbers, batch)
            return numbers
        numbers = self.store.load(cursor, key, self.numbers)
        self.parts.update(dict.fromkeys(numbers, batch))
        return numbers

    def _read(self, batch: Batch) -> list[int]:
        """One batch as it lies, or sorted where it must be (a few devices at a time where it is large)."""
        cursor = self.con.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        self._prepare(cursor, batch)
        if not batch.sort and self._integrate(cursor, "streamed"):
            return [self._keep(cursor, batch)]
        if batch.devices is None and batch.rows > loads.SORTED_ROWS:
            counts = dict(cursor.execute("SELECT device, count(*) FROM usable GROUP BY device").fetchall())
            cursor.close()
            return [n for part in loads.by_devices(dict.fromkeys(counts, batch.files), counts) for n in self._read(part)]
        self._integrate(cursor, "sorted")
        return [self._keep(cursor, batch)]

    def _prepare(self, cursor: Any, batch: Batch) -> None:
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW readings AS {batch.view(self.columns)}")
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW usable AS {self.sql('usable')}")
        loads.spans(cursor, batch, self.rules, "offsets" in self.given)
        self._require_few(cursor)
        number = _number(cursor)
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW numbered AS SELECT {number} AS device, t_us, value FROM usable")
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE cells AS SELECT * REPLACE ({number} AS device) FROM ({self.sql('cells')})")

    def _integrate(self, cursor: Any, how: str) -> bool:
        """Fill ``found``; whether every device lay in one piece and in order of time."""
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE found AS SELECT names.device, found.* EXCLUDE (device) "
                       f"FROM ({self.sql(how)}) AS found JOIN names ON found.device = names.number")  # fmt: skip
        wrong = one(cursor, f"SELECT count(*) FILTER (kind = {BACKWARD}), sum(samples) FILTER (kind = {FIRST}) "
                               "- count(DISTINCT device) FROM found")  # fmt: skip
        return not any(wrong)

    def _keep(self, cursor: Any, batch: Batch) -> int:
        number: int = next(self.numbers)
        cursor.execute(f"INSERT INTO energy SELECT {number}, * FROM found")
        cursor.close()
        self.parts[number] = batch
        return number

    def _require_few(self, cursor: Any) -> None:
        found = one(cursor, f"SELECT sum((to_us - from_us) // {HOUR_US} + 1), min(from_us), max(to_us) FROM spans")
        if found[0] is not None and found[0] > loads.MOST_CELLS:
            raise BadInput("samples", f"{found[0]:,.0f} device-hours", f"their stamps run from {stamp(found[1])} to {stamp(found[2])}: "
                           "give fewer files at once, or mend the clock that is wrong")  # fmt: skip

    def join(self) -> list[int]:
        """Read together what lay mixed over several parts, then join each device's parts at their seams."""
        self.con.execute(f"CREATE OR REPLACE TABLE edges AS {EDGES}")
        mixed = [row[0] for row in self.con.execute(MIXED + " ORDER BY device").fetchall()]
        again = self.read(self._mixed(mixed)) if mixed else []
        self.con.execute(f"CREATE OR REPLACE TABLE edges AS {EDGES}")
        self._seams()
        return again

    def _mixed(self, devices: Sequence[str]) -> list[Batch]:
        """Batches of the devices whose samples lie mixed over parts; what was found of them apart is dropped."""
        files: dict[str, dict[str, File]] = {device: {} for device in devices}
        counts = dict.fromkeys(devices, 0)
        listed = ", ".join(map(text, devices))
        for part, device, samples in self.con.execute(f"SELECT part, device, samples FROM edges WHERE device IN ({listed})").fetchall():
            files[device] |= {file.path: file for file in self.parts[part].files}
            counts[device] += samples
        self.con.execute(f"DELETE FROM energy WHERE device IN ({listed})")
        return loads.by_devices({d: tuple(held.values()) for d, held in files.items()}, counts)

    def _seams(self) -> None:
        """The steps from the last sample of one part to the first of the next; that sample is counted there, once."""
        self.con.execute(f"CREATE OR REPLACE TABLE seams AS {SEAMS}")
        if not one(self.con, "SELECT count(*) FROM seams")[0]:
            return
        self.con.execute(f"UPDATE energy SET samples = 0 FROM seams WHERE energy.part = seams.part "
                         f"AND energy.device = seams.device AND kind = {FIRST}")  # fmt: skip
        self.con.execute("CREATE OR REPLACE TABLE steps AS SELECT * EXCLUDE (part) FROM seams")
        self.con.execute(f"CREATE OR REPLACE TABLE spans AS SELECT device, greatest(t0_us, t_us - {self.rules.reach_us}) AS from_us, "
                         "t_us AS to_us FROM seams")  # fmt: skip
        self.con.execute(f"CREATE OR REPLACE TABLE cells AS {self.sql('cells')}")
        self.con.execute(f"INSERT INTO energy SELECT -1, * FROM ({self.sql('seams')})")

    def settle(self, since_us: int | None = None, until_us: int | None = None) -> None:
        """Make ``spans``, ``cells`` and ``metered``: every device from its first to its last sample.

        With a period: over all of it, for every device that has a sample in it or is placed in it.
        """
        whole, inside = "SELECT device, min(first_us) AS from_us, max(last_us) AS to_us FROM edges GROUP BY device", ""
        if since_us is not None and until_us is not None:
            self.period_us = since_us, until_us
            seen = f"SELECT device FROM energy WHERE from_us >= {since_us} AND from_us < {until_us} AND samples > 0"
            placed = f" UNION SELECT device FROM placement WHERE start_us < {until_us} AND end_us > {since_us}"
            devices = seen + (placed if "placement" in self.given else "")
            whole = f"SELECT DISTINCT device, {since_us}::BIGINT AS from_us, {until_us}::BIGINT AS to_us FROM ({devices})"
            inside = f" WHERE from_us >= {since_us} AND to_us <= {until_us}"
        self.con.execute(f"CREATE OR REPLACE TABLE spans AS {whole}")
        self._require_few(self.con)
        self.con.execute(f"CREATE OR REPLACE TABLE cells AS SELECT * FROM ({self.sql('cells')}){inside}")
        metered = shares.metered(table("cells"), table("energy"), table("spans"), self.rules)
        self.con.execute(f"CREATE OR REPLACE TABLE metered AS {parts.ibis().to_sql(metered, dialect='duckdb')}")

    def accounts(self, by: Sequence[str]) -> str:
        """SQL over ``metered``: the sums by site, hour, component and the labels."""
        of, spans, cells = parts.ibis(), table("spans"), table("cells")
        placed = shares.placed(cells, self.table("placement"), spans, self.site, self.component)
        sums = shares.accounts(shares.metered_table(), shares.owned(cells, self.table("jobs"), spans), placed, by)
        return str(of.to_sql(sums, dialect="duckdb"))

    def completeness(self) -> str:
        """SQL over ``metered``: what is known of each device and hour."""
        told = shares.completeness(shares.metered_table(), table("energy"), self.rules)
        return str(parts.ibis().to_sql(told, dialect="duckdb"))

    def survey(self, batches: Sequence[Batch]) -> None:
        """Read, join and settle: every stage is made."""
        self.read(batches)
        self.join()
        self.settle()

    def arrays(self, sql: str, names: Sequence[str], order: Sequence[str]) -> dict[str, Any]:
        """The columns of an answer, by name, as numpy arrays in this order of rows."""
        told = f"SELECT {', '.join(names)} FROM ({sql}) ORDER BY {', '.join(order)}"
        return {name: _filled(column) for name, column in self.con.execute(told).fetchnumpy().items()}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        rows: list[tuple[Any, ...]] = self.con.execute(sql).fetchall()
        return rows

    def rows(self) -> int:
        """How many samples the files hold, by their footers."""
        return sum({f.path: f.rows for batch in self.parts.values() for f in batch.files}.values())

    def everything(self) -> str:
        """The name of a view of all samples, usable or not."""
        files = dict.fromkeys(f.path for batch in self.parts.values() for f in batch.files)
        self.con.execute(f"CREATE OR REPLACE VIEW everything AS SELECT {self.columns.duckdb} FROM {reading(list(files))}")
        return "everything"


def _number(cursor: Any) -> str:
    """SQL that turns a device's name into a number of its own, at a quarter less of the work; makes the table ``names``.

    A hash, salted anew should two of the names in ``spans`` ever meet.
    """
    for salt in count():
        number = f"(hash(device{f' || {text(str(salt))}' if salt else ''}) >> 1)::BIGINT"
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE names AS SELECT DISTINCT device, {number} AS number FROM spans")
        if not one(cursor, "SELECT count(*) - count(DISTINCT number) FROM names")[0]:
            return number
    raise AssertionError("count() does not end")


def _filled(column: Any) -> Any:
    """A column of an answer, NaN where the database has nothing."""
    return column.filled(float("nan")) if hasattr(column, "filled") and column.dtype.kind == "f" else column


def loaded(con: Any, given: Mapping[str, Any]) -> frozenset[str]:
    """Load the small tables that were given; their names."""
    there = {name: value for name, value in given.items() if value is not None}
    for name, value in there.items():
        tables.load(con, name, value)
    return frozenset(there)


def stamp(t_us: int) -> str:
    """A moment as people write it, UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(t_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
