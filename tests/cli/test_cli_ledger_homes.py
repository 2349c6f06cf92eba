"""Homes of one machine, imported on different days, in any order and company: no joule is counted twice."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jevons.account import ledger
from jevons.cli.ledger.taking_in import How, take_in
from jevons.measure.merge import merged
from jevons.measure.sensor import Meter

START_S = 1_767_225_600.0
NO_LABELS = {"project": None, "owner": None, "tags": None, "why": ""}
METERS = [asdict(Meter(device, "accelerator", "chip", "counter", "nvml")) for device in ("gpu0", "gpu1")]


def journal(folder, run, group, begin_s, joules, host="b", shared=False, closed=True):
    """A journal of one run: joules of each device an hour, from ``begin_s`` after the hour on."""
    start = START_S + begin_s
    head = {"kind": "header", "v": 1, "run": run, "host": "node", "boot": host, "group": group, "pid": 1, "t": start, "m": 0, "period_s": 1.0,
            "share": "process" if shared else "whole", "labels": {}, "meters": METERS, "python": "3.11"}  # fmt: skip
    records, end = [head], start
    for hour, devices in enumerate(joules):
        end = START_S + 3600 * (hour + 1)
        cells = [[int(START_S) + 3600 * hour, f"gpu{i}", "train", int(j * 1e6)] for i, j in enumerate(devices)]
        records.append({"kind": "hour", "t": end, "d": cells})
    if closed:
        records.append({"kind": "closed", "t": end, "d": []})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def kwh(book):
    return sum(one.energy_kwh for one in book.sums())


def imported(book, *paths):
    return take_in(book, list(paths), NO_LABELS, How(), {})


JOULES = st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=3)
RUN = st.tuples(st.sampled_from("gh"), st.sampled_from([0, 600, 3599]), JOULES, st.booleans(), st.sampled_from(["b", "c"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(RUN, min_size=1, max_size=4), st.data())
def test_in_whatever_order_and_company_journals_come_in_the_sum_is_that_of_all_together(tmp_path_factory, runs, data):
    folder = tmp_path_factory.mktemp("homes")
    paths = [journal(folder / "j", f"{i:04x}", group, begin, joules, host, shared) for i, (group, begin, joules, shared, host) in enumerate(runs)]
    whole = float(merged(paths).total()[0])
    book = ledger(folder / "ledger.db")
    for part in data.draw(st.lists(st.lists(st.sampled_from(paths), min_size=1, unique=True), max_size=3)):
        imported(book, *part)
    for path in data.draw(st.permutations(paths)):
        imported(book, path)
    assert kwh(book) == pytest.approx(whole, rel=1e-9, abs=1e-12)
    again = imported(book, *data.draw(st.permutations(paths)))
    assert kwh(book) == pytest.approx(whole, rel=1e-9, abs=1e-12)
    assert sum(one["new"] for one in again) == 0
    assert book.verify().sound


def test_a_home_that_comes_the_day_after_adds_only_what_nobody_had_kept(tmp_path):
    book = ledger(tmp_path / "ledger.db")
    imported(book, journal(tmp_path, "aaaa", "g", 0, [(3.6e6, 0)]))
    imported(book, journal(tmp_path, "bbbb", "h", 0, [(3.6e6, 3.6e6)]))
    assert {run.run: run.energy_kwh for run in book.runs()} == {"aaaa": pytest.approx(1.0), "bbbb": pytest.approx(1.0)}  # gpu1 alone is new
    assert imported(book, tmp_path / "bbbb.jsonl")[0]["same"] == 1


def test_a_run_that_grows_takes_what_is_new_and_an_older_copy_takes_nothing_back(tmp_path):
    book = ledger(tmp_path / "ledger.db")
    imported(book, journal(tmp_path / "early", "aaaa", "g", 0, [(3.6e6, 0)], closed=False))
    imported(book, journal(tmp_path, "bbbb", "h", 0, [(3.6e6, 0), (3.6e6, 0)]))
    imported(book, journal(tmp_path / "late", "aaaa", "g", 0, [(3.6e6, 0), (7.2e6, 0)]))
    assert kwh(book) == pytest.approx(3.0)  # an hour of 1 kWh, then one of 2
    imported(book, tmp_path / "early" / "aaaa.jsonl")
    assert kwh(book) == pytest.approx(3.0)


def test_the_machines_chain_is_no_run(tmp_path):
    book = ledger(tmp_path / "ledger.db")
    imported(book, journal(tmp_path, "aaaa", "g", 0, [(3.6e6, 0)]))
    assert [run.run for run in book.runs()] == ["aaaa"]
    assert book.verify().runs == 1


IMPORT = """
import sys
from pathlib import Path
from jevons.account import ledger
from jevons.cli.ledger.taking_in import How, take_in
labels = {"project": None, "owner": None, "tags": None, "why": ""}
take_in(ledger(sys.argv[1]), [Path(sys.argv[2])], labels, How(), {})
"""


def test_two_imports_at_once_count_no_joule_twice(tmp_path):
    place = tmp_path / "ledger.db"
    book = ledger(place)
    paths = [journal(tmp_path, name, group, 0, [(3.6e6, 3.6e6)] * 3) for name, group in (("aaaa", "g"), ("bbbb", "h"), ("cccc", "i"))]
    running = [subprocess.Popen([sys.executable, "-c", IMPORT, str(place), str(path)]) for path in paths]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert kwh(book) == pytest.approx(6.0, rel=1e-9)
    assert book.verify().sound
