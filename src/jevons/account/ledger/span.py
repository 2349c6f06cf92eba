"""A span of time as people write it: a year, a quarter, a month, a day, or two of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from jevons.core import units
from jevons.core.errors import BadInput

_WRITTEN = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})(?:-(\d{2}))?))?$")


class Period(NamedTuple):
    """A half-open span of UTC seconds, and how it was written."""

    name: str
    start_s: float
    end_s: float

    def meets(self, start_s: float | None, end_s: float | None) -> bool:
        """Whether an interval lies in it, be it in part; one that is not dated lies in none."""
        if start_s is None or end_s is None:
            return False
        return start_s < self.end_s and (end_s > self.start_s or start_s == end_s == self.start_s)


def period(text: str, field: str = "period") -> Period:
    """``2026``, ``2026-Q1``, ``2026-03``, ``2026-03-14``, or ``2026-01-01/2026-02-15`` (the end left out)."""
    begin, _, end = str(text).strip().partition("/")
    first = _span(begin, text, field)
    if not end:
        return Period(begin, *first)
    last = _span(end, text, field)
    if last[0] <= first[0]:
        raise BadInput(field, text, "its end lies before its beginning")
    return Period(str(text).strip(), first[0], last[0])


def _span(word: str, text: str, field: str) -> tuple[float, float]:
    found = _WRITTEN.match(word)
    try:
        if not found:
            raise ValueError
        year, quarter, month, day = (int(part) if part else None for part in found.groups())
        assert year is not None
        if day:
            start = datetime(year, month or 1, day, tzinfo=UTC)
            return start.timestamp(), start.timestamp() + units.convert(1.0, "day", "s")
        first, months = (3 * quarter - 2, 3) if quarter else (month, 1) if month else (1, 12)
        after = (first or 1) + months
        return (datetime(year, first or 1, 1, tzinfo=UTC).timestamp(),
                datetime(year + (after > 12), after - 12 if after > 12 else after, 1, tzinfo=UTC).timestamp())  # fmt: skip
    except (ValueError, OverflowError):
        raise BadInput(field, text, "write 2026, 2026-Q1, 2026-03, 2026-03-14, or two of them with / between") from None
