"""What the numbers are for: two footprints of different studies refuse to be compared."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from jevons.core.errors import BadInput, StudyMismatch

INDICATORS: dict[str, tuple[str, str]] = {  # indicator -> (unit, what it is)
    "energy": ("kWh", "electricity used"),
    "climate": ("kg", "greenhouse gases as CO2 equivalent"),
    "water_on_site": ("L", "water evaporated by the facility's cooling"),
    "water_off_site": ("L", "water consumed by power generation"),
    "water_embodied": ("L", "water used to make the hardware"),
    "water_scarcity": ("L", "world-equivalent litres, weighted by local scarcity"),
    "primary_energy": ("MJ", "primary energy drawn from nature"),
    "abiotic_depletion": ("kgSb", "minerals and metals as antimony equivalent"),
    "cost": ("USD", "money paid"),
}
DEFAULT_INDICATORS = ("energy", "climate", "water_on_site", "water_off_site", "water_scarcity", "cost")


@dataclass(frozen=True, slots=True)
class Study:
    """The question a footprint answers.

    ``accounting`` location | market, ``grid`` average | marginal, ``scope`` lifecycle | direct say which
    grid factors apply and never mix in one sum. ``cutoffs`` name what is left out, as indicator or
    flow/indicator. A consequential study prices a decision, an attributional one shares out what is.
    """

    functional_unit: str = "the run"
    perspective: str = "attributional"
    accounting: str = "location"
    grid: str = "average"
    scope: str = "lifecycle"
    allocation: str = "device-time"
    impact_method: str = "GWP100 AR6, AWARE 2.0"
    reference_year: int | None = None
    indicators: tuple[str, ...] = DEFAULT_INDICATORS
    cutoffs: tuple[str, ...] = ("end of life", "building", "network outside the site")

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise BadInput(f"study.{name}", getattr(self, name), f"choose one of {', '.join(allowed)}")
        for name in ("indicators", "cutoffs"):
            if isinstance(getattr(self, name), str):
                raise BadInput(f"study.{name}", getattr(self, name), "give a tuple of names")
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))  # each once: none is summed twice
        for indicator in self.indicators:
            if indicator not in INDICATORS:
                raise BadInput("study.indicators", indicator, f"choose among {', '.join(INDICATORS)}")

    @property
    def kind(self) -> tuple[str, str, str]:
        """The identity of the grid factors this study admits."""
        return self.accounting, self.grid, self.scope

    def with_(self, **changes: Any) -> Study:
        """A copy with the named fields changed."""
        return replace(self, **changes)

    def require_same(self, other: Study) -> None:
        """Raise StudyMismatch naming the fields in which two studies differ."""
        differing = [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]
        if differing:
            shown = "; ".join(f"{n}: {getattr(self, n)!r} against {getattr(other, n)!r}" for n in differing)
            raise StudyMismatch(
                f"these footprints answer different questions ({shown}); "
                f"assess both activities again under one Study, then compare"
            )


_CHOICES = {
    "perspective": ("attributional", "consequential"),
    "accounting": ("location", "market"),
    "grid": ("average", "marginal"),
    "scope": ("lifecycle", "direct"),
}
