"""How a run begins: what was asked for is checked, the sensors found, and nothing is left behind where it cannot be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput
from jevons.measure.discover import sensors_found
from jevons.measure.sensor import Sensor
from jevons.measure.tracker import Run

if TYPE_CHECKING:
    from jevons.measure.live_report import LiveReport

COLUMNS = {"start_s", "end_s", "amount", "device", "component", "boundary", "method", "tier", "stage", "sensor",
           "lifecycle", "flow", "site", "share", "run"}  # fmt: skip


def start(*, sensors: Sequence[Sensor] | None = None, period_s: float = 1.0, flush_s: float = 10.0,
          labels: Mapping[str, str] | None = None, home: str | Path | None = None, scope: str = "machine",
          pid: int | None = None, cgroup: str | None = None, live: bool | Mapping[str, Any] = False,
          also: Sequence[str] | None = None) -> Run:  # fmt: skip
    """Begin to measure; ``stop()`` the Run, or leave it to the end of the process.

    ``sensors``: by default every counter this machine offers, and models where it offers none; ``also``: models of "disk"
    and "nic" beside them (default: the settings'). ``period_s``: between samples. ``flush_s``: between records, the most a kill can lose. ``labels``: words kept with the run (owner, job).
    ``scope``: "machine" (all of it), "process" (this one, or ``pid``, with everything it starts) or "cgroup" (the job
    or container this process or ``pid`` is in, or the one of this path or id); idle energy is then kept apart. ``live``:
    price it as it goes (``run.report``), with True or the options of ``LiveReport``: site, total, budget, study.
    Errors: BadInput for a period that is not positive, an unknown label type or scope, or a folder that cannot be
    written.
    """
    for name, value in (("period_s", period_s), ("flush_s", flush_s)):
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0.01 <= value <= 86400:
            raise BadInput(name, value, "give seconds from 0.01 to 86400")
    for name, word in (labels or {}).items():
        if not isinstance(word, str):
            raise BadInput(f"labels.{name}", word, "give text")
        if name in COLUMNS:
            raise BadInput(f"labels.{name}", word, "choose another name: every row has a column of this one already")
    if scope == "machine" and (pid is not None or cgroup is not None):
        raise BadInput("scope", scope, "with pid or cgroup say scope='process' or scope='cgroup'")
    who = None
    if scope != "machine":
        from jevons.measure.attribution import Attributed, party

        who = party(scope, pid, cgroup)
    chosen = sensors_found(also=also) if sensors is None else list(sensors)
    shared = Attributed(chosen, who) if who is not None else None
    chosen = [shared] if shared is not None else chosen
    run = Run(chosen, period_s, max(flush_s, period_s), labels or {}, Path(home) if home else None, shared, sensors is None)
    if live:
        run.report = _report(run, {} if live is True else live)
    return run


def _report(run: Run, options: Mapping[str, Any]) -> LiveReport:
    """The live report; a run whose report cannot be made is not left running."""
    from jevons.measure.live_report import LiveReport

    try:
        return LiveReport(run, **options)
    except BaseException:
        run.drop()
        raise
