"""A throw-away PostgreSQL: a fresh cluster in a folder, reached by a socket in it; run as nobody where we are root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
SETTINGS = "-c listen_addresses='' -c max_connections=40"


def there() -> bool:
    """Whether PostgreSQL is installed, and its driver."""
    import importlib.util

    return all(map(program, ("initdb", "pg_ctl"))) and importlib.util.find_spec("psycopg") is not None


def program(name: str) -> str | None:
    """Where a program of PostgreSQL lies, None where there is none."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, FOLDERS)))


def user() -> str | None:
    """Whom the server runs as: it refuses root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextlib.contextmanager
def cluster(durable: bool = True, most_mib: int | None = None) -> Iterator[str]:
    """The URL of a server's databases, ``{name}`` in the place of their name; stopped at the end. ``durable``: a power cut is
    survived, as it should be where speed is told; ``most_mib``: no file of it can grow past that, as if its disk were full."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    assert initdb is not None
    assert pg_ctl is not None
    owner = user()
    small, bound = ([], []) if most_mib is None else (["--wal-segsize=1"], ["prlimit", f"--fsize={most_mib << 20}"])
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        if owner:
            shutil.chown(folder, owner)
        said = {"user": owner, "cwd": folder, "check": True, "stdout": subprocess.DEVNULL, "env": {**os.environ, "LC_ALL": "C"}}
        subprocess.run([initdb, "-D", folder / "data", "-U", "jevons", "-A", "trust", "-E", "UTF8", *small], **said)
        subprocess.run([*bound, pg_ctl, "-D", folder / "data", "-o", f"-k {folder} {SETTINGS} -c fsync={'on' if durable else 'off'}", "-l", folder / "log", "-w", "start"], **said)
        try:
            yield f"postgresql://jevons@/{{name}}?host={folder}"
        finally:
            subprocess.run([pg_ctl, "-D", folder / "data", "-m", "immediate", "stop"], **said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database(template: str, name: str) -> str:
    """A new database of that name; its URL."""
    import psycopg

    with psycopg.connect(template.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return template.format(name=name)
