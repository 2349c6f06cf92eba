"""The tables of ``jevons lifecycle``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jevons.cli import show
from jevons.core import units
from jevons.core.study import INDICATORS

Told = Mapping[str, Any]


def tell(told: Told) -> None:
    """Parts by phase, then what is not counted, counted twice, published, per use, and what else was asked for."""
    screen = show.console()
    screen.print(told["lifecycle"] or "Life cycle", style="bold", markup=False)
    for line in filter(None, (told["goal"], told["source"])):
        screen.print(line, style="dim", markup=False)
    screen.print()
    parts(screen, told)
    twice(screen, told)
    published(screen, told)
    uses(screen, told)
    choices(screen, told)
    splits(screen, told)
    for found in told["findings"]:
        screen.print(f"\n{found['severity']}: {found['record']}: {found['message']}", style="yellow", markup=False)
        screen.print(found["arithmetic"], style="dim", markup=False)
    for line in told["assumptions"]:
        screen.print(f"assumed {line}", style="dim", markup=False)


def parts(screen: Any, told: Told) -> None:
    """A row a part, a row for the whole, then the phases left out."""
    shown = [i for i in told["total"] if i in INDICATORS]
    cells = [(p["phase"], p["part"], *(say(p.get(i), i) for i in shown)) for p in told["parts"]]
    cells.append(("together", "", *(say(told["total"][i]["best"], i) for i in shown)))
    screen.print(show.rows(("phase", "part", *shown), cells, right=tuple(shown)))
    screen.print("\nnot counted: " + "; ".join(f"{phase} ({why})" for phase, why in told["not_counted"].items()), markup=False)


def say(value: float | None, indicator: str) -> str:
    """An amount in the unit a person would say; a dash for none."""
    return "–" if value is None else units.show(value, INDICATORS[indicator][0], 4)


def twice(screen: Any, told: Told) -> None:
    """Each overlap, and the sums without it."""
    for overlap in told["counted_twice"]:
        screen.print(f"\ncounted twice: {overlap['narrow']}: {overlap['why']}", style="red", markup=False)
    if told["counted_twice"]:
        without = ", ".join(say(value, i) for i, value in told["without_overlap"].items())
        screen.print(f"together without it: {without}", markup=False)
        for name in dict.fromkeys(overlap["wide"] for overlap in told["counted_twice"]):
            wide = next(p for p in told["parts"] if f"{p['phase']}/{p['part']}" == name)
            kept = ", ".join(say(wide.get(i), i) for i in told["total"])
            screen.print(f"{name} alone: {kept}", markup=False)


def published(screen: Any, told: Told) -> None:
    """Published figures, ours, and how far apart."""
    if told["published"]:
        cells = [(b["what"], units.show(b["published"], b["unit"], 4), units.show(b["ours"], b["unit"], 4), f"{b['deviation']:+.2%}")
                 for b in told["published"]]  # fmt: skip
        screen.print()
        screen.print(show.rows(("published", "figure", "ours", "deviation"), cells, right=("figure", "ours", "deviation")))


def uses(screen: Any, told: Told) -> None:
    """What one unit of use bears."""
    for unit, shares in told["per_use"].items():
        cells = [(i, *(units.show(v[k], INDICATORS[i][0]) for k in ("development", "inference", "together"))) for i, v in shares.items()]
        screen.print()
        screen.print(show.rows((f"one {unit} of {told['use'][unit]:,.0f}", "development", "inference", "together"), cells,
                               right=("development", "inference", "together")))  # fmt: skip


def choices(screen: Any, told: Told) -> None:
    """The total under other ways to share out the making."""
    if told.get("choices"):
        cells = [(c["what"], c["option"], units.show(c["made_kg"], "kg"), units.show(c["total_kg"], "kg", 4),
                  f"{c['change_kg'] / (c['total_kg'] - c['change_kg']):+.0%}") for c in told["choices"]]  # fmt: skip
        screen.print()
        screen.print(show.rows(("making shared out", "by", "making", "together", "change"), cells, right=("making", "together", "change")))


def splits(screen: Any, told: Told) -> None:
    """Published splits beside ours; a screening value for what is not counted stands outside every sum."""
    if told.get("splits"):
        cells = [(s["what"] if s["part"] == first(told, s["split"]) else "", s["part"], f"{s['published']:.0%}",
                  "–" if s["ours"] is None else f"{s['ours']:.0%}",
                  "" if s["would_be_kg"] is None else f"about {units.show(s['would_be_kg'], 'kg', 2)}") for s in told["splits"]]  # fmt: skip
        screen.print()
        screen.print(show.rows(("published split", "part", "there", "here", "by it, not in the sum"), cells, right=("there", "here")))


def first(told: Told, split: str) -> str:
    """The part that a split begins with."""
    return next(s["part"] for s in told["splits"] if s["split"] == split)  # type: ignore[no-any-return]
