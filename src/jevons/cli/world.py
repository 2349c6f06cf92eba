"""``jevons world``: the tables, searched and shown, each row with its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import taking
from jevons.core.errors import UnknownName

app = typer.Typer(no_args_is_help=True, help="What exists: models, hardware, grids, sites, factors; every row with its source.")
TOPICS = {
    "models": ("models",),
    "hardware": ("accelerators", "cpus", "servers"),
    "grid": ("grid_annual", "grid_us_subregion", "grid_us_state", "grid_zone", "grid_hourly", "grid_mix", "grid_fuel"),
    "sites": ("cloud_regions", "places"),
    "factors": ("embodied_product", "embodied_component", "embodied_memory", "embodied_node", "storage_media",
                "network_transfer", "water_fuel", "water_offsite", "water_scarcity", "pue_industry", "prices", "gwp",
                "fuel_resource", "equivalences", "defaults"),
}  # fmt: skip
SHOWN = {
    "models": ("organisation", "released", "parameters", "active_parameters"),
    "accelerators": ("generation", "year", "tdp_w", "peak_bf16_tflops", "memory_gb"),
    "cpus": ("cores", "tdp_w", "year"), "servers": ("name", "device", "devices"),
    "grid_annual": ("year", "ci_g_per_kwh", "accounting", "scope"),
    "grid_us_subregion": ("name", "year", "ci_g_per_kwh"), "grid_us_state": ("name", "year", "ci_g_per_kwh"), "cloud_regions": ("location", "place", "pue", "wue_l_per_kwh"),
    "places": ("name", "continent"),
}  # fmt: skip
NUMBERS = ("parameters", "active_parameters", "year", "tdp_w", "peak_bf16_tflops", "memory_gb", "cores", "devices",
           "ci_g_per_kwh", "pue", "wue_l_per_kwh")  # fmt: skip
KEYS = ("id", "place", "iso3")
PLACED = ("grid", "sites", "factors")
Text = Annotated[str, typer.Argument(metavar="TEXT", help="Words to look for; none lists all.", show_default=False)]
Name = Annotated[str, typer.Argument(metavar="NAME", help="An id, or a name near enough: h100 sxm.", show_default=False)]
Row = Mapping[str, str]


def rooms() -> None:
    """A group of three commands for each topic."""
    for topic, tables in TOPICS.items():
        group = typer.Typer(no_args_is_help=True, help=f"The tables {', '.join(tables)}.")
        group.command(name="search")(searching(topic))
        group.command(name="show")(showing(topic))
        group.command(name="sources")(sourcing(topic))
        app.add_typer(group, name=topic)


def searching(topic: str) -> Any:
    """The command that lists the rows in which all the words stand."""

    @taking(options.FORM)
    def search(text: Text = "", **given: Any) -> None:
        found = {name: hits for name in present(topic) if (hits := matching(name, text))}
        if not found:
            raise UnknownName(topic, text, near(topic, text))
        if show.wants_json(given):
            show.out_json(found)
        else:
            tell_found(found)

    search.__doc__ = f"List the {topic} in which all the words stand."
    return search


def showing(topic: str) -> Any:
    """The command that shows one row, or all rows of one place."""

    @taking(options.FORM)
    def shown(name: Name, **given: Any) -> None:
        table, rows, how = look_up(topic, name)
        filled = [{**row, **derived(table, row)} for row in rows]
        if show.wants_json(given):
            show.out_json({"table": table, "matched": how, "rows": filled})
        else:
            for row in filled:
                tell_row(table, row, how)

    shown.__doc__ = f"Show one of the {topic}, every column with its unit and source."
    return shown


def sourcing(topic: str) -> Any:
    """The command that lists the sources of a topic's tables."""

    @taking(options.FORM)
    def sources(**given: Any) -> None:
        listed = sources_of(topic)
        if show.wants_json(given):
            show.out_json(listed)
        else:
            cells = [(s["id"], str(s["rows"]), s["terms"], s["cite"]) for s in listed]
            show.console().print(show.rows(("source", "rows", "terms", ""), cells, right=("rows",)))

    sources.__doc__ = f"List where the {topic} come from."
    return sources


def present(topic: str) -> list[str]:
    """The topic's tables that are installed, those of the settings' overlay with them."""
    from jevons.world.catalog import folders
    from jevons.world.settings import settings

    settings()
    return [name for name in TOPICS[topic] if any((folder / f"{name}.csv").exists() for folder in folders())]


def matching(name: str, text: str) -> list[dict[str, str]]:
    """The rows of a table in whose cells (sources and notes apart) all the words stand."""
    from jevons.world.catalog import table

    words = text.lower().split()
    return [dict(row) for row in table(name) if all(word in haystack(name, row) for word in words)]


def haystack(name: str, row: Row) -> str:
    """What is searched of a row: its words, and the name of its place."""
    cells = [cell for column, cell in row.items() if column not in ("source", "note", "quality")]
    return " ".join([*cells, place_name(row.get("place", ""))]).lower()


def place_name(iso3: str) -> str:
    """The name of a country by its code, empty for anything else."""
    return countries().get(iso3, "")


def countries() -> dict[str, str]:
    """Code → name and other names of every place."""
    from jevons.world.catalog import table

    return {row["iso3"]: f"{row['name']} {row['iso2']} {row['aliases']}" for row in table("places")}


def near(topic: str, text: str) -> list[str]:
    """The three ids most like a text."""
    from jevons.world.catalog import table
    from jevons.world.lookup import nearest

    return nearest(text, {key_of(row) for name in present(topic) for row in table(name)})


def key_of(row: Row) -> str:
    """What a row is called: its id, else its place."""
    return next((row[k] for k in KEYS if row.get(k)), "")


def look_up(topic: str, name: str) -> tuple[str, list[Row], str]:
    """The table, the rows meant by a name, and how it was matched. Errors: UnknownName with the three nearest."""
    from jevons.world.catalog import table

    for tab in present(topic):
        if rows := [row for row in table(tab) if name.lower() == key_of(row).lower()]:
            return tab, rows, "exact"
    if topic in PLACED and (found := of_place(topic, name)):
        return found
    for tab in present(topic):
        try:
            row, match = table(tab).find(name)
        except LookupError:
            continue
        return tab, [row], match.how
    raise UnknownName(topic, name, near(topic, name))


def of_place(topic: str, name: str) -> tuple[str, list[Row], str] | None:
    """The rows of the place a name means, as estimates find it: of the narrowest link of its chain that has any."""
    from jevons.world.catalog import table
    from jevons.world.place import locate

    try:
        place = locate(name)
    except UnknownName:
        return None
    for level, link in place.chain:
        for tab in present(topic):
            if rows := [row for row in table(tab) if key_of(row) == link]:
                return tab, rows, place.match.how if link == place.name else f"{place.name} lies in the {level} {link}"
    return None


def derived(table: str, row: Row) -> dict[str, str]:
    """What follows from a row alone: the parameter counts of an architecture."""
    if table != "models":
        return {}
    from jevons.world.architecture import Architecture, active_parameters, parameters

    shape = Architecture.from_row(row)
    return {"parameters": f"{parameters(shape):,}", "active_parameters": f"{active_parameters(shape):,}"}


def sources_of(topic: str) -> list[dict[str, Any]]:
    """Each source with the number of rows it stands behind, most first."""
    from collections import Counter

    from jevons.world.catalog import source, table

    counted = Counter(row["source"].split(";")[0] for name in present(topic) for row in table(name))
    listed = [(source(name), n) for name, n in counted.most_common()]
    return [{"id": s.id, "rows": n, "terms": s.terms, "licence": s.licence, "cite": s.cite()} for s, n in listed]


def tell_found(found: Mapping[str, list[dict[str, str]]]) -> None:
    """One table a table."""
    screen = show.console()
    for name, hits in found.items():
        filled = [{**row, **derived(name, row)} for row in hits]
        columns = SHOWN.get(name) or [c for c in hits[0] if c not in (*KEYS, "source", "quality", "note")][:5]
        cells = [(key_of(row), *(row.get(c, "") for c in columns)) for row in filled]
        screen.print(f"{name}: {len(hits)} rows", style="bold")
        screen.print(show.rows(("", *columns), cells, right=NUMBERS, whole=("",)))
        screen.print()


def tell_row(table: str, row: Row, how: str) -> None:
    """One row: the columns that are filled, with unit and meaning; then its sources."""
    from jevons.world.catalog import source

    screen, about = show.console(), described(table)
    screen.print(f"{table}: {key_of(row)}" + ("" if how == "exact" else f"  ({how})"), style="bold")
    cells = []
    for column, cell in row.items():
        unit, meaning = about.get(column, ("", "follows from the row"))
        if cell and column not in ("source", "id"):
            cells.append((column, f"{cell} {unit}".strip() if unit != "1" else cell, meaning))
    screen.print(show.rows(("", "", "meaning"), cells))
    screen.print(show.bullets((name, source(name).cite()) for name in row.get("source", "").split(";") if name))
    screen.print()


def described(name: str) -> dict[str, tuple[str, str]]:
    """Column → unit and description, from the schema."""
    from jevons.world.catalog import table

    return {row["column"]: (row["unit"], row["description"]) for row in table("schema") if row["table"] == name}


rooms()
