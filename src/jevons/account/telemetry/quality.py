"""What was left out and why: unusable samples by cause, steps without energy, seconds missing; refused where too many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jevons.account.telemetry.rules import EARLIEST_US, STEPS, US_PER_S, Rules
from jevons.account.telemetry.samples import Columns
from jevons.core.errors import BadInput
from jevons.core.source import Assumption

RULE = "jevons-rule"
CAUSES = {  # why a sample is unusable → SQL over device, t_us, value, in the order in which they are told
    "no device": "device IS NULL",
    "no time": "t_us IS NULL",
    "stamp before 2000": f"t_us < {EARLIEST_US}",
    "stamp in the future": "t_us > {latest}",
    "no value": "value IS NULL",
    "not a number": "isnan(value)",
    "negative": "value < 0",
    "more than a device can draw": "value > {most!r}",
}


@dataclass(frozen=True)
class Quality:
    """Counts of one survey. ``unusable``: samples by cause; ``steps``: steps by what befell them; seconds by device-time."""

    samples: int
    unusable: Mapping[str, int]
    steps: Mapping[str, int]
    covered_s: float
    missing_s: float
    measured_kwh: float
    imputed_kwh: float
    unplaced: int
    silent_jobs: int
    silent_owners: tuple[str, ...]

    @property
    def complete(self) -> float:
        """Share of the expected device-time that is covered."""
        whole = self.covered_s + self.missing_s
        return self.covered_s / whole if whole else 0.0

    def record(self) -> dict[str, Any]:
        """As plain values."""
        return {"samples": self.samples, "unusable": dict(self.unusable), "steps": dict(self.steps), "covered_s": self.covered_s,
                "missing_s": self.missing_s, "complete": self.complete, "measured_kwh": self.measured_kwh,
                "imputed_kwh": self.imputed_kwh, "unplaced_devices": self.unplaced, "jobs_without_samples": self.silent_jobs,
                "owners_without_samples": list(self.silent_owners)}  # fmt: skip

    def assumptions(self) -> tuple[Assumption, ...]:
        """What a reader of the sums must know."""
        told = []
        if self.unusable:
            listed = ", ".join(f"{n:,} {cause}" for cause, n in self.unusable.items())
            told.append(Assumption("samples left out", listed, f"of {self.samples + sum(self.unusable.values()):,}", RULE))
        if befell := {name: n for name, n in self.steps.items() if n}:
            listed = ", ".join(f"{n:,} {name}" for name, n in befell.items())
            told.append(Assumption("steps between samples", listed, "doubles add nothing; gaps, resets and absurd rises are missing", RULE))
        share = f"{100 * (1 - self.complete):.3g} % of the device-time"
        if self.missing_s > 0:
            filled = f"put at {self.imputed_kwh:.6g} kWh" if self.imputed_kwh else "not put at any energy"
            told.append(Assumption("missing", share, filled, RULE))
        if self.unplaced:
            told.append(Assumption("devices without a place", f"{self.unplaced:,}", "the placement does not name them", RULE))
        if self.silent_jobs:
            owners = f"; of owners without any other: {', '.join(self.silent_owners[:5])}" if self.silent_owners else ""
            told.append(Assumption("jobs without samples", f"{self.silent_jobs:,}", f"no sample covers them{owners}", RULE))
        return tuple(told)


class Surveyed(Protocol):
    """A fleet on some engine, its stages ``energy``, ``metered``, ``spans`` made."""

    columns: Columns
    rules: Rules
    given: frozenset[str]
    period_us: tuple[int, int] | None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""

    def rows(self) -> int:
        """How many samples the files hold."""

    def everything(self) -> str:
        """The name of a view of all samples."""


def judge(fleet: Surveyed) -> Quality:
    """Count, and refuse what is past ``most_bad``. Errors: BadInput naming cause and share."""
    rules, rows = fleet.rules, fleet.rows()
    kept = int(fleet.ask("SELECT sum(samples) FROM energy")[0][0] or 0)
    inside = "from_us BETWEEN {} AND {} - 1".format(*fleet.period_us) if fleet.period_us else "true"
    counts = {kind: int(n) for kind, n in fleet.ask(f"SELECT kind, sum(samples) FROM energy WHERE {inside} GROUP BY kind")}
    unusable = _causes(fleet) if kept < rows else {}
    steps = {name: counts.get(code, 0) for name, code in STEPS.items()}
    for bad in (unusable, {name: steps[name] for name in ("resets", "absurd") if steps[name]}):
        _require_good(bad, rows, rules.most_bad, fleet.columns.value, fleet.columns.unit)
    sums = fleet.ask("SELECT sum(covered_us), sum(missing_us), sum(energy_kwh), sum(imputed_kwh) FROM metered")[0]
    covered, missing, kwh, imputed = (float(value or 0.0) for value in sums)
    return Quality(sum(counts.values()), unusable, steps, covered / US_PER_S, missing / US_PER_S, kwh, imputed, _unplaced(fleet), *_silent(fleet))


def _causes(fleet: Surveyed) -> dict[str, int]:
    """Unusable samples by cause: a second reading, only where some are missing from the sums."""
    rules = fleet.rules
    tests = [(cause, sql.format(latest=rules.latest_us, most=rules.most)) for cause, sql in CAUSES.items()]
    cases = " ".join(f"WHEN {sql} THEN '{cause}'" for cause, sql in tests)
    source, moved = fleet.everything(), "t_us"
    if "offsets" in fleet.given:
        source, moved = f"{source} LEFT JOIN offsets USING (device)", "t_us - coalesce(offset_us, 0)"
    found = fleet.ask(f"SELECT cause, count(*) FROM (SELECT CASE {cases} END AS cause FROM "
                      f"(SELECT device, {moved} AS t_us, value FROM {source}) AS moved) AS told GROUP BY cause")  # fmt: skip
    return {cause: n for cause, n in sorted(found, key=lambda row: -row[1]) if cause is not None}


def _require_good(bad: Mapping[str, int], rows: int, most: float, column: str, unit: str) -> None:
    count = sum(bad.values())
    if rows and count > most * rows:
        listed = ", ".join(f"{n:,} {cause}" for cause, n in bad.items())
        raise BadInput(f"samples, column {column} in {unit}", listed, f"{100 * count / rows:.3g} % of {rows:,} cannot be used: "
                       f"is the unit right? Mend them, or allow a share with most_bad (now {most:g})")  # fmt: skip


def _unplaced(fleet: Surveyed) -> int:
    if "placement" not in fleet.given:
        return 0
    return int(fleet.ask("SELECT count(*) FROM (SELECT device FROM spans EXCEPT SELECT device FROM placement) AS lost")[0][0])


def _silent(fleet: Surveyed) -> tuple[int, tuple[str, ...]]:
    """Jobs that no sample covers, and the owners all of whose jobs are so."""
    if "jobs" not in fleet.given:
        return 0, ()
    inside = "start_us < {1} AND end_us > {0}".format(*fleet.period_us) if fleet.period_us else "true"
    heard = ("SELECT DISTINCT j.job, j.owner FROM jobs j JOIN metered m ON m.device = j.device AND m.covered_us > 0 "
             "AND m.from_us < j.end_us AND m.to_us > j.start_us")  # fmt: skip
    whose = fleet.ask(f"SELECT j.owner, count(*), count(h.job) FROM (SELECT DISTINCT job, owner FROM jobs WHERE {inside}) AS j "
                      f"LEFT JOIN ({heard}) AS h ON j.job = h.job AND j.owner = h.owner GROUP BY j.owner")  # fmt: skip
    jobs = sum(n - sounded for _, n, sounded in whose)
    return int(jobs), tuple(sorted(owner for owner, _, sounded in whose if owner and not sounded))
