"""CodeCarbon's row, its 38 columns, and its CSV: whole lines under a lock, so that writers at once corrupt nothing."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, make_dataclass, replace
from pathlib import Path
from typing import Any


@dataclass
class EmissionsData:
    """What a run used: kg, kWh, W, L, s; powers are means. ``timestamp`` is local time, as in CodeCarbon's own files."""

    timestamp: str
    project_name: str
    run_id: str
    experiment_id: str
    duration: float
    emissions: float
    emissions_rate: float
    cpu_power: float
    gpu_power: float
    ram_power: float
    cpu_energy: float
    gpu_energy: float
    ram_energy: float
    energy_consumed: float
    water_consumed: float
    country_name: str
    country_iso_code: str
    region: str
    cloud_provider: str
    cloud_region: str
    os: str
    python_version: str
    codecarbon_version: str
    cpu_count: float
    cpu_model: str
    gpu_count: float
    gpu_model: str
    longitude: float | None
    latitude: float | None
    ram_total_size: float
    tracking_mode: str
    cpu_utilization_percent: float | None = 0.0
    gpu_utilization_percent: float | None = 0.0
    ram_utilization_percent: float | None = 0.0
    ram_used_gb: float | None = 0.0
    on_cloud: str = "N"
    pue: float = 1
    wue: float = 0

    @property
    def values(self) -> dict[str, Any]:
        """The row by column."""
        return asdict(self)

    def toJSON(self) -> str:  # noqa: N802 (CodeCarbon's name)
        """The row as JSON."""
        return json.dumps(asdict(self), sort_keys=True, indent=4)


RUNNING = ("duration", "emissions", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed")
NOT_OF_TASKS = ("experiment_id", "pue", "wue")
TASK_COLUMNS = ("task_name", *(f.name for f in fields(EmissionsData) if f.name not in NOT_OF_TASKS))
TaskEmissionsData = make_dataclass("TaskEmissionsData", TASK_COLUMNS, namespace={  # its inner Task is read by projects too
    "values": property(asdict), "emissions_data": property(lambda row: row), "is_active": False})  # fmt: skip


def of_task(name: str, data: EmissionsData) -> Any:
    """The row of a task: CodeCarbon's has its name, and three columns fewer."""
    return TaskEmissionsData(name, **{column: getattr(data, column) for column in TASK_COLUMNS[1:]})


def since(total: EmissionsData, before: EmissionsData | None) -> EmissionsData:
    """What was added since an earlier row of the same run; the row itself where there is none."""
    if before is None:
        return total
    added = {name: getattr(total, name) - getattr(before, name) for name in RUNNING}
    return replace(total, **added, emissions_rate=added["emissions"] / added["duration"] if added["duration"] else 0.0)


@dataclass
class EmissionsCsv:
    """``emissions.csv`` and the files of tasks in a folder. ``mode``: append a row, or update the row of the run."""

    folder: Path
    name: str
    mode: str = "append"

    def out(self, total: EmissionsData, delta: EmissionsData) -> None:
        """Write the total of the run so far."""
        file, row = self.folder / self.name, total.values
        with locked(file) as handle:
            header, rows = _held(handle, whole=self.mode == "update")
            if header and header != list(row):
                file.rename(_spare(file))
                replace_with(file, [row])
            elif [r["run_id"] for r in rows].count(total.run_id) == 1:
                replace_with(file, [row if r["run_id"] == total.run_id else r for r in rows])
            else:
                os.write(handle, _lines([row], header=not header, after=_torn(handle)))

    def live_out(self, total: EmissionsData, delta: EmissionsData) -> None:
        """Nothing: rows are written when flushed or stopped."""

    def task_out(self, data: Sequence[Any], experiment_name: str) -> None:
        """Write the tasks of the run, in a file of their own."""
        if data:
            replace_with(self.folder / f"emissions_{experiment_name}_{data[0].run_id}.csv", [d.values for d in data])

    def exit(self) -> None:
        """Nothing is held open."""


@contextmanager
def locked(file: Path) -> Iterator[int]:
    """The file open to append, alone: whoever replaced it while we waited is followed."""
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(handle)
            if file.exists() and os.path.samestat(os.fstat(handle), file.stat()):
                yield handle
                return
        finally:
            os.close(handle)


def _lock(handle: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: appends are whole, updates by several writers are not guarded
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def replace_with(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The file as these rows, whole or not at all."""
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    staged.write_bytes(_lines(rows, header=True))
    staged.replace(file)


def _lines(rows: Sequence[Mapping[str, Any]], header: bool, after: bytes = b"") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return after + text.getvalue().encode()


def _held(handle: int, whole: bool) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns of the file, and its rows where the whole of it is wanted."""
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        return list(reader.fieldnames or []), list(reader) if whole else []


def _torn(handle: int) -> bytes:
    """A line end, where somebody's last line has none."""
    size = os.fstat(handle).st_size
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _spare(file: Path) -> Path:
    """A free name beside the file for what it held under other columns."""
    spare, number = file.with_name(f"{file.name}.bak"), 0
    while spare.exists():
        spare, number = file.with_name(f"{file.name}_{number}.bak"), number + 1
    return spare
