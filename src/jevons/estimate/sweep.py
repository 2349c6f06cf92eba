"""A million scenarios in one call: any argument may be an array or a list, and the totals come back as arrays.

Numbers that a door computes on as arrays are priced CHUNK scenarios at a time. Whatever it takes one at a time (a
place, a device, a format, a batch) parts the scenarios into groups that share it, and each group is priced so.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.assess import assess
from jevons.core.errors import BadInput, MissingExtra
from jevons.core.footprint import Footprint
from jevons.core.study import Study
from jevons.world import catalog
from jevons.world.site import Site, site
from jevons.world.spec import require_given, require_known

CHUNK = 32768
"""Scenarios priced together: arrays of this length stay in a core's cache."""
DOORS = {  # kind -> functions of jevons.estimate that take its arguments (the first is called), numbers taken as arrays
    "training": (("training",), {"tokens", "n", "params", "active", "flops", "power", "mfu", "goodput"}),
    "recorded": (("recorded",), {"tokens", "n", "hours", "device_hours", "power", "energy"}),
    "fine-tuning": (("fine_tuning", "training"), {"tokens", "epochs", "power"}),
    "distillation": (("distillation", "training"), {"tokens", "power"}),
    "generic": (("generic",), {"hours", "cores", "core_power", "n", "usage", "memory", "repeats"}),
    "data": (("data_preparation", "generic"), {"hours", "cores", "core_power", "n", "usage", "memory", "repeats"}),
    "storage": (("storage",), {"terabytes", "months", "replicas"}),
    "transfer": (("transfer",), {"gigabytes"}),
    "serving": (("serving",), set()), "request": (("request",), set()), "edge": (("edge",), set()),
    "generation": (("generation",), set()),
}  # fmt: skip
SITE_ARRAYS = {"intensity", "pue", "wue", "electricity_price", "device_price", "market_intensity", "life", "utilisation", "wet_bulb"}
STEP_BY_STEP = ("batch", "layout", "calibration")
"""With one of these a training is laid out for one model and cluster at a time: only its tokens, power and goodput stay arrays."""
Totals = dict[str, NDArray[np.float64]]
Given = dict[str, Any]


def sweep(model: Any = None, tokens: Any = None, on: Any = "", n: Any = None, *, at: Any = "", study: Study | None = None,
          kind: str = "training", jobs: int = 1, backend: str | None = None, **choices: Any) -> Totals:  # fmt: skip
    """Best-estimate totals over scenarios: energy (kWh), climate operation and manufacture (kg), water (L), cost (USD),
    as far as the study asks for them.

    Any argument of the door ``kind`` and of ``site`` may be an array or a list, all of one length; a single value
    stands for every scenario. Every distinct value of what is no plain number (``at``, ``on``, ``precision``, ...) or
    is taken one at a time (``batch``) costs an estimate of its own. ``jobs`` above 1 spreads the work over cores, or
    over a cluster with a joblib ``backend`` ("dask", "ray"; extra: sweep). Errors: BadInput for arrays of different
    length or shape, an unknown argument or kind.
    """
    if not isinstance(kind, str) or kind not in DOORS:
        raise BadInput("kind", kind, f"choose one of {', '.join(DOORS)}")
    given = {name: v for name, v in {"model": model, "tokens": tokens, "on": on, "n": n}.items() if not _absent(v)}
    own = _arguments(kind)
    place = {name: v for name, v in choices.items() if name in _SITE and name not in own}
    given |= {name: v for name, v in choices.items() if name not in place}
    require_known(given, own | _SITE, "sweep")
    require_given(_called(kind), given, f"a sweep of {kind}")
    if "year" in given and "year" in own and not _is_site(at):
        place["year"] = given["year"]
    if _is_site(at) and place:
        raise BadInput(next(iter(place)), next(iter(place.values())), "at is a Site already; give this to jevons.site()")
    return _sweep(kind, given, {"at": at, **place}, study or Study(), jobs, backend)


def _sweep(kind: str, given: Given, place: Given, study: Study, jobs: int, backend: str | None) -> Totals:
    given, place = _arrays(given), _arrays(place)
    length = _length({**given, **place})
    vector = DOORS[kind][1] if not any(name in given for name in STEP_BY_STEP) else {"tokens", "power", "goodput"}
    alone = _alone(given, vector) | _alone(place, SITE_ARRAYS)
    order = _parts([{**place, **given}[name] for name in sorted(alone)], length)
    tasks = [(kind, _cut(given, part, alone), _cut(place, part, alone), len(part), study, catalog.overlays()) for part in order]
    done = [_priced(*task) for task in tasks] if jobs == 1 else _parallel(tasks, jobs, backend)
    back = np.argsort(np.concatenate(order), kind="stable") if alone else slice(None)
    return {name: np.concatenate([d[name] for d in done])[back] for name in done[0]}


def _priced(kind: str, given: Given, place: Given, size: int, study: Study, overlays: Sequence[Path]) -> Totals:
    """One part, wherever it is worked out: the tables of the asking process come with it."""
    for folder in reversed(overlays):
        catalog.overlay(folder)
    chosen = dict(place)
    at = chosen.pop("at")
    where = at if _is_site(at) else site(at, **chosen)
    activity = _called(kind)(draws=0, **given)
    return _totals(assess(activity, where, study, draws=0), size)


def _alone(given: Given, vector: set[str]) -> set[str]:
    """The arguments that vary and are taken one at a time."""
    return {name for name, v in given.items() if _varies(v) and not (name in vector and v.dtype.kind in "iuf")}


def _parts(alone: Sequence[NDArray[Any]], length: int) -> list[NDArray[np.int64]]:
    """The scenarios of each call: alike in all that is taken one at a time, and CHUNK at most."""
    code = np.zeros(length, dtype=np.int64)
    for values in alone:
        seen: dict[Any, int] = {}
        code = code * (length + 1) + np.array([seen.setdefault(_key(v), len(seen)) for v in values], dtype=np.int64)
        code = np.asarray(np.unique(code, return_inverse=True)[1], dtype=np.int64)
    order = np.argsort(code, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    return [group[i : i + CHUNK] for group in groups for i in range(0, len(group), CHUNK)]


def _arrays(given: Given) -> Given:
    """Lists as arrays (of objects where they hold no numbers), so that both mean scenarios."""
    found = {}
    for name, value in given.items():
        if isinstance(value, (list, tuple)):
            if any(v is None or isinstance(v, (list, tuple, np.ndarray)) for v in value):
                raise BadInput(name, value, "give one plain value for every scenario, or one for all")
            numeric = all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in value)
            held = np.asarray(value) if numeric else np.empty(len(value), dtype=object)
            if not numeric:
                held[:] = value
            value = held
        if isinstance(value, np.ndarray) and (value.ndim > 1 or not value.size):
            raise BadInput(name, value, "give one value, or a list or array of scenarios along one axis")
        found[name] = value
    return found


def _length(given: Given) -> int:
    lengths = {name: len(v) for name, v in given.items() if _varies(v)}
    if len(set(lengths.values())) > 1:
        raise BadInput("sweep", lengths, "give arrays of one length; for every combination take numpy.meshgrid or itertools.product")
    return next(iter(lengths.values()), 1)


def _cut(given: Given, part: NDArray[np.int64], alone: set[str]) -> Given:
    """The arguments of one part: arrays cut to it, and what is alike in all of it as one plain value."""
    plain = {name: v[part[0]] for name, v in given.items() if name in alone}
    plain = {name: v.item() if isinstance(v, np.generic) else v for name, v in plain.items()}
    return {name: plain[name] if name in alone else v[part] if _varies(v) else v for name, v in given.items()}


def _totals(footprint: Footprint, size: int) -> Totals:
    """The totals of what the study asks for; an indicator it leaves out has none."""
    parts = {}
    if "energy" in footprint.indicators:
        parts["energy_kwh"] = footprint.total("energy")
    if "climate" in footprint.indicators:
        climate = footprint.by("lifecycle", "climate")
        for lifecycle in ("operation", "manufacture"):
            parts[f"climate_{lifecycle}_kg"] = climate.get(lifecycle, np.zeros(1))
    if water := [footprint.total(i) for i in ("water_on_site", "water_off_site") if i in footprint.indicators]:
        parts["water_l"] = np.sum(np.broadcast_arrays(*water), axis=0)
    if "cost" in footprint.indicators:
        parts["cost_usd"] = footprint.total("cost")
    return {name: np.broadcast_to(value[..., 0], (size,)) for name, value in parts.items()}


def _parallel(tasks: Sequence[tuple[Any, ...]], jobs: int, backend: str | None) -> list[Totals]:
    try:
        from joblib import Parallel, delayed, parallel_config  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra("joblib", "sweep", "a sweep over several cores") from None
    if not isinstance(jobs, int) or jobs == 0:
        raise BadInput("jobs", jobs, "give a number of processes, or -1 for all there are")
    _register(backend)
    with parallel_config(backend=backend or "loky"):
        return list(Parallel(n_jobs=jobs)(delayed(_priced)(*task) for task in tasks))


BACKENDS = (None, "loky", "multiprocessing", "threading", "sequential", "dask", "ray")


def _register(backend: str | None) -> None:
    """Backends of joblib that live in packages of their own. Errors: MissingExtra, BadInput for one nobody knows."""
    if backend not in BACKENDS:
        raise BadInput("backend", backend, f"choose one of {', '.join(str(b) for b in BACKENDS[1:])}")
    try:
        if backend == "ray":
            from ray.util.joblib import register_ray  # type: ignore[import-not-found, unused-ignore]

            register_ray()
        elif backend == "dask":
            import distributed  # type: ignore[import-untyped, unused-ignore] # noqa: F401
    except ImportError:
        package = {"ray": "ray", "dask": "distributed"}[str(backend)]
        raise MissingExtra(package, str(backend), f"a sweep over {backend}") from None


def _called(kind: str) -> Callable[..., Any]:
    from jevons import estimate

    made: Callable[..., Any] = getattr(estimate, DOORS[kind][0][0])
    return made


def _arguments(kind: str) -> set[str]:
    from jevons import estimate

    found = [inspect.signature(getattr(estimate, name)).parameters.values() for name in DOORS[kind][0]]
    return {p.name for parameters in found for p in parameters if p.kind is not p.VAR_KEYWORD} - {"draws", "seed"}


_SITE = set(inspect.signature(site).parameters) - {"name"}


def _is_site(at: Any) -> bool:
    return isinstance(at, Site)


def _varies(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1


def _key(value: Any) -> Any:
    return repr(value) if isinstance(value, (Mapping, list, set)) else value


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)
