"""``telemetry``: power samples or counters of a whole fleet, summed by the database; an Activity comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.telemetry import batches, duck, quality, samples
from jevons.account.telemetry.duck import Fleet
from jevons.account.telemetry.quality import Quality
from jevons.account.telemetry.rules import HOUR_US, US_PER_S, Rules
from jevons.account.telemetry.samples import one
from jevons.account.telemetry.shares import LABELS
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

RULES = ("max_gap_s", "max_w", "wrap", "impute", "latest_s", "most_bad")


@dataclass(frozen=True, eq=False)
class Survey:
    """A fleet, summed: ``table`` maps each column of the accounts to its values; ``quality`` says what was left out."""

    fleet: Fleet
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

    def completeness(self) -> dict[str, Any]:
        """By device and hour: energy, seconds covered and missing, share complete, samples, doubles, gaps, resets ..."""
        con = self.fleet.con
        told: dict[str, Any] = con.execute(self.fleet.completeness() + " ORDER BY device, hour_us").fetchnumpy()
        return told


def telemetry(where: str | Path | Sequence[str | Path], *, jobs: Any = None, placement: Any = None, offsets: Any = None,
              grid: Any = None, unit: str | None = None, columns: Mapping[str, str] | None = None, site: str = "",
              component: str = "accelerator", boundary: str = "chip", by: Sequence[str] = ("owner",),
              engine: str = "duckdb", threads: int = 2, memory: str = "1GB", batch_rows: int = batches.BATCH_ROWS,
              **rules: Any) -> Activity:  # fmt: skip
    """Energy of a fleet by (site, hour, component, owner), summed where the samples lie.

    ``where``: Parquet files of samples (device, time, value): a pattern, a folder or a list. Power (``power_w``) is
    integrated by the trapezoid, a counter (``energy_j``) by its rises; both are cut exactly at hours and at the borders
    of jobs and places. ``jobs``: job, device, start, end, owner, weight; ``placement``: device, site, component, start,
    end; ``offsets``: device, offset_s (what its clock shows too much); ``grid``: site, hour, kg_per_kwh. Each is a file,
    a data frame or a list of mappings. ``site`` and ``component`` stand where no placement does. ``by``: labels among
    owner, job, device. ``rules``: max_gap_s, max_w, wrap, impute, latest_s, most_bad (see ``rules.Rules``). ``engine``:
    duckdb or spark. Errors: BadInput, TableError, Contradiction naming file, row and column; MissingExtra;
    MissingFactor where ``grid`` lacks an hour.
    """
    given = {"jobs": jobs, "placement": placement, "offsets": offsets, "grid": grid}
    if engine == "spark":
        from jevons.account.telemetry.spark import activity

        return activity(where, given, unit, columns, site, component, boundary, by, rules)
    if engine != "duckdb":
        raise BadInput("engine", engine, "choose duckdb or spark; others run the SQL of jevons fleet sql")
    found = survey(where, given, unit=unit, columns=columns, site=site, component=component, boundary=boundary, by=by,
                   threads=threads, memory=memory, batch_rows=batch_rows, rules=rules)  # fmt: skip
    return found.activity


def survey(where: Any, given: Mapping[str, Any], *, unit: str | None = None, columns: Mapping[str, str] | None = None,
           site: str = "", component: str = "accelerator", boundary: str = "chip", by: Sequence[str] = ("owner",),
           threads: int = 2, memory: str = "1GB", batch_rows: int = batches.BATCH_ROWS, rules: Mapping[str, Any] | None = None) -> Survey:  # fmt: skip
    """The same with what was left out and the completeness by device and hour; the database stays open."""
    require_labels(by)
    con = duck.connect(memory, threads)
    paths = samples.found(where)
    chosen = samples.columns_of(con, paths, unit, columns)
    fleet = Fleet(con, chosen, ruled(chosen.unit, rules or {}), duck.loaded(con, given), threads, site, component)
    fleet.read(batches.grouped(batches.measured(con, paths, chosen), batch_rows))
    fleet.join()
    fleet.settle()
    told = quality.judge(fleet)
    table = con.execute(f"{fleet.accounts(by)} ORDER BY ALL").fetchnumpy()
    notes = (*stated(fleet), *told.assumptions(), *priced_hours(fleet, by))
    return Survey(fleet, table, told, boundary, notes)


def ruled(unit: str, rules: Mapping[str, Any]) -> Rules:
    """The rules asked for. Errors: BadInput for a word that is none of them."""
    for name in set(rules) - set(RULES):
        raise BadInput("rules", name, f"choose among {', '.join(RULES)}")
    return Rules(unit, **rules)


def require_labels(by: Sequence[str]) -> None:
    """Labels must be among those the accounts know."""
    for label in by:
        if label not in LABELS or isinstance(by, str):
            raise BadInput("by", by, f"give a list of {', '.join(LABELS)}")


def stated(fleet: Fleet) -> tuple[Assumption, ...]:
    """The policy under which the sums were made."""
    rules = Assumption("telemetry", fleet.rules.describe(), "the stated policy", "jevons-rule")
    placed = () if "placement" in fleet.given else (
        Assumption("component", fleet.component, "no placement names the devices' component", "jevons-rule"),)  # fmt: skip
    return (rules, *placed, *fleet.columns.assumptions())


def priced_hours(fleet: Fleet, by: Sequence[str]) -> tuple[Assumption, ...]:
    """The grid's mean intensity of each site, weighted with the energy of each hour; refuses an hour without a factor."""
    if "grid" not in fleet.given:
        return ()
    sums = f"SELECT site, hour_us, sum(energy_kwh + imputed_kwh) AS kwh FROM ({fleet.accounts(by)}) GROUP BY site, hour_us"
    joined = f"({sums}) LEFT JOIN grid USING (site, hour_us)"
    lacking = one(fleet.con, f"SELECT site, min(hour_us) FROM {joined} WHERE kg_per_kwh IS NULL AND kwh > 0 GROUP BY site ORDER BY 1")
    if lacking:
        raise MissingFactor("electricity", "climate", f"{lacking[0] or 'no site'} in the hour from {duck.stamp(lacking[1])}",
                            mend="add that hour to the grid table")  # fmt: skip
    means = fleet.con.execute(f"SELECT site, sum(kwh * kg_per_kwh) / nullif(sum(kwh), 0) FROM {joined} GROUP BY site ORDER BY 1").fetchall()
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

