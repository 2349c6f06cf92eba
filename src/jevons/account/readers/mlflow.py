"""MLflow's system metrics: the power of each GPU a run logged, system/gpu_{i}_power_usage_watts.

    a folder     .../<run>/metrics/system/gpu_0_power_usage_watts, lines "milliseconds value step", beside meta.yaml
    mlflow.db    SQLite: table metrics (key, value, timestamp, run_uuid)
    JSON         a run as export tools write it, or the answer of metrics/get-history

A folder may be a run, an experiment or the whole store. Links that lead out of it are not followed, nor is any path in
meta.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.documents import documents, yaml_of
from jevons.account.readers.lines import physical_lines
from jevons.account.readers.opening import require_inside
from jevons.account.readers.power_history import Points, rows_of
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

POWER = re.compile(r"(?:system/)?gpu_(\d+)_power_usage_watts$")
SQLITE = "SQLite format 3"
Run = tuple[dict[str, str], dict[str, Points]]  # its labels, and (seconds, watts) by GPU


def recognises(head: str) -> bool:
    """Whether this is a store of MLflow, a run in it, or one exported."""
    if head.startswith("folder/\n"):
        return not any(name.lower().endswith((".csv", ".csv.gz")) for name in head.split("\n"))
    return head.startswith(SQLITE) or (head.lstrip().startswith("{") and "_power_usage_watts" in head)


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a run, GPU and hour. ``zone`` is not needed. TableError where no run logged power."""
    from jevons.core.activity import Activity

    runs = list(_folder(path) if path.is_dir() else _any_file(path))
    notes = [Assumption("the rest of the machine", "not in the file", "MLflow logs the power of GPUs alone", "stated")]
    rows = [row for labels, histories in runs for row in rows_of(path.name, histories, labels, notes)]
    if not rows:
        raise TableError(path.name, None, "system/gpu_0_power_usage_watts", f"{len(runs)} runs",
                         "no history of power is in it; log with mlflow.enable_system_metrics_logging()")  # fmt: skip
    return Activity.of(rows, served={"run": float(len({row["run"] for row in rows}))}, assumptions=tuple(notes))


def _any_file(path: Path) -> Iterator[Run]:
    with path.open("rb") as handle:
        packed = handle.read(len(SQLITE)).decode("latin-1") == SQLITE
    yield from _database(path) if packed else _exported(path)


def _folder(root: Path) -> Iterator[Run]:
    """The runs below a folder: each place that has metrics/."""
    for metrics in sorted(p for p in [root / "metrics", *root.glob("*/metrics"), *root.glob("*/*/metrics"),
                                      *root.glob("mlruns/*/*/metrics")] if p.is_dir()):  # fmt: skip
        files = [f for f in sorted([*metrics.glob("system/gpu_*"), *metrics.glob("gpu_*")]) if POWER.search(f.name)]
        for file in files:
            require_inside(root, file)
        histories = {f"gpu-{POWER.search(f.name)[1]}": list(_logged(f)) for f in files}  # type: ignore[index]
        if histories:
            meta = metrics.parent / "meta.yaml"
            told = yaml_of(meta) if meta.is_file() else {}
            yield _labels(told.get("run_id") or metrics.parent.name, told.get("run_name"), told.get("user_id")), histories


def _logged(file: Path) -> Iterator[tuple[float, float]]:
    for row, line in enumerate(physical_lines(file), 1):
        words = line.split()
        if not words:
            continue
        try:
            yield float(words[0]) / 1000, float(words[1])
        except (ValueError, IndexError):
            raise TableError(file.name, row, None, line.strip(), "give milliseconds, a value and a step") from None


def _database(path: Path) -> Iterator[Run]:
    import sqlite3

    asked = ("SELECT m.run_uuid, r.name, r.user_id, m.key, m.timestamp, m.value FROM metrics m LEFT JOIN runs r "
             "ON r.run_uuid = m.run_uuid WHERE m.key LIKE '%gpu\\_%\\_power\\_usage\\_watts' ESCAPE '\\' "
             "AND NOT m.is_nan ORDER BY m.run_uuid")  # fmt: skip
    runs: dict[str, Run] = {}
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as store:
            for run, name, user, key, stamp, value in store.execute(asked):
                if found := POWER.search(key):
                    kept = runs.setdefault(run, (_labels(run, name, user), {}))
                    kept[1].setdefault(f"gpu-{found[1]}", []).append((stamp / 1000, float(value)))
    except (sqlite3.Error, TypeError) as trouble:
        raise TableError(path.name, None, None, str(trouble), "give an MLflow store (tables runs and metrics)") from None
    yield from runs.values()


def _exported(path: Path) -> Iterator[Run]:
    for number, answer in enumerate(documents(path), 1):
        try:
            yield _of_export(answer.get("mlflow", answer), path.stem)
        except (AttributeError, KeyError, TypeError, ValueError) as trouble:
            raise TableError(path.name, number, "metrics", str(trouble), "give a run's export, or metrics/get-history") from None


def _of_export(run: Mapping[str, Any], fallback: str) -> Run:
    """metrics: a list of {key, value, timestamp}, or key → a list of {value, timestamp}."""
    info = run.get("info", {})
    metrics = run["metrics"]
    listed = metrics if isinstance(metrics, list) else [{**m, "key": key} for key, those in metrics.items() for m in those]
    histories: dict[str, Points] = {}
    for metric in listed:
        if found := POWER.search(metric["key"]):
            histories.setdefault(f"gpu-{found[1]}", []).append((float(metric["timestamp"]) / 1000, float(metric["value"])))
    return _labels(info.get("run_id") or fallback, info.get("run_name"), info.get("user_id")), histories


def _labels(run: Any, name: Any, user: Any) -> dict[str, str]:
    return {"run": str(run), "project": str(name or ""), "owner": str(user or "")}
