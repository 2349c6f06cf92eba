"""eco2AI's emission.csv: a row a tracker, or a row an epoch, kWh of processor, GPU and memory together.

Energies hold the PUE the tracker was given, which the file does not tell (1 by default). Stamps are local time at the
start, without a zone. The column is named power_consumption, but holds energy; early versions spell kWh as kWTh.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.clock import Clock
from jevons.account.readers.lines import Line, lines_of, unknown_columns
from jevons.core.errors import TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

ENERGY = ("power_consumption(kWh)", "power_consumption(kWTh)")
STEM = "power_consumption("
NEEDED = ("project_name", "start_time", "duration(s)")
KNOWN = (*NEEDED, *ENERGY, "id", "experiment_description", "epoch", "CO2_emissions(kg)", "CPU_name", "GPU_name", "OS",
         "region/country", "cost")  # fmt: skip
PUE = Assumption("PUE inside the energies", "1", "eco2AI's default; its file does not tell", "stated")


def recognises(head: str) -> bool:
    """Whether the header is eco2AI's."""
    return STEM in head.partition("\n")[0]


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a line of the file, sited at its country."""
    from jevons.core.activity import Activity

    header, lines = lines_of(path, NEEDED)
    energy = _energy_column(path.name, header)
    clock = Clock(zone)
    rows = [_row(line, energy, clock) for line in lines]
    notes = (*clock.notes("eco2AI"), PUE, *unknown_columns(header, KNOWN))
    return Activity.of(rows, served={"run": float(len({row["run"] or i for i, row in enumerate(rows)}))}, assumptions=notes)


def _energy_column(file: str, header: list[str]) -> str:
    found = next((name for name in header if name.startswith(STEM)), "")
    if found not in ENERGY:
        raise TableError(file, 1, found or STEM, found, f"its unit is not known; this reader knows {', '.join(ENERGY)}")
    return found


def _row(line: Line, energy: str, clock: Clock) -> dict[str, Any]:
    start_s = line.moment("start_time", clock, clock.last_s)
    return {
        "start_s": start_s, "end_s": start_s + line.needed("duration(s)"), "amount": line.needed(energy),
        "component": "all", "boundary": "chip", "method": "declared", "site": line.text("region/country").partition("/")[0],
        "stage": line.text("epoch"), "run": line.text("id"), "project": line.text("project_name"),
        "lifecycle": "operation",
    }  # fmt: skip
