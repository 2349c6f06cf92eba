"""Software Carbon Intensity: a rate, gCO2e for each functional unit (ISO/IEC 21031:2024; SCI specification 1.1.0)."""

from __future__ import annotations

from typing import Any

from jevons.core import units
from jevons.core.errors import StudyMismatch
from jevons.core.footprint import Footprint
from jevons.report import figures
from jevons.report.figures import Figure

NO_HARDWARE = ("M: this result counts no hardware, and the specification asks for an estimate of all of it within the boundary; "
               "the rate is of operation alone")  # fmt: skip
OPERATED = ("electricity", "transfer", "storage")  # what running the software consumes


def sci(footprint: Footprint, per: str = "") -> dict[str, Any]:
    """Software Carbon Intensity: SCI = ((E × I) + M) / R (ISO/IEC 21031:2024).

    ``per``: the functional unit R, e.g. "1k tokens"; without it ``sci`` is None, for R must be declared. E: kWh,
    facility overhead included. I: g CO2e/kWh, location-based, no market instrument and no offset. M: g CO2e of making
    the hardware, by device-hours; None, and ``lacking`` says so, where the footprint counts no hardware. E, I and M are for all
    R units together where ``per`` is empty, else for one R. Errors: StudyMismatch for a market-based study; BadInput where the unit
    was not served.
    """
    figures.single(footprint)
    if footprint.study.accounting != "location":
        raise StudyMismatch("SCI admits location-based factors only; assess the activity under "
                            "study.with_(accounting='location')")  # fmt: skip
    part = footprint.per(per) if per else footprint
    climate = {flow: value * units.G_PER_KG for (flow,), value in figures.cells(part, "climate", "flow").items()}
    operational = sum(v for flow, v in climate.items() if flow.split("/")[0] in OPERATED)
    made = [v for flow, v in climate.items() if flow.split("/")[0] == figures.EMBODIED]
    energy_kwh = part.best("energy")
    return {
        "sci": operational + sum(made) if per else None, "unit": f"gCO2e/{per}" if per else None,
        "E_kwh": energy_kwh, "I_g_per_kwh": operational / energy_kwh if energy_kwh else None, "M_g": sum(made) if made else None,
        "R": per or None, "interval": _interval(part) if per else None,
        "lacking": None if made else NO_HARDWARE, "boundary": f"left out: {figures.study_words(part)['Left out']}",
        "method": f"{figures.said_methods(footprint)}; {figures.study_words(part)['Grid factors']} grid factors; "
                  f"hardware shared out by {part.study.allocation}; offsets and market instruments not counted",
    }  # fmt: skip


def _interval(part: Footprint) -> list[float]:
    flows = part.by("flow", "climate")
    counted = [a for f, a in flows.items() if f.split("/")[0] in (*OPERATED, figures.EMBODIED)]
    whole: Figure = figures.figure_of("climate", "kg", sum(counted[1:], counted[0]))
    return [whole.low * units.G_PER_KG, whole.high * units.G_PER_KG]
