"""Bars of the ledger: a million runs listed, filtered, summed; windows appended; writers killed. SQLite and PostgreSQL.

CPU seconds are those of this process and, for PostgreSQL, of the server's processes too. PostgreSQL is a throw-away cluster; where
it is not installed its rows say so.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from benchmarks.bars import clock, postgres_stand
from benchmarks.bars.bar import Bar, Limit
from benchmarks.bars.ledger_kill import killed

SECTION = "Ledger"
RUNS, BEGUN = 1_000_000, 2_000
WINDOWS, BATCH = 20_000, 1_000
START_S = 1_735_689_600.0  # 2025-01-01, UTC
DAY_S = 86_400.0


def windows(n: int, runs: int = 1) -> list[Any]:
    """``n`` windows of two meters with 1,000 draws each, as a measured run gives them, in turn of ``runs`` runs."""
    from jevons.account.ledger.append import Window
    from jevons.core.activity import Activity
    from jevons.core.uncertain import Draws

    draws = Draws(1000)
    errors = {device: draws.multiplier(0.95, 1.05, f"meter {device}", "meter counter") for device in ("gpu0", "package-0")}
    made = []
    for i in range(n):
        start_s = START_S + i * 365 * DAY_S / n
        rows = [{"start_s": start_s, "end_s": start_s + 10, "amount": (0.001 + i * 1e-8) * error, "device": device, "stage": "train",
                 "component": "accelerator", "boundary": "chip", "method": "counter"} for device, error in errors.items()]  # fmt: skip
        made.append(Window(f"run-{i % runs}", i // runs + 1, Activity.of(rows, drivers=dict(draws.drivers)), project=f"p{i % runs % 20}",
                           owner=f"o{i % runs % 50}", tags=[f"t{i % runs % 7}"]))  # fmt: skip
    return made


def appended(place: str, runs: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Windows a second by the wall clock, and a CPU second of this process, batch by batch of BATCH, into ``runs`` runs."""
    from jevons.account.ledger import ledger

    book, made, taken = ledger(place), windows(WINDOWS, runs), []
    for first in range(0, WINDOWS, BATCH):
        begin = time.perf_counter(), time.process_time()
        book.append_all(made[first : first + BATCH])
        taken.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    wall, cpu = BATCH / np.array(taken).T
    return wall, cpu


def million(place: str) -> Any:
    """A ledger whose list holds a million runs: those of BEGUN priced runs, each copied under other names, days and figures."""
    import sqlalchemy as sa

    from jevons.account.ledger import ledger

    book = ledger(place)
    book.append_all(windows(BEGUN, BEGUN))
    for i in range(0, BEGUN, 10):
        book.price(f"run-{i}", at="France")
    copies = RUNS // BEGUN - 1
    with book.writing() as connection:
        connection.execute(sa.text("CREATE TEMP TABLE times (k INTEGER)"))
        connection.execute(sa.text("INSERT INTO times VALUES (:k)"), [{"k": k} for k in range(1, copies + 1)])
        columns = ("energy_kwh", "kind", "stale", "ended_s", "entries", "windows", "last_sequence", "changed", "priced", "sealed", "closed",
                   "project", "owner", "factor_set", "head")  # fmt: skip
        listed = ", ".join(columns)
        connection.execute(sa.text(
            f"INSERT INTO run ({listed}, started_s, climate_kg, water_l, cost_usd, run) SELECT {listed}, started_s + k * 60, "
            "energy_kwh * 0.05, energy_kwh * 4, energy_kwh * 0.1, run || '/' || CAST(k AS TEXT) FROM run, times WHERE run.run <> '@ledger'"))
        connection.execute(sa.text(
            "INSERT INTO run_tag (tag, run_id) SELECT 't' || CAST(id % 7 AS TEXT), id FROM run WHERE id > (SELECT max(run_id) FROM run_tag)"))
        connection.execute(sa.text("DROP TABLE times"))
    with book.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if "://" in place else "ANALYZE")  # as the server does of its own accord
    return book


def questions(book: Any) -> dict[str, Callable[[], Any]]:
    """What is asked of a million runs."""
    return {
        "list: the latest 50": lambda: book.runs(),
        "filter: the latest 50 of a project and tag in a quarter": lambda: book.runs(project="p3", tag="t3", period="2025-Q2"),
        "sum: all of them": lambda: book.sums(),
        "sum: of a project": lambda: book.sums(project="p3"),
        "sum: by project": lambda: book.sums(by="project"),
    }


def server_of(book: Any) -> Any:
    """The process under which all of a PostgreSQL's stand; None for SQLite."""
    import sqlalchemy as sa

    if book.engine.dialect.name == "sqlite":
        return None
    with book.reading() as connection:
        return psutil.Process(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar()).parent()


def of_server(server: Any) -> float:
    """CPU seconds so far of a server's processes, those that have ended included."""
    spent = 0.0
    for process in [server, *server.children()] if server is not None else []:
        with contextlib.suppress(psutil.Error):
            spent += sum(process.cpu_times()[:4])
    return spent


def asked(place: str, runs: int = 10) -> list[Bar]:
    """CPU seconds of each question, the median over runs."""
    book, store = million(place), store_of(place)
    server, found = server_of(book), []
    for name, ask in questions(book).items():
        ask()
        taken = np.empty(runs)
        for i in range(runs):
            before, begin = of_server(server), time.process_time()
            for _ in range(LOOPS):
                ask()
            own = time.process_time() - begin
            taken[i] = (own + of_server(server) - before) / LOOPS
        found.append(Bar(SECTION, f"a million runs, {store}, {name}, CPU", runs, clock.median(taken), "s", clock.interval(taken),
                         Limit(high=0.3), Limit(high=0.1)))  # fmt: skip
    return found


LOOPS = 3
"""CPU clocks of other processes tick in hundredths of a second."""


def store_of(place: str) -> str:
    """SQLite or PostgreSQL."""
    return "PostgreSQL" if "://" in place else "SQLite"


def rates(place: str) -> Bar:
    """Windows appended a second."""
    found, by_cpu = appended(place)
    return Bar(SECTION, f"windows appended a second, {store_of(place)}", len(found), clock.median(found), "/s", clock.interval(found),
               Limit(low=2_000), Limit(low=10_000), note=f"batches of {BATCH:,}, two meters a window with 1,000 draws each; "
               f"{clock.median(by_cpu):,.0f} a CPU second of the process: the rest is waiting for the disk, the server or other programs")  # fmt: skip


def kills(place: str) -> list[Bar]:
    """8 writers of 1,000 windows, killed 20 times."""
    found, store = killed(place), store_of(place)
    note = f"{found.acknowledged:,} acknowledged, {found.kills} kills, {found.absent} absent, troubles found by verify: {len(found.troubles)}"
    return [Bar(SECTION, f"8 writers killed 20 times, {store}, {what}", found.asked, float(count), "of", must=Limit(high=0), note=note, proof=True)
            for what, count in (("acknowledged and lost", found.lost), ("doubled", found.doubled), ("troubles", len(found.troubles)))]  # fmt: skip


@contextlib.contextmanager
def places() -> Iterator[list[Callable[[str], str]]]:
    """For each store that is there, what makes a new, empty place of a name."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stores: list[Callable[[str], str]] = [lambda name: str(Path(folder, f"{name}.db"))]
        if postgres_stand.there():
            template = stack.enter_context(postgres_stand.cluster())
            stores.append(lambda name: postgres_stand.database(template, name))
        yield stores


def bars() -> list[Bar]:
    """Every row of the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: list[Bar] = []
    with places() as stores:
        for new in stores:
            found += [*asked(new("million")), rates(new("appends")), *kills(new("kills"))]
    return found
