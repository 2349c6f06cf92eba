"""The life cycle inventory behind a footprint as openLCA's JSON-LD (olca-schema, version 2).

Flows come as product flows without a provider: the researcher chooses one from their own background data.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from jevons.core.footprint import Footprint
from jevons.report.inventory import LOGNORMAL, NORMAL, about, code, exchanges, flow_name, stage_name

Input = tuple[str, str, float, Mapping[str, float], str]  # product, unit, amount, spread, comment


def json_ld(footprint: Footprint, name: str = "jevons") -> dict[str, dict[str, Any]]:
    """openLCA's JSON-LD (olca-schema 2) as path → object: units, quantities, flows, and one process a stage."""
    found = exchanges(footprint)
    made: list[tuple[str, dict[str, Any]]] = [("olca-schema.json", {"version": 2})]
    for unit in dict.fromkeys(["unit", *(e.unit for e in found)]):
        made += _unit(name, unit)
    flows = {flow_name(e.flow, e.site): e.unit for e in found}
    stages = list(dict.fromkeys(e.stage for e in found))
    products = {footprint.study.functional_unit: "unit", **{stage_name(s): "unit" for s in stages}}
    made += [_flow(name, flow, unit) for flow, unit in {**products, **flows}.items()]
    inputs: list[Input] = [(stage_name(s), "unit", 1.0, {}, "") for s in stages]
    made.append(_process(name, footprint.study.functional_unit, inputs, about(footprint)))
    for stage in stages:
        inputs = [(flow_name(e.flow, e.site), e.unit, e.amount, e.uncertainty, e.comment) for e in found if e.stage == stage]
        made.append(_process(name, stage_name(stage), inputs, ""))
    return dict(made)


def archive(footprint: Footprint, name: str = "jevons") -> bytes:
    """The same as the zip file that openLCA imports as "JSON-LD"."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as opened:
        for path, entity in json_ld(footprint, name).items():
            opened.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), json.dumps(entity, ensure_ascii=False))
    return held.getvalue()


def _unit(name: str, unit: str) -> Iterator[tuple[str, dict[str, Any]]]:
    held = {"@type": "Unit", "@id": code(name, f"unit {unit}"), "name": unit, "conversionFactor": 1.0, "isRefUnit": True}
    group, quantity = code(name, f"units of {unit}"), code(name, f"quantity in {unit}")
    yield f"unit_groups/{group}.json", {"@type": "UnitGroup", "@id": group, "name": f"Units of {unit}", "units": [held]}
    yield f"flow_properties/{quantity}.json", {
        "@type": "FlowProperty", "@id": quantity, "name": f"Quantity in {unit}",
        "flowPropertyType": "PHYSICAL_QUANTITY", "unitGroup": {"@type": "UnitGroup", "@id": group},
    }  # fmt: skip


def _flow(name: str, flow: str, unit: str) -> tuple[str, dict[str, Any]]:
    quantity = {"@type": "FlowPropertyFactor", "conversionFactor": 1.0, "isRefFlowProperty": True,
                "flowProperty": {"@type": "FlowProperty", "@id": code(name, f"quantity in {unit}")}}  # fmt: skip
    identifier = code(name, f"flow {flow}")
    return f"flows/{identifier}.json", {"@type": "Flow", "@id": identifier, "name": flow, "flowType": "PRODUCT_FLOW",
                                        "flowProperties": [quantity]}  # fmt: skip


def _process(name: str, product: str, inputs: list[Input],
                  description: str) -> tuple[str, dict[str, Any]]:  # fmt: skip
    made = [_exchange(name, 1, product, "unit", 1.0, {}, "", of_itself=True)]
    made += [_exchange(name, i + 2, *given) for i, given in enumerate(inputs)]
    identifier = code(name, f"process {product}")
    return f"processes/{identifier}.json", {
        "@type": "Process", "@id": identifier, "name": product, "description": description, "processType": "UNIT_PROCESS",
        "lastInternalId": len(made), "exchanges": made,
    }  # fmt: skip


def _exchange(name: str, number: int, flow: str, unit: str, amount: float, spread: Mapping[str, float],
                   comment: str, of_itself: bool = False) -> dict[str, Any]:  # fmt: skip
    exchange: dict[str, Any] = {
        "@type": "Exchange", "internalId": number, "isInput": not of_itself, "isQuantitativeReference": of_itself,
        "amount": amount, "description": comment, "flow": {"@type": "Flow", "@id": code(name, f"flow {flow}")},
        "unit": {"@type": "Unit", "@id": code(name, f"unit {unit}")},
        "flowProperty": {"@type": "FlowProperty", "@id": code(name, f"quantity in {unit}")},
    }  # fmt: skip
    kind = spread.get("uncertainty type")
    if kind == LOGNORMAL:
        exchange["uncertainty"] = {"@type": "Uncertainty", "distributionType": "LOG_NORMAL_DISTRIBUTION",
                                   "geomMean": amount, "geomSd": math.exp(spread["scale"])}  # fmt: skip
    elif kind == NORMAL:
        exchange["uncertainty"] = {"@type": "Uncertainty", "distributionType": "NORMAL_DISTRIBUTION",
                                   "mean": spread["loc"], "sd": spread["scale"]}  # fmt: skip
    return exchange
