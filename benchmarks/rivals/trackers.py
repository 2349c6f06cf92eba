"""CodeCarbon, carbontracker and Zeus from the package index, in a throw-away environment, and what is asked of each."""

from __future__ import annotations

import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rivals.codecarbon_cli import run

PACKAGES = ("codecarbon", "carbontracker", "zeus")
IMPORT = {
    "codecarbon": "from codecarbon import OfflineEmissionsTracker",
    "carbontracker": "from carbontracker.tracker import CarbonTracker",
    "zeus": "from zeus.monitor import ZeusMonitor",
}
START = {
    "codecarbon": "t = OfflineEmissionsTracker(country_iso_code='FRA', measure_power_secs=1, save_to_file=False, "
                  "log_level='critical', allow_multiple_runs=True); t.start()",
    "carbontracker": "t = CarbonTracker(epochs=1, update_interval=1, verbose=0, ignore_errors=True); t.epoch_start()",
    "zeus": "t = ZeusMonitor(gpu_indices=[]); t.begin_window('w')",
}  # fmt: skip
STOP = {"codecarbon": "t.stop()", "carbontracker": "t.epoch_end()", "zeus": "t.end_window('w')"}


@contextmanager
def installed() -> Iterator[tuple[Path, dict[str, str]]]:
    """Within it: the environment's Python and the versions; the environment is gone afterwards."""
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        run(python, "-m", "pip", "install", "--quiet", *PACKAGES)  # pip byte-compiles what it installs
        asked = f"from importlib.metadata import version; print(*map(version, {PACKAGES!r}))"
        yield python, dict(zip(PACKAGES, run(python, "-c", asked).split(), strict=True))


def lifecycle(name: str) -> str:
    """Import, construct, start and stop, as one script."""
    return "\n".join((IMPORT[name], START[name], STOP[name]))


def own(name: str, seconds: float) -> str:
    """A script that tracks while it sleeps and prints its CPU as a share of the wall, children included."""
    return "\n".join((
        "import resource, time", IMPORT[name], START[name], "time.sleep(1)",
        "cpu = lambda: sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))",
        "c, w = cpu(), time.monotonic()", f"time.sleep({seconds})", "share = (cpu() - c) / (time.monotonic() - w)", STOP[name],
        "import sys; print(share, file=sys.stderr)"))  # fmt: skip
