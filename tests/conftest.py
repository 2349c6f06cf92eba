"""Shared fixtures: where the evaluation data lies, and the rule that CI may not skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from means import means_missing

ROOT = Path(__file__).resolve().parent.parent


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
