"""The tracker: one background thread that samples sensors, and a journal that loses at most one flush.

    with jevons.measure.track() as run:
        train()
    jevons.footprint(run.activity)

It never raises into the user's work after its construction, and never stops it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput
from jevons.core.units import NS_PER_S
from jevons.measure import guard
from jevons.measure import journal as journals
from jevons.measure.cells import HOUR_S, Cells, to_activity
from jevons.measure.counter import asleep_ns
from jevons.measure.live import Live
from jevons.measure.sensor import MISSING, OK, Meter, Reading, Sensor, heard
from jevons.measure.ticks import Ticks

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.measure.attribution import Attributed, Party
    from jevons.measure.live_report import LiveReport

FEWEST_TICKS = 10


class Run:
    """A tracked run: live while it samples, then what it measured."""

    def __init__(self, sensors: Sequence[Sensor], period_s: float, flush_s: float, labels: Mapping[str, str],
                 folder: Path | None, shared: Attributed | None = None, found: bool = False):  # fmt: skip
        self.period_s, self.flush_s, self.labels = period_s, flush_s, dict(labels)
        self.sensors, self._shared = list(sensors), shared
        self.folder, self.share = folder, shared.who.scope if shared else "whole"
        self.meters: list[Meter] = [m for s in self.sensors for m in s.meters]
        self.cells, self.statuses = Cells(), dict[str, dict[str, int]]()
        self._windows, self._opened, self.ticks = list[str](), list[int](), Ticks(self.meters)
        self._last: dict[str, tuple[int, int]] = {}
        self._owed: dict[str, int] = {}
        self._looked_ns = self._began_ns = time.monotonic_ns()
        self._begun_ns = 0
        self._lock, self._wake = threading.RLock(), threading.Event()
        self._owner, self._stopped = os.getpid(), False
        self.started_s = time.time()
        self._base_ns = time.time_ns() - time.monotonic_ns() - asleep_ns()
        self._offset_ns = self._base_ns + asleep_ns()  # the clock at the start and what passed since: no step of it moves a run
        header = {"t": self.started_s, "m": time.monotonic_ns(), "pid_start": journals.process_start(os.getpid()),
                  "period_s": period_s, "flush_s": flush_s, "share": self.share, "labels": self.labels, "meters": [asdict(m) for m in self.meters],
                  "python": sys.version.split()[0]}  # fmt: skip
        self.journal = journals.create(header, folder / "journal" if folder else None, sync=False)
        self.live = self._among(folder / "live" if folder else None)
        self._hour = int(self.started_s) // HOUR_S
        self.ended_s, self._told, self._crossing_told = self.started_s, False, False
        self.report: LiveReport | None = None
        self._first(found)
        self._edge(None, 0)
        with suppress(OSError):  # only now, for it takes long on a busy disk; what fails here fails at the first flush
            self.journal.sync()
        self._thread = threading.Thread(target=self._loop, name="jevons", daemon=True)
        guard.add(self)
        try:
            self._thread.start()
        except RuntimeError as trouble:  # the process may start no more threads
            _log().warning("%s: readings are taken at windows, flushes and the end alone", trouble)

    @property
    def id(self) -> str:
        """The run's id, also the name of its journal."""
        return self.journal.run

    @property
    def who(self) -> Party | None:
        """Whose energy it is, where not the whole machine's."""
        return self._shared.who if self._shared is not None else None

    @property
    def began_s(self) -> float:
        """When it began, on the monotonic clock."""
        return self._began_ns / NS_PER_S

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._stopped

    @property
    def activity(self) -> Activity:
        """What was consumed so far, a row an hour, device and window."""
        return self.of_window(None)

    def of_window(self, path: str | None) -> Activity:
        """The rows of one window ("outer/inner"; None: of all), without making the others."""
        with self._lock:
            spent = {cell: energy for cell, energy in self.cells.spent.items() if path is None or cell[2] == path}
        return to_activity(spent, self.meters, self.started_s, max(self.ended_s, self.started_s),
                           {"run": self.id, "share": self.share, **self.labels})  # fmt: skip

    @property
    def energy_kwh(self) -> float:
        """Energy so far over all devices."""
        with self._lock:
            return sum(self.cells.totals().values()) / journals.UJ_PER_KWH

    @contextmanager
    def window(self, name: str) -> Iterator[None]:
        """Energy between here and the end of the block is accounted to ``name`` (nested: "outer/inner"). Blocks of several
        threads or tasks that overlap nest as they began; that is told once."""
        self.begin(name)
        try:
            yield
        finally:
            self.leave(name)

    def begin(self, name: str) -> None:
        """Open a window; work queued on an accelerator before it is waited for."""
        if not isinstance(name, str) or not name or "/" in name:
            raise BadInput("window", name, "give a name without '/'")
        _synchronize()
        with self._lock:
            self._sample(settle=True)
            if self._edge("/".join(self._windows), self._begun_ns):
                self._begun_ns = time.monotonic_ns()
            self._windows.append(name)
            self._opened.append(time.monotonic_ns())

    def end(self, name: str | None = None) -> None:
        """Close the innermost window; BadInput where it has another name, or none is open."""
        _synchronize()
        with self._lock:
            if not self._windows or (name is not None and self._windows[-1] != name):
                shown = "/".join(self._windows) or "none"
                raise BadInput("window", name, f"close the innermost first; open: {shown}")
            self._sample(settle=True)
            self._edge("/".join(self._windows), self._opened.pop())
            self._windows.pop()

    def leave(self, name: str) -> None:
        """Close a window by its name; one that is not the innermost, or not open any more, is told once and stops nobody."""
        try:
            self.end(name)
        except BadInput:
            self._crossed(name)

    def _crossed(self, name: str) -> None:
        with self._lock:
            self._sample(settle=True)
            if name in self._windows:
                place = len(self._windows) - 1 - self._windows[::-1].index(name)
                del self._windows[place], self._opened[place]
        if not self._crossing_told:
            self._crossing_told = True
            _log().warning("windows overlapped without nesting (%r ended first); what was used meanwhile is under their common path", name)

    def sample(self) -> None:
        """Read every sensor now."""
        with self._lock:
            self._sample(settle=True)

    def flush(self) -> None:
        """Sample now and write a record; a disk that refuses is told once, and the energy is kept in memory."""
        with self._lock:
            self._sample(settle=True)
            self._write("flush")

    def stop(self) -> Run:
        """End the run: a last sample, the journal's last word. Calling it again, or in a forked child, does nothing."""
        if self._stopped or self._owner != os.getpid():
            return self
        self._stopped = True
        self._wake.set()
        try:
            if self._thread.is_alive() and threading.current_thread() is not self._thread:
                self._thread.join(timeout=5)
        finally:  # also where a second Ctrl-C comes in between
            self._last_word()
        return self

    def _last_word(self) -> None:
        with self._lock:
            self._sample(settle=True)
            if self._edge("/".join(self._windows), self._began_ns):
                self._await_ticks(None)
            self._write("closed")
        with suppress(OSError):
            self.journal.close()
        self.live.close(self.cells.totals())
        for sensor in self.sensors:
            sensor.close()
        guard.running.discard(self)

    def drop(self) -> None:
        """End it as though it had never begun: no journal is left."""
        self.stop()
        with suppress(OSError):
            self.journal.path.unlink()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def _loop(self) -> None:
        """Sample on absolute deadlines; flush when due. Whatever happens here stays here."""
        begin, count, flushed = time.monotonic(), 0, time.monotonic()
        self._offer()
        while not self._stopped:
            count += 1
            while self._wake.wait(max(begin + count * self.period_s - time.monotonic(), 0.0)):
                self._wake.clear()
                if self._stopped:
                    return
                self._await_ticks()
            try:
                due = time.monotonic() - flushed >= self.flush_s
                with self._lock:
                    self._sample(settle=due)
                    if due:
                        self._write("flush")
                        flushed = time.monotonic()
                if due and self.report is not None:
                    self.report.check()
            except Exception:
                _log().debug("a sample failed", exc_info=True)
            behind = (time.monotonic() - begin) / self.period_s - count
            count += int(behind) if behind > 1 else 0

    def _offer(self) -> None:
        """What is left of earlier runs, and a calibration; once a process."""
        from jevons.measure import offers

        offers.once(self.folder, tuple(self.meters))

    def _edge(self, window: str | None, since_ns: int) -> bool:
        """A window that was open ``since_ns`` ended (None: what came before is not ours). Slow counters are watched for
        their next tick, where it lasted ten of them: of less they tell little, and looking costs."""
        now_ns = time.monotonic_ns()
        if not self.ticks.refresh_ns or now_ns - since_ns < FEWEST_TICKS * self.ticks.longest_s * NS_PER_S:
            return False
        self.ticks.edge(now_ns, window)
        self._wake.set()
        return True

    def _await_ticks(self, *window: str | None) -> None:
        """Look often until every slow counter has ticked, so that the tick is divided at the window's edge."""
        slow = [s for s in self.sensors if any(m.device in self.ticks.refresh_ns for m in s.meters)]
        until = time.monotonic() + 1.5 * self.ticks.longest_s
        with suppress(Exception):
            while self.ticks.awaited and time.monotonic() < until:
                time.sleep(self.ticks.longest_s / 20)
                with self._lock:
                    for reading in (r for sensor in slow for r in heard(sensor)):
                        self._take(reading, window[0] if window else "/".join(self._windows))
        with self._lock:
            self.ticks.give_up()

    def _among(self, folder: Path | None) -> Live:
        """This run's place among the trackers of the machine."""
        devices, shared = [m.device for m in self.meters], self._shared
        if shared is None:
            return Live(self.journal.run, devices, folder, self.journal.path)
        who = shared.who
        live = Live(self.journal.run, devices, folder, self.journal.path, who.claim, who.within, shared.allotments)
        shared.allotted = live.cut
        return live

    def _first(self, found: bool) -> None:
        """The first reading: the fault of a sensor that was chosen is told, one that was found is left out."""
        for sensor in list(self.sensors):
            try:
                readings = sensor.read()
            except Exception as trouble:
                if not found or len(self.sensors) == 1:
                    raise
                self.sensors.remove(sensor)
                _log().warning("%s cannot be read and is left out (%s)", [m.device for m in sensor.meters], trouble)
                continue
            for reading in readings:
                self._take(reading, "")

    def _sample(self, settle: bool = False) -> None:
        """Read every sensor; ``settle`` also looks up whose energy it was, where not all of it is ours."""
        window = "/".join(self._windows)
        self.live.look()
        self._offset_ns = self._base_ns + asleep_ns()
        if settle and self._shared is not None:
            self._shared.settle()
        for sensor in self.sensors:
            for reading in heard(sensor):
                self._take(reading, window)
        self.ended_s = (time.monotonic_ns() + self._offset_ns) / NS_PER_S

    def _take(self, reading: Reading, window: str | None) -> None:
        if reading.status != OK:
            counts = self.statuses.setdefault(reading.device, {})
            counts[reading.status] = counts.get(reading.status, 0) + 1
            if reading.status == MISSING and reading.device not in self._last:
                return
        before = self._last.setdefault(reading.device, (reading.energy_uj, reading.t_ns))
        if reading.energy_uj <= before[0]:
            self.ticks.stood(reading.device, reading.t_ns)
            return
        self._last[reading.device] = reading.energy_uj, reading.t_ns
        stamp_s = (reading.t_ns + self._offset_ns) / NS_PER_S
        energy_uj = self.live.part(reading.device, reading.energy_uj - before[0], before[1], reading.t_ns)
        if owed := self._owed.get(reading.device):
            self._owed[reading.device] -= min(owed, energy_uj)
            energy_uj -= min(owed, energy_uj)
        for where, part_uj in self.ticks.divided(reading.device, energy_uj, reading.t_ns, window):
            if where is not None:
                self.cells.add(stamp_s, reading.device, where, part_uj)

    def _leave_out(self) -> None:
        """Take back what trackers inside this one took; what is not found is owed by the energy to come."""
        since_ns, self._looked_ns = self._looked_ns, time.monotonic_ns()
        for device, taken_uj in self.live.taken().items():
            ours = self.live.part(device, taken_uj, since_ns, self._looked_ns)
            left = self.cells.withdraw(device, ours)
            if left:
                self._owed[device] = self._owed.get(device, 0) + left

    def _write(self, kind: str) -> None:
        """Append a record. A flush holds what was added; an hour's and the last one hold cells as they stand, so
        that a reader needs the flushes of the current hour alone."""
        self._leave_out()
        now = (time.monotonic_ns() + self._offset_ns) / NS_PER_S
        hour, since = int(now) // HOUR_S, self._hour
        if kind == "flush" and hour != since:
            kind = "hour"
        rows = fresh = self.cells.take_fresh()
        if kind != "flush":
            rows = [[*c, e] for c, e in self.cells.spent.items() if kind == "closed" or c[0] // HOUR_S >= since]
        record = {"kind": kind, "t": now, "m": time.monotonic_ns(), "e": self.cells.totals(), "d": rows}
        if self.statuses:
            record["s"] = self.statuses
        try:
            self.journal.append(record)
            self._hour = hour if kind == "hour" else since
        except OSError as trouble:
            self.cells.give_back(fresh)
            self._tell_once(trouble)

    def _tell_once(self, trouble: OSError) -> None:
        if not self._told:
            self._told = True
            _log().warning("the journal cannot be written (%s); measuring goes on in memory", trouble)


def _log() -> Any:
    import logging  # here, for it is a tenth of the import and most runs have nothing to say

    return logging.getLogger("jevons")


def _synchronize() -> None:
    """Wait for work queued on an accelerator, where torch is already in use."""
    torch = sys.modules.get("torch")
    with suppress(Exception):
        if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
            torch.cuda.synchronize()
