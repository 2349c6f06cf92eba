"""The one multiplication: footprint = activity × factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from jevons.core.activity import Activity, common_shape, joined, places_of
from jevons.core.errors import BadInput, MissingFactor, StudyMismatch
from jevons.core.factor import Factor, Place
from jevons.core.footprint import Footprint, Priced
from jevons.core.source import DEFINITION
from jevons.core.study import Study
from jevons.core.uncertain import Draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Which indicators a unit of each flow must be priced for, when the study asks for them.
BEARS = {
    "electricity": ("energy", "climate", "water_off_site", "water_scarcity", "primary_energy",
                    "abiotic_depletion", "cost"),
    "device_hours": ("climate", "water_embodied", "primary_energy", "abiotic_depletion"),
    "water": ("water_on_site", "water_scarcity"),
    "transfer": ("energy", "climate"),
    "storage": ("energy", "climate"),
    "travel": ("climate",),
    "money": ("cost",),
}  # fmt: skip


def assess(activity: Activity, at: Place | Mapping[str, Place], study: Study | None = None,
           draws: int = 1000) -> Footprint:  # fmt: skip
    """Price every row of ``activity`` where it runs.

    ``at``: one Place, or a mapping from the rows' ``site`` to a Place. ``draws`` applies where the activity
    brings none. Errors: MissingFactor where an indicator of the study has no factor and is not cut off;
    StudyMismatch where a factor is of another accounting; BadInput where a row names a site not given.
    """
    study = study or Study()
    sampler = Draws(activity.amount.shape[-1] - 1 or draws, activity.seed)
    supplied: list[Activity] = []
    priced: list[Priced] = []
    for place, demand in _by_place(activity, at):
        offset = sum(map(len, supplied))
        supplied.append(place.supply(demand, sampler))
        priced += _price(supplied[-1], place, study, sampler, offset)
    inventory = joined(supplied) if len(supplied) > 1 else supplied[0] if supplied else activity
    assumed = [a for p in priced for a in p.factor.assumptions]
    inventory = replace(inventory.assume(*assumed), drivers={**inventory.drivers, **sampler.drivers})
    return Footprint(inventory, tuple(priced), study)


def _by_place(activity: Activity, at: Place | Mapping[str, Place]) -> list[tuple[Place, Activity]]:
    if not isinstance(at, Mapping):
        sites = activity.text["site"].copy()
        sites[sites == ""] = at.name
        return [(at, replace(activity, text={**activity.text, "site": sites}))] if len(activity) else []
    groups: list[tuple[Place, Activity]] = []
    for name, index in places_of(activity.text["site"]).items():
        if name not in at:
            raise BadInput("site", name, f"give a place for it; places given: {', '.join(at) or 'none'}")
        rows = activity.take(index)
        groups.append((at[name], replace(rows, served={}) if groups else rows))
    return groups


def _price(rows: Activity, place: Place, study: Study, sampler: Draws, offset: int) -> list[Priced]:
    factors = place.factors(study)
    priced = []
    for (flow, _), index in places_of(list(zip(rows.text["flow"], _years(rows), strict=True))).items():
        found = dict(factors.of(flow, (rows.start_s[index], rows.end_s[index])))
        if flow.split("/")[0] == "electricity":
            found.setdefault("energy", Factor(flow, "energy", 1.0, DEFINITION, place=place.name))
        for indicator in study.indicators:
            if indicator in found:
                factor = found[indicator]
                _require_kind(factor, study, place)
                rate = factor.rate
                _require_fit(rate, factor, (len(index), *rows.amount.shape[1:]), place)
                priced.append(Priced(indicator, index + offset, factor, rate, factor.multiplier(sampler)))
            elif _is_missing(flow, indicator, study):
                raise MissingFactor(flow, indicator, place.name)
    return priced


def _years(rows: Activity) -> list[int]:
    """The calendar year (UTC) in the middle of each row, 0 where it is not dated: no year is priced as another."""
    import numpy as np

    middle = np.where(np.isnan(rows.end_s), rows.start_s, (rows.start_s + rows.end_s) / 2)
    dated = np.where(np.isnan(middle), 0.0, middle).astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    return np.where(np.isnan(middle), 0, dated).tolist()  # type: ignore[no-any-return]


def _is_missing(flow: str, indicator: str, study: Study) -> bool:
    family = flow.split("/")[0]
    cut = {indicator, f"{family}/{indicator}", f"{flow}/{indicator}"} & set(study.cutoffs)
    return indicator in BEARS[family] and not cut


def _require_kind(factor: Factor, study: Study, place: Place) -> None:
    if factor.kind and tuple(factor.kind) != study.kind:
        raise StudyMismatch(
            f"{place.name}: the {factor.indicator} factor for {factor.flow} is {'/'.join(factor.kind)}, "
            f"the study asks for {'/'.join(study.kind)}; choose a grid of that kind or change the study"
        )


def _require_fit(rate: NDArray[np.float64], factor: Factor, shape: tuple[int, ...], place: Place) -> None:
    import numpy as np

    if not np.isfinite(rate).all():
        raise MissingFactor(factor.flow, factor.indicator, f"{place.name} for some of the rows (it is not a number)")
    if len(rate) not in (1, shape[0]):
        mend = f"give one value, or one for each of the {shape[0]} rows it prices, before any axes of scenarios"
        raise BadInput(f"{place.name}: {factor.indicator} factor for {factor.flow}", np.shape(factor.value), mend)
    common_shape(shape[1:], rate.shape[1:])
