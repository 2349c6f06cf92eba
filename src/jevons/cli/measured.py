"""Results read back. A measured run that is kept holds its journal, so that any machine can explain, compare and price it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError
from jevons.world.spec import Spec

if TYPE_CHECKING:
    from jevons.cli.outcome import Outcome
    from jevons.core.footprint import Footprint
    from jevons.core.study import Study
    from jevons.measure import Run

KIND = "measured"
JOURNAL = ".jsonl"


def record(run: Run, footprint: Footprint, at: str) -> dict[str, Any]:
    """A run that ended, priced, as plain values: what ``--json`` prints and ``--save`` keeps."""
    from jevons.cli.outcome import Outcome

    spec = Spec(KIND, {"run": run.id}, site_of(at), asked(footprint.study))
    told = Outcome(spec, run.activity, footprint).record()
    return {"run": run.id, **told, "journal": lines(run)}


def lines(run: Run) -> list[Mapping[str, Any]]:
    """The journal of a run that ended in two records: its header, and all its energy as the last word."""
    from jevons.measure import journal

    rows = [[*cell, energy_uj] for cell, energy_uj in run.cells.spent.items()]
    closed = {"kind": "closed", "t": run.ended_s, "m": 0, "e": run.cells.totals(), "d": rows}
    return [journal.read(run.journal.path).header, closed]


def result_of(path: Path) -> Mapping[str, Any]:
    """A saved result as it was kept; or a spec, or a run's journal, computed now."""
    from jevons.cli.outcome import kept as saved
    from jevons.cli.outcome import load

    if path.suffix == ".json" and "footprint" in load(path):
        return saved(path)
    return computed(path).record()


def computed(path: Path, at: str = "") -> Outcome:
    """A kept result, a spec, a measured run or its journal, computed now; ``at``: where a run was that does not tell."""
    from jevons.cli.outcome import carry_out
    from jevons.world import spec

    return outcome(path, at) or carry_out(spec.read(path))


def outcome(path: Path, at: str = "") -> Outcome | None:
    """A kept run, or a run's journal, priced now; None where the file is neither. ``at``: the place, where the run tells none.

    Errors: TableError where what is kept of the journal cannot be read.
    """
    import jevons
    from jevons.cli.outcome import Outcome
    from jevons.core.study import Study
    from jevons.measure import journal

    told = kept(path)
    if told is not None:
        written = journal.parsed((json.dumps(line).encode() + b"\n" for line in told["journal"]), path)
        named = told["spec"]
    elif path.suffix.lower() == JOURNAL and path.is_file():
        written, named = journal.read(path), {}
    else:
        return None
    asked_for = Spec(KIND, {"run": written.run}, {**site_of(at), **named.get("site", {})}, named.get("study", {}))
    footprint = jevons.footprint(written.activity, jevons.site(**asked_for.site), Study.kept(asked_for.study))
    return Outcome(asked_for, written.activity, footprint)


def kept(path: Path) -> Mapping[str, Any] | None:
    """What a kept run holds; None for any other file."""
    from jevons.cli.outcome import load

    told = load(path) if path.suffix.lower() == ".json" else None
    if not isinstance(told, Mapping) or not isinstance(told.get("spec"), Mapping) or told["spec"].get("estimate") != KIND:
        return None
    if not isinstance(told.get("journal"), list):
        raise TableError(path.name, None, "journal", None, "a kept run holds its journal; save it again, or name the journal itself")
    return told


def refuse(path: Path, instead: str) -> None:
    """Raise BadInput for a kept run where only an estimate will do."""
    if kept(path) is not None:
        raise BadInput("result", str(path), f"it is a measured run, no estimate; {instead}")


def site_of(at: str) -> dict[str, Any]:
    """The arguments of jevons.site for a place as typed, or for that of the settings."""
    from jevons.world.settings import settings

    name = at or settings().site
    return {"name": name} if name else {}


def asked(study: Study) -> dict[str, Any]:
    """The fields of a study that are not as they are by default."""
    usual = type(study)()
    return {f.name: getattr(study, f.name) for f in fields(study) if getattr(study, f.name) != getattr(usual, f.name)}
