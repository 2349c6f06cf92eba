"""What a table of models shows, drawn: one self-contained page of scatters, strips and tests."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from jevons.core import units
from jevons.report import panels
from jevons.report.scatter import power, scatter, strips

Columns = Mapping[str, Sequence[Any]]  # column -> its values, a row each; absent ones are NaN or ""
SIZES = (("size", "Emissions over the size of the model", "bytes of weights"),
         ("datasets_size", "Emissions over the size of the data", "bytes of data"))  # fmt: skip
GROUPS = (("domain", "Emissions by domain"), ("training_type", "Emissions by kind of training"))


def page(tests: Sequence[Mapping[str, Any]], tables: Mapping[str, Columns], title: str = "What goes with emissions", *,
         version: str = "") -> str:  # fmt: skip
    """The page as text. ``tests``: what, file, name, statistic, n, p, p_corrected, remains. ``tables``: file → columns
    modelId, grams, size, datasets_size, domain, training_type."""
    rows = [{"with": t["what"], "file": t["file"], "statistic": f"{t['name']} {t['statistic']:.5g}", "n": f"{t['n']:,}", "p": f"{t['p']:.3g}",
             "p, Holm": f"{t['p_corrected']:.3g}", "remains": "yes" if t["remains"] else "no"} for t in tests]  # fmt: skip
    drawn = [d for name, columns in tables.items() for d in _drawings(name, columns, len(tables) > 1)]
    return _environment().get_template("cards.html.j2").render(
        title=title, files=", ".join(tables), tests=panels.rows_as_table(rows), drawings=drawn, version=version)  # fmt: skip


def _drawings(file: str, columns: Columns, several: bool) -> list[tuple[str, str, Any]]:
    """(heading, note, drawing) of each figure the columns allow."""
    where, found = f"{file}: " if several else "", []
    for column, heading, unit in SIZES:
        points = [(float(x), float(g), 0, f"{name}: {units.show(units.convert(float(g), 'g', 'kg'), 'kg')}")
                  for name, x, g in zip(columns["modelId"], columns[column], columns["grams"], strict=True) if x > 0 and g > 0]  # fmt: skip
        found.append((heading, f"{where}{unit}, each dot a model; 0 g and unknown sizes are left out.", scatter(points, power, _grams, heading)))
    for column, heading in GROUPS:
        groups = {name: [g for g, word in zip(columns["grams"], columns[column], strict=True) if word == name and g > 0]
                  for name in dict.fromkeys(filter(None, columns[column]))}  # fmt: skip
        found.append((heading, f"{where}the line is the median.", strips(groups, _grams, heading)))
    return [one for one in found if one[2]]


def _grams(grams: float) -> str:
    return units.show(units.convert(grams, "g", "kg"), "kg", 1)


@functools.lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("jevons.report"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)  # fmt: skip
