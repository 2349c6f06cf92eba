"""The command line as a test sees it: run a line, get exit code, stdout and stderr."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

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
