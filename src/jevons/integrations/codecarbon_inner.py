"""What projects take from inside CodeCarbon's tracker and package, though it is not promised: the parts that have a meaning here.

``tracker._total_energy.kWh`` and its kin, ``_total_emissions``, ``_prepare_emissions_data()``, ``_measure_power_and_energy()``,
``_persist_data()``; the loggers of its ``output``. Any other inner name is an AttributeError that says what to use.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from abc import abstractmethod
from typing import Any, NamedTuple

from jevons.integrations.codecarbon_output import EmissionsData

log = logging.getLogger("codecarbon")
TOTALS = {"_total_energy": "energy_consumed", "_total_cpu_energy": "cpu_energy", "_total_gpu_energy": "gpu_energy",
          "_total_ram_energy": "ram_energy"}  # fmt: skip
INSTEAD = "read tracker.final_emissions_data after stop(), the value of flush() before it, or stop_task()"
ELSEWHERE = {
    "HTTPOutput": "hand an object with out(total, delta) to output_handlers= and let it send",
    "CodeCarbonAPIOutput": "hand an object with out(total, delta) to output_handlers= and let it send",
    "PrometheusOutput": "jevons.measure.served.serve(run) serves Prometheus",
    "LogfireOutput": "jevons.measure.exporter.observe(run, meter) feeds OpenTelemetry",
    "BoAmpsOutput": "jevons report boamps writes the report from a result",
    "GoogleCloudLoggerOutput": "use LoggerOutput with google.cloud.logging's handler on a logger of Python",
    "FileOutput": "output_dir=, output_file= and on_csv_write= of the tracker say the same",
    "BaseEmissionsTracker": "inherit from EmissionsTracker",
}


class Energy(NamedTuple):
    """An energy with CodeCarbon's word for its unit."""

    kWh: float  # noqa: N815 (CodeCarbon's name)

    @property
    def kwh(self) -> float:
        """The same, as some write it."""
        return self.kWh


class Inner:
    """The inner names of a tracker that projects read; what they tell is the row so far."""

    _run: Any

    def _prepare_emissions_data(self, delta: bool = False) -> EmissionsData:
        """The row so far, or as it was at the end; ``delta``: what was added since the last of flush and stop."""
        return self._so_far(delta)

    def _measure_power_and_energy(self) -> None:
        if self._run is not None:
            self._run.sample()

    def __getattr__(self, name: str) -> Any:
        if name in TOTALS:
            return Energy(getattr(self._prepare_emissions_data(), TOTALS[name]))
        if name == "_total_emissions":
            return float(self._prepare_emissions_data().emissions)
        raise AttributeError(f"{name}: jevons' tracker has no such inner part of CodeCarbon's; {INSTEAD}")

    @abstractmethod
    def _so_far(self, delta: bool) -> EmissionsData:
        """The run so far, or what came since it was last asked with ``delta``; the tracker knows."""


class LoggerOutput:
    """Writes each row to a logger, as JSON."""

    def __init__(self, logger: Any, severity: int = logging.INFO):
        self.logger, self.logging_severity = logger, severity

    def out(self, total: EmissionsData, delta: Any) -> None:
        """A row as a line of the log."""
        self.logger.log(self.logging_severity, msg=json.dumps(dataclasses.asdict(total)))

    def live_out(self, total: EmissionsData, delta: Any) -> None:
        """The same while it runs."""
        self.out(total, delta)


def elsewhere(name: str) -> Any:
    """The error for a name of CodeCarbon's package that has no counterpart: ImportError with what to use."""
    if name in ELSEWHERE:
        raise ImportError(f"jevons has no {name}: {ELSEWHERE[name]}")
    raise AttributeError(f"module 'jevons.integrations.codecarbon' has no attribute {name!r}")


def without_effect(options: Any) -> list[str]:
    """What was asked for and changes nothing here, each with why; to be said once, when the tracker is made."""
    said = {
        "allow_multiple_runs": (options.allow_multiple_runs is False, "trackers at once share the machine, so none has to wait"),
        "rapl_include_dram": (options.rapl_include_dram, "memory is counted wherever its counter can be read"),
        "rapl_prefer_psys": (options.rapl_prefer_psys, "psys is read where there is no package counter, for it holds them"),
        "metadata": (options.metadata is not None, "it is for BoAmps, which jevons report boamps writes"),
    }
    return [f"{name} has no effect: {why}" for name, (asked, why) in said.items() if asked]
