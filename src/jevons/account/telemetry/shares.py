"""Whose each cell is: its place, its jobs and their shares; then the sums. Part of the one expression.

    share of a job in a cell = w / Σ w over the jobs that hold the device at that time; no job: "unallocated"
    missing                  = expected − covered seconds;   imputed = missing × mean power of the device
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jevons.account.telemetry import expression as parts
from jevons.account.telemetry.expression import SCHEMAS, ibis
from jevons.account.telemetry.rules import STEPS, US_PER_S, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table

UNALLOCATED = "unallocated"
LABELS = ("owner", "job", "device")


def laid_over(cells: Table, given: Table, spans: Table) -> Table:
    """Each cell with every job (or place) that holds its device then; both are met by the hour, so the join is linear."""
    inside = parts.within(given, parts.hours(spans))
    hourly = inside.mutate(hour_us=parts.each_hour(parts.hour_of(inside.start_us), inside.end_us))
    return cells.inner_join(hourly, ["device", "hour_us", cells.from_us < hourly.end_us, cells.to_us > hourly.start_us])


def owned(cells: Table, jobs: Table | None, spans: Table) -> Table:
    """cell, job, owner, share: the shares of each cell sum to 1. A job without owner is unallocated and keeps its name."""
    of = ibis()
    if jobs is None:
        return cells.select("cell", job=of.literal(""), owner=of.literal(UNALLOCATED), share=of.literal(1.0))
    held = laid_over(cells, jobs, spans).select("cell", "job", "owner", "weight")
    whole = held.weight.sum().over(of.window(group_by="cell"))
    shared = held.mutate(share=held.weight / whole)
    all_cells = cells.select("cell").left_join(shared, "cell")
    owner = of.ifelse(all_cells.owner.fill_null("") == "", UNALLOCATED, all_cells.owner)
    return all_cells.select("cell", job=all_cells.job.fill_null(""), owner=owner, share=all_cells.share.fill_null(1.0))


def placed(cells: Table, placement: Table | None, spans: Table, site: str, component: str) -> Table:
    """cell, site, component; the words given stand where no placement names the device."""
    of = ibis()
    if placement is None:
        return cells.select("cell", site=of.literal(site), component=of.literal(component))
    there = laid_over(cells, placement, spans).select("cell", "site", "component")
    all_cells = cells.select("cell").left_join(there, "cell")
    named = of.ifelse(all_cells.component.fill_null("") == "", component, all_cells.component)
    return all_cells.select("cell", site=all_cells.site.fill_null(site), component=named)


def metered(cells: Table, energy: Table, spans: Table, rules: Rules) -> Table:
    """Each cell with its energy, the seconds that were covered, those that are missing, and what they are put at."""
    of = ibis()
    got = energy.group_by("device", "from_us").aggregate(
        energy=lambda t: t.energy.sum(), covered_us=lambda t: t.covered_us.sum())  # fmt: skip
    held = cells.left_join(got, ["device", "from_us"]).drop("device_right", "from_us_right")
    held = held.inner_join(spans.select("device", begin_us="from_us", until_us="to_us"), "device")
    energy_kwh, covered_us = held.energy.fill_null(0.0) * rules.to_kwh, held.covered_us.fill_null(0)
    expected_us = of.greatest(of.least(held.to_us, held.until_us) - of.greatest(held.from_us, held.begin_us), 0)
    known = held.mutate(energy_kwh=energy_kwh, covered_us=covered_us, missing_us=of.greatest(expected_us - covered_us, 0))
    device = of.window(group_by="device")
    kwh_per_us = known.energy_kwh.sum().over(device) / known.covered_us.sum().over(device).cast("float64").nullif(0.0)
    imputed = (kwh_per_us * known.missing_us).fill_null(0.0) if rules.impute != "none" else of.literal(0.0)
    return known.mutate(imputed_kwh=imputed).drop("energy", "begin_us", "until_us")


def accounts(metered: Table, owned: Table, placed: Table, by: Sequence[str] = ("owner",)) -> Table:
    """Sums by site, hour, component and the labels asked for (owner, job, device); nothing else is left."""
    whose = metered.inner_join(owned, "cell").inner_join(placed, "cell")
    keys = ["site", "hour_us", "component", *by]
    return whose.group_by(*keys).aggregate(
        energy_kwh=lambda t: (t.energy_kwh * t.share).sum(), imputed_kwh=lambda t: (t.imputed_kwh * t.share).sum(),
        covered_s=lambda t: (t.covered_us * t.share).sum() / US_PER_S,
        missing_s=lambda t: (t.missing_us * t.share).sum() / US_PER_S,
    )  # fmt: skip


def weighed(accounts: Table, grid: Table) -> Table:
    """The accounts beside the grid's factor of their hour, and Σ energy × factor: for those who stay in their warehouse.

    jevons itself prices the sums (``jevons.footprint``); a test holds the two equal.
    """
    known = accounts.left_join(grid, ["site", "hour_us"]).drop("site_right", "hour_us_right")
    return known.mutate(climate_kg=(known.energy_kwh + known.imputed_kwh) * known.kg_per_kwh)


def metered_table() -> Table:
    """The unbound table that ``metered`` makes, for engines that keep it."""
    schema = {**SCHEMAS["cells"], "energy_kwh": "float64", "covered_us": "int64", "missing_us": "int64", "imputed_kwh": "float64"}
    return ibis().table(schema, name="metered")


def completeness(metered: Table, energy: Table, rules: Rules) -> Table:
    """By device and hour: seconds covered and missing, the share covered, and what happened to the samples.

    A sample counts where the step that led to it began; each counts once.
    """
    of = ibis()
    hours = metered.group_by("device", "hour_us").aggregate(
        energy_kwh=lambda t: t.energy_kwh.sum(), imputed_kwh=lambda t: t.imputed_kwh.sum(),
        covered_s=lambda t: t.covered_us.sum() / US_PER_S, missing_s=lambda t: t.missing_us.sum() / US_PER_S)  # fmt: skip
    counts: dict[str, Any] = {name: of.ifelse(energy.kind == code, energy.samples, 0).sum() for name, code in STEPS.items()}
    seen = energy.mutate(hour_us=parts.hour_of(energy.from_us)).group_by("device", "hour_us")
    told = seen.aggregate(samples=energy.samples.sum(), **counts)
    both = hours.left_join(told, ["device", "hour_us"]).drop("device_right", "hour_us_right")
    filled = {name: both[name].fill_null(0).cast("int64") for name in ("samples", *counts)}
    share = both.covered_s / (both.covered_s + both.missing_s).nullif(0.0)
    told = both.mutate(complete=share, **filled)
    return told.filter((told.samples > 0) | (told.covered_s + told.missing_s > 0))


def whole(rules: Rules, *, jobs: bool = True, placement: bool = True, offsets: bool = False, grid: bool = False,
          by: Sequence[str] = ("owner",), site: str = "", component: str = "accelerator", readings: Any = None) -> Table:  # fmt: skip
    """The expression from samples to accounts in one piece, over unbound tables (or the ``readings`` given)."""
    given = {name: parts.table(name) if asked else None
             for name, asked in (("jobs", jobs), ("placement", placement), ("offsets", offsets))}  # fmt: skip
    samples = parts.usable(parts.table("readings") if readings is None else readings, rules, given["offsets"])
    spans = samples.group_by("device").aggregate(from_us=samples.t_us.min(), to_us=samples.t_us.max())
    cells = parts.cells(spans, given["jobs"], given["placement"])
    energy = parts.cell_energy(parts.judged(parts.steps(samples), rules), cells, rules).select(*SCHEMAS["energy"])
    sums = accounts(metered(cells, energy, spans, rules), owned(cells, given["jobs"], spans),
                    placed(cells, given["placement"], spans, site, component), by)  # fmt: skip
    return weighed(sums, parts.table("grid")) if grid else sums
