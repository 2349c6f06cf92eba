"""A contract ledger read from the user's file, CSV or TOML, and checked row by row before a MWh of it counts."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jevons.account.market.contracts import KINDS, Contract, Contracts, Use
from jevons.core.errors import BadInput, JevonsError, TableError
from jevons.core.units import convert
from jevons.core.units import read as read_quantity
from jevons.world import catalog
from jevons.world.place import locate

COLUMNS = ("kind", "id", "mwh", "zone", "vintage", "fuel", "retirement", "start", "end", "site", "used_mwh", "intensity")
RESIDUAL = "residual"
LARGEST_BYTES = 64_000_000
TRACE_KWH = 1e-9
LEAST_G_PER_KWH = 1.0  # no mix but pure wind, water or sun lies below it: such a number was meant in kg
YEARS = (1990, 2100)
FORMULA = ("=", "+", "-", "@")
Row = Mapping[str, str]
Claim = tuple[str, str, str, int, str]
Claims = dict[tuple[str, str], list[tuple[float, float, int]]]


def contracts(path: str | Path) -> Contracts:
    """The contract ledger in a file: a CSV with the columns of COLUMNS, or TOML.

        [[contract]]   the same keys          [[residual]]   zone, vintage, intensity
        [markets]      europe = ["FRA", "DEU"]               [rules]   vintage_years = 0

    ``mwh`` less ``used_mwh`` (claimed elsewhere before) is what may still be used. Errors: BadInput for a file that is
    not there or too large; TableError naming file, row and column for a row that would not hold before an auditor.
    """
    file = Path(path)
    text = _text(file)
    if file.suffix.lower() == ".toml":
        rows, markets, years = _toml(file.name, text)
    elif file.suffix.lower() == ".csv":
        rows, markets, years = _csv(file.name, text), {}, 0
    else:
        raise BadInput("contracts", str(path), "name a file that ends in .csv or .toml")
    return _ledger(file.name, rows, markets, years)


def after(path: str | Path, uses: Sequence[Use]) -> str:
    """The ledger in a CSV with ``used_mwh`` raised by what was claimed, so that the next report cannot claim it again.

    Hours of one retirement share its claim by what each still holds. Errors: those of ``read``; BadInput for TOML, or
    where the file is not the one the uses came from.
    """
    file = Path(path)
    if file.suffix.lower() != ".csv":
        raise BadInput("contracts", str(path), "only a .csv is written anew; enter used_mwh in the TOML yourself")
    text = _text(file)
    rows = [dict(row) for _, row in _csv(file.name, text)]
    held = [None if row["kind"] == RESIDUAL else _contract(file.name, n, row) for n, row in enumerate(rows, start=2)]
    claimed, whole = dict[Claim, float](), dict[Claim, float]()
    for use in uses:
        claimed[_lot(use.contract)] = claimed.get(_lot(use.contract), 0.0) + use.energy_kwh
    for contract in held:
        if contract is not None:
            whole[_lot(contract)] = whole.get(_lot(contract), 0.0) + contract.energy_kwh
    for lot, kwh in claimed.items():
        if kwh > whole.get(lot, 0.0) * (1 + 1e-9) + TRACE_KWH:
            raise BadInput("contracts", lot[0], f"{file.name} holds less of it than was claimed: it is another ledger")
    for row, contract in zip(rows, held, strict=True):
        if contract is not None and (kwh := claimed.get(_lot(contract), 0.0)):
            used = float(row["used_mwh"] or 0) + convert(kwh * contract.energy_kwh / whole[_lot(contract)], "kWh", "MWh")
            row["used_mwh"] = repr(min(used, float(row["mwh"])))
    return _as_csv(rows) if rows else text


def _lot(contract: Contract) -> Claim:
    return contract.id, contract.retirement, contract.zone, contract.vintage, contract.site


def _as_csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _ledger(name: str, rows: Iterator[tuple[int, Row]], markets: Mapping[str, str], years: int) -> Contracts:
    held: list[Contract] = []
    residual: dict[tuple[str, int], float] = {}
    seen: Claims = {}
    for number, row in rows:
        if row.get("kind") == RESIDUAL:
            zone, vintage = _zone(name, number, row), _vintage(name, number, row)
            key = (locate(zone).country, vintage)
            if key in residual:
                raise TableError(name, number, "zone", zone, "this residual mix stands in a row above; keep one")
            residual[key] = _intensity(name, number, row)
            continue
        contract = _contract(name, number, row)
        _once(name, number, contract, seen)
        held.append(contract)
    return Contracts(tuple(c for c in held if c.energy_kwh > 0), residual, markets, years, name)


def _contract(name: str, number: int, row: Row) -> Contract:
    kind = row.get("kind", "")
    if kind not in KINDS:
        raise TableError(name, number, "kind", kind, f"use one of {', '.join([*KINDS, RESIDUAL])}")
    for column in ("id", *(("retirement",) if kind == "certificate" else ())):
        if not row.get(column):
            mend = "name it" if column == "id" else "a certificate counts once it is retired: enter the retirement's id"
            raise TableError(name, number, column, row.get(column, ""), mend)
    for column in ("id", "retirement", "site"):
        if row.get(column, "").startswith(FORMULA):
            raise TableError(name, number, column, row[column], "a spreadsheet would run it as a formula: begin it with a letter or a digit")
    start_s, end_s = _interval(name, number, row)
    fuel = row.get("fuel", "")
    return Contract(kind, row["id"], _energy(name, number, row), _zone(name, number, row), _vintage(name, number, row, start_s),
                    fuel, _intensity(name, number, row) if row.get("intensity") else _of_fuel(name, number, fuel),
                    row.get("retirement", ""), start_s, end_s, row.get("site", ""))  # fmt: skip


def _once(name: str, number: int, contract: Contract, seen: Claims) -> None:
    """No retirement twice, no contract twice: the hours of one id may follow each other, never overlap."""
    spans, (start, end) = seen.setdefault(contract.claim, []), contract.span
    at = bisect(spans, (start, end, number))
    for earlier in spans[max(0, at - 1) : at + 1]:
        if start < earlier[1] and earlier[0] < end:
            mend = f"row {earlier[2]} holds the same electricity; a MWh is claimed once"
            raise TableError(name, number, *contract.claim, mend)
    spans.insert(at, (start, end, number))


def _energy(name: str, number: int, row: Row) -> float:
    mwh = _number(name, number, row, "mwh")
    used = _number(name, number, row, "used_mwh") if row.get("used_mwh") else 0.0
    if used > mwh:
        raise TableError(name, number, "used_mwh", used, f"more was claimed than the {mwh:g} MWh there are")
    return convert(mwh - used, "MWh", "kWh")


def _number(name: str, number: int, row: Row, column: str) -> float:
    try:
        value = float(row.get(column, "") or "nan")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise TableError(name, number, column, row.get(column, ""), "give MWh as a number of at least 0")
    return value


def _zone(name: str, number: int, row: Row) -> str:
    return _cell(name, number, "zone", row.get("zone", ""), lambda text: locate(text).country and text,
                 "name the country or grid zone of the generation")  # fmt: skip


def _vintage(name: str, number: int, row: Row, start_s: float | None = None) -> int:
    text = str(row.get("vintage", ""))
    if not text and start_s is not None:
        return datetime.fromtimestamp(start_s, UTC).year
    if not (text.isdigit() and YEARS[0] <= int(text) <= YEARS[1]):
        raise TableError(name, number, "vintage", text, "give the year of generation, e.g. 2024")
    if start_s is not None and datetime.fromtimestamp(start_s, UTC).year != int(text):
        raise TableError(name, number, "vintage", text, "the row's start lies in another year (UTC)")
    return int(text)


def _intensity(name: str, number: int, row: Row) -> float:
    def kg_per_kwh(text: str) -> float:
        if any(x.isalpha() for x in text):
            return float(read_quantity(text, "kg/kWh", "intensity"))
        if 0 < float(text) < LEAST_G_PER_KWH:
            raise BadInput("intensity", text, "it looks like kg/kWh, and a bare number is read as g/kWh: write the unit")
        return float(read_quantity(f"{text} g/kWh", "kg/kWh", "intensity"))

    return _cell(name, number, "intensity", row.get("intensity", ""), kg_per_kwh,
                 "give the direct emissions, in g/kWh or with a unit: '41 g/kWh'")  # fmt: skip


def _of_fuel(name: str, number: int, fuel: str) -> float:
    """kg/kWh that leave the stack for a fuel, from the table; TableError where it is not in it."""
    rows = {r["fuel"]: float(r["ci_g_per_kwh"]) for r in catalog.table("grid_fuel")
            if r["scope"] == "direct" and r["mix_default"] == "yes"}  # fmt: skip
    if fuel not in rows:
        raise TableError(name, number, "fuel", fuel, f"name one of {', '.join(rows)}, or give the intensity")
    return convert(rows[fuel], "g", "kg")


def _interval(name: str, number: int, row: Row) -> tuple[float | None, float | None]:
    start, end = row.get("start", ""), row.get("end", "")
    if not start and not end:
        return None, None
    start_s, end_s = (_cell(name, number, c, text, _instant, "give ISO time with its zone: 2024-06-01T12:00Z")
                      for c, text in (("start", start), ("end", end)))  # fmt: skip
    if not start_s < end_s <= start_s + convert(1, "h", "s"):
        raise TableError(name, number, "end", end, "give an interval of at most one hour, or leave both out and give the vintage")
    return start_s, end_s


def _instant(text: str) -> float:
    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        raise ValueError("no zone")
    return stamp.timestamp()


def _cell(name: str, number: int, column: str, text: str, reading: Callable[[str], Any], mend: str) -> Any:
    try:
        if not text:
            raise ValueError("empty")
        if (value := reading(text)) == "":
            raise ValueError("empty")
        return value
    except (ValueError, JevonsError) as trouble:
        why = f"{mend} ({trouble})" if isinstance(trouble, JevonsError) else mend
        raise TableError(name, number, column, text, why) from None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise BadInput("contracts", str(file), f"larger than {LARGEST_BYTES // 1_000_000} MB; split it by year")
        return file.read_text(encoding="utf-8-sig")
    except OSError as trouble:
        raise BadInput("contracts", str(file), f"name a file that can be read ({trouble.strerror})") from None
    except UnicodeDecodeError:
        raise TableError(file.name, None, None, "bytes that are not UTF-8", "save it as UTF-8") from None


def _csv(name: str, text: str) -> Iterator[tuple[int, Row]]:
    table = csv.DictReader(io.StringIO(text), strict=True)
    unknown = [c for c in table.fieldnames or () if c not in COLUMNS]
    if unknown or not table.fieldnames:
        raise TableError(name, 1, unknown[0] if unknown else None, unknown[0] if unknown else "", f"its columns are {', '.join(COLUMNS)}")
    try:
        for row in table:
            if None in row or None in row.values():
                raise TableError(name, table.line_num, None, "too many or too few cells", "give every column, empty where unknown")
            yield table.line_num, {k: v.strip() for k, v in row.items()}
    except csv.Error as trouble:
        raise TableError(name, table.line_num, None, str(trouble), "mend the row") from None


def _toml(name: str, text: str) -> tuple[Iterator[tuple[int, Row]], dict[str, str], int]:
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as trouble:
        raise TableError(name, None, None, str(trouble), "mend the TOML") from None
    shapes = {"contract": list, RESIDUAL: list, "markets": dict, "rules": dict}
    for key, value in told.items():
        if not isinstance(value, shapes.get(key, ())):
            raise TableError(name, None, key, value, "its tables are [[contract]], [[residual]], [markets] and [rules]")
    years = told.get("rules", {}).get("vintage_years", 0)
    if not (isinstance(years, int) and 0 <= years <= 5):
        raise TableError(name, None, "vintage_years", years, "give whole years, 0 to 5")
    return _toml_rows(name, told), _markets(name, told.get("markets", {})), years


def _markets(name: str, told: Mapping[str, Any]) -> dict[str, str]:
    markets: dict[str, str] = {}
    for market, places in told.items():
        if not isinstance(places, list):
            raise TableError(name, None, f"markets.{market}", places, "give a list of countries")
        for place in places:
            country = _cell(name, 0, f"markets.{market}", str(place), lambda x: locate(x).country, "name countries")
            if markets.setdefault(country, market) != market:
                raise TableError(name, None, f"markets.{market}", place, f"it stands in {markets[country]} too")
    return markets


def _toml_rows(name: str, told: Mapping[str, Any]) -> Iterator[tuple[int, Row]]:
    rows = [{"kind": RESIDUAL, **row} if isinstance(row, dict) else row for row in told.get(RESIDUAL, ())]
    rows += told.get("contract", ())
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise TableError(name, number, None, row, "write each as a table of its own")
        for key in row:
            if key not in COLUMNS:
                raise TableError(name, number, key, row[key], f"its keys are {', '.join(COLUMNS)}")
        yield number, {k: str(v.isoformat() if hasattr(v, "isoformat") else v) for k, v in row.items()}
