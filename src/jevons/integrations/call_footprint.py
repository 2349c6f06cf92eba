"""The footprint of one call: computed when first asked for, never in the way of the call itself."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jevons.core.errors import JevonsError
from jevons.integrations.llm_adapters import Usage

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint
    from jevons.world.site import Site

NO_PROVIDER = "whose servers answered is not known: pass provider='openai' (or another), or deployment={'on': 'h100', ...}"
WATER = ("water_on_site", "water_off_site")
INDICATORS = {"energy_kwh": ("energy",), "climate_kg": ("climate",), "water_l": WATER}


class CallFootprint:
    """What one call cost: ``energy_kwh``, ``climate_kg``, ``water_l`` (None where it cannot be said; ``note`` says why).

    The interval of each is ``interval("climate_kg")``; ``explain()`` tells how it came about.
    """

    def __init__(self, provider: str, model: str, usage: Usage | None, at: Any = None, *,
                 deployment: Mapping[str, Any] | None = None, year: int | None = None, note: str = "") -> None:  # fmt: skip
        self.provider, self.model, self.usage = provider, model, usage
        self._at, self._deployment, self._year, self._note = at, deployment, year, note

    @property
    def note(self) -> str:
        """Why there are no numbers; "" where there are."""
        return self._priced[1]

    @property
    def energy_kwh(self) -> float | None:
        """Energy of the facility, kWh."""
        return self._best("energy_kwh")

    @property
    def climate_kg(self) -> float | None:
        """kg CO2e, hardware included."""
        return self._best("climate_kg")

    @property
    def water_l(self) -> float | None:
        """Litres on site and for electricity."""
        return self._best("water_l")

    def interval(self, name: str = "climate_kg") -> tuple[float, float] | None:
        """The 10 % and 90 % bounds of ``energy_kwh``, ``climate_kg`` or ``water_l``; None where it has no value."""
        from jevons.estimate.api.tariff import bounds

        impacts = self._priced[0]
        return bounds(impacts[name]) if name in impacts else None

    @functools.cached_property
    def activity(self) -> Activity:
        """What was consumed, row by row. Errors: JevonsError with the note where nothing is known."""
        from jevons.estimate.request import request

        if self.usage is None or self._note:
            raise JevonsError(self.note)
        u = self.usage
        return request(self.provider, self.model, u.input_tokens, u.output_tokens, cached_tokens=u.cached_tokens,
                       reasoning_tokens=u.reasoning_tokens, seen_tokens=u.seen_tokens, deployment=self._deployment, year=self._year)  # fmt: skip

    @functools.cached_property
    def footprint(self) -> Footprint:
        """The whole footprint, at the site given or found."""
        from jevons.core.assess import assess

        return assess(self.activity, place(self._at, self._year))

    def explain(self, indicator: str = "climate") -> str:
        """Line by line, with assumptions and sources; the note where nothing is known."""
        return self.note or str(self.footprint.explain(indicator))

    @functools.cached_property
    def _priced(self) -> tuple[dict[str, Any], str]:
        if self.usage is None or self._note:
            return {}, self._note or "the reply carries no usage, so its tokens are not known"
        try:
            priced = priced_at(self.provider, self.model, self._at, frozen(self._deployment), self._year)
            u = self.usage
            found = priced.price(u.input_tokens, u.output_tokens, u.cached_tokens, u.reasoning_tokens, u.seen_tokens)
        except JevonsError as trouble:
            return {}, str(trouble)
        return summed(found), ""

    def _best(self, name: str) -> float | None:
        impacts = self._priced[0]
        return float(impacts[name][0]) if name in impacts else None

    def __repr__(self) -> str:
        if self.note:
            return f"<footprint of {self.model or 'a call'}: {self.note}>"
        from jevons.core.units import show

        shown = [show(value, unit) for value, unit in ((self.energy_kwh, "kWh"), (self.climate_kg, "kg"), (self.water_l, "L"))
                 if value is not None]  # fmt: skip
        return f"<footprint of {self.model} at {self.provider}: {', '.join(shown)}>"


def summed(impacts: Mapping[str, Any]) -> dict[str, Any]:
    """Impacts of a tariff under the names of `INDICATORS`, parts added."""
    sums = {name: [impacts[i] for i in parts if i in impacts] for name, parts in INDICATORS.items()}
    return {name: functools.reduce(operator.add, parts) for name, parts in sums.items() if parts}


def place(at: Any, year: int | None) -> Site:
    """The site given, or of that name, or the settings'."""
    from jevons.world.site import site

    return site(at or "", year=year) if at is None or isinstance(at, str) else at


@functools.lru_cache(maxsize=256)
def priced_at(provider: str, model: str, at: Any, deployment: tuple[tuple[str, Any], ...] | None, year: int | None,
              draws: int = 200) -> Any:  # fmt: skip
    """The tariff of a model at a site, made once."""
    from jevons.estimate.api.tariff import tariff

    return tariff(provider, model, place(at, year), deployment=None if deployment is None else dict(deployment), draws=draws)


def frozen(deployment: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...] | None:
    """A deployment as a key of a cache."""
    if deployment is None:
        return None
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in deployment.items()))
