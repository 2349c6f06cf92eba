"""Inference on an edge device: what a prompt and its answer cost on a board, a phone or a laptop, at batch 1.

    E = E_law(prefill) + E_law(decode) + P_peripheral · t + bytes · e_bit, over the supply's efficiency
    idle: P_idle · (hours of the session − hours of work)

Of lengths that spread the law's mean is taken over their points, not the law at the mean length: attention, cache and
the overlap of a prompt's launches with its work all make it bend.

No data centre stands around such a device: its rows lie at the facility's boundary, and no PUE is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, bounds_90
from jevons.estimate.board import law as edge_law
from jevons.estimate.board.boards import BITS, EdgeBoard, EdgeLaw, edge_board, law_of
from jevons.estimate.board.interval import factors
from jevons.estimate.board.law import Shape
from jevons.estimate.board.peripherals import Peripheral, moved_j, peripheral, supply_loss_j
from jevons.estimate.board.prompts import Prompts, prompts_of
from jevons.estimate.packs import coefficient_pack
from jevons.world import models
from jevons.world.architecture import Architecture, kv_bytes_per_token, parameters
from jevons.world.edge_embodied import board_units, edge_flow

PART_NAMES = ("layers", "weights", "computation", "computation", "attention", "layers", "weights", "cache", "attention",
              "attention")  # fmt: skip


def edge(model: Any, on: str, input_tokens: Any = None, output_tokens: Any = None, *, lengths: Any = None,
         precision: str | None = None, requests: Any = 1, display: Any = None, camera: Any = False, radio: Any = None,
         moved_gb: Any = 0, storage: Any = None, read_gb: Any = 0, power_supply: Any = None, session_hours: Any = None,
         use_hours_per_day: float | None = None, life: float | None = None, calibration: Any = None, draws: int = 1000,
         seed: int = 0) -> Activity:  # fmt: skip
    """Activity of ``requests`` prompts of ``input_tokens``, each answered by ``output_tokens``, on the board ``on``.

    Tokens are numbers, or a distribution: "500 sd 400", "p50 300, p90 1200"; ``lengths``: prompts as they were (see
    `server.distribution`). ``precision``: of the weights (default: as the board was measured). ``display``, ``camera``,
    ``power_supply``: None the usual, False none, a row's id, or W, W, efficiency. ``moved_gb`` a request over ``radio``, ``read_gb`` a
    request from ``storage`` (id or J/bit). ``session_hours``: of the device awake for all this, for its idle time.
    ``use_hours_per_day`` and ``life`` (years) spread its making. ``calibration``: a file of ``jevons calibrate edge``.
    Token counts and requests may be arrays of scenarios. Errors: UnknownName with the three nearest, BadInput.
    """
    board, matched = edge_board(on)
    found, arch = _model(model)
    prompts = prompts_of(input_tokens, output_tokens, lengths, arch)
    count = np.asarray(units.read(requests, "", "requests"), float)
    law = _law(board, arch.id, calibration)
    bits, chosen = _bits(board, precision, calibration)
    _check(board, arch, prompts, bits)
    sampler = Draws(draws, seed)
    spread = _spread(law, board, prompts.later, sampler)
    energy, time = _phases(law, Shape.of(arch), prompts, 1.0 if bits is None else bits / board.bits)
    rows = _law_rows(energy, lambda each: count[..., None] * prompts.drawn(each, spread))
    seconds = {stage: count[..., None] * prompts.drawn(t, spread) for stage, t in time.items()}
    around = [p for p in (peripheral("display", display, board), peripheral("camera", camera, board)) if p]
    rows += [_row(stage, p.kind, sampler.of(p.value) * s) for p in around for stage, s in seconds.items()]
    links = [_link("radio", radio, moved_gb, board), _link("storage", storage, read_gb, board)]
    rows += [_row("transfer", p.kind, moved_j(gb[..., None] * count[..., None], sampler.of(p.value))) for p, gb in links if p]
    busy_h = sum(seconds.values()) / units.SECONDS_PER_HOUR
    idle, waiting = _idle(board, session_hours, busy_h)
    rows += idle
    supply = peripheral("power_supply", power_supply, board)
    if supply is not None:
        rows += _supply(rows, sampler.of(supply.value))
    made, unmade = _making(board, busy_h, life, use_hours_per_day)
    label = {"boundary": "facility", "cooling": "none", "tier": law.tier, "device": board.id, "model": found.name}
    used = [p for p in (*around, *(p for p, _ in links), supply) if p is not None]
    return Activity.of(
        [{**label, **row} for row in (*rows, *made)], served=_served(count, prompts, busy_h),
        assumptions=(*found.assumptions, *matched, *prompts.notes, *chosen, *law.assumptions, *_said(used), *waiting, *unmade),
        sources=tuple(dict.fromkeys((board.source, found.source, law.source))), drivers=dict(sampler.drivers), seed=seed,
    )  # fmt: skip


def hotspots(activity: Activity, n: int = 3) -> list[tuple[str, float]]:
    """The ``n`` greatest consumers of electricity, "stage: component, part", each with its share of the whole."""
    sums: dict[str, float] = {}
    for row in activity.where(flow="electricity").rows():
        part = f", {row['part']}" if row.get("part") else ""
        name = f"{row['stage']}: {row['component']}{part}"
        sums[name] = sums.get(name, 0.0) + float(np.mean(row["amount"]))
    whole = sum(sums.values())
    return [(name, amount / whole) for name, amount in sorted(sums.items(), key=lambda item: -item[1])[:n] if whole]


def _model(model: Any) -> tuple[models.Model, Architecture]:
    found = models.find(model)
    if found.architecture is None:
        raise BadInput("model", found.name, "its shape is needed too: name a model of the table or give its config.json")
    return found, found.architecture


def _bits(board: EdgeBoard, precision: str | None, calibration: Any) -> tuple[float | None, tuple[Assumption, ...]]:
    """Bits a weight; by default as the board was measured (None: as a calibration that does not say)."""
    if precision is None and calibration is not None:
        from jevons.estimate.board.calibrate import calibration_of

        precision = calibration_of(calibration).precision
        if not precision:
            return None, (Assumption("precision", "as calibrated", "neither given nor in the calibration", "stated"),)
    if precision is not None:
        if precision not in BITS:
            raise BadInput("precision", precision, f"choose one of {', '.join(BITS)}")
        return BITS[precision], ()
    measured = board.anchor["bits"] or board.bits
    name = min(BITS, key=lambda known: abs(BITS[known] - measured))
    return BITS[name], (Assumption("precision", name, "not given: as the board was measured", board.source),)


def _check(board: EdgeBoard, arch: Architecture, prompts: Prompts, bits: float | None) -> None:
    """Refuse what the board cannot hold."""
    if bits is None:
        return
    longest = float(np.max(prompts.input + prompts.output))
    needed = (parameters(arch) * bits / 8 + kv_bytes_per_token(arch) * longest) / units.BYTES_PER_GB
    if board.memory_gb is not None and needed > board.memory_gb:
        raise BadInput("model", arch.id, f"weights and cache take {needed:.1f} GB and {board.id} has {board.memory_gb:g}; "
                       "choose fewer bits (precision='int4'), a smaller model or another board")  # fmt: skip


def _law(board: EdgeBoard, model: str, calibration: Any) -> EdgeLaw:
    if calibration is not None:
        from jevons.estimate.board.calibrate import law_from

        return law_from(calibration, board)
    known = coefficient_pack("edge")["boards"].get(board.id, {}).get("model_ids", ())
    return law_of(board, known=model in known)


def _spread(law: EdgeLaw, board: EdgeBoard, later: Any, sampler: Draws) -> Any:
    """The law's interval as draws, the 10-90 % factors of its regime widened to 5-95 %."""
    low, high = factors(later, law.residuals)
    return sampler.multiplier(*bounds_90(np.minimum(low, 1.0), np.maximum(high, 1.0)), f"energy of {board.id}")


def _phases(law: EdgeLaw, shape: Shape, prompts: Prompts, ratio: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Joules by part, (parts, ...), and seconds, of each phase of one request."""
    prompt, later = prompts.input, np.maximum(prompts.output - 1, 0.0)
    ahead, after = edge_law.prefill_features(shape, prompt, ratio), edge_law.decode_features(shape, prompt, later, ratio)
    (joules, paces), (clock, clock_paces) = edge_law.vector(law.energy_j), edge_law.vector(law.time_s)
    energy = {"prefill": _shared(ahead, joules, edge_law.pace(prompt, paces)),
              "decode": after * _tall(joules[edge_law.PREFILL :], after)}  # fmt: skip
    seconds = edge_law.prefill(ahead, clock, edge_law.pace(prompt, clock_paces))
    return energy, {"prefill": seconds, "decode": edge_law.decode(after, clock)}


def _shared(parts: Any, joules: Any, paced: Any) -> Any:
    """The prefill's smooth maximum, parted between launching and work as their powers, within each by cost."""
    cost = parts * _tall(joules[: edge_law.PREFILL], parts)
    cost[2:] *= paced
    groups = np.stack([cost[:2].sum(0), cost[2:].sum(0)])
    weight = groups**edge_law.SHARPNESS / (groups**edge_law.SHARPNESS).sum(0) / np.maximum(groups, 1e-300)
    return edge_law.prefill(parts, joules, paced) * cost * np.concatenate([weight[:1]] * 2 + [weight[1:]] * 3)


def _tall(coefficients: Any, like: Any) -> Any:
    return coefficients.reshape(-1, *[1] * (like.ndim - 1))


def _law_rows(energy: Mapping[str, Any], drawn: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """One electricity row for each phase and named part of the law; ``drawn``: joules of one request as draws of all."""
    rows = []
    for stage, names in (("prefill", PART_NAMES[: edge_law.PREFILL]), ("decode", PART_NAMES[edge_law.PREFILL :])):
        for name in dict.fromkeys(names):
            joules = sum(energy[stage][i] for i, other in enumerate(names) if other == name)
            rows.append(_row(stage, "soc and dram", drawn(joules), part=name))
    return rows


def _row(stage: str, component: str, joules: Any, part: str = "") -> dict[str, Any]:
    return {"stage": stage, "component": component, "part": part, "amount": joules / units.JOULES_PER_KWH,
            "lifecycle": "operation"}  # fmt: skip


def _link(kind: str, given: Any, gigabytes: Any, board: EdgeBoard) -> tuple[Peripheral | None, Any]:
    """A radio or a store and the GB through it; none where nothing moves."""
    size = np.asarray(units.read(gigabytes, "GB", "moved_gb" if kind == "radio" else "read_gb"), float)
    return (peripheral(kind, True if given is None else given, board) if np.any(size > 0) else None), size


def _idle(board: EdgeBoard, session: Any, busy_h: Any) -> tuple[list[dict[str, Any]], tuple[Assumption, ...]]:
    """The row of waiting through a session, or the note that waiting was not counted."""
    if session is None:
        return [], (Assumption("idle time", "not counted", "give session_hours to count it", "stated"),)
    hours = np.asarray(units.read(session, "h", "session_hours"), float)[..., None]
    if np.any(hours < busy_h[..., :1]):
        raise BadInput("session_hours", session, f"the work alone takes {float(np.max(busy_h[..., 0])):.3g} h")
    if board.idle_w is None:
        raise BadInput("session_hours", session, f"the idle power of {board.id} is not known; give it in an overlay")
    joules = board.idle_w * np.maximum(hours - busy_h, 0.0) * units.SECONDS_PER_HOUR
    return [_row("idle", "soc and dram", joules)], (Assumption("idle power", f"{board.idle_w:g} W", "measured", board.source),)


def _supply(rows: list[dict[str, Any]], efficiency: Any) -> list[dict[str, Any]]:
    """The supply's losses, one row a stage."""
    stages = dict.fromkeys(row["stage"] for row in rows)
    drawn = {stage: sum(row["amount"] for row in rows if row["stage"] == stage) for stage in stages}
    return [_row(stage, "power supply", supply_loss_j(kwh * units.JOULES_PER_KWH, efficiency)) for stage, kwh in drawn.items()]


def _making(board: EdgeBoard, busy_h: Any, years: float | None, hours: float | None) -> tuple[list[dict[str, Any]], Any]:
    """The row of the device's time, or the note that nobody has published what it is made of."""
    flow = edge_flow(board.id, years, hours)
    try:
        board_units(board.id)
    except MissingFactor as trouble:
        return [], (Assumption("embodied carbon", "not counted", str(trouble), "stated"),)
    return [{"stage": "manufacture", "component": "device manufacture", "flow": flow, "amount": busy_h, "part": "",
             "lifecycle": "manufacture"}], ()  # fmt: skip


def _said(used: list[Peripheral]) -> list[Assumption]:
    return [note for p in used for note in p.assumptions]


def _served(count: Any, prompts: Prompts, busy_h: Any) -> dict[str, Any]:
    taken, made = (count * prompts.mean(tokens) for tokens in (prompts.input, prompts.output))
    return {"request": count[..., None], "input token": taken[..., None], "output token": made[..., None], "device hour": busy_h}
