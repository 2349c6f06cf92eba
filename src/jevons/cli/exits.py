"""Exit codes, and which error ends in which."""

from __future__ import annotations

from jevons.core.errors import MissingFactor

OK, FINDING, BAD_INPUT, MISSING_FACTOR, INTERNAL = range(5)

MEANING = {
    OK: "done",
    FINDING: "done, with a finding: a result moved, a card contradicts itself, a check failed, a budget is exceeded",
    BAD_INPUT: "the input will not do; the message names field, value and mend",
    MISSING_FACTOR: "no factor prices this flow at this place",
    INTERNAL: "a fault of jevons itself; --debug shows where",
}


def code_of(error: Exception) -> int:
    """The exit code an error of ours ends in."""
    return MISSING_FACTOR if isinstance(error, MissingFactor) else BAD_INPUT


def epilog() -> str:
    """The table of exit codes for the foot of the help page."""
    return "Exit codes: " + " · ".join(f"{code} {meaning.partition(';')[0]}" for code, meaning in MEANING.items())
