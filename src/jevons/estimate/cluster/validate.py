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

from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.core.uncertain import Z80
from jevons.estimate.cluster.throughput_prior import DeviceHours, device_hours, training_pack, without_family
from jevons.estimate.flops import encoder_decoder_flops, six_nd
from jevons.estimate.validation.predictions import Predictions, score_of
from jevons.world.catalog import table
from jevons.world.hardware import Device

Row = Mapping[str, str]
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


@dataclass
class Prediction:
    """The whole of `predict`: predictions by target, and the models left out by target and reason."""

    targets: dict[str, Predictions]
    left_out: dict[str, dict[str, list[str]]]

    def scores(self) -> dict[str, Any]:
        """`{"targets": {target: score}, "left_out": {target: {reason: {"n", "rows"}}}}`; fractions, not percent."""
        left_out = {t: {why: list(models) for why, models in reasons.items()} for t, reasons in self.left_out.items()}
        targets = {}
        for name, predictions in self.targets.items():
            scored = score_of(predictions)
            targets[name] = scored.to_dict() if scored else None
            unseen = [m for m, y in zip(predictions.models, predictions.observed) if not y > 0]
            if unseen:
                left_out[name][f"no {TARGETS[name]} to compare with"] = unseen
        counted = {t: {why: {"n": len(m), "rows": m} for why, m in r.items()} for t, r in left_out.items()}
        return {"targets": targets, "left_out": counted}


def recognise(header: Sequence[str]) -> bool:
    """Whether a CSV header is that of published training footprints."""
    return set(LAYOUT) <= {name.strip() for name in header}


def predict(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Prediction:
    """Predicted device-hours and tCO2e of published runs, each with its 10-90 % interval.

    A run whose family took part in the fit is predicted with the coefficients fitted without that family
    ("leave-one-out"), any other with all of them ("unseen").
    Errors: TableError with row and column where a cell is neither empty nor a sensible number.
    """
    pack = training_pack() if pack is None else pack
    result = Prediction({name: Predictions() for name in TARGETS}, {name: {} for name in TARGETS})
    for number, row in enumerate(rows, start=2):
        run = read_run(row, pack, file, number)
        if isinstance(run, str):
            for reasons in result.left_out.values():
                reasons.setdefault(run, []).append(row["model"])
            continue
        for name, column in TARGETS.items():
            observed = _number(row, column, file, number)
            _predict_target(result, name, run, math.nan if observed is None else observed, pack)
    return result


def read_run(row: Row, pack: Mapping[str, Any], file: str = "rows", number: int = 2) -> Run | str:
    """What a row says before the run, or in words why nothing can be predicted from it."""
    params, tokens = (_number(row, name, file, number) for name in ("active_params_b", "tokens_b"))
    params = _number(row, "params_b", file, number) if params is None else params
    if not params or not tokens:
        return "no parameters" if not params else "no tokens"
    device = _device(row["hardware"], pack)
    if device is None:
        return "hardware not in the tables"
    year = _number(row, "year", file, number)
    n, d = params * 1e9, tokens * 1e9
    return Run(
        model=row["model"],
        family=family(row["model"], pack),
        hardware=row["hardware"],
        device=device,
        flops=float(encoder_decoder_flops(n, d) if _encoder_decoder(row["model"], pack) else six_nd(n, d)),
        params_active=n,
        year=None if year is None else int(year),
        devices=_number(row, "num_devices", file, number) or None,
        pue=_number(row, "pue", file, number),
        grid_gco2_per_kwh=_number(row, "grid_gco2_per_kwh", file, number),
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
    name = re.sub(r"\(.*?\)", "", model).strip().lower().replace("_", "-").replace(" ", "-")
    known = [prefix for prefix in pack["families"] if name.startswith(prefix)]
    if known:
        return str(pack["families"][max(known, key=len)])
    series = re.match(r"(?:[\d.]+-)?([a-z]+)-?(?:(\d+)(?![\d]*(?:\.\d+)?[bmt]\b))?", name)
    return name if series is None else "-".join(part for part in series.groups() if part)


def _predict_target(result: Prediction, name: str, run: Run, observed: float, pack: Mapping[str, Any]) -> None:
    fitted = without_family(run.family, pack)
    hours = hours_of(run, fitted or pack)
    best, low, high = float(hours.best), float(hours.low), float(hours.high)
    assumptions: tuple[str, ...] = (f"{run.device.generation}: efficiency of {hours.prior} stands in",) if hours.stands_in else ()
    if name == "tco2e":
        factors = _emission_factors(run, pack)
        if isinstance(factors, str):
            result.left_out[name].setdefault(factors, []).append(run.model)
            return
        rate, below, above, assumed = factors
        low, high = math.exp(-math.hypot(math.log(low), below)), math.exp(math.hypot(math.log(high), above))
        best, assumptions = best * rate, assumptions + assumed
    target = result.targets[name]
    target.models.append(run.model)
    target.families.append(run.family)
    target.fit.append("leave-one-out" if fitted else "unseen")
    target.observed.append(observed)
    target.best.append(best)
    target.p10.append(best * low)
    target.p90.append(best * high)
    target.assumptions.append(assumptions)


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
    return model.lower().startswith(tuple(pack["tokens"]["encoder-decoder"]))


def _number(row: Row, column: str, file: str, number: int) -> float | None:
    """The number in a cell, None where it is empty; PUE below 1 and negative or non-finite numbers are refused."""
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise TableError(file, number, column, text, "give a number, or leave the cell empty") from None
    least = 1.0 if column == "pue" else 0.0
    if not least <= value < math.inf:
        raise TableError(file, number, column, text, f"give a finite number of at least {least:g}")
    return value
