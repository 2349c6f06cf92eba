"""Audit: what a published card or row implies, and where it contradicts itself.

    audit({"device_hours": "7.0M", "hardware": "H100-80GB", "avg_power_w": 700, "tco2e": 12.9})
    → emissions over energy imply 2.63 g/kWh, which no grid has
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jevons.core import units
from jevons.estimate.claims.claim import Claim, claims, pue_scope, read
from jevons.estimate.claims.finding import Finding
from jevons.estimate.claims.rules import RULES, model_flops_utilisation

__all__ = ["Finding", "Implied", "audit", "audit_table", "implied", "pue_scope"]


@dataclass(frozen=True, slots=True)
class Implied:
    """A quantity that follows from those stated: its value, unit and the arithmetic."""

    name: str
    value: float
    unit: str
    arithmetic: str

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g} {self.unit}".rstrip() + f" = {self.arithmetic}"


def audit(record: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a record, the gravest first; an empty list where every rule is content.

    ``record``: field → value as a card or row states it, e.g. device_hours, avg_power_w, energy_mwh, pue,
    includes_pue, grid_gco2_per_kwh, tco2e, params, tokens, hardware; parts and total; products (columns that
    multiply out); meters; siblings (other rows of the same card). Errors: see ``audit_claim.read``.
    """
    return _audited(read(record))


def audit_table(rows: Sequence[Mapping[str, Any]], file: str = "rows", first: int = 2) -> list[Finding]:
    """The findings of every row; rows of one source (or ``family``) on one kind of hardware are siblings.

    ``file`` and ``first``: what errors call the table, and the number of its first row.
    """
    return [finding for claim in claims(rows, file, first) for finding in _audited(claim)]


def implied(record: Mapping[str, Any]) -> list[Implied]:
    """Intensity, PUE, power, MFU and device-hours as they follow from what a record states."""
    return list(_implied(read(record)))


def _audited(claim: Claim) -> list[Finding]:
    found = [replace(finding, record=claim.name) for rule in RULES for finding in rule(claim)]
    return sorted(found, key=lambda f: ("contradiction", "implausible", "note").index(f.severity))


def _implied(c: Claim) -> Iterator[Implied]:
    kg, kwh, hours = c.value("kg"), c.value("energy_kwh"), c.value("device_hours")
    power, intensity, nominal = c.value("power_w"), c.value("grid_kg_per_kwh"), c.nominal_kwh
    if kg and (kwh or nominal):
        basis = (kwh, f"{kwh:,.6g} kWh") if kwh else nominal
        assert basis is not None
        yield Implied("intensity", kg / basis[0] * units.G_PER_KG, "g/kWh", f"{kg:,.6g} kg / ({basis[1]})")
    if kwh and nominal and power:
        yield Implied("PUE", kwh / nominal[0], "", f"{kwh:,.6g} kWh / ({nominal[1]})")
    elif kg and kwh and intensity:
        yield Implied("PUE", kg / (kwh * intensity), "", f"{kg:,.6g} kg / ({kwh:,.6g} kWh × {intensity:g} kg/kWh)")
    if kwh and hours:
        yield Implied("power", kwh / hours * units.W_PER_KW, "W", f"{kwh:,.6g} kWh / {hours:,.6g} h")
    if shares := model_flops_utilisation(c):
        for law, share in shares.items():
            yield Implied(f"MFU ({law})", share, "", f"{law} / (hours × peak)")
    if kwh and power:
        yield Implied("device-hours", kwh / power * units.W_PER_KW, "h", f"{kwh:,.6g} kWh / {power:g} W")
    count, wall = c.value("num_devices"), c.value("wall_hours")
    if count and wall:
        yield Implied("device-hours", count * wall, "h", f"{count:,g} × {wall:,.6g} h")
