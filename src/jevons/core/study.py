"""What the numbers are for: two footprints of different studies refuse to be compared."""

from __future__ import annotations

from collections.abc import Mapping
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
IMPACT_METHODS = {  # method -> the indicator it characterises; a study names at most one for each
    "GWP100 AR4": "climate", "GWP100 AR5": "climate", "GWP100 AR6": "climate", "GWP20 AR6": "climate",
    "AWARE 2.0": "water_scarcity", "ADPe": "abiotic_depletion", "CED": "primary_energy",
}  # fmt: skip
UNCHECKED = "unchecked: "  # before what an older record calls its method, which no factor was ever held against
DEFAULT_INDICATORS = ("energy", "climate", "water_on_site", "water_off_site", "water_scarcity", "cost")


@dataclass(frozen=True, slots=True)
class Study:
    """The question a footprint answers.

    ``accounting`` location | market, ``grid`` average | marginal, ``scope`` lifecycle | direct say which
    grid factors apply and never mix in one sum. ``impact_method`` names methods of IMPACT_METHODS, comma between:
    factors of another method are refused. ``cutoffs`` name what is left out of every total (see ``cutoff_of``).
    A consequential study prices a decision, an attributional one shares out what is.
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
        _require_methods(self.impact_method)

    @classmethod
    def kept(cls, record: Mapping[str, Any]) -> Study:
        """The study of a record written earlier: words that older versions took for a method are marked as unchecked."""
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
        try:
            _require_methods(given.get("impact_method", cls().impact_method))
        except BadInput:
            given["impact_method"] = f"{UNCHECKED}{given['impact_method']}"
        return cls(**given)

    @property
    def kind(self) -> tuple[str, str, str]:
        """The identity of the grid factors this study admits."""
        return self.accounting, self.grid, self.scope

    def method_of(self, indicator: str) -> str:
        """The method by which the indicator must be characterised; "" where the study names none."""
        return next((m for m in _words(self.impact_method) if IMPACT_METHODS.get(m) == indicator), "")

    def cutoff_of(self, indicator: str, flow: str, stage: str = "", component: str = "") -> str:
        """The declared cut-off that leaves an indicator of such rows out; "" where it counts.

        A cut-off names an indicator; a flow, its family, a stage or a component; or one of these with the indicator,
        as ``electricity/cost``. One that names none of them says what lies outside the activity.
        """
        names = {name for name in (flow, flow.split("/")[0], stage, component) if name}
        said = {indicator, *names, *(f"{name}/{indicator}" for name in names)}
        return next((cutoff for cutoff in self.cutoffs if cutoff in said), "")

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


def _words(methods: str) -> list[str]:
    return [] if methods.startswith(UNCHECKED) else [word.strip() for word in methods.split(",")]


def _require_methods(methods: Any) -> None:
    """BadInput for a word that is no method, or for two methods of one indicator."""
    known = f"choose among {', '.join(IMPACT_METHODS)}, comma between, one for each indicator"
    if not isinstance(methods, str):
        raise BadInput("study.impact_method", methods, known)
    words = _words(methods)
    for word in words:
        if word not in IMPACT_METHODS or sum(IMPACT_METHODS.get(w) == IMPACT_METHODS[word] for w in words) > 1:
            raise BadInput("study.impact_method", word if word not in IMPACT_METHODS else methods, known)


_CHOICES = {
    "perspective": ("attributional", "consequential"),
    "accounting": ("location", "market"),
    "grid": ("average", "marginal"),
    "scope": ("lifecycle", "direct"),
}
