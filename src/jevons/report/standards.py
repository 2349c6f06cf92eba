"""A footprint in the words of standards: SCI (ISO/IEC 21031), the EU AI Act's Annex XI, greenhouse gas scopes."""

from __future__ import annotations

from typing import Any

from jevons.core import units
from jevons.core.errors import StudyMismatch
from jevons.core.footprint import Footprint
from jevons.report import figures
from jevons.report.figures import Figure

G_PER_KG = 1 / units.convert(1.0, "g", "kg")
SCOPES = {  # flow family -> (scope and category of the GHG Protocol, category of ISO 14064-1:2018)
    "electricity": ("2", "2 imported energy"),
    "device_hours": ("3.2 capital goods", "4 products used"),
    "transfer": ("3.1 purchased goods and services", "4 products used"),
    "storage": ("3.1 purchased goods and services", "4 products used"),
    "travel": ("3.6 business travel", "3 transport"),
}  # fmt: skip
IN_A_CLOUD = "3.1 purchased goods and services", "4 products used"
OPERATED = ("electricity", "transfer", "storage")  # what running the software consumes


def sci(footprint: Footprint, per: str = "") -> dict[str, Any]:
    """Software Carbon Intensity: SCI = ((E × I) + M) / R (ISO/IEC 21031:2024).

    ``per``: the functional unit R, e.g. "1k tokens"; without it ``sci`` is None, for R must be declared. E: kWh,
    facility overhead included. I: g CO2e/kWh, location-based, no market instrument and no offset. M: g CO2e of making
    the hardware, by device-hours. E, I and M are for all R units together where ``per`` is empty, else for one R.
    Errors: StudyMismatch for a market-based study; BadInput where the unit was not served.
    """
    figures.single(footprint)
    if footprint.study.accounting != "location":
        raise StudyMismatch("SCI admits location-based factors only; assess the activity under "
                            "study.with_(accounting='location')")  # fmt: skip
    part = footprint.per(per) if per else footprint
    climate = {flow: value * G_PER_KG for (flow,), value in figures.cells(part, "climate", "flow").items()}
    operational = sum(v for flow, v in climate.items() if flow.split("/")[0] in OPERATED)
    embodied = sum(v for flow, v in climate.items() if flow.split("/")[0] == figures.EMBODIED)
    energy_kwh = part.best("energy")
    return {
        "sci": operational + embodied if per else None, "unit": f"gCO2e/{per}" if per else None,
        "E_kwh": energy_kwh, "I_g_per_kwh": operational / energy_kwh if energy_kwh else None, "M_g": embodied,
        "R": per or None, "interval": _sci_interval(part) if per else None,
        "boundary": f"left out: {figures.study_words(part.study)['Left out']}",
        "method": f"{figures.said_methods(footprint)}; {figures.study_words(part.study)['Grid factors']} grid factors; "
                  f"hardware shared out by {part.study.allocation}; offsets and market instruments not counted",
    }  # fmt: skip


def annex_xi(footprint: Footprint, model: str, flop: float | None = None, days: float | None = None) -> str:
    """The paragraph on resources and energy for a general-purpose model's documentation.

    Regulation (EU) 2024/1689, Annex XI, section 1, point 2 (d) and (e): resources used for training, and the energy
    known or estimated. ``flop``: operations of the training; ``days``: its duration. What is not given is said to be.
    """
    figures.single(footprint)
    energy, ways = figures.figure(footprint, "energy"), figures.methods(footprint)
    spread = f" (5–95 %: {energy.bounds} {energy.shown_unit})" if energy.bounds else ""
    said = "estimated" if set(ways) <= {"modelled"} else "partly known, partly estimated" if "modelled" in ways else "known"
    hours = figures.device_hours(footprint)
    resources = [
        f"{flop:.2e} floating-point operations" if flop else "number of floating-point operations not stated",
        f"{units.significant(days)} days of training" if days else "training time not stated",
        *([f"{units.significant(hours)} device-hours"] if hours else []),
    ]
    study = figures.study_words(footprint.study)
    return (
        f"Computational resources of {model} (Annex XI, section 1, point 2(d)): {'; '.join(resources)}. "
        f"Energy consumption (point 2(e)): {energy.value} {energy.shown_unit}{spread}, {said} "
        f"({figures.said_methods(footprint)}), for {', '.join(map(figures.named, footprint.by('stage', 'energy')))} at "
        f"{', '.join(figures.places(footprint)) or 'a place not named'}, facility overhead "
        f"{'included' if _has_overhead(footprint) else 'not shown apart'}. {_basis(footprint) if 'modelled' in ways else ''}"
        f"Left out: {study['Left out']}."
    )


def ghg_lines(footprint: Footprint, own_facility: bool = True) -> list[dict[str, Any]]:
    """The climate figure by scope of the GHG Protocol and category of ISO 14064-1:2018, greatest first.

    ``own_facility``: False where the machines are rented, so that their electricity is a purchased service. Life-cycle
    grid factors hold fuel supply and grid losses (scope 3.3), which a note says. Scope 1 is never implied to be zero.
    """
    figures.single(footprint)
    parts: dict[tuple[str, str], float] = {}
    for (flow,), value in figures.cells(footprint, "climate", "flow").items():
        family = flow.split("/")[0]
        key = SCOPES.get(family, IN_A_CLOUD) if own_facility or family == "travel" else IN_A_CLOUD
        parts[key] = parts.get(key, 0.0) + value
    lines = [{"scope": scope, "iso_14064_1": category, "t_co2e": units.convert(value, "kg", "t"),
              "method": _scope_method(footprint, scope), "note": _scope_note(footprint, scope)}
             for (scope, category), value in parts.items() if value]  # fmt: skip
    return [{"scope": "1", "iso_14064_1": "1 direct", "t_co2e": None, "method": "",
             "note": "fuel burnt and refrigerants lost on site are not part of this footprint"}, *lines]  # fmt: skip


def _sci_interval(part: Footprint) -> list[float]:
    flows = part.by("flow", "climate")
    counted = [a for f, a in flows.items() if f.split("/")[0] in (*OPERATED, figures.EMBODIED)]
    whole: Figure = figures.figure_of("climate", "kg", sum(counted[1:], counted[0]))
    return [whole.low * G_PER_KG, whole.high * G_PER_KG]


def _has_overhead(footprint: Footprint) -> bool:
    return "facility" in set(footprint.inventory.column("boundary"))


def _basis(footprint: Footprint) -> str:
    tiers = [t for t in dict.fromkeys(footprint.inventory.column("tier")) if t]
    how = f" (tier: {', '.join(tiers)})" if tiers else ""
    return f"What is modelled was computed from the computational resources used{how}. "


def _scope_method(footprint: Footprint, scope: str) -> str:
    return f"{footprint.study.accounting}-based" if scope == "2" else ""


def _scope_note(footprint: Footprint, scope: str) -> str:
    if scope == "2" and footprint.study.scope == "lifecycle":
        return "life-cycle factors: holds fuel supply and grid losses, which belong to 3.3; assess with scope='direct' to part them"
    return ""
