"""A footprint on a terminal, by rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from jevons.core import units
from jevons.core.footprint import Footprint
from jevons.core.study import INDICATORS
from jevons.report import figures

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR_CELLS = 20
HEAD_CELLS = 42
EIGHTHS = " ▏▎▍▌▋▊▉"


def table(footprint: Footprint, title: str = "", factor_set: str = "", top: int = 5) -> Group:
    """What a terminal shows: headline, figures, where they come from, what drives the spread, what was assumed.

    ``top``: how many drivers are named. Errors: BadInput where the footprint holds several scenarios.
    """
    figures.single(footprint)
    parts: list[RenderableType] = [headline(footprint, title, factor_set), "", totals(footprint)]
    for indicator in ("climate", "energy"):
        if indicator in footprint.indicators:
            parts += ["", breakdown(footprint, indicator)]
    parts += _section("Left out of the totals", _listed((cutoff, ", ".join(
        f"{name} {units.show(value, INDICATORS[name][0])}" for name, value in amounts.items()))
        for cutoff, amounts in figures.left_out(footprint).items()))  # fmt: skip
    parts += _section("What drives the spread of the climate figure", _drivers(footprint, top))
    parts += _section("Assumed", _listed((f"{a.what} = {a.value}", f"{a.why}{_cited(a.source)}")
                                         for a in footprint.assumptions))
    parts += _section("Sources", _listed((s.id, s.cite()) for s in footprint.sources))
    return Group(*parts)


def headline(footprint: Footprint, title: str = "", factor_set: str = "") -> Text:
    """The first lines: what, where, how the energy is known, under which study and factors."""
    first = [figures.figure(footprint, name) for name in ("energy", "climate") if name in footprint.indicators]
    text = Text(title or footprint.study.functional_unit, style="bold")
    text.append("\n" + " and ".join(map(str, first)), style="default")
    text.append(f"\nenergy: {figures.said_methods(footprint)}", style="default")
    words = figures.study_words(footprint)
    where = ", ".join(figures.places(footprint)) or "place not named"
    text.append(f"\n{where} · {words['Grid factors']} · {words['Perspective']} · {words['Impact method']}"
                + (f" · factors {factor_set}" if factor_set else ""), style="dim")  # fmt: skip
    return text


def totals(footprint: Footprint) -> Table:
    """One row an indicator: best estimate and 5–95 % interval."""
    grid = _grid("", "best", "5–95 %", "")
    for found in figures.figures(footprint):
        grid.add_row(found.label, Text(found.value, style="bold"), found.bounds or "–", found.shown_unit)
    grid.columns[3].justify = "left"
    return grid


def breakdown(footprint: Footprint, indicator: str) -> Table:
    """Stage by component with amounts, shares and bars; the bars share one scale."""
    parts = figures.cells(footprint, indicator, "stage", "component")
    shares, whole = figures.shares(parts), figures.figure(footprint, indicator)
    largest = max((abs(s) for s in shares.values()), default=0.0)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in (whole.label, "component", whole.shown_unit, "share", ""):
        grid.add_column(name, justify="right" if name in (whole.shown_unit, "share") else "left")
    stages = dict.fromkeys(stage for stage, _ in parts)
    for stage in stages:
        label = figures.named(stage)
        for (_, component), amount in ((k, v) for k, v in parts.items() if k[0] == stage):
            share = shares.get((stage, component), 0.0)
            grid.add_row(Text(label), Text(figures.named(component)), whole.say(amount), figures.percent(share),
                         Text(bar(share / largest if largest else 0.0), style="green"))  # fmt: skip
            label = ""
    return grid


def bar(portion: float, width: int = BAR_CELLS) -> str:
    """A bar of ``portion`` × ``width`` cells, drawn to an eighth of a cell."""
    eighths = round(max(0.0, min(portion, 1.0)) * width * 8)
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")


def _drivers(footprint: Footprint, top: int) -> list[Text]:
    if "climate" not in footprint.indicators:
        return []
    found = list(figures.drivers(footprint).items())[:top]
    return [Text.assemble(f"{figures.percent(share):>6}  ", (f"{bar(share):<{BAR_CELLS}}  ", "green"), name)
            for name, share in found]  # fmt: skip


def _section(name: str, lines: Iterable[RenderableType]) -> list[RenderableType]:
    listed = list(lines)
    return ["", Text(name, style="bold"), *(Padding(line, (0, 0, 0, 2)) for line in listed)] if listed else []


def _listed(pairs: Iterable[tuple[str, str]]) -> list[RenderableType]:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(max_width=HEAD_CELLS)
    grid.add_column(style="dim")
    for head, rest in pairs:
        grid.add_row(Text(head), Text(rest))
    return [grid] if grid.row_count else []


def _cited(source: str) -> str:
    return f" ({source})" if source else ""


def _grid(*names: str) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for i, name in enumerate(names):
        grid.add_column(name, justify="right" if i else "left")
    return grid
