"""Training: what a run will consume, from what is known before it starts.

    device-hours = work / (peak × effective MFU)                 parameters, tokens, hardware known   (level 0)
    device-hours = step time × steps × devices / goodput         batch and layout known too           (levels 1, 2)
    energy       = device-hours × (accelerator power + its share of the host)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import UNDATED, Activity
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, bounds_90
from jevons.estimate.cluster import power as power_model
from jevons.estimate.cluster.device_rows import device_rows
from jevons.estimate.cluster.hours import Hours, hours_at, interval
from jevons.estimate.cluster.states import shortage
from jevons.estimate.cluster.throughput_prior import EarlierRun, device_hours, training_pack
from jevons.estimate.flops import encoder_decoder_flops, six_nd
from jevons.world import devices, models
from jevons.world.hardware import Device, Peak
from jevons.world.spec import require_known

EARLIER = ("device_hours", "model", "params", "active", "tokens", "flops", "on", "n", "year")
"""What may be said of an earlier run."""


def training(model: Any = None, tokens: Any = None, on: str = "", n: Any = None, *, params: Any = None,
             active: Any = None, year: int | None = None, precision: str = "bf16", sequence: Any = None,
             batch: Any = None, layout: Any = None, goodput: Any = None, mfu: Any = None, earlier_run: Any = None,
             calibration: Any = None, flops: Any = None, power: Any = None, start: str | None = None,
             draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of training ``model`` on ``tokens`` with ``n`` devices of the kind ``on``.

    Level 0: model (name, config.json, or ``params``/``active`` counts), tokens, hardware. Level 1: + ``n``,
    ``precision``, ``batch`` (sequences a step). Level 2: + ``layout`` (tensor, pipeline, ... or its text form).
    Numbers may be arrays of scenarios (level 0). ``year``: when training starts (the software of its time).
    ``start``: ISO date or time (UTC), which with ``n`` dates the run for an hourly grid.
    ``mfu``: where you know it, model FLOP over device time × dense peak while steps run; ``goodput``: share of the time
    in which they do. ``earlier_run``: a finished run of the same stack, which sharpens level 0: an EarlierRun, or a mapping
    of its device_hours, model (or params, active), tokens (or flops), and where they differ on, n, year.
    ``calibration``: a file of ``jevons calibrate training`` (levels 1, 2). ``power``: measured watts a device, host
    included. Errors: BadInput and its kin, naming field and mend.
    """
    found, work, count = _workload(model, tokens, params, active, flops)
    machine, matched = devices.device(_required(on))
    n, year = _devices(n), units.calendar_year(year)
    host = devices.host_of(machine.id)
    sampler = Draws(draws, seed)
    plain = batch is None and layout is None and calibration is None
    _heard("mfu" if mfu is not None else "prior" if plain else "steps",
           sequence=sequence, goodput=goodput, earlier_run=earlier_run, batch=batch, layout=layout, calibration=calibration)  # fmt: skip
    if mfu is not None:
        hours = hours_at(work, machine.peak(precision), mfu, goodput, sampler)
    elif plain:
        earlier = earlier_of(earlier_run, on, year)
        hours = _from_prior(found, work, machine, n, year, precision, earlier, sampler)
    else:
        from jevons.estimate.cluster.detailed import detailed_hours

        hours = detailed_hours(found, count, machine, host, n, precision, sequence, batch, layout, goodput, sampler,
                               calibration)  # fmt: skip
    stages = {"training": hours.productive}
    if hours.lost is not None:
        stages["restarts and evaluation"] = hours.lost
    lacking = shortage(found.params, "full", machine, n) if flops is None and (plain or mfu is not None) else ()
    watts = units.read(power, "W", "power") if power is not None else None
    served = _served(work, count, stages, n, hours)
    if start is not None and "wall hour" not in served:
        raise BadInput("start", start, "say how many devices too (n), so that the run has an end")
    begin, end = interval(start, served["wall hour"][..., 0]) if start is not None else (UNDATED, UNDATED)
    return device_rows(
        stages, machine, host, power_model.of(machine, host, watts), sampler, tier=hours.tier,
        labels={"model": found.name}, served=served, start_s=begin, end_s=end,
        assumptions=(*found.assumptions, *matched, *lacking, *hours.assumptions), sources=(found.source, *hours.sources),
    )  # fmt: skip


def _workload(model: Any, tokens: Any, params: Any, active: Any, flops: Any) -> tuple[models.Model, Any, Any]:
    """The model, its work in FLOP and its tokens (None where only FLOP were given)."""
    found = models.find(model, params, active)
    if flops is not None:
        return found, units.read(flops, "FLOP", "flops"), None
    notes = found.assumptions
    if tokens is None:
        if found.tokens is None:
            raise BadInput("tokens", None, f"say how many tokens {found.name} is trained on, e.g. tokens='2T'")
        tokens = found.tokens
        notes = (*notes, Assumption("tokens", f"{tokens:.3g}", "as published for this model", found.source))
    count = units.read(tokens, "", "tokens")
    if not np.all(np.asarray(count) > 0):
        raise BadInput("tokens", tokens, "give a positive count, e.g. '300B'")
    law = encoder_decoder_flops if found.encoder_decoder else six_nd
    found = models.Model(found.name, found.params, found.active, found.architecture, found.tokens, found.source, notes)
    return found, law(found.active, count), count


def _heard(way: str, **given: Any) -> None:
    """Refuse what the way to the hours would not listen to: an mfu given, the prior of published runs, or the steps."""
    deaf, mend = _DEAF[way]
    for field in deaf:
        if given[field] is not None:
            raise BadInput(field, given[field], mend)


_DEAF = {
    "prior": (("sequence", "goodput"), "only the step-time engine counts it: give batch or layout too, or leave it out"),
    "steps": (("earlier_run",), "it sharpens the estimate without batch, layout and calibration; leave out the one or the other"),
    "mfu": (("sequence", "earlier_run", "batch", "layout", "calibration"),
            "mfu says already how fast it runs; leave out the one or the other"),
}  # fmt: skip


def earlier_of(given: Any, on: str = "", year: int | None = None) -> EarlierRun | None:
    """An earlier run as ``training`` takes it; hardware and year are those of the run at hand where it names none.

    Errors: BadInput naming the key that is unknown or missing.
    """
    if given is None or isinstance(given, EarlierRun):
        return given
    if not isinstance(given, Mapping):
        raise BadInput("earlier_run", given, "give device_hours, model (or params) and tokens of a finished run")
    require_known(given, EARLIER, "earlier_run")
    if given.get("device_hours") is None:
        raise BadInput("earlier_run", dict(given), "say how long it took: device_hours")
    try:
        found, work, _ = _workload(*(given.get(name) for name in ("model", "tokens", "params", "active", "flops")))
        machine, _ = devices.device(_required(given.get("on", on)))
        hours, count = units.read(given["device_hours"], "h", "device_hours"), _devices(given.get("n"))
        return EarlierRun(hours, float(work), float(found.active), machine.generation,
                          machine.peak("bf16").tflops * units.FLOP_PER_TFLOP, units.calendar_year(given.get("year", year)), count)  # fmt: skip
    except BadInput as trouble:
        raise BadInput(f"earlier_run: {trouble.field}", trouble.value, trouble.mend) from None


def _required(on: str) -> str:
    if isinstance(on, str) and not on:
        raise BadInput("on", on, "name the accelerator, e.g. on='h100'")
    return on


def _devices(n: Any) -> Any:
    if n is None:
        return None
    n = units.read(n, "", "n")
    if np.any((np.asarray(n) < 1) | (np.asarray(n) % 1 != 0)):
        raise BadInput("n", n, "give a whole number of devices, 1 or more")
    return n


def _from_prior(found: models.Model, work: Any, machine: Device, n: Any, year: int | None, precision: str,
                earlier: EarlierRun | None, sampler: Draws) -> Hours:  # fmt: skip
    """Level 0: the effective MFU of published runs like it."""
    peak, gain = _peak(machine, precision)
    hours = device_hours(flops=work, params_active=found.active, hardware_generation=machine.generation,
                         peak_flops=peak.tflops * units.FLOP_PER_TFLOP, year=year, devices=n, earlier_run=earlier)  # fmt: skip
    spread = sampler.multiplier(*bounds_90(hours.low, hours.high), f"effective MFU of {hours.prior}")
    name = training_pack()["name"]
    why = "no published runs of this generation" if hours.stands_in else "published runs of this generation"
    mfu = float(np.mean(np.asarray(work) / (np.asarray(hours.best) * units.SECONDS_PER_HOUR * peak.tflops * units.FLOP_PER_TFLOP)))
    note = Assumption("effective MFU", f"{mfu:.3f} of the dense {peak.precision} peak ({peak.tflops:g} TFLOP/s)",
                      f"{why} ({hours.prior}); restarts and evaluation included", name)  # fmt: skip
    notes = tuple(x for x in (peak.assumption, gain, note) if x is not None)
    total = np.asarray(hours.best)[..., None] * spread
    return Hours(total, None, "guess" if hours.stands_in else "family", notes)


def _peak(machine: Device, precision: str) -> tuple[Peak, Assumption | None]:
    """The peak that work is counted on: the 16-bit one, as for the published runs, unless the precision asked is slower."""
    usual, asked = machine.peak("bf16"), machine.peak(precision)
    if asked.tflops < usual.tflops:
        return asked, None
    if asked.tflops > usual.tflops:
        return usual, Assumption(f"gain of {precision} over 16 bits", "none", "published runs are counted on the 16-bit "
                                 "peak, whatever their format; give batch for the step-time engine", "jevons-rule")  # fmt: skip
    return asked, None  # its own assumption says where another format stands in


def _served(work: Any, count: Any, stages: dict[str, Any], n: Any, hours: Hours) -> dict[str, Any]:
    served: dict[str, Any] = {"run": np.ones(1), "FLOP": np.asarray(work, float)[..., None]}
    if count is not None:
        served["token"] = np.asarray(count, float)[..., None]
    device_h = sum(stages.values())
    served["device hour"] = device_h
    wall = hours.wall_h if hours.wall_h is not None else device_h / np.asarray(n)[..., None] if n is not None else None
    if wall is not None:
        served["wall hour"] = wall
    return served
