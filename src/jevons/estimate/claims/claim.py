"""What a published card or row states, read into domain units, with the width of its rounding."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.world import devices
from jevons.world.hardware import Device

NUMBERS: dict[str, tuple[str, str, float]] = {  # key -> (what it is, unit in which a bare number is read, size of it)
    "params": ("params", "", 1.0), "params_b": ("params", "", 1e9),
    "active": ("active", "", 1.0), "active_params_b": ("active", "", 1e9),
    "tokens": ("tokens", "", 1.0), "tokens_b": ("tokens", "", 1e9),
    "device_hours": ("device_hours", "", 1.0), "num_devices": ("num_devices", "", 1.0), "n": ("num_devices", "", 1.0),
    "wall_hours": ("wall_hours", "", 1.0), "hours": ("wall_hours", "", 1.0), "wall_days": ("wall_hours", "", units.HOURS_PER_DAY),
    "avg_power_w": ("power_w", "W", 1.0), "power_w": ("power_w", "W", 1.0), "tdp_w": ("tdp_w", "W", 1.0),
    "peak_tflops": ("peak_tflops", "", 1.0), "pue": ("pue", "", 1.0),
    "grid_gco2_per_kwh": ("grid_kg_per_kwh", "", 1 / units.G_PER_KG),
    "grid_kg_per_kwh": ("grid_kg_per_kwh", "kg/kWh", 1.0),
    "energy_kwh": ("energy_kwh", "kWh", 1.0), "energy_mwh": ("energy_kwh", "", 1e3),
    "kg": ("kg", "kg", 1.0), "kgco2e": ("kg", "kg", 1.0), "tco2e": ("kg", "", 1e3), "reported_tco2e": ("kg", "", 1e3),
    "total": ("total", "", 1.0),
}  # fmt: skip
EXACT = ("num_devices", "tdp_w", "peak_tflops")
FLAGS = ("includes_pue", "encoder_decoder")
NESTED = ("parts", "products", "meters", "siblings")
TEXT = ("model", "name", "hardware", "year", "precision", "power_boundary", "scope_note", "note", "source",
        "confidence", "family", "id", "url", "licence", "country")  # fmt: skip
_MANTISSA = re.compile(r"\s*[-+]?([\d,_]*\.?\d*)(?:[eE]([-+]?\d+))?")


@dataclass(frozen=True, slots=True)
class Stated:
    """A printed number in its domain unit and ``half`` a unit of its last printed digit."""

    value: float
    half: float = 0.0

    @property
    def relative(self) -> float:
        """Half a unit of the last digit as a share of the value."""
        return self.half / abs(self.value) if self.value else 0.0


@dataclass(frozen=True)
class Claim:
    """A record as read. ``numbers``: first statement of each quantity; ``restated``: those made more than once."""

    name: str
    numbers: Mapping[str, Stated]
    restated: Mapping[str, tuple[Stated, ...]] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    device: Device | None = None
    includes_pue: bool | None = None
    encoder_decoder: bool = False
    parts: Mapping[str, Stated] = field(default_factory=dict)
    products: tuple[Mapping[str, Any], ...] = ()
    meters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    siblings: tuple[Claim, ...] = ()

    def value(self, name: str) -> float | None:
        """The number stated first, None where none is stated."""
        found = self.numbers.get(name)
        return None if found is None else found.value

    def rounding(self, *names: str) -> float:
        """The widest relative error that the rounding of these numbers can cause in their product."""
        return sum(self.numbers[n].relative for n in names if n in self.numbers)

    @property
    def tdp_w(self) -> float | None:
        """TDP as stated, else that of the hardware."""
        stated = self.value("tdp_w")
        return stated if stated is not None else self.device.tdp_w if self.device else None

    @property
    def nominal_kwh(self) -> tuple[float, str] | None:
        """Device-hours × power (stated, else TDP), in kWh, and the product in words."""
        hours, power, word = self.value("device_hours"), self.value("power_w"), "W"
        if power is None:
            power, word = self.tdp_w, "W TDP"
        if not hours or not power:
            return None
        return hours * power / units.W_PER_KW, f"{hours:,.6g} h × {power:g} {word}"


def read(record: Mapping[str, Any]) -> Claim:
    """The claim of a record.

    Numbers may be text with units ("1287 MWh"), or lists where a card states one thing twice. Empty cells are
    absent. Errors: UnknownName for a key that means nothing here, BadInput naming a key whose value is no
    number of at least 0, and for a record that states no number at all.
    """
    if not isinstance(record, Mapping):
        raise BadInput("record", record, "give a mapping of field to value, e.g. {'tco2e': 552, 'energy_mwh': 1287}")
    given = {k: v for k, v in record.items() if not _empty(v)}
    _check_keys(given)
    stated: dict[str, tuple[Stated, ...]] = {}
    for key in (k for k in given if k in NUMBERS):
        name = NUMBERS[key][0]
        stated[name] = (*stated.get(name, ()), *_statements(key, given[key]))
    _devices_by_hours(stated)
    nested = _nested(given)
    if not stated and not any(nested.values()):
        raise BadInput("record", dict(record), "state at least one number, e.g. device_hours, energy_mwh or tco2e")
    text = {k: str(given[k]) for k in TEXT if k in given}
    return Claim(
        text.get("name") or text.get("model") or "record", {k: v[0] for k, v in stated.items()},
        {k: v for k, v in stated.items() if len(v) > 1}, text, _device(text.get("hardware", "")),
        _includes_pue(given), _flag("encoder_decoder", given) is True, **nested,
    )  # fmt: skip


def _devices_by_hours(stated: dict[str, tuple[Stated, ...]]) -> None:
    """Device-hours = devices × wall-clock hours, where they are not stated themselves."""
    if "device_hours" not in stated and {"num_devices", "wall_hours"} <= set(stated):
        count, wall = stated["num_devices"][0], stated["wall_hours"][0]
        stated["device_hours"] = (Stated(count.value * wall.value, count.value * wall.half),)


def pue_scope(note: str) -> bool | None:
    """Whether an energy includes the facility's overhead, by the words of a scope note; None where it is silent.

    Stated rule: the words including (incl, includes, including) or excluding (excl, excludes, excluding, no,
    without, "not applied") joined directly to PUE decide; a note that says both decides nothing.
    """
    text = note.lower()
    inside = re.search(r"\bincl(?:\.|udes|uding|uded)? (?:the )?pue", text) is not None
    outside = re.search(r"\b(?:excl(?:\.|udes|uding)?|no|without|before) (?:the )?pue|pue not applied", text) is not None
    return None if inside == outside else inside


def power_scope(note: str) -> str:
    """``server`` or ``chip`` where a scope note says what the power covers, else empty."""
    text = note.lower()
    if re.search(r"(system|node) power|incl\w* host|server power", text):
        return "server"
    return "chip" if re.search(r"\b(gpu|accelerator|chip) power|\btdp\b", text) else ""


def as_printed(key: str, value: Any, unit: str = "", size: float = 1.0) -> Stated:
    """A number with the half-width of its last printed digit; an integer's zeros count from the third digit on."""
    number = float(units.read(value, unit, key)) * (1.0 if isinstance(value, str) and _has_unit(value) else size)
    mantissa, exponent = _digits(value)
    digits = float(mantissa or 0) * 10.0**exponent
    half = 0.5 * 10.0 ** (_place(mantissa) + exponent)
    return Stated(number, half * number / digits if digits else half * size)


def _digits(value: Any) -> tuple[str, int]:
    shown = value if isinstance(value, str) else repr(float(value)).removesuffix(".0")
    found = _MANTISSA.match(shown)
    mantissa, exponent = (found[1], found[2]) if found else ("", None)
    return mantissa.replace(",", "").replace("_", ""), int(exponent or 0)


def _place(mantissa: str) -> int:
    """Decimal place of the last digit that counts: -2 for 24.69, 3 for 437000, 0 for 100 (two digits at least)."""
    whole, _, decimals = mantissa.partition(".")
    if decimals:
        return -len(decimals)
    zeros = len(whole) - len(whole.rstrip("0"))
    return max(min(zeros, len(whole.lstrip("0")) - 2), 0)


def _has_unit(text: str) -> bool:
    return re.search(r"[A-Za-z%$]", re.sub(r"[eE][-+]?\d+", "", text, count=1)) is not None


def _statements(key: str, value: Any) -> tuple[Stated, ...]:
    name, unit, size = NUMBERS[key]
    unit = {"energy_mwh": "kWh", "tco2e": "kg", "reported_tco2e": "kg",
            "grid_gco2_per_kwh": "kg/kWh"}.get(key, unit) if isinstance(value, str) and _has_unit(value) else unit  # fmt: skip
    many = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    found = tuple(as_printed(key, v, unit, size) for v in many)
    return tuple(Stated(s.value) for s in found) if name in EXACT else found


def _nested(given: Mapping[str, Any]) -> dict[str, Any]:
    parts = {k: as_printed(f"parts.{k}", v) for k, v in _mapping(given, "parts").items()}
    products = tuple(_product(p, i) for i, p in enumerate(given.get("products", ())))
    meters = {k: _meter(k, v) for k, v in _mapping(given, "meters").items()}
    return {"parts": parts, "products": products, "meters": meters,
            "siblings": tuple(read(s) for s in given.get("siblings", ()))}  # fmt: skip


def _product(row: Any, place: int) -> Mapping[str, Any]:
    if not isinstance(row, Mapping) or not {"factors", "product"} <= set(row):
        raise BadInput(f"products[{place}]", row, "give {'name': ..., 'factors': [111.6, 1.2], 'product': 148.2}")
    at = f"products[{place}]"
    return {"name": str(row.get("name", at)), "product": as_printed(at, row["product"]),
            "factors": tuple(as_printed(f"{at}.factors", f) for f in row["factors"])}  # fmt: skip


def _meter(name: str, meter: Any) -> Mapping[str, Any]:
    """A meter reads ``energy_kwh``, or ``power_w`` over ``hours``; ``includes`` names the meters inside it."""
    if not isinstance(meter, Mapping) or not ({"energy_kwh"} <= set(meter) or {"power_w", "hours"} <= set(meter)):
        mend = "give energy_kwh, or power_w and hours, and in includes the names of the meters inside it"
        raise BadInput(f"meters.{name}", meter, mend)
    if "energy_kwh" in meter:
        kwh = as_printed(f"meters.{name}.energy_kwh", meter["energy_kwh"], "kWh")
    else:
        power, hours = (as_printed(f"meters.{name}.{k}", meter[k], u) for k, u in (("power_w", "W"), ("hours", "")))
        value = power.value * hours.value / units.W_PER_KW
        kwh = Stated(value, value * hours.relative)
    return {"energy_kwh": kwh, "includes": tuple(meter.get("includes", ()))}


def _mapping(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = given.get(key, {})
    if not isinstance(found, Mapping):
        raise BadInput(key, found, "give a mapping of name to value")
    return found


def _row(row: Mapping[str, Any], file: str, number: int) -> Claim:
    try:
        return read(row)
    except BadInput as trouble:
        raise TableError(file, number, trouble.field, trouble.value, trouble.mend) from None


def _check_keys(given: Mapping[str, Any]) -> None:
    known = (*NUMBERS, *FLAGS, *NESTED, *TEXT)
    for key in given:
        if key not in known:
            raise UnknownName("audit field", str(key), difflib.get_close_matches(str(key), known, 3, 0.0))


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _flag(name: str, given: Mapping[str, Any]) -> bool | None:
    value = given.get(name)
    words = {"yes": True, "true": True, "no": False, "false": False}
    if value is None or isinstance(value, bool):
        return value
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise BadInput(name, value, "say yes or no, or leave it out where the source is silent")


def _includes_pue(given: Mapping[str, Any]) -> bool | None:
    stated = _flag("includes_pue", given)
    return stated if stated is not None else pue_scope(str(given.get("scope_note", "")))


def _device(name: str) -> Device | None:
    kind = re.sub(r"^\s*\d+\s*[x×*]\s*", "", name, flags=re.IGNORECASE)  # "8 x A100" is an A100
    if not kind:
        return None
    try:
        return devices.device(kind)[0]
    except UnknownName:
        return None  # a finding says so: see the rule `hardware`


def claims(rows: Sequence[Mapping[str, Any]], file: str = "rows", first: int = 2) -> Iterator[Claim]:
    """The claims of a table, each with those that share its source and its hardware as siblings.

    ``first``: number of the first row; 2 is the one under a header. Errors: TableError naming file, row and field.
    """
    read_rows = [_row(row, file, number) for number, row in enumerate(rows, start=first)]
    keys = [(c.text.get("family") or c.text.get("source", ""), c.text.get("hardware", "")) for c in read_rows]
    for i, claim in enumerate(read_rows):
        kin = tuple(c for j, c in enumerate(read_rows) if j != i and keys[j] == keys[i] and all(keys[i]))
        yield Claim(**{**claim.__dict__, "siblings": (*claim.siblings, *kin)})

