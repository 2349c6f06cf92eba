"""Units at the border: text is read into plain floats, and plain floats are scaled for the eye.

Inside jevons a quantity is a float in one domain unit: s, W, kWh, kg, L, MJ, USD, GB, FLOP.
Only here stand the factors between a unit and its multiples.
"""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0
HOURS_PER_YEAR = 8760.0
JOULES_PER_KWH = 3.6e6
SECONDS_PER_DAY = 86400.0
BYTES_PER_GB = 1e9
MOST = 10**300
"""Whole numbers beyond it are no quantity."""
W_PER_KW = 1000.0
G_PER_KG = 1000.0
FLOP_PER_TFLOP = 1e12
UJ_PER_J = 1_000_000
NS_PER_S = 1_000_000_000

# unit -> (dimension, size in that dimension's domain unit)
UNITS: dict[str, tuple[str, float]] = {
    "s": ("time", 1.0), "ms": ("time", 1e-3), "us": ("time", 1e-6), "min": ("time", 60.0),
    "h": ("time", 3600.0), "hour": ("time", 3600.0), "hours": ("time", 3600.0),
    "d": ("time", 86400.0), "day": ("time", 86400.0), "days": ("time", 86400.0),
    "month": ("time", 2629800.0), "months": ("time", 2629800.0),
    "year": ("time", 31557600.0), "years": ("time", 31557600.0),
    "W": ("power", 1.0), "mW": ("power", 1e-3), "kW": ("power", 1e3), "MW": ("power", 1e6), "GW": ("power", 1e9),
    "kWh": ("energy", 1.0), "Wh": ("energy", 1e-3), "MWh": ("energy", 1e3), "GWh": ("energy", 1e6),
    "TWh": ("energy", 1e9), "J": ("energy", 1 / 3.6e6), "mJ": ("energy", 1 / 3.6e9),
    "kJ": ("energy", 1e3 / 3.6e6), "MJ": ("energy", 1e6 / 3.6e6), "GJ": ("energy", 1e9 / 3.6e6),
    "TJ": ("energy", 1e12 / 3.6e6), "PJ": ("energy", 1e15 / 3.6e6),
    "kg": ("mass", 1.0), "g": ("mass", 1e-3), "mg": ("mass", 1e-6), "t": ("mass", 1e3), "kt": ("mass", 1e6),
    "Mt": ("mass", 1e9), "lb": ("mass", 0.45359237),
    "L": ("volume", 1.0), "mL": ("volume", 1e-3), "m3": ("volume", 1e3), "gal": ("volume", 3.785411784),
    "ML": ("volume", 1e6), "GL": ("volume", 1e9),
    "USD": ("money", 1.0), "$": ("money", 1.0), "kUSD": ("money", 1e3), "MUSD": ("money", 1e6),
    "GB": ("data", 1.0), "MB": ("data", 1e-3), "kB": ("data", 1e-6), "TB": ("data", 1e3), "PB": ("data", 1e6),
    "GiB": ("data", 1.073741824), "TiB": ("data", 1099.511627776), "MiB": ("data", 1.048576e-3),
    "GB-month": ("storage", 1.0), "TB-month": ("storage", 1e3), "PB-month": ("storage", 1e6), "kgSb": ("depletion", 1.0),
    "FLOP": ("work", 1.0), "GFLOP": ("work", 1e9), "TFLOP": ("work", 1e12), "PFLOP": ("work", 1e15),
    "EFLOP": ("work", 1e18), "ZFLOP": ("work", 1e21),
    "km": ("distance", 1.0), "mile": ("distance", 1.609344), "mi": ("distance", 1.609344),
    "token": ("count", 1.0), "tokens": ("count", 1.0), "": ("count", 1.0), "%": ("count", 0.01),
}  # fmt: skip
COUNT_SUFFIX = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "bn": 1e9, "T": 1e12, "tn": 1e12}
_NUMBER = re.compile(
    r"\s*([-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$", re.DOTALL
)
_LADDERS: dict[str, tuple[tuple[str, float], ...]] = {
    "kWh": (("J", 1 / 3.6e6), ("Wh", 1e-3), ("kWh", 1.0), ("MWh", 1e3), ("GWh", 1e6), ("TWh", 1e9)),
    "kg": (("mg", 1e-6), ("g", 1e-3), ("kg", 1.0), ("t", 1e3), ("kt", 1e6), ("Mt", 1e9)),
    "L": (("mL", 1e-3), ("L", 1.0), ("m3", 1e3), ("ML", 1e6), ("GL", 1e9)),
    "MJ": (("kJ", 1e-3), ("MJ", 1.0), ("GJ", 1e3), ("TJ", 1e6), ("PJ", 1e9)),
    "USD": (("USD", 1.0), ("kUSD", 1e3), ("MUSD", 1e6)),
    "W": (("W", 1.0), ("kW", 1e3), ("MW", 1e6), ("GW", 1e9)),
    "s": (("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0), ("days", 86400.0)),
    "GB": (("MB", 1e-3), ("GB", 1.0), ("TB", 1e3), ("PB", 1e6)),
}


def read(value: Any, unit: str, field: str = "value", *, minimum: float | None = 0.0) -> Any:
    """A float (or array) in ``unit`` from a number, an array, or text such as ``"429 g/kWh"`` or ``"2T"``.

    A bare number is taken to be in ``unit`` already. Errors: BadInput for text that is no quantity, for a
    unit of another dimension, for NaN or infinity, and for anything under ``minimum``.
    """
    if isinstance(value, str):
        return _bounded(_parse(value, unit, field), value, field, minimum)
    if isinstance(value, bool) or value is None:
        raise BadInput(field, value, f"give a number or text with a unit, e.g. {_example(unit)}")
    if isinstance(value, int) and abs(value) > MOST:
        raise BadInput(field, f"a whole number of {value.bit_length()} bits", "give a finite number")
    if isinstance(value, (int, float)):
        return _bounded(float(value), value, field, minimum)
    return _bounded_array(value, field, minimum)


def whole(value: Any, field: str) -> int:
    """A whole number. Errors: BadInput for anything else, yes and no among them."""
    if isinstance(value, bool) or getattr(value, "ndim", None) or not hasattr(value, "__index__"):
        raise BadInput(field, value, "give a whole number")
    return operator.index(value)


def calendar_year(value: Any, field: str = "year") -> int | None:
    """A year as a whole number from 1990 to 2100, or None where none is given. Errors: BadInput."""
    if value is None:
        return None
    number = whole(value, field)
    if not 1990 <= number <= 2100:
        raise BadInput(field, value, "give a calendar year from 1990 to 2100")
    return number


def convert(value: float, unit: str, to: str) -> float:
    """``value`` in ``unit`` expressed in ``to``; compound units such as ``lb/MWh`` are divided out."""
    dimension, size = _unit(unit)
    wanted, to_size = _unit(to)
    if dimension != wanted:
        raise BadInput("unit", unit, f"it measures {dimension}, not {wanted} ({to})")
    return value * size / to_size


def show(value: float, unit: str, digits: int = 3) -> str:
    """``value`` in the multiple a person would say, e.g. ``show(1_287_000, "kWh")`` → ``1.29 GWh``."""
    name, size = scale_of(value, unit)
    return f"{significant(value / size, digits)} {name}"


def scale_of(value: float, unit: str) -> tuple[str, float]:
    """The multiple of ``unit`` in which ``value`` reads best, as (name, size)."""
    ladder = _LADDERS.get(unit, ((unit, 1.0),))
    if not value or not math.isfinite(value):
        return unit, 1.0
    fitting = [step for step in ladder if abs(value) >= 0.9995 * step[1]]
    return fitting[-1] if fitting else ladder[0]


def significant(value: float, digits: int = 3) -> str:
    """``value`` with ``digits`` significant digits and thousands separators; ``1.23e-12`` at the far ends."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = f"{value:.{digits - 1}e}"
    exponent = int(rounded.partition("e")[2])
    decimals = digits - 1 - exponent
    if decimals > 9 or exponent >= 15:
        return rounded
    return f"{float(rounded):,.{max(decimals, 0)}f}"


def fahrenheit(celsius: ArrayLike) -> Any:
    """Degrees Fahrenheit from degrees Celsius (float or array)."""
    return celsius * 9.0 / 5.0 + 32.0  # type: ignore[operator]


def celsius(fahrenheit: ArrayLike) -> Any:
    """Degrees Celsius from degrees Fahrenheit (float or array)."""
    return (fahrenheit - 32.0) * 5.0 / 9.0  # type: ignore[operator]


def _parse(text: str, unit: str, field: str) -> float:
    found = _NUMBER.match(text)
    if not found:
        raise BadInput(field, text, f"give a number with a unit, e.g. {_example(unit)}")
    number, tail = float(found[1].replace(",", "").replace("_", "")), found[2]
    if not tail:
        return number
    if tail[0] == ",":
        raise BadInput(field, text, "write a decimal point, and commas only between thousands, e.g. '1,000.5'")
    if tail in COUNT_SUFFIX and _unit(unit)[0] == "count":
        return number * COUNT_SUFFIX[tail]
    head, _, rest = tail.partition(" ")
    if rest and head in COUNT_SUFFIX:
        number, tail = number * COUNT_SUFFIX[head], rest.strip()
    try:
        return convert(number, tail, unit)
    except BadInput as trouble:
        raise BadInput(field, text, f"{trouble.mend}; e.g. {_example(unit)}") from None


def _unit(unit: str) -> tuple[str, float]:
    top, *bottoms = unit.split("/")
    dimension, size = _simple(top)
    for bottom in bottoms:
        other, other_size = _simple(bottom)
        dimension, size = f"{dimension}/{other}", size / other_size
    return dimension, size


def _simple(unit: str) -> tuple[str, float]:
    name = re.sub(r"(?<=[a-zA-Z])\s*(CO2e?q?|CO2-?eq)$", "", unit.strip())
    if name in UNITS:
        return UNITS[name]
    raise BadInput("unit", unit, "no unit of that name")


def _example(unit: str) -> str:
    return f"'300 {unit}'" if unit else "'300B' or 3e11"


def _bounded(number: float, shown: object, field: str, minimum: float | None) -> float:
    if not math.isfinite(number):
        raise BadInput(field, shown, "give a finite number")
    if minimum is not None and number < minimum:
        raise BadInput(field, shown, f"give a value of at least {minimum:g}")
    return number


def _bounded_array(value: Any, field: str, minimum: float | None) -> Any:
    import numpy as np

    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise BadInput(field, value, "give a number, text with a unit, or an array of numbers") from None
    if np.asarray(value).dtype == bool:
        raise BadInput(field, value, "give numbers, not yes or no")
    if array.ndim == 0:
        return _bounded(float(array), value, field, minimum)
    if not array.size:
        raise BadInput(field, value, "give at least one number")
    if not np.isfinite(array).all():
        raise BadInput(field, f"an array with {int((~np.isfinite(array)).sum())} entries not finite",
                       "give finite numbers")
    if minimum is not None and array.size and float(array.min()) < minimum:
        raise BadInput(field, float(array.min()), f"give values of at least {minimum:g}")
    return array
