"""A cloud bill in FOCUS 1.0 to 1.2, CSV or Parquet: hours of accelerators, and money.

    ChargePeriodStart, ChargePeriodEnd, ChargeCategory, BilledCost | EffectiveCost, BillingCurrency, ConsumedQuantity,
    ConsumedUnit, RegionId, ServiceName, SubAccountId, Tags, SkuPriceDetails (InstanceType), and x_ columns of providers

The type of a machine is taken from SkuPriceDetails, else from the provider's own columns, else from the description.
Reference: FinOps Open Cost and Usage Specification 1.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.account.readers import bills
from jevons.account.readers.clock import Clock
from jevons.account.readers.lines import Line, lines_of

if TYPE_CHECKING:
    from jevons.core.activity import Activity

NEEDED = ("ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BillingCurrency")
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
DESCRIBED = ("x_InstanceType", "x_UsageType", "x_SkuDetails", "x_SkuMeterName", "SkuMeter", "x_SkuDescription", "ChargeDescription")
COMPUTES = ("Compute", "AI and Machine Learning")
OWNERS = ("owner", "team", "project", "cost-center")


def recognises(head: str) -> bool:
    """Whether the header is FOCUS'."""
    names = {name.strip().strip('"') for name in head.partition("\n")[0].split(",")}
    return {"ChargePeriodStart", "BilledCost"} <= names or {"ChargePeriodStart", "EffectiveCost", "ChargeCategory"} <= names


def read(path: Path, zone: str = "UTC", cost: str = "BilledCost", owner: str = "",
         usd_per: Mapping[str, float] | None = None) -> Activity:  # fmt: skip
    """One Activity. ``cost``: which of the bill's costs is counted. ``owner``: the tag that says whose a charge is.

    ``usd_per``: USD for one unit of other currencies; without it they are left out, and told.
    """
    bills.require(cost, COSTS, "cost")
    _, lines = lines_of(path, (*NEEDED, cost))
    tags = (owner,) if owner else OWNERS
    clock = Clock(zone)
    found = bills.activity_of((_charge(line, clock, cost, tags) for line in lines), bills.usd_worth(usd_per))
    return found.assume(*clock.doubled())


def _charge(line: Line, clock: Clock, cost: str, tags: Iterable[str]) -> bills.Charge:
    machine = machine_of(line) if _holds_a_machine(line) else ""
    quantity = line.number("ConsumedQuantity") if machine else None
    labels = {"owner": _tag(line, tags), "account": line.text("SubAccountName") or line.text("SubAccountId"),
              "service": line.text("ServiceName"), "provider": line.text("ProviderName"),
              "part": "idle" if line.text("CapacityReservationStatus") == "Unused" else ""}  # fmt: skip
    return bills.Charge(
        start_s := line.moment("ChargePeriodStart", clock), line.moment("ChargePeriodEnd", clock, start_s), tuple(labels.items()),
        bills.site_of(line.text("ProviderName"), line.text("RegionId") or line.text("RegionName")), machine,
        None if quantity is None else bills.hours_in(quantity, line.text("ConsumedUnit")),
        line.number(cost) or 0.0, line.text("BillingCurrency").upper(),
    )  # fmt: skip


def _holds_a_machine(line: Line) -> bool:
    """Whether a charge is for use: not a purchase, not a commitment that lay unused, not software on a machine."""
    category = line.text("ServiceCategory")
    return (line.text("ChargeCategory") == "Usage" and line.text("CommitmentDiscountStatus") != "Unused"
            and (not category or category in COMPUTES))  # fmt: skip


def machine_of(line: Line) -> str:
    """The type of the machine that was used; "" where the charge is for none."""
    details = line.mapping("SkuPriceDetails")
    told = next((str(v) for k, v in details.items() if k.lower().removeprefix("x_") == "instancetype"), "")
    return told.lower() or bills.machine_in(*(line.text(column) for column in DESCRIBED))


def _tag(line: Line, names: Iterable[str]) -> str:
    tags = {str(k).lower().rpartition("/")[2].removeprefix("user:"): str(v) for k, v in line.mapping("Tags").items()}
    return next((tags[name.lower()] for name in names if tags.get(name.lower())), "")
