"""What the EU AI Act asks a provider of a general-purpose model to write down: Regulation (EU) 2024/1689, Annex XI.

The same figures stand in the fields of the Model Documentation Form of the General-Purpose AI Code of Practice (July 2025):
training time in days and device-days, operations and MWh to two significant digits, for the AI Office; for national
authorities a range of months and the order of magnitude. What the form asks of inference is computation, not energy.
"""

from __future__ import annotations

import math
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures

FORM = "Model Documentation Form, General-Purpose AI Code of Practice, July 2025"
RANGES = ((365 / 12, "less than 1 month"), (365 / 4, "1 to 3 months"), (365 / 2, "3 to 6 months"))  # fewer days than -> words
LONGEST = "more than 6 months"
REGULATION = "Regulation (EU) 2024/1689, Annex XI, section 1, point 2"


def annex_xi(footprint: Footprint, model: str, flop: float | None = None, days: float | None = None) -> str:
    """The paragraph on resources and energy for a general-purpose model's documentation.

    Regulation (EU) 2024/1689, Annex XI, section 1, point 2 (d) and (e): resources used for training, and the energy
    known or estimated. ``flop``: operations of the training; ``days``: its duration. What is not given is said to be.
    """
    record = annex_xi_record(footprint, model, flop, days)
    energy, study = figures.figure(footprint, "energy"), figures.study_words(footprint)
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
        f"({figures.said_methods(footprint)}), for {_stages(footprint)} at "
        f"{', '.join(figures.places(footprint)) or 'a place not named'}, facility overhead "
        f"{record['e_energy']['facility_overhead']}. {record['e_energy']['method']}"
        f"Left out: {study['Left out']}."
    )


def annex_xi_record(footprint: Footprint, model: str, flop: float | None = None,
                    days: float | None = None) -> dict[str, Any]:  # fmt: skip
    """The same points as plain values, energy in MWh; what was not given is None.

    Keys: regulation, model, d_resources {flop, days, device_hours}, e_energy {mwh, low_mwh, high_mwh, known, methods,
    facility_overhead, method}, documentation_form {form, ...}. Errors: BadInput for operations or days that are not above zero.
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
        "documentation_form": _form(footprint, flop, days, mwh[0], known),
    }  # fmt: skip


def _form(footprint: Footprint, flop: float | None, days: float | None, mwh: float, known: str) -> dict[str, Any]:
    """The fields of the form that a training fills; None where it is not told. FLOP, MWh and days to two significant digits."""
    device_days = units.convert(figures.device_hours(footprint), "h", "days")
    method = (f"{known}: {figures.said_methods(footprint)}; electricity of {_stages(footprint)}, "
              f"facility overhead {'included' if _has_overhead(footprint) else 'not shown apart'}. {_basis(footprint)}")  # fmt: skip
    return {
        "form": FORM,
        "training_time_national_authorities": months(days) if days else None,
        "training_time_days": _rounded(days), "training_time_device_days": _rounded(device_days),
        "training_computation_flop": _rounded(flop), "training_computation_order_of_magnitude": float(f"1e{math.floor(math.log10(flop))}") if flop else None,
        "training_energy_mwh": _rounded(mwh), "training_energy_methodology": method.strip(),
        "inference_computation_flop": None,
    }  # fmt: skip


def months(days: float) -> str:
    """The range of months that the form offers for a training time."""
    return next((words for most, words in RANGES if days < most), LONGEST)


def _rounded(value: float | None) -> float | None:
    return float(f"{value:.1e}") if value else None


def _stages(footprint: Footprint) -> str:
    """The stages that used energy; what is not parted into any is the run as a whole."""
    return ", ".join(filter(None, footprint.by("stage", "energy"))) or "the run as a whole"


def _has_overhead(footprint: Footprint) -> bool:
    return "facility" in set(footprint.inventory.column("boundary"))


def _basis(footprint: Footprint) -> str:
    tiers = [t for t in dict.fromkeys(footprint.inventory.column("tier")) if t]
    how = f" (tier: {', '.join(tiers)})" if tiers else ""
    return f"What is modelled was computed from the computational resources used{how}. "
