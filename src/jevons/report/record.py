"""A footprint as a plain dict, for pipes and files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jevons.core.footprint import Footprint
from jevons.core.study import INDICATORS
from jevons.core.uncertain import interval
from jevons.report import figures

SCHEMA = "jevons.footprint/1"


def as_json(footprint: Footprint, version: str = "", factor_set: str = "", title: str = "") -> dict[str, Any]:
    """The footprint as plain values, ready for ``json.dumps``.

    Keys: schema (``jevons.footprint/1``), jevons, factor_set, title, study, places, indicators {name: {unit, what,
    best, low, high}}, by_stage and by_component {indicator: {word: {best, low, high}}}, measured_share, methods,
    drivers {indicator: {input: share of variance}}, assumptions [what, value, why, source, indicators], sources, explain
    {indicator: [line]}, served; left_out {cut-off: {indicator: amount}} where a cut-off has a price. ``low`` and ``high`` are the 5 % and 95 % quantiles.
    """
    figures.single(footprint)
    names = footprint.indicators
    bearing = {name: set(footprint.assumptions_of(name)) for name in names}
    return {
        "schema": SCHEMA, "jevons": version, "factor_set": factor_set, "title": title,
        "study": figures.study_record(footprint.study),
        "places": figures.places(footprint),
        "indicators": {f.name: {"unit": f.unit, "what": INDICATORS[f.name][1], "best": f.best, "low": f.low,
                                "high": f.high} for f in figures.figures(footprint)},
        "by_stage": {name: _spread(footprint, "stage", name) for name in names},
        "by_component": {name: _spread(footprint, "component", name) for name in names},
        "measured_share": footprint.measured_share(),
        "methods": figures.methods(footprint),
        "drivers": {name: footprint.drivers(name) for name in names},
        "assumptions": [{**a.record(), "indicators": [n for n in names if a in bearing[n]]} for a in footprint.assumptions],
        "sources": [asdict(s) for s in footprint.sources],
        "explain": {name: _explained(footprint, name) for name in names},
        "served": {unit: float(count[..., 0].sum()) for unit, count in footprint.inventory.served.items()},
        **({"left_out": figures.left_out(footprint)} if footprint.excluded else {}),
    }  # fmt: skip


def _spread(footprint: Footprint, column: str, indicator: str) -> dict[str, dict[str, float]]:
    spread = {}
    for word, amounts in footprint.by(column, indicator).items():
        low, high = interval(amounts)
        spread[word] = {"best": float(amounts[..., 0].sum()), "low": float(low.sum()), "high": float(high.sum())}
    return spread


def _explained(footprint: Footprint, indicator: str) -> list[dict[str, Any]]:
    lines = [asdict(line) for line in footprint.explain(indicator).lines]
    return [{**line, "source": line["source"]["id"], "kind": list(line["kind"])} for line in lines]
