"""What ``jevons ledger import`` takes in: journals, files of other tools, kept results, bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.cli.ledger import homes, journals, tables
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.ledger.append import Appended, Window
    from jevons.account.ledger.book import Ledger
    from jevons.measure.journal import Written

AGREE = 1e-12


@dataclass(frozen=True, slots=True)
class How:
    """How files are read: a name for a run that has none, the zone of stamps, and as ``jevons account read`` takes it."""

    run: str = ""
    zone: str = "UTC"
    kind: str = ""
    option: Mapping[str, Any] = field(default_factory=dict)
    power: Sequence[str] = ()
    cpu: str = ""
    model: bool = False


def take_in(book: Ledger, files: Sequence[Path] | None, labels: Mapping[str, Any], how: How, at: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Keep what each file holds, a transaction a file; a summary of each. ``at``: where to price what came in."""
    told, paths = [], files or journals.journals()
    pending = homes.coming(paths)
    for path in paths:
        told.append({"file": str(path), **one(book, path, labels, how, pending)})
        if at:
            told[-1]["refused"] = tables.priced(book, told[-1]["runs"], at)[1]
    return told


def one(book: Ledger, path: Path, labels: Mapping[str, Any], how: How, pending: dict[str, Written]) -> dict[str, Any]:
    """Keep what one file holds."""
    from jevons.account.ledger import bundle
    from jevons.account.ledger.incoming import bounded

    if not path.exists():
        raise BadInput("file", str(path), "name an existing file")
    if path.suffix == ".zip":
        found = bundle.read(path)
        with book.writing() as connection:
            added = bundle.take_in(connection, found)
        return {"what": "bundle", "runs": list(added), "new": sum(added.values()), "same": 0, "corrected": 0}
    if path.is_dir() and (days := fleet_days(path, labels)) is not None:
        return counted("closed days", book.append_all(days))
    kind = "other" if path.is_dir() else kind_of(bounded(path))  # MLflow keeps folders, and so do some meters
    if kind == "result":
        return result(book, path, labels, how.run)
    if kind == "journal":
        return counted(kind, journals.take_in(book, path, labels, pending))
    windows = foreign(path, labels, how)
    what = str((windows[0].environment or {}).get("source")) if windows else "nothing"
    return counted(what, book.append_all(windows))


def counted(what: str, done: Appended) -> dict[str, Any]:
    """The summary of what a file came to."""
    return {"what": what, "runs": done.runs, "new": done.new, "same": done.same, "corrected": done.corrected}


def kind_of(path: Path) -> str:
    """journal, result, or other, by how the file begins."""
    if homes.header(path) is not None:
        return "journal"
    return "result" if path.suffix == ".json" and is_result(path) else "other"


def is_result(path: Path) -> bool:
    """Whether a JSON file was written by --save of an estimate."""
    from jevons.cli.outcome import load

    found = load(path)
    return isinstance(found, Mapping) and "footprint" in found and "spec" in found


def fleet_days(path: Path, labels: Mapping[str, Any]) -> list[Window] | None:
    """A window for each owner and day of a folder of closed days; None for another folder."""
    from jevons.account.ledger.append import Window
    from jevons.account.telemetry.owners import day_runs, holds_days

    if not holds_days(path):
        return None
    return [Window(one.run, 1, one.activity, environment={"source": "closed days"}, growing=True,
                   **{**labels, "owner": labels["owner"] or one.owner or None, "why": labels["why"] or one.why})
            for one in day_runs(path)]  # fmt: skip


def foreign(path: Path, labels: Mapping[str, Any], how: How) -> list[Window]:
    """A window for each run of another tool's file."""
    from jevons.account import read, recognise
    from jevons.account.ledger.append import Window
    from jevons.account.ledger.incoming import by_run, name_of, word_of
    from jevons.cli.account.account import modelled

    kind = how.kind or recognise(path)
    found = modelled(read(path, kind, zone=how.zone, **how.option), how.power, how.cpu, how.model)
    windows = []
    for name, part in by_run(found, how.run or name_of(path, kind)).items():
        own = {**labels, **{key: labels[key] or word_of(part, key) for key in ("project", "owner")}}
        windows.append(Window(name, 1, part, environment={"source": kind}, growing=True, **own))
    return windows


def result(book: Ledger, path: Path, labels: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Keep an estimate written by --save: made again from its spec, and refused where it then says something else."""
    import hashlib

    from jevons.account.ledger import canonical
    from jevons.cli import measured
    from jevons.cli.outcome import carry_out, kept
    from jevons.core.study import Study
    from jevons.world import spec as specs

    measured.refuse(path, "its journal is taken in: jevons ledger import")
    was, found = kept(path), carry_out(specs.read(path))
    for name, figure in was["footprint"]["indicators"].items():
        now = found.footprint.best(name) if name in found.footprint.indicators else None
        if now is None or abs(now - figure["best"]) > AGREE * abs(figure["best"]):
            raise BadInput("result", str(path), f"estimated now, its {name} is another; see jevons rerun, save it again and import that")
    spec = found.spec.record()
    name = run or f"{found.spec.kind}-{hashlib.sha256(canonical.text(spec).encode()).hexdigest()[:12]}"
    done = book.append(name, 1, found.activity, spec=spec, estimate=True, **labels)
    book.price(name, found.spec.site, Study(**found.spec.study), found.spec.arguments.get("draws", 1000))
    show.say(f"{name}: {found.title}")
    return counted("result", done)

