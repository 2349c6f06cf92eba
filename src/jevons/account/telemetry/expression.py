"""Fleet telemetry as one ibis expression: samples, jobs and placement in, energy by site, hour, component and owner out.

    power    E[x, y) = (y − x) · p((x + y)/2),  p linear from one sample to the next       trapezoid, cut exactly
    counter  E[x, y) = (c₁ − c₀) · (y − x)/(t₁ − t₀)                                       proportional in time

A device's time is cut into cells at every hour (UTC), job border and change of place. Each step between two samples is
laid over the cells it touches, so no sample is ever unfolded by the hour. Written once, here; DuckDB, Spark, ClickHouse,
BigQuery and Trino run what ibis compiles of it. Times are whole microseconds since 1970, UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jevons.account.telemetry.rules import (
    ABSURD,
    BACKWARD,
    CONFLICT,
    COVERING,
    DOUBLE,
    EARLIEST_US,
    FIRST,
    GAP,
    HOLDING,
    HOUR_US,
    JOINED,
    RESET,
    US_PER_S,
    WRAP,
    Rules,
)
from jevons.core.errors import MissingExtra

if TYPE_CHECKING:
    from ibis.expr.types import Table

SCHEMAS: dict[str, dict[str, str]] = {
    "readings": {"device": "string", "t_us": "int64", "value": "float64"},
    "jobs": {"job": "string", "device": "string", "start_us": "int64", "end_us": "int64", "owner": "string",
             "weight": "float64"},
    "placement": {"device": "string", "start_us": "int64", "end_us": "int64", "site": "string", "component": "string"},
    "offsets": {"device": "string", "offset_us": "int64"},
    "spans": {"device": "string", "from_us": "int64", "to_us": "int64"},
    "cells": {"cell": "int64", "device": "string", "hour_us": "int64", "from_us": "int64", "to_us": "int64"},
    "energy": {"device": "string", "from_us": "int64", "kind": "int64", "last": "boolean", "energy": "float64",
               "covered_us": "int64", "samples": "int64", "t_us": "int64", "value": "float64"},
    "steps": {"device": "string", "t_us": "int64", "value": "float64", "t0_us": "int64", "value0": "float64",
              "first": "boolean", "last": "boolean"},
    "grid": {"site": "string", "hour_us": "int64", "kg_per_kwh": "float64"},
}  # fmt: skip
"""The tables the parts of the expression stand on, by name."""


def ibis() -> Any:
    """The package, imported when it is first needed. Errors: MissingExtra."""
    try:
        import ibis
    except ImportError:
        raise MissingExtra("ibis", "fleet", "fleet telemetry") from None
    return ibis


def table(name: str) -> Table:
    """The unbound table of that name."""
    return ibis().table(SCHEMAS[name], name=name)


def usable(readings: Table, rules: Rules, offsets: Table | None = None) -> Table:
    """The samples that can be used, each clock set right: stamp − offset of its device.

    Left out (and counted by whoever runs this): no device or stamp, a stamp before 2000 or in the future, a value that
    is absent, not a number, negative or over what a device can draw.
    """
    if offsets is not None:
        known = readings.left_join(offsets, "device")
        t_us = known.t_us - known.offset_us.fill_null(0)
        readings = known.select(device=known.device, t_us=t_us, value=known.value)
    stamped = readings.t_us.between(EARLIEST_US, rules.latest_us)
    number = ~readings.value.isnan()  # said in so many words: a Parquet footer's bounds leave NaN out, and scans trust them
    return readings.filter(readings.device.notnull(), stamped, number, readings.value.between(0.0, rules.most))


def steps(samples: Table, streamed: bool = False) -> Table:
    """Each sample beside the one before it of the same device.

    ``streamed`` takes the rows in the order in which they lie, for an engine that keeps it, files that hold one device
    after another, and devices that are numbers from 0: that costs an eighth of sorting. Whether it was right shows in the
    answer: no step is BACKWARD and every device has one FIRST.
    """
    if not streamed:
        order = ibis().window(group_by="device", order_by=["t_us", "value"])
        t0_us, after_us = samples.t_us.lag(1, -1).over(order), samples.t_us.lead(1, -1).over(order)
        value0 = samples.value.lag(1, 0.0).over(order)
        beside = samples.mutate(t0_us=t0_us, value0=value0, after_us=after_us)
        return beside.mutate(first=beside.t0_us == -1, last=beside.after_us == -1).drop("after_us")
    order = ibis().window()
    before, after = samples.device.lag(1, -1).over(order), samples.device.lead(1, -1).over(order)
    beside = samples.mutate(before=before, after=after, t0_us=samples.t_us.lag(1, -1).over(order),
                            value0=samples.value.lag(1, 0.0).over(order))  # fmt: skip
    return beside.mutate(first=beside.before != beside.device, last=beside.after != beside.device).drop("before", "after")


def judged(steps: Table, rules: Rules) -> Table:
    """Each step with its ``kind`` and the rate at both ends, in the unit of the samples (a counter's: per µs).

    A step that covers no time shrinks to its own stamp, so that its sample is still counted in some cell. The kind that
    nearly all steps have is asked first: the other questions are then put to few rows.
    """
    of = ibis()
    pause_us, fell = steps.t_us - steps.t0_us, steps.value < steps.value0
    joined = ~steps.first & pause_us.between(1, rules.reach_us)
    others = [(steps.first, FIRST), ((pause_us < 0) | ((pause_us == 0) & fell), BACKWARD), (pause_us > rules.reach_us, GAP)]
    rise = steps.value - steps.value0 + (of.ifelse(fell, rules.wrap, 0.0) if rules.wrap else 0.0)
    if rules.kind == "counter":
        absurd = rise > rules.per_us * of.greatest(pause_us, US_PER_S)
        joined &= ~fell & ~absurd
        others += [(fell & absurd, RESET), (fell, WRAP if rules.wrap else RESET), (absurd, ABSURD)]
    kind = of.cases((joined, JOINED), *others, (steps.value == steps.value0, DOUBLE), else_=CONFLICT)
    out = steps.mutate(kind=kind, rise=rise)
    covers = out.kind.isin(COVERING[rules.kind])
    out = out.mutate(start_us=of.ifelse(covers, out.t0_us, out.t_us), end_us=of.ifelse(covers, out.t_us, out.t_us + 1))
    rate0, rate1 = out.value0, out.value
    if rules.kind == "counter":
        rate0 = rate1 = out.rise / (out.end_us - out.start_us).cast("float64")
    return out.select("device", "start_us", "end_us", "kind", "last", "value", rate0=rate0, rate1=rate1)


def cells(spans: Table, jobs: Table | None, placement: Table | None) -> Table:
    """The time of each device from ``from_us`` to ``to_us`` (widened to whole hours), cut at every border."""
    of = ibis()
    wide = hours(spans)
    borders = [wide.mutate(at_us=each_hour(wide.from_us, wide.to_us + 1)).select("device", "at_us")]
    for given in (jobs, placement):
        if given is not None:
            inside = within(given, wide)
            borders += [inside.select("device", at_us=inside[end]) for end in ("start_us", "end_us")]
    marks = of.union(*borders, distinct=True) if len(borders) > 1 else borders[0]
    after = marks.at_us.lead(1, -1).over(of.window(group_by="device", order_by="at_us"))  # ClickHouse knows no null here
    cut = marks.mutate(to_us=after).filter(lambda t: t.to_us >= 0)
    number = of.row_number().over(of.window(order_by=["device", "at_us"]))
    return cut.select(cell=number, device=cut.device, hour_us=hour_of(cut.at_us), from_us=cut.at_us, to_us=cut.to_us)


def hours(spans: Table) -> Table:
    """Spans widened to whole hours."""
    return spans.select("device", from_us=hour_of(spans.from_us), to_us=hour_of(spans.to_us) + HOUR_US)


def hour_of(t_us: Any) -> Any:
    """The hour (UTC) a moment lies in, as the µs at which it begins: whole numbers throughout, so borders are exact."""
    return t_us - t_us % HOUR_US


def each_hour(first_us: Any, end_us: Any) -> Any:
    """A row for each hour from ``first_us`` (the beginning of one) to before ``end_us``.

    ``greatest`` changes nothing: without a function around them ibis 12 writes end − (a − b) as end − a − b here, on all
    engines but DuckDB and ClickHouse.
    """
    of = ibis()
    return of.range(of.greatest(first_us, 0), of.greatest(end_us, 0), HOUR_US).unnest()


def within(given: Table, wide: Table) -> Table:
    """Jobs or placements, cut to the spans of their devices."""
    of = ibis()
    both = given.inner_join(wide, "device")
    start, end = of.greatest(both.start_us, both.from_us), of.least(both.end_us, both.to_us)
    inside = both.mutate(start_us=start, end_us=end).drop("from_us", "to_us")
    return inside.filter(inside.start_us < inside.end_us)


def cell_energy(judged: Table, cells: Table, rules: Rules) -> Table:
    """Energy of each cell by kind of step, in unit × µs of power or in the unit of a counter; t_us and value are those of
    a sample, and count where there is but one: a device's first and last.

    A step begins in one hour and may reach into the next: each cell is offered under its own hour, and under the hour
    before where a step can reach it. One hash join then finds the cells a step touches.
    """
    of = ibis()
    own = cells.mutate(begun_us=cells.hour_us)
    reached = cells.filter(cells.from_us - cells.hour_us < rules.reach_us)
    offered = own.union(reached.mutate(begun_us=reached.hour_us - HOUR_US))
    begun = judged.mutate(begun_us=hour_of(judged.start_us))
    touched = begun.inner_join(offered.drop("hour_us"), [
        "device", "begun_us", begun.end_us > offered.from_us, begun.start_us < offered.to_us])  # fmt: skip
    x, y = of.greatest(touched.start_us, touched.from_us), of.least(touched.end_us, touched.to_us)
    laid = touched.mutate(x=x, y=y)
    length_us = laid.end_us - laid.start_us
    mid = ((laid.x - laid.start_us) + (laid.y - laid.start_us)) / (2 * length_us).cast("float64")
    inside = (laid.start_us >= laid.from_us) & (laid.end_us <= laid.to_us)  # nearly all are, and take less arithmetic
    held_us = of.ifelse(inside, length_us, laid.y - laid.x)
    energy = of.ifelse(inside, (laid.rate0 + laid.rate1) * 0.5, laid.rate0 + (laid.rate1 - laid.rate0) * mid) * held_us
    begins = (laid.start_us >= laid.from_us).cast("int64")
    summed = laid.group_by("cell", "kind", "last").aggregate(
        energy=energy.sum(), covered_us=held_us.sum(), samples=begins.sum(),
        t_us=laid.end_us.arbitrary(), value=laid.value.arbitrary())  # fmt: skip
    named = summed.inner_join(cells.select("cell", "device", "from_us"), "cell")
    covers, holds = named.kind.isin(COVERING[rules.kind]), named.kind.isin(HOLDING[rules.kind])
    return named.mutate(
        kind=named.kind.cast("int64"), energy=of.ifelse(holds, named.energy, 0.0), covered_us=of.ifelse(covers, named.covered_us, 0),
        t_us=named.t_us - of.ifelse(covers, 0, 1)).select(*SCHEMAS["energy"])  # fmt: skip
