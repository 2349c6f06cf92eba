"""Measured steps of a user's own cluster sharpen the step-time engine.

Three multipliers are learnt on the joint fit, as a maximum a posteriori in the logarithm:

    minimise  Σᵢ (ln observedᵢ − ln T(c · e^θ)ᵢ)² / σ²  +  Σⱼ θⱼ² / τⱼ²

θ on matrix and attention efficiency, on launch time, and on network bandwidth; σ the noise of measured steps,
τ how far clusters differ. A few steps move θ little where they say little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import BadInput, DoesNotFit, TableError
from jevons.core.source import Assumption
from jevons.estimate.cluster import layout as layouts
from jevons.estimate.cluster.experts import Experts
from jevons.estimate.cluster.machine import block_of, machine_of
from jevons.estimate.cluster.step_time import Coefficients, coefficients, step_time_pack
from jevons.estimate.packs import save, saved
from jevons.estimate.validation.readings import positive, rows_of
from jevons.world import devices, models
from jevons.world.rows import Row

COLUMNS = ("model", "on", "n", "batch", "step_s")
OPTIONAL = ("sequence", "precision", *layouts.KEYS)
POSSIBLE_MFU = (0.001, 1.0)
"""Bounds of what a step's work over its seconds may be of the peak: outside them the seconds are none."""
GROUPS = {
    "efficiency": ("gemm_efficiency_", "attention_efficiency_"),
    "launch": ("launch_s",),
    "network": ("link_share_",),
}
SPREAD = {"efficiency": 0.25, "launch": 0.4, "network": 0.4}
NOISE = 0.05
"""Log noise of a measured mean step time, and how far clusters differ from the joint fit (log sd), by group."""


@dataclass(frozen=True)
class Calibration:
    """A coefficient pack of one cluster: multipliers, what they were fitted on, and how well they fit."""

    name: str
    fit_date: str
    rows: tuple[str, ...]
    multipliers: Mapping[str, float]
    residual_log_sd: float
    before_mape: float
    after_mape: float
    devices: tuple[str, ...] = ()

    def coefficients(self) -> Coefficients:
        """The joint fit with this cluster's multipliers."""
        return scaled(coefficients(), self.multipliers)

    def save(self, path: str | Path) -> Path:
        """Write the pack as JSON and name the file."""
        return save(self, path)


def load(path: str | Path) -> Calibration:
    """The calibration saved at ``path``; BadInput for a file that holds none."""
    return saved(path, "training", lambda read: Calibration(**{**read, "rows": tuple(read["rows"]),
                                                                "devices": tuple(read.get("devices", ()))}))  # fmt: skip


def calibrate_training(path: str | Path, name: str = "") -> Calibration:
    """Learn a cluster from a CSV of measured steps: model, on, n, batch, step_s and optional layout columns.

    Three to five rows suffice; more narrow it further. Errors: TableError naming row and column, also where a step is
    faster than the devices' peak or a thousandth of it; DoesNotFit where a measured layout could not have run.
    """
    file, rows = Path(path), rows_of(path, ", ".join(COLUMNS))
    jobs = [_job(file, i, row) for i, row in enumerate(rows, start=2)]
    observed = np.array([_seconds(file, i, row, job) for i, (row, job) in enumerate(zip(rows, jobs, strict=True), start=2)])
    theta = _fit(jobs, np.log(observed))
    before, after = _log_times(jobs, np.zeros(len(GROUPS))), _log_times(jobs, theta)
    residual = np.log(observed) - after
    multipliers = {group: float(np.exp(t)) for group, t in zip(GROUPS, theta, strict=True)}
    return Calibration(
        name or file.stem, date.today().isoformat(), tuple(_key(row) for row in rows), multipliers,
        float(np.sqrt(np.mean(residual**2))), _mape(before, observed), _mape(after, observed),
        tuple(sorted({devices.device(row["on"])[0].id for row in rows})),
    )  # fmt: skip


def scaled(c: Coefficients, multipliers: Mapping[str, float]) -> Coefficients:
    """Coefficients with each group's members multiplied; efficiencies and shares stay at most 1."""
    changes = {}
    for group, prefixes in GROUPS.items():
        for f in fields(c):
            if f.name.startswith(prefixes):
                value = getattr(c, f.name) * multipliers.get(group, 1.0)
                changes[f.name] = value if group == "launch" else min(value, 1.0)
    return replace(c, **changes)


def note(calibration: Calibration, device: str = "") -> Assumption:
    """What a calibrated estimate says of its calibration, and of a device that was not among those measured."""
    moved = ", ".join(f"{group} × {m:.2f}" for group, m in calibration.multipliers.items())
    why = f"{len(calibration.rows)} measured steps of {calibration.name}, {calibration.fit_date}"
    if not known_device(calibration, device):
        why += f"; they ran on {', '.join(calibration.devices)}, not on {device}: the interval stays that of an unknown cluster"
    return Assumption("calibration", moved, why, step_time_pack()["name"])


def known_device(calibration: Calibration, device: str) -> bool:
    """Whether a device is among those measured; packs of before that was kept are taken at their word."""
    return not calibration.devices or device in calibration.devices


Measured = tuple[layouts.Job, dict[str, Any]]


def _job(file: Path, line: int, row: Row) -> Measured:
    _known_columns(file, row)
    for column in COLUMNS:
        if not (row.get(column) or "").strip():
            raise TableError(file.name, line, column, row.get(column), "fill this column")
    found = _named(file, line, row, "model", models.find)
    if found.architecture is None:
        raise TableError(file.name, line, "model", row["model"], "name a model with a known architecture")
    device, _ = _named(file, line, row, "on", devices.device)
    precision = row.get("precision") or "bf16"
    notes: list[Assumption] = []
    block = block_of(found.architecture, row.get("sequence") or None, notes)
    machine = machine_of(device, devices.host_of(device.id), precision, notes)
    job = layouts.Job(block, machine, _whole(file, line, row, "n"), _whole(file, line, row, "batch"), precision,
                      Experts.of(found.architecture))  # fmt: skip
    try:
        plan, _ = layouts.plan(job, layouts.parse({k: row[k] for k in layouts.KEYS if row.get(k)}))
    except DoesNotFit:
        raise
    except BadInput as trouble:
        column = trouble.field.removeprefix("layout.")
        raise TableError(file.name, line, column, trouble.value, trouble.mend) from None
    return job, {k: getattr(plan, k) for k in layouts.KEYS}


def _seconds(file: Path, line: int, row: Row, measured: Measured) -> float:
    """The measured step; TableError where the devices could not have done its work in so few seconds, nor in so many."""
    seconds, (job, shape) = positive(row, "step_s", file.name, line), measured
    step = job.time(shape)
    mfu = float(step.mfu * step.total_s / seconds)
    if not POSSIBLE_MFU[0] <= mfu <= POSSIBLE_MFU[1]:
        raise TableError(file.name, line, "step_s", row["step_s"], f"give the seconds of one step of the whole batch: these "
                         f"make its work {mfu:.2g} of what the devices can do")  # fmt: skip
    return seconds


def _known_columns(file: Path, row: Row) -> None:
    """Errors: TableError for a column spelled almost as one that is read; others may stand beside and are not read."""
    for column in row:
        near = get_close_matches(column, (*COLUMNS, *OPTIONAL), 1, 0.8)
        if near and column not in (*COLUMNS, *OPTIONAL):
            raise TableError(file.name, 1, column, column, f"did you mean {near[0]!r}?")


def _named(file: Path, line: int, row: Row, column: str, find: Any) -> Any:
    try:
        return find(row[column])
    except BadInput as trouble:
        raise TableError(file.name, line, column, row[column], trouble.mend) from None


def _whole(file: Path, line: int, row: Row, column: str) -> int:
    value = positive(row, column, file.name, line)
    if value % 1:
        raise TableError(file.name, line, column, row[column], "give a whole number")
    return int(value)


def _log_times(jobs: list[Measured], theta: NDArray[np.float64]) -> NDArray[np.float64]:
    multipliers = {group: float(np.exp(t)) for group, t in zip(GROUPS, theta, strict=True)}
    c = scaled(coefficients(), multipliers)
    return np.log([float(job.time(shape, c).total_s) for job, shape in jobs])


def _fit(jobs: list[Measured], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gauss-Newton on the penalised squares; three parameters, a numerical Jacobian."""
    theta, step = np.zeros(len(GROUPS)), 1e-3
    prior = np.diag([1 / SPREAD[group] ** 2 for group in GROUPS])
    for _ in range(12):
        at = _log_times(jobs, theta)
        slopes = np.stack([(_log_times(jobs, theta + step * e) - at) / step for e in np.eye(len(theta))], axis=1)
        curvature = slopes.T @ slopes / NOISE**2 + prior
        move = np.linalg.solve(curvature, slopes.T @ (observed - at) / NOISE**2 - prior @ theta)
        theta = np.clip(theta + move, -1.5, 1.5)
        if np.abs(move).max() < 1e-5:
            break
    return theta


def _mape(log_predicted: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    return float(np.mean(np.abs(np.exp(log_predicted) / observed - 1)))


def _key(row: Row) -> str:
    words = "|".join(f"{k}={row.get(k, '')}" for k in (*COLUMNS[:-1], *OPTIONAL))
    return blake2b(words.encode(), digest_size=6).hexdigest()
