"""Scoring the edge law on measured runs, predicted only from what is known before a run.

Read as inputs: device, model, its architecture, task, phase and token counts. Latency, power, throughput and any
other energy column never enter a prediction; ``energy_j`` is what it is compared with. Both phases are scored over
all ok rows, and each apart under "phases".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jevons.core.errors import UnknownName
from jevons.estimate.board import fit as edge_fit
from jevons.estimate.board.boards import EdgeBoard, edge_board, law_of
from jevons.estimate.board.fit import Runs
from jevons.estimate.board.interval import factors
from jevons.estimate.board.law import Array, Shape, vector
from jevons.estimate.packs import coefficient_pack
from jevons.estimate.validation.predictions import Prediction, Predictions
from jevons.estimate.validation.readings import holds, other_unit, plain, positive, reading, require
from jevons.world.rows import Row

LAYOUT = ("device", "model", "task", "phase", "input_tokens", "output_tokens_requested", "layers", "n_heads",
          "n_kv_heads", "head_dim", "params_nonemb_b", "lm_head_params_b", "energy_j")  # fmt: skip
NUMBERS = LAYOUT[4:-1]
PHASES = ("prefill", "total")
UNITS = ("conv", "code")
"""Prompt sets whose tokens are counted apart: the first in plain tokens, each further one in its own unit."""
FOLDS = 5


@dataclass
class Recorded:
    """Runs read, one element a row."""

    boards: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    folds: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    cells: list[tuple[float, ...]] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)
    left_out: dict[str, list[int]] = field(default_factory=dict)


def recognise(header: Sequence[str]) -> str | None:
    """The name of the layout if a CSV header holds its columns, else None."""
    return "edge" if holds(header, LAYOUT) else None


def predict(rows: Iterable[Row], pack: Mapping[str, Any] | None = None, file: str = "rows") -> Prediction:
    """Predicted energy (J) of measured runs with its 10-90 % interval.

    A model the law was fitted on is predicted by coefficients that have not seen that prompt length
    ("leave-one-out"), any other by all of them ("unseen"). Errors: TableError with row and column where a cell holds
    no sensible number.
    """
    pack = coefficient_pack("edge") if pack is None else pack
    found = read(rows, file)
    quantities, fit = np.empty((3, len(found.numbers))), [""] * len(found.numbers)
    for (board, fold), where in _alike(found, pack).items():
        quantities[:, where] = _predicted(edge_board(board)[0], found, where, fold, pack)
        for i in where:
            fit[i] = "unseen" if fold < 0 else "leave-one-out"
    names = [f"{m} {p} (row {n})" for m, p, n in zip(found.families, found.phases, found.numbers)]
    target = Predictions(names, found.families, fit, _comparable(found, quantities[0]), *quantities)
    apart = {phase: np.array([p == phase for p in found.phases], dtype=bool) for phase in PHASES}
    return Prediction({"energy": target}, found.left_out, found.numbers, {"phases": apart})


def read(rows: Iterable[Row], file: str = "rows") -> Recorded:
    """The runs of the rows; those that cannot be predicted or compared are left out by reason, with their numbers."""
    found = Recorded()
    for number, raw in enumerate(rows, start=2):
        row = plain(raw)
        require(row, LAYOUT, file)
        why = _why_not(row) or _add(found, row, file, number)
        if why:
            found.left_out.setdefault(why, []).append(number)
    return found


def recorded_boards(rows: Iterable[Row]) -> dict[str, str]:
    """Name as recorded → board id, in order of appearance; UnknownName with the three nearest."""
    return {name: edge_board(name)[0].id for name in dict.fromkeys(row["device"] for row in rows)}


def runs_of(found: Recorded, where: Any, prefill_weight: float = 1.0) -> Runs:
    """The rows at ``where`` in the law's terms."""
    tokens, output, layers, heads, kv_heads, width, body, head = np.array(found.cells, dtype=float)[where].T
    later = np.where(np.array(found.phases, dtype=object)[where] == "total", output - 1, 0.0)
    unit = np.array([UNITS.index(t) if t in UNITS else 0 for t in found.tasks])[where]
    shape = Shape(layers, body, body + head, heads * width, kv_heads * width)
    weight = np.where(later > 0, 1.0, prefill_weight)
    return Runs(shape, tokens, later, unit, np.array(found.observed, dtype=float)[where], weight)


def _why_not(row: Row) -> str | None:
    if (quality := row.get("quality", "").lower()) not in ("", "ok"):
        return f"quality {quality}"
    if row["phase"] not in PHASES:
        return f"phase {row['phase']!r} is neither prefill nor total"
    empty = [name for name in LAYOUT if name not in ("task", "energy_j") and not row[name]]
    return f"no {empty[0]}" if empty else None


def _add(found: Recorded, row: Row, file: str, number: int) -> str | None:
    try:
        board = edge_board(row["device"])[0].id
    except UnknownName as trouble:
        return f"device {row['device']!r}: {trouble.mend}"
    energy = reading(row, "energy_j", file, number)
    if energy <= 0:
        return "zero energy" if energy == 0 else "energy below zero"
    cells = tuple(positive(row, name, file, number) for name in NUMBERS)
    found.boards.append(board)
    found.families.append(row["model"])
    found.phases.append(row["phase"])
    found.tasks.append(row["task"])
    found.folds.append(fold_of(row["model"], row["task"], cells[0]))
    found.numbers.append(number)
    found.cells.append(cells)
    found.observed.append(energy)
    return None


def fold_of(model: str, task: str, tokens: float) -> int:
    """Which fifth a prompt belongs to: its prefill and its full run, on any board, go together."""
    return blake2b(f"{model}|{task}|{tokens:g}".encode(), digest_size=4).digest()[0] % FOLDS


def _alike(found: Recorded, pack: Mapping[str, Any]) -> dict[tuple[str, int], NDArray[np.int64]]:
    """Rows by board and fold; fold -1: a model the board's law was not fitted on."""
    keys = []
    for board, model, fold in zip(found.boards, found.families, found.folds):
        known = model in pack["boards"].get(board, {}).get("models", ())
        keys.append((board, fold if known else -1))
    return {key: np.array([i for i, k in enumerate(keys) if k == key]) for key in dict.fromkeys(keys)}


def _predicted(board: EdgeBoard, found: Recorded, where: NDArray[np.int64], fold: int, pack: Mapping[str, Any]) -> Array:
    """Best, 10 % and 90 % of some rows of one board."""
    law = law_of(board, known=fold >= 0, pack=pack)
    told = pack["boards"].get(board.law, {})
    source = pack["without"][board.law][fold] if fold >= 0 else {"energy_j": law.energy_j, "units": told.get("units", {})}
    units = [source["units"].get(task, 1.0) for task in UNITS[1:]]
    runs = runs_of(found, where)
    best = np.exp(edge_fit.log_cost(edge_fit.theta_of(*vector(source["energy_j"]), units), runs))
    low, high = factors(runs.later, law.residuals)
    return np.stack([best, best * low, best * high])


def _comparable(found: Recorded, best: Array) -> Array:
    """What was observed, NaN where it was not or in another unit, which is counted by reason."""
    seen = np.array(found.observed, dtype=float)
    for i, ratio in enumerate(seen / best):
        unit = other_unit(float(ratio))
        if unit or np.isnan(ratio):
            why = f"energy seems to be in {unit}" if unit else "no energy_j to compare with"
            found.left_out.setdefault(why, []).append(found.numbers[i])
            seen[i] = np.nan
    return seen
