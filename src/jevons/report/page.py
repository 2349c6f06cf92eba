"""A footprint as one self-contained HTML page: no script, no font or file from elsewhere, light and dark, printable."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from jevons.core.footprint import Footprint
from jevons.report import figures, panels
from jevons.report.equivalents import equivalents

Rows = Iterable[Mapping[str, Any]]


def page(footprints: Mapping[str, Footprint] | Footprint, what_if: Mapping[str, Footprint] | None = None,
         published: Mapping[str, Rows] | None = None, title: str = "Footprint", *, equivalences: Rows = (),
         version: str = "", factor_set: str = "") -> str:  # fmt: skip
    """The page as text.

    ``footprints``: one, or several by title. ``what_if``: label → Footprint, compared draw by draw with the first
    footprint; a label ``zone: FR`` stands in the group ``zone``. ``published``: title → rows of mappings, shown with
    the footprint of that title or on their own. ``equivalences``: rows of that table. Errors: BadInput where a
    footprint holds several scenarios, StudyMismatch where an option answers another question than the first footprint.
    """
    held = dict(footprints) if isinstance(footprints, Mapping) else {title: footprints}
    tables = {name: panels.rows_as_table(rows) for name, rows in (published or {}).items()}
    rows = list(equivalences)
    first = next(iter(held.values()))
    colours = panels.colours(map(figures.single, held.values()))
    sections = [section(name, footprint, colours, rows, tables.pop(name, None)) for name, footprint in held.items()]
    return _environment().get_template("page.html.j2").render(
        title=title, sections=sections, comparison=panels.comparison(held), loose=tables,
        what_if=panels.what_if(first, what_if or {}), what_if_base=next(iter(held)),
        what_if_lead=figures.LABELS["climate" if "climate" in first.indicators else first.indicators[0]],
        version=version, factor_set=factor_set,
    )  # fmt: skip


def section(title: str, footprint: Footprint, colours: Mapping[str, int], equivalences: Sequence[Mapping[str, Any]],
            published: panels.Panel | None) -> panels.Panel:  # fmt: skip
    """What the template lays out for one footprint."""
    shown = [i for i in ("climate", "energy") if i in footprint.indicators]
    return {
        "title": title,
        "places": ", ".join(figures.places(footprint)) or "place not named",
        "study": figures.study_words(footprint),
        "cards": panels.cards(footprint),
        "equivalents": equivalents(footprint, equivalences),
        "published": published,
        "spread": panels.spread(footprint),
        "breakdowns": [panels.breakdown(footprint, i, colours) for i in shown],
        "flows": [panels.flow(footprint, i, colours) for i in shown],
        "drivers": panels.drivers(footprint, shown[0]) if shown else [],
        "assumptions": footprint.assumptions,
        "explanations": [panels.explanation(footprint, i) for i in footprint.indicators],
        "sources": footprint.sources,
    }


@functools.lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("jevons.report"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)  # fmt: skip
