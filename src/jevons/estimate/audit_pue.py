"""Products that PUE must enter exactly once: energy from hours and power, emissions from energy and intensity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log

from jevons.estimate.audit_claim import G_PER_KG, W_PER_KW, Claim, Stated
from jevons.estimate.audit_finding import Finding, percent

PRODUCT_WITHIN = 0.03
POWERS_OF_TEN = (10.0, 100.0, 1e3, 1e6)


def energy(c: Claim) -> Iterator[Finding]:
    """energy = device-hours × power, × PUE where it includes the facility's overhead."""
    stated, hours, power = c.numbers.get("energy_kwh"), c.value("device_hours"), c.value("power_w")
    if stated is None or not hours or not power:
        return
    product = hours * power / W_PER_KW
    words = f"{hours:,.6g} h × {power:g} W"
    if c.includes_pue and c.value("pue") is None:
        if not 0.97 <= stated.value / product <= 2.2:
            yield _off("energy", "energy", "kWh", stated, "hours × power", product, words)
        return
    yield from _check("energy", "energy", "kWh", stated, _by_scope(c, product, words, c.includes_pue, inverse=False),
                      c.rounding("energy_kwh", "device_hours", "power_w", "pue"))  # fmt: skip


def carbon(c: Claim) -> Iterator[Finding]:
    """emissions = energy × intensity, × PUE exactly once; without an energy, hours × power stand for it."""
    stated, intensity = c.numbers.get("kg"), c.value("grid_kg_per_kwh")
    if stated is None or not intensity:
        return
    if (kwh := c.value("energy_kwh")) is not None:
        product, words, scope = kwh * intensity, f"{kwh:,.6g} kWh × {intensity * G_PER_KG:g} g/kWh", c.includes_pue
        rounding = c.rounding("kg", "energy_kwh", "grid_kg_per_kwh", "pue")
    elif c.value("power_w") is not None and c.nominal_kwh is not None:
        nominal, text = c.nominal_kwh
        product, words, scope = nominal * intensity, f"{text} × {intensity * G_PER_KG:g} g/kWh", False
        rounding = c.rounding("kg", "device_hours", "power_w", "grid_kg_per_kwh", "pue")
    else:
        return
    yield from _check("carbon", "emissions", "kg", stated, _by_scope(c, product, words, scope, inverse=True), rounding)


def _by_scope(c: Claim, product: float, words: str, includes_pue: bool | None, *, inverse: bool) -> _Ways:
    """Right and wrong ways to bring PUE into a product, given whether the energy at hand includes it.

    ``inverse``: False where the product must come out with the scope declared (an energy); True where it must
    come out with PUE in it once (an emission).
    """
    pue = c.value("pue") or 1.0
    plain, once = (words, product), (f"{words} × PUE {pue:g}", product * pue)
    twice = (f"{words} × PUE {pue:g}²", product * pue**2)
    out = (f"{words} / PUE {pue:g}", product / pue)
    if includes_pue is None:
        return _Ways({"": plain, " ": once}, {"PUE is in it twice": twice, "PUE is taken out": out})
    if includes_pue == inverse:  # an emission from an energy with PUE, or an energy declared without it
        return _Ways({"": plain}, {"PUE is in it twice" if inverse else "PUE is in it": once,
                                   "PUE is in it thrice" if inverse else "PUE is in it twice": twice,
                                   "PUE is taken out": out})  # fmt: skip
    return _Ways({"": once}, {"PUE is not in it": plain, "PUE is in it twice": twice, "PUE is taken out": out})


@dataclass(frozen=True, slots=True)
class _Ways:
    """Named hypotheses: (words, value)."""

    right: Mapping[str, tuple[str, float]]
    wrong: Mapping[str, tuple[str, float]]


def _check(rule: str, what: str, unit: str, stated: Stated, ways: _Ways, rounding: float) -> Iterator[Finding]:
    """Nothing where a right way fits; else the wrong way or the power of ten that does, else the bare mismatch."""
    within = max(PRODUCT_WITHIN, rounding)
    words, value = min(ways.right.values(), key=lambda way: _miss(stated.value, way[1]))
    if _miss(stated.value, value) <= within:
        return
    name, (wrong_words, wrong) = min(ways.wrong.items(), key=lambda item: _miss(stated.value, item[1][1]))
    shown = f"{words} = {value:,.6g} {unit}, stated {stated.value:,.6g}, {percent(stated.value / value if value else 0)}"
    if _miss(stated.value, wrong) <= within:
        yield Finding(rule, "contradiction", f"{what}: {name}", f"{shown}; {wrong_words} = {wrong:,.6g} {unit}")
        return
    for ten in POWERS_OF_TEN:
        for _, expected in ways.right.values():
            if _miss(stated.value, expected * ten) <= within or _miss(stated.value, expected / ten) <= within:
                size = "large" if stated.value > expected else "small"
                yield Finding(rule, "contradiction", f"{what}: {ten:,g} times too {size}, a slip of unit", shown)
                return
    yield _off(rule, what, unit, stated, "its factors", value, words)


def _off(rule: str, what: str, unit: str, stated: Stated, of: str, value: float, words: str) -> Finding:
    return Finding(rule, "contradiction", f"{what} does not follow from {of}",
                   f"{words} = {value:,.6g} {unit}, stated {stated.value:,.6g}, {percent(stated.value / value)}")  # fmt: skip


def _miss(stated: float, value: float) -> float:
    return abs(log(stated / value)) if stated > 0 and value > 0 else 0.0 if stated == value else float("inf")
