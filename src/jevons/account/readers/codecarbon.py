"""CodeCarbon's emissions.csv, all generations of its columns, and its files of tasks.

    0.0.9 to 1.x   12 columns: the total alone          2.8.4   32: experiment_id
    2.0            29: energy by component, run_id      3.0.8   34: water_consumed, wue
    2.2.0          30: codecarbon_version               3.3.0   38: utilisations
    2.2.3          31: pue

Energies are kWh and hold the PUE of their row. A flush appends the run's total so far, so only the last row of a
run_id counts. Stamps are local time at the end of the run, without a zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.clock import Clock
from jevons.account.readers.lines import Line, lines_of, unknown_columns
from jevons.core.errors import Contradiction
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

COLUMNS = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate", "cpu_power",
    "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed",
    "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os", "python_version",
    "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude",
    "ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent",
    "ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue",
)  # fmt: skip
"""The 38 columns of 3.3, in their order; every earlier generation has some of them."""
TASK_NAME = "task_name"
NEEDED = ("timestamp", "duration", "energy_consumed")
PARTS = {"cpu_energy": "processor", "gpu_energy": "accelerator", "ram_energy": "memory"}
AGREEMENT = 0.01
"""The parts and the total of a row may differ by this share of it before they contradict each other."""


def recognises(head: str) -> bool:
    """Whether the header is CodeCarbon's."""
    return {"energy_consumed", "emissions", "country_iso_code"} <= set(head.partition("\n")[0].split(","))


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity of all runs in the file: a row a component and run, sited at its cloud region or country."""
    from jevons.core.activity import Activity

    header, lines = lines_of(path, NEEDED)
    kept = last_of_each_run(lines)
    clock = Clock(zone)
    rows = [row for line in kept for row in _rows(line, clock)]
    notes = [*clock.notes("CodeCarbon"), *unknown_columns(header, (*COLUMNS, TASK_NAME))]
    if len(kept) < len(lines):
        notes.append(Assumption("flushed rows", f"{len(lines) - len(kept)} left out", "a later row of the run holds them",
                                "stated"))  # fmt: skip
    return Activity.of(rows, served={"run": float(len(kept))}, assumptions=tuple(notes))


def last_of_each_run(lines: Sequence[Line]) -> list[Line]:
    """The longest row of each run and task; a row that names no run stands for itself."""
    last: dict[Any, Line] = {}
    for line in lines:
        run = line.text("run_id")
        key = (run, line.text(TASK_NAME)) if run else line.row
        if key not in last or line.needed("duration") >= last[key].needed("duration"):
            last[key] = line
    return sorted(last.values(), key=lambda line: line.row)


def _rows(line: Line, clock: Clock) -> list[dict[str, Any]]:
    end_s = line.moment("timestamp", clock, clock.last_s)
    common = {
        "start_s": end_s - line.needed("duration"), "end_s": end_s, "site": _site(line), "lifecycle": "operation",
        "boundary": "facility" if (line.amount("pue") or 1.0) > 1 else "chip", "run": line.text("run_id"),
        "project": line.text("project_name"), "stage": line.text(TASK_NAME),
    }  # fmt: skip
    return [{**common, "component": part, "amount": kwh, "method": "modelled" if part == "memory" else "declared"}
            for part, kwh in _parts(line).items()]  # fmt: skip


def _parts(line: Line) -> dict[str, float]:
    """kWh by component, or of everything where the row does not tell them apart."""
    whole = line.needed("energy_consumed")
    parts = {part: line.amount(column) for column, part in PARTS.items()}
    known = {part: kwh for part, kwh in parts.items() if kwh}
    if not known:
        return {"all": whole}
    if abs(sum(known.values()) - whole) > AGREEMENT * whole:
        where = f"{line.file}, row {line.row}, column energy_consumed"
        raise Contradiction(where, whole, f"its parts sum to {sum(known.values()):g} kWh; the row is shifted or was edited")
    return known


def _site(line: Line) -> str:
    """The cloud region, else the country; empty where the row tells neither."""
    provider, region = line.text("cloud_provider"), line.text("cloud_region")
    return f"{provider}/{region}" if provider and region else line.text("country_iso_code")
