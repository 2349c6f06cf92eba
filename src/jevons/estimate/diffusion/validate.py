"""Scoring the image and video estimate on measured runs, predicted only from what is known before a run.

Layout: the header of ML.ENERGY's diffusion results. Read as inputs: model, GPU, GPU count, parallel degrees, batch,
height, width, frames and steps. Power, latency, throughput and other energies never enter a prediction.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import TableError, UnknownName
from jevons.estimate.diffusion.cost import generation_pack, rates_of
from jevons.estimate.diffusion.interval import Setting, batch_cost, interval, never_measured
from jevons.estimate.validation.predictions import Prediction, Predictions
from jevons.estimate.validation.readings import holds, observed, plain, reading, require
from jevons.world import diffusion
from jevons.world.devices import device
from jevons.world.diffusion import DiffusionModel
from jevons.world.hardware import Device
from jevons.world.rows import Row

Array = NDArray[np.float64]
NUMBERS = ("num_gpus", "ulysses_degree", "ring_degree", "batch_size", "height", "width", "num_frames", "inference_steps")
LAYOUT = ("model_id", "gpu_model", *NUMBERS)
TARGETS = {"energy_per_output": "energy_per_output_j"}  # target -> column observed, J per image or video
SIZE = re.compile(r"^(\d+)\s*[x×*]\s*(\d+)$")
OTHER_UNIT = 300.0  # a kilojoule or a watt-hour taken for a joule is off by more, no estimate of ours is


@dataclass
class Rows:
    """Runs of one model on one kind of GPU, as columns."""

    model: DiffusionModel
    device: Device
    numbers: list[int] = field(default_factory=list)
    cells: list[tuple[float, ...]] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)

    def setting(self) -> Setting:
        """The runs' sizes and counts as arrays."""
        given = dict(zip(NUMBERS, np.array(self.cells, float).T))
        return Setting(given["batch_size"], given["height"], given["width"], given["num_frames"],
                       given["inference_steps"], float(self.model.passes), given["ulysses_degree"],
                       given["ring_degree"])  # fmt: skip


def recognise(header: Sequence[str]) -> bool:
    """Whether a CSV header is that of measured image and video generation."""
    return holds(header, LAYOUT)


def predict(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Prediction:
    """Predicted J per image or video, each with its 10-90 % interval.

    A model that took part in the fit is predicted with the coefficients fitted without its whole family
    ("leave-one-out"), any other with all of them ("unseen"). Rows whose quality is not ok, whose energy is zero or
    in another unit, and whose GPU is in no table are left out and counted; so are models in no table of which the row
    tells no parameters (``params_total_b``): of others a shape is supposed.
    Errors: TableError with row and column where a cell holds no sensible number.
    """
    pack = generation_pack() if pack is None else pack
    groups, left_out = read(rows, file)
    parts: list[tuple[Array, ...]] = []
    told: dict[str, list[Any]] = {name: [] for name in ("models", "families", "outputs", "numbers", "fit")}
    for group in groups:
        model, n = group.model, len(group.numbers)
        unseen = model.id not in pack["models"]
        fitted = pack if unseen else pack["without"][model.family]
        parts.append((np.array(group.observed), *_predicted(group, fitted, pack)))
        told["numbers"] += group.numbers
        for name, word in (("models", model.id), ("families", model.family), ("outputs", model.output),
                           ("fit", "unseen" if unseen else "leave-one-out")):  # fmt: skip
            told[name] += [word] * n
    columns = [np.concatenate(c) for c in zip(*parts)] if parts else [np.empty(0)] * 4
    _other_units(columns, told["numbers"], left_out)
    target = Predictions(told["models"], told["families"], told["fit"], *columns)
    apart = {output: np.array([o == output for o in told["outputs"]], bool) for output in dict.fromkeys(told["outputs"])}
    return Prediction({"energy_per_output": target}, left_out, told["numbers"], {"by_output": apart})


def read(rows: Iterable[Row], file: str = "rows") -> tuple[list[Rows], dict[str, list[int]]]:
    """The runs by model and GPU, and the numbers of the rows left out by reason."""
    groups: dict[tuple[DiffusionModel, str], Rows] = {}
    left_out: dict[str, list[int]] = {}
    for number, raw in enumerate(rows, start=2):
        row = plain(raw)
        require(row, LAYOUT, file)
        found = _nouns(row, file, number)
        cells = found if isinstance(found, str) else _cells(_told(row, found[0]), file, number)
        if isinstance(found, str) or isinstance(cells, str):
            left_out.setdefault(str(cells), []).append(number)
            continue
        group = groups.setdefault((found[0], found[1].id), Rows(*found))
        group.numbers.append(number)
        group.cells.append(cells)
        group.observed.append(reading(row, TARGETS["energy_per_output"], file, number))
    return list(groups.values()), left_out


def _nouns(row: Row, file: str, number: int) -> tuple[DiffusionModel, Device] | str:
    """The row's model and GPU, or in words why nothing can be predicted or compared."""
    if (quality := row.get("quality", "").lower()) not in ("", "ok"):
        return f"quality: {quality}"
    empty = [name for name in ("model_id", "gpu_model") if not row[name]]
    if empty:
        return f"no {empty[0]}"
    model = _model(row, file, number)
    if isinstance(model, str):
        return model
    energy = reading(row, TARGETS["energy_per_output"], file, number)
    if energy <= 0:
        return "energy is zero: a sensor that gave nothing" if energy == 0 else "energy below zero"
    try:
        return model, device(row["gpu_model"])[0]
    except UnknownName:
        return f"hardware not in the tables: {row['gpu_model']}"


def _model(row: Row, file: str, line: int) -> DiffusionModel | str:
    """The model of the table; of another the shape that its parameters suggest, where the row tells them."""
    try:
        return diffusion.find(row["model_id"])[0]
    except UnknownName:
        params = observed(row, "params_total_b", file, line)
    if not params > 0:
        return f"model not in the tables, and no params_total_b: {row['model_id']}"
    video = row.get("output") == "video" or row["num_frames"] not in ("", "0", "1", "1.0")
    return diffusion.of_size(row["model_id"], "video" if video else "image", params * 1e9)[0]


def _told(row: Row, model: DiffusionModel) -> Row:
    """The row with what follows from its other cells: the sides of "1024x768" (width first), an image's one frame, a
    parallel degree from the other one and the GPUs, 0 standing for none."""
    told = {**row}
    for name in ("width", "height"):
        if sides := SIZE.match(row[name]):
            told["width"], told["height"] = sides.groups()
    if model.output == "image":
        told["num_frames"] = told["num_frames"] or "1"
    told["ring_degree"] = _degree(row, "ring_degree") or "1"
    if not _degree(row, "ulysses_degree") and told["num_gpus"].isdigit() and told["ring_degree"].isdigit():
        told["ulysses_degree"] = str(int(told["num_gpus"]) // int(told["ring_degree"]))
    return told


def _degree(row: Row, name: str) -> str:
    return "" if row[name] in ("0", "0.0") else row[name]


def _cells(row: Row, file: str, number: int) -> tuple[float, ...] | str:
    """The row's counts and sizes, or in words what is amiss. Errors: TableError unless whole and positive."""
    empty = [name for name in NUMBERS if not row[name]]
    if empty:
        return f"no {empty[0]}"
    cells = {name: observed(row, name, file, number) for name in NUMBERS}
    for name, value in cells.items():
        if not value >= 1 or value != int(value):
            raise TableError(file, number, name, row[name], "give a whole number, 1 or more")
    if cells["ulysses_degree"] * cells["ring_degree"] != cells["num_gpus"]:
        return "num_gpus is not ulysses_degree × ring_degree"
    return tuple(cells.values())


def _predicted(group: Rows, fitted: Mapping[str, Any], pack: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    """Best, 10 % and 90 % of J per output for the runs of one model and GPU."""
    setting, rates = group.setting(), rates_of(group.device)
    found, stands_in = batch_cost(group.model, setting, rates, group.device.generation, fitted)
    best = found.total_j / setting.batch
    low, high = interval(found.guessed, fitted["residuals"], never_measured(group.model, setting, stands_in, pack["spread"]))
    return best, best * low, best * high


def _other_units(columns: list[Array], numbers: list[int], left_out: dict[str, list[int]]) -> None:
    """Take from the comparison, and count, rows whose energy is so far off that it is in another unit."""
    observed, best = columns[0], columns[1]
    with np.errstate(invalid="ignore"):
        wrong = np.abs(np.log(observed / best)) > math.log(OTHER_UNIT)
    if wrong.any():
        left_out["energy in another unit (more than 300 times off)"] = [n for n, w in zip(numbers, wrong) if w]
        observed[wrong] = np.nan
    unseen = [n for n, value, w in zip(numbers, observed, wrong) if not math.isfinite(value) and not w]
    if unseen:
        left_out["no energy_per_output_j to compare with"] = unseen
