"""How the making of hardware is shared out over its life: choices, not draws, so they stand side by side.

    straight line    share = hours used / (life · 8760 · utilisation)          (ACT, SCI, BLOOM)
    accelerated      the first year bears most: weights by year of life, e.g. 50, 30, 20 %
    second life      the whole is spread over both lives, or borne by the first alone
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jevons.account.life.lifecycle import LifeCycle, place_of
from jevons.core import units
from jevons.core.errors import BadInput
from jevons.world.defaults import default

LIVES_YEARS = (3.0, 4.0, 5.0, 6.0)
ACCELERATED = (0.5, 0.3, 0.2)
SECOND_LIFE_YEARS = 3.0
WITH_OWN_LIFE = ("device_hours/storage:", "device_hours/edge:")  # their tables say how long they serve


def straight_line(hours: float, life_years: float, utilisation: float = 1.0) -> float:
    """share = hours / (life · 8760 · utilisation): of what was made, by the hours in use (or of the calendar, at 1)."""
    for name, value in (("life_years", life_years), ("utilisation", utilisation)):
        if not value > 0:
            raise BadInput(name, value, "give a number above 0")
    return hours / (life_years * units.HOURS_PER_YEAR * utilisation)


def accelerated(hours: float, year_of_life: int, weights: Sequence[float] = ACCELERATED, utilisation: float = 1.0) -> float:
    """share = w_k · hours / (8760 · utilisation) in year k of the life (1: the first); 0 once all is written off.

    ``weights`` sum to 1. Over the whole life the shares sum to 1. Errors: BadInput.
    """
    if abs(sum(weights) - 1) > 1e-9 or min(weights) < 0:
        raise BadInput("weights", list(weights), "give shares of at least 0 that sum to 1")
    if year_of_life < 1:
        raise BadInput("year_of_life", year_of_life, "count from 1")
    weight = weights[year_of_life - 1] if year_of_life <= len(weights) else 0.0
    return weight * straight_line(hours, 1.0, utilisation)


def with_second_life(hours: float, first_years: float, second_years: float, utilisation: float = 1.0) -> float:
    """share = hours / ((first + second) · 8760 · utilisation): both lives bear alike. First life only: straight_line."""
    return straight_line(hours, first_years + second_years, utilisation)


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to share out the making: what was decided, the making and the total under it (kg), and the change."""

    what: str
    option: str
    made_kg: float
    total_kg: float
    change_kg: float


def choices(cycle: LifeCycle, second_life_years: float = SECOND_LIFE_YEARS) -> list[Choice]:
    """The life cycle's climate under other ways to share out the making of its hardware, widest first.

    Only making by the hour in use can be shared otherwise; what is written off whole stays. Errors: BadInput.
    """
    made = _by_life(cycle)
    if not made:
        return []
    total, usual = cycle.footprint.best(), sum(kg for _, _, kg in made)
    found = [Choice(what, option, new, total - usual + new, new - usual) for what, option, new in _options(made, second_life_years)]
    return sorted((c for c in found if abs(c.change_kg) > 1e-9 * usual), key=lambda c: -abs(c.change_kg))


def _options(made: list[tuple[float, float, float]], second: float) -> Iterator[tuple[str, str, float]]:
    """(what, option, kg): each part's kg is scaled from its own life (years, utilisation) to the other choice."""
    for years in LIVES_YEARS:
        yield "life", f"{years:g} years", sum(kg * life / years for life, _, kg in made)
    yield "hours", "by the calendar, idle time to others", sum(kg * use for _, use, kg in made)
    usual = default("hardware-utilisation")
    yield "hours", f"in use {usual.value:.0%} of its life", sum(kg * use / usual.value for _, use, kg in made)
    for year, weight in enumerate(ACCELERATED, start=1):
        yield "depreciation", f"50, 30, 20 %: used in year {year}", sum(kg * life * weight for life, _, kg in made)
    yield "second life", f"{second:g} years more, both bear alike", sum(kg * life / (life + second) for life, _, kg in made)
    yield "second life", "this is the second; the first bore all", 0.0


def _by_life(cycle: LifeCycle) -> list[tuple[float, float, float]]:
    """(years, utilisation, kg) of each part whose making is spread over hours; lives not stated are the site's or the usual."""
    years, use = default("hardware-life").value, default("hardware-utilisation").value
    found = []
    for part in cycle.parts:
        flows = {f for f in part.activity.text["flow"] if f.startswith("device_hours/") and not f.startswith(WITH_OWN_LIFE)}
        if not flows or (part.life is None and any(f.startswith("device_hours/stated:") for f in flows)):
            continue
        sums = cycle.only([f"{part.phase}/{part.name}"]).by("flow")
        kg = sum(float(amount[..., 0].sum()) for flow, amount in sums.items() if flow in flows)
        span = place_of(part.site).life
        life = part.life or (span.years or years, span.utilisation or use)
        found.append((*life, kg))
    return found
