"""Ten to thirty prompt pairs of a user's own board give its law.

A pair is one prompt run twice: to its first token, and to the end of an answer. What is wrong with the readings is
found first, left out and counted; prompts of several sets whose tokens are not alike get a unit each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption
from jevons.estimate.board import checks as edge_checks
from jevons.estimate.board import fit as edge_fit
from jevons.estimate.board.boards import BITS, EdgeBoard, EdgeLaw, edge_board
from jevons.estimate.board.checks import Measured
from jevons.estimate.board.fit import Runs
from jevons.estimate.board.interval import REGIMES
from jevons.estimate.board.law import Array, Shape, named
from jevons.estimate.packs import save, saved
from jevons.estimate.validation.readings import needed, rows_of
from jevons.world import models
from jevons.world.rows import Row

COLUMNS = ("model", "input_tokens", "output_tokens", "latency_s", "energy_j")
SHAPE = ("layers", "params_nonemb_b", "lm_head_params_b", "n_heads", "n_kv_heads", "head_dim")
FEWEST_RUNS = 8
MISMATCH = 0.1
"""Token units further apart than this are told to the user."""
SHORT_WEIGHT, LAGGED_WEIGHT = 0.25, 0.05
FOLDS = 5


@dataclass(frozen=True)
class EdgeCalibration:
    """The law of one board: coefficients, what they were fitted on, how well they fit, and what was left out.

    ``precision``: of the runs, empty where the file did not say; the law then holds for weights of whatever bits
    they had.
    """

    name: str
    board: str
    fit_date: str
    runs: int
    models: tuple[str, ...]
    precision: str
    energy_j: Mapping[str, float]
    time_s: Mapping[str, float]
    units: Mapping[str, float]
    residuals: tuple[float, float]
    mape: float
    mape_left_out: float
    left_out: Mapping[str, list[int]]
    warnings: tuple[str, ...]

    def save(self, path: str | Path) -> Path:
        """Write the pack as JSON and name the file."""
        return save(self, path)


@dataclass(frozen=True)
class _Read:
    """The runs of a file in the law's terms and in recorded order."""

    measured: Measured
    runs: Runs
    tasks: tuple[str, ...]
    precision: str


def calibrate_edge(path: str | Path, on: str = "", name: str = "") -> EdgeCalibration:
    """The law of a board from a CSV: model, input_tokens, output_tokens (the real count), latency_s, energy_j, and
    optionally on, task, pair, precision, or a model's shape (layers, params_nonemb_b, ...).

    Errors: BadInput for a file of fewer than 8 usable runs, TableError naming row and column.
    """
    file, rows = Path(path), rows_of(path, ", ".join(COLUMNS))
    board = edge_board(on or _cell(rows[0], "on", "device") or _ask(file))[0]
    found = _read(file, rows, board)
    left_out, lagged, warnings = _inspect(found)
    keep = np.ones(len(found.runs), bool)
    for lines in left_out.values():
        keep &= ~np.isin(found.measured.line, lines)
    if keep.sum() < FEWEST_RUNS:
        raise BadInput("file", file.name, f"{int(keep.sum())} usable runs of {keep.size}; give at least {FEWEST_RUNS} "
                       f"({_counted(left_out)})")  # fmt: skip
    weight = np.where(found.runs.later > 0, 1.0, LAGGED_WEIGHT if lagged else SHORT_WEIGHT)
    runs = Runs(found.runs.shape, found.runs.tokens, found.runs.later, found.runs.unit, found.measured.joules, weight)
    return _fitted(name or file.stem, board, found, runs.take(keep), keep, left_out, warnings)


def load(path: str | Path) -> EdgeCalibration:
    """The calibration saved at ``path``; BadInput for a file that holds none."""
    columns = ("models", "residuals", "warnings")
    return saved(path, "edge", lambda read: EdgeCalibration(**{**read, **{key: tuple(read[key]) for key in columns}}))


def calibration_of(calibration: Any) -> EdgeCalibration:
    """The calibration itself, or the one a file holds."""
    return calibration if isinstance(calibration, EdgeCalibration) else load(calibration)


def law_from(calibration: Any, board: EdgeBoard) -> EdgeLaw:
    """The law of a calibration, or of a file that holds one; BadInput where it is another board's."""
    own = calibration_of(calibration)
    if own.board != board.id:
        raise BadInput("calibration", own.name, f"it was measured on {own.board}, not on {board.id}")
    note = Assumption("calibration", f"{own.runs} runs of {own.name}, {own.fit_date}",
                      f"mean error of runs left out {own.mape_left_out:.1%}", "stated")  # fmt: skip
    return EdgeLaw(own.energy_j, own.time_s, dict.fromkeys(REGIMES, own.residuals), "calibrated", "stated", (note,))


def _fitted(name: str, board: EdgeBoard, found: _Read, runs: Runs, keep: Any, left_out: dict[str, list[int]],
            warnings: list[str]) -> EdgeCalibration:  # fmt: skip
    sets = len(found.tasks)
    theta = edge_fit.fit(runs, sets)
    clock = edge_fit.fit(runs.of(found.measured.seconds[keep]), sets)
    left = _left_out_residuals(runs, found.measured.pair[keep], sets)
    low, high = np.quantile(left, [0.1, 0.9]) * (len(left) + 1) / max(len(left) - 1, 1)
    units = {task: round(float(np.exp(t)), 3) for task, t in zip(found.tasks[1:], theta[edge_fit.KNOWN :])}
    apart = [f"tokens of {task!r} prompts weigh {u:g} times those of {found.tasks[0]!r}: counted in another unit?"
             for task, u in units.items() if abs(u - 1) > MISMATCH]  # fmt: skip
    inside = np.log(runs.observed) - edge_fit.log_cost(theta, runs)
    return EdgeCalibration(
        name, board.id, date.today().isoformat(), len(runs), tuple(sorted(set(found.measured.model[keep]))),
        found.precision,
        named(edge_fit.coefficients(theta)), named(edge_fit.coefficients(clock)), units,
        (round(float(min(low, 0.0)), 4), round(float(max(high, 0.0)), 4)), _mape(inside), _mape(left), left_out,
        (*warnings, *apart),
    )  # fmt: skip


def _left_out_residuals(runs: Runs, pairs: Any, sets: int) -> Array:
    """ln(true / estimate) of each run under the fit without its fifth of the prompts."""
    prompts = {pair: i % FOLDS for i, pair in enumerate(dict.fromkeys(pairs))}
    fold, left = np.array([prompts[pair] for pair in pairs]), np.empty(len(runs))
    for number in sorted(set(fold)):
        here = fold == number
        theta = edge_fit.fit(runs.take(~here), sets)
        left[here] = np.log(runs.observed[here]) - edge_fit.log_cost(theta, runs.take(here))
    return left


def _inspect(found: _Read) -> tuple[dict[str, list[int]], bool, list[str]]:
    """Lines to leave out by reason, whether the sensor lags, and what to tell the user."""
    m, left_out = found.measured, {}
    checks = {"zero reading": edge_checks.zero_readings(m), "reading below zero": m.joules < 0, "early stop": _stopped(found)}
    checks |= {f"energy in {unit}": flags for unit, flags in edge_checks.other_units(m).items()}
    for reason, flags in checks.items():
        if flags.any():
            left_out[reason] = [int(line) for line in m.line[flags]]
    lagged, short = edge_checks.lagging(m)
    told = (f"the power of {int(short.sum())} runs shorter than {edge_checks.SHORT_S:g} s follows the run before: the sensor "
            "lags; repeat short prefills back to back for 2 s and divide")  # fmt: skip
    return left_out, lagged, [told] if lagged else []


def _stopped(found: _Read, rounds: int = 3) -> Any:
    """Runs that ended early: by the prefill beside them, and where there is none by the time the others' law expects."""
    m, seconds = found.measured, found.runs.of(found.measured.seconds)
    flags = edge_checks.early_stops(m)
    for _ in range(rounds if not np.isfinite(edge_checks.decode_seconds(m)[m.later > 0]).all() else 0):
        theta = edge_fit.fit(seconds.take(~flags), len(found.tasks))
        whole = np.exp(edge_fit.log_cost(theta, seconds))
        ahead = np.exp(edge_fit.log_cost(theta, seconds.prompts()))
        flags = flags | edge_checks.early_by_law(m, ahead, whole - ahead)
    return flags


def _read(file: Path, rows: list[Row], board: EdgeBoard) -> _Read:
    lines = np.arange(2, len(rows) + 2)
    tokens, output, seconds, joules = (
        np.array([_number(file, i, row, names, least) for i, row in enumerate(rows, start=2)])
        for names, least in ((("input_tokens",), 1.0), (("output_tokens", "output_tokens_requested"), 1.0),
                             (("latency_s",), 1e-9), (("energy_j",), -np.inf))
    )  # fmt: skip
    shapes = np.array([_shape(file, i, row, board) for i, row in enumerate(rows, start=2)])
    shape = Shape(*shapes.T)
    names = [_cell(row, "task") or "prompts" for row in rows]
    tasks = tuple(task for task, _ in Counter(names).most_common())
    later = np.where([_cell(row, "phase") == "prefill" for row in rows], 0.0, output - 1)
    pair = [_cell(row, "pair", "pair_id") or f"{row['model']}|{row['input_tokens']}|{t}" for row, t in zip(rows, names)]
    measured = Measured(lines, np.array([row["model"] for row in rows], object), np.array(pair, object), later, seconds,
                        joules)  # fmt: skip
    unit = np.array([tasks.index(task) for task in names])
    runs = Runs(shape, tokens, later, unit, joules, np.ones(len(rows)))
    kinds = {_cell(row, "precision") for row in rows}
    return _Read(measured, runs, tasks, kinds.pop() if len(kinds) == 1 else "")


def _shape(file: Path, line: int, row: Row, board: EdgeBoard) -> tuple[float, ...]:
    """The shape of a row's model, weights scaled by their bits over the board's usual ones."""
    name = _cell(row, "precision")
    if name and name not in BITS:
        raise TableError(file.name, line, "precision", name, f"choose one of {', '.join(BITS)}")
    ratio = BITS[name] / board.bits if name else 1.0
    if all(_cell(row, column) for column in SHAPE):
        layers, body, head, heads, kv_heads, width = (_number(file, line, row, (c,), 1e-9) for c in SHAPE)
        return layers, body, (body + head) * ratio, heads * width, kv_heads * width
    architecture = models.find(row.get("model") or None).architecture
    if architecture is None:
        raise TableError(file.name, line, "model", row["model"], "name a model of known shape, or fill layers and its kin")
    s = Shape.of(architecture)
    return s.layers, s.params_b, s.weights_b * ratio, s.query, s.key_value


def _number(file: Path, line: int, row: Row, names: tuple[str, ...], least: float) -> float:
    """The number in the first of these columns that is filled."""
    return needed(row, next((name for name in names if _cell(row, name)), names[0]), file.name, line, least)


def _cell(row: Row, *names: str) -> str:
    return next((row[name].strip() for name in names if (row.get(name) or "").strip()), "")


def _ask(file: Path) -> str:
    raise BadInput("on", "", f"name the board: calibrate_edge({file.name!r}, on=...), or fill the column on")


def _counted(left_out: Mapping[str, list[int]]) -> str:
    return ", ".join(f"{reason}: {len(lines)}" for reason, lines in left_out.items()) or "none left out"


def _mape(log_residual: Array) -> float:
    return round(float(np.mean(np.abs(np.expm1(-log_residual)))), 4)
