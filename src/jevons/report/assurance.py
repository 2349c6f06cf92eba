"""An assurance pack: what somebody who checks the figures needs, in one zip whose bytes depend on its content alone.

    lines.csv         every line: amount × factor = impact, with source, year, quality, method, factor set
    statement.json    the statement the lines stand behind
    completeness.json how much was measured, modelled, declared; what is left out; whether the lines recompute the totals
    assumptions.csv, sources.csv, inputs.csv (SHA-256 of what was read), contracts.json where there are any
    manifest.json     SHA-256 of every file above
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures
from jevons.report.rows import as_csv, rows

SCHEMA = "jevons.assurance/1"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold
MANIFEST = "manifest.json"
AGREES = 1e-9
LARGEST_BYTES = 500_000_000


def pack(footprints: Mapping[str, Footprint], statement: Mapping[str, Any], *, inputs: Mapping[str, bytes] | None = None,
         contracts: Mapping[str, Any] | None = None, version: str = "", factor_set: str = "") -> bytes:  # fmt: skip
    """The pack as a zip. ``inputs``: name → bytes of each file read; hashed, and kept as they are under ``inputs/``.

    Errors: BadInput for no footprint, an input's name that leaves the folder, or lines that do not recompute a total.
    """
    if not footprints:
        raise BadInput("footprints", "none", "name at least one result")
    table = rows(footprints, factor_set)
    held = dict(inputs or {})
    files = {
        "lines.csv": as_csv(table),
        "statement.json": _json(statement),
        "completeness.json": _json(completeness(footprints, table)),
        "assumptions.csv": as_csv(_assumptions(footprints), ("footprint", "what", "value", "why", "source")),
        "sources.csv": as_csv(_sources(footprints), tuple(_SOURCE)),
        "inputs.csv": as_csv(({"file": n, "sha256": sha256(b), "bytes": len(b)} for n, b in sorted(held.items())), ("file", "sha256", "bytes")),
        **({"contracts.json": _json(contracts)} if contracts else {}),
    }  # fmt: skip
    content = {name: text.encode("utf-8") for name, text in files.items()}
    content |= {f"inputs/{_plain_name(name)}": data for name, data in held.items()}
    manifest = {"schema": SCHEMA, "jevons": version, "factor_set": factor_set, "footprints": list(footprints),
                "sha256": {name: sha256(data) for name, data in sorted(content.items())}}  # fmt: skip
    return _zipped({**content, MANIFEST: _json(manifest).encode("utf-8")})


def completeness(footprints: Mapping[str, Footprint], table: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """By footprint and together: shares of the energy by method, of the climate figure that rests on an estimate, cut-offs.

    ``estimated_share``: share of the climate impact whose amount was modelled or declared, not read from a meter.
    """
    lines = rows(footprints) if table is None else table
    told = {title: _complete(footprint, [x for x in lines if x["footprint"] == title]) for title, footprint in footprints.items()}
    climate = [x for x in lines if x["indicator"] == "climate"]
    return {"footprints": told, "together": {"estimated_share": _estimated(climate), "without_quality": _unrated(climate)}}


def check(packed: bytes) -> list[str]:
    """What is wrong with a pack, empty where nothing is: hashes, files beside the manifest or twice, lines that do not multiply.

    Errors: BadInput where the bytes are no pack, or one too large to be unpacked here.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as opened:
            too_large = sum(i.file_size for i in opened.infolist()) > LARGEST_BYTES
            twice = {name: n for name, n in Counter(opened.namelist()).items() if n > 1}
            content = {} if too_large else {i.filename: opened.read(i) for i in opened.infolist()}
        if too_large:
            raise OverflowError
        stated = dict(json.loads(content.pop(MANIFEST))["sha256"])
    except OverflowError:
        raise BadInput("pack", "unpacks to more than 500 MB", "check it file by file with sha256sum") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, NotImplementedError, RuntimeError, EOFError) as trouble:
        raise BadInput("pack", f"{type(trouble).__name__}", "give a zip made by 'jevons report assurance'") from None
    wrong = [f"{name}: not the bytes the manifest states" for name, data in content.items() if stated.get(name) != sha256(data)]
    wrong += [f"{name}: missing" for name in stated if name not in content]
    wrong += [f"{name}: stands {n} times, and readers differ in which counts" for name, n in twice.items()]
    return wrong if any(said.startswith("lines.csv") for said in wrong) else wrong + _unmultiplied(content.get("lines.csv", b""))


def _unmultiplied(lines: bytes) -> list[str]:
    """Lines whose amount × rate is not their impact (to 1e-9 of it)."""
    wrong = []
    for number, row in enumerate(csv.DictReader(io.StringIO(lines.decode("utf-8", "replace"))), start=2):
        try:
            amount, rate, impact = (float(row[name] or "nan") for name in ("amount", "rate", "impact"))
        except (KeyError, TypeError, ValueError):
            return [*wrong, f"lines.csv, row {number}: amount, rate and impact are no numbers"]
        if abs(amount * rate - impact) > AGREES * abs(impact):
            wrong.append(f"lines.csv, row {number}: {amount!r} × {rate!r} is not {impact!r}")
    return wrong


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _complete(footprint: Footprint, lines: list[dict[str, Any]]) -> dict[str, Any]:
    sums = {i: sum(x["impact"] for x in lines if x["indicator"] == i) for i in footprint.indicators}
    for indicator, recomputed in sums.items():
        total = figures.figure(footprint, indicator).best
        if abs(recomputed - total) > AGREES * max(abs(total), 1e-300):
            raise BadInput(f"lines of {indicator}", recomputed, f"they do not sum to the total {total!r}; this is a fault of ours")
    climate = [x for x in lines if x["indicator"] == "climate"]
    return {
        "energy_by_method": figures.methods(footprint), "measured_share_of_energy": footprint.measured_share(),
        "estimated_share": _estimated(climate), "without_quality": _unrated(climate),
        "indicators": list(footprint.indicators), "not_priced": [i for i in footprint.study.indicators if i not in footprint.indicators],
        "left_out": list(footprint.study.cutoffs), "left_out_amounts": figures.left_out(footprint), "assumptions": len(footprint.assumptions),
        "lines": len(lines), "lines_recompute_totals": True, "study": figures.study_record(footprint.study),
    }  # fmt: skip


def _estimated(lines: list[dict[str, Any]]) -> float | None:
    whole = sum(x["impact"] for x in lines)
    return sum(x["impact"] for x in lines if x["method"] not in ("counter", "integrated")) / whole if whole else None


def _unrated(lines: list[dict[str, Any]]) -> float | None:
    """Share of the impact whose factor carries no quality digits."""
    whole = sum(x["impact"] for x in lines)
    return sum(x["impact"] for x in lines if not x["quality"]) / whole if whole else None


_SOURCE = ("id", "title", "publisher", "year", "locator", "licence", "terms", "retrieved", "note")


def _sources(footprints: Mapping[str, Footprint]) -> list[dict[str, Any]]:
    found = {s.id: asdict(s) for footprint in footprints.values() for s in footprint.sources}
    return [found[name] for name in sorted(found)]


def _assumptions(footprints: Mapping[str, Footprint]) -> list[dict[str, Any]]:
    return [{"footprint": title, **a.record()} for title, footprint in footprints.items() for a in footprint.assumptions]


def _plain_name(name: str) -> str:
    if not name or name != Path(name).name or name in (".", ".."):
        raise BadInput("input", name, "give a bare file name")
    return name


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"


def _zipped(content: Mapping[str, bytes]) -> bytes:
    """Stored, not deflated, in the order of names: the same bytes with every zlib."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as opened:
        for name, data in sorted(content.items()):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            opened.writestr(entry, data)
    return held.getvalue()
