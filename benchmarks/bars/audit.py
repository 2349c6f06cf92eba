"""Bars of the audit: known contradictions found, injected errors found, sound records left alone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml
from benchmarks.audit_injection import Score, audit_benchmark, wilson
from benchmarks.bars.bar import Bar, Limit
from benchmarks.bars.training import FILE

from jevons.core.uncertain import Z90
from jevons.estimate.audit import audit, audit_table

SECTION = "Audit of published accounts (no rival has one)"
RECORDS = Path(__file__).resolve().parents[2] / "tests/golden/contradictions.yaml"


def bars(shared: Path | None, n: int = 1000) -> list[Bar]:
    """All rows of this section; the shared table only where it is present."""
    found = audit_benchmark(n=n)
    out = [contradictions(RECORDS), share("injected errors found", found["injected"], Limit(low=0.90)),
           share("false alarms on sound records", found["clean"], Limit(high=0.05))]  # fmt: skip
    return out + ([published(shared / FILE)] if shared else [])


def contradictions(path: Path) -> Bar:
    """Of the contradictions of the literature, how many are accused; one told in two records needs both."""
    told: dict[str, list[dict[str, Any]]] = {}
    for case in yaml.safe_load(path.read_text(encoding="utf-8")):
        told.setdefault(case.get("part_of", case["id"]), []).append(case["record"])
    accused = {name: all(any(f.accuses for f in audit(r)) for r in records) for name, records in told.items()}
    missed = [name for name, found in accused.items() if not found]
    count = sum(accused.values())
    return Bar(SECTION, f"contradictions of the literature found, of {len(told)}", len(told), count, "of", must=Limit(low=7),
               note=f"missed: {', '.join(missed) or 'none'}")  # fmt: skip


def share(name: str, score: Score, must: Limit) -> Bar:
    """A rate over generated records with its 90 % Wilson interval, and the same by kind."""
    n, found = score.n.total(), score.found.total()
    kinds = ", ".join(f"{kind} {found_}/{of}" for kind, of in sorted(score.n.items()) for found_ in [score.found[kind]])
    return Bar(SECTION, name, n, found / n, "%", wilson(found, n, Z90), must, note=kinds)


def published(path: Path) -> Bar:
    """Rows of the table of published runs that are accused: to be read one by one, for some are known to be wrong."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    accused = {f.record: f"{f.record} ({f.rule})" for f in audit_table(rows) if f.accuses}
    return Bar(SECTION, "published rows accused", len(rows), len(accused), "of", note="; ".join(accused.values()))
