"""What was left out and why: unusable samples by cause, steps without energy, seconds missing; refused where too many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jevons.account.telemetry.duck import Fleet
from jevons.account.telemetry.rules import EARLIEST_US, STEPS, US_PER_S
from jevons.account.telemetry.samples import one, reading
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


def judge(fleet: Fleet) -> Quality:
    """Count, and refuse what is past ``most_bad``. Errors: BadInput naming cause and share."""
    con, rules = fleet.con, fleet.rules
    files = {f.path: f for batch in fleet.parts.values() for f in batch.files}
    rows = sum(file.rows for file in files.values())
    kept = int(one(con, "SELECT coalesce(sum(samples), 0) FROM energy")[0])
    unusable = _causes(fleet, list(files)) if kept < rows else {}
    counts = dict(con.execute("SELECT kind, sum(samples)::BIGINT FROM energy GROUP BY kind").fetchall())
    steps = {name: counts.get(code, 0) for name, code in STEPS.items()}
    _require_good(unusable, rows, rules.most_bad, fleet.columns.value, fleet.columns.unit)
    _require_good({name: steps[name] for name in ("resets", "absurd") if steps[name]}, rows, rules.most_bad,
                  fleet.columns.value, fleet.columns.unit)  # fmt: skip
    covered, missing, kwh, imputed = one(con, "SELECT coalesce(sum(covered_us), 0), coalesce(sum(missing_us), 0), coalesce(sum(energy_kwh), 0), coalesce(sum(imputed_kwh), 0) FROM metered")  # fmt: skip
    return Quality(kept, unusable, steps, covered / US_PER_S, missing / US_PER_S, kwh, imputed, _unplaced(fleet), *_silent(fleet))


def _causes(fleet: Fleet, files: list[str]) -> dict[str, int]:
    """Unusable samples by cause: a second reading, only where some are missing from the sums."""
    rules = fleet.rules
    tests = [(cause, sql.format(latest=rules.latest_us, most=rules.most)) for cause, sql in CAUSES.items()]
    cases = " ".join(f"WHEN {sql} THEN '{cause}'" for cause, sql in tests)
    moved = "t_us" if "offsets" not in fleet.given else "t_us - coalesce(offset_us, 0)"
    source = f"(SELECT {fleet.columns.duckdb} FROM {reading(files)})"
    joined = source if "offsets" not in fleet.given else f"{source} LEFT JOIN offsets USING (device)"
    found = fleet.con.execute(
        f"SELECT CASE {cases} END AS cause, count(*) FROM (SELECT device, {moved} AS t_us, value FROM {joined}) GROUP BY cause").fetchall()  # fmt: skip
    return {cause: n for cause, n in sorted(found, key=lambda row: -row[1]) if cause is not None}


def _require_good(bad: Mapping[str, int], rows: int, most: float, column: str, unit: str) -> None:
    count = sum(bad.values())
    if rows and count > most * rows:
        listed = ", ".join(f"{n:,} {cause}" for cause, n in bad.items())
        raise BadInput(f"samples, column {column} in {unit}", listed, f"{100 * count / rows:.3g} % of {rows:,} cannot be used: "
                       f"is the unit right? Mend them, or allow a share with most_bad (now {most:g})")  # fmt: skip


def _unplaced(fleet: Fleet) -> int:
    if "placement" not in fleet.given:
        return 0
    return int(one(fleet.con, "SELECT count(*) FROM (SELECT device FROM edges EXCEPT SELECT device FROM placement)")[0])


def _silent(fleet: Fleet) -> tuple[int, tuple[str, ...]]:
    """Jobs that no sample covers, and the owners all of whose jobs are so."""
    if "jobs" not in fleet.given:
        return 0, ()
    heard = ("SELECT DISTINCT j.job, j.owner FROM jobs j JOIN metered m ON m.device = j.device AND m.covered_us > 0 "
             "AND m.from_us < j.end_us AND m.to_us > j.start_us")  # fmt: skip
    jobs = one(fleet.con, f"SELECT count(*) FROM (SELECT DISTINCT job, owner FROM jobs EXCEPT {heard})")[0]
    owners = fleet.con.execute(f"SELECT owner FROM jobs WHERE owner <> '' EXCEPT SELECT owner FROM ({heard}) ORDER BY 1").fetchall()
    return int(jobs), tuple(row[0] for row in owners)

