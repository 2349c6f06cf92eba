"""The report as PDF: the HTML page printed by Chromium where it is installed, else a shorter one set by typst.

Which of the two made it is said beside the bytes.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from jevons.core.errors import BadInput, MissingExtra
from jevons.core.footprint import Footprint
from jevons.report import figures

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
LONGEST_S = 120.0
MAKERS = ("chromium", "typst")
ESCAPED = '\\*_`$#<>@[]~"=+-/'  # what typst would read as markup, within a line or at its start


def pdf(footprints: Mapping[str, Footprint], html: str, title: str = "Footprint", by: str = "", version: str = "",
        factor_set: str = "") -> tuple[bytes, str]:  # fmt: skip
    """(the PDF, who made it: ``chromium`` or ``typst``).

    ``html``: the page of ``jevons.report.page`` for the same footprints, which Chromium prints. ``by``: insist on one of
    MAKERS. Errors: BadInput where the maker asked for is not there or fails; MissingExtra where neither is.
    """
    if by not in ("", *MAKERS):
        raise BadInput("pdf by", by, f"use one of {', '.join(MAKERS)}")
    browser = None if by == "typst" else found_browser()
    if browser is not None:
        return printed(html, browser), "chromium"
    if by == "chromium":
        raise BadInput("pdf by", by, f"install one of {', '.join(BROWSERS[:3])}, or leave the choice open")
    return set_by_typst(footprints, title, version, factor_set), "typst"


def found_browser() -> str | None:
    """The path of a browser that can print, None where there is none; ``JEVONS_BROWSER`` names another."""
    named = os.environ.get("JEVONS_BROWSER")
    return shutil.which(named) if named else next((p for b in BROWSERS if (p := shutil.which(b))), None)


def printed(html: str, browser: str) -> bytes:
    """The page as Chromium prints it, without header and footer lines."""
    with tempfile.TemporaryDirectory(prefix="jevons-pdf-") as folder:
        page, made = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        command = [browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--no-pdf-header-footer",
                   f"--user-data-dir={folder}/profile", *(("--no-sandbox",) if _is_root() else ()),
                   f"--print-to-pdf={made}", page.as_uri()]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            raise BadInput("pdf", browser, f"it did not print within {LONGEST_S:g} s; try --by typst") from None
        if done.returncode or not made.is_file():
            why = " ".join(done.stderr.split())[-200:]
            raise BadInput("pdf", browser, f"it could not print the page ({why}); try --by typst")
        return made.read_bytes()


def set_by_typst(footprints: Mapping[str, Footprint], title: str, version: str = "", factor_set: str = "") -> bytes:
    """A PDF without a browser: figures, bars by stage and component, assumptions, sources. MissingExtra without typst."""
    try:
        import typst
    except ImportError:
        raise MissingExtra("typst (or Chromium)", "pdf", "a PDF") from None
    text = source(footprints, title, version, factor_set)
    return bytes(typst.compile(text.encode("utf-8")))


def source(footprints: Mapping[str, Footprint], title: str, version: str = "", factor_set: str = "") -> str:
    """The typst document as text."""
    sections = [_section(name, footprint) for name, footprint in footprints.items()]
    return _environment().get_template("report.typ.j2").render(title=title, sections=sections, version=version, factor_set=factor_set)


def escaped(value: object) -> str:
    """Text that typst prints as it stands."""
    return "".join(f"\\{c}" if c in ESCAPED else c for c in " ".join(str(value).split()))


def _section(title: str, footprint: Footprint) -> dict[str, Any]:
    figures.single(footprint)
    shown = [i for i in ("climate", "energy") if i in footprint.indicators]
    return {
        "title": title, "places": ", ".join(figures.places(footprint)) or "place not named",
        "study": figures.study_words(footprint), "figures": figures.figures(footprint),
        "known": figures.said_methods(footprint), "breakdowns": [_bars(footprint, i) for i in shown],
        "drivers": [(name, share, figures.percent(share)) for name, share in _drivers(footprint)],
        "assumptions": footprint.assumptions, "sources": footprint.sources,
    }  # fmt: skip


def _bars(footprint: Footprint, indicator: str) -> dict[str, Any]:
    whole, parts = figures.figure(footprint, indicator), figures.cells(footprint, indicator, "stage", "component")
    largest = max(parts.values(), default=0.0) or 1.0
    shares = figures.shares(parts)
    rows = [(f"{figures.named(stage)}, {figures.named(component)}", max(0.0, value / largest), whole.say(value),
             figures.percent(shares.get((stage, component), 0.0))) for (stage, component), value in parts.items()]  # fmt: skip
    return {"label": whole.label, "unit": whole.shown_unit, "rows": rows}


def _drivers(footprint: Footprint) -> list[tuple[str, float]]:
    return list(figures.drivers(footprint).items())[:6] if "climate" in footprint.indicators else []


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@functools.lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(loader=PackageLoader("jevons.report"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["t"] = escaped
    return made
