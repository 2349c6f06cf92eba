"""A measured run that was kept can be explained, compared and handed in, on any machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A short run kept in a file whose home is gone."""
    home, file = tmp_path / "home", tmp_path / "run.json"
    monkeypatch.setenv("JEVONS_HOME", str(home))
    command = [sys.executable, "-m", "jevons", "run", "--at", "France", "--save", str(file), "--", "sleep", "0.3"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    journal = next((home / "journal").glob("*.jsonl"))
    shutil.copy(journal, tmp_path / "run.jsonl")
    shutil.rmtree(home)
    return file


def test_a_kept_run_is_explained_and_comes_out_bit_for_bit_the_same(kept, jevons):
    lines, told = jevons(f"explain {kept} --json").json["explain"]["climate"], json.loads(kept.read_text())
    assert sum(line["impact"] for line in lines) == pytest.approx(told["footprint"]["indicators"]["climate"]["best"], rel=1e-12)
    said = jevons(f"rerun {kept} --json")
    assert (said.code, said.json["identical"]) == (0, True)


def test_an_estimate_is_set_beside_the_run_kept_or_as_its_journal(kept, tmp_path, jevons):
    estimate = tmp_path / "estimate.json"
    jevons(f"estimate generic --cpu 'EPYC 7763' --cores 2 --hours 0.01 --at France --save {estimate}")
    told = json.loads(kept.read_text())["footprint"]["indicators"]["climate"]["best"]
    for run in (kept, tmp_path / "run.jsonl"):
        said = jevons(f"compare {estimate} {run} --json")
        climate = next(line for line in said.json["compared"] if line["indicator"] == "climate")
        assert climate["measured"] == pytest.approx(told, rel=1e-9)


def test_a_paper_is_made_from_a_kept_run(kept, jevons):
    said = jevons(f"report sci {kept}")
    assert said.json["E_kwh"] == pytest.approx(json.loads(kept.read_text())["footprint"]["indicators"]["energy"]["best"], rel=1e-9)


def test_where_only_an_estimate_will_do_a_kept_run_is_refused_with_the_way_to_go(kept, tmp_path, jevons):
    said = jevons(f"ledger import {kept} --ledger {tmp_path / 'ledger.db'}")
    assert said.code == 2
    assert "its journal is taken in" in said.err
    said = jevons(f"compare-methods {kept}")
    assert said.code == 2
    assert "emissions.csv" in said.err


def test_a_kept_run_without_its_journal_is_refused(kept, jevons):
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps({**told, "journal": None}))
    said = jevons(f"compare {kept} {kept}")
    assert said.code == 2
    assert "a kept run holds its journal" in said.err
    kept.write_text(json.dumps({**told, "journal": [{"kind": "hour"}]}))
    said = jevons(f"compare {kept} {kept}")
    assert said.code == 2
    assert "this is no journal of jevons" in said.err
