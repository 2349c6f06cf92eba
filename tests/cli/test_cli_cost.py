"""What a call costs: which guests it may not wake, and no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LINE = ["estimate", "training", "--model", "llama-2-7b", "--tokens", "2T", "--on", "a100", "--n", "512", "--at", "France"]
HEAVY = ("jinja2", "psutil", "pynvml", "yaml", "pandas", "scipy", "sklearn", "torch", "duckdb", "fastapi")


def run(*line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a user starts it."""
    return subprocess.run([sys.executable, "-m", "jevons", *line], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "OMP_NUM_THREADS": "1", **environment})  # fmt: skip


def loaded() -> set[str]:
    """The top modules an estimate to JSON loads."""
    code = ("import sys\nfrom jevons.cli.app import app\ntry:\n app(sys.argv[1:])\nexcept SystemExit:\n pass\n"
            "print('\\n' + ' '.join({m.split('.')[0] for m in sys.modules}), file=sys.stderr)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, *LINE], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_an_estimate_wakes_no_heavy_guest():
    assert sorted(loaded() & set(HEAVY)) == []


def test_json_needs_no_terminal_library():
    assert "rich" not in loaded()


def test_a_process_of_its_own_answers_as_promised():
    done = run(*LINE)
    assert json.loads(done.stdout)["spec"]["model"] == "llama-2-7b"
    assert done.stderr == ""


def test_an_error_reaches_the_shell_in_one_line_and_a_code():
    done = run("estimate", "training", "--model", "llama-2-7b", "--tokens", "2 apples", "--on", "a100")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "jevons: tokens: '2 apples' will not do; no unit of that name; e.g. '300B' or 3e11\n"


OFFLINE = """
import sys
def watch(event, args):
    if event.startswith("socket."):
        sys.exit(f"{event} {args}")
sys.addaudithook(watch)
from jevons.cli.app import app
app(sys.argv[1:])
"""


def test_the_demo_needs_no_network(tmp_path: Path):
    line = ["demo", "--report", str(tmp_path / "page.html")]
    done = subprocess.run([sys.executable, "-c", OFFLINE, *line], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("shell", "environment"), [
    ("bash", {"COMP_WORDS": "jevons est", "COMP_CWORD": "1"}),
    ("zsh", {"_TYPER_COMPLETE_ARGS": "jevons est"}),
])  # fmt: skip
def test_the_shell_completes_commands(shell, environment):
    code = "from jevons.cli.app import app\napp(prog_name='jevons')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "_JEVONS_COMPLETE": f"complete_{shell}", **environment})  # fmt: skip
    assert "estimate" in done.stdout
