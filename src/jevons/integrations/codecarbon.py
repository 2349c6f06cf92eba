"""CodeCarbon's trackers on jevons' meter: change one import, keep the calls, the columns and the file.

    from jevons.integrations.codecarbon import EmissionsTracker

Bad values are errors when the tracker is made; after that nothing it does stops the user's work. No network. Several
trackers on one machine add up to the machine. A killed process loses at most one flush: `jevons recover`.
``stand_in()`` makes `import codecarbon` find this module, for code that cannot be changed.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput
from jevons.integrations import codecarbon_options, codecarbon_place
from jevons.integrations.codecarbon_inner import Inner, LoggerOutput, elsewhere, without_effect
from jevons.integrations.codecarbon_options import OutputMethod
from jevons.integrations.codecarbon_output import EmissionsCsv, EmissionsData, of_task, since
from jevons.integrations.codecarbon_row import Rows

__all__ = ["EmissionsData", "EmissionsTracker", "LoggerOutput", "OfflineEmissionsTracker", "OutputMethod", "TaskEmissionsTracker",
           "stand_in", "track_emissions", "track_task_emissions"]  # fmt: skip
__version__ = "3.3.2"  # the version of CodeCarbon whose interface this is

log = logging.getLogger("codecarbon")  # its name, for projects silence or redirect it
ITS_PERIOD_S = 15.0  # the default by which CodeCarbon counts its api_call_interval
TOKEN = "an Electricity Maps token is given, but the annual mean of the location is used: jevons asks no network here"


class EmissionsTracker(Inner):
    """Measures from ``start()`` to ``stop()``, or over a ``with`` block; keywords as CodeCarbon 3.3 names them.

    Location keywords (country_iso_code, cloud_provider and cloud_region) are taken here too; where none is given and
    the settings name no site, the world average is used and said. Errors: BadInput, UnknownName at construction.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        self.options = codecarbon_options.read(args, named)
        log.setLevel(self.options.log_level.upper() if isinstance(self.options.log_level, str) else self.options.log_level)
        self.run_id = uuid.uuid4()
        self.final_emissions: float | None = None
        self.final_emissions_data: EmissionsData | None = None
        self._place = codecarbon_place.where(self.options)
        self._rows = Rows(self.options, self._place, str(self.run_id))
        self._handlers = self._writers() + self.options.output_handlers
        self._run: Any = None
        self._tasks: dict[str, Any] = {}
        self._task, self._task_began_s, self._began_s = "", 0.0, 0.0
        self._before: EmissionsData | None = None
        self._lock, self._stopped, self._owner = threading.RLock(), threading.Event(), os.getpid()
        if self.options.electricitymaps_api_token or self.options.co2_signal_api_token:
            log.warning(TOKEN)
        for said in without_effect(self.options):
            log.warning("%s", said)

    def _writers(self) -> list[Any]:
        made: dict[OutputMethod, Callable[[], Any]] = {
            OutputMethod.CSV: lambda: EmissionsCsv(
                Path(self.options.output_dir).resolve(), self.options.output_file, self.options.on_csv_write),
            OutputMethod.LOGGER: lambda: self.options.logging_logger,
        }  # fmt: skip
        return [made[method]() for method in self.options.output_methods]

    def start(self) -> None:
        """Begin to measure; a tracker begins once."""
        with self._lock:
            if self._run is not None:
                log.warning("this tracker has started already")
                return
            self._run = self._guarded(self._begun)
        if self._run is None:
            return
        self._began_s = self._run.began_s  # not now: energy is counted since then
        atexit.register(self.stop)
        if self.options.output_handlers and self.options.api_call_interval > 0:
            every_s = (self.options.measure_power_secs or ITS_PERIOD_S) * self.options.api_call_interval
            threading.Thread(target=self._live, args=(every_s,), name="jevons-live", daemon=True).start()

    def _begun(self) -> Any:
        """The run; where its journal cannot be written at home, it is kept with the temporary files, and that is said."""
        from jevons import measure

        options: dict[str, Any] = {
            "sensors": codecarbon_place.sensors(self.options), "period_s": self.options.measure_power_secs or 1.0,
            "labels": {"project": self.options.project_name, "experiment": self.options.experiment_name},
            "scope": self.options.tracking_mode,
        }  # fmt: skip
        try:
            return measure.start(**options)
        except BadInput as trouble:
            if trouble.field != "JEVONS_HOME":
                raise
            spare = Path(tempfile.gettempdir()) / f"jevons-{getattr(os, 'getuid', lambda: 0)()}"
            log.warning("%s; the journal is kept in %s meanwhile", trouble, spare)
            return measure.start(home=spare, **options)

    def stop(self) -> float | None:
        """End it, write the row, and give the emissions in kg; None where it never started."""
        with self._lock:
            if self._run is None or self._owner != os.getpid():
                log.log(logging.ERROR if self._run is None else logging.DEBUG, "this tracker is not running here")
                return None
            if not self._stopped.is_set():
                self._stopped.set()
                atexit.unregister(self.stop)
                self._guarded(self._finish)
            return self.final_emissions

    def _finish(self) -> None:
        if self._task:
            self.stop_task()
        duration_s = time.monotonic() - self._began_s
        self._run.stop()
        self.final_emissions_data = self._persist(duration_s)
        self.final_emissions = self.final_emissions_data.emissions
        self._each("exit")

    def flush(self) -> float | None:
        """Write the row so far and go on; the emissions so far in kg."""
        with self._lock:
            if self._run is None:
                log.error("start the tracker first")
                return None
            data = self._guarded(self._flush)
            return None if data is None else float(data.emissions)

    def _flush(self) -> EmissionsData:
        duration_s = time.monotonic() - self._began_s
        self._run.flush()
        return self._persist(duration_s)

    def start_task(self, task_name: str | None = None) -> None:
        """Measure what follows under a name of its own, until ``stop_task``."""
        if self._run is None:
            self.start()
        if self._run is None:
            return
        with self._lock:
            if self._task:
                log.warning("the task %r is under measure already", self._task)
                return
            name = task_name or str(uuid.uuid4())
            self._task = f"{name}_{uuid.uuid4()}" if name in self._tasks else name
            self._run.begin(_window(self._task))
            self._task_began_s = time.monotonic()

    def stop_task(self, task_name: str | None = None) -> EmissionsData | None:
        """End the task: what it alone used; None where none is under measure."""
        with self._lock:
            if not self._task or (task_name and task_name != self._task):
                log.warning("no task %s is under measure", repr(task_name) if task_name else "")
                return None
            name, self._task = self._task, ""
            self._run.end(_window(name))
            duration_s = time.monotonic() - self._task_began_s
            used = self._run.of_window(_window(name))
            data: EmissionsData | None = self._guarded(lambda: self._rows.row(self._run, used, duration_s))
            if data is not None:
                self._tasks[name] = of_task(name, data)
            return data

    def get_detected_hardware(self) -> dict[str, Any]:
        """What is measured, by CodeCarbon's words."""
        from jevons.measure import sensors_found
        from jevons.measure.sensors.model import physical_cores

        fixed = self._rows.fixed
        found = list(self._run.meters) if self._run else [m for s in sensors_found() for m in s.meters]
        told = {k: fixed[k] for k in ("ram_total_size", "cpu_count", "cpu_model")}
        gpus = {k: v for k, v in self._rows.gpus(found).items() if k != "gpu_utilization_percent"}
        ids = [m.device for m in found if m.component == "accelerator"]
        return {**told, "cpu_physical_count": physical_cores(), **gpus, "gpu_ids": ids}

    def service_shutdown(self, signum: int, frame: Any) -> None:
        """A handler for ``signal.signal``: stops the tracker; what the signal does beyond that is the program's."""
        log.warning("signal %d: the tracker stops", signum)
        self.stop()

    def __enter__(self) -> EmissionsTracker:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def _so_far(self, delta: bool) -> EmissionsData:
        total = self.final_emissions_data
        if total is None:
            if self._run is None:
                raise AttributeError("start the tracker first: nothing is measured yet")
            self._run.sample()
            total = self._rows.row(self._run, self._run.activity, time.monotonic() - self._began_s)
        return since(total, self._before) if delta else total

    def _persist_data(self, total: EmissionsData) -> None:
        """Hand a row to every output (projects call it with ``_prepare_emissions_data()``)."""
        self._each("out", total, since(total, self._before))
        self._before = total

    def _persist(self, duration_s: float) -> EmissionsData:
        total = self._rows.row(self._run, self._run.activity, duration_s)
        delta, self._before = since(total, self._before), total
        log.info("%.6g kWh, %.6g kg CO2e", total.energy_consumed, total.emissions)
        self._each("out", total, delta)
        if self._tasks:
            self._each("task_out", list(self._tasks.values()), self.options.experiment_name)
        return total

    def _each(self, verb: str, *args: Any) -> None:
        """Ask it of every handler; one that fails is told and keeps none from the next."""
        for handler in self._handlers:
            act = getattr(handler, verb, None)
            if act is not None:
                self._guarded(functools.partial(act, *args))

    def _guarded(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Exception as trouble:
            kept = f"what was measured is in the journal of run {self._run.id}" if self._run else "nothing is measured"
            log.error("%s: %s; %s", type(trouble).__name__, trouble, kept)
            return None

    def _live(self, every_s: float) -> None:
        """Tell the user's handlers how it stands, each ``every_s`` seconds."""
        seen: EmissionsData | None = None
        while not self._stopped.wait(every_s):
            total = self._guarded(lambda: self._rows.row(self._run, self._run.activity, time.monotonic() - self._began_s))
            if total is not None:
                self._each("live_out", total, since(total, seen))
                seen = total


class OfflineEmissionsTracker(EmissionsTracker):
    """The same: no tracker here asks a network."""


class TaskEmissionsTracker:
    """``with TaskEmissionsTracker("grid search", tracker=tracker):`` measures the block as a task."""

    def __init__(self, task_name: str, tracker: EmissionsTracker | None = None):
        self.task_name, self.is_default_tracker = task_name, tracker is None
        self.tracker = tracker or EmissionsTracker()

    def __enter__(self) -> TaskEmissionsTracker:
        self.tracker.start_task(self.task_name)
        return self

    def __exit__(self, *failure: object) -> None:
        self.tracker.stop_task()
        if self.is_default_tracker:
            self.tracker.stop()


def track_emissions(fn: Callable[..., Any] | None = None, *args: Any, offline: bool | None = None, **named: Any) -> Any:
    """Measure every call of a function; keywords as the trackers'. ``offline`` asks for a place to be named."""
    options = codecarbon_options.read(args, named)
    if offline and not (options.country_iso_code or options.cloud_provider):
        raise BadInput("country_iso_code", None, "offline needs a place: give country_iso_code, or a cloud region")

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def tracked(*called_args: Any, **called_named: Any) -> Any:
            with EmissionsTracker(*args, **named):
                return function(*called_args, **called_named)

        return tracked

    return decorate(fn) if fn is not None else decorate


def track_task_emissions(fn: Callable[..., Any] | None = None, tracker: EmissionsTracker | None = None,
                         task_name: str = "") -> Any:  # fmt: skip
    """Measure every call of a function as a task of ``tracker``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def tracked(*args: Any, **named: Any) -> Any:
            with TaskEmissionsTracker(task_name or function.__name__, tracker):
                return function(*args, **named)

        return tracked

    return decorate(fn) if fn is not None else decorate


def stand_in() -> None:
    """Let ``import codecarbon``, and from its modules of trackers, outputs and the logger, find this module in this process."""
    for name in ("", ".emissions_tracker", ".output", ".output_methods", ".output_methods.emissions_data", ".output_methods.logger",
                 ".external", ".external.logger"):  # fmt: skip
        sys.modules[f"codecarbon{name}"] = sys.modules[__name__]


def __getattr__(name: str) -> Any:
    return log if name == "logger" else elsewhere(name)


def _window(task: str) -> str:
    return task.replace("/", "_")
