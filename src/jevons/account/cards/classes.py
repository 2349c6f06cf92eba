"""How much a model says about its carbon: the reporting classes of the mining study, the strictest tested first.

Castaño et al. 2023, arXiv 2305.11164. Their notebook asked the lax conditions first, so that the last two classes
could never be reached; here all six can.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection

from jevons.account.cards.mined import Mined

OPTIMISED = ("optimized", "optimised", "pruned", "distilled", "quantized", "quantised")
ECO_CARD = "ecocard"
CLASSES = (
    ("Certified", "emissions, hardware and the tag EcoCard"),
    ("Optimisation", "emissions, hardware and a tag of optimisation"),
    ("Awareness", "emissions and hardware"),
    ("Context reporting", "hardware, no emissions"),
    ("Basic reporting", "emissions, no hardware"),
    ("Unreported", "neither"),
)


def reporting_class(emissions: bool, hardware: bool, tags: Collection[str] = ()) -> str:
    """The class of a model by whether it states emissions and hardware, and by its tags (any case)."""
    held = {tag.strip().lower() for tag in tags}
    tests = (
        emissions and hardware and ECO_CARD in held,
        emissions and hardware and not held.isdisjoint(OPTIMISED),
        emissions and hardware,
        hardware,
        emissions,
        True,
    )
    return CLASSES[tests.index(True)][0]


def reporting(table: Mined) -> dict[str, int]:
    """How many rows of a table fall in each class; hardware stands in ``hardware_used`` or ``environment``."""
    hardware = "hardware_used" if table.has("hardware_used") else "environment"
    rows = zip(table.words("co2_eq_emissions"), table.words(hardware), table.words("tags"), strict=True)
    found = Counter(reporting_class(bool(grams), bool(on), tags_of(tags)) for grams, on, tags in rows)
    return {name: found[name] for name, _ in CLASSES}


def tags_of(text: str) -> list[str]:
    """The tags in a cell: a list in Python's or JSON's spelling, or words between commas."""
    if text.startswith("["):
        try:
            return [str(tag) for tag in ast.literal_eval(text)]
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return []
    return [tag for tag in text.split(",") if tag.strip()]
