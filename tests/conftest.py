"""Shared fixtures: where the evaluation data lies, and the rule that CI may not skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def means_missing(what: str) -> None:
    """Skip, saying what is missing; in CI that is a failure instead."""
    if os.environ.get("JEVONS_NO_SKIP"):
        pytest.fail(f"{what}, and this run may not skip")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of evaluation data (environment variable JEVONS_SHARED, default ../shared)."""
    folder = Path(os.environ.get("JEVONS_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        means_missing(f"no evaluation data at {folder}; set JEVONS_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT
