"""BoAmps: an energy report of an AI task in the open format of Boavizta (version 1.1.0, JSON schema of April 2026).

The schema asks for one task, its measures, and the infrastructure. What a footprint does not know (the family of the
task, the country, how many components) the reporter says; it is never made up.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures

VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"
INFRASTRUCTURES = ("publicCloud", "privateCloud", "onPremise", "other")
CONFIDENTIALITY = ("public", "internal", "confidential", "secret")
QUALITIES = (("high", 0.10), ("medium", 0.25))  # name -> greatest relative error; above it: low
DATA = {"input token": ("input", "token"), "output token": ("output", "token"), "token": ("input", "token"),
        "image": ("output", "image"), "video": ("output", "video")}  # fmt: skip
OVERHEAD = "facility overhead"


def boamps(footprint: Footprint, *, stage: str, family: str, country: str, infrastructure: str = "onPremise",
           algorithm: Mapping[str, Any] | None = None, devices: int | None = None, requests: float | None = None,
           publisher: Mapping[str, str] | None = None, when: str = "", version: str = "") -> dict[str, Any]:  # fmt: skip
    """A BoAmps report of one footprint.

    ``stage``: training, finetuning, inference ...; ``family``: what the task is, e.g. "text generation". ``algorithm``:
    fields of its algorithm_schema (foundationModelName, parametersNumber in billions ...). ``devices``: accelerators, by
    default device-hours over wall hours where both are known. ``when``: publication, "YYYY-MM-DD HH:MM:SS". Energy is
    that of the task without the facility's overhead. Errors: BadInput naming what must be said.
    """
    figures.single(footprint)
    for name, value in (("task stage", stage), ("task family", family), ("country", country)):
        if not value:
            raise BadInput(name, value, "say it: the format asks for it and the footprint does not know")
    if infrastructure not in INFRASTRUCTURES:
        raise BadInput("infrastructure", infrastructure, f"use one of {', '.join(INFRASTRUCTURES)}")
    task = {"taskStage": stage, "taskFamily": family, "nbRequest": requests,
            "algorithms": [_present(algorithm or {"algorithmType": "other"})], "dataset": _data(footprint)}  # fmt: skip
    report = {
        "task": _present(task), "measures": [_measure(footprint, version)],
        "infrastructure": {"infraType": infrastructure, "components": _components(footprint, devices)},
        "environment": _present({"country": country, "location": ", ".join(figures.places(footprint)),
                                 "powerSourceCarbonIntensity": _intensity(footprint)}),
        "quality": _quality(footprint),
    }  # fmt: skip
    return {"header": _header(report, publisher or {}, when), **report}


def _header(report: Mapping[str, Any], publisher: Mapping[str, str], when: str) -> dict[str, Any]:
    level = publisher.get("confidentialityLevel", "public")
    if level not in CONFIDENTIALITY:
        raise BadInput("confidentiality", level, f"use one of {', '.join(CONFIDENTIALITY)}")
    said = _present({"name": publisher.get("name", ""), "division": publisher.get("division", ""),
                     "projectName": publisher.get("projectName", ""), "confidentialityLevel": level})  # fmt: skip
    return {
        "formatVersion": VERSION, "formatVersionSpecificationUri": SPECIFICATION,
        "reportId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"jevons/boamps/{report!r}")),
        "reportDatetime": when or f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", "reportStatus": "draft", "publisher": said,
    }  # fmt: skip


def _measure(footprint: Footprint, version: str) -> dict[str, Any]:
    inventory, electricity = footprint.inventory, footprint.inventory.where(flow="electricity")
    overhead = electricity.where(component=OVERHEAD).total() if len(electricity) else 0.0
    kwh = float((electricity.total() - overhead).reshape(-1)[0]) if len(electricity) else 0.0
    begun = [s for s in inventory.start_s if not math.isnan(s)]
    wall = inventory.served.get("wall hour")
    return _present({
        "measurementMethod": f"jevons ({figures.said_methods(footprint)}; facility overhead not included)",
        "version": version, "cpuTrackingMode": _ways(footprint, "host"), "gpuTrackingMode": _ways(footprint, "accelerator"),
        "powerConsumption": kwh,
        "measurementDuration": None if wall is None else units.convert(float(wall.reshape(-1)[0]), "h", "s"),
        "measurementDateTime": f"{datetime.fromtimestamp(min(begun), UTC):%Y-%m-%d %H:%M:%S}" if begun else "",
    })  # fmt: skip


def _ways(footprint: Footprint, component: str) -> str:
    rows = footprint.inventory.where(component=component, flow="electricity")
    return ", ".join(dict.fromkeys(rows.column("method")))


def _data(footprint: Footprint) -> list[dict[str, Any]]:
    served = {k: float(v.reshape(-1)[0]) for k, v in footprint.inventory.served.items()}
    names = [n for n in DATA if n in served and not (n == "token" and {"input token", "output token"} & set(served))]
    found = [{"dataUsage": DATA[n][0], "dataType": DATA[n][1], "dataQuantity": served[n]} for n in names]
    return found or [{"dataUsage": "input", "dataType": "other"}]


def _components(footprint: Footprint, devices: int | None) -> list[dict[str, Any]]:
    inventory, served = footprint.inventory, footprint.inventory.served
    if devices is None and {"device hour", "wall hour"} <= set(served):
        devices = round(float((served["device hour"] / served["wall hour"]).reshape(-1)[0]))
    if devices is None or devices < 1:
        raise BadInput("devices", devices, "say how many accelerators or machines worked (a whole number)")
    names = [d for d in dict.fromkeys(inventory.text.get("device", ())) if d]
    kind = "gpu" if "accelerator" in set(inventory.column("component")) else "other"
    named = {"componentName": ", ".join(names)} if names else {}  # several kinds: how many of each is not known
    return [{**named, "componentType": kind, "nbComponent": devices, "share": 1}]


def _intensity(footprint: Footprint) -> float | None:
    """g/kWh of the electricity alone."""
    if not {"climate", "energy"} <= set(footprint.indicators):
        return None
    flows = {flow: value for (flow,), value in figures.cells(footprint, "climate", "flow").items()}
    kwh = float(footprint.inventory.total().reshape(-1)[0])
    return units.convert(flows.get("electricity", 0.0) / kwh, "kg", "g") if kwh else None


def _quality(footprint: Footprint) -> str:
    energy = figures.figure(footprint, "energy")
    error = max(energy.high - energy.best, energy.best - energy.low) / energy.best if energy.best else math.inf
    modelled = "modelled" in figures.methods(footprint)
    if modelled and energy.low == energy.high:
        return "low"  # no spread was drawn: nothing says how good it is
    return next((name for name, most in QUALITIES if error <= most), "low")


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "")}
