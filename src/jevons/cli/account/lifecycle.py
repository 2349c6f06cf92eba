"""``jevons lifecycle``: a model's whole life from one file, with what is not counted and what is counted twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import exits, options, show
from jevons.cli.options import taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.life.lifecycle import LifeCycle

app = typer.Typer()
PART = ("what", "site", "served", "includes", "note")  # keys of a part that are no argument of an estimate
File = Annotated[Path, typer.Argument(metavar="SPEC.yaml", show_default=False, help="Phases and their parts.")]


@app.command(no_args_is_help=True)
@taking(options.FORM)
def lifecycle(
    spec: File,
    choices: Annotated[bool, typer.Option("--choices", help="Other ways to share out the making of hardware.")] = False,
    splits: Annotated[bool, typer.Option("--splits", help="How published life cycles divide, beside this one.")] = False,
    **given: Any,
) -> None:
    """The life cycle of a model: phases, what is not counted, overlapping meters, published figures, one use.

    Exit code 1 where something is counted twice or a claim contradicts itself. jevons lifecycle bloom-lifecycle.yaml
    """
    from jevons.account.life.lifecycle import lifecycle as accounted

    cycle = accounted(resolved(spec), folder=spec.parent)
    told = {**told_of(cycle), **extras(cycle, choices, splits)}
    if show.wants_json(given):
        show.out_json(told)
    else:
        from jevons.cli.account.lifecycle_table import tell

        tell(told)
    accused = any(f["severity"] != "note" for f in told["findings"])
    raise typer.Exit(exits.FINDING if told["counted_twice"] or accused else exits.OK)


def resolved(path: Path) -> Any:
    """The spec in a file, with the parts that are estimates (``estimate: training``, ``spec: FILE``) carried out."""
    from jevons.world import spec as specs

    given = specs.load(path)
    if not isinstance(given, Mapping) or not isinstance(given.get("phases"), Mapping):
        return given
    phases = {phase: [carried_out(part, path.parent) for part in parts] if isinstance(parts, list) else carried_out(parts, path.parent)
              for phase, parts in given["phases"].items()}  # fmt: skip
    return {**given, "phases": phases}


def carried_out(part: Any, folder: Path) -> Any:
    """A part that is an estimate as the Activity it gives; any other part as it is."""
    from jevons.cli.outcome import made, settled
    from jevons.world import spec as specs

    if not isinstance(part, Mapping) or not {"estimate", "spec"} & set(part):
        return part
    kept = {name: value for name, value in part.items() if name in PART}
    rest = {name: value for name, value in part.items() if name not in PART}
    if {"estimate", "spec"} <= set(rest):
        raise BadInput(str(part.get("what")), sorted(part), "give estimate, or spec, not both")
    asked = settled(specs.of(rest, where=str(part.get("what"))) if "estimate" in rest else specs.read(folder / str(rest["spec"])))
    site = {"site": dict(asked.site)} if asked.site and "site" not in kept else {}
    return {**kept, **site, "activity": made(asked.kind, asked.arguments)}


def told_of(cycle: LifeCycle) -> dict[str, Any]:
    """A life cycle as plain values; claims are weighed by the auditor."""
    from jevons.account.life.published import beside
    from jevons.estimate.audit import audit_table

    claims = [dict(claim) for claim in cycle.claims]
    return {
        "lifecycle": cycle.name, "goal": cycle.goal, "source": cited(cycle.source), "study": asdict(cycle.study),
        "total": spread(cycle), "parts": [told_part(cycle, part) for part in cycle.parts],
        "not_counted": dict(cycle.not_counted), "counted_twice": [asdict(o) for o in cycle.overlaps],
        "without_overlap": {i: cycle.without_overlap.best(i) for i in cycle.footprint.indicators} if cycle.overlaps else None,
        "published": [{**asdict(b), "deviation": b.deviation} for b in beside(cycle)],
        "findings": [asdict(f) for f in audit_table(claims)] if claims else [],
        "per_use": {unit: cycle.per(unit) for unit in cycle.use}, "use": dict(cycle.use),
        "assumptions": [str(a) for a in cycle.footprint.assumptions], "sources": [s.cite() for s in cycle.footprint.sources],
    }  # fmt: skip


def told_part(cycle: LifeCycle, part: Any) -> dict[str, Any]:
    """One part: its figures by indicator."""
    whole = cycle.only([f"{part.phase}/{part.name}"])
    return {"phase": part.phase, "part": part.name, "note": part.note, "site": str(part.site.get("name", "")),
            **{i: whole.best(i) for i in whole.indicators}}  # fmt: skip


def spread(cycle: LifeCycle) -> dict[str, dict[str, float]]:
    """Totals with their 5 and 95 % quantiles."""
    found = {}
    for i in cycle.footprint.indicators:
        low, high = cycle.footprint.interval(i)
        found[i] = {"best": cycle.footprint.best(i), "low": low, "high": high}
    return found


def extras(cycle: LifeCycle, choices: bool, splits: bool) -> dict[str, Any]:
    """Choices of amortisation and published splits, where they are asked for."""
    from jevons.account.life.amortise import choices as others
    from jevons.account.life.published import splits as divided

    asked = {"choices": [asdict(c) for c in others(cycle)]} if choices else {}
    return {**asked, "splits": [asdict(s) for s in divided(cycle)]} if splits else asked


def cited(source: str) -> str:
    """A source of the table in words; any other as it was written."""
    from jevons.world import catalog

    return catalog.source(source).cite() if source in catalog.table("sources").index else source
