"""The database behind a ledger: found, opened, brought to this version; its troubles told in our words."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import exc

from jevons.account.ledger.schema import HEAD, REFUSAL
from jevons.core.errors import BadInput, MissingExtra
from jevons.world.home import home

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_S = 60
"""How long a writer waits for another before it gives up."""
MIGRATIONS = Path(__file__).parent / "migrations"


def place_of(where: str | Path) -> str:
    """The path or URL meant: what was given, else JEVONS_LEDGER, else ledger.db in JEVONS_HOME."""
    return str(where) or os.environ.get("JEVONS_LEDGER", "") or str(home() / "ledger.db")


def shown(place: str) -> str:
    """A place for a reader, without a password."""
    return sa.make_url(place).render_as_string() if "://" in place else place


QUICK = "-c jit=off"
"""Our sums are short: compiling them takes the server longer than it saves."""


def connect(place: str, create: bool, read_only: bool) -> Engine:
    """An engine on a path or URL; nothing is read yet. Errors: BadInput for a URL of another kind or a file that is absent."""
    if "://" not in place:
        return _sqlite(Path(place), create, read_only)
    try:
        url = sa.make_url(place)
    except exc.ArgumentError:
        raise BadInput("ledger", "a URL that cannot be read", "write postgresql://user@host/name, or a path") from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite(Path(url.database or ""), create, read_only)
    if kind != "postgresql":
        raise BadInput("ledger", shown(place), "a ledger lies in a SQLite file or in PostgreSQL")
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise MissingExtra("psycopg", "postgres", "a ledger in PostgreSQL") from None
    options = QUICK + (" -c default_transaction_read_only=on" if read_only else "")
    given = {"connect_timeout": 10, "options": options}
    return sa.create_engine(url.set(drivername="postgresql+psycopg"), connect_args=given, pool_pre_ping=True)  # a server may restart


def _sqlite(path: Path, create: bool, read_only: bool) -> Engine:
    if path.is_dir():
        raise BadInput("ledger", str(path), "this is a folder; name a file in it")
    if not path.exists():
        if read_only or not create:
            raise BadInput("ledger", str(path), "there is no ledger yet: append to one, or name the file that is one")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as trouble:
            raise BadInput("ledger", str(path), f"name a folder that can be written ({trouble.strerror})") from None
    mode = "ro" if read_only else "rwc" if create else "rw"
    alone = "&immutable=1" if read_only and not os.access(path.parent, os.W_OK) and not _pending(path) else ""  # no room for the files of WAL
    location = f"file:{quote(str(path.absolute()))}?mode={mode}{alone}"
    engine = sa.create_engine("sqlite+pysqlite://", creator=lambda: _opened(location, read_only), poolclass=sa.pool.QueuePool)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(
        "BEGIN" if read_only or connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE"))  # fmt: skip
    return engine


def _pending(path: Path) -> bool:
    """Whether entries still lie in the log beside the file; who reads the file alone would miss them."""
    log, index = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    held = log.is_file() and log.stat().st_size > 0
    if held and not index.is_file() and not os.access(path.parent, os.W_OK):
        raise BadInput("ledger", str(path), f"entries still lie in {log.name}, and nothing can be written beside it: "
                       "copy both files to where it can, and read them there")  # fmt: skip
    return held


def _opened(location: str, read_only: bool) -> Any:
    import sqlite3

    connection = sqlite3.connect(location, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA cache_size = -65536")
    if not read_only:
        connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
        connection.execute("PRAGMA journal_mode = WAL")
    return connection


def version_of(connection: Connection) -> str:
    """The migration a database is at; empty for one without tables. Errors: BadInput where its tables are not ours."""
    tables = set(sa.inspect(connection).get_table_names())
    if "alembic_version" in tables and "entry" in tables:
        return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")
    if tables:
        raise BadInput("ledger", ", ".join(sorted(tables)[:5]), "this database holds other tables; give the ledger one of its own")
    return ""


def prepare(engine: Engine, place: str, create: bool, upgrade: bool) -> None:
    """Make the tables of a new ledger, or bring an old one up to date where asked. Errors: BadInput as ``ledger`` says."""
    with told(place), engine.begin() as connection:
        if connection.dialect.name == "postgresql" and (create or upgrade):
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(74, 0)"))
        found = version_of(connection)
        if found == HEAD:
            return
        if found > HEAD:
            raise BadInput("ledger", f"version {found}", f"it was written by a newer jevons; this one knows {HEAD}: upgrade jevons")
        if not found and not create:
            raise BadInput("ledger", shown(place), "there is no ledger yet: append to one, or name the file that is one")
        if found and not upgrade:
            raise BadInput("ledger", f"version {found}", f"this jevons keeps version {HEAD}; run: jevons ledger upgrade")
        if found and connection.dialect.name == "sqlite":
            _copied(connection, found)
        migrate(connection, HEAD)


def _copied(connection: Connection, version: str) -> None:
    """Copy the file beside itself before it is upgraded; its writers are shut out while we hold the transaction."""
    file = next(row[2] for row in connection.exec_driver_sql("PRAGMA database_list"))
    for ending in ("", "-wal"):
        if Path(file + ending).exists():
            shutil.copy2(file + ending, f"{file}.{version}.bak{ending}")


def migrate(connection: Connection, to: str) -> None:
    """Run the migrations up to one version, inside the caller's transaction."""
    try:
        from alembic import command
        from alembic.config import Config
    except ImportError:
        raise MissingExtra("alembic", "ledger", "making or upgrading a ledger") from None
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


@contextlib.contextmanager
def told(place: str) -> Iterator[None]:
    """Say a database's trouble in one line with its mend; what was begun has been rolled back."""
    try:
        yield
    except exc.DBAPIError as trouble:
        raise _said(place, str(trouble.orig or trouble).strip()) from None
    except OSError as trouble:
        raise BadInput("ledger", shown(place), f"its files cannot be written ({trouble.strerror})") from None
    except Exception as trouble:
        if not type(trouble).__module__.startswith("psycopg"):  # what the driver says of a COPY comes to us unwrapped
            raise
        raise _said(place, str(trouble).strip()) from None


MENDS = {  # what a database says → what to do about it
    REFUSAL: "append a correction with why=... instead",
    "disk is full": "make room on its disk; nothing of this was kept",
    "No space left": "make room on its disk; nothing of this was kept",
    "could not extend file": "make room on its disk; nothing of this was kept",
    "disk I/O error": "its disk refuses to be written (full, or a limit on file size); nothing of this was kept",
    "readonly database": "it is read-only; name one that can be written",
    "read-only transaction": "it was opened read-only; open it for writing",
    "permission denied": "ask for the right to write in it",
    "unable to open database": "name a file in a folder that can be written",
    "not a database": "this file is no ledger",
    "malformed": "the file is damaged: bring back a copy, then run: jevons ledger verify",
    "database is locked": f"another process has held it for {BUSY_S} s; try again",
    "terminating connection": "the server ended the connection; nothing of this was kept: try again",
    "server closed the connection": "the server ended the connection; try again, what was kept already is not kept twice",
    "connection is lost": "the server ended the connection; try again, what was kept already is not kept twice",
    "connection is bad": "see that the server runs and that the URL names user, host and database",
    "connection failed": "see that the server runs and that the URL names user, host and database",
    "password authentication failed": "give the password by PGPASSWORD or a .pgpass file",
    "does not exist": "make the database first (createdb)",
}


def _said(place: str, words: str) -> BadInput:
    line = next(iter(words.splitlines()), "")
    for sign, mend in MENDS.items():
        if sign in words:
            return BadInput("ledger", shown(place), f"{mend} ({line})")
    return BadInput("ledger", shown(place), f"the database refused: {line}")
