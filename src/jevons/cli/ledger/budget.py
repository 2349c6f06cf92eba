"""``jevons budget``: limits on energy, carbon, water and cost, and whether they hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jevons.cli import exits, show
from jevons.cli.ledger.runs import Where, existing, writing
from jevons.cli.ledger.tables import counted
from jevons.cli.options import FORM, taking

app = typer.Typer(no_args_is_help=True, help="Limits on energy, carbon, water and cost, held against the ledger.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the budget is called.", show_default=False)]
Limit = str | None


@app.command(name="set")
def put(
    name: Name,
    energy: Annotated[Limit, typer.Option(metavar="ENERGY", help="At most: '10 MWh'.", show_default=False)] = None,
    carbon: Annotated[Limit, typer.Option(metavar="MASS", help="At most: '5 t'.", show_default=False)] = None,
    water: Annotated[Limit, typer.Option(metavar="VOLUME", help="At most: '20 m3'.", show_default=False)] = None,
    cost: Annotated[Limit, typer.Option(metavar="MONEY", help="At most: '900 USD'.", show_default=False)] = None,
    project: Annotated[str, typer.Option(metavar="NAME", help="For this project.")] = "",
    owner: Annotated[str, typer.Option(metavar="NAME", help="For this owner.")] = "",
    tag: Annotated[str, typer.Option(metavar="WORD", help="For runs with this tag.")] = "",
    period: Annotated[str, typer.Option(metavar="WHEN", help="For runs begun in 2026, 2026-Q1 or 2026-03; none: for all time.")] = "",
    ledger: Where = "",
) -> None:
    """Set a budget, in place of an earlier one of that name; without a limit it is lifted."""
    from jevons.account.ledger import budget

    limits = {"energy": energy, "carbon": carbon, "water": water, "cost": cost}
    with writing(ledger, create=True).writing() as connection:
        body = budget.put(connection, name, limits, project=project, owner=owner, tag=tag, over=period)
    show.say(f"budget {name} {'set' if body['limits'] else 'lifted'}")


@app.command()
@taking(FORM)
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which; none: all of them.", show_default=False)] = "",
    ledger: Where = "", **given: Any,
) -> None:  # fmt: skip
    """What was used of each budget. Exit code 1 where one is exceeded, or cannot be known for want of prices or energy."""
    from jevons.account.ledger import budget

    with existing(ledger).reading() as connection:
        found = budget.check(connection, name)
    if show.wants_json(given):
        show.out_json([{**asdict(one), "exceeded": one.exceeded, "unknown": one.unknown} for one in found])
    else:
        tell(found)
    raise typer.Exit(exits.FINDING if any(one.exceeded or one.unknown for one in found) else exits.OK)


def tell(found: list[Any]) -> None:
    """Used of allowed, and the verdict."""
    from jevons.core import units

    if not found:
        print("no budget is set")
        return
    cells = [(one.budget, one.limit, units.show(one.used, one.unit), units.show(one.allowed, one.unit),
              f"{one.used / one.allowed:.0%}" if one.allowed else "–", verdict(one)) for one in found]  # fmt: skip
    show.console().print(show.rows(("budget", "limit", "used", "allowed", "", ""), cells, right=("used", "allowed")))


def verdict(one: Any) -> str:
    """In words."""
    if one.exceeded:
        return "EXCEEDED"
    if one.unknown:
        return f"not known: {counted(one.unpriced, 'run')} {'without energy' if one.limit == 'energy' else 'not priced'}"
    return "within" if one.runs else "within: no run is so"
