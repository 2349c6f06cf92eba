"""Prometheus: what exporters of power and energy said over time, each joule once.

What a metric means (unit, boundary, what it meters) is a row of world/data/meters.csv. Rows of one ``overlap_group``
count the same joules, on Kepler's zones as between exporters: of each group the metric of the lowest ``rank`` that is
present on a machine is used. Workloads' metrics are parts of the node's: ``scope`` chooses (node, platform, pod,
container, process, vm). Counters are differenced, restarts and all; power is integrated by the trapezoid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.account.readers import serving_metrics
from jevons.account.readers.integral import LONGEST_S, counted, hours_of, integrated, require_span
from jevons.account.readers.series import Series, from_json, from_text
from jevons.core import units
from jevons.core.activity import UNDATED
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption
from jevons.world import catalog

if TYPE_CHECKING:
    from jevons.core.activity import Activity

TO_J = {"J": 1.0, "mJ": 1e-3, "uJ": 1e-6, "kWh": units.JOULES_PER_KWH}
TO_W = {"W": 1.0, "mW": 1e-3, "uW": 1e-6}
PAUSE_STEPS = 3.0
"""Power is bridged over so many of a series' usual steps, and over LONGEST_S at least."""
MACHINE = ("node_name", "Hostname", "hostname", "node", "nodename", "instance")
CARRIED = {"node": MACHINE, "pod": ("pod_name", "pod", "exported_pod"), "namespace": ("pod_namespace", "namespace",
           "exported_namespace"), "container": ("container_name", "container", "exported_container"), "pod_id": ("pod_id",),
           "model": ("model_name",), "window": ("window",)}  # fmt: skip
COPIES = ("replica", "prometheus", "prometheus_replica", "job", "endpoint", "service", "pod_template_hash", "window")
"""Labels that tell who scraped, or over which window, and not what was metered."""


@dataclass(frozen=True, eq=False, slots=True)
class Metered:
    """A series that a row of meters.csv explains, and the machine and device it meters."""

    row: catalog.Row
    series: Series
    machine: str
    device: str

    @property
    def rank(self) -> float:
        """Which of its overlap group is used, lowest first."""
        return catalog.number(self.row, "rank") or 0.0

    @property
    def fullness(self) -> tuple[int, float]:
        """Which of several series of one device says most: by its samples, then by its span of values."""
        return len(self.series.t_s), float(np.ptp(self.series.value))


@dataclass(slots=True)
class Told:
    """What has to be said of the series beside their energy."""

    notes: list[Assumption] = field(default_factory=list)

    def say(self, what: str, value: str, why: str) -> None:
        """Keep an assumption."""
        self.notes.append(Assumption(what, value, why, "stated"))


def recognises(head: str) -> bool:
    """Whether this is an answer of the query API, or exporters' text."""
    first = head.lstrip()
    if first.startswith(("{", "[")) and '"resultType"' in head:
        return True
    names = {row["metric"] for row in catalog.table("meters")} | set(serving_metrics.METRICS)
    return first.startswith(("# HELP", "# TYPE", "{__name__")) or any(first.startswith((n + "{", n + " ")) for n in names)


def read(path: Path, zone: str = "UTC", scope: str = "node") -> Activity:
    """One Activity: a row a device and hour; with vLLM's metrics beside, what was served, and energy by phase.

    ``scope``: whose meters, of those the table knows. ``zone`` is not needed. Errors: TableError where no series is
    explained by a row of the table, or a counter is negative.
    """
    from jevons.account.readers.lines import text_of

    text = text_of(path, 512).lstrip()
    found = from_json(path) if text.startswith(("{\"", "{\n", "{ ", "[")) else from_text(path)
    return activity_of(path.name, found, scope)


def activity_of(file: str, found: Sequence[Series], scope: str) -> Activity:
    """Series of any origin as an Activity."""
    from jevons.core.activity import Activity

    scopes = list(dict.fromkeys(row["scope"] for row in catalog.table("meters")))
    if scope not in scopes:
        raise BadInput("scope", scope, f"choose one of {', '.join(scopes)}")
    told = Told()
    meters = used(explained(found), scope, told)
    rows = [row for meter in meters for row in _rows(file, meter, told)]
    serving = serving_metrics.read(file, found)
    if not rows and not serving.served:
        names = ", ".join(sorted({one.name for one in found})[:8]) or "no series"
        raise TableError(file, None, "scope", scope, f"no energy of that scope is in it ({names}); query an energy or power "
                         f"metric that is a row of meters.csv")  # fmt: skip
    if serving.phases:
        rows = serving_metrics.by_phase(rows, serving, told)
    return Activity.of(rows, served=serving.served, assumptions=tuple(told.notes))


def explained(found: Iterable[Series]) -> list[Metered]:
    """The series that the table knows."""
    rows: dict[str, list[catalog.Row]] = {}
    for row in catalog.table("meters"):
        rows.setdefault(row["metric"], []).append(row)
    return [_metered(row, one) for one in found for row in rows.get(one.name, []) if _applies(row, one.labels)]


def _applies(row: catalog.Row, labels: Mapping[str, str]) -> bool:
    pairs = [word.partition("=") for word in row["where"].split(";") if word]
    return all(labels.get(key) == wanted for key, _, wanted in pairs)


def _metered(row: catalog.Row, one: Series) -> Metered:
    """Its machine and device; a series that lacks a label which tells devices apart is told by all it has."""
    names = [name for name in row["device_labels"].split(";") if name]
    told = [one.labels[name] for name in names if one.labels.get(name)]
    if len(told) < len(names):
        told = [f"{k}={v}" for k, v in sorted(one.labels.items()) if k not in COPIES]
    machine = next((one.labels[name] for name in MACHINE if one.labels.get(name)), "")
    return Metered(row, one, machine, ":".join([row["id"], *told]))


def used(meters: Sequence[Metered], scope: str, told: Told) -> list[Metered]:
    """Of each machine and overlap group the metric of the lowest rank; of one device's copies the longest."""
    within = [m for m in meters if m.row["scope"] == scope]
    best: dict[tuple[str, str], float] = {}
    for m in within:
        group = (m.machine, m.row["overlap_group"])
        best[group] = min(m.rank, best.get(group, m.rank))
    kept: dict[str, Metered] = {}
    copies = 0
    for m in within:
        if m.rank == best[m.machine, m.row["overlap_group"]]:
            copies += m.device in kept
            if m.device not in kept or m.fullness > kept[m.device].fullness:
                kept[m.device] = m
    left = sorted({m.row["id"] for m in meters} - {m.row["id"] for m in kept.values()})
    if left:
        told.say("metrics left out", ", ".join(left), f"they count joules of another scope than {scope}, or the same ones again")
    if copies:
        told.say("series left out", str(copies), "one device scraped more than once or in several windows; "
                 "the fullest is kept")  # fmt: skip
    return list(kept.values())


def _rows(file: str, meter: Metered, told: Told) -> list[dict[str, Any]]:
    one, unit = meter.series, meter.row["unit"]
    counts = unit in TO_J
    if (one.value < 0).any():
        raise TableError(file, None, one.name, float(one.value.min()), f"a negative {unit} of {meter.device}; energy and power "
                         "cannot be")  # fmt: skip
    common = {"component": meter.row["component"], "boundary": meter.row["boundary"], "device": meter.device,
              "method": "counter" if counts else "integrated", "lifecycle": "operation", **_carried(one.labels)}  # fmt: skip
    require_span(file, one.name, one.t_s[~np.isnan(one.t_s)])
    if len(one.t_s) < 2:
        if not counts:
            told.say(f"power of {meter.device}", "left out", "one reading of power is no energy; give its history")
            return []
        told.say(f"energy of {meter.device}", "since its counter began", "one reading, and when it began is not told")
        return [{**common, "start_s": UNDATED, "end_s": UNDATED, "amount": float(one.value[-1]) * TO_J[unit] / units.JOULES_PER_KWH}]
    return [{**common, "start_s": start_s, "end_s": end_s, "amount": joules / units.JOULES_PER_KWH}
            for start_s, end_s, joules in hours_of(one.t_s, _joules(meter, told))]  # fmt: skip


def _joules(meter: Metered, told: Told) -> Any:
    one, unit = meter.series, meter.row["unit"]
    if unit in TO_J:
        joules, anew = counted(one.t_s, one.value * TO_J[unit])
        if anew:
            told.say(f"restarts of {meter.device}", str(anew), "what ran up between the last reading and each is not known")
        return joules
    longest_s = max(LONGEST_S, PAUSE_STEPS * float(np.median(np.diff(one.t_s))))
    joules, paused_s = integrated(one.t_s, one.value * TO_W[unit], longest_s)
    if paused_s:
        told.say(f"power of {meter.device}", f"{paused_s:.0f} s without samples", "left out")
    return joules


def _carried(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels a row keeps: where it ran and for whom, and whether it is what the machine draws when idle."""
    kept = {ours: next((labels[name] for name in theirs if labels.get(name)), "") for ours, theirs in CARRIED.items()}
    return {**kept, "part": "idle"} if labels.get("mode") == "idle" else kept
