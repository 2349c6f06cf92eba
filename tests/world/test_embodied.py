"""Embodied carbon: published footprints come out, methods stand side by side, nothing is free."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from jevons.core.errors import MissingFactor, UnknownName
from jevons.world import catalog, embodied

with (Path(__file__).parents[1] / "golden/embodied.csv").open(newline="", encoding="utf-8") as _file:
    GOLDEN = list(csv.DictReader(_file))
PUBLISHED = {"nvidia-h100-sxm5-80gb": 164.0, "nvidia-b200-sxm-180gb": 284.25, "nvidia-a100-sxm4-40gb": 127.6}


def act_area_kg(node_nm: str) -> float:
    """The ACT equation on one cm2 with the inputs of its node row."""
    row = catalog.table("embodied_node").index[f"act-{node_nm}nm"]
    return float(embodied.act_die_kg(1.0, float(row["ci_fab_g_per_kwh"]) / 1000, float(row["epa_kwh_per_cm2"]),
                                     float(row["gpa97_g_per_cm2"]) / 1000, float(row["mpa_g_per_cm2"]) / 1000,
                                     float(row["yield_share"])))  # fmt: skip


def computed(call: str) -> float:
    name, *given = call.split(":")
    if name == "of_device":
        return embodied.of_device(given[0]).impacts["climate"]
    if name == "act":
        return act_area_kg(given[0])
    return float(getattr(embodied, name)(*map(float, given)))


@pytest.mark.parametrize("row", GOLDEN, ids=[row["id"] for row in GOLDEN])
def test_a_published_number_comes_out(row: dict[str, str]) -> None:
    assert computed(row["function"]) == pytest.approx(float(row["value"]), rel=float(row["tolerance"]))


def test_the_area_column_of_the_nodes_is_the_act_equation() -> None:
    for row in catalog.table("embodied_node").where(method="act"):
        assert act_area_kg(row["node_nm"]) == pytest.approx(float(row["cpa_kg_per_cm2"]), rel=1e-4)


@pytest.mark.parametrize("device", PUBLISHED)
def test_the_default_interval_holds_the_published_footprint(device: str) -> None:
    made = embodied.of_device(device)
    assert abs(math.log(PUBLISHED[device] / made.impacts["climate"])) <= 1.645 * math.log(made.gsd)


@pytest.mark.parametrize("device", PUBLISHED)
def test_at_least_three_methods_stand_beside_each_other(device: str) -> None:
    said = embodied.methods(device)
    assert len(said) >= 3
    assert all(value > 0 for value in said.values())


def test_published_models_of_one_device_differ_more_than_tenfold() -> None:
    said = embodied.methods("nvidia-h100-sxm5-80gb")
    assert max(said.values()) / min(said.values()) > 10


def test_a_die_by_the_environment_agency_is_area_and_a_package() -> None:
    assert embodied.methods("nvidia-h100-sxm5-80gb")["UBA, as a processor"] == pytest.approx(1.97 * 8.14 + 9.14)


def test_a_device_without_a_footprint_says_that_the_rule_was_used() -> None:
    made = embodied.of_device("nvidia-h200-sxm-141gb")
    assert made.gsd >= 1.5
    assert any("screening rule" in str(note) for note in made.assumptions)


def test_an_unknown_die_is_noted_and_widens_the_spread() -> None:
    rows = [r for r in catalog.table("accelerators") if not r["die_mm2"] and r["memory_gb"]]
    row = next(r for r in rows if not catalog.table("embodied_product").where(product=r["id"]))
    made = embodied.of_device(row["id"])
    assert made.gsd >= embodied.UNKNOWN_SILICON_GSD
    assert any("die area" in str(note) for note in made.assumptions)


def test_a_device_of_unknown_memory_is_refused_not_priced_at_zero() -> None:
    row = next(r for r in catalog.table("accelerators") if not r["memory_gb"])
    with pytest.raises(MissingFactor, match="no memory size"):
        embodied.of_device(row["id"])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownName):
        embodied.of_device("no such thing at all")


def test_a_host_is_shared_among_its_accelerators_and_the_default_is_noted() -> None:
    share = embodied.of_host("nvidia-dgx-h100")
    assert share.impacts["climate"] == pytest.approx(2500 / 8)
    assert share.assumptions


def test_the_water_of_a_die_is_that_of_its_wafer_over_the_good_dies() -> None:
    assert embodied.wafer_water_l(137.3, 87, 61) == pytest.approx(195.8, rel=1e-3)
