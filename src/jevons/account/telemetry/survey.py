"""``telemetry``: power samples or counters of a whole fleet, summed by the database; an Activity comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.telemetry import batches, duck, quality, samples, spark
from jevons.account.telemetry.duck import Fleet
from jevons.account.telemetry.quality import Quality
from jevons.account.telemetry.rules import HOUR_US, STEPS, US_PER_S, Rules
from jevons.account.telemetry.shares import LABELS
from jevons.core.activity import BOUNDARIES
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

AMOUNTS = ("energy_kwh", "imputed_kwh", "covered_s", "missing_s")
RULES = ("max_gap_s", "max_w", "wrap", "impute", "latest_s", "most_bad")


@dataclass(frozen=True, eq=False)
class Survey:
    """A fleet, summed: ``table`` maps each column of the accounts to its values; ``quality`` says what was left out."""

    fleet: Any
    table: Mapping[str, Any]
    quality: Quality
    boundary: str
    assumptions: tuple[Assumption, ...]

    @property
    def activity(self) -> Activity:
        """One row per site, hour, component and label; imputed energy in rows of its own (modelled, guess)."""
        measured = rows_of(self.table, "energy_kwh", self.boundary, self.fleet.rules.method, "", self.assumptions)
        imputed = rows_of(self.table, "imputed_kwh", self.boundary, "modelled", "guess", ())
        return measured + imputed if len(imputed) else measured

    def completeness(self) -> Mapping[str, Any]:
        """By device and hour: energy, seconds covered and missing, share complete, samples, doubles, gaps, resets ..."""
        names = ("device", "hour_us", *AMOUNTS, "complete", "samples", *STEPS)
        return self.fleet.arrays(self.fleet.completeness(), names, ("device", "hour_us"))  # type: ignore[no-any-return]


def telemetry(where: str | Path | Sequence[str | Path], *, jobs: Any = None, placement: Any = None, offsets: Any = None,
              grid: Any = None, by: Sequence[str] = ("owner",), boundary: str = "chip", **options: Any) -> Activity:  # fmt: skip
    """Energy of a fleet by (site, hour, component, owner), summed where the samples lie.

    ``where``: Parquet files of samples (device, time, value): a pattern, a folder or a list. Power (``power_w``) is
    integrated by the trapezoid, a counter (``energy_j``) by its rises; both are cut exactly at hours and at the borders
    of jobs and places. ``jobs``: job, device, start, end, owner, weight; ``placement``: device, site, component, start,
    end; ``offsets``: device, offset_s (what its clock shows too much); ``grid``: site, hour, kg_per_kwh. Each is a file,
    a data frame or a list of mappings. ``by``: labels among owner, job, device. ``options``: those of ``survey``, the
    rules among them. Errors: BadInput, TableError, Contradiction naming file, row and column; MissingExtra;
    MissingFactor where ``grid`` lacks an hour.
    """
    given = {"jobs": jobs, "placement": placement, "offsets": offsets, "grid": grid}
    return survey(where, given, by=by, boundary=boundary, **options).activity


def survey(where: Any, given: Mapping[str, Any], *, by: Sequence[str] = ("owner",), boundary: str = "chip",
           unit: str | None = None, columns: Mapping[str, str] | None = None, site: str = "", component: str = "accelerator",
           engine: Any = "duckdb", threads: int = 2, memory: str = "1GB", batch_rows: int = batches.BATCH_ROWS,
           **rules: Any) -> Survey:  # fmt: skip
    """The same with what was left out and the completeness by device and hour.

    ``unit`` and ``columns`` (device, time, value → name) where the files' names do not tell; ``site`` and ``component``
    stand where no placement does; ``boundary``: what lies inside the meter, chip, server or facility. ``engine``: duckdb,
    spark or a Spark session; ``threads``, ``memory``, ``batch_rows`` are DuckDB's. ``rules``: max_gap_s, max_w, wrap,
    impute, latest_s, most_bad (see ``rules.Rules``).
    """
    require_words(by, boundary)
    paths = samples.found(where)
    con = duck.connect(memory, threads)
    chosen = samples.columns_of(con, paths, unit, columns)
    policy, names = ruled(chosen.unit, rules), duck.loaded(con, given)
    if engine == "duckdb":
        fleet: Any = Fleet(con, chosen, policy, names, threads, site, component)
        fleet.survey(batches.grouped(batches.measured(con, paths, chosen), batch_rows))
    else:
        fleet = spark.SparkFleet(spark.of(engine), paths, chosen, policy, names, site, component)
        fleet.survey(con)
    return summed(fleet, by, boundary)


def summed(fleet: Any, by: Sequence[str], boundary: str) -> Survey:
    """The sums and the quality of a fleet whose stages are made."""
    told = quality.judge(fleet)
    keys = ("site", "hour_us", "component", *by)
    table = fleet.arrays(fleet.accounts(by), (*keys, *AMOUNTS), keys)
    return Survey(fleet, table, told, boundary, (*stated(fleet), *told.assumptions(), *priced_hours(fleet, by)))


def ruled(unit: str, rules: Mapping[str, Any]) -> Rules:
    """The rules asked for. Errors: BadInput for a word that is none of them."""
    for name in set(rules) - set(RULES):
        raise BadInput("rules", name, f"choose among {', '.join(RULES)}")
    return Rules(unit, **rules)


def require_words(by: Sequence[str], boundary: str) -> None:
    """Labels must be among those the accounts know, the boundary among those of an Activity."""
    if boundary not in BOUNDARIES:
        raise BadInput("boundary", boundary, f"use one of {', '.join(BOUNDARIES)}")
    for label in by:
        if label not in LABELS or isinstance(by, str):
            raise BadInput("by", label if label not in LABELS else by, f"give a list of {', '.join(LABELS)}")


def stated(fleet: Any) -> tuple[Assumption, ...]:
    """The policy under which the sums were made."""
    rules = Assumption("telemetry", fleet.rules.describe(), "the stated policy", "jevons-rule")
    placed = () if "placement" in fleet.given else (
        Assumption("component", fleet.component, "no placement names the devices' component", "jevons-rule"),)  # fmt: skip
    return (rules, *placed, *fleet.columns.assumptions())


def priced_hours(fleet: Any, by: Sequence[str]) -> tuple[Assumption, ...]:
    """The grid's mean intensity of each site, weighted with the energy of each hour; refuses an hour without a factor."""
    if "grid" not in fleet.given:
        return ()
    sums = f"SELECT site, hour_us, sum(energy_kwh + imputed_kwh) AS kwh FROM ({fleet.accounts(by)}) AS accounts GROUP BY site, hour_us"
    joined = f"({sums}) AS sums LEFT JOIN grid USING (site, hour_us)"
    lacking = fleet.ask(f"SELECT site, min(hour_us) FROM {joined} WHERE kg_per_kwh IS NULL AND kwh > 0 GROUP BY site ORDER BY 1")
    if lacking:
        raise MissingFactor("electricity", "climate", f"{lacking[0][0] or 'no site'} in the hour from {duck.stamp(lacking[0][1])}",
                            mend="add that hour to the grid table")  # fmt: skip
    means = fleet.ask(f"SELECT site, sum(kwh * kg_per_kwh) / nullif(sum(kwh), 0) FROM {joined} GROUP BY site ORDER BY 1")
    return tuple(Assumption(f"hourly intensity at {site or 'the site'}", f"{mean:.12g} kg/kWh", "mean of the grid table, weighted with the energy of each hour", "stated")
                 for site, mean in means if mean is not None)  # fmt: skip


def rows_of(table: Mapping[str, Any], amount: str, boundary: str, method: str, tier: str, notes: tuple[Assumption, ...]) -> Activity:
    """An Activity of the rows of the accounts that hold energy."""
    import numpy as np

    from jevons.core.activity import DEFAULTS, Activity

    kwh = np.asarray(table[amount], float)
    kept = np.flatnonzero(kwh > 0)
    words = {name: np.asarray(table[name], dtype=object)[kept] for name in ("site", "component", *LABELS) if name in table}
    fixed = {**DEFAULTS, "boundary": boundary, "method": method, "tier": tier}
    full = {name: np.full(len(kept), word, dtype=object) for name, word in fixed.items()}
    start_s = np.asarray(table["hour_us"], np.int64)[kept] / US_PER_S
    bare = Activity(start_s, start_s + HOUR_US / US_PER_S, {**full, **words}, kwh[kept][:, None], assumptions=notes)
    return bare.label(boundary=boundary)  # label checks the words


def series(grid: Any) -> dict[str, Any]:
    """Hourly factors (a table of site, hour, kg_per_kwh) as a Series for each site: ``jevons.site(..., series=...)``.

    The kernel prices each hour's energy with it; nothing is priced in the database.
    """
    import numpy as np

    from jevons.world.hourly import Series

    con = duck.connect()
    duck.loaded(con, {"grid": grid})
    out = {}
    for (site,) in con.execute("SELECT DISTINCT site FROM grid ORDER BY 1").fetchall():
        rows = con.execute("SELECT hour_us, kg_per_kwh FROM grid WHERE site = ? ORDER BY 1", [site]).fetchnumpy()
        if len(rows["hour_us"]) < 2:
            raise BadInput("grid", site, "give at least two hours of each site")
        out[site] = Series(np.asarray(rows["hour_us"], float) / US_PER_S, np.asarray(rows["kg_per_kwh"], float), f"grid of {site}")
    return out

