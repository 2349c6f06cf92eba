"""The life cycle of a model: goal and scope, phases, what is counted and what is not, and what a use of it bears.

    lifecycle({"lifecycle": "BLOOM-176B", "site": {...}, "phases": {"final training": [...], "hardware": [...]}})

A phase that is not given is listed as not counted; it is never 0. Parts whose meters overlap are refused, or, with
``overlaps: report``, summed as given beside the sum without the narrower one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jevons.account.life import parts as reading
from jevons.account.life.parts import Part
from jevons.account.life.scope import PHASES, Overlap, key, overlaps, phase_of, require_distinct
from jevons.core import units
from jevons.core.activity import Activity, joined
from jevons.core.errors import BadInput, OverlappingMeters
from jevons.core.factor import Factor, Place
from jevons.core.footprint import Footprint
from jevons.core.study import INDICATORS, Study
from jevons.world.site import footprint, site
from jevons.world.spec import require_known
from jevons.world.stated import StatedPlace, stated

KEYS = ("lifecycle", "goal", "source", "site", "study", "overlaps", "phases", "use", "published", "claims")
POLICIES = ("refuse", "report")
STATED = ("water_off_site", "water_scarcity", "primary_energy", "abiotic_depletion")  # keys of a site: per kWh


@dataclass(frozen=True, eq=False)
class LifeCycle:
    """A life cycle priced. ``footprint`` sums the parts as given; ``not_counted`` says what lies outside, and why."""

    name: str
    goal: str
    source: str
    parts: tuple[Part, ...]
    footprint: Footprint
    not_counted: Mapping[str, str]
    overlaps: tuple[Overlap, ...] = ()
    use: Mapping[str, float] = field(default_factory=dict)
    published: Mapping[str, str] = field(default_factory=dict)
    claims: tuple[Mapping[str, Any], ...] = ()

    @property
    def study(self) -> Study:
        """The question answered."""
        return self.footprint.study

    @property
    def without_overlap(self) -> Footprint:
        """The footprint without the narrower part of each overlap; the footprint itself where there is none."""
        return self.only(key(p) for p in self.parts if key(p) not in {o.narrow for o in self.overlaps})

    def only(self, names: Any) -> Footprint:
        """The footprint of the phases or parts (``phase/part``) named."""
        wanted = set(names)
        known = {key(p) for p in self.parts} | {p.phase for p in self.parts}
        for name in wanted - known:
            raise BadInput("part", name, f"choose among {', '.join(sorted(known))}")
        return _only(self.footprint, lambda phase, part: phase in wanted or f"{phase}/{part}" in wanted)

    def per(self, unit: str) -> dict[str, dict[str, float]]:
        """What one unit of use bears, by indicator: its inference, its share of everything made before, and both.

        Everything but inference is spread over the use expected in the model's life (``use``). Errors: BadInput where no
        use is expected, or inference served none of that unit.
        """
        expected = self.use.get(unit)
        if not expected:
            raise BadInput("use", unit, f"say how much use is expected in its life, e.g. use: {{{unit}: 1e9}}")
        before = _only(self.footprint, lambda phase, part: phase != "inference")
        during = _only(self.footprint, lambda phase, part: phase == "inference")
        served = sum(float(p.activity.served[unit][0]) for p in self.parts if p.phase == "inference" and unit in p.activity.served)
        if len(during.inventory) and not served:
            raise BadInput("served", unit, f"say how many the inference served, e.g. served: {{{unit}: 230768}}")
        told = {}
        for i in self.footprint.indicators:
            shares = {"development": _best(before, i) / expected, "inference": _best(during, i) / served if served else 0.0}
            told[i] = {**shares, "together": sum(shares.values())}
        return told

    def manufacture(self, indicator: str = "climate") -> float:
        """The making of hardware, best estimate: the embodied part."""
        sums = self.footprint.by("flow", indicator) if indicator in self.footprint.indicators else {}
        return sum(float(amount[..., 0].sum()) for flow, amount in sums.items() if flow.startswith("device_hours"))


def lifecycle(given: Mapping[str, Any], folder: Path | str = ".", draws: int = 1000) -> LifeCycle:
    """The life cycle that a mapping describes, or phase → Activity in short.

    ``given``: lifecycle (name), goal, source, site, study, overlaps (refuse | report), phases (phase → parts, see
    ``parts``), use, published, claims. ``folder``: where files named in it lie. Errors: BadInput naming phase, part and
    key; OverlappingMeters where two parts count the same; MissingFactor.
    """
    spec = _spec(given)
    usual = reading.site_of("site", spec.get("site"), {})
    phases = _by_phase(spec["phases"])
    found = tuple(reading.read(phase, entry, usual, Path(folder)) for phase in PHASES if phase in phases
                  for entry in _entries(phase, phases[phase]))  # fmt: skip
    if not found:
        raise BadInput("phases", None, "give at least one part of one phase")
    require_distinct(found)
    twice = tuple(overlaps(found))
    if twice and spec.get("overlaps", "refuse") == "refuse":
        raise OverlappingMeters(f"{twice[0]}; keep one of them, or write 'overlaps: report' to see both sums")
    left_out = _not_counted(phases, found)
    study = _scoped(spec, left_out, found)
    return LifeCycle(
        str(spec.get("lifecycle", "")), str(spec.get("goal", "")), str(spec.get("source", "")), found,
        _priced(found, study, draws), left_out, twice, _use(spec),
        {str(k): str(v) for k, v in (spec.get("published") or {}).items()}, tuple(spec.get("claims") or ()),
    )  # fmt: skip


def _spec(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not given:
        raise BadInput("lifecycle", given, "give a mapping with phases, e.g. {'phases': {'final training': [...]}}")
    spec = given if "phases" in given else {"phases": given}
    require_known(spec, KEYS, "lifecycle")
    if not isinstance(spec["phases"], Mapping) or not spec["phases"]:
        raise BadInput("phases", spec["phases"], f"give parts by phase: {', '.join(PHASES)}")
    for name in ("study", "use", "published"):
        if not isinstance(spec.get(name) or {}, Mapping):
            raise BadInput(name, spec[name], "write keys and values below it")
    claims = spec.get("claims") or []
    if not isinstance(claims, (list, tuple)) or not all(isinstance(claim, Mapping) for claim in claims):
        raise BadInput("claims", claims, "give a list of records, as jevons audit reads them")
    if spec.get("overlaps", "refuse") not in POLICIES:
        raise BadInput("overlaps", spec["overlaps"], f"choose one of {', '.join(POLICIES)}")
    return spec


def _by_phase(given: Mapping[Any, Any]) -> dict[str, Any]:
    """phase → its entries. Errors: BadInput where two names mean one phase: its first parts would vanish."""
    found: dict[str, tuple[Any, Any]] = {}
    for name, entries in given.items():
        phase = phase_of(name)
        if phase in found:
            raise BadInput("phases", name, f"{found[phase][0]!r} means {phase} too; write all its parts under one of them")
        found[phase] = (name, entries)
    return {phase: entries for phase, (_, entries) in found.items()}


def _entries(phase: str, given: Any) -> list[Any]:
    """The parts of a phase: a list of them, or one; text alone says why it is not counted."""
    if given is None or isinstance(given, str):
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _not_counted(phases: Mapping[str, Any], found: tuple[Part, ...]) -> dict[str, str]:
    """phase → why it is not counted, for each without a part; making that stands beside its work is counted there."""
    held = {part.phase for part in found}
    within = {p.phase for p in found if any(f.startswith("device_hours/") for f in p.activity.text["flow"])}
    said = {p: phases[p] if isinstance(phases.get(p), str) else "not given" for p in PHASES if p not in held}
    if "hardware" in said and within:
        said["hardware"] = f"counted only within {', '.join(sorted(within))}"
    return said


def _study(spec: Mapping[str, Any]) -> Study:
    asked = dict(spec.get("study") or {})
    usual = {"functional_unit": f"the life of {spec.get('lifecycle') or 'the model'}", "indicators": ("energy", "climate")}
    for name in ("indicators", "cutoffs"):
        if isinstance(asked.get(name), list):
            asked[name] = tuple(asked[name])
    require_known(asked, Study.__dataclass_fields__, "study")
    return Study(**{**usual, **asked})


def _scoped(spec: Mapping[str, Any], not_counted: Mapping[str, str], found: tuple[Part, ...]) -> Study:
    """The study with its cut-offs true to what is counted, so that life cycles of different reach refuse to be compared.

    What the spec itself cuts off stays cut off. A phase without a part is no cut-off where rows of other phases are
    of that name: those count.
    """
    study = _study(spec)
    counted = set(PHASES) - set(not_counted) - set((spec.get("study") or {}).get("cutoffs") or ())
    held = {name for part in found for column in ("flow", "component") for word in set(part.activity.text[column])
            for name in (word, word.split("/")[0])}  # fmt: skip
    absent = [phase for phase in not_counted if phase not in held]
    return study.with_(cutoffs=(*(c for c in study.cutoffs if c not in counted), *absent))


def _use(spec: Mapping[str, Any]) -> dict[str, float]:
    found = {str(k): float(units.read(v, "", f"use: {k}")) for k, v in (spec.get("use") or {}).items()}
    for unit, count in found.items():
        if count <= 0:
            raise BadInput(f"use: {unit}", count, "give how many are expected, above 0")
    return found


def _priced(found: tuple[Part, ...], study: Study, draws: int) -> Footprint:
    """All parts, each where it stands: places that differ in any of their keys are told apart by the part's name."""
    places: dict[str, tuple[Mapping[str, Any], Place]] = {}
    rows = []
    for part in found:
        name = str(part.site.get("name", "")) or "world"
        label = name if places.get(name, (part.site,))[0] == part.site else f"{name}, {key(part)}"
        if label not in places:
            places[label] = (part.site, place_of(part.site, study))
        rows.append(part.activity.label(site=label))
    rates = _rates(found)
    at = {label: StatedPlace(place, {**rates, **_per_kwh(settings)}) for label, (settings, place) in places.items()}
    return footprint(joined(rows), at, study, draws)


def _rates(found: tuple[Part, ...]) -> dict[str, Mapping[str, Factor]]:
    """Factors that parts state of their own. Errors: BadInput where parts of one name state different ones."""
    rates: dict[str, Mapping[str, Factor]] = {}
    for part in found:
        for flow, stated_rates in part.rates.items():
            kept = rates.setdefault(flow, stated_rates)
            if {i: f.value for i, f in kept.items()} != {i: f.value for i, f in stated_rates.items()}:
                raise BadInput(f"{key(part)}: made", {i: f.value for i, f in stated_rates.items()},
                               f"another part called {part.name} states another making; name them apart")  # fmt: skip
    return rates


def place_of(settings: Mapping[str, Any], study: Study | None = None) -> Place:
    """The site of those keys; where the study prices no water, none is looked up. Stated factors: see ``_per_kwh``."""
    from inspect import signature

    require_known(settings, (*signature(site).parameters, *STATED), "site")
    dry = study is not None and not {"water_on_site", "water_scarcity"} & set(study.indicators)
    return site(**{**({"wue": 0.0} if dry else {}), **{k: v for k, v in settings.items() if k not in STATED}})


def _per_kwh(settings: Mapping[str, Any]) -> dict[str, Any]:
    given = {i: units.read(settings[i], f"{INDICATORS[i][0]}/kWh", f"site: {i}") for i in STATED if i in settings}
    return {"electricity": {i: stated("electricity", i, value) for i, value in given.items()}} if given else {}


def _only(whole: Footprint, keep: Any) -> Footprint:
    """The rows of a footprint for which ``keep(phase, part)``; what was served by other phases is left out."""
    import numpy as np

    inventory = whole.inventory
    mask = np.array([keep(*names) for names in zip(inventory.text["stage"], inventory.text["part"], strict=True)], bool)
    renumber = np.cumsum(mask) - 1
    priced = []
    for p in whole.priced:
        held = mask[p.rows]
        if held.any():
            rate = p.rate[held] if len(p.rate) == len(p.rows) > 1 else p.rate
            priced.append(replace(p, rows=renumber[p.rows[held]], rate=rate))
    excluded = whole.excluded and _only(whole.excluded, keep)
    return Footprint(_taken(inventory, mask), tuple(priced), whole.study, excluded)


def _taken(inventory: Activity, mask: Any) -> Activity:
    import numpy as np

    return inventory.take(np.flatnonzero(mask))


def _best(footprint: Footprint, indicator: str) -> float:
    return footprint.best(indicator) if indicator in footprint.indicators else 0.0
