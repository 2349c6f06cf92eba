"""Every error jevons raises on purpose.

    JevonsError
    ├── BadInput (ValueError)          a value nobody could compute with
    │   ├── UnknownName (LookupError)  a name that no table holds
    │   ├── TableError                 a file whose row or column cannot be read
    │   ├── Contradiction              two inputs that cannot both be true
    │   └── DoesNotFit                 a layout that exceeds the memory of its devices
    ├── MissingFactor (LookupError)    nothing says what a unit of this flow costs
    ├── StudyMismatch (ValueError)     two footprints that answer different questions
    ├── OverlappingMeters (ValueError) two meters that count the same joule
    └── MissingExtra (ImportError)     an optional package is not installed

Each message says what is wrong, where, and the mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class JevonsError(Exception):
    """Anything jevons raises on purpose; it survives pickling, so that workers can report it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (type(self), self.args, self.__dict__)


class BadInput(JevonsError, ValueError):
    """A value nobody could compute with.

    Parameters: the ``field`` it was given for, the ``value`` itself and the ``mend`` to try.
    """

    def __init__(self, field: str, value: object, mend: str):
        self.field, self.value, self.mend = field, value, mend
        super().__init__(f"{field}: {_shown(value)} will not do; {mend}")


class UnknownName(BadInput, LookupError):
    """A name that no table holds; the nearest names are offered."""

    def __init__(self, kind: str, name: str, nearest: Sequence[str] = (), mend: str = ""):
        self.kind, self.name, self.nearest = kind, name, tuple(nearest)
        hint = f"nearest: {', '.join(self.nearest)}" if self.nearest else "nothing comes near"
        super().__init__(kind, name, f"no {kind} of that name; {hint}" + (f"; {mend}" if mend else ""))


class TableError(BadInput):
    """A table whose row or column cannot be read."""

    def __init__(self, file: str, row: int | None, column: str | None, value: object, mend: str):
        self.file, self.row, self.column = file, row, column
        place = file + (f", row {row}" if row is not None else "") + (f", column {column}" if column else "")
        super().__init__(place, value, mend)


class Contradiction(BadInput):
    """Two inputs that cannot both be true."""


class DoesNotFit(BadInput):
    """A layout that exceeds the memory of its devices.

    ``short_gb`` is the memory missing on the fullest device, ``nearest`` a layout that fits (or None).
    """

    def __init__(self, layout: object, short_gb: float, nearest: object | None):
        self.short_gb, self.nearest = short_gb, nearest
        mend = f"the nearest that fits: {nearest}" if nearest else "no layout on these devices fits: add devices"
        super().__init__("layout", layout, f"it lacks {short_gb:.1f} GB a device; {mend}")


class MissingFactor(JevonsError, LookupError):
    """Nothing says what a unit of this flow costs; nothing is ever priced at zero in silence."""

    def __init__(self, flow: str, indicator: str, place: str, tried: Sequence[str] = (), mend: str = ""):
        self.flow, self.indicator, self.place, self.tried = flow, indicator, place, tuple(tried)
        chain = f" (tried {' → '.join(self.tried)})" if self.tried else ""
        cut = f"{flow.split('/')[0]}/{indicator.split(' ')[0]}"  # what follows the indicator says which one is lacking
        usual = f"add a row to a settings overlay, or name '{cut}' among the study's cutoffs"
        super().__init__(f"no {indicator} factor for {flow} at {place}{chain}; {mend or usual}")


class StudyMismatch(JevonsError, ValueError):
    """Two footprints that answer different questions refuse to be compared."""


class OverlappingMeters(JevonsError, ValueError):
    """Two meters that count the same joule refuse to be added."""


class MissingExtra(JevonsError, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str):
        super().__init__(f"{purpose} needs {package}; install it with: pip install 'jevons[{extra}]'")


def _revived(kind: type[JevonsError], args: tuple[Any, ...], state: Mapping[str, Any]) -> JevonsError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
