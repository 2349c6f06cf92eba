"""``jevons report eed``: a year of a building's meters, with its contracts, as the European database of data centres asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.market.contracts import Contract
    from jevons.account.market.matching import Matching
    from jevons.account.readers.facility_year import FacilityYear

NO_LEDGER = "no contract ledger (--contracts): guarantees of origin and purchase agreements are not in E_RES"
OTHERS = "not in E_RES: {}: neither a guarantee of origin nor an agreement of a renewable fuel whose attributes were retired (Annex II (p), (q))"


def told(readings: Path, zone: str, named: Mapping[str, Sequence[str]], year: int | None, at: str, ledger: Path | None,
         stated: Mapping[str, float | None]) -> tuple[dict[str, float | None], FacilityYear, tuple[str, ...]]:  # fmt: skip
    """The figures, the year they are of, and what was assumed. Errors: those of the readers, of the ledger and of the year."""
    from jevons.account.readers.facility_year import facility_year
    from jevons.account.readers.meters import meters

    heat = dict.fromkeys(named["reused"], "heat")
    found = facility_year(meters(readings, zone, roles=heat, site=at), named["computers"], named["reused"], year)
    matching = covered(found, ledger, at) if ledger is not None else None
    figures = {"used_kwh": found.used_kwh, "computers_kwh": found.computers_kwh, "on_site_kwh": found.on_site_kwh, "reused_kwh": found.reused_kwh,
               **stated, **(renewable(matching) if matching else {})}  # fmt: skip
    return figures, found, (*map(str, found.notes), *(left(matching) if matching else [NO_LEDGER]))


def covered(found: FacilityYear, ledger: Path, at: str) -> Matching:
    """What was bought against the contract ledger."""
    from jevons.account import contracts, match

    if not at:
        raise BadInput("at", at, "say where the data centre stands (--at): a contract is of its market")
    return match(found.bought, contracts(ledger), found.year)


def renewable(matching: Matching) -> dict[str, float]:
    """Certificates, and agreements whose attributes were retired (Annex II (p), (q)), of renewable fuels."""
    sums = {"certificate": 0.0, "ppa": 0.0}
    for use in matching.uses:
        if counts(use.contract):
            sums[use.contract.kind] += use.energy_kwh
    return {"certificates_kwh": sums["certificate"], "agreements_kwh": sums["ppa"]}


def counts(contract: Contract) -> bool:
    """Whether a contract is one of the two kinds that the regulation counts."""
    from jevons.account.market.contracts import RENEWABLE

    return contract.kind in ("certificate", "ppa") and contract.fuel in RENEWABLE and bool(contract.retirement)


def left(matching: Matching) -> list[str]:
    """The contracts that would cover electricity and are none of the kinds that count."""
    names = dict.fromkeys(use.contract.id for use in matching.uses if not counts(use.contract))
    return [OTHERS.format(", ".join(names))] if names else []


def record(figures: Mapping[str, float | None], found: FacilityYear, assumed: tuple[str, ...], name: str, by: Mapping[str, str]) -> dict[str, Any]:
    """The paper as plain values."""
    from jevons.report.standards import eed

    return eed(figures, name=name, year=found.year, covered=found.covered, assumptions=assumed, **by)
