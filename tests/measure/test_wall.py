"""The wall model on a server beside a wattmeter: a benchmark that the fit never saw."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict

import numpy as np
import pytest

from jevons.core.errors import BadInput, UnknownName
from jevons.measure import wall
from jevons.measure.coefficients import coefficient_pack

FILES = {"dgx-1-gpu": "gpu_2022_04_20_1s.csv.gz", "dgx-1-cpu": "cpu_2022_11_08_1s.csv.gz"}
CHIPS = ("cpu0_w", "cpu1_w", "dram_w", "gpu_w")
BARS = {"dgx-1-gpu": 0.020, "dgx-1-cpu": 0.005}


@pytest.fixture(scope="module", params=FILES, ids=list(FILES))
def runs(request, shared):
    """(name, benchmark, mean chips W, mean wall W) of each run of a campaign."""
    by_run = defaultdict(list)
    with gzip.open(shared / "data/power_truth/server" / FILES[request.param], "rt") as handle:
        for row in csv.DictReader(handle):
            by_run[row["run"]].append(row)
    means = []
    for rows in by_run.values():
        last = max(float(row["t_s"]) for row in rows) - 12
        kept = [r for r in rows if 5 <= float(r["t_s"]) <= last - 5 and r["wall_w"] and all(r[c] for c in CHIPS if c in r)]
        means.append((rows[0]["benchmark"], np.mean([sum(float(r[c]) for c in CHIPS if c in r) for r in kept]),
                      np.mean([float(r["wall_w"]) for r in kept])))  # fmt: skip
    benchmark, chips_w, wall_w = map(np.array, zip(*means, strict=True))
    return request.param, benchmark, chips_w, wall_w


def left_out(benchmark, chips_w, wall_w):
    """{benchmark: relative errors of its runs, predicted from the others}"""
    errors = {}
    for name in sorted(set(benchmark)):
        rest = benchmark != name
        model = wall.fit(chips_w[rest], wall_w[rest], benchmark[rest])
        errors[name] = np.array([model.power_w(x) / y - 1 for x, y in zip(chips_w[~rest], wall_w[~rest], strict=True)])
    return errors


def test_a_benchmark_left_out_is_predicted_within_the_bar(runs):
    name, benchmark, chips_w, wall_w = runs
    errors = left_out(benchmark, chips_w, wall_w)
    assert len(errors) == 3
    assert {b: float(abs(e.mean())) <= BARS[name] for b, e in errors.items()} == dict.fromkeys(errors, True)


def test_the_pack_is_what_the_data_give(runs):
    name, benchmark, chips_w, wall_w = runs
    kept, model = coefficient_pack("wall")["servers"][name], wall.fit(chips_w, wall_w, benchmark)
    errors = left_out(benchmark, chips_w, wall_w)
    assert kept["runs"] == len(chips_w)
    assert (kept["offset_w"], kept["slope"]) == (pytest.approx(model.offset_w, abs=0.05), pytest.approx(model.slope, abs=5e-5))
    assert kept["left_out"]["worst_benchmark"] == pytest.approx(max(abs(e.mean()) for e in errors.values()), abs=1e-4)
    assert kept["left_out"]["worst_run"] == pytest.approx(max(abs(e).max() for e in errors.values()), abs=1e-4)


def test_adding_an_idle_gap_alone_is_worse(runs):
    name, benchmark, chips_w, wall_w = runs
    gap_w = (wall_w - chips_w)[benchmark == "idle"].mean()
    busy = benchmark != "idle"
    naive = abs((chips_w + gap_w)[busy] / wall_w[busy] - 1).mean()
    model = wall.server(name)
    ours = abs(np.array([model.power_w(x) for x in chips_w[busy]]) / wall_w[busy] - 1).mean()
    assert ours < naive / 2


def test_energy_at_the_wall_is_offset_by_time_and_slope_by_energy():
    model = wall.Wall(280.0, 1.17, 0.02)
    assert model.energy_j(1000.0 * 60, 60) == pytest.approx((280 + 1170) * 60)
    assert model.interval_j(1000.0, 1)[0] < model.energy_j(1000.0, 1) < model.interval_j(1000.0, 1)[1]


@pytest.mark.parametrize(("chips", "walls"), [([100], [200]), ([100, 200], [300]), ([100, 200], [90, 300]), ([0, 1], [2, 3])])
def test_runs_that_cannot_be_are_refused(chips, walls):
    with pytest.raises(BadInput, match="give"):
        wall.fit(chips, walls)


def test_a_server_that_is_not_in_the_pack_is_told_with_those_that_are():
    with pytest.raises(UnknownName, match="dgx-1-gpu"):
        wall.server("dgx-9")
