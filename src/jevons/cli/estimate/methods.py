"""``jevons compare-methods``: why tools disagree about the same activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import measured, options, show
from jevons.cli.options import chosen, taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.estimate.methods import Priced
    from jevons.integrations.codecarbon_compare import Compared

app = typer.Typer()
MOST_SHOWN = 5
ACTIVITY: options.Group = {name: {**options.RECORDED, **options.HARDWARE, **options.STEP, **options.GENERIC}[name]
                           for name in ("hours", "on", "n", "power", "memory")}  # fmt: skip
WORK: options.Group = options.MODEL
PLACE: options.Group = {name: options.SITE[name] for name in ("at", "year", "pue", "intensity")}
options.PANELS[options.WHAT] += (ACTIVITY,)
options.PANELS[options.WHERE] += (PLACE,)


@app.command(no_args_is_help=True)
@taking(WORK, ACTIVITY, PLACE, options.FORM)
def compare_methods(
    result: Annotated[Path | None, typer.Argument(metavar="RESULT.json|emissions.csv", show_default=False, help="A kept training "
                                                  "or generic result, or a spec: its hours, devices and place; or a file that CodeCarbon "
                                                  "or its stand-in wrote: each run by both.")] = None,  # fmt: skip
    **given: Any,
) -> None:
    """Price one activity as jevons and eight other tools would, and say what makes each differ.

    jevons compare-methods --hours "15 days" --on a100 --n 512 --at France
    jevons compare-methods --model llama-2-7b --tokens 2T --on a100 --n 512 --at France
    jevons compare-methods emissions.csv
    """
    if result is not None and result.suffix == ".csv":
        return tell_rows(result, {**chosen(given, WORK), **chosen(given, ACTIVITY, PLACE)}, given)
    if result is not None:
        measured.refuse(result, "tools are told hours of devices: give --hours, --on and --at, or the emissions.csv of the stand-in")
    priced = computation(result, {**chosen(given, WORK), **chosen(given, ACTIVITY, PLACE)}) or accelerators(result, given)
    if show.wants_json(given):
        show.out_json([asdict(tool) for tool in priced])
    else:
        tell(priced)


def computation(result: Path | None, flags: Mapping[str, Any]) -> list[Priced]:
    """A kept computation on a processor as each tool would price it; nothing where the result is of anything else."""
    from jevons.cli.outcome import settled
    from jevons.world import spec as specs

    asked = settled(specs.read(result)) if result is not None else None
    if asked is None or asked.kind not in ("generic", "data") or "on" in asked.arguments:
        return []
    from jevons.estimate.processor_methods import compare_computation

    if "cpu" not in asked.arguments:
        raise BadInput("cpu", None, "tools know processors by name: make the estimate with --cpu")
    if flags:
        raise BadInput(next(iter(flags)), next(iter(flags.values())), "leave it out: the result says what ran, and where")
    said = {name: asked.arguments[name] for name in ("hours", "cpu", "cores", "usage", "memory", "repeats") if name in asked.arguments}
    where = {name: asked.site[name] for name in ("year", "pue", "intensity") if name in asked.site}
    return compare_computation(place=str(asked.site.get("name", "")), **said, **where)


def accelerators(result: Path | None, given: Mapping[str, Any]) -> list[Priced]:
    """Hours of accelerators, told by a result or by flags, as each tool would price them."""
    from jevons.estimate.methods import compare_methods as compared

    asked = {**known(result, chosen(given, WORK), chosen(given, ACTIVITY, PLACE)), **chosen(given, ACTIVITY, PLACE)}
    for name in ("hours", "on"):
        if name not in asked:
            raise BadInput(name, None, f"give --{name}, or a kept result")
    return compared(asked.pop("hours"), asked.pop("on"), whole(asked.pop("n", 1)), asked.pop("at", ""), **asked)


def tell_rows(file: Path, asked: Mapping[str, Any], form: Mapping[str, Any]) -> None:
    """Each run of an emissions.csv by jevons and by CodeCarbon, and why they differ."""
    from jevons.integrations.codecarbon_compare import compare_rows

    if asked:
        raise BadInput(next(iter(asked)), next(iter(asked.values())), "leave it out: the file tells what ran, and where")
    if not file.is_file():
        raise BadInput("result", str(file), "name a file that is there")
    runs = compare_rows(file)
    if show.wants_json(form):
        show.out_json([asdict(run) for run in runs])
    else:
        for run in runs[-MOST_SHOWN:]:
            tell_run(run)
        if len(runs) > MOST_SHOWN:
            show.say(f"{len(runs) - MOST_SHOWN} earlier runs: --json")


def tell_run(run: Compared) -> None:
    """A run as a table: watts by component, then energy, intensity and carbon, each as a ratio."""
    from jevons.core import units

    def row(name: str, ours: float, theirs: float, unit: str, why: str) -> tuple[str, ...]:
        return name, units.show(ours, unit), units.show(theirs, unit), f"{ours / theirs:.3g}" if theirs else "–", why

    cells = [row(p.component, p.jevons_w, p.codecarbon_w, "W", p.why) for p in run.parts]
    cells += [row("energy", run.jevons_kwh, run.codecarbon_kwh, "kWh", f"{run.hours:.4g} h, PUE {run.pue:g} in both"),
              row("g/kWh", run.jevons_kg_per_kwh * units.G_PER_KG, run.codecarbon_kg_per_kwh * units.G_PER_KG, "", "of the electricity"),
              row("carbon", run.jevons_kg, run.codecarbon_kg, "kg", "energy × intensity")]  # fmt: skip
    screen = show.console()
    screen.print(f"{run.project or 'run'} {run.run}, recorded by {run.recorded_by}")
    screen.print(show.rows(("", "jevons", "CodeCarbon", "ratio", "why"), cells, right=("jevons", "CodeCarbon", "ratio"),
                           whole=("jevons", "CodeCarbon")))  # fmt: skip
    for note in run.notes:
        screen.print(f"  {note}")
    screen.print()


def known(result: Path | None, work: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What a kept result or a spec says of hours, devices and place; or an estimate of the training that flags describe."""
    from jevons.world import spec as specs

    if result is not None:
        return of_spec(specs.read(result), str(result))
    if not work:
        return {}
    if "hours" in given:
        raise BadInput("hours", given["hours"], "model and tokens would say it too; leave out the one or the other")
    site = {name: given[name] for name in ("year", "pue", "intensity") if name in given} | {"name": str(given.get("at", ""))}
    run = {name: given[name] for name in ("on", "n", "year") if name in given}
    return of_spec(specs.Spec("training", {**work, **run}, {k: v for k, v in site.items() if v != ""}), "training")


def of_spec(asked: Any, where: str) -> dict[str, Any]:
    """Hours, devices and place of a spec, carried out."""
    from jevons.cli.outcome import carry_out, summary

    found = carry_out(asked)
    served, said = summary(found.activity)["served"], found.spec.arguments
    if "on" not in said or not ("wall hour" in served or "device_hours" in said):
        raise BadInput("result", where, "it needs an accelerator (on) and how many (n), or their device_hours")
    place = {"at": found.spec.site.get("name", ""), **{k: found.spec.site[k] for k in ("year", "pue", "intensity")
                                                        if k in found.spec.site}}  # fmt: skip
    power = {"power": said["power"]} if "power" in said else {}
    if "wall hour" not in served:  # device-hours alone: as many hours of one
        return {"hours": served["device hour"]["best"], "on": said["on"], **power, **place}
    return {"hours": served["wall hour"]["best"], "on": said["on"], "n": said.get("n", 1), **power, **place}


def whole(value: Any) -> int:
    """A count of devices as a whole number."""
    from jevons.core import units

    number = units.read(value, "", "n", minimum=1)
    if number != int(number):
        raise BadInput("n", value, "give a whole number of devices, 1 or more")
    return int(number)


def tell(priced: list[Priced]) -> None:
    """A row a tool, then what each says it leaves out."""
    from jevons.core import units

    def kilograms(value: float | None) -> str:
        return "–" if value is None else units.show(value, "kg")

    cells = [(x.tool, units.show(x.energy_kwh, "kWh"), kilograms(x.operational_kg), kilograms(x.embodied_kg),
              x.differs or "–") for x in priced]  # fmt: skip
    screen = show.console()
    screen.print(show.rows(("tool", "energy", "operation", "making", "differs from jevons by"), cells,
                           right=("energy", "operation", "making")))  # fmt: skip
    screen.print()
    screen.print(show.rows(("tool", "as of", "leaves out"), [(x.tool, x.version, left_out(asdict(x))) for x in priced]))


def left_out(tool: Mapping[str, Any]) -> str:
    """What a tool does not count, and where it needed a stand-in."""
    return ". ".join([tool["leaves_out"], *tool["notes"]])
