"""What an hour of a device's life carries of its making: embodied impact over the hours it will serve.

    kg per device-hour = E / (life · 8760 · utilisation)     (BLOOM LCA, Luccioni et al. 2023, section 4.1)

Over the whole life, idle hours included, the hours in use sum to what was manufactured.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.factor import Factor
from jevons.core.source import Assumption
from jevons.core.uncertain import Uncertain
from jevons.world import catalog
from jevons.world.defaults import default
from jevons.world.edge_embodied import of_edge
from jevons.world.embodied import Embodied, of_device, of_host


@dataclass(frozen=True, slots=True)
class Life:
    """Years a device serves and the share of them it is in use (None: the default, noted)."""

    years: Any = None
    utilisation: Any = None

    def hours(self) -> tuple[Any, tuple[Assumption, ...]]:
        """Hours in use over the life, and the notes of what was not given."""
        notes, values = [], []
        for given, name in ((self.years, "hardware-life"), (self.utilisation, "hardware-utilisation")):
            usual = default(name)
            values.append(usual.value if given is None else given)
            if given is None:
                notes.append(usual.assumed())
        return values[0] * units.HOURS_PER_YEAR * values[1], tuple(notes)


def life(years: Any = None, utilisation: Any = None) -> Life:
    """A checked Life, numbers or arrays of scenarios; BadInput for a life not positive or a utilisation outside (0, 1]."""
    import numpy as np

    for name, value, most, what in (("life", years, 30, "years"), ("utilisation", utilisation, 1, "a share")):
        if isinstance(value, Uncertain):
            raise BadInput(name, value, "give a number or scenarios, not draws")
        if value is not None and not (np.all(np.asarray(value) > 0) and np.all(np.asarray(value) <= most)):
            raise BadInput(name, value, f"give {what} above 0 and at most {most}")
    return Life(years, utilisation)


def factors(kind: str, span: Life) -> Mapping[str, Factor]:
    """indicator → Factor per device-hour: of an accelerator id, ``server:<id>``, ``storage:<id>`` (a TB-hour),
    or ``edge:<board>`` (an hour in use)."""
    plain = all(value is None or isinstance(value, (int, float)) for value in (span.years, span.utilisation))
    return _kept(kind, span) if plain else _looked_up(kind, span)


def _looked_up(kind: str, span: Life) -> Mapping[str, Factor]:
    if kind.startswith("storage:"):
        made, years = of_storage(kind.removeprefix("storage:"))
        hours, notes = Life(years, 1.0).hours()
    elif kind.startswith("edge:"):
        made, used, given = of_edge(kind.removeprefix("edge:"))
        hours, notes = span.hours() if used is None else (used, given)
    else:
        made = of_host(kind.removeprefix("server:")) if kind.startswith("server:") else of_device(kind)
        hours, notes = span.hours()
    return {name: _factor(kind, name, value / hours, made, notes) for name, value in made.impacts.items()}


_kept = functools.lru_cache(maxsize=1024)(_looked_up)


def _factor(kind: str, indicator: str, per_hour: Any, made: Embodied, notes: tuple[Assumption, ...]) -> Factor:
    spread = Uncertain.lognormal(1.0, made.gsd, f"embodied {indicator} of {kind}", f"embodied by {made.method}")
    per_hour = per_hour if isinstance(per_hour, float) else per_hour[None]  # a row, then scenarios
    return Factor(f"device_hours/{kind}", indicator, per_hour, catalog.source(made.source), made.year, "",
                  spread=spread, quality=made.quality, assumptions=(*made.assumptions, *notes),
                  method=catalog.METHODS.get(indicator, ""))  # fmt: skip


def of_storage(medium_id: str) -> tuple[Embodied, float]:
    """Making one TB of a storage medium, and the years it serves."""
    row = catalog.table("storage_media").index[medium_id]
    impacts = {"climate": float(row["embodied_kg_per_tb"])}
    made = Embodied(impacts, float(row["gsd"]), "drive figure", row["source"], int(row["year"]), row["quality"])
    return made, float(row["life_years"])


catalog.on_overlay(_kept.cache_clear)
