"""CodeCarbon's command line, installed from the package index into a throw-away environment and run beside ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def installed(package: str = "codecarbon") -> Iterator[tuple[list[str], str]]:
    """Within it: the command ``codecarbon --help`` and its version; the environment is gone afterwards.

    Errors: RuntimeError with pip's last words where it cannot be installed.
    """
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        rooms = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        run(rooms / "python", "-m", "pip", "install", "--quiet", package)  # pip byte-compiles what it installs
        version = run(rooms / "python", "-c", f"from importlib.metadata import version; print(version({package!r}))")
        yield [str(rooms / package), "--help"], version.strip()


def run(*command: str | Path) -> str:
    """The output of a command; RuntimeError with its last words where it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[1:]} failed: {done.stderr[-500:]}")
    return done.stdout
