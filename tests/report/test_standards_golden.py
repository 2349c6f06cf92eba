"""Every paper of one made-up run, beside the file that was read and found right (tests/golden/standards).

``JEVONS_WRITE_GOLDEN=1`` writes them anew: read what changed before you keep it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from standards_sample import SHORT, Place, priced, sides

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.study import Study
from jevons.report.rows import rows
from jevons.report.standards import (
    ai_energy_score,
    annex_xi,
    annex_xi_record,
    boamps,
    esrs_statement,
    focus,
    ghg_statement,
    ghg_text,
    sci,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "standards"
CONTRACTS = {"consumption_kwh": 731_000.0, "matched_kwh": 100_000.0, "by_kind_kwh": {"certificate": 100_000.0, "ppa": 0.0, "supplier": 0.0},
             "uses": [{"contract": "lot-1", "fuel": "wind", "site": "north", "kwh": 100_000.0}], "assumptions": []}  # fmt: skip


def served():
    """A dated inference of 1,000 requests, one hour on one H100."""
    rows = [
        {"amount": 2.0, "component": "accelerator", "boundary": "chip", "method": "counter", "device": "nvidia-h100-sxm5-80gb",
         "stage": "decode", "owner": "search", "start_s": 1_700_000_000.0, "end_s": 1_700_003_600.0},
        {"amount": 1.0, "component": "host", "tier": "physics", "device": "nvidia-h100-sxm5-80gb", "stage": "decode", "owner": "search",
         "start_s": 1_700_000_000.0, "end_s": 1_700_003_600.0},
    ]  # fmt: skip
    activity = Activity.of(rows, served={"request": 1000.0, "output token": 3e5, "device hour": 1.0, "wall hour": 1.0})
    return assess(activity, Place(), Study(indicators=SHORT), draws=0)


PAPERS = {
    "ghg.json": lambda: ghg_statement([sides(), sides("cloud", "service", market=False, name="south")], organisation="Acme",
                                      period="2023", contracts=CONTRACTS, credits_t=50.0),
    "ghg.md": lambda: ghg_text(ghg_statement([sides()], organisation="Acme", period="2023")),
    "esrs.json": lambda: esrs_statement([sides()], revenue=2e6, removals_t=1.0, credits_t=50.0, contracts=CONTRACTS),
    "sci.json": lambda: sci(served(), "1k output tokens"),
    "annex_xi.txt": lambda: annex_xi(priced(), "Sample-176B", 3.7e23, 105) + "\n",
    "annex_xi.json": lambda: annex_xi_record(priced(), "Sample-176B", 3.7e23, 105),
    "boamps.json": lambda: boamps(served(), stage="inference", family="text generation", country="France", requests=1000.0,
                                  algorithm={"algorithmType": "llm", "foundationModelName": "sample"}, when="2023-11-15 00:00:00"),
    "ai_energy_score.json": lambda: ai_energy_score(served(), "text generation", "sample", 8, 1),
    "focus.json": lambda: focus.rows(served(), "2026.01"),
    "rows.json": lambda: rows({"served": served()}, "2026.01"),
}  # fmt: skip


def near(found, expected, where=""):
    """Equal, numbers to 1e-9."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key in expected:
            near(found[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            near(a, b, f"{where}[{i}]")
    elif isinstance(expected, float) and isinstance(found, (int, float)):
        assert found == pytest.approx(expected, rel=1e-9), where
    else:
        assert found == expected, where


def without_id(paper):
    """The paper without the identifier made of its last digits."""
    return {**paper, "header": {**paper["header"], "reportId": ""}} if "header" in paper else paper


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_is_the_one_that_was_found_right(name):
    made, path = PAPERS[name](), GOLDEN / name
    text = made if isinstance(made, str) else json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if os.environ.get("JEVONS_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    if name.endswith(".json"):
        near(*map(without_id, (json.loads(text), json.loads(kept))), name)
    else:
        assert text == kept
