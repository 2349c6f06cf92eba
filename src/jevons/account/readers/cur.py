"""AWS' Cost and Usage Report, CSV or Parquet: the older names (lineItem/UsageType) and those of CUR 2.0 and Athena
(line_item_usage_type).

    hours    of lines of type Usage, DiscountedUsage and SavingsPlanCoveredUsage, where pricing/unit is a time
    money    lineItem/UnblendedCost of every line, fees, taxes, credits and all

Capacity that was reserved and lay unused (UnusedBox, UnusedDed) is idle hours; the lines Reservation and DedicatedRes
tell the whole reservation once more and are no hours of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.account.readers import bills
from jevons.account.readers.clock import Clock
from jevons.account.readers.lines import Line, lines_of
from jevons.core.errors import TableError

if TYPE_CHECKING:
    from jevons.core.activity import Activity

NEEDED = ("line_item_usage_start_date", "line_item_usage_end_date", "line_item_line_item_type", "line_item_usage_amount")
USAGE = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")
RUNS = ("boxusage", "spotusage", "dedicatedusage", "hostusage", ":ml.")
COSTS = ("unblended", "blended", "net_unblended")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """A column's name as CUR 2.0 writes it: "lineItem/UsageType" → "line_item_usage_type"."""
    return re.sub(r"[/:\s]+", "_", CAMEL.sub("_", name.strip().strip('"'))).lower()


def recognises(head: str) -> bool:
    """Whether the header is that of a Cost and Usage Report."""
    first = head.partition("\n")[0]
    return "lineItem/UsageStartDate" in first or "line_item_usage_start_date" in first


def read(path: Path, zone: str = "UTC", cost: str = "unblended", owner: str = "owner",
         usd_per: Mapping[str, float] | None = None) -> Activity:  # fmt: skip
    """One Activity. ``cost``: unblended, blended or net_unblended. ``owner``: the tag that says whose a line is."""
    bills.require(cost, COSTS, "cost")
    header, lines = lines_of(path)
    names = {name: snake(name) for name in header}
    column = f"line_item_{cost}_cost"
    for name in (*NEEDED, column):
        if name not in names.values():
            raise TableError(path.name, 1, name, ", ".join(header)[:200], "this column is needed; include it in the report")
    renamed = (replace(line, cells={names[k]: v for k, v in line.cells.items()}) for line in lines)
    clock = Clock(zone)
    found = bills.activity_of((_charge(line, clock, column, owner) for line in renamed), bills.usd_worth(usd_per))
    return found.assume(*clock.doubled())


def _charge(line: Line, clock: Clock, column: str, owner: str) -> bills.Charge:
    product = _mapping(line, "product")
    usage = line.text("line_item_line_item_type") in USAGE
    machine = (line.text("product_instance_type") or str(product.get("instance_type", ""))
               or bills.machine_in(line.text("line_item_usage_type"))) if usage else ""  # fmt: skip
    hours = bills.hours_in(line.number("line_item_usage_amount") or 0.0, line.text("pricing_unit") or "Hrs") if machine else None
    part = _part(line.text("line_item_usage_type"))
    if part is None:
        machine, hours = "", None
    region = line.text("product_region_code") or line.text("product_region") or str(product.get("region", ""))
    labels = {"owner": _owner(line, owner), "account": line.text("line_item_usage_account_id"),
              "service": line.text("line_item_product_code"), "provider": "AWS", "part": part or ""}  # fmt: skip
    return bills.Charge(
        start_s := line.moment("line_item_usage_start_date", clock), line.moment("line_item_usage_end_date", clock, start_s),
        tuple(labels.items()),
        bills.site_of("aws", region), machine.lower(), hours, line.number(column) or 0.0,
        line.text("line_item_currency_code").upper(),
    )  # fmt: skip


def _part(usage_type: str) -> str | None:
    """"" for a machine that runs, "idle" for one that is reserved and does not, None where none is held: disks, traffic."""
    usage = usage_type.lower()
    if any(word in usage for word in ("unusedbox", "unusedded")):
        return "idle"
    return "" if not usage or any(word in usage for word in RUNS) else None


def _owner(line: Line, owner: str) -> str:
    tags = {str(k).rpartition("/")[2].removeprefix("user_").removeprefix("user:"): str(v)
            for k, v in _mapping(line, "resource_tags").items()}  # fmt: skip
    return line.text(f"resource_tags_user_{snake(owner)}") or tags.get(owner, "")


def _mapping(line: Line, column: str) -> Mapping[str, object]:
    """Columns of this name hold JSON in version 2 of the report, and words or nothing before."""
    return line.mapping(column) if line.text(column).startswith("{") else {}
