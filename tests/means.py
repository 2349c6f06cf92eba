"""What a fuller test needs may be absent: then it skips and says so; in CI it fails instead."""

from __future__ import annotations

import importlib
import os
from typing import Any, NoReturn

import pytest


def means_missing(what: str) -> NoReturn:
    """Skip, saying what is missing; in CI (JEVONS_NO_SKIP) that is a failure."""
    if os.environ.get("JEVONS_NO_SKIP"):
        pytest.fail(f"{what}, and this run may not skip")
    pytest.skip(what)


def needs(package: str) -> Any:
    """The package, imported; where it is not installed, as ``means_missing``."""
    try:
        return importlib.import_module(package)
    except ImportError:
        means_missing(f"{package.partition('.')[0]} is not installed")
