"""``make refresh``: tables rebuilt from packages; a small package stands in for each."""

from __future__ import annotations

import csv
import json
import zipfile

import pytest
from benchmarks.refresh import compat, cpus, grid
from benchmarks.refresh.packages import PINNED


@pytest.fixture
def cache(tmp_path):
    """A folder with wheels of the pinned versions that hold two rows each."""
    states = {"_unit": {"regionCode": "code"}, "_source": {"year": 2023}, "iowa": {"emissions": 1000.0, "regionCode": "IA"},
              "usa": {"emissions": 900.0, "regionCode": "US"}}  # fmt: skip
    power = "Name,TDP\nAMD EPYC 7763,280\nAMD EPYC 9999,not known\nAMD EPYC 7261,170\n"
    mixes = {"electricity_mixes": [{"name": "FRA", "gwp": 0.05}, {"name": "WOR", "gwp": 0.4}]}
    members = {"codecarbon": {grid.STATES: json.dumps(states), cpus.MEMBER: power},
               "ecologits": {"ecologits/data/electricity_mixes.json": json.dumps(mixes)},
               "ecologits-0.9": {"ecologits/data/electricity_mixes.csv": "name,gwp\nFRA,0.06\n"}}  # fmt: skip
    for name, files in members.items():
        project = name.split("-")[0]
        with zipfile.ZipFile(tmp_path / f"{project}-{PINNED[name]}-py3-none-any.whl", "w") as wheel:
            for member, text in files.items():
                wheel.writestr(member, text)
    return tmp_path


def test_states_come_from_the_package_without_the_mean_of_the_country(cache):
    (row,) = grid.build_states(cache)
    assert row["id"] == "US-IA"
    assert float(row["ci_g_per_kwh"]) == pytest.approx(453.59)


def test_a_processors_power_is_rebuilt_and_its_other_cells_stay(cache):
    old = [{"name": "AMD EPYC 7763", "tdp_w": "225", "cores": "64"}, {"name": "AMD EPYC 9999", "tdp_w": "400", "cores": "8"},
           {"name": "AMD EPYC 7261", "tdp_w": "155", "cores": "8"}]  # fmt: skip
    new = cpus.build(cache, old)
    assert [row["tdp_w"] for row in new] == ["280", "400", "155"]
    assert new[0]["cores"] == "64"


def test_other_tools_intensities_move_with_their_source_and_nothing_else_does(cache):
    like = {"note": "", "source": "", "quality": "", "year": ""}
    old = [{"id": "ecologits/fra", "tool": "ecologits", "place": "FRA", "ci_g_per_kwh": "44", **like},
           {"id": "mlco2/gcp/x", "tool": "mlco2", "place": "gcp/x", "ci_g_per_kwh": "10", **like}]  # fmt: skip
    new = {row["id"]: row["ci_g_per_kwh"] for row in compat.build_grid(cache, {}, old, {"FR": "FRA"})}
    assert new == {"ecologits/fra": "50", "mlco2/gcp/x": "10", "ecologits-0-9/fra": "60"}


def test_a_checkout_moves_the_tools_that_have_no_package(cache, tmp_path):
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "impact.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("provider", "region", "impact"), ("gcp", "x", "12"), ("gcp", "y", "")])
    old = [{"id": "mlco2/gcp/x", "tool": "mlco2", "place": "gcp/x", "ci_g_per_kwh": "10"}]
    new = compat.build_grid(cache, {"mlco2": tmp_path}, old, {})
    assert [row["ci_g_per_kwh"] for row in new] == ["12"]
