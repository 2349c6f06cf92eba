"""The statements of ``jevons report``: greenhouse gases, ESRS datapoints, contracts, and the pack for who checks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.cli.report.forms import ending, leave, tables
from jevons.core import units
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.market.matching import Matching
    from jevons.cli.report.selected import Selected
    from jevons.report.standards.scopes import Boundary, Sides


def boundary(approach: str, share: str) -> Boundary:
    """The consolidation approach as typed: ``40 %`` and 0.4 are the same."""
    from jevons.report.standards.scopes import Boundary

    return Boundary(approach.replace("-", " "), float(units.read(share, "", "share")))


def statement(sides: Sequence[Sides], bounds: Boundary, matching: Matching | None, said: Mapping[str, Any], out: Path | None) -> None:
    """The GHG statement: a page into .html and .pdf, Markdown on a terminal and into a .md, else JSON."""
    from jevons.report.standards import ghg_statement, ghg_text

    told = ghg_statement(sides, bounds, contracts=matching and matching.record(), **said, **tables())
    forms = {".json": show.as_text, ".md": ghg_text, ".html": drawn_statement, ".pdf": printed_statement}
    leave(form_of(out, forms)(told), out, "GHG statement")


def drawn_statement(told: Mapping[str, Any]) -> str:
    """The statement as an HTML page."""
    from jevons.report.statement_page import statement_page

    return statement_page(told)


def printed_statement(told: Mapping[str, Any]) -> bytes:
    """The same printed by a browser. Errors: BadInput where there is none."""
    from jevons.report import pdf as paper

    browser = paper.found_browser()
    if browser is None:
        raise BadInput("--out", ".pdf", "a statement is printed by Chromium, which is not installed; write a .html or .md")
    return paper.printed(drawn_statement(told), browser)


def datapoints(sides: Sequence[Sides], bounds: Boundary, matching: Matching | None, said: Mapping[str, Any], out: Path | None) -> None:
    """The ESRS datapoints: Markdown on a terminal and into a .md, a table into a .csv, else JSON."""
    from jevons.report.standards import esrs_statement, esrs_table, esrs_text

    told = esrs_statement(sides, bounds, contracts=matching and matching.record(), **said, **tables())
    leave(form_of(out, {".json": show.as_text, ".md": esrs_text, ".csv": esrs_table})(told), out, "ESRS datapoints")


def form_of(out: Path | None, forms: Mapping[str, Callable[[Any], str | bytes]]) -> Callable[[Any], str | bytes]:
    """The form that the file's ending names. Errors: BadInput where it names none."""
    if ending(out) not in forms:
        raise BadInput("--out", str(out), f"end its name in {', '.join(forms)}")
    return forms[ending(out)]


def covered(matching: Matching | None, ledger: Path, out: Path | None) -> str:
    """What the contracts cover; into a .csv, the ledger itself with what was claimed."""
    from jevons.account.market.contract_file import after

    if matching is None:
        raise BadInput("contracts", str(ledger), "name a contract ledger")
    return after(ledger, matching.uses) if out is not None and out.suffix.lower() == ".csv" else show.as_text(matching.record())


def pack(chosen: Sequence[Selected], sides: Sequence[Sides], bounds: Boundary, matching: Matching | None,
         said: Mapping[str, Any], ledger: Path | None) -> bytes:  # fmt: skip
    """The assurance pack: the statement, the lines behind each of its prices, and the bytes that were read."""
    from jevons.report import assurance
    from jevons.report.standards import ghg_statement

    contracts = matching and matching.record()
    footprints = {f"{s.title}: {name}": priced for s in sides for name in ("lifecycle", "direct", "market")
                  if (priced := getattr(s, name)) is not None}  # fmt: skip
    inputs = {one.name: one.bytes_read() for one in chosen}
    if ledger is not None:
        inputs[ledger.name if ledger.name not in inputs else f"contracts-{ledger.name}"] = ledger.read_bytes()
    told = ghg_statement(sides, bounds, contracts=contracts, **said, **tables())
    return assurance.pack(footprints, told, inputs=inputs, contracts=contracts, **tables())


def checked(path: Path) -> list[str]:
    """What is wrong with a pack."""
    from jevons.report import assurance

    try:
        return assurance.check(path.read_bytes())
    except OSError as trouble:
        raise BadInput("pack", str(path), f"name a file that can be read ({trouble.strerror})") from None
