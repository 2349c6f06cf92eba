"""Measured points of a user's own deployment move the serving law to it, and narrow its interval.

    r   = ln(measured / predicted), a row each; n rows of a configuration (model, device, precision), mean m
    s²  = (σ² + Σ(r − m)²) / n           scatter of the rows, the fitted sets' scatter σ counting as one row
    level    = m τ² / (τ² + s²/n)        shrunk towards the law; τ: how far the law is off from deployment to deployment
    variance = s² + 1 / (n/s² + 1/τ²)    of one more measurement

Normal-normal shrinkage (Gelman et al., Bayesian Data Analysis, 2.5). σ² + τ² is the variance of the tier the estimate
has without calibration, σ² that of a row about its configuration, both from the coefficient pack.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption
from jevons.estimate.packs import save, saved
from jevons.estimate.server import pack as packs
from jevons.estimate.server.deployment import Deployment, deployment
from jevons.estimate.server.lengths import lengths_of
from jevons.estimate.validation.readings import needed, other_unit, rows_of
from jevons.world.rows import Row

COLUMNS = ("model", "on", "n", "precision", "batch", "input_tokens", "output_tokens")
MEASURED = "energy_per_output_token_j, or energy_j with requests"
FAR = 30.0
"""Beyond this factor, and in no unit, a measurement is of something else: no estimate was so far off."""


@dataclass(frozen=True)
class Configuration:
    """What one model on one kind of device showed: ln measured over predicted, and the spread of one more row."""

    level: float
    sd: float
    n: int


@dataclass(frozen=True)
class ServingCalibration:
    """A user's deployments by ``model|device|precision``, the rows behind them, and what was left out (by reason: lines)."""

    name: str
    fit_date: str
    configurations: Mapping[str, Configuration]
    rows: tuple[str, ...]
    before_mape: float
    after_mape: float
    residual_sd: float
    left_out: Mapping[str, list[int]]

    def save(self, path: str | Path) -> Path:
        """Write the pack as JSON and name the file."""
        return save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> ServingCalibration:
        """The calibration saved at ``path``; BadInput for a file that holds none."""

        def made(read: dict[str, Any]) -> ServingCalibration:
            known = {key: Configuration(**one) for key, one in read["configurations"].items()}
            return cls(**{**read, "configurations": known, "rows": tuple(read["rows"])})

        return saved(path, "serving", made)

    def of(self, d: Deployment) -> Configuration:
        """What was measured of a deployment; BadInput naming what the file holds where it holds no such."""
        found = self.configurations.get(key_of(d))
        if found is None:
            raise BadInput("calibration", self.name, f"it holds no row of {key_of(d)}; it has {', '.join(self.configurations)}")
        return found

    def note(self, d: Deployment) -> Assumption:
        """How a deployment was moved."""
        one = self.of(d)
        return Assumption("calibration", f"{one.n} rows of {self.name}, {self.fit_date}",
                          f"energy × {math.exp(one.level):.3f} against the law; one more row lies within "
                          f"± {math.expm1(one.sd):.0%} or so", "stated")  # fmt: skip


def calibration_of(given: Any) -> ServingCalibration:
    """The calibration itself, or the one a file holds."""
    return given if isinstance(given, ServingCalibration) else ServingCalibration.load(given)


def calibrate_serving(path: str | Path, name: str = "") -> ServingCalibration:
    """The calibration of measured deployments: joules of all accelerators an output token, prompts included.

    ``path``: a CSV of model, on, n, precision, batch, input_tokens, output_tokens and energy_per_output_token_j, or
    energy_j with requests; optionally tensor. Readings of zero or less and other units are left out and counted.
    Errors: BadInput where no row is left, TableError naming row and column.
    """
    file, rows = Path(path), rows_of(path, f"{', '.join(COLUMNS)} and {MEASURED}")
    read = [_row(file.name, line, row) for line, row in enumerate(rows, start=2)]
    keys, ratio = np.array([key for key, _, _ in read], dtype=object), np.array([measured for *_, measured in read])
    tiers = {key: tier for key, tier, _ in read}
    left_out = _left_out(ratio)
    kept = np.array([all(line not in lines for lines in left_out.values()) for line in range(2, len(rows) + 2)])
    if not kept.any():
        told = ", ".join(f"{why}: {len(lines)}" for why, lines in left_out.items())
        raise BadInput("file", file.name, f"no usable row of {len(rows)} ({told}); give joules")
    logs, keys = np.log(ratio[kept]), keys[kept]
    found = {str(key): _configuration(logs[keys == key], tiers[key]) for key in dict.fromkeys(keys)}
    after = logs - np.array([found[key].level for key in keys])
    lines = tuple(f"{line}: {key}" for line, key in zip(np.flatnonzero(kept) + 2, keys, strict=True))
    sd = float(np.sqrt(np.mean(after**2)))
    return ServingCalibration(name or file.stem, date.today().isoformat(), found, lines, _mape(logs), _mape(after),
                              round(sd, 4), left_out)  # fmt: skip


def interval(one: Configuration, pack: packs.Pack) -> tuple[float, float]:
    """Factors that bound the 10-90 % interval: those of the pack's one-point tier, as wide as this spread."""
    quantiles = pack["residuals"]["calibrated"]
    wide = one.sd / quantiles["log_sd"]
    return math.exp(quantiles["log_p10"] * wide), math.exp(quantiles["log_p90"] * wide)


def key_of(d: Deployment) -> str:
    """The configuration a deployment belongs to."""
    return f"{d.model.name}|{d.device.id}|{d.precision.name}"


def spreads(tier: str, pack: packs.Pack) -> tuple[float, float]:
    """σ and τ of a tier, prompts being known. Residuals of the one-point tier are differences of two rows, √2 σ; where
    the tier is better than that, half its variance is taken to be scatter."""
    residuals = pack["residuals"][tier]
    widening = pack["guess_widening"] if tier == "guess" else 1.0
    whole = widening**2 * residuals["log_sd"] ** 2 / (1.0 + residuals["mean_extra"])
    scatter = min(pack["residuals"]["calibrated"]["log_sd"] ** 2 / 2.0, whole / 2.0)
    return math.sqrt(scatter), math.sqrt(whole - scatter)


def _configuration(logs: Any, tier: str) -> Configuration:
    n, mean = len(logs), float(np.mean(logs))
    sigma, tau = spreads(tier, packs.serving_pack())
    scatter = (sigma**2 + float(np.sum((logs - mean) ** 2))) / n
    level = mean * tau**2 / (tau**2 + scatter / n)
    return Configuration(round(level, 4), round(math.sqrt(scatter + 1.0 / (n / scatter + 1.0 / tau**2)), 4), n)


def _row(file: str, line: int, row: Row) -> tuple[str, str, float]:
    """The configuration of a row, its tier without calibration, and its measured over its predicted joules an output token."""
    for column in ("model", "on"):
        if not (row.get(column) or "").strip():
            raise TableError(file, line, column, row.get(column, ""), f"fill the columns {', '.join(COLUMNS)}")
    n, batch, given, made = (needed(row, c, file, line, least) for c, least in (
        ("n", 1.0), ("batch", 1.0), ("input_tokens", 0.0), ("output_tokens", 1.0)))  # fmt: skip
    tensor = needed(row, "tensor", file, line, 1.0) if (row.get("tensor") or "").strip() else n
    measured = _measured(file, line, row, made)
    try:
        d = deployment(row["model"].strip(), row["on"].strip(), n, None, None, (row.get("precision") or "bf16").strip(), tensor,
                       lengths_of(given, made, 0, 0, 1.0), batch, "bf16", None)  # fmt: skip
    except BadInput as trouble:
        raise TableError(file, line, None, row["model"], str(trouble)) from None
    predicted = float(d.step(batch).energy_j * d.correction(batch)) / batch
    return key_of(d), d.tier, measured / predicted


def _measured(file: str, line: int, row: Row, made: float) -> float:
    if (row.get("energy_per_output_token_j") or "").strip():
        return needed(row, "energy_per_output_token_j", file, line, -math.inf)
    if not (row.get("energy_j") or "").strip():
        raise TableError(file, line, "energy_per_output_token_j", "", f"give {MEASURED}")
    return needed(row, "energy_j", file, line, -math.inf) / (needed(row, "requests", file, line, 1.0) * made)


def _left_out(ratio: Any) -> dict[str, list[int]]:
    """Lines that measure nothing, or measure in another unit, by reason."""
    found: dict[str, list[int]] = {}
    for line, value in enumerate(ratio, start=2):
        why = _wrong(float(value))
        if why:
            found.setdefault(why, []).append(line)
    return found


def _wrong(ratio: float) -> str:
    if not ratio > 0:
        return "zero reading" if ratio == 0 else "reading below zero"
    unit = other_unit(ratio)
    if unit:
        return f"energy in {unit}"
    return f"more than {FAR:g} times off" if abs(math.log(ratio)) > math.log(FAR) else ""


def _mape(logs: Any) -> float:
    """Mean of |predicted / measured − 1|."""
    return round(float(np.mean(np.abs(np.expm1(-logs)))), 4)
