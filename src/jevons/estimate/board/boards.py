"""An edge board, and the law by which it works: fitted, borrowed from a kindred board, or scaled from one published
measurement.

    scaled   k = P / (v · (r·l + W)) joules for reading 1e9 weights, v tokens a second of a published model, P watts,
             r launching over reading for the reference model; prefill from its own published speed
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption
from jevons.estimate.board.interval import REGIMES
from jevons.estimate.board.law import PARTS, REFERENCE
from jevons.estimate.packs import coefficient_pack
from jevons.world import catalog

BITS = {"fp32": 32.0, "bf16": 16.0, "fp16": 16.0, "int8": 8.0, "fp8": 8.0, "int4": 4.5, "mxfp4": 4.25}
"""Bits a weight as stored; 4-bit formats carry a scale of 16 bits each 32 weights (mxfp4: 8 bits)."""


@dataclass(frozen=True, slots=True)
class EdgeBoard:
    """A row of edge_boards. ``law``: the board whose fit it uses ('' none); ``metered``: module, board, battery or
    wall, whatever its figures saw; ``includes``: peripherals within that."""

    id: str
    name: str
    kind: str
    memory_gb: float | None
    bits: float
    idle_w: float | None
    metered: str
    includes: tuple[str, ...]
    law: str
    anchor: Mapping[str, float | None]
    gsd: float
    source: str


@dataclass(frozen=True, slots=True)
class EdgeLaw:
    """Coefficients by part in joules and in seconds, 10-90 % log factors by regime, and how well they are known."""

    energy_j: Mapping[str, float]
    time_s: Mapping[str, float]
    residuals: Mapping[str, Any]
    tier: str
    source: str
    assumptions: tuple[Assumption, ...] = ()


@functools.lru_cache(maxsize=256)
def edge_board(name: str) -> tuple[EdgeBoard, tuple[Assumption, ...]]:
    """The board of that name, and a note where the match was not exact; UnknownName with the three nearest."""
    if not isinstance(name, str) or not name:
        raise BadInput("on", name, "name an edge board, e.g. on='jetson-orin'")
    try:
        row, match = catalog.table("edge_boards").find(name)
    except UnknownName as trouble:
        raise UnknownName("edge board", name, trouble.nearest, "or measure your own: jevons calibrate edge FILE") from None
    note = () if match.score == 1.0 else (Assumption("board", row["name"], match.how, row["source"]),)
    return _of_row(row), note


def _of_row(row: catalog.Row) -> EdgeBoard:
    anchor = {key: catalog.number(row, f"anchor_{key}") for key in
              ("layers", "params_b", "bits", "tokens_s", "power_w", "prefill_tokens_s")}  # fmt: skip
    return EdgeBoard(
        row["id"], row["name"], row["class"], catalog.number(row, "memory_gb"), catalog.number(row, "bits") or 16.0,
        catalog.number(row, "idle_w"), row["metered"], tuple(w for w in row["includes"].split(" ") if w), row["law"],
        anchor, catalog.number(row, "gsd") or 1.0, row["source"],
    )  # fmt: skip


def law_of(board: EdgeBoard, known: bool = False, pack: Mapping[str, Any] | None = None) -> EdgeLaw:
    """The board's law; ``known``: the model is one it was fitted on. BadInput for a board without law or measurement."""
    pack = coefficient_pack("edge") if pack is None else pack
    fitted = pack["coefficients"].get(board.law)
    if fitted is None:
        return _scaled(board, pack["coefficients"]["scaled"])
    spread = pack["residuals"][board.law]["known" if known else "new"]
    if board.law == board.id:
        return EdgeLaw(fitted["energy_j"], fitted["time_s"], spread, "calibrated" if known else "family", pack["name"])
    note = Assumption(f"law of {board.id}", f"that of {board.law}", "no measured runs of this module: kindred silicon",
                      pack["name"])  # fmt: skip
    return EdgeLaw(fitted["energy_j"], fitted["time_s"], widened(board.gsd), "guess", pack["name"], (note,))


def widened(gsd: float) -> dict[str, tuple[float, float]]:
    """One 10-90 % interval for every regime, from a geometric standard deviation."""
    import math

    half = round(1.2815515655446004 * math.log(gsd), 4)
    return dict.fromkeys(REGIMES, (-half, half))


def _scaled(board: EdgeBoard, rule: Mapping[str, Any]) -> EdgeLaw:
    a = board.anchor
    if not (a["tokens_s"] and a["power_w"] and a["params_b"] and a["layers"] and a["bits"]):
        raise BadInput("on", board.id, "no measurement of it is published; calibrate it: jevons calibrate edge FILE")
    reading = rule["overhead"] * a["layers"] / REFERENCE["layers"] + a["params_b"] * a["bits"] / board.bits
    ahead = a["prefill_tokens_s"] or a["tokens_s"] * rule["prefill_speedup"]
    notes = [Assumption(f"law of {board.id}", f"scaled from {a['tokens_s']:g} tokens/s at {a['power_w']:g} W of a model "
                        f"of {a['params_b']:g} billion parameters", "one published measurement", board.source)]  # fmt: skip
    if not a["prefill_tokens_s"]:
        notes.append(Assumption("prefill speed", f"{rule['prefill_speedup']:g} times the decode", "not published for "
                                "this board", rule["source"]))  # fmt: skip
    time = _parts(1 / a["tokens_s"] / reading, 1 / ahead * REFERENCE["tokens"] / a["params_b"], rule)
    energy = {part: seconds * a["power_w"] for part, seconds in time.items()}
    return EdgeLaw(energy, time, widened(board.gsd), "physics", rule["source"], tuple(notes))


def _parts(reading: float, working: float, rule: Mapping[str, Any]) -> dict[str, float]:
    """Coefficients from the time of reading 1e9 weights and of a prompt of 512 tokens through 1e9 parameters."""
    launch = rule["overhead"] * reading
    values = (launch, reading, working, 0.0, rule["attention_over_work"] * working,
              launch, reading, rule["cache_over_weights"] * reading, 0.0, 0.0)  # fmt: skip
    return dict(zip(PARTS, values))


catalog.on_overlay(edge_board.cache_clear)
