"""Shared fixtures: where the evaluation data lies, and the rule that CI may not skip; how laws are tried; nobody's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from means import means_missing

ROOT = Path(__file__).resolve().parent.parent

# What people set for themselves changes no test: a terminal's width and colours, a proxy, where jevons keeps things.
KEPT = {"JEVONS_SHARED", "JEVONS_NO_SKIP", "JEVONS_WRITE_GOLDEN", "JEVONS_BROWSER"}
PERSONAL = ("JEVONS_", "XDG_", "SLURM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TTY_",
            "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # fmt: skip
for name in [n for n in os.environ if n.upper().startswith(PERSONAL) and n not in KEPT]:
    del os.environ[name]
# One thread of linear algebra: on a busy machine two wait for each other, spinning, and a test of seconds takes minutes.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

# No deadline: the machine may be busy. Derandomised and without a database: a failure repeats anywhere.
# `--hypothesis-profile=wander` looks further, at other examples each time.
settings.register_profile(
    "house", max_examples=60, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.register_profile("wander", settings.get_profile("house"), max_examples=500, derandomize=False)
settings.load_profile("house")


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
