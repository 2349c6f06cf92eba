"""Key figures of a data centre for the European database: Delegated Regulation (EU) 2024/1364, Annexes II and III.

Read in the text as published on 17 May 2024; amendments put to consultation in 2026 are not followed. Measured quantities are the
operator's: what no meter and nobody told is None. The duty begins at 500 kW of installed IT power; reports are due by 15 May.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, Contradiction

STANDARD = "Delegated Regulation (EU) 2024/1364, Annexes II and III"
DUTY_KW = 500.0
TOLD = {  # keyword -> (letter of Annex II, point 1; symbol; unit; what it is)
    "installed_kw": ("a", "PD_IT", "kW", "Installed information technology power demand"),
    "used_kwh": ("d", "E_DC", "kWh", "Total energy consumption"),
    "backup_kwh": ("d", "E_DC-BG", "kWh", "of it from back-up generators"),
    "computers_kwh": ("e", "E_IT", "kWh", "Total energy consumption of information technology equipment"),
    "water_m3": ("h", "W_IN", "m3", "Total water input"),
    "potable_m3": ("i", "W_IN-POT", "m3", "Total potable water input"),
    "reused_kwh": ("j", "E_REUSE", "kWh", "Waste heat reused"),
    "certificates_kwh": ("p", "E_RES-GOO", "kWh", "Renewable energy from guarantees of origin"),
    "agreements_kwh": ("q", "E_RES-PPA", "kWh", "Renewable energy from power purchase agreements"),
    "on_site_kwh": ("r", "E_RES-OS", "kWh", "Renewable energy from on-site renewables"),
}  # fmt: skip
NOT_OURS = ("floor areas", "grid functions and batteries", "waste heat temperature", "intake air temperature", "refrigerants",
            "cooling degree days", "ICT capacity", "data traffic")  # fmt: skip


def pue(used_kwh: float, computers_kwh: float) -> float:
    """Power Usage Effectiveness = E_DC / E_IT (Annex III (a)); kWh both."""
    return used_kwh / computers_kwh


def wue(water_m3: float, computers_kwh: float) -> float:
    """Water Usage Effectiveness = W_IN / E_IT (Annex III (b)); m³ over MWh, which is L/kWh."""
    return water_m3 / units.convert(computers_kwh, "kWh", "MWh")


def erf(reused_kwh: float, used_kwh: float) -> float:
    """Energy Reuse Factor = E_REUSE / E_DC (Annex III (c)); kWh both."""
    return reused_kwh / used_kwh


def ref(renewable_kwh: float, used_kwh: float) -> float:
    """Renewable Energy Factor = E_RES-TOT / E_DC (Annex III (d)); kWh both."""
    return renewable_kwh / used_kwh


def eed(told: Mapping[str, float | None], *, name: str = "", year: int | None = None, covered: float | None = None,
        assumptions: tuple[str, ...] = (), version: str = "", factor_set: str = "") -> dict[str, Any]:  # fmt: skip
    """The figures by letter of Annex II and the four indicators of Annex III; None where something they need is not told.

    ``told``: keys of TOLD, ``used_kwh`` and ``computers_kwh`` among them. Keys: standard, data_centre, year, covered,
    key_performance_indicators, indicators, not_filled, notes, assumptions, computed_by. Errors: BadInput for a quantity that is no
    number of at least 0 or for an unknown key; Contradiction where a part is greater than its whole.
    """
    for key, value in told.items():
        if key not in TOLD:
            raise BadInput("figure", key, f"use some of {', '.join(TOLD)}")
        if value is not None and not 0 <= value < math.inf:
            raise BadInput(key, value, "give a number of at least 0, or leave it out")
    held = {key: told.get(key) for key in TOLD}
    used, computers = held["used_kwh"], held["computers_kwh"]
    if not used or not computers:
        raise BadInput("energy", (used, computers), "the total energy consumption and that of the IT equipment must be above zero")
    _require_parts(held)
    parts = [held[k] for k in ("certificates_kwh", "agreements_kwh", "on_site_kwh")]
    renewable = None if all(p is None for p in parts) else sum(p or 0.0 for p in parts)
    figures = [{"letter": f"1 ({a})", "symbol": b, "name": d, "value": held[key], "unit": c} for key, (a, b, c, d) in TOLD.items()]
    figures.append({"letter": "1 (o)", "symbol": "E_RES-TOT", "name": "Total renewable energy consumption", "value": renewable, "unit": "kWh"})
    water, reused = held["water_m3"], held["reused_kwh"]
    return {
        "standard": STANDARD, "data_centre": name or None, "year": year, "covered": covered,
        "key_performance_indicators": sorted(figures, key=lambda x: str(x["letter"])),
        "indicators": {
            "PUE": pue(used, computers), "WUE": None if water is None else wue(water, computers),
            "ERF": None if reused is None else erf(reused, used), "REF": None if renewable is None else ref(renewable, used),
        },
        "not_filled": list(NOT_OURS), "notes": _notes(held), "assumptions": list(assumptions),
        "computed_by": {"jevons": version or None, "factor_set": factor_set or None},
    }  # fmt: skip


def _require_parts(held: Mapping[str, float | None]) -> None:
    for part, whole in (("computers_kwh", "used_kwh"), ("backup_kwh", "used_kwh"), ("potable_m3", "water_m3")):
        small, large = held[part], held[whole]
        if small is not None and large is not None and small > large:
            raise Contradiction(TOLD[part][1], small, f"it is part of {TOLD[whole][1]}, which is {large:g}; check which meters were named")


def _notes(held: Mapping[str, float | None]) -> list[str]:
    power = held["installed_kw"]
    said = ["WUE in m³/MWh, which is L/kWh", "E_IT is asked for at the output of the UPS (category 1): the meters named must stand there"]
    if power is not None and power < DUTY_KW:
        said.append(f"installed IT power below {DUTY_KW:g} kW: no duty to report under the regulation")
    return said
