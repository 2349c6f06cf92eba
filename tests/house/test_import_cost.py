"""Importing jevons is cheap and has no effect: the standard library, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "numpy", "scipy", "pandas", "polars", "sklearn", "torch", "duckdb", "pyarrow", "matplotlib", "fastapi", "uvicorn",
    "httpx", "requests", "pydantic", "typer", "click", "rich", "jinja2", "yaml", "psutil", "pynvml", "joblib",
}  # fmt: skip
GUESTS = HEAVY - {"numpy"}
LOADED = """
import sys
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before))
"""
ONE_ASSESSMENT = """
from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.factor import ConstantPlace
from jevons.core.study import Study
fp = assess(Activity.of([{"amount": 1.0}]), ConstantPlace({"electricity": {"climate": 0.4}}), Study(indicators=("climate",)))
assert str(fp) and str(fp.explain())
"""


def loaded_by(code: str) -> set[str]:
    """Top-level names of the modules that ``code`` loads in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", LOADED.format(code=code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize(
    "code",
    ["import jevons", "import jevons; dir(jevons); jevons.__version__", "import jevons.core.errors", "import jevons.core.units",
     "import jevons.core.source", "import jevons.core.activity", "import jevons.core.study", "import jevons.core.factor",
     "import jevons.core.assess, jevons.core.footprint, jevons.core.overlap, jevons.core.uncertain",
     "from jevons.core.units import read, show; assert show(read('2 MWh', 'kWh'), 'kWh') == '2.00 MWh'"],
)  # fmt: skip
def test_this_loads_the_standard_library_alone(code):
    foreign = {name for name in loaded_by(code) if name not in sys.stdlib_module_names} - {"jevons"}
    assert foreign == set()


def test_the_list_of_heavy_guests_holds_no_module_of_the_standard_library():
    assert HEAVY & sys.stdlib_module_names == set()


def test_an_assessment_loads_numpy_and_no_other_guest():
    loaded = loaded_by(ONE_ASSESSMENT)
    assert "numpy" in loaded
    assert loaded & GUESTS == set()


def test_importing_reads_no_file_of_data_and_opens_no_socket():
    code = (
        "def watch(event, args):\n"
        "    name = str(args[0]) if args else ''\n"
        "    if event.startswith('socket.') or (event == 'open' and name.endswith(('.csv', '.toml', '.json', '.yaml'))):\n"
        "        raise SystemExit(f'{event} {args}')\n"
        "sys.addaudithook(watch)\nimport jevons"
    )
    assert "jevons" in loaded_by(code)
