"""The one multiplication: footprint = activity × factor."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jevons.core.activity import SPREAD_BY, Activity, common_shape, joined, places_of
from jevons.core.errors import BadInput, MissingFactor, StudyMismatch
from jevons.core.factor import Factor, Place
from jevons.core.footprint import CUT_OFF_BY, Footprint, Priced
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
    brings none. What the study cuts off is in no total; as far as it has a price it stands in ``Footprint.excluded``.
    Errors: MissingFactor where an indicator of the study has no factor and is not cut off; StudyMismatch where a
    factor is of another accounting or impact method; BadInput where a row names a site not given.
    """
    study = _asked(activity, at, study)
    sampler = Draws(activity.amount.shape[-1] - 1 or draws, activity.seed)
    counted, out = _Blocks(), _Blocks()
    for place, demand in _by_place(activity, at):
        supplied = _marked(place.supply(_marked(demand, study), sampler), study)
        for cutoff, rows in _apart(supplied):
            blocks = _price(rows, place, study.with_(cutoffs=study.indicators) if cutoff else study, sampler)
            if cutoff:
                out.add(replace(rows, served={}), [block for _, block in blocks])
                continue
            counted.add(rows, [block for word, block in blocks if not word])
            for word, block in blocks:
                if word:
                    piece = replace(rows.take(block.rows).label(**{CUT_OFF_BY: word}), served={})
                    out.add(piece, [replace(block, rows=_every(piece))])
    footprint = counted.footprint(activity, study, sampler)
    return replace(footprint, excluded=out.footprint(activity, study, sampler)) if out.rows else footprint


def _asked(activity: Any, at: Any, study: Any) -> Study:
    """The study, the usual one where none is given. Errors: BadInput for arguments that are something else."""
    for name, value, kind in (("activity", activity, Activity), ("study", study, (Study, type(None))), ("at", at, (Mapping, Place))):
        if not isinstance(value, kind):
            raise BadInput(name, value, "price an Activity at a Place (or a mapping from sites to Places) under a Study")
    return study or Study()


@dataclass
class _Blocks:
    """Rows in the order in which they were priced, and the blocks that price them."""

    rows: list[Activity] = field(default_factory=list)
    priced: list[Priced] = field(default_factory=list)

    def add(self, rows: Activity, priced: list[Priced]) -> None:
        shift = sum(map(len, self.rows))
        self.rows.append(rows)
        self.priced += [replace(p, rows=p.rows + shift) for p in priced]

    def footprint(self, activity: Activity, study: Study, sampler: Draws) -> Footprint:
        inventory = joined(self.rows) if len(self.rows) > 1 else self.rows[0] if self.rows else activity
        assumed = [a for p in self.priced for a in p.factor.assumptions]
        inventory = replace(inventory.assume(*assumed), drivers={**inventory.drivers, **sampler.drivers})
        return Footprint(inventory, tuple(self.priced), study)


def _marked(rows: Activity, study: Study) -> Activity:
    """The rows, those that a cut-off names by flow, stage or component labelled with it: what is supplied for them goes along."""
    import numpy as np

    columns = [rows.text[name] for name in ("flow", "stage", "component")]
    if {name for column in columns for word in set(column) for name in (word, word.split("/")[0])}.isdisjoint(study.cutoffs):
        return rows
    words = list(zip(*columns, strict=True))
    marks = {word: study.cutoff_of("", *word) for word in dict.fromkeys(words)}
    earlier = rows.text.get(CUT_OFF_BY, [""] * len(rows))
    marked = np.array([old or marks[word] for old, word in zip(earlier, words, strict=True)], dtype=object)
    return replace(rows, text={**rows.text, CUT_OFF_BY: marked})


def _apart(rows: Activity) -> list[tuple[str, Activity]]:
    """("", rows that count), then each cut-off with the rows it names."""
    if CUT_OFF_BY not in rows.text:
        return [("", rows)]
    named = places_of(rows.text[CUT_OFF_BY])
    counted = rows.take(named.pop("", _every(())))
    counted = replace(counted, text={n: column for n, column in counted.text.items() if n != CUT_OFF_BY})
    return [("", counted), *((cutoff, rows.take(index)) for cutoff, index in named.items())]


def _every(rows: Sized) -> NDArray[np.int64]:
    import numpy as np

    return np.arange(len(rows))


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


def _price(rows: Activity, place: Place, study: Study, sampler: Draws) -> list[tuple[str, Priced]]:
    """(the cut-off that leaves it out or "", block) for every indicator of the study and every flow and year of the rows."""
    factors = place.factors(study)
    priced = []
    shared = rows.text.get(SPREAD_BY, [""] * len(rows))
    for (flow, _, spread), index in places_of(list(zip(rows.text["flow"], _years(rows), shared, strict=True))).items():
        found = dict(factors.of(flow, (rows.start_s[index], rows.end_s[index])))
        if flow.split("/")[0] == "electricity":
            found.setdefault("energy", Factor(flow, "energy", 1.0, DEFINITION, place=place.name))
        for indicator in study.indicators:
            parts = _cut(rows, index, indicator, flow, study)
            if indicator in found:
                factor = found[indicator]
                _require_kind(factor, study, place)
                rate = factor.rate
                _require_fit(rate, factor, (len(index), *rows.amount.shape[1:]), place)
                drawn = factor.multiplier(sampler) * rows.spreads.get(spread, 1.0)
                for cutoff, at in parts.items():
                    part = rate[at] if len(rate) > 1 and len(parts) > 1 else rate
                    priced.append((cutoff, Priced(indicator, index[at], factor, part, drawn)))
            elif "" in parts and indicator in BEARS[flow.split("/")[0]]:
                raise MissingFactor(flow, indicator, place.name)
    return priced


def _cut(rows: Activity, index: NDArray[np.int64], indicator: str, flow: str, study: Study) -> dict[str, Any]:
    """Which of the rows of a flow each cut-off leaves out of the indicator; those that count under ""."""
    if not any(cutoff == indicator or cutoff.endswith(f"/{indicator}") for cutoff in study.cutoffs):
        return {"": slice(None)}
    names = list(zip(rows.text["stage"][index], rows.text["component"][index], strict=True))
    words = {name: study.cutoff_of(indicator, flow, *name) for name in dict.fromkeys(names)}
    return places_of([words[name] for name in names])


def _years(rows: Activity) -> list[int]:
    """The calendar year (UTC) in the middle of each row, 0 where it is not dated: no year is priced as another."""
    import numpy as np

    middle = np.where(np.isnan(rows.end_s), rows.start_s, (rows.start_s + rows.end_s) / 2)
    dated = np.where(np.isnan(middle), 0.0, middle).astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    return np.where(np.isnan(middle), 0, dated).tolist()  # type: ignore[no-any-return]


def _require_kind(factor: Factor, study: Study, place: Place) -> None:
    if factor.kind and tuple(factor.kind) != study.kind:
        raise StudyMismatch(
            f"{place.name}: the {factor.indicator} factor for {factor.flow} is {'/'.join(factor.kind)}, "
            f"the study asks for {'/'.join(study.kind)}; choose a grid of that kind or change the study"
        )
    wanted = study.method_of(factor.indicator)
    if factor.method and wanted and factor.method != wanted:
        raise StudyMismatch(
            f"{place.name}: the {factor.indicator} factor for {factor.flow} is of {factor.method}, the study asks for "
            f"{wanted}; name {factor.method} in its impact_method, or state factors of {wanted}"
        )


def _require_fit(rate: NDArray[np.float64], factor: Factor, shape: tuple[int, ...], place: Place) -> None:
    import numpy as np

    if not np.isfinite(rate).all():
        raise MissingFactor(factor.flow, factor.indicator, f"{place.name} for some of the rows (it is not a number)")
    if len(rate) not in (1, shape[0]):
        mend = f"give one value, or one for each of the {shape[0]} rows it prices, before any axes of scenarios"
        raise BadInput(f"{place.name}: {factor.indicator} factor for {factor.flow}", np.shape(factor.value), mend)
    common_shape(shape[1:], rate.shape[1:])
