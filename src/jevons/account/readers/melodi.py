"""MELODI's table: a row a prompt, its tokens, its phases and the kWh of processor and GPU.

    energy_consumption_llm_cpu, _gpu, _total, energy_consumption_monitoring      kWh, Scaphandre and nvidia-smi
    prompt_token_length, response_token_length      tokens            prompt_duration, response_duration      ns

The phases' energy was not measured apart. What the monitoring used is its own component. Reference: Husom et al. 2024,
arXiv 2407.16893; repository ejhusom/MELODI.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.clock import Clock
from jevons.account.readers.lines import Line, lines_of
from jevons.core import units
from jevons.core.activity import UNDATED
from jevons.core.errors import Contradiction
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

CPU, GPU, TOTAL = (f"energy_consumption_llm_{part}" for part in ("cpu", "gpu", "total"))
MONITORING = "energy_consumption_monitoring"
PARTS = {CPU: "processor", GPU: "accelerator"}
TOKENS = {"prompt_token_length": "prompt token", "response_token_length": "output token"}
AGREEMENT = 0.01
MONITORED = Assumption("energy of the monitoring", "its own component", "it is no part of serving the prompt", "stated")


def recognises(head: str) -> bool:
    """Whether the header is MELODI's."""
    names = set(head.partition("\n")[0].strip().split(","))
    return bool({CPU, GPU, TOTAL} & names) and "prompt_token_length" in names


def read(path: Path, zone: str = "UTC") -> Activity:
    """One Activity: a row a prompt and part, a number a prompt as its ``request``. Contradiction where parts and total differ."""
    from jevons.core.activity import Activity

    header, lines = lines_of(path, ("prompt_token_length", "response_token_length"))
    clock = Clock(zone)
    rows = [row for line in lines for row in _rows(line, clock)]
    served = {unit: sum(line.amount(column) or 0.0 for line in lines) for column, unit in TOKENS.items()}
    served |= {"token": sum(served.values()), "request": float(len(lines))}
    notes = [*clock.notes("MELODI")] + ([MONITORED] if MONITORING in header else [])
    return Activity.of(rows, served=served, assumptions=tuple(notes))


def _rows(line: Line, clock: Clock) -> list[dict[str, Any]]:
    parts = {component: kwh for column, component in PARTS.items() if (kwh := line.amount(column)) is not None}
    whole = line.amount(TOTAL)
    if whole is not None and len(parts) == len(PARTS) and abs(sum(parts.values()) - whole) > AGREEMENT * max(whole, 1e-12):
        raise Contradiction(f"{line.file}, row {line.row}, column {TOTAL}", whole, f"its parts sum to {sum(parts.values()):g} kWh")
    found = parts if len(parts) == len(PARTS) or whole is None else {"all": whole}
    if (own := line.amount(MONITORING)) is not None:
        found = {**found, "monitoring": own}
    start_s, end_s = _span(line, clock)
    common = {"start_s": start_s, "end_s": end_s, "boundary": "chip", "method": "integrated", "lifecycle": "operation",
              "model": line.text("model_name"), "request": str(line.row - 1), "stage": "inference"}  # fmt: skip
    return [{**common, "component": name, "amount": kwh} for name, kwh in found.items()]


def _span(line: Line, clock: Clock) -> tuple[float, float]:
    if not line.text("created_at"):
        return UNDATED, UNDATED
    end_s = line.moment("created_at", clock, clock.last_s)
    return end_s - (line.amount("total_duration") or 0.0) / units.NS_PER_S, end_s
