"""What ``jevons ledger import`` takes in: journals, files of other tools, kept results, bundles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.ledger.append import Window
    from jevons.account.ledger.book import Ledger

FACTS = ("host", "boot", "python", "period_s")  # of a journal's header, kept with the run
AGREE = 1e-12


def take_in(book: Ledger, files: Sequence[Path] | None, labels: Mapping[str, Any], run: str, zone: str,
            at: Mapping[str, Any]) -> list[dict[str, Any]]:  # fmt: skip
    """Keep what each file holds, a transaction a file; a summary of each. ``at``: where to price what came in."""
    told = []
    for path in files or journals():
        told.append({"file": str(path), **one(book, path, labels, run, zone)})
        for name in told[-1]["runs"] if at else ():
            book.price(name, at)
    return told


def journals() -> list[Path]:
    """The journals in JEVONS_HOME. Errors: BadInput where there is none."""
    from jevons.measure.home import home
    from jevons.measure.journal import SUFFIX

    found = sorted((home() / "journal").glob(f"*{SUFFIX}"))
    if not found:
        raise BadInput("files", str(home() / "journal"), "no journal is there; name a file, or measure a run: jevons run -- COMMAND")
    return found


def one(book: Ledger, path: Path, labels: Mapping[str, Any], run: str, zone: str) -> dict[str, Any]:
    """Keep what one file holds."""
    from jevons.account.ledger import bundle
    from jevons.account.ledger.incoming import bounded

    if not path.is_file():
        raise BadInput("file", str(path), "name an existing file")
    if path.suffix == ".zip":
        found = bundle.read(path)
        with book.writing() as connection:
            added = bundle.take_in(connection, found)
        return {"what": "bundle", "runs": list(added), "new": sum(added.values()), "same": 0, "corrected": 0}
    kind = kind_of(bounded(path))
    if kind == "result":
        return result(book, path, labels, run)
    windows, over = journal(path, labels) if kind == "journal" else foreign(path, labels, run, zone)
    done = book.append_all(windows)
    for name in over:
        book.close(name)
    what = kind if kind == "journal" else str((windows[0].environment or {}).get("source")) if windows else "nothing"
    return {"what": what, "runs": done.runs, "new": done.new, "same": done.same, "corrected": done.corrected}


def kind_of(path: Path) -> str:
    """journal, result, or other, by how the file begins."""
    with path.open("rb") as handle:
        first = handle.readline(1 << 20)
    try:
        found = json.loads(first)
    except ValueError:
        found = None
    if isinstance(found, dict) and found.get("kind") == "header":
        return "journal"
    return "result" if path.suffix == ".json" and is_result(path) else "other"


def is_result(path: Path) -> bool:
    """Whether a JSON file was written by --save of an estimate."""
    from jevons.cli.outcome import load

    found = load(path)
    return isinstance(found, Mapping) and "footprint" in found and "spec" in found


def journal(path: Path, labels: Mapping[str, Any]) -> tuple[list[Window], list[str]]:
    """The windows of a journal, one an hour; and its run, where it has its last word."""
    from jevons.account.ledger.append import Window
    from jevons.account.ledger.incoming import by_hour
    from jevons.measure.journal import read

    book = read(path)
    said = book.header.get("labels", {})
    own = {**labels, **{key: labels[key] or said.get(key) for key in ("project", "owner")}}
    facts = {name: book.header[name] for name in FACTS if name in book.header}
    parts = by_hour(book.activity, float(book.header["t"]))
    return [Window(book.run, hour, part, environment=facts, growing=True, **own) for hour, part in parts.items()], (
        [book.run] if book.closed else [])  # fmt: skip


def foreign(path: Path, labels: Mapping[str, Any], run: str, zone: str) -> tuple[list[Window], list[str]]:
    """A window for each run of another tool's file."""
    from jevons.account import read, recognise
    from jevons.account.ledger.append import Window
    from jevons.account.ledger.incoming import by_run, name_of, word_of

    kind = recognise(path)
    parts = by_run(read(path, kind, zone=zone), run or name_of(path, kind))
    windows = []
    for name, part in parts.items():
        own = {**labels, **{key: labels[key] or word_of(part, key) for key in ("project", "owner")}}
        windows.append(Window(name, 1, part, environment={"source": kind}, growing=True, **own))
    return windows, []


def result(book: Ledger, path: Path, labels: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Keep an estimate written by --save: made again from its spec, and refused where it then says something else."""
    import hashlib

    from jevons.account.ledger import canonical
    from jevons.cli.outcome import carry_out, kept
    from jevons.core.study import Study
    from jevons.world import spec as specs

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
    return {"what": "result", "runs": done.runs, "new": done.new, "same": done.same, "corrected": done.corrected}

