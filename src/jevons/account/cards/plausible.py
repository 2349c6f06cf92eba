"""Which unit a card's emissions are in, by what else it says: a mass in words, an energy, hardware and hours.

    same number, other unit     "0.25 kg" in the text beside emissions: 0.25          (Aira-OPT, Mula, TeenyTinyLlama)
    energy                      emissions / energy must be an intensity some grid has
    hardware × hours            n · h · TDP · share · intensity brackets what is plausible

An error is only claimed where the number in the other unit fits; a number that fits as grams is left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from jevons.account.cards.parse import Card
from jevons.core import units
from jevons.core.errors import JevonsError
from jevons.world import devices
from jevons.world.hardware import Device

NUMBER = r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,12})?|\d{1,15}(?:\.\d{1,15})?)"  # bounded: a card is a stranger's
WEIGHT = r"\s{0,3}(k?g|kilograms?|grams?|t|tons?|tonnes?|lbs?)"
MASS = re.compile(NUMBER + WEIGHT + r"[\s.]{0,3}(?:of\s{1,3})?(?:\(?\s{0,3}(?:CO\s?[₂2]|carbon|equivalent))", re.IGNORECASE)
EMITTED = re.compile(r"(?:emission|emitted|carbon|co2|co₂)[^\n]{0,60}?" + NUMBER + WEIGHT + r"\b", re.IGNORECASE)
ENERGY = re.compile(NUMBER + r"\s{0,3}([kMG]Wh)\b")
HOURS = re.compile(r"(?:hours? used|training time|gpu[- ]hours?|hours)\W{0,12}?" + NUMBER + "|" + NUMBER +
                   r"\s{0,3}(?:gpu[- ]?)?hours?\b", re.IGNORECASE)  # fmt: skip
DAYS = re.compile(NUMBER + r"\s{0,3}(?:gpu[- ]?)?days?\b", re.IGNORECASE)
HARDWARE = re.compile(r"\b(?:hardware(?: type| used)?|gpus?|accelerators?)\W{1,6}([^\n|]{1,80})", re.IGNORECASE)
RATE = re.compile(r"^[\w₂().-]*\s*(?:CO[\w₂-]*\s*)?(?:/|per\b)", re.IGNORECASE)  # what follows an intensity, or a mass by the request
COUNT = re.compile(r"^\s*(\d+)\s*(?:x|×|\*)?\s*(?=[A-Za-z])|(?:x|×|\*)\s*(\d+)\s*$")
UNIT = {"kilogram": "kg", "kilograms": "kg", "gram": "g", "grams": "g", "ton": "t", "tons": "t", "tonne": "t", "tonnes": "t",
        "lbs": "lb", "kg": "kg", "g": "g", "t": "t", "lb": "lb"}  # fmt: skip
FEW = 20  # how many mentions of hardware are looked up
FACTORS = (1000, 1_000_000)  # kilograms, tonnes written as grams
GRID_G_PER_KWH = (4.0, 1300.0)  # hydro and nuclear alone, to old coal
USUAL_G_PER_KWH = (15.0, 1100.0)  # where no energy is stated and the place is open
POWER_SHARE = (0.2, 2.0)  # of TDP: a badly fed device; one with its host and facility
AGREES = 0.02


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks against a number of grams: in words, how grave, and by which factor it would fit (1: by none)."""

    said: str
    factor: int = 1
    severity: str = "implausible"


def evidence(card: Card, grams: float) -> Evidence | None:
    """The strongest thing that speaks against ``grams``; None where they can be what was emitted."""
    return by_words(card, grams) or by_energy(card, grams) or by_hours(card, grams)


def by_words(card: Card, grams: float) -> Evidence | None:
    """A mass of carbon in the text: equal in another unit, or equal in none."""
    found = masses(card.body)
    if not found or any(abs(units.convert(kg, "kg", "g") - grams) <= AGREES * grams for kg, _, _ in found):
        return None
    for kg, number, written in found:
        if abs(number - grams) <= AGREES * grams and (factor := round(units.convert(kg, "kg", "g") / number)) in FACTORS:
            return Evidence(f"the text says {written}", factor, "contradiction")
    if len({round(kg, 9) for kg, _, _ in found}) == 1:
        kg, _, written = found[0]
        meant = units.convert(kg, "kg", "g")
        factor = next((f for f in FACTORS if abs(grams * f - meant) <= AGREES * meant), 1)
        return Evidence(f"the text says {written}", factor, "contradiction")
    return None


def masses(text: str) -> list[tuple[float, float, str]]:
    """Masses of carbon in a text: kg, the number as written, and the words."""
    found = []
    for pattern in (MASS, EMITTED):
        for match in pattern.finditer(text):
            if RATE.match(text[match.end() : match.end() + 30]):
                continue
            number, unit = float(match[1].replace(",", "")), UNIT[match[2].lower()]
            found.append((units.convert(number, unit, "kg"), number, f"{match[1]} {match[2]}"))
    return found


def stated_energy_kwh(card: Card) -> float | None:
    """The energy a card's text states, kWh; None where it states none, or several that differ."""
    found = {units.convert(float(m[1].replace(",", "")), m[2], "kWh") for m in ENERGY.finditer(card.body)}
    return found.pop() if len(found) == 1 else None


def by_energy(card: Card, grams: float) -> Evidence | None:
    """The intensity that emissions over a stated energy imply, where the text states one energy alone."""
    kwh = stated_energy_kwh(card)
    if not kwh or GRID_G_PER_KWH[0] <= grams / kwh <= GRID_G_PER_KWH[1]:
        return None
    factor = next((f for f in FACTORS if USUAL_G_PER_KWH[0] <= f * grams / kwh <= GRID_G_PER_KWH[1]), 1)
    return Evidence(f"{units.show(kwh, 'kWh')} then mean {grams / kwh:.3g} g/kWh, which no grid has", factor)


def by_hours(card: Card, grams: float) -> Evidence | None:
    """What hardware and hours make plausible; silent where the card does not state both."""
    known = hardware_hours(card)
    if known is None:
        return None
    tdp_w, device_hours, words = known
    kwh = units.convert(tdp_w * device_hours, "Wh", "kWh")
    low, high = (kwh * share * intensity for share, intensity in zip(POWER_SHARE, USUAL_G_PER_KWH, strict=True))
    if grams >= low:
        return None if grams <= high * 10 else Evidence(f"{words} make at most {_shown(high)} plausible")
    factor = next((f for f in FACTORS if low <= f * grams <= high), 1)
    said = f"{words} make {_shown(low)} to {_shown(high)} plausible"
    return Evidence(said, factor) if factor > 1 or grams < low / 10 else None


def _shown(grams: float) -> str:
    return units.show(units.convert(grams, "g", "kg"), "kg")


def hardware_hours(card: Card) -> tuple[float, float, str] | None:
    """TDP of the device (W), device-hours, and both in words; None where a card does not say both."""
    hours = stated_hours(card)
    names = [str(card.block.get("hardware_used") or "")[:80], *(m[1] for m in islice(HARDWARE.finditer(card.body), FEW))]
    found = next(filter(None, map(_device, names)), None)
    if found is None or hours is None:
        return None
    n, device = found
    together = hours if re.search(r"(?:gpu|device|accelerator)[- ]?(?:hours|days)", card.body, re.IGNORECASE) else hours * n
    return device.tdp_w, together, f"{units.significant(together)} hours of {device.name}"


def stated_hours(card: Card) -> float | None:
    """The first time a card's text states, in hours or else in days; None where it states none."""
    for pattern, unit in ((HOURS, "h"), (DAYS, "d")):
        found = pattern.search(card.body)
        if found:
            number = next(filter(None, found.groups()))
            return units.convert(float(number.replace(",", "")), unit, "h")
    return None


def _device(name: str) -> tuple[int, Device] | None:
    """How many of which accelerator words mean, with a TDP; None where they mean none."""
    count = COUNT.search(name)
    n = int(next((g for g in count.groups() if g), "1")) if count else 1
    try:
        device, _ = devices.device(COUNT.sub("", name).strip(" *`:.\r"))
    except JevonsError:
        return None
    return (n, device) if device.tdp_w else None
