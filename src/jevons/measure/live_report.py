"""While a run goes on: what it has cost so far, when it will end, what it will cost in all, and whether it is too much."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.study import INDICATORS, Study
from jevons.measure.cells import DRAWS
from jevons.measure.projection import Rest, Tick, remaining

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.core.factor import Place
    from jevons.core.footprint import Footprint

MOST_TICKS = 240
TICK_S = 0.5
WATER = ("water_on_site", "water_off_site")
ON_EXCESS = ("warn", "stop")


@dataclass(frozen=True, slots=True)
class Excess:
    """A budget that is spent, or will be at this pace (``kind`` "spent" or "projected")."""

    kind: str
    indicator: str
    limit: float
    amount: float
    unit: str

    def __str__(self) -> str:
        verb = "has used" if self.kind == "spent" else "is on its way to"
        return f"the run {verb} {self.amount:.3g} {self.unit} of {self.indicator}; its budget is {self.limit:.3g} {self.unit}"


@dataclass(frozen=True)
class Budget:
    """The most a run may cost: ``Budget("5 kg")``, ``Budget("20 kWh", "energy")``, ``Budget("100 L", "water")``.

    ``on_excess``: "warn" (the log), "stop" (the main thread is interrupted once it is spent), or a function that is
    given the Excess. Told once when the projection passes the limit and once when it is spent.
    """

    limit: Any
    indicator: str = "climate"
    on_excess: str | Callable[[Excess], Any] = "warn"

    def __post_init__(self) -> None:
        if self.indicator != "water" and self.indicator not in INDICATORS:
            raise BadInput("budget.indicator", self.indicator, f"use water or one of {', '.join(INDICATORS)}")
        if not callable(self.on_excess) and self.on_excess not in ON_EXCESS:
            raise BadInput("budget.on_excess", self.on_excess, "use 'warn', 'stop' or a function")
        object.__setattr__(self, "limit", units.read(self.limit, self.unit, "budget"))

    @property
    def unit(self) -> str:
        """The unit of its limit."""
        return INDICATORS["water_on_site" if self.indicator == "water" else self.indicator][0]


class Used(Protocol):
    """What a run has used so far: that is all a report asks of it."""

    started_s: float
    ended_s: float

    @property
    def energy_kwh(self) -> float:
        """kWh up to ``ended_s``."""
        ...

    @property
    def activity(self) -> Activity:
        """The same by device and hour."""
        ...


class LiveReport:
    """Prices a run as it goes, and looks ahead where it is told how far the work has come (``step``).

    ``site``: where it runs (default: the settings'; a Place with live intensity prices each hour as it was). ``total``:
    the work in all, in the unit of ``step``. It is looked after by the run's own thread, once a flush.
    """

    def __init__(self, run: Used, site: str | Place | None = None, *, total: float | None = None, budget: Budget | None = None,
                 study: Study | None = None):  # fmt: skip
        from jevons.world.site import site as find

        if total is not None and not (math.isfinite(total) and total > 0):
            raise BadInput("total", total, "give the work in all, more than 0")
        self.run, self.total, self.budget, self.study = run, total, budget, study or Study()
        self.site = find(site or "") if site is None or isinstance(site, str) else site
        if hasattr(self.site, "signal"):
            self.site.factors(self.study)  # a signal of another kind is refused now, not when the work is done
        self.ticks: list[Tick] = []
        self.told: list[Excess] = []
        self._began, self._next_s, self._gap_s = time.monotonic(), 0.0, TICK_S
        self.step(0.0)

    def step(self, done: float, total: float | None = None) -> None:
        """The work has come so far; cheap enough for every step of a training loop."""
        now = time.monotonic() - self._began
        if now < self._next_s:
            return
        self.total = total or self.total
        self._next_s = now + self._gap_s
        self.ticks.append(Tick(now, float(done), self._energy_now_kwh()))
        if len(self.ticks) > MOST_TICKS:
            del self.ticks[1:-1:2]
            self._gap_s *= 2

    def afresh(self) -> None:
        """Other work begins (the next ``step`` is its first word): what was seen so far foretells nothing of it."""
        self.ticks, self.total, self._next_s, self._gap_s = [], None, 0.0, TICK_S

    @property
    def footprint(self) -> Footprint:
        """What the run has cost up to now."""
        return self._priced(1.0)

    @property
    def eta_s(self) -> Rest | None:
        """Seconds until the work is done; None until enough of it was seen, or where its total is not known."""
        return remaining(self.ticks, self.total, lambda tick: tick.t_s)

    @property
    def rest_kwh(self) -> Rest | None:
        """Energy still to be used; None as for ``eta_s``."""
        return remaining(self.ticks, self.total, _energy)

    @property
    def projected(self) -> Footprint | None:
        """What the whole run will cost, with the interval of what is still to come in its draws; None as for ``eta_s``."""
        from jevons.core.uncertain import Draws

        ticks = self.ticks
        rest, used = remaining(ticks, self.total, _energy), ticks[-1].energy_kwh if ticks else 0.0
        if rest is None or used <= 0:
            return None
        low, high = ((used + bound) / (used + rest.best) for bound in (rest.low, rest.high))
        growth = (used + rest.best) / used
        spread = Draws(DRAWS).multiplier(min(low, 1.0), max(high, 1.0), "work still to come") if low < high else 1.0
        return self._priced(growth * spread)

    def check(self) -> None:
        """Look after the budget; called by the run after each flush."""
        if self.budget is None:
            return
        spent = _amount(self.footprint, self.budget.indicator)
        ahead = self.projected
        if spent > self.budget.limit:
            self._tell("spent", spent)
        elif ahead is not None and (expected := _amount(ahead, self.budget.indicator)) > self.budget.limit:
            self._tell("projected", expected)

    def __str__(self) -> str:
        """One line: energy, carbon, water, and what is to come."""
        now, ahead, eta = self.footprint, self.projected, self.eta_s
        energy, climate, water = (_amount(now, name) for name in ("energy", "climate", "water"))
        told = f"{energy:.3g} kWh, {climate:.3g} kg CO2e, {water:.3g} L"
        if ahead is None or eta is None:
            return told
        low, high = ahead.interval("climate")
        return (f"{told}; {_clock(eta.best)} left [{_clock(eta.low)}, {_clock(eta.high)}], in all "
                f"{ahead.best('energy'):.3g} kWh, {ahead.best('climate'):.3g} kg CO2e [{low:.3g}, {high:.3g}]")  # fmt: skip

    def _priced(self, factor: Any) -> Footprint:
        from jevons.core.assess import assess

        return assess(self.run.activity * factor, self.site, self.study)

    def _energy_now_kwh(self) -> float:
        """Energy up to now: the meter's last word, and since then the run's mean power."""
        used, ran_s = self.run.energy_kwh, self.run.ended_s - self.run.started_s
        return used * (1.0 + max(time.time() - self.run.ended_s, 0.0) / ran_s) if ran_s > 0 else used

    def _tell(self, kind: str, amount: float) -> None:
        if self.budget is None or any(kind == told.kind for told in self.told):
            return
        excess = Excess(kind, self.budget.indicator, self.budget.limit, amount, self.budget.unit)
        self.told.append(excess)
        if callable(self.budget.on_excess):
            self.budget.on_excess(excess)
            return
        import logging

        logging.getLogger("jevons").warning("%s", excess)
        if self.budget.on_excess == "stop" and kind == "spent":
            _interrupt()


def _energy(tick: Tick) -> float:
    return tick.energy_kwh


def _amount(footprint: Footprint, indicator: str) -> float:
    names = [name for name in (WATER if indicator == "water" else (indicator,)) if name in footprint.indicators]
    return sum(float(footprint.best(name)) for name in names)


def _interrupt() -> None:
    """KeyboardInterrupt in the main thread, also where it sleeps or waits."""
    import signal
    import threading

    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
