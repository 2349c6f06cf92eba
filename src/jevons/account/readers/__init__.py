"""Readers of what other tools recorded: one file a format, each a function ``path -> Activity``.

A module of this folder offers ``recognises(head)``, which tells its format from a file's first 4 kB (the names of its
columns where it is Parquet, of its entries where it is a folder), and ``read(path, zone="UTC", **options)``. ``zone`` is
where the clock stood that wrote stamps without a zone. What a file does not say is an assumption of the Activity; what
cannot be read raises TableError with file, row and column. Words in a file are labels and nothing else: none is run,
opened or looked up outside the tables.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError, UnknownName

if TYPE_CHECKING:
    from jevons.core.activity import Activity

FORMATS = {
    "codecarbon": "emissions.csv of CodeCarbon 0.0.9 to 3.3, and its files of tasks",
    "carbontracker": "either log file of carbontracker",
    "zeus": "log_file of Zeus' ZeusMonitor",
    "eco2ai": "emission.csv of eco2AI",
    "nvidia-smi": "nvidia-smi --query-gpu=timestamp,uuid,power.draw --format=csv -l 1",
    "powermetrics": "powermetrics of macOS, text or plist",
    "slurm": "sacct -P -o JobID,User,Account,Start,End,ElapsedRaw,AllocTRES,ConsumedEnergyRaw,...",
    "kubernetes": "kubectl get pods -A -o json",
    "mlflow": "MLflow's store: a folder, mlflow.db, or a run exported as JSON",
    "wandb": "W&B's system metrics: run.history(stream='events') as CSV or JSON, wandb-events.jsonl, a .wandb file",
    "focus": "a cloud bill in FOCUS 1.x, CSV or Parquet",
    "cur": "AWS Cost and Usage Report, CSV or Parquet",
    "melodi": "MELODI's table of prompts",
    "prometheus": "Prometheus: answers of /api/v1/query_range, or text as exporters and promtool print it",
    "prometheus-remote": "the body of a Prometheus remote write, or of a remote read's answer",
    "meters": "facility meters, a row a quarter-hour (wide) or a reading (long); HEAPO's households",
}
"""Format → the file it is; the module has the same name, with _ for -."""
HEAD_BYTES = 4096


def read(path: str | Path, kind: str | None = None, *, zone: str = "UTC", **options: Any) -> Activity:
    """What a file recorded, as an Activity; its format is recognised unless ``kind`` names it.

    ``options``: those of the format's reader. A row that names no run carries the fingerprint of the file's content, so
    the same file read twice gives the same runs. Errors: UnknownName for a format that is not in FORMATS, BadInput for
    a file that is absent or of no known format, TableError for a row or column that cannot be read.
    """
    place = Path(path)
    if not place.exists():
        raise BadInput("path", str(path), "name an existing file")
    kind = kind or recognise(place)
    reader = module_of(kind)
    try:
        activity: Activity = reader.read(place, zone=zone, **_known(reader, kind, options))
    except IsADirectoryError:
        raise BadInput("path", str(path), f"{kind} is read from a file") from None
    return _with_runs(activity, kind, place)


def recognise(path: str | Path) -> str:
    """The format of a file, by its first lines; TableError where it is none of FORMATS."""
    place = Path(path)
    head = _head(place)
    first, _, rest = head.partition("\n")
    for told in (head, first.replace('"', "") + "\n" + rest) if first.startswith('"') else (head,):  # every cell in quotes
        for kind in FORMATS:
            if module_of(kind).recognises(told):
                return kind
    raise TableError(place.name, 1, None, first, f"this is none of {', '.join(FORMATS)}; name its kind if it is")


def module_of(kind: str) -> Any:
    """The reader of a format; UnknownName for one that is not in FORMATS."""
    if kind not in FORMATS:
        from difflib import get_close_matches

        raise UnknownName("format", kind, get_close_matches(kind, FORMATS, 3) or list(FORMATS))
    return importlib.import_module(f"jevons.account.readers.{kind.replace('-', '_')}")


def _head(place: Path) -> str:
    if place.is_dir():
        return "folder/\n" + "\n".join(sorted(entry.name for entry in place.iterdir())[:100])
    from jevons.account.readers.lines import is_parquet, text_of

    if is_parquet(place):
        from jevons.account.readers.parquet import columns_of

        return ",".join(columns_of(place))
    return text_of(place, HEAD_BYTES)


def _known(reader: Any, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given; BadInput for one the reader does not have."""
    import inspect

    had = [name for name in inspect.signature(reader.read).parameters if name not in ("path", "zone")]
    for name in options:
        if name not in had:
            raise BadInput("option", name, f"{kind} has {', '.join(had) or 'none'}")
    return options


def _with_runs(activity: Activity, kind: str, place: Path) -> Activity:
    """Rows without a run become of the run that the file's content names."""
    from dataclasses import replace

    import numpy as np

    runs = activity.text.get("run")
    runs = np.full(len(activity), "", dtype=object) if runs is None else runs.copy()
    if not (runs == "").any():
        return activity
    from jevons.account.readers.opening import fingerprint

    runs[runs == ""] = f"{kind}-{fingerprint(place)}"
    return replace(activity, text={**activity.text, "run": runs})
