"""Five quality digits and the spread (GSD) they stand for, by the rules of docs/explanation/data-quality.md."""

from __future__ import annotations

import math

REFERENCE_YEAR = 2026
TOLERANCE = 0.15  # two sources agree when they differ by no more than this share
RELIABILITY = {"yes": 2, "partly": 3, "disagree": 4, "single": 4}
GRID_GSD = {"yes": 1.15, "partly": 1.3, "disagree": 1.6, "single": 1.6}


def time_score(year: int) -> int:
    """1 for less than 3 years of age, then 6, 10, 15; 5 beyond."""
    age = REFERENCE_YEAR - year
    return next((score for score, limit in enumerate((3, 6, 10, 15), 1) if age < limit), 5)


def verdict(value: float, others: list[float]) -> str:
    """How other sources see a value: yes, partly, disagree, or single when there is no other.

    yes: two or more, all within 15 %. disagree: one of them outside the 90 % interval of `partly`, or none within 15 %.
    """
    if not others:
        return "single"
    agreeing = sum(abs(other - value) <= TOLERANCE * value for other in others)
    if agreeing == len(others) > 1:
        return "yes"
    low, high = interval(value, GRID_GSD["partly"])
    return "partly" if agreeing and all(low <= other <= high for other in others) else "disagree"


def digits(reliability: int, completeness: int, time: int, place: int, technology: int) -> str:
    """The five scores as one word, each 1 (best) to 5."""
    return f"{reliability}{completeness}{time}{place}{technology}"


def interval(value: float, gsd: float) -> tuple[float, float]:
    """The 5-95 % interval of a lognormal with median `value`."""
    width = math.exp(1.6448536 * math.log(gsd))
    return value / width, value * width
