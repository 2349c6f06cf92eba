"""Products that PUE must enter exactly once: energy from hours and power, emissions from energy and intensity."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from jevons.core import units
from jevons.estimate.claims.claim import Claim, Stated
from jevons.estimate.claims.finding import Finding, percent

PRODUCT_WITHIN = 0.03
POWERS_OF_TEN = (10.0, 100.0, 1e3, 1e6)
PUE_POWERS = (0, 1, 2, -1)
"""How often PUE may have entered a product; -1: divided by it."""
UNSTATED_PUE = (0.97, 2.2)


def energy(c: Claim) -> Iterator[Finding]:
    """energy = device-hours × power, × PUE where it includes the facility's overhead."""
    stated, hours, power = c.numbers.get("energy_kwh"), c.value("device_hours"), c.value("power_w")
    if stated is None or not hours or not power:
        return
    product, words = hours * power / units.W_PER_KW, f"{hours:,.6g} h × {power:g} W"
    if c.includes_pue and c.value("pue") is None:
        low, high = UNSTATED_PUE
        if not low <= stated.value / product <= high:
            yield _mismatch("energy", "kWh", stated, product, words)
        return
    right = {None: (0, 1), True: (1,), False: (0,)}[c.includes_pue]
    rounding = c.rounding("energy_kwh", "device_hours", "power_w", "pue")
    yield from _check("energy", "kWh", stated, product, words, c.value("pue"), right, rounding)


def carbon(c: Claim) -> Iterator[Finding]:
    """emissions = energy × intensity, × PUE exactly once; without an energy, hours × power stand for it."""
    stated, intensity, kwh = c.numbers.get("kg"), c.value("grid_kg_per_kwh"), c.value("energy_kwh")
    if stated is None or not intensity:
        return
    rounding = c.rounding("kg", "grid_kg_per_kwh", "pue")
    if kwh is not None:
        words, right = f"{kwh:,.6g} kWh", {None: (0, 1), True: (0,), False: (1,)}[c.includes_pue]
        rounding += c.rounding("energy_kwh")
    elif c.value("power_w") is not None and c.nominal_kwh is not None:
        (kwh, words), right = c.nominal_kwh, (1,)
        rounding += c.rounding("device_hours", "power_w")
    else:
        return
    words += f" × {intensity * units.G_PER_KG:g} g/kWh"
    yield from _check("emissions", "kg", stated, kwh * intensity, words, c.value("pue"), right, rounding)


def _check(what: str, unit: str, stated: Stated, product: float, words: str, pue: float | None,
           right: tuple[int, ...], rounding: float) -> Iterator[Finding]:  # fmt: skip
    """Nothing where PUE to a right power fits; else the wrong power or the power of ten that does, else the gap."""
    within = max(PRODUCT_WITHIN, rounding)
    ways = {k: product * (pue or 1.0) ** k for k in PUE_POWERS}
    best = min(right, key=lambda k: _miss(stated.value, ways[k]))
    if _miss(stated.value, ways[best]) <= within:
        return
    text = words + (f" × PUE {pue:g}" if pue and best else "")
    closest = min(ways, key=lambda k: _miss(stated.value, ways[k]))
    if _miss(stated.value, ways[closest]) <= within:
        shown = f"{words} × PUE {pue:g}^{closest} = {ways[closest]:,.6g} {unit}" if closest else f"{words} alone fits"
        yield _gap(what, unit, stated, ways[best], text, _how(closest, right), f"; {shown}")
    elif ten := _slip(stated.value, [ways[k] for k in right], within):
        size = "large" if stated.value > ways[best] else "small"
        yield _gap(what, unit, stated, ways[best], text, f"{ten:,.0f} times too {size}, a slip of unit")
    else:
        yield _mismatch(what, unit, stated, ways[best], text)


def _how(power: int, right: tuple[int, ...]) -> str:
    if power > max(right):
        return "PUE is in it once too often, or the energy was divided by it"
    return "PUE was never applied" if power == 0 else "PUE was divided by"


def _slip(stated: float, expected: list[float], within: float) -> float | None:
    fits = (t for t in POWERS_OF_TEN for e in expected if min(_miss(stated, e * t), _miss(stated, e / t)) <= within)
    return next(fits, None)


def _mismatch(what: str, unit: str, stated: Stated, value: float, words: str) -> Finding:
    return _gap(what, unit, stated, value, words, "does not follow from its factors")


def _gap(what: str, unit: str, stated: Stated, value: float, words: str, why: str, more: str = "") -> Finding:
    change = percent(stated.value / value) if value else "from nothing"
    return Finding("pue" if "PUE" in why else "slip" if "slip" in why else "product", "contradiction",
                   f"{what}: {why}", f"{words} = {value:,.6g} {unit}, stated {stated.value:,.6g}, {change}{more}")  # fmt: skip


def _miss(stated: float, value: float) -> float:
    if stated > 0 and value > 0:
        return abs(log(stated / value))
    return 0.0 if stated == value else float("inf")
