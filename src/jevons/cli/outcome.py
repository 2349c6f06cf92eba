"""A spec carried out: the door called, the activity priced, the result kept as plain values."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError
from jevons.world import spec as specs
from jevons.world.spec import Spec

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint

DOORS = {  # kind -> the functions of jevons.estimate that take its arguments, the first of them called
    "training": ("training",), "recorded": ("recorded",), "fine-tuning": ("fine_tuning", "training"),
    "distillation": ("distillation", "training"), "generic": ("generic",), "storage": ("storage",),
    "data": ("data_preparation", "generic"), "transfer": ("transfer",), "experimentation": ("experimentation",), "serving": ("serving",), "request": ("request",), "edge": ("edge",),
    "generation": ("generation",), "one-pass": ("one_pass",), "speech": ("speech",),
}  # fmt: skip
CALLED = {"training": "Training", "recorded": "Recorded run of", "fine-tuning": "Fine-tuning",
          "distillation": "Distilling", "generic": "Computation", "storage": "Storage", "data": "Data preparation", "experimentation": "Trials around", "transfer": "Transfer",
          "serving": "Serving", "request": "Requests to", "edge": "Prompts to", "generation": "Generating with", "one-pass": "One pass of",
          "speech": "Speech through", "measured": "Measured run"}  # fmt: skip
SUBJECTS = ("model", "student", "cpu", "medium", "what", "params")
AMOUNTS = {"tokens": "tokens", "terabytes": "TB", "gigabytes": "GB", "months": "months", "cores": "cores"}
LEDGER = ("hours", "device_hours", "energy")  # what only a run that is over can tell


@dataclass(frozen=True)
class Outcome:
    """A spec, what it consumes and what that costs."""

    spec: Spec
    activity: Activity
    footprint: Footprint

    @property
    def title(self) -> str:
        """What was asked, in a line: ``Training llama-2-7b, 2T tokens, 512 × a100``."""
        about = {**self.spec.arguments.get("final", {}), **self.spec.arguments}
        said = {name: plain(value) for name, value in about.items()}
        subject = next((said[name] for name in SUBJECTS if name in said), "")
        amounts = [f"{said[name]} {unit}" if said[name][-1].isdigit() or name == "tokens" else said[name]
                   for name, unit in AMOUNTS.items() if name in said]  # fmt: skip
        devices = " × ".join(said[name] for name in ("n", "on") if name in said)
        called = CALLED[self.spec.kind]
        head = f"{called} {subject}" if subject else called.removesuffix(" of").removesuffix(" around")
        return ", ".join(x for x in (head, *amounts, devices) if x)

    @property
    def length(self) -> str:
        """How long it takes and how many device-hours, where that is known."""
        from jevons.core import units

        served = summary(self.activity)["served"]
        known = [units.show(units.convert(served["wall hour"]["best"], "h", "s"), "s")] if "wall hour" in served else []
        if "device hour" in served:
            known.append(f"{units.significant(served['device hour']['best'])} device-hours")
        return ", ".join(known)

    def record(self) -> dict[str, Any]:
        """The result as plain values: what ``--json`` prints and ``--save`` keeps."""
        import jevons
        from jevons.report.record import as_json
        from jevons.world import catalog

        factors = catalog.version()
        footprint = as_json(self.footprint, jevons.__version__, factors, self.title)
        return {"jevons": jevons.__version__, "factor_set": factors, "spec": self.spec.record(),
                "activity": summary(self.activity), "footprint": footprint}  # fmt: skip


def plain(value: Any) -> str:
    """A value as typed: 512.0 was 512."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def carry_out(asked: Spec) -> Outcome:
    """Estimate and price. Errors: those of the doors, naming field, value and mend."""
    import jevons
    from jevons.core.study import Study

    spec = settled(asked)
    activity = made(spec.kind, spec.arguments)
    place = jevons.site(**spec.site)
    footprint = jevons.footprint(activity, place, Study(**spec.study), spec.arguments.get("draws", 1000))
    return Outcome(spec, activity, footprint)


def passed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the door takes them: the final run that trials are about, and the training behind a served model,
    become their activity."""
    told = dict(arguments)
    for name in {"final", "training"} & set(told):
        inner = specs.of(told[name], where=f"spec: {name}")
        told[name] = made(inner.kind, inner.arguments)
    return told


def made(kind: str, arguments: Mapping[str, Any]) -> Any:
    """The activity that a kind of spec describes. Errors: BadInput for what is lacking, and those of the door."""
    specs.require_given(door(kind), arguments, kind)
    unnamed = {"model": None} if "params" in arguments else {}
    return door(kind)(**unnamed | passed(arguments))


def behind(spec: Spec) -> Spec:
    """A served model whose training is named by the path of its spec, with that spec settled and written in."""
    if not isinstance(spec.arguments.get("training"), str):
        return spec
    inner = settled(specs.read(spec.arguments["training"], "training"))
    drawn = {name: value for name, value in spec.arguments.items() if name in ("draws", "seed")}
    told = Spec(inner.kind, {**inner.arguments, **drawn}).record()
    return Spec(spec.kind, {**spec.arguments, "training": told}, spec.site, spec.study)


def about(spec: Spec) -> Spec:
    """Trials with their final run settled and written into the spec; where and why are those of the final run."""
    final = spec.arguments.get("final")
    if final is None:
        raise BadInput("spec: final", None, "give the spec of the final run, or the path of one")
    given = specs.of(final, where="spec: final") if isinstance(final, Mapping) else specs.read(str(final))
    drawn = {name: value for name, value in spec.arguments.items() if name in ("draws", "seed")}
    inner = settled(Spec(given.kind, {**given.arguments, **drawn}, given.site, given.study))
    own = {name: value for name, value in spec.arguments.items() if name not in drawn}
    return Spec(spec.kind, {**own, "final": Spec(inner.kind, inner.arguments).record()}, spec.site, spec.study).over(
        Spec(spec.kind, {}, inner.site, inner.study))  # fmt: skip


def settled(asked: Spec) -> Spec:
    """The spec as it will be kept: routed to its door, checked, with the settings' site written in."""
    from jevons.world.settings import settings

    spec = about(asked) if asked.kind == "experimentation" else behind(asked) if asked.kind == "serving" else routed(asked)
    spec.check(keys(spec.kind))
    site = {"name": settings().site, "strict": settings().strict or None, "year": spec.arguments.get("year")}
    return spec.over(Spec(spec.kind, {}, {name: value for name, value in site.items() if value}))


def routed(asked: Spec) -> Spec:
    """Training whose hours or energy are known is a recorded run; its year then says only which grid."""
    if asked.kind != "training" or not set(LEDGER) & set(asked.arguments):
        return asked
    kept = {name: value for name, value in asked.arguments.items() if name != "year"}
    for name in sorted((keys("training") - keys("recorded")) & set(kept)):
        raise BadInput(name, kept[name], f"a run whose {' or '.join(LEDGER)} is known needs none; leave one of the two out")
    year = {"year": asked.arguments["year"]} if "year" in asked.arguments else {}
    return Spec("recorded", kept, asked.site, asked.study).over(Spec("recorded", {}, year))


def door(kind: str) -> Any:
    """The function of jevons.estimate that answers this kind of spec."""
    from jevons import estimate

    return getattr(estimate, DOORS[kind][0])


def keys(kind: str) -> set[str]:
    """The arguments a kind of spec may hold."""
    from jevons import estimate

    found = [inspect.signature(getattr(estimate, name)).parameters.values() for name in DOORS[kind]]
    return {p.name for parameters in found for p in parameters if p.kind is not p.VAR_KEYWORD}


def summary(activity: Activity) -> dict[str, Any]:
    """Totals by flow and what was served: best estimate with the 5 and 95 % quantiles."""
    from jevons.core.activity import flow_unit

    flows = {flow: {"unit": flow_unit(flow), **spread(activity.total(flow))}
             for flow in dict.fromkeys(activity.column("flow"))}  # fmt: skip
    served = {unit: spread(count) for unit, count in activity.served.items()}
    return {"rows": len(activity), "flows": flows, "served": served}


def spread(amounts: Any) -> dict[str, float]:
    """Best, low and high of an array (..., 1 + draws) of one scenario."""
    from jevons.core.uncertain import best, interval

    low, high = interval(amounts)
    return {"best": float(best(amounts).sum()), "low": float(low.sum()), "high": float(high.sum())}


def kept(path: Path) -> dict[str, Any]:
    """A saved result. Errors: BadInput where the file holds none."""
    record = load(path)
    if not isinstance(record, Mapping) or "footprint" not in record:
        raise BadInput("result", str(path), "give a file written by --save (or a spec, to estimate it anew)")
    return dict(record)


def load(path: Path) -> Any:
    """What a JSON file holds; TableError naming the line where it is broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as trouble:
        raise BadInput("file", str(path), f"name a file that can be read ({trouble.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput("file", str(path), "save it as UTF-8") from None
    except json.JSONDecodeError as trouble:
        raise TableError(path.name, trouble.lineno, None, trouble.msg, "mend the JSON") from None
