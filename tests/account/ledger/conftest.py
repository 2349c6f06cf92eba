"""A ledger in either store: a SQLite file, and a database of a throw-away PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.bars import postgres_stand

from jevons.account import ledger
from means import means_missing

_number = itertools.count()


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A PostgreSQL server for all tests."""
    if not postgres_stand.there():
        means_missing("no PostgreSQL (initdb, pg_ctl, psycopg) to keep a ledger in")
    with postgres_stand.cluster(durable=False) as template:
        yield template


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes a place for a ledger that is not there yet."""
    if request.param == "sqlite":
        return lambda: str(tmp_path / f"ledger{next(_number)}.db")
    template = request.getfixturevalue("cluster")
    return lambda: postgres_stand.database(template, f"ledger{next(_number)}")


@pytest.fixture
def place(new_place: Callable[[], str]) -> str:
    """A place for a ledger that is not there yet."""
    return new_place()


@pytest.fixture
def book(place: str) -> Iterator[Any]:
    """An empty ledger in either store."""
    made = ledger(place)
    yield made
    made.engine.dispose()


@pytest.fixture
def file_book(tmp_path: Path) -> Any:
    """An empty ledger in a SQLite file, where the store does not matter."""
    return ledger(tmp_path / "ledger.db")
