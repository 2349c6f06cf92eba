"""Speech to text: an encoder that hears windows of 30 s, and a decoder that writes what it heard.

    encoder    a single pass over every window, `one_pass`
    decoder    tokens / batch steps of `server.physics`, each reading the decoder's weights, what was written, and the
               keys and values of the window's 1500 positions

Windows are heard ``batch`` at a time. A window is filled up with silence, so that a minute and a half is three of them.
No speech server was measured: the tier is a guess, and its interval spans the software that people run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, DoesNotFit, UnknownName
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, Uncertain
from jevons.estimate.diffusion.cost import Cost
from jevons.estimate.diffusion.rows import cost_rows, whole
from jevons.estimate.one_pass import WHISPER_TOKENS, WHISPER_WINDOW_S, half_width, pass_cost
from jevons.estimate.server.deployment import machine_of
from jevons.estimate.server.pack import coefficients, serving_pack
from jevons.estimate.server.physics import Load, step
from jevons.estimate.server.shape import Served, precision_of
from jevons.world import devices, models
from jevons.world.architecture import Architecture, attention_weights, ffn_weights, parameters
from jevons.world.hardware import Device

HEARING, WRITING = "speech encoder", "transcription"
BATCH = 8
SPOKEN = Uncertain(2.0, 3.3, 5.0, "tokens a second of speech")
"""Tokens a second: 150 words a minute (120 to 180 in talks) of 1.3 tokens (1 to 1.7), English; a judgement."""
HOST_LAYER_S, STACKS = 1.7e-4, 6.0
"""Host seconds a decoder block and step, and their factor (5-95 %): from 0.03 ms in a compiled server to 0.94 ms of an eager
pipeline (98 s for 150 minutes on an A100, 15 batches of some 200 steps: `insanely-fast-whisper`); their middle."""


def speech(model: Any, on: str, n: Any = 1, *, seconds: Any = None, tokens_per_s: Any = None, batch: Any = None, utilisation: Any = 1.0,
           draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of writing down ``seconds`` of speech (or "1 h") with ``model``, a row such as whisper-large-v3 or its config.json.

    Each of ``n`` devices works alone, ``batch`` windows (8) at once. ``tokens_per_s``: written a second of speech (default:
    3.3, from 2 to 5). Numbers may be arrays of scenarios. Errors: UnknownName with the nearest, DoesNotFit, BadInput.
    """
    if seconds is None:
        raise BadInput("seconds", None, "say how much speech there is, e.g. seconds='1 h'")
    arch, notes, source = _model(model)
    machine, matched = devices.device(on)
    time = np.asarray(units.read(seconds, "s", "seconds"), float)
    if np.any(time <= 0):
        raise BadInput("seconds", seconds, "give a time above 0")
    windows, at_once, sampler = np.ceil(time / WHISPER_WINDOW_S), whole(BATCH if batch is None else batch, "batch"), Draws(draws, seed)
    if batch is None:
        notes.append(Assumption("batch", f"{BATCH} windows at once", "not given: larger ones share the wait for the host"))
    spoken = SPOKEN if tokens_per_s is None else float(units.read(tokens_per_s, "", "tokens_per_s"))
    if tokens_per_s is None:
        notes.append(Assumption("tokens a second of speech", f"{SPOKEN.best:g} ({SPOKEN.low:g} to {SPOKEN.high:g})", "not given: 150 words a "
                                "minute", "jevons-rule"))  # fmt: skip
    _require_fit(arch, float(np.max(np.asarray(at_once))), machine)
    written = (spoken.best if isinstance(spoken, Uncertain) else spoken) * WHISPER_WINDOW_S
    heard, stands_in = pass_cost(_encoder(arch), at_once, WHISPER_TOKENS, machine, HEARING)
    seconds_written, joules_written = writing(arch, at_once, written, machine)
    cost = Cost({**heard.seconds, WRITING: seconds_written}, {**heard.joules, WRITING: joules_written}, heard.guessed)
    half = np.hypot(half_width(stands_in), np.log(STACKS))
    more = sampler.of(spoken) * WHISPER_WINDOW_S / written if isinstance(spoken, Uncertain) else 1.0
    why = Assumption("software of the decoder", f"{1e3 * HOST_LAYER_S:g} ms of the host a block, a factor of {STACKS:g} either way",
                     "between a compiled server and an eager pipeline; say batch for what shares it", "insanely-fast-whisper")  # fmt: skip
    return cost_rows(
        cost, windows / at_once, 1, sampler.multiplier(np.exp(-half), np.exp(half), "cost of speech") * _slower(cost, more),
        machine, utilisation, sampler, tier="guess", labels={"model": arch.name}, n=whole(n, "n"),
        served={"second": time, "output token": time * written / WHISPER_WINDOW_S},
        assumptions=(*notes, *matched, why), sources=(source, serving_pack()["name"]),
    )  # fmt: skip


def writing(arch: Architecture, batch: Any, tokens: float, machine: Device) -> tuple[Any, Any]:
    """Seconds and joules in which ``batch`` windows are written down on one device, ``tokens`` of each."""
    shape, held = decoder(arch), precision_of("fp16")
    pack = serving_pack()
    load = Load(np.asarray(batch, float), WHISPER_TOKENS + tokens / 2.0)
    fitted = {**coefficients(machine.generation, pack), "layer_s": HOST_LAYER_S}
    found = step(shape, held, machine_of(machine, held, 1.0), load, fitted)
    return np.asarray(found.total_s * tokens), np.asarray(found.energy_j * tokens)


def decoder(arch: Architecture) -> Served:
    """The decoder as a server of language models sees it: two attentions a block, of which the second reads the speech."""
    block = 2 * attention_weights(arch) + ffn_weights(arch, arch.ffn_hidden)
    return Served(
        layers=float(arch.layers), hidden=float(arch.hidden), kv_heads=float(arch.kv_heads),
        dense_params_b=(arch.layers * block + arch.vocab * arch.hidden) / 1e9,
        kv_elements=2.0 * arch.layers * arch.kv_heads * arch.head_dim,
        attention_flop=4.0 * arch.layers * arch.heads * arch.head_dim, context_limit=float(arch.context),
    )  # fmt: skip


def _slower(cost: Cost, more: Any) -> Any:
    """Draws of the whole time where more or fewer words are spoken than the best estimate has."""
    share = cost.seconds[WRITING] / cost.total_s
    return 1.0 + share[..., None] * (np.asarray(more) - 1.0)


def _encoder(arch: Architecture) -> Architecture:
    """Its encoder alone."""
    return Architecture(
        id=f"{arch.id}-encoder", name=f"{arch.name} encoder", kind="encoder", layers=arch.encoder_layers, hidden=arch.hidden,
        heads=arch.heads, kv_heads=arch.kv_heads, head_dim=arch.head_dim, ffn_hidden=arch.ffn_hidden, gated=arch.gated, vocab=1,
        positions=WHISPER_TOKENS, norm_vectors=arch.norm_vectors,
    )  # fmt: skip


def _model(model: Any) -> tuple[Architecture, list[Assumption], str]:
    try:
        found = models.find(model)
    except UnknownName as unknown:
        raise UnknownName("model", str(model), unknown.nearest, "or give the path of its config.json") from None
    arch = found.architecture
    if arch is None or arch.family != "whisper":
        raise BadInput("model", model, "name a model that writes down speech, e.g. 'whisper-large-v3', or its config.json")
    return arch, list(found.assumptions), found.source


def _require_fit(arch: Architecture, batch: float, machine: Device) -> None:
    weights = 2 * parameters(arch) / units.BYTES_PER_GB
    each = 2 * 2 * arch.layers * arch.hidden * (WHISPER_TOKENS + arch.context) / units.BYTES_PER_GB
    have = machine.memory_gb or 0.0
    if weights + each * batch > have:
        fits = int((have - weights) / each) if have > weights else 0
        raise DoesNotFit(f"{arch.name}, batch {batch:g} on {machine.id}", weights + each * batch - have, f"batch {fits}" if fits else None)
