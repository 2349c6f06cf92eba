"""Images and video by diffusion: what making them will consume, from the model's shape and the size asked for.

    device-hours = outputs / batch · seconds of a batch · GPUs that make it together
    energy       = device-hours × (accelerator power of each stage + its share of the host)

Time and power of a stage: `jevons.estimate.diffusion.cost`; the work behind them: `jevons.estimate.diffusion.work`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, bounds_90
from jevons.estimate.diffusion.cost import Cost, generation_pack, rates_of
from jevons.estimate.diffusion.interval import Setting, batch_cost, interval, never_measured
from jevons.estimate.diffusion.memory import require_fit
from jevons.estimate.diffusion.rows import cost_rows, whole
from jevons.world import devices, diffusion
from jevons.world.diffusion import DiffusionModel
from jevons.world.hardware import Device


def generation(model: Any, on: str, n: Any = 1, *, images: Any = None, videos: Any = None, height: Any = None,
               width: Any = None, frames: Any = None, steps: Any = None, guidance: Any = None, batch: Any = None,
               parallel: Any = 1, ring: Any = 1, utilisation: Any = 1.0, params: Any = None, draws: int = 1000, seed: int = 0
               ) -> Activity:  # fmt: skip
    """Activity of making ``images`` or ``videos`` (one, where neither is given) with ``model`` on ``n`` GPUs ``on``.

    ``batch`` outputs (1) are made at once by ``parallel`` GPUs, ``ring`` of them by a ring, the others by splitting
    heads (Ulysses); a last batch that is not full counts by its share. Arithmetic is in 16 bits. ``guidance``: its
    scale; at 1 or below a step is evaluated once. ``utilisation``: share of the time the GPUs work; the rest is a
    stage of its own. Sizes, steps and counts may be arrays of scenarios. ``params``: of the transformer of a model that
    is in no table, whose shape is then supposed (tier guess).
    Errors: UnknownName with the nearest models, DoesNotFit with the batch that would fit, BadInput naming the field.
    """
    found, named = _model(model, params, "image" if videos is None and frames is None else "video")
    machine, matched = devices.device(on)
    setting, notes = _setting(found, height, width, frames, steps, guidance, batch, parallel, ring)
    require_fit(found, setting, machine)
    outputs, count = _outputs(found, images, videos), whole(n, "n")
    if np.any(np.asarray(count) % (setting.ulysses * setting.ring)):
        raise BadInput("n", n, f"give a multiple of parallel = {setting.ulysses * setting.ring:g}")
    sampler = Draws(draws, seed)
    cost, multiple, tier, why = _estimated(found, setting, machine, sampler)
    return cost_rows(
        cost, outputs / setting.batch, setting.ulysses * setting.ring, multiple, machine, utilisation, sampler,
        tier=tier, labels={"model": found.name}, served={found.output: outputs, "step": outputs * setting.steps},
        n=count, assumptions=(*named, *matched, *notes, *why), sources=(found.source,),
    )  # fmt: skip


def _model(model: Any, params: Any, output: str) -> tuple[DiffusionModel, tuple[Assumption, ...]]:
    """The model of the table, or one of so many parameters; BadInput where both are given."""
    if params is None:
        return diffusion.find(model)
    try:
        known = diffusion.find(model)[0]
    except UnknownName:
        count = units.read(params, "", "params")
        if np.ndim(count) or not count > 0:
            raise BadInput("params", params, "give the parameters of the transformer, one number above 0") from None
        found, said = diffusion.of_size(str(model), output, count)
        return found, (said,)
    raise BadInput("params", params, f"{known.name} is in the table; leave params out")


def _estimated(model: DiffusionModel, s: Setting, machine: Device, sampler: Draws
               ) -> tuple[Cost, Any, str, tuple[Assumption, ...]]:  # fmt: skip
    """Cost of a batch, draws of its error, the tier, and what was assumed."""
    pack = generation_pack()
    cost, stands_in = batch_cost(model, s, rates_of(machine), machine.generation, pack)
    low, high = interval(cost.guessed, pack["residuals"], never_measured(model, s, stands_in, pack["spread"]))
    multiple = sampler.multiplier(*bounds_90(low, high), "cost of generation")
    tier = "guess" if stands_in or model.supposed else "family" if model.id in pack["models"] else "physics"
    notes = (Assumption(f"kernel efficiency of {machine.generation}", "that of hopper",
                        "no measured generation on this hardware", pack["name"]),) if stands_in else ()  # fmt: skip
    return cost, multiple, tier, notes


def _setting(model: DiffusionModel, height: Any, width: Any, frames: Any, steps: Any, guidance: Any, batch: Any,
             parallel: Any, ring: Any) -> tuple[Setting, list[Assumption]]:  # fmt: skip
    """What was asked for, with the model's usual values where nothing was said; BadInput naming the field."""
    if frames is not None and model.output == "image":
        raise BadInput("frames", frames, f"{model.name} makes images; leave frames out")
    notes = [] if batch is not None else [Assumption("batch", "1", "not given: larger ones share the wait for the host")]
    given = {"height": height, "width": width, "frames": frames, "steps": steps}
    for name, value in given.items():
        if value is None:
            given[name] = getattr(model, name)
            if name != "frames" or model.output == "video":
                notes.append(Assumption(name, f"{given[name]}", "usual for such models" if model.supposed else f"usual for {model.name}", model.source))
    least = model.downsample * model.patch
    sizes = {k: whole(v, k, least if k in ("height", "width") else 1) for k, v in given.items()}
    together, around = whole(parallel, "parallel"), whole(ring, "ring")
    if model.unet_channels and np.any(np.asarray(together) > 1):
        raise BadInput("parallel", parallel, f"{model.name} is a U-Net, whose split over GPUs is not modelled; leave it at 1")
    if np.any(np.asarray(together) % around) or np.any(model.heads % (np.asarray(together) // around)):
        raise BadInput("ring", ring, f"it must divide parallel = {parallel}, and what is left {model.heads} heads")
    scale = np.inf if guidance is None else np.asarray(units.read(guidance, "", "guidance"))
    return Setting(whole(1 if batch is None else batch, "batch"), **sizes, passes=np.where(scale > 1, model.passes, 1.0),
                   ulysses=together / around, ring=around), notes  # fmt: skip


def _outputs(model: DiffusionModel, images: Any, videos: Any) -> Any:
    """How many are made; BadInput where the model makes the other kind."""
    given = {"image": images, "video": videos}
    wanted = given.pop(model.output)
    for other, value in given.items():
        if value is not None:
            raise BadInput(f"{other}s", value, f"{model.name} makes {model.output}s; say {model.output}s=...")
    return 1.0 if wanted is None else units.read(wanted, "", f"{model.output}s")
