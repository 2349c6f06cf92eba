"""What an audit finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What the audit found. ``severity``: contradiction (cannot both be true), implausible (outside what
    physics or practice allows) or note (worth a look, true of sound records too).
    """

    rule: str
    severity: str
    message: str
    arithmetic: str
    record: str = ""

    @property
    def accuses(self) -> bool:
        """Whether it says that something is wrong; a note does not."""
        return self.severity != "note"

    def __str__(self) -> str:
        return f"{self.record}: {self.message} [{self.arithmetic}]"


def percent(ratio: float) -> str:
    """A ratio as a signed change in percent."""
    change = (ratio - 1) * 100
    return f"{change:+.2g} %" if abs(change) < 10 else f"{change:+,.0f} %"
