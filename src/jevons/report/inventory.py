"""The life cycle inventory behind a footprint, for LCA software, so that a researcher links their own background data.

One product (the functional unit) is made of stages, each stage takes flows. Brightway gets one empty process a flow and
site, as the place to link a background process; ``jevons.report.openlca`` writes the same for openLCA.
"""

from __future__ import annotations

import csv
import io
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jevons.core.activity import flow_unit, places_of
from jevons.core.footprint import Footprint
from jevons.report import figures
from jevons.report.rows import safe

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT_NAMES = {"kWh": "kilowatt hour", "h": "hour", "L": "litre", "GB": "gigabyte", "GB-month": "gigabyte month",
              "km": "kilometer", "USD": "USD"}  # fmt: skip
UNDEFINED, LOGNORMAL, NORMAL = 0, 2, 3  # uncertainty types of Brightway (stats_arrays)
COLUMNS = ("name", "amount", "unit", "location", "type", "reference product", "uncertainty type", "loc", "scale",
           "comment")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a stage takes of one flow at one site: amount in the flow's unit, its spread, and how it is known."""

    stage: str
    component: str
    flow: str
    site: str
    amount: float
    unit: str
    uncertainty: Mapping[str, float]
    comment: str


def exchanges(footprint: Footprint) -> list[Exchange]:
    """The inventory's rows, summed by stage, component, flow, site, boundary and method."""
    import numpy as np

    figures.single(footprint)
    inventory, comments = footprint.inventory, _comments(footprint)
    columns = ("stage", "component", "flow", "site", "boundary", "method")
    keys = list(zip(*(inventory.column(c) for c in columns), strict=True))
    found = []
    for key, rows in places_of(keys).items():
        stage, component, flow, site, boundary, method = key
        amounts = inventory.take(rows).summed(np.ones(len(rows), bool))
        comment = f"{component or 'component not named'}, {boundary} boundary, {method}"
        found.append(Exchange(stage, component, flow, site, float(amounts[..., 0].sum()), flow_unit(flow),
                              uncertainty(amounts.reshape(-1, amounts.shape[-1]).sum(axis=0)),
                              "; ".join([comment, *comments.get((stage, component, flow, method), [])])))  # fmt: skip
    return found


def uncertainty(amounts: NDArray[Any]) -> dict[str, float]:
    """The spread of an array (1 + draws,) in Brightway's convention.

    Lognormal: loc = ln of the best estimate, scale = standard deviation of the logs of the draws; normal where a draw
    is not above zero; undefined where nothing was drawn.
    """
    import numpy as np

    best, draws = float(amounts[0]), amounts[1:]
    if draws.size < 2 or np.ptp(draws) == 0:
        return {"uncertainty type": UNDEFINED, "loc": best}
    if best > 0 and (draws > 0).all():
        return {"uncertainty type": LOGNORMAL, "loc": math.log(best), "scale": float(np.log(draws).std())}
    return {"uncertainty type": NORMAL, "loc": best, "scale": float(draws.std())}


def brightway(footprint: Footprint, database: str = "jevons") -> list[dict[str, Any]]:
    """Processes as bw2data holds them, every link inside ``database``; ``Database(database).write`` takes
    ``{(d["database"], d["code"]): d for d in ...}``."""
    found = exchanges(footprint)
    stages, flows = dict.fromkeys(e.stage for e in found), dict.fromkeys((e.flow, e.site) for e in found)
    product = _process(database, footprint.study.functional_unit, "unit", "GLO", about(footprint))
    product["exchanges"] += [_takes(database, stage_name(s), "unit", "GLO", 1.0, {}, "") for s in stages]
    processes = [product]
    for stage in stages:
        process = _process(database, stage_name(stage), "unit", "GLO", "")
        process["exchanges"] += [
            _takes(database, flow_name(e.flow, e.site), _unit(e.unit), e.site or "GLO", e.amount, e.uncertainty, e.comment)
            for e in found if e.stage == stage
        ]  # fmt: skip
        processes.append(process)
    note = "Empty on purpose: link here the background process of your own database."
    return processes + [_process(database, flow_name(f, s), _unit(flow_unit(f)), s or "GLO", note) for f, s in flows]


def brightway_csv(footprint: Footprint, database: str = "jevons") -> str:
    """The same in the sheet layout that bw2io's CSVImporter and ExcelImporter read."""
    sheet: list[list[Any]] = [["Database", database], []]
    for process in brightway(footprint, database):
        sheet.append(["Activity", process["name"]])
        sheet += [[k, process[k]] for k in ("code", "location", "unit", "reference product", "comment") if process[k]]
        sheet += [["Exchanges"], list(COLUMNS)]
        sheet += [[exchange.get(c, "") for c in COLUMNS] for exchange in process["exchanges"]] + [[]]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([safe(cell) for cell in row] for row in sheet)
    return text.getvalue()


def _comments(footprint: Footprint) -> dict[tuple[str, ...], list[str]]:
    """What jevons itself would price each exchange at, with the source, by stage, component, flow and method."""
    comments: dict[tuple[str, ...], list[str]] = {}
    for indicator in (i for i in footprint.indicators if i not in ("energy", "cost")):
        for line in footprint.explain(indicator).lines:
            key = line.stage, line.component, line.flow, line.method
            said = f"jevons: {line.rate:.4g} {line.unit} {indicator} per {line.amount_unit} ({line.source.id})"
            comments.setdefault(key, []).append(said)
    return comments


def about(footprint: Footprint) -> str:
    """Study and assumptions in one line."""
    words = [f"{name}: {value}" for name, value in figures.study_words(footprint).items()]
    return "; ".join([*words, *(f"assumed {a}" for a in footprint.assumptions)])


def _process(database: str, name: str, unit: str, location: str, comment: str) -> dict[str, Any]:
    identifier = code(database, name)
    made = {"name": name, "amount": 1.0, "unit": unit, "location": location, "type": "production",
            "reference product": name, "input": (database, identifier)}  # fmt: skip
    return {"database": database, "code": identifier, "name": name, "unit": unit, "location": location, "type": "process",
            "reference product": name, "comment": comment, "exchanges": [made]}  # fmt: skip


def _takes(database: str, name: str, unit: str, location: str, amount: float, spread: Mapping[str, float],
           comment: str) -> dict[str, Any]:  # fmt: skip
    return {"name": name, "amount": amount, "unit": unit, "location": location, "type": "technosphere",
            "reference product": name, "input": (database, code(database, name)), **spread, "comment": comment}  # fmt: skip


def stage_name(stage: str) -> str:
    """The process of a stage."""
    return f"stage: {figures.named(stage)}"


def flow_name(flow: str, site: str) -> str:
    """The product that stands for a flow at a site, e.g. ``device-hours, a100-80, at north``."""
    family, _, kind = flow.partition("/")
    said = family.replace("_", "-") + (f", {kind.replace('_', ' ')}" if kind else "")
    return f"{said}, at {site}" if site else said


def _unit(unit: str) -> str:
    return UNIT_NAMES.get(unit, unit)


def code(*names: str) -> str:
    """An identifier that the same names always give (UUID version 5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(["jevons", *names])))
