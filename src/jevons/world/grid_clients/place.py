"""A site priced by a signal: what is known of an hour replaces the table's mean, and what is not known is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import JevonsError, StudyMismatch
from jevons.core.factor import Factor, Factors, Place, When
from jevons.core.source import Assumption
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.world.grid_clients.signal import HOUR_S, GridClient, Signal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOLD_S = 3 * HOUR_S
EVERY_S = 900.0
MEASURED_GSD, ESTIMATED_GSD = 1.1, 1.3
"""Spread of an hourly value: measured, and modelled or forecast (impact-factor review, as for hourly series)."""


@dataclass(frozen=True, eq=False)
class SignalPlace:
    """``site``, with the climate factor of electricity taken from ``signal`` where that has a value (a Place)."""

    site: Place
    signal: Callable[[], Signal]
    hold_s: float = HOLD_S

    @property
    def name(self) -> str:
        """The site's."""
        return self.site.name

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        """As the site supplies it."""
        return self.site.supply(demand, draws)

    def factors(self, study: Study) -> Factors:
        """The site's factors, that of climate by the signal. Errors: StudyMismatch where the signal is of another kind."""
        signal = self.signal()
        if signal.kind != study.kind:
            raise StudyMismatch(f"{self.name}: the signal of {signal.zone} is {'/'.join(signal.kind)}, the study asks for "
                                f"{'/'.join(study.kind)}; change the study or the provider")  # fmt: skip
        return SignalFactors(self.site.factors(study), signal.held(self.hold_s))


@dataclass(frozen=True, eq=False)
class SignalFactors:
    """The factors of a site with one replaced."""

    site: Factors
    signal: Signal

    def of(self, flow: str, when: When) -> Mapping[str, Factor]:
        """indicator → Factor; rows that the signal does not cover keep the site's own, and an assumption says so."""
        found = dict(self.site.of(flow, when))
        if flow.split("/")[0] == "electricity" and "climate" in found:
            found["climate"] = self._climate(found["climate"], when)
        return found

    def _climate(self, table: Factor, when: When) -> Factor:
        import numpy as np

        known = self.signal.mean(*when) / units.G_PER_KG
        open_rows = np.isnan(known)
        if open_rows.all():
            return replace(table, assumptions=(*table.assumptions, self._missing(len(known), len(known))))
        wide = np.asarray(table.value, float)
        shaped = known.reshape(-1, *[1] * max(wide.ndim - 1, 0))
        value: NDArray[np.float64] = np.where(np.isnan(shaped), wide, shaped)
        notes = (*table.assumptions, self._missing(int(open_rows.sum()), len(known))) if open_rows.any() else ()
        spread = table.spread if open_rows.any() else self._spread(when)
        return replace(table, value=value, source=self.signal.source, place=self.signal.zone, kind=self.signal.kind, year=None,
                       quality="", tried=(), spread=spread, assumptions=notes)  # fmt: skip

    def _spread(self, when: When) -> Uncertain:
        import numpy as np

        estimated = self.signal.estimated(float(np.nanmin(when[0])), float(np.nanmax(when[1])))
        gsd = ESTIMATED_GSD if estimated else MEASURED_GSD
        return Uncertain.lognormal(1.0, gsd, f"signal {self.signal.zone}", self.signal.source.id)

    def _missing(self, rows: int, of: int) -> Assumption:
        return Assumption(f"intensity of {self.signal.zone or 'the hour'}", "the table's mean", f"no live value for {rows} of {of} rows",
                          self.signal.source.id)  # fmt: skip


@dataclass(eq=False)
class live:  # noqa: N801  # used as a word: with live(site, client, "FR") as place
    """``with live(site, client, zone) as place``: a Place whose intensity is asked for every quarter of an hour, in a thread.

    Nothing waits for it: until an answer is there, and where none comes, the site's own mean stands and the result says
    so. ``trouble`` is the last error.
    """

    site: Place
    client: GridClient
    zone: str
    every_s: float = EVERY_S
    trouble: str = field(default="", init=False)

    def __post_init__(self) -> None:
        from jevons.core.source import UNSOURCED

        self._signal = Signal(self.zone, self.client.kind, (), UNSOURCED)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> SignalPlace:
        self._thread = threading.Thread(target=self._watch, name="jevons-grid", daemon=True)
        self._thread.start()
        return SignalPlace(self.site, lambda: self._signal)

    def __exit__(self, *failure: Any) -> None:
        self._stopped.set()

    def ask(self) -> None:
        """Ask once: a day back the first time, then what is newest."""
        try:
            found = self.client.latest(self.zone) if self._signal.points else self._first(time.time())
            self._signal, self.trouble = replace(self._signal + found, source=found.source), ""
        except Exception as trouble:  # whatever a client does, the work goes on at the site's own mean
            self.trouble = str(trouble) if isinstance(trouble, JevonsError) else f"{type(trouble).__name__}: {trouble}"

    def _first(self, now: float) -> Signal:
        newest = self.client.latest(self.zone)
        try:
            return self.client.history(self.zone, now - 24 * HOUR_S, now) + newest
        except JevonsError:
            return newest

    def _watch(self) -> None:
        while not self._stopped.is_set():
            self.ask()
            self._stopped.wait(self.every_s)
