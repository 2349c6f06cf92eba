"""What a run cost in a handful of numbers, as experiment trackers log them; and a run that logs them when it ends.

    energy_kwh       what the meters moved
    facility_kwh     with the facility's overhead (PUE): what the carbon is of
    co2e_g, co2e_g_low, co2e_g_high, water_l, measured_share
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jevons.core import units

if TYPE_CHECKING:
    from jevons.measure import Run

log = logging.getLogger("jevons")
INDICATORS = ("energy", "climate", "water_on_site")


def outcome(run: Run, at: Any = None) -> dict[str, float]:
    """The numbers of a run up to its last sample, priced at a site or its name (the settings' where none is given)."""
    import jevons

    if not len(run.activity):
        return {"energy_kwh": run.energy_kwh}
    footprint = jevons.footprint(run.activity, at, jevons.Study(indicators=INDICATORS))
    kg = (footprint.best("climate"), *footprint.interval("climate"))
    co2e = {name: float(x) / units.UNITS["g"][1] for name, x in zip(("co2e_g", "co2e_g_low", "co2e_g_high"), kg)}
    return {"energy_kwh": run.energy_kwh, "facility_kwh": footprint.best("energy"), **co2e,
            "water_l": footprint.best("water_on_site"), "measured_share": footprint.measured_share()}  # fmt: skip


def known(at: Any) -> Any:
    """The same site; a name that no place has is an error now, not when the work is done (UnknownName)."""
    if isinstance(at, str):
        import jevons

        jevons.site(at)
    return at


def begun(before: Run | None, options: Mapping[str, Any]) -> Run:
    """A new run; one that an interrupted training left behind is ended first, for it would take its share."""
    from jevons import measure

    if before is not None:
        before.stop()
    return measure.start(**options)


def so_far(run: Run, at: Any = None) -> dict[str, float]:
    """The numbers of a run that goes on, up to this moment."""
    run.flush()
    return outcome(run, at)


def tell(run: Run, at: Any, log_metrics: Callable[[Mapping[str, float]], Any]) -> None:
    """End the run and log its numbers; a logger that fails is told and stops nobody."""
    run.stop()
    try:
        log_metrics(outcome(run, at))
    except Exception as trouble:
        log.warning("the footprint was not logged (%s: %s); it is in the journal of run %s", type(trouble).__name__,
                    trouble, run.id)  # fmt: skip


@contextmanager
def tracked(log_metrics: Callable[[Mapping[str, float]], Any], at: Any = None, **options: Any) -> Iterator[Run]:
    """Measure a block and log its numbers at the end; options as ``jevons.measure.start``."""
    from jevons import measure

    known(at)
    run = measure.start(**options)
    try:
        yield run
    finally:
        tell(run, at, log_metrics)
