"""``jevons travel``: what it costs to bring everybody to one place, or to the nearest of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import taking

if TYPE_CHECKING:
    from jevons.core.footprint import Footprint

app = typer.Typer()
To = Annotated[list[str] | None, typer.Option("--to", metavar="CITY", show_default=False, help="Where they go: a city or "
               "'lat,lon'; given twice or more, each goes to the nearest. Without it the file's own distances count.")]  # fmt: skip
Instead = Annotated[list[str] | None, typer.Option("--instead", metavar="CITIES", show_default=False,
                    help="Another choice beside it: 'Chicago', or hubs joined by +, 'Chicago + Paris + Tokyo'.")]  # fmt: skip


@app.command(no_args_is_help=True)
@taking(options.FORM)
def travel(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False,
                                         help="A row a place of origin: N, lat, lon (or dist, km one way).")],
    to: To = None, instead: Instead = None, **given: Any,
) -> None:  # fmt: skip
    """Emissions of travel to a meeting, there and back, by great circle and four factors of distance.

    jevons travel attendees.csv --to "San Francisco" --instead Chicago --instead "Chicago + Paris + Tokyo"
    """
    from jevons.account.life.travel import read

    groups = read(file)
    choices = {named(to or ()): to or (), **{word: word.split("+") for word in instead or ()}}
    told = {name: told_of(groups, [c.strip() for c in cities]) for name, cities in choices.items()}
    if show.wants_json(given):
        show.out_json(compared(told))
    else:
        tell(compared(told))


def named(cities: Sequence[str]) -> str:
    """What a choice is called."""
    return " + ".join(cities) or "the distances given"


def priced(groups: Any, cities: Sequence[str]) -> Footprint:
    """The footprint of all travel, climate alone."""
    import jevons
    from jevons.account.life.travel import travel as ways
    from jevons.world.travel import OnTheWay

    study = jevons.Study(functional_unit="the meeting", indicators=("climate",))
    return jevons.footprint(ways(groups, list(cities) or None), OnTheWay(), study)


def told_of(groups: Any, cities: Sequence[str]) -> dict[str, Any]:
    """One choice as plain values: totals, per person, by distance, by destination."""
    footprint = priced(groups, cities)
    people = float(footprint.inventory.served["person"][0])
    low, high = footprint.interval()
    by = {column: {word: float(kg[0]) for word, kg in footprint.by(column).items()}
          for column in ("tier_km", "destination", "origin")}  # fmt: skip
    return {"climate_kg": footprint.best(), "climate_kg_low": low, "climate_kg_high": high, "people": people,
            "kg_per_person": footprint.best() / people, "person_km": float(footprint.inventory.total("travel")[0]), **by,
            "sources": [s.cite() for s in footprint.sources]}  # fmt: skip


def compared(told: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The choices with the change of each against the first."""
    first = next(iter(told.values()))["climate_kg"]
    return {name: {**one, "change": one["climate_kg"] / first - 1 if first else 0.0} for name, one in told.items()}


def tell(told: Mapping[str, Mapping[str, Any]]) -> None:
    """A row a choice; below, the first by distance."""
    from jevons.core import units

    screen = show.console()
    cells = [(name, units.show(one["climate_kg"], "kg", 4), units.show(one["kg_per_person"], "kg", 4),
              f"{one['people']:,.0f}", f"{one['person_km']:,.0f}", f"{one['change']:+.1%}" if place else "–")
             for place, (name, one) in enumerate(told.items())]  # fmt: skip
    numbers = ("climate", "a person", "people", "person-km", "change")
    screen.print(show.rows(("to", *numbers), cells, right=numbers))
    name, first = next(iter(told.items()))
    screen.print(f"\n{name}, by one-way distance", style="bold")
    parts = [(tier, units.show(kg, "kg"), f"{kg / first['climate_kg']:.0%}" if first["climate_kg"] else "–")
             for tier, kg in first["tier_km"].items()]  # fmt: skip
    screen.print(show.rows(("one way", "climate", "share"), parts, right=("climate", "share")))
    screen.print("\nthere and back by the shortest way; " + "; ".join(first["sources"]), style="dim")
