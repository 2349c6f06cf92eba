"""A footprint as rows: one a datum, for spreadsheets and data frames. CSV, Parquet, JSON.

A row is an indicator of one stage, component, flow, site, boundary, method and factor: amount × rate = impact, with the
5–95 % bounds, source and quality. The impacts of an indicator sum to its total.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from jevons.core.activity import flow_unit, matched, places_of
from jevons.core.errors import BadInput, MissingExtra
from jevons.core.factor import Factor
from jevons.core.footprint import Footprint, Priced
from jevons.core.uncertain import interval
from jevons.report import figures

BY = ("stage", "component", "flow", "site", "boundary", "method", "tier")
COLUMNS = ("footprint", "indicator", *BY, "amount", "amount_unit", "rate", "impact", "unit", "low", "high", "source",
           "source_year", "place", "quality", "factor_kind", "accounting", "factor_set")  # fmt: skip
NUMBERS = ("amount", "rate", "impact", "low", "high")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)  # a refund of a bill: text, yet no formula
FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet takes for a formula, or hides one behind


def rows(footprints: Mapping[str, Footprint], factor_set: str = "") -> list[dict[str, Any]]:
    """The rows of several footprints, by title. Keys: COLUMNS. Errors: BadInput for several scenarios in one."""
    found = []
    for title, footprint in footprints.items():
        figures.single(footprint)
        for priced in footprint.priced:
            found += [{"footprint": title, **row, "factor_set": factor_set} for row in _of(footprint, priced)]
    return found


def as_csv(table: Iterable[Mapping[str, Any]], columns: Iterable[str] = COLUMNS) -> str:
    """Rows as CSV (UTF-8, comma, \\n). Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(columns)
    writer.writerow([safe(name) for name in names])
    writer.writerows([safe(row.get(name)) for name in names] for row in table)
    return text.getvalue()


def safe(value: Any) -> Any:
    """A cell no spreadsheet runs: text that begins like a formula is quoted by an apostrophe; numbers stay numbers, as text too.

    A carriage return becomes a line feed, which the writer quotes: alone it would end the row for some readers.
    """
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value).replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def as_parquet(table: list[dict[str, Any]]) -> bytes:
    """Rows as a Parquet file. Errors: MissingExtra where pyarrow is not installed; BadInput for no rows."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtra("pyarrow", "fleet", "Parquet") from None
    if not table:
        raise BadInput("rows", "none", "report a footprint that has rows")
    schema = pa.schema([(name, pa.float64() if name in NUMBERS else pa.int32() if name == "source_year" else pa.string())
                        for name in COLUMNS])  # fmt: skip
    held = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(table, schema), held, compression="zstd")
    return held.getvalue()


def _of(footprint: Footprint, priced: Priced) -> list[dict[str, Any]]:
    inventory, factor = footprint.inventory, priced.factor
    kept = inventory.amount[priced.rows]
    amount, rate = matched(kept, priced.rate)
    impacts = amount * rate
    keys = list(zip(*(inventory.column(name)[priced.rows] for name in BY), strict=True))
    return [_row(footprint, priced, factor, key, kept[at], impacts[at]) for key, at in places_of(keys).items()]


def _row(footprint: Footprint, priced: Priced, factor: Factor, key: tuple[str, ...], kept: Any, impacts: Any) -> dict[str, Any]:
    whole = impacts.reshape(-1, impacts.shape[-1]).sum(axis=0) * priced.spread
    amount, impact = float(kept.reshape(len(kept), -1)[:, 0].sum()), float(whole[0])
    low, high = interval(whole)
    return {
        "indicator": priced.indicator, **dict(zip(BY, key, strict=True)), "amount": amount,
        "amount_unit": flow_unit(key[BY.index("flow")]), "rate": impact / amount if amount else None, "impact": impact,
        "unit": factor.unit, "low": float(low), "high": float(high), "source": factor.source.id, "source_year": factor.year,
        "place": factor.place, "quality": factor.quality, "factor_kind": "/".join(factor.kind),
        "accounting": footprint.study.accounting,
    }  # fmt: skip
