"""Who used what, when: the table by which meters are shared out.

    owner, job, model, tenant, request ...   words: whose it was
    start_s, end_s                           UTC seconds; a row without them used it all along
    busy hours, owned hours, energy, tokens, requests ...   amounts of at least 0, by which parts are shared
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.core.activity import UNDATED, Activity
from jevons.core.errors import BadInput, TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jevons.account.readers.clock import Clock

    Amount = NDArray[np.float64]

BUSY, OWNED, ENERGY = "busy hours", "owned hours", "energy"
KEYS = (BUSY, OWNED, ENERGY, "tokens", "requests")
"""Amounts that have a name of their own; any other column of numbers is a key too."""
TIMES = ("start_s", "end_s")
STAMPS = {"start": "start_s", "end": "end_s"}


@dataclass(frozen=True, eq=False)
class Usage:
    """Rows of use. ``text``: words (rows,) by column; ``amount``: floats (rows,) by key, 0 where a row has none."""

    start_s: Amount
    end_s: Amount
    text: Mapping[str, NDArray[np.object_]]
    amount: Mapping[str, Amount]

    @classmethod
    def of(cls, rows: Usage | Activity | Iterable[Mapping[str, Any]] | str | Path) -> Usage:
        """From rows of words and numbers, a file of them, or an Activity: its device hours are busy (idle ones owned), its kWh energy.

        Errors: BadInput naming row and key for an amount that is negative or not finite, or an interval that ends
        before it begins or has one end alone.
        """
        if isinstance(rows, (str, Path)):
            return usage(rows)
        if isinstance(rows, Usage):
            return rows
        if isinstance(rows, Activity):
            return _of_activity(rows)
        listed = list(rows)
        names = dict.fromkeys(name for row in listed for name in row if name not in TIMES)
        numeric = [n for n in names if n in KEYS or any(_is_number(row.get(n)) for row in listed)]
        amount = {n: np.array([_amount(i, n, row.get(n)) for i, row in enumerate(listed)], float) for n in numeric}
        text = {n: _words([str(row.get(n) or "") for row in listed]) for n in names if n not in numeric}
        start_s, end_s = (np.array([_time(i, n, row.get(n)) for i, row in enumerate(listed)], float) for n in TIMES)
        half = np.isnan(start_s) != np.isnan(end_s)
        if half.any():
            raise BadInput(f"usage row {int(np.argmax(half))}", "one of start and end", "give both, or neither for all along")
        return cls(*_ordered(start_s, end_s), text, amount)

    def __len__(self) -> int:
        return len(self.start_s)

    def key(self, name: str) -> Amount:
        """The amounts of a key; BadInput where no row has it."""
        if name not in self.amount:
            raise BadInput("key", name, f"the usage has {', '.join(self.amount) or 'no amounts'}; or share it 'equal', or None")
        return self.amount[name]

    def column(self, name: str) -> NDArray[np.object_]:
        """The words of a column; BadInput where there is none."""
        if name not in self.text:
            raise BadInput("by", name, f"the usage tells {', '.join(self.text) or 'nobody'}")
        return self.text[name]

    def within(self, start_s: float | None, end_s: float | None) -> Amount:
        """The share of each row's interval that lies in [start_s, end_s); 1 for rows or an interval without dates."""
        if start_s is None or end_s is None or np.isnan(self.start_s).all():
            return np.ones(len(self))
        span = self.end_s - self.start_s
        overlap = np.clip(np.minimum(self.end_s, end_s) - np.maximum(self.start_s, start_s), 0.0, None)
        moment = (self.start_s >= start_s) & (self.start_s < end_s)
        return np.where(span > 0, overlap / np.where(span > 0, span, 1.0), moment.astype(float))

    def take(self, index: NDArray[Any]) -> Usage:
        """The rows at ``index``, or of a mask."""
        return Usage(self.start_s[index], self.end_s[index], {n: c[index] for n, c in self.text.items()},
                     {n: c[index] for n, c in self.amount.items()})  # fmt: skip

    def dated(self, start_s: float, end_s: float) -> Usage:
        """Rows without dates become of the whole interval."""
        bare = np.isnan(self.start_s)
        return Usage(np.where(bare, start_s, self.start_s), np.where(bare, end_s, self.end_s), self.text, self.amount)


def usage(path: str | Path, zone: str = "UTC", **options: Any) -> Usage:
    """A CSV of usage: columns of words, ``start`` and ``end`` (stamps) or ``start_s`` and ``end_s``, and amounts.

    A file in a format of ``read`` (sacct, pods, exporters) serves too, with that reader's ``options``. Errors: BadInput, TableError.
    """
    from jevons.account.readers.clock import Clock
    from jevons.account.readers.lines import lines_of

    file = Path(path)
    if not file.is_file():
        raise BadInput("usage", str(path), "name an existing file")
    from jevons.account.readers import read, recognise

    try:
        recognise(file)
    except TableError:
        header, lines = lines_of(file)
        numeric = [n for n in header if n in KEYS or (lines and all(_is_numeral(x.text(n)) for x in lines if x.text(n)) and
                   any(x.text(n) for x in lines) and n.lower() not in ("job", "request", "owner", "tenant"))]  # fmt: skip
        clock = Clock(zone)
        return Usage.of([_row(line, header, numeric, clock) for line in lines])
    return Usage.of(read(file, zone=zone, **options))


def _row(line: Any, header: Sequence[str], numeric: Sequence[str], clock: Clock) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in header:
        if name in STAMPS:
            began = row.get("start_s", UNDATED) if STAMPS[name] == "end_s" else UNDATED
            row[STAMPS[name]] = line.moment(name, clock, began) if line.text(name) else UNDATED
        elif name in numeric or name in TIMES:
            row[name] = line.amount(name)
        else:
            row[name] = line.text(name)
    return row


def _of_activity(rows: Activity) -> Usage:
    hours, kwh = rows.flow_mask("device_hours"), rows.flow_mask("electricity")
    best = rows.amount.reshape(len(rows), -1)[:, 0]
    idle = rows.text["part"] == "idle" if "part" in rows.text else np.zeros(len(rows), bool)
    amount = {BUSY: np.where(hours & ~idle, best, 0.0), OWNED: np.where(hours, best, 0.0), ENERGY: np.where(kwh, best, 0.0)}
    kept = {name: values for name, values in amount.items() if values.any()}
    return Usage(*_ordered(rows.start_s, rows.end_s), rows.text, kept)


def _ordered(start_s: Amount, end_s: Amount) -> tuple[Amount, Amount]:
    bare = np.isnan(start_s) | np.isnan(end_s)
    if (end_s < start_s).any():
        raise BadInput(f"usage row {int(np.argmax(end_s < start_s))}, end_s", float(end_s[np.argmax(end_s < start_s)]),
                       "it lies before start_s")  # fmt: skip
    return np.where(bare, UNDATED, start_s), np.where(bare, UNDATED, end_s)


def _amount(row: int, name: str, value: Any) -> float:
    try:
        number = 0.0 if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        raise BadInput(f"usage row {row}, {name}", value, "give a number") from None
    if not 0 <= number < float("inf"):
        raise BadInput(f"usage row {row}, {name}", value, "give a finite amount of at least 0")
    return number


def _time(row: int, name: str, value: Any) -> float:
    try:
        return UNDATED if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        raise BadInput(f"usage row {row}, {name}", value, "give UTC seconds since 1970") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _is_numeral(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _words(words: Sequence[str]) -> NDArray[np.object_]:
    column = np.empty(len(words), dtype=object)
    column[:] = words
    return column
