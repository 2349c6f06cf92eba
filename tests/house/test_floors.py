"""Imports run down the floors, and every room keeps to the size that a person can hold in the head."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "src" / "jevons").rglob("*.py"))
UNNAMEABLE = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def function_lengths(file: Path) -> list[int]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    functions = [n for n in nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [(n.end_lineno or n.lineno) - n.lineno + 1 for n in functions]


def test_imports_run_down_the_floors_and_never_sideways_between_doors():
    linter = Path(sys.executable).with_name("lint-imports")
    assert linter.exists(), "import-linter is a development dependency: pip install -e '.[dev]'"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT / "src")))
def test_no_file_is_over_six_hundred_lines(file):
    assert lines(file) <= 600


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT / "src")))
def test_no_room_is_one_that_nobody_could_name(file):
    assert not UNNAMEABLE & {part.removesuffix(".py") for part in file.relative_to(ROOT).parts}


def test_the_median_file_is_under_two_hundred_and_fifty_lines():
    assert statistics.median(map(lines, FILES)) < 250


def test_nineteen_functions_in_twenty_fit_on_a_screen():
    lengths = sorted(length for file in FILES for length in function_lengths(file))
    assert lengths[int(0.95 * len(lengths))] <= 45
