"""The command line as a test sees it: run a line, get exit code, stdout and stderr."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from reported import HEAD
from typer.testing import CliRunner

from means import needs

LLAMA = "estimate training --model llama-2-7b --tokens 2T --on a100 --n 512"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer as data."""
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def jevons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command line in an empty folder, without anybody's settings."""
    from jevons.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("JEVONS_SETTINGS", raising=False)

    def run(line: str, *more: str, stdin: str | None = None) -> Said:
        result = CliRunner().invoke(app, [*shlex.split(line), *more], input=stdin)
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def llama(jevons: Run) -> Run:
    """The estimate of a known model, with whatever options are added."""
    return lambda *more: jevons(LLAMA, *more)


@pytest.fixture
def made(jevons, tmp_path):
    """Two kept results: a training in France and a computation in a cloud; and a contract ledger."""
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --json --save {tmp_path / 'a.json'}")
    jevons(f"estimate generic --hours 100 --on h100 --n 8 --cores 64 --core-power 4 --memory 512 --at us-central1 --year 2023 --json --save {tmp_path / 'b.json'}")
    (tmp_path / "c.csv").write_text(f"{HEAD}\ncertificate,lot,20,France,2023,wind,GO-1,,,,,\nresidual,,,France,2023,,,,,,,45 g/kWh\n")
    return jevons


@pytest.fixture
def kept(jevons, tmp_path, monkeypatch):
    """Three runs in a ledger, of two projects and two countries."""
    needs("sqlalchemy")
    import jevons as package
    from jevons.core.activity import Activity

    monkeypatch.setenv("JEVONS_LEDGER", str(tmp_path / "ledger.db"))
    book = package.account.ledger(tmp_path / "ledger.db")

    def at(kwh, *sites):
        return Activity.of({"amount": kwh, "site": s, "method": "counter", "start_s": 1.7e9, "end_s": 1.7e9 + 3600} for s in sites)

    book.append("run-1", 1, at(1000.0, "France"), project="search")
    book.append("run-2", 1, at(500.0, "Germany", "France"), project="search")
    book.append("run-3", 1, at(50.0, ""), project="other")
    book.price("run-1", {"name": "France", "pue": 1.0})
    return jevons
