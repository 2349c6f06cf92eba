"""``jevons fleet``: power samples or counters of a whole fleet, summed where they lie, closed day by day, told complete or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import Row, taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.telemetry.survey import Survey
    from jevons.core.footprint import Footprint

app = typer.Typer(no_args_is_help=True, help="A fleet's power samples or counters: by site, hour, component and owner.")
Samples = Annotated[list[str], typer.Argument(metavar="SAMPLES", show_default=False,
                    help="Parquet files of device, time, value: files, a folder, or 'power/*.parquet'.")]  # fmt: skip
At = Annotated[list[str] | None, typer.Option("--at", metavar="SITE=PLACE", show_default=False,
               help="Price a site of the placement: fr=France. Once a site; one PLACE alone prices all.")]  # fmt: skip
By = Annotated[str, typer.Option("--by", metavar="LABELS", help="Labels of the rows: owner, job, device, comma between.")]
State = Annotated[Path, typer.Option("--state", metavar="DIR", help="The folder that keeps every version.", show_default=False)]
MOST_SHOWN, MOST_HOURS = 12, 40  # of a list on a terminal
BESIDE: options.Group = {
    "jobs": Row("Jobs: job, device, start, end, owner, weight (CSV, Parquet, JSON).", "FILE"),
    "placement": Row("Where each device is: device, site, component, start, end.", "FILE"),
    "offsets": Row("Clocks that are wrong: device, offset_s.", "FILE"),
    "unit": Row("Unit of the values where the column's name does not tell: W, kW, J, mJ, kWh.", "UNIT"),
    "boundary": Row("What lies inside the meter: chip, server, facility.", "WHAT"),
    "component": Row("What the devices are, where no placement says.", "NAME"),
    "max_gap_s": Row("Longest step between two samples that is integrated (300).", "SECONDS"),
    "max_w": Row("What no device can draw (100000).", "WATTS"),
    "wrap": Row("Where a counter begins again, in its unit.", "NUMBER"),
    "impute": Row("Missing seconds: none, or 'device mean'.", "HOW"),
    "most_bad": Row("Share of samples that may be unusable before all is refused (0.01).", "SHARE"),
}
RUNNING: options.Group = {
    "threads": Row("Threads of the database.", "COUNT", int),
    "memory": Row("Most memory of the database: 1GB.", "SIZE"),
}
PRICED: options.Group = {
    "grid": Row("Hourly factors: site, hour, kg_per_kwh.", "FILE"),
    "engine": Row("duckdb or spark.", "NAME"),
}
options.PANELS["The fleet"] = (BESIDE, PRICED)
options.PANELS["How it runs"] = (RUNNING,)


@app.command("sum")
@taking(BESIDE, PRICED, RUNNING, options.FORM)
def sum_(samples: Samples, at: At = None, by: By = "owner", **given: Any) -> None:
    """Energy by site, hour, component and owner; priced where --at says the places.

    jevons fleet sum 'power/*.parquet' --jobs jobs.parquet --placement placement.csv --at fr=France
    """
    found = surveyed(samples, given, by, options.chosen(given, PRICED))
    priced = footprint_of(found, at or (), given.get("grid"))
    if show.wants_json(given):
        show.out_json(record(found, priced))
    else:
        tell(found, priced, words(by))


@app.command("completeness")
@taking(BESIDE, RUNNING, options.FORM)
def completeness(samples: Samples, least: Annotated[float, typer.Option("--least", metavar="SHARE", help="Show hours covered less than this.")] = 1.0,
                 **given: Any) -> None:  # fmt: skip
    """Which hours of which device are covered, what is missing, and what befell the samples."""
    found = surveyed(samples, given, "owner", {})
    rows = poor(found.completeness(), least)
    if show.wants_json(given):
        show.out_json({"quality": found.quality.record(), "hours": rows})
    else:
        tell_hours(found, rows, least)


@app.command("close")
@taking(BESIDE, RUNNING, options.FORM)
def close(samples: Samples, state: State, by: By = "owner", day: Annotated[list[str] | None, typer.Option("--day", metavar="DATE", show_default=False,
          help="Close this day alone, over or not.")] = None, **given: Any) -> None:  # fmt: skip
    """Close the days that are over: only new files are read, a late one re-opens its day as a new version."""
    from jevons.account.telemetry.daily import close as closing

    asked = options.chosen(given, BESIDE, RUNNING)
    done = [vars(one) for one in closing(list(samples), state, days=day, by=words(by), **asked)]
    if show.wants_json(given):
        show.out_json(done)
    else:
        tell_days(done)


@app.command("days")
@taking(options.FORM)
def days(state: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the closes.", show_default=False)], **given: Any) -> None:
    """Every version of every closed day: what it supersedes and why."""
    from jevons.account.telemetry.daily import history

    told = [{**{k: r[k] for k in ("day", "version", "supersedes", "why", "closed_at")}, "energy_kwh": r["quality"]["measured_kwh"],
             "imputed_kwh": r["quality"]["imputed_kwh"], "complete": r["quality"]["complete"]} for r in history(state)]  # fmt: skip
    if show.wants_json(given):
        show.out_json(told)
    else:
        tell_days(told)


@app.command("sql")
def sql(
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="clickhouse, bigquery, trino, spark or duckdb.")] = "duckdb",
    table: Annotated[str, typer.Option("--table", metavar="NAME", help="Your table of samples.")] = "samples",
    value: Annotated[str, typer.Option("--value", metavar="COLUMN", help="Its column of power or energy.")] = "power_w",
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", help="The unit of that column.")] = "W",
    grid: Annotated[bool, typer.Option("--grid", help="Weigh each hour with the table grid too.")] = False,
    by: By = "owner",
) -> None:
    """The query for a warehouse, printed and not run: it stays where the data is."""
    from jevons.account.telemetry import warehouse
    from jevons.account.telemetry.rules import Rules

    query = warehouse.sql(engine, Rules(unit), table=table, value=value, grid=grid, by=words(by))
    print(warehouse.head(engine, True, True, False, grid), query, sep="\n")


def words(text: str) -> list[str]:
    """Labels with a comma between, as a list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def surveyed(samples: Sequence[str], given: Mapping[str, Any], by: str, more: Mapping[str, Any]) -> Survey:
    """The survey a command asks for."""
    from jevons.account.telemetry.survey import survey

    asked = options.chosen(given, BESIDE, RUNNING) | dict(more)
    tables = {name: asked.pop(name, None) for name in ("jobs", "placement", "offsets", "grid")}
    return survey(list(samples), tables, by=words(by), **asked)


def footprint_of(found: Survey, at: Sequence[str], grid: str | None) -> Footprint | None:
    """The fleet priced at the places named, by the hour where a grid is given; None where none is named."""
    import jevons
    from jevons.account.telemetry.survey import series

    if not at:
        return None
    hourly = series(grid) if grid else {}
    pairs = [word.split("=", 1) if "=" in word else ["", word] for word in at]
    places = {name: jevons.site(place, series=hourly.get(name)) for name, place in pairs}
    if "" in places and len(places) > 1:
        raise BadInput("--at", " ".join(at), "name a site for each place: fr=France")
    return jevons.footprint(found.activity, places.get("", places))


def record(found: Survey, priced: Footprint | None) -> dict[str, Any]:
    """The answer as plain values."""
    import jevons
    from jevons.report.record import as_json
    from jevons.world import catalog

    activity = found.activity
    owners = {word: float(kwh[0]) for word, kwh in activity.by("owner").items()} if "owner" in activity.text else {}
    sums = {"rows": len(activity), "energy_kwh": float(activity.total()[0]), "by_owner": owners,
            "by_site": {word: float(kwh[0]) for word, kwh in activity.by("site").items()}}  # fmt: skip
    said = {"assumptions": [str(a) for a in found.assumptions], "quality": found.quality.record()}
    factors = catalog.version()
    footprint = {"footprint": as_json(priced, jevons.__version__, factors, "Fleet")} if priced else {}
    return {"jevons": jevons.__version__, "factor_set": factors, **sums, **said, **footprint}


def tell(found: Survey, priced: Footprint | None, by: Sequence[str]) -> None:
    """Totals, the greatest of each label, and what must be known."""
    from jevons.core import units

    screen, activity, quality = show.console(), found.activity, found.quality
    screen.print(f"{units.show(float(activity.total()[0]), 'kWh', 4)} from {quality.samples:,} samples, {100 * quality.complete:.4g} % of the time covered\n")
    for label in ("site", *by):
        screen.print(show.rows((label, "energy", "share"), greatest(activity.by(label)), right=("energy", "share")), "")
    if priced:
        screen.print(str(priced), "", sep="\n")
    screen.print(show.bullets((a.what, f"{a.value}: {a.why}") for a in found.assumptions))


def greatest(sums: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The greatest sums of energy as cells, then all the others in one, so that the shares come to the whole."""
    from jevons.core import units

    kwh = {word or "–": float(value[0]) for word, value in sums.items()}
    ranked = sorted(kwh.items(), key=lambda pair: -pair[1])
    shown, others = (ranked, []) if len(ranked) <= MOST_SHOWN + 1 else (ranked[:MOST_SHOWN], ranked[MOST_SHOWN:])
    if others:
        shown = [*shown, (f"{len(others):,} others", sum(value for _, value in others))]
    whole = sum(kwh.values())
    return [(word, units.show(value, "kWh", 4), f"{100 * value / whole:.1f} %" if whole else "–") for word, value in shown]


def poor(hours: Mapping[str, Any], least: float) -> list[dict[str, Any]]:
    """The hours covered less than ``least``, as rows."""
    from datetime import UTC, datetime

    names = list(hours)
    rows = [dict(zip(names, values)) for values in zip(*(plain(hours[name]) for name in names))]
    return [{"device": r["device"], "hour": datetime.fromtimestamp(r.pop("hour_us") / 1e6, UTC).isoformat(), **r}
            for r in rows if (r["complete"] if r["complete"] is not None else 1.0) < least]  # fmt: skip


def plain(values: Any) -> list[Any]:
    """A column as Python values, NaN and masked as None."""
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    return [None if isinstance(v, float) and v != v else v for v in listed]


def tell_hours(found: Survey, rows: Sequence[Mapping[str, Any]], least: float) -> None:
    """The worst hours first."""
    shown = sorted(rows, key=lambda r: r["complete"])[:MOST_HOURS]
    cells = [(r["device"], r["hour"][:16], f"{100 * r['complete']:.1f} %", f"{r['missing_s']:,.0f} s", f"{r['samples']:,.0f}", f"{r['gaps']:,.0f}") for r in shown]
    screen = show.console()
    screen.print(f"{100 * found.quality.complete:.4g} % of the device-time is covered; {len(rows):,} hours are {'not whole' if least >= 1 else f'covered less than {100 * least:g} %'}\n")
    screen.print(show.rows(("device", "hour", "covered", "missing", "samples", "gaps"), cells, right=("covered", "missing", "samples", "gaps")))
    if len(rows) > len(shown):
        screen.print(f"\nthe {len(shown)} least covered of {len(rows):,} hours (--json has all)")


def tell_days(done: Sequence[Mapping[str, Any]]) -> None:
    """A row a version."""
    from jevons.core import units

    cells = [(r["day"], str(r["version"]), units.show(r["energy_kwh"], "kWh", 4), units.show(r["imputed_kwh"], "kWh", 3),
              f"{100 * r['complete']:.4g} %", r["why"]) for r in done]  # fmt: skip
    show.console().print(show.rows(("day", "version", "measured", "imputed", "covered", "why"), cells, right=("version", "measured", "imputed", "covered")))
