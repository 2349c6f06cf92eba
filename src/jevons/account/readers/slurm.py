"""Slurm's accounting, ``sacct -P`` (or -p) with a header: a job's energy where Slurm gathered it, and its hours.

    E = ConsumedEnergyRaw, J        of the job; where it says none, of those steps that do not lie in one another
    h = ElapsedRaw · count / 3600   of its GPUs always; of its cores where no energy is known, to be modelled

A job's line holds its steps, and ``.batch`` and ``.extern`` meter the whole node beside the numbered steps: lines are
never added up. Missing energy is written as nothing, as 0, or as Slurm's "no value" (4294967294, 18446744073709551614,
their abbreviation). Stamps are local, without a zone; a job that still runs has no End.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.clock import Clock
from jevons.account.readers.lines import Line, lines_of
from jevons.account.readers.slurm_words import allocated, amount, duration_s, memory_gb
from jevons.core import units
from jevons.core.activity import BOUNDARIES, UNDATED
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

NO_VALUE_64_FROM = 1e18
NO_VALUE_32 = 4294967294.0
MOST_W_PER_NODE = 50_000.0
"""Joules that would mean more watts a node than this are a fault of the plug-in."""
STEPS_BESIDE = ("batch", "extern", "interactive")
LABELS = {"user": "User", "account": "Account", "partition": "Partition", "state": "State", "nodes": "NodeList",
          "project": "JobName", "cluster": "Cluster"}  # fmt: skip
SLACK_S = 1800.0
"""How far a job's End less its time may lie from its Start: half of the hour to be told."""
NOT_BEGUN = ("", "unknown", "none")


@dataclass(frozen=True, slots=True)
class Job:
    """A line of sacct: what it is of, when it ran, and the joules it states (None: none)."""

    line: Line
    number: str
    step: str
    start_s: float
    elapsed_s: float
    energy_j: float | None

    @property
    def end_s(self) -> float:
        """When it ended, UTC seconds."""
        return self.start_s + self.elapsed_s


def recognises(head: str) -> bool:
    """Whether the header is sacct's, with bars between."""
    names = set(head.partition("\n")[0].strip().split("|"))
    return bool({"JobID", "JobIDRaw"} & names) and len(names) > 2


def read(path: Path, zone: str = "UTC", gpu: str = "", boundary: str = "server") -> Activity:
    """One Activity: a row a job and meter. ``gpu``: the accelerator where Slurm names none (or another name for it).

    ``boundary``: what the site's energy plug-in sees (ipmi, xcc, pm_counters: server; rapl, gpu: chip).
    """
    from jevons.core.activity import Activity

    if boundary not in BOUNDARIES:
        raise BadInput("boundary", boundary, f"say what the plug-in sees: {', '.join(BOUNDARIES)}")
    header, lines = lines_of(path, separator="|")
    _require(path.name, header)
    begun, waiting, twice = _begun(lines, clock := Clock(zone))
    rows: list[dict[str, Any]] = []
    tally = _Tally(waiting=waiting, twice=twice)
    for job, steps in _grouped(begun):
        rows += _rows(job, steps, gpu, boundary, tally)
    return Activity.of(rows, served={"job": float(len({r["job"] for r in rows}))},
                       assumptions=(*clock.notes("sacct"), *tally.notes(boundary)))  # fmt: skip


@dataclass(slots=True)
class _Tally:
    """What was counted on the way, to be told as assumptions."""

    waiting: int = 0
    twice: int = 0
    metered: int = 0
    silent: int = 0
    from_steps: int = 0
    implausible: int = 0
    unnamed_gpus: int = 0
    loads: int = 0
    undated: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def notes(self, boundary: str) -> Iterable[Assumption]:
        """What was assumed, of what there was."""
        told = (
            (self.metered, "what Slurm's energy plug-in sees", f"the {boundary}",
             "sacct does not tell the plug-in; name it by boundary= (rapl sees chips, and some sites find it inflated)"),
            (self.silent, "jobs without energy", f"{self.silent} kept as core and GPU hours", "Slurm states none; model them"),
            (self.from_steps, "energy of jobs whose own line states none", f"{self.from_steps} taken from their steps",
             "steps that lie inside another meter the same nodes and are left out"),
            (self.implausible, "energy above what a node can draw", f"{self.implausible} taken as missing",
             f"over {MOST_W_PER_NODE / 1000:g} kW a node"),
            (self.waiting, "jobs that have not begun", f"{self.waiting} left out", "they used nothing yet"),
            (self.twice, "lines that stand twice", f"{self.twice} left out", "the same job, start and step"),
            (self.loads, "load of the cores", "TotalCPU over the cores' time", "for jobs without energy, once they are modelled"),
            (self.undated, "jobs without dates", f"{self.undated}", "ask sacct for Start, to price them by the hour"),
            (self.unnamed_gpus, "GPUs without a name", f"{self.unnamed_gpus} jobs", "their kind is not told; name it by gpu="),
        )  # fmt: skip
        yield from (Assumption(what, value, why, "stated") for count, what, value, why in told if count)
        yield from (Assumption(f"accelerator {name}", kind, "so Slurm names it", "stated")
                    for name, kind in self.names.items() if name != kind)  # fmt: skip


def _require(file: str, header: list[str]) -> None:
    if not {"JobID", "JobIDRaw"} & set(header):
        raise TableError(file, 1, "JobID", ", ".join(header), "ask sacct -P -o JobID,Start,ElapsedRaw,...")
    if not {"ElapsedRaw", "Elapsed"} & set(header) and not {"Start", "End"} <= set(header):
        raise TableError(file, 1, "ElapsedRaw", ", ".join(header), "ask sacct for ElapsedRaw, or for Start and End, too")


def _begun(lines: list[Line], clock: Clock) -> tuple[list[Job], int, int]:
    """Jobs and steps that ran, how many have not begun, how many stand twice."""
    found: dict[tuple[str, str, float | None], Job] = {}
    waiting = twice = 0
    for line in lines:
        if "Start" in line.cells and line.cells["Start"].strip().lower() in NOT_BEGUN:
            waiting += 1
            continue
        job = _job(line, clock)
        key = (job.number, job.step, None if isnan(job.start_s) else job.start_s)
        twice += key in found
        if key not in found or job.elapsed_s > found[key].elapsed_s:
            found[key] = job
    return list(found.values()), waiting, twice


def _job(line: Line, clock: Clock) -> Job:
    number, _, step = (line.text("JobIDRaw") or line.text("JobID")).partition(".")
    elapsed_s = _elapsed_s(line)
    start_s = _start_s(line, elapsed_s, clock)
    if elapsed_s is None:
        if line.cells.get("End", "").strip().lower() in NOT_BEGUN:
            raise line.trouble("End", "it still runs; ask sacct for ElapsedRaw too")
        elapsed_s = line.moment("End", clock, start_s) - start_s
    if elapsed_s < 0:
        raise line.trouble("End", "a job cannot end before it starts")
    return Job(line, number, step, start_s, elapsed_s, _energy_j(line))


def _start_s(line: Line, elapsed_s: float | None, clock: Clock) -> float:
    """When a job began: its Start, else its End less its time; UNDATED where neither was asked for.

    Of a Start in an hour that the clock shows twice, End and time tell which.
    """
    span_s = elapsed_s if line.text("End").lower() not in NOT_BEGUN else None
    if "Start" in line.cells:
        asked, earliest_s = Clock(clock.zone), -inf
        line.moment("Start", asked)
        if asked.first and span_s is not None:
            earliest_s = line.moment("End", asked) - span_s - SLACK_S
        return line.moment("Start", clock, earliest_s)
    if span_s is not None:
        return line.moment("End", clock) - span_s
    return UNDATED


def _elapsed_s(line: Line) -> float | None:
    for column, reader in (("ElapsedRaw", float), ("Elapsed", duration_s)):
        if word := line.text(column):
            try:
                return float(reader(word))
            except ValueError:
                raise line.trouble(column, "give seconds, or [days-]hours:minutes:seconds") from None
    return None


def _energy_j(line: Line) -> float | None:
    """Joules; None where Slurm states none."""
    for column in ("ConsumedEnergyRaw", "ConsumedEnergy"):
        try:
            joules = amount(line.text(column)) if line.text(column) else None
        except ValueError:
            raise line.trouble(column, "give joules") from None
        if _is_stated(joules):
            return joules
    for column in ("TRESUsageInTot", "AllocTRES"):
        joules = allocated(line, column).get("energy")
        if _is_stated(joules):
            return joules
    return None


def _is_stated(joules: float | None) -> bool:
    if joules is not None and joules < 0:
        return False
    return bool(joules) and joules != NO_VALUE_32 and joules < NO_VALUE_64_FROM  # type: ignore[operator]


def _grouped(begun: Iterable[Job]) -> Iterable[tuple[Job, list[Job]]]:
    """Each run of a job with its steps: those that began from it on, for a job may be requeued."""
    runs: dict[str, list[tuple[Job, list[Job]]]] = {}
    orphans: dict[str, list[Job]] = {}
    for job in sorted(begun, key=lambda j: (bool(j.step), 0.0 if isnan(j.start_s) else j.start_s)):
        if not job.step:
            runs.setdefault(job.number, []).append((job, []))
        elif job.number in runs:
            those = runs[job.number]
            at = max((i for i, (run, _) in enumerate(those) if not run.start_s > job.start_s), default=0)
            those[at][1].append(job)
        else:
            orphans.setdefault(job.number, []).append(job)
    yield from ((_stand_in(steps), steps) for steps in orphans.values())
    yield from (run for those in runs.values() for run in those)


def _stand_in(steps: list[Job]) -> Job:
    """A job of which only steps were asked for: as long as all of them, with the widest step's line."""
    widest = max(steps, key=lambda s: (s.step in STEPS_BESIDE, s.elapsed_s))
    start_s = min(s.start_s for s in steps)
    whole_s = max(s.end_s for s in steps) - start_s
    return Job(widest.line, widest.number, "", start_s, widest.elapsed_s if isnan(whole_s) else whole_s, None)


def outermost(steps: Iterable[Job]) -> list[Job]:
    """Steps with energy, none of which lies in time inside another that is kept: they meter the same nodes."""
    kept: list[Job] = []
    if any(isnan(s.start_s) for s in steps):
        return sorted((s for s in steps if s.energy_j), key=lambda s: s.energy_j or 0.0)[-1:]
    for step in sorted((s for s in steps if s.energy_j), key=lambda s: (s.start_s, -s.end_s, -(s.energy_j or 0.0))):
        if not kept or step.start_s >= kept[-1].end_s:
            kept.append(step)
    return kept


def _rows(job: Job, steps: list[Job], gpu: str, boundary: str, tally: _Tally) -> list[dict[str, Any]]:
    line, held = job.line, allocated(job.line, "AllocTRES")
    tally.undated += isnan(job.start_s)
    nodes = held.get("node") or line.amount("NNodes") or line.amount("AllocNodes") or 1.0
    joules = _plausible(job, steps, nodes, tally)
    common = {
        "start_s": job.start_s, "end_s": job.end_s, "job": line.text("JobID") or job.number, "run": f"slurm-{job.number}",
        "owner": line.text("User"), "lifecycle": "operation", **{name: line.text(c) for name, c in LABELS.items()},
    }  # fmt: skip
    hours = job.elapsed_s / units.SECONDS_PER_HOUR
    rows = [{**common, "flow": f"device_hours/{kind}", "component": "accelerator", "device": kind, "amount": hours * count,
             "method": "declared", "lifecycle": "manufacture"} for kind, count in _gpus(held, gpu, tally).items()]  # fmt: skip
    if joules is not None:
        return [{**common, "amount": joules / units.JOULES_PER_KWH, "component": "all", "boundary": boundary,
                 "method": "counter"}, *rows]  # fmt: skip
    tally.silent += 1
    cores = held.get("cpu") or line.amount("AllocCPUS") or line.amount("NCPUS") or 0.0
    memory = held["mem"] if "mem" in held else memory_gb(line, "ReqMem", nodes, cores)
    core = {**common, "flow": "device_hours/core", "component": "processor", "device": "core", "method": "declared"}
    load = _core_load(job, steps, cores, tally)
    return [{**core, "amount": hours * cores, "cores": f"{cores:g}", "memory_gb": f"{memory:g}", "core_load": f"{load:.6g}"}, *rows]


def _core_load(job: Job, steps: Iterable[Job], cores: float, tally: _Tally) -> float:
    """Processor time over the time the cores were held (TotalCPU); 1 where sacct does not tell it."""
    told = [word for one in (job, *steps) if (word := one.line.text("TotalCPU"))]
    try:
        used_s = max(map(duration_s, told), default=0.0)
    except ValueError:
        raise job.line.trouble("TotalCPU", "give [days-]hours:minutes:seconds") from None
    if not used_s or not cores or not job.elapsed_s:
        return 1.0
    tally.loads += 1
    return min(used_s / (cores * job.elapsed_s), 1.0)


def _plausible(job: Job, steps: list[Job], nodes: float, tally: _Tally) -> float | None:
    """A job's joules, None where none are stated that a node could have drawn."""
    joules = job.energy_j
    if joules is None and (kept := outermost(steps)):
        joules = sum(s.energy_j or 0.0 for s in kept)
        tally.from_steps += 1
    if joules is None:
        return None
    if joules > MOST_W_PER_NODE * nodes * max(job.elapsed_s, 1.0):
        tally.implausible += 1
        return None
    tally.metered += 1
    return joules


def _gpus(held: dict[str, float], gpu: str, tally: _Tally) -> dict[str, float]:
    """Accelerator → how many: those Slurm names, else all as ``gpu``; the sum and its parts are never both counted."""
    from jevons.account.devices import accelerator

    typed = {name.partition(":")[2]: n for name, n in held.items() if name.startswith("gres/gpu:") and n}
    whole = held.get("gres/gpu", sum(typed.values()))
    if gpu or (whole and not typed):
        tally.unnamed_gpus += not gpu
        return {accelerator(gpu)[0] if gpu else "gpu": whole} if whole else {}
    found: dict[str, float] = {}
    for name, count in typed.items():
        kind, known = accelerator(name)
        tally.unnamed_gpus += not known
        tally.names[name] = kind
        found[kind] = found.get(kind, 0.0) + count
    return found
