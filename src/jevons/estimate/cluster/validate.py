"""Scoring the training estimate on published runs, predicted only from what is known before a run.

Layout: the header of published_training_footprints.csv. Read as inputs: model, year, parameters, active
parameters, tokens, hardware, device count, and for tCO2e the PUE and the grid intensity. Power, hours, energy,
reported emissions, notes, sources and confidence never enter a prediction.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jevons.core.errors import BadInput, UnknownName
from jevons.core.uncertain import Z80
from jevons.estimate.cluster.throughput_prior import DeviceHours, device_hours, training_pack, without_family
from jevons.estimate.flops import encoder_decoder_flops, six_nd
from jevons.estimate.validation.predictions import Predicted, Prediction, Predictions
from jevons.estimate.validation.readings import holds, number, observed
from jevons.world.catalog import table
from jevons.world.hardware import Device
from jevons.world.rows import Row

LAYOUT = ("model", "active_params_b", "tokens_b", "hardware", "device_hours", "reported_tco2e")
TARGETS = {"device_hours": "device_hours", "tco2e": "reported_tco2e"}  # target -> column observed


@dataclass(frozen=True)
class Run:
    """One row, read: only what is known before the run."""

    model: str
    family: str
    hardware: str
    device: Device
    flops: float
    params_active: float
    year: int | None
    devices: float | None
    pue: float | None
    grid_gco2_per_kwh: float | None


def recognise(header: Sequence[str]) -> bool:
    """Whether a CSV header is that of published training footprints."""
    return holds(header, LAYOUT)


def predict(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Prediction:
    """Predicted device-hours and tCO2e of published runs, each with its 10-90 % interval.

    A run whose family took part in the fit is predicted with the coefficients fitted without that family
    ("leave-one-out"), any other with all of them ("unseen").
    Errors: TableError with row and column where a cell is neither empty nor a sensible number.
    """
    pack = training_pack() if pack is None else pack
    found: dict[str, list[Predicted]] = {name: [] for name in TARGETS}
    left_out: dict[str, dict[str, list[str]]] = {name: {} for name in TARGETS}
    for line, row in enumerate(rows, start=2):
        run = read_run(row, pack, file, line)
        for name, column in TARGETS.items():
            one = run if isinstance(run, str) else _predicted(name, run, observed(row, column, file, line), pack)
            if isinstance(one, str):
                left_out[name].setdefault(one, []).append(row["model"])
            else:
                found[name].append(one)
    for name, column in TARGETS.items():
        unseen = [one.name for one in found[name] if not one.observed > 0]
        left_out[name] |= {f"no {column} to compare with": unseen} if unseen else {}
    return Prediction({name: Predictions.of(each) for name, each in found.items()}, left_out)


def read_run(row: Row, pack: Mapping[str, Any], file: str = "rows", line: int = 2) -> Run | str:
    """What a row says before the run, or in words why nothing can be predicted from it."""
    params, tokens = (number(row, name, file, line) for name in ("active_params_b", "tokens_b"))
    params = number(row, "params_b", file, line) if params is None else params
    if not params or not tokens:
        return "no parameters" if not params else "no tokens"
    device = _device(row["hardware"], pack)
    if device is None:
        return "hardware not in the tables"
    year = number(row, "year", file, line)
    n, d = params * 1e9, tokens * 1e9
    return Run(
        model=row["model"],
        family=family(row["model"], pack),
        hardware=row["hardware"],
        device=device,
        flops=float(encoder_decoder_flops(n, d) if _encoder_decoder(row["model"], pack) else six_nd(n, d)),
        params_active=n,
        year=None if year is None else int(year),
        devices=number(row, "num_devices", file, line) or None,
        pue=number(row, "pue", file, line, least=1.0),
        grid_gco2_per_kwh=number(row, "grid_gco2_per_kwh", file, line),
    )


def hours_of(run: Run, pack: Mapping[str, Any]) -> DeviceHours:
    """The estimate of a run's device-hours with a given pack."""
    return device_hours(
        flops=run.flops,
        params_active=run.params_active,
        hardware_generation=run.device.generation,
        peak_flops=run.device.peak("bf16").tflops * 1e12,
        year=run.year,
        devices=run.devices,
        coefficients=pack,
    )


def family(model: str, pack: Mapping[str, Any]) -> str:
    """The series and stack a model belongs to: `Llama-3.1-70B` and `Llama-3-8B` are both `llama-3`.

    The longest prefix in the pack's list of stacks decides; else the words before the first size or
    descriptor, with the whole part of a version number that follows them.
    """
    name = _bare(model)
    known = [prefix for prefix in pack["families"] if name.startswith(prefix)]
    if known:
        return str(pack["families"][max(known, key=len)])
    series = re.match(r"(?:[\d.]+-)?([a-z]+)-?(?:(\d+)(?![\d]*(?:\.\d+)?[bmt]\b))?", name)
    return name if series is None else "-".join(part for part in series.groups() if part)


def _bare(model: str) -> str:
    """A model's name without remarks and who publishes it: ``meta-llama/Meta-Llama-3-8B`` is ``llama-3-8b``."""
    name = re.sub(r"\(.*?\)", "", model).strip().lower().replace("_", "-").replace(" ", "-")
    return name.rsplit("/", 1)[-1].removeprefix("meta-")


def _predicted(name: str, run: Run, seen: float, pack: Mapping[str, Any]) -> Predicted | str:
    """One target of a run, ``seen`` being what was observed, or in words why it cannot be predicted."""
    fitted = without_family(run.family, pack)
    hours = hours_of(run, fitted or pack)
    best, low, high = float(hours.best), float(hours.low), float(hours.high)
    assumptions: tuple[str, ...] = (f"{run.device.generation}: efficiency of {hours.prior} stands in",) if hours.stands_in else ()
    if name == "tco2e":
        factors = _emission_factors(run, pack)
        if isinstance(factors, str):
            return factors
        rate, below, above, assumed = factors
        low, high = math.exp(-math.hypot(math.log(low), below)), math.exp(math.hypot(math.log(high), above))
        best, assumptions = best * rate, assumptions + assumed
    fit = "leave-one-out" if fitted else "unseen"
    return Predicted(run.model, run.family, fit, seen, best, best * low, best * high, assumptions)


def _emission_factors(run: Run, pack: Mapping[str, Any]) -> tuple[float, float, float, tuple[str, ...]] | str:
    """tCO2e per device-hour, its log half-widths down and up (10-90 %), and what was assumed for it."""
    measured = pack["power"]["system_power_w"].get(run.device.generation)
    power_w = measured["value"] if measured else run.device.tdp_w
    if power_w is None:
        return "no power known for this hardware"
    if run.grid_gco2_per_kwh == 0:
        return "grid intensity 0 given: any estimate is 0"
    below = above = Z80 * pack["power"]["log_sd"]
    rate = power_w / 1e3 / 1e6  # W to kW, g to t
    assumed: tuple[str, ...] = () if measured else ("power: thermal design power",)
    for column, given in (("pue", run.pue), ("grid_gco2_per_kwh", run.grid_gco2_per_kwh)):
        default = pack["defaults"][column]
        rate *= default["best"] if given is None else given
        if given is None:
            below = math.hypot(below, math.log(default["best"] / default["p10"]))
            above = math.hypot(above, math.log(default["p90"] / default["best"]))
            assumed += (f"{column} {default['best']:g}: {default['source']}",)
    return rate, below, above, assumed


def _device(hardware: str, pack: Mapping[str, Any]) -> Device | None:
    name = pack["hardware"].get(hardware.strip(), hardware)
    try:
        device = Device.from_row(table("accelerators").find(name)[0])
        device.peak("bf16")
    except (UnknownName, BadInput):
        return None
    return device


def _encoder_decoder(model: str, pack: Mapping[str, Any]) -> bool:
    return _bare(model).startswith(tuple(pack["tokens"]["encoder-decoder"]))
