"""A million scenarios in one call: any number may be an array, and the totals come back as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.assess import assess
from jevons.core.errors import BadInput, MissingExtra
from jevons.core.footprint import Footprint
from jevons.core.study import Study
from jevons.estimate.training import training
from jevons.world.site import Site, site

CHUNK = 32768
"""Scenarios priced together: arrays of this length stay in a core's cache."""
SITE_ARRAYS = ("intensity", "pue", "wue", "electricity_price", "device_price")
Totals = dict[str, NDArray[np.float64]]


def sweep(model: Any = None, tokens: Any = None, on: str = "", n: Any = None, *, at: str | Site = "",
          study: Study | None = None, jobs: int = 1, backend: str | None = None, **choices: Any) -> Totals:  # fmt: skip
    """Best-estimate totals over scenarios: energy (kWh), climate operation and manufacture (kg), water (L), cost.

    ``tokens``, ``n``, ``params``, ``active`` and the site's numbers (``intensity``, ``pue``, ...) may be arrays of
    one length. ``jobs`` above 1 spreads the chunks over cores, or over a cluster with a joblib ``backend`` such as
    "ray" or "dask" (extra: sweep). Errors: BadInput where two arrays differ in length.
    """
    place = {name: choices.pop(name) for name in SITE_ARRAYS if name in choices}
    given: dict[str, Any] = {"tokens": tokens, "n": n, **choices}
    given, place = _arrays(given), _arrays(place)
    length = _length({**given, **place})
    parts = [slice(i, min(i + CHUNK, length)) for i in range(0, length, CHUNK)]
    study = study or Study()

    def run(part: slice) -> Totals:
        where = at if isinstance(at, Site) else site(at, **_cut(place, part))
        return _totals(assess(training(model, on=on, draws=0, **_cut(given, part)), where, study, draws=0), part)

    done = [run(part) for part in parts] if jobs == 1 else _parallel(run, parts, jobs, backend)
    return {name: np.concatenate([d[name] for d in done]) for name in done[0]}


def _arrays(given: dict[str, Any]) -> dict[str, Any]:
    """Lists of numbers as arrays, so that both mean scenarios."""
    for name, value in given.items():
        if isinstance(value, (list, tuple, np.ndarray)) and (np.ndim(value) != 1 or not len(value)):
            raise BadInput(name, value, "give one number, or a list or array of scenarios along one axis")
    return {name: np.asarray(value) if isinstance(value, (list, tuple)) else value for name, value in given.items()}


def _length(given: dict[str, Any]) -> int:
    lengths = {name: len(v) for name, v in given.items() if isinstance(v, np.ndarray) and v.ndim == 1}
    if len(set(lengths.values())) > 1:
        raise BadInput("sweep", lengths, "give arrays of one length")
    return next(iter(lengths.values()), 1)


def _cut(given: dict[str, Any], part: slice) -> dict[str, Any]:
    return {name: v[part] if isinstance(v, np.ndarray) and v.ndim == 1 else v for name, v in given.items()}


def _totals(footprint: Footprint, part: slice) -> Totals:
    size = part.stop - part.start
    climate = footprint.by("lifecycle", "climate")
    zero = np.zeros((1,))
    water = [footprint.total(i) for i in ("water_on_site", "water_off_site") if i in footprint.indicators]
    parts = {
        "energy_kwh": footprint.total("energy"),
        "climate_operation_kg": climate.get("operation", zero),
        "climate_manufacture_kg": climate.get("manufacture", zero),
        "water_l": np.sum(np.broadcast_arrays(*water), axis=0) if water else zero,
        "cost_usd": footprint.total("cost") if "cost" in footprint.indicators else zero,
    }
    return {name: np.broadcast_to(value[..., 0], (size,)) for name, value in parts.items()}


def _parallel(run: Any, parts: list[slice], jobs: int, backend: str | None) -> list[Totals]:
    try:
        from joblib import Parallel, delayed, parallel_config  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra("joblib", "sweep", "a sweep over several cores") from None
    with parallel_config(backend=backend or "loky"):
        return list(Parallel(n_jobs=jobs)(delayed(run)(part) for part in parts))
