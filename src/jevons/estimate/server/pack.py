"""What was fitted of serving: coefficients by generation of hardware, prompts of tasks, families, intervals.

    coefficients/serving.json       fitted on ML.ENERGY rows by benchmarks/fit_serving.py; its fields say how
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jevons.estimate.packs import coefficient_pack

Pack = Mapping[str, Any]
OTHER = "other"


def serving_pack() -> dict[str, Any]:
    """The coefficient pack shipped with jevons."""
    return coefficient_pack("serving")


def without_family(family: str, pack: Pack) -> dict[str, Any] | None:
    """The pack as fitted without a family of models; None where the family had no part in the fit."""
    fitted = pack["without"].get(family)
    return None if fitted is None else {**pack, **fitted}


def coefficients(generation: str, pack: Pack) -> Mapping[str, float]:
    """The coefficients of a generation of hardware, or those between the fitted ones where it is another."""
    fitted: Mapping[str, Mapping[str, float]] = pack["coefficients"]
    return fitted.get(generation, fitted[OTHER])


def stands_in(generation: str, pack: Pack) -> bool:
    """Whether a generation has no measured rows of its own."""
    return generation not in pack["coefficients"]


def family_of(model: str, pack: Pack) -> str | None:
    """The fitted family of a model of the table, by its id; None for a family that was not fitted."""
    found: str | None = pack["families"].get(model)
    return found


def correction(family: str | None, generation: str, precision: str, batch: Any, pack: Pack, devices: Any = None,
               task: str | None = None) -> Any:  # fmt: skip
    """ln of what a known family measured over the physics, Σ a + b x + c x², x = ln(B / B_0), over what is known of it:
    family, generation and precision; the same with as many devices; the same at that task. Each is shrunk towards
    nothing; 0 for a family that was not measured so. Beyond the measured batches the ends stand.
    """
    import numpy as np

    centre, (least, most) = pack["correction_batch"], pack["correction_range"]
    x = np.log(np.clip(batch, least, most) / centre)
    total: Any = 0.0
    for key in correction_keys(family, generation, precision, devices, task):
        if known := pack["corrections"].get(key):
            total = total + known["level"] + known["slope"] * x + known.get("bend", 0.0) * x**2
    return total


def correction_keys(family: str | None, generation: str, precision: str, devices: Any = None, task: str | None = None) -> list[str]:
    """The keys under which corrections are kept, from the general to the particular."""
    whole = f"{family}|{generation}|{precision}"
    parts = [] if devices is None else [f"{whole}|devices {float(devices):g}"]
    return [whole, *parts, *([f"{whole}|task {task}"] if task else [])]


def nearness(batch: Any, measured_at: float, pack: Pack) -> Any:
    """How much of what a measured point showed holds at another batch: exp(−|ln B/B_m| / reach)."""
    import numpy as np

    return np.exp(-np.abs(np.log(np.asarray(batch, float) / measured_at)) / pack["calibration_reach"])


def interval(tier: str, pack: Pack, prompt_log_sd: Any = 0.0) -> tuple[Any, Any]:
    """Factors (low, high) on the best estimate that bound its 10-90 % interval.

    ``prompt_log_sd``: what prompts of unknown length add to the spread: their share of the energy, times the log
    standard deviation of their length.
    """
    import numpy as np

    quantiles = pack["residuals"][tier]
    low, high = quantiles["log_p10"], quantiles["log_p90"]
    extra = np.asarray(prompt_log_sd, float) / quantiles["log_sd"]
    widen = np.sqrt(1.0 + extra**2) / math.sqrt(1.0 + quantiles["mean_extra"])
    return np.exp(low * widen), np.exp(high * widen)
