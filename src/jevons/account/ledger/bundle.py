"""Bundles: runs with their whole chains in one zip file, to be handed on, taken in elsewhere, or computed again.

    manifest.json     who made it: code, factor set and its hash, machine, seeds, and the SHA-256 of the members
    entries.jsonl     the entries of the runs, as they stand in their chains
    spreads.jsonl     the draws they name

A bundle from elsewhere is read as if an enemy had made it: these three members and no other, nothing unpacked to disk, every
size bounded, every hash checked before a row is believed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from jevons.account.ledger import canonical, drawn, query
from jevons.account.ledger.chain import LINKED, link_trouble
from jevons.account.ledger.pen import Pen, spread_row, unless_there
from jevons.account.ledger.periods import Locks
from jevons.account.ledger.pricing import factor_hash
from jevons.account.ledger.schema import MARK, entry
from jevons.core.errors import BadInput
from jevons.core.files import replacing
from jevons.world import catalog

SCHEMA = "jevons.bundle/1"
MEMBERS = ("manifest.json", "entries.jsonl", "spreads.jsonl")
MOST_BYTES = 2 << 30
"""Most a member may unpack to."""
MOST_LINE = 64 << 20
MOST_RATIO = 200
"""A member that unpacks to more than this many times its size (and past a megabyte) is taken for a bomb."""
COLUMNS = (*LINKED, "body", "hash")


@dataclass(frozen=True)
class Bundle:
    """A bundle as read: who made it, the entries of each run in order, and the draws by their hash."""

    manifest: Mapping[str, Any]
    runs: Mapping[str, list[dict[str, Any]]]
    spreads: Mapping[str, bytes]


def write(connection: Connection, names: Iterable[str], path: Path) -> dict[str, Any]:
    """Write runs into a bundle; its manifest. Errors: UnknownName, BadInput where the file cannot be written."""
    wanted = list(dict.fromkeys(names))
    query.require(connection, wanted)
    runs = {name: _entries(connection, name) for name in wanted}
    bodies = [canonical.read(row["body"]) for own in runs.values() for row in own if row["kind"] == "activity"]
    spreads = query.spreads_of(connection, bodies)
    members = {"entries.jsonl": _lines(row for own in runs.values() for row in own),
               "spreads.jsonl": _lines({"hash": mark, "data": base64.b64encode(data).decode()} for mark, data in spreads.items())}  # fmt: skip
    manifest = {
        "schema": SCHEMA, **made_by(), "seeds": sorted({body["seed"] for body in bodies if "seed" in body}),
        "runs": {name: {"entries": len(own), "head": own[-1]["hash"]} for name, own in runs.items()},
        "members": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }  # fmt: skip
    try:
        with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
            for name, content in members.items():
                archive.writestr(name, content)
    except OSError as trouble:
        raise BadInput("bundle", str(path), f"name a place that can be written ({trouble.strerror})") from None
    return manifest


def made_by() -> dict[str, str]:
    """The code and tables at work, and the machine."""
    import numpy

    return {"jevons": canonical.code_version(), "factor_set": catalog.version(), "factor_hash": factor_hash(), "numpy": numpy.__version__,
            "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}  # fmt: skip


def _entries(connection: Connection, name: str) -> list[dict[str, Any]]:
    told = connection.execute(select(*(entry.c[c] for c in COLUMNS)).where(entry.c.run == name).order_by(entry.c.position))
    return [dict(row) for row in told.mappings()]


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(canonical.text(row) + "\n" for row in rows).encode("ascii")


def read(path: Path) -> Bundle:
    """A bundle from a file, every bound and hash checked. Errors: BadInput naming the member and what is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            _require_members(archive)
            manifest = _manifest(archive)
            runs = _runs(_rows(archive, "entries.jsonl", manifest))
            spreads = dict(_spread(row) for row in _rows(archive, "spreads.jsonl", manifest))
    except OSError as trouble:
        raise BadInput("bundle", str(path), f"name a file that can be read ({trouble.strerror or trouble})") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as trouble:
        raise BadInput("bundle", str(path), f"this is no zip file that can be read ({trouble})") from None
    except zipfile.zlib.error as trouble:  # type: ignore[attr-defined]
        raise BadInput("bundle", str(path), f"it is damaged ({trouble})") from None
    return Bundle(manifest, runs, spreads)


def _require_members(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    for info in infos[:100]:
        if info.filename not in MEMBERS:
            raise BadInput("bundle", info.filename, f"a bundle holds {', '.join(MEMBERS)} and nothing else")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadInput("bundle", info.filename, "a link is no member of a bundle")
        if info.flag_bits & 1:
            raise BadInput("bundle", info.filename, "an encrypted member cannot be read")
        if info.file_size > MOST_BYTES or info.file_size > max(MOST_RATIO * info.compress_size, 1 << 20):
            raise BadInput("bundle", info.filename, f"it would unpack to {info.file_size:,} bytes, which no bundle of ours does")
    if sorted(info.filename for info in infos) != sorted(MEMBERS):
        raise BadInput("bundle", [info.filename for info in infos[:5]], f"a bundle holds {', '.join(MEMBERS)}, each once")


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    with archive.open("manifest.json") as handle:
        raw = handle.read(MOST_LINE)
    try:
        found = canonical.read(raw.decode("utf-8"))
        if found["schema"] != SCHEMA or not isinstance(found["members"], dict) or not isinstance(found["factor_set"], str):
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise BadInput("bundle", "manifest.json", f"it does not describe a bundle ({SCHEMA})") from None
    return dict(found)


def _rows(archive: zipfile.ZipFile, member: str, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of a member, each bounded; the hash of the whole is checked at its end."""
    total, size, number = hashlib.sha256(), 0, 0
    with archive.open(member) as handle:
        while line := handle.readline(MOST_LINE):
            number, size = number + 1, size + len(line)
            if not line.endswith(b"\n") or size > MOST_BYTES:
                raise BadInput("bundle", f"{member}, line {number}", "a line without end, or cut off: this is no bundle of ours")
            total.update(line)
            yield _row(member, number, line)
    if total.hexdigest() != manifest["members"].get(member):
        raise BadInput("bundle", member, "altered: its content does not give the hash in the manifest")


def _row(member: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = canonical.read(line.decode("utf-8"))
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BadInput("bundle", f"{member}, line {number}", "it is no line of a bundle")
    return row


def _spread(row: Mapping[str, Any]) -> tuple[str, bytes]:
    try:
        data = base64.b64decode(row["data"], validate=True)
        mark = hashlib.sha256(data).hexdigest()
        if mark != row["hash"] or not data or len(data) % 4:
            raise ValueError
    except (KeyError, ValueError, TypeError):
        raise BadInput("bundle", "spreads.jsonl", "altered: draws do not give their hash") from None
    return mark, data


TYPES = {"run": str, "position": int, "kind": str, "at_s": float, "written_by": str, "why": str, "body": str, "previous": str,
         "hash": str}  # fmt: skip


def _runs(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, own in groupby(map(_typed, rows), key=lambda row: row["run"]):
        if canonical.name("run", name).startswith(MARK) or name in found:
            raise BadInput("bundle", name, "a run's entries stand together, and the ledger's own are not handed on")
        found[name] = list(own)
        previous = canonical.GENESIS
        for expected, row in enumerate(found[name], start=1):
            if trouble := link_trouble(row, expected, previous):
                raise BadInput("bundle", f"{name}, position {row['position']}", trouble)
            previous = row["hash"]
    return found


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    numbered = all(row.get(name) is None or type(row[name]) is int for name in ("sequence", "version"))
    if set(row) != set(COLUMNS) or not numbered or not all(type(row[name]) is kind for name, kind in TYPES.items()):
        raise BadInput("bundle", "entries.jsonl", "a line that is no entry of a ledger")
    return row


def take_in(connection: Connection, bundle: Bundle) -> dict[str, int]:
    """Add a bundle's runs: run → entries that were new. Errors: BadInput where a run here has another history, and then none is.

    A run that is here already is continued where the bundle's chain goes on from it. Closed ones are sealed here too.
    """
    pen = Pen(connection, bundle.runs, whole=True)
    locks, added = Locks.of(connection), {}
    _require_spreads(bundle)
    connection.execute(unless_there(connection), [spread_row(m, d) for m, d in bundle.spreads.items()]) if bundle.spreads else None
    for name, incoming in bundle.runs.items():
        state = pen.state(name)
        here = [row["hash"] for row in _entries(connection, name)]
        common = min(len(here), len(incoming))
        if here[:common] != [row["hash"] for row in incoming[:common]]:
            raise BadInput("bundle", name, "a run of this name is here with another history; rename one of the two")
        new = incoming[common:]
        added[name] = len(new)
        if new:
            _add(connection, pen, state, incoming, new, locks)
    return added


def _add(connection: Connection, pen: Pen, state: drawn.RunState, incoming: list[dict[str, Any]], new: list[dict[str, Any]],
         locks: Locks) -> None:  # fmt: skip
    name = incoming[0]["run"]
    try:
        folded = drawn.fold(name, incoming, state.sealed)
        folded.id = state.id
        for row in new:
            if row["kind"] == "activity":
                locks.admit(name, folded.project, canonical.read(row["body"]))
    except (ValueError, KeyError, TypeError, AttributeError) as trouble:
        if isinstance(trouble, BadInput):
            raise
        raise BadInput("bundle", name, f"an entry's content cannot be read ({trouble})") from None
    connection.execute(insert(entry), new)
    drawn.write(connection, [folded])
    if folded.closed:
        pen.states[name] = drawn.states(connection, [name])[name]
        pen.seal(name)


def _require_spreads(bundle: Bundle) -> None:
    from jevons.account.ledger.rows import activity_of

    for name, own in bundle.runs.items():
        for row in own:
            if row["kind"] == "activity":
                try:
                    activity_of(canonical.read(row["body"]), bundle.spreads)
                except (ValueError, KeyError, TypeError, AttributeError, IndexError) as trouble:
                    raise BadInput("bundle", f"{name}, position {row['position']}", f"its activity cannot be read ({trouble})") from None
