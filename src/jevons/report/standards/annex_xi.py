"""What the EU AI Act asks a provider of a general-purpose model to write down: Regulation (EU) 2024/1689, Annex XI."""

from __future__ import annotations

import math
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures

REGULATION = "Regulation (EU) 2024/1689, Annex XI, section 1, point 2"


def annex_xi(footprint: Footprint, model: str, flop: float | None = None, days: float | None = None) -> str:
    """The paragraph on resources and energy for a general-purpose model's documentation.

    Regulation (EU) 2024/1689, Annex XI, section 1, point 2 (d) and (e): resources used for training, and the energy
    known or estimated. ``flop``: operations of the training; ``days``: its duration. What is not given is said to be.
    """
    record = annex_xi_record(footprint, model, flop, days)
    energy, study = figures.figure(footprint, "energy"), figures.study_words(footprint.study)
    spread = f" (5–95 %: {energy.bounds} {energy.shown_unit})" if energy.bounds else ""
    hours = figures.device_hours(footprint)
    resources = [
        f"{flop:.2e} floating-point operations" if flop else "number of floating-point operations not stated",
        f"{units.significant(days)} days of training" if days else "training time not stated",
        *([f"{units.significant(hours)} device-hours"] if hours else []),
    ]
    return (
        f"Computational resources of {model} (Annex XI, section 1, point 2(d)): {'; '.join(resources)}. "
        f"Energy consumption (point 2(e)): {energy.value} {energy.shown_unit}{spread}, {record['e_energy']['known']} "
        f"({figures.said_methods(footprint)}), for {', '.join(map(figures.named, footprint.by('stage', 'energy')))} at "
        f"{', '.join(figures.places(footprint)) or 'a place not named'}, facility overhead "
        f"{record['e_energy']['facility_overhead']}. {record['e_energy']['method']}"
        f"Left out: {study['Left out']}."
    )


def annex_xi_record(footprint: Footprint, model: str, flop: float | None = None,
                    days: float | None = None) -> dict[str, Any]:  # fmt: skip
    """The same points as plain values, energy in MWh; what was not given is None.

    Keys: regulation, model, d_resources {flop, days, device_hours}, e_energy {mwh, low_mwh, high_mwh, known, methods,
    facility_overhead, method}. Errors: BadInput for operations or days that are not above zero.
    """
    figures.single(footprint)
    for name, value in (("flop", flop), ("days", days)):
        if value is not None and not 0 < value < math.inf:
            raise BadInput(name, value, "give a number above zero, or leave it out")
    energy, ways = figures.figure(footprint, "energy"), figures.methods(footprint)
    known = "estimated" if set(ways) <= {"modelled"} else "partly known, partly estimated" if "modelled" in ways else "known"
    mwh = [units.convert(kwh, "kWh", "MWh") for kwh in (energy.best, energy.low, energy.high)]
    return {
        "regulation": REGULATION, "model": model,
        "d_resources": {"flop": flop, "days": days, "device_hours": figures.device_hours(footprint) or None},
        "e_energy": {"mwh": mwh[0], "low_mwh": mwh[1], "high_mwh": mwh[2], "known": known, "methods": ways,
                     "facility_overhead": "included" if _has_overhead(footprint) else "not shown apart",
                     "method": _basis(footprint) if "modelled" in ways else ""},
    }  # fmt: skip


def _has_overhead(footprint: Footprint) -> bool:
    return "facility" in set(footprint.inventory.column("boundary"))


def _basis(footprint: Footprint) -> str:
    tiers = [t for t in dict.fromkeys(footprint.inventory.column("tier")) if t]
    how = f" (tier: {', '.join(tiers)})" if tiers else ""
    return f"What is modelled was computed from the computational resources used{how}. "
